"""Logistic regression: against scikit-learn, and against its own optimality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ccbench import logistic
from ccbench.exceptions import CcbenchError
from ccbench.logistic import fit_gram, fit_logistic

if TYPE_CHECKING:
    from tests.conftest import Oracle

pytestmark = pytest.mark.usefixtures("one_thread")


def clusters(
    count: int, features: int, classes: int, seed: int, spread: float = 1.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return points around class centres, far from the origin, of uneven columns."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, count - classes)])
    centres = rng.normal(size=(classes, features)) * spread
    points = centres[labels] + rng.normal(size=(count, features))
    points = points * rng.uniform(0.2, 3, features) + rng.normal(size=features) * 5
    return torch.from_numpy(points).to(torch.float32), torch.from_numpy(labels)


@pytest.mark.parametrize(
    ("count", "features", "classes", "ridge"),
    [
        (300, 8, 3, 1e-3),  # more rows than features
        (120, 30, 7, 1e-4),
        (60, 400, 7, 1e-4),  # more features than rows: the case of CONV5 features
        (40, 41, 4, 1e-2),
    ],
)
def test_logistic_regression_equals_scikit_learns(
    count: int, features: int, classes: int, ridge: float, sklearn_logits: Oracle
) -> None:
    x, labels = clusters(count, features, classes, seed=count, spread=0.6)
    test, _ = clusters(50, features, classes, seed=count, spread=0.6)
    test = test[torch.randperm(50, generator=torch.Generator().manual_seed(0))] + 0.1
    weight, bias = fit_logistic(x, labels, classes, ridge)
    assert weight.shape == (classes, features)
    assert bias.shape == (classes,)
    for points in (x, test):
        ours = (points @ weight.T + bias).double().numpy()
        theirs = sklearn_logits(x, labels, ridge, points)
        # The bias is free: only differences between units are determined.
        ours -= ours.mean(1, keepdims=True)
        theirs -= theirs.mean(1, keepdims=True)
        assert np.abs(theirs).max() > 1
        assert np.abs(ours - theirs).max() < 2e-3 * np.abs(theirs).max()


def test_logistic_regression_of_two_classes(sklearn_logits: Oracle) -> None:
    x, labels = clusters(80, 5, 2, seed=3, spread=0.4)
    weight, bias = fit_logistic(x, labels, 2, 1e-3)
    ours = (x @ weight.T + bias).double()
    # scikit-learn fits one vector of weights; two opposite ones share its norm by halves.
    theirs = sklearn_logits(x, labels, 1e-3 / 2, x)
    assert np.abs((ours[:, 1] - ours[:, 0]).numpy() - theirs).max() < 5e-3


def test_the_objective_cannot_be_lowered() -> None:
    x, labels = clusters(60, 90, 4, seed=1)
    ridge = 1e-3
    weight, bias = (t.double() for t in fit_logistic(x, labels, 4, ridge))
    centre = x.double().mean(0)
    scale = float((x - centre).pow(2).sum(1).mean().sqrt())

    def objective(w: torch.Tensor, b: torch.Tensor) -> float:
        cross_entropy = F.cross_entropy(x.double() @ w.T + b, labels)
        # In the scaled space the weights are w * scale.
        return float(cross_entropy + ridge * (w * scale).pow(2).sum())

    best = objective(weight, bias)
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        step = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
        step *= 0.01 * weight.norm() / step.norm()
        shift = torch.randn(4, generator=generator, dtype=torch.float64) * 0.01
        # A step of the weights moves the point the bias refers to; keep it at the centre.
        assert objective(weight + step, bias - step @ centre + shift) > best - 1e-7
    assert best < objective(torch.zeros_like(weight), torch.zeros_like(bias)) - 0.5


def test_a_larger_ridge_gives_smaller_weights() -> None:
    x, labels = clusters(60, 20, 3, seed=2)
    norms = [float(fit_logistic(x, labels, 3, ridge)[0].norm()) for ridge in (1e-4, 1e-2, 1)]
    assert norms[0] > 2 * norms[1] > 4 * norms[2]


def test_features_that_say_nothing_give_the_class_frequencies() -> None:
    labels = torch.tensor([0] * 6 + [1] * 3 + [2])
    weight, bias = fit_logistic(torch.full((10, 4), 3.0), labels, 3, 1e-3)
    assert not weight.any()
    assert torch.allclose(torch.softmax(bias, 0), torch.tensor([0.6, 0.3, 0.1]), atol=1e-4)


def test_features_far_from_zero_lose_no_accuracy() -> None:
    x, labels = clusters(60, 20, 3, seed=4)
    near = fit_logistic(x, labels, 3, 1e-3)
    far = fit_logistic(x + 100, labels, 3, 1e-3)
    for (weight, bias), points in ((near, x), (far, x + 100)):
        logits = points.double() @ weight.double().T + bias.double()
        probability = torch.softmax(logits, 1)
        assert torch.allclose(
            probability, torch.softmax(x.double() @ near[0].double().T + near[1].double(), 1),
            atol=2e-3,
        )  # fmt: skip


@pytest.mark.parametrize(("features", "origin"), [(400, 0.0), (20, 3.0)])
def test_inner_products_are_enough(features: int, origin: float, sklearn_logits: Oracle) -> None:
    """The head of points of which only inner products are known, about any origin."""
    x, labels = clusters(60, features, 5, seed=6, spread=0.5)
    test, _ = clusters(30, features, 5, seed=6, spread=0.5)
    points, others = (t.double().numpy() - origin for t in (x, test + 0.1))
    combination, bias = fit_gram(points @ points.T, labels.numpy(), 5, 1e-3)
    assert combination.shape == (5, 60)
    assert np.abs(combination.sum(1)).max() < 1e-10
    theirs = sklearn_logits(x, labels, 1e-3, test + 0.1)
    for ours in (
        (combination @ (points @ others.T) + bias[:, None]).T,
        others @ (combination @ points).T + bias,
    ):
        gap = ours - theirs
        gap -= gap.mean(1, keepdims=True)
        assert np.abs(gap).max() < 1e-4 * np.abs(theirs).max()


def test_the_same_head_from_features_and_from_inner_products(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, labels = clusters(90, 120, 4, seed=7, spread=0.5)
    in_span = fit_logistic(x, labels, 4, 1e-3)
    monkeypatch.setattr(logistic, "GRAM_LIMIT", 0)
    as_they_are = fit_logistic(x, labels, 4, 1e-3)
    for one, other in zip(in_span, as_they_are, strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-4 * float(other.abs().max()))


def test_photographs_that_are_there_twice(sklearn_logits: Oracle) -> None:
    x, labels = clusters(40, 200, 4, seed=8, spread=0.5)
    x, labels = torch.cat((x, x[:20])), torch.cat((labels, labels[:20]))
    weight, bias = fit_logistic(x, labels, 4, 1e-3)
    gap = (x @ weight.T + bias).double().numpy() - sklearn_logits(x, labels, 1e-3, x)
    assert np.abs(gap - gap.mean(1, keepdims=True)).max() < 5e-3


@pytest.mark.parametrize("ridge", [1e-8, 1e-12])
def test_classes_that_can_be_told_apart_with_hardly_a_ridge(ridge: float) -> None:
    x, labels = clusters(60, 90, 4, seed=1)
    weight, bias = fit_logistic(x, labels, 4, ridge)
    assert float(F.cross_entropy(x.double() @ weight.double().T + bias, labels)) < 1e-3


@pytest.mark.parametrize(("rows", "ridge"), [(1, 1e-3), (2, 1e-5), (2, 1e-6)])
def test_float32_takes_no_more_steps_to_the_same_head(
    monkeypatch: pytest.MonkeyPatch, rows: int, ridge: float
) -> None:
    """Rows that are there twice, labelled otherwise, with next to no ridge, need float64."""
    rng = np.random.default_rng(0)
    points = np.repeat(rng.normal(size=(30, 100)), rows, axis=0)
    gram, labels = points @ points.T, rng.integers(0, 2, len(points))
    step = logistic._newton_step
    steps: list[int] = []

    def counted(*arguments: Any) -> Any:
        steps[-1] += 1
        return step(*arguments)

    monkeypatch.setattr(logistic, "_newton_step", counted)
    found = []
    for rough in (logistic._Span.rough, property(lambda span: span)):
        monkeypatch.setattr(logistic._Span, "rough", rough)
        steps.append(0)
        combination, bias = fit_gram(gram, labels, 2, ridge)
        found.append(combination @ gram + bias[:, None])
    assert steps[0] == steps[1] > 3
    assert np.abs(found[0] - found[1]).max() < 1e-4 * np.abs(found[1]).max()


def test_a_fit_that_does_not_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "_NEWTON_STEPS", 2)
    x, labels = clusters(60, 20, 3, seed=2)
    with pytest.raises(CcbenchError, match=r"did not converge .*raise head.ridge with --set"):
        fit_logistic(x, labels, 3, 1e-4)
