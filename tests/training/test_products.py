"""Products of stacked matrices: against NumPy in double precision."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ccbench.training import products
from ccbench.training.products import times, times_transposed


@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize(("kind", "error"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_products_equal_numpy(heads: int, kind: torch.dtype, error: float) -> None:
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(heads, 5, 40, generator=generator).to(kind)
    right = torch.randn(heads, 7, 40, generator=generator).to(kind)
    expected = left.double().numpy() @ right.double().numpy().transpose(0, 2, 1)
    found = times_transposed(left, right)
    assert found.dtype == kind
    assert np.abs(found.double().numpy() - expected).max() < error * np.abs(expected).max()
    turned = right.transpose(1, 2).contiguous()
    again = times(left, turned)
    assert np.abs(again.double().numpy() - expected).max() < error * np.abs(expected).max()


@pytest.mark.parametrize(("kind", "error"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("rows", [1, 32, 64, 65])
@pytest.mark.parametrize("turned", [False, True])
def test_operands_that_change_places_give_the_same(
    rows: int, kind: torch.dtype, error: float, turned: bool
) -> None:
    generator = torch.Generator().manual_seed(1)
    left = torch.randn(1, rows, 40, generator=generator).to(kind)
    right = torch.randn(1, 300, 40, generator=generator).to(kind)
    expected = left.double().numpy() @ right.double().numpy().transpose(0, 2, 1)
    if turned:
        right = right.transpose(1, 2).contiguous().transpose(1, 2)
    found = times_transposed(left, right)
    assert found.shape == (1, rows, 300)
    assert found.is_contiguous()
    assert found.dtype == kind
    assert np.abs(found.double().numpy() - expected).max() < error * np.abs(expected).max()


def test_without_onednn_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(1, 5, 40, generator=generator)
    right = torch.randn(1, 7, 40, generator=generator)
    found = times_transposed(left, right)
    monkeypatch.setattr(products, "_LINEAR", None)
    assert torch.allclose(times_transposed(left, right), found, atol=1e-5)
