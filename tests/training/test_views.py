"""Views in memory: each once, whoever wants it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.training.tasks import store, task_of

from ccbench.cache import Cache
from ccbench.features import FeatureBlock
from ccbench.training.task import pairs
from ccbench.training.views import Views, views_bytes


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_heads_of_the_same_photographs_share_their_views(kind: torch.dtype) -> None:
    cache = Cache()
    features = store(cache)
    rows = tuple((photograph, photograph % 3) for photograph in range(30))
    tasks = [
        task_of(train=rows[:10], validation=rows[10:12]),
        task_of(train=rows[5:15], validation=()),
        # Given in another order, and twice.
        task_of(train=rows[14:8:-1] + rows[9:11], validation=rows[20:22]),
    ]
    views = Views(FeatureBlock(tasks[0].features, cache), tasks, kind)
    # Photographs 0 to 14, 20 and 21, in two of three views.
    assert views.features.shape == (17 * 2, 10)
    assert views_bytes(tasks, 10) == views.features.nbytes
    for task in tasks:
        for part in (task.train, task.validation):
            photographs, numbers, _ = pairs(part, task.views)
            found = views.take(views.find(photographs, numbers))
            expected = torch.from_numpy(features[photographs, numbers]).to(kind)
            assert torch.equal(found, expected)


@pytest.mark.usefixtures("lab")
def test_views_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache()
    features = store(cache)
    asked: list[int] = []
    read = FeatureBlock.rows

    def rows(block: FeatureBlock, photographs: np.ndarray, views: np.ndarray) -> np.ndarray:
        asked.append(len(photographs))
        return read(block, photographs, views)

    monkeypatch.setattr(FeatureBlock, "rows", rows)
    monkeypatch.setattr("ccbench.training.views._LOADED", 7)
    task = task_of(train=((3, 0), (29, 1)), validation=tuple((row, 0) for row in range(10)))
    views = Views(FeatureBlock(task.features, cache), [task], torch.float16)
    assert asked == [7, 7, 7, 1]
    here = views.find(np.array([29, 3], np.intp), np.array([2, 0], np.intp))
    assert torch.equal(views.take(here), torch.from_numpy(features[[29, 3], [2, 0]]))
