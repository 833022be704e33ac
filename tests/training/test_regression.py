"""Logistic heads: against scikit-learn, and from inner products that runs share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from tests.training.tasks import EXPRESSIONS, FEATURES, store, task_of, train

from ccbench import logistic
from ccbench.cache import Cache
from ccbench.exceptions import CcbenchError
from ccbench.features import FeatureBlock
from ccbench.protocol import LogisticHead
from ccbench.training import gram_task, regression

if TYPE_CHECKING:
    from tests.conftest import Oracle

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("width", [FEATURES, 80])
def test_a_logistic_head_is_fitted_on_the_training_views(
    width: int, sklearn_logits: Oracle
) -> None:
    cache = Cache()
    features = store(cache, width=width)
    task = task_of(head=LogisticHead(kind="logistic", ridge=1e-2), schedule=None)
    head, curve, reported = train(task, cache)
    ((weight, bias),) = head.layers
    x = np.stack([features[p, v] for p, _ in task.train for v in (0, 2)]).astype(np.float32)
    y = np.array([label for _, label in task.train for _ in (0, 2)])
    held_out = np.stack([features[p, v] for p, _ in task.validation for v in (0, 2)])
    theirs = sklearn_logits(
        torch.from_numpy(x), torch.from_numpy(y), 1e-2, torch.from_numpy(held_out)
    )
    ours = held_out.astype(np.float64) @ weight.double().numpy().T + bias.double().numpy()
    ours -= ours.mean(1, keepdims=True)
    assert np.abs(ours - (theirs - theirs.mean(1, keepdims=True))).max() < 5e-3
    assert head.expressions == EXPRESSIONS
    assert [(row["part"], row["iteration"]) for row in curve] == [("train", 0), ("validation", 0)]
    labels = np.array([label for _, label in task.validation for _ in (0, 2)])
    assert curve[1]["correct_rate"] == pytest.approx(np.mean(ours.argmax(1) == labels))
    log_probability = theirs - np.log(np.exp(theirs).sum(1, keepdims=True))
    expected = -log_probability[np.arange(len(labels)), labels].mean()
    assert curve[1]["loss"] == pytest.approx(expected, abs=1e-3)
    fitted = x.astype(np.float64) @ weight.double().numpy().T + bias.double().numpy()
    assert curve[0]["correct_rate"] == pytest.approx(np.mean(fitted.argmax(1) == y))
    log_probability = fitted - np.log(np.exp(fitted).sum(1, keepdims=True))
    expected = -log_probability[np.arange(len(y)), y].mean()
    assert curve[0]["loss"] == pytest.approx(expected, abs=1e-4)
    assert reported[-1] == 1.0
    # With more features than rows, from inner products that other runs use again.
    assert cache.usage()["grams"].entries == (width > len(y))


def test_a_fit_that_does_not_end_says_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache()
    store(cache)
    monkeypatch.setattr(logistic, "_NEWTON_STEPS", 1)
    task = task_of(head=LogisticHead(kind="logistic", ridge=1e-6), schedule=None, run=4)
    with pytest.raises(
        CcbenchError,
        match=rf"^run 5 on '{task.database}': .* did not converge .*; raise head.ridge",
    ):
        train(task, cache)


def test_heads_of_one_database_share_inner_products() -> None:
    cache = Cache()
    store(cache, width=80)
    task = task_of(head=LogisticHead(kind="logistic", ridge=1e-2), schedule=None)
    block = FeatureBlock(task.features, cache)
    other = replace(task, run=3, train=task.train[:9], validation=())
    shared = gram_task(task, block)
    assert shared is not None
    assert gram_task(other, block) == shared
    assert gram_task(replace(task, views=(0,)), block) != shared
    assert gram_task(task_of(), block) is None  # a perceptron
    for head in (task, other):
        train(head, cache)
    assert cache.usage()["grams"].entries == 1


def test_without_inner_products_where_there_are_too_many_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = Cache()
    store(cache, width=80)
    task = task_of(head=LogisticHead(kind="logistic", ridge=1e-2), schedule=None)
    shared, _, _ = train(task, cache)
    monkeypatch.setattr(regression, "GRAM_LIMIT", 30)
    assert gram_task(task, FeatureBlock(task.features, cache)) is None
    cache.clear()
    store(cache, width=80)
    alone, _, _ = train(task, cache)
    assert cache.usage()["grams"].entries == 0
    for one, other in zip(shared.layers[0], alone.layers[0], strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-5)
