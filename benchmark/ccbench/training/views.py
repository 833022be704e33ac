"""The views that heads are trained on and watched with, in the memory of a device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ccbench.features import FeatureBlock
from ccbench.training.task import TrainingTask, pairs

_LOADED = 512
"""Views that are read at a time."""


class Views:
    """Features of all views that some heads of the same photographs need, each once.

    Args:
        block: the features.
        tasks: the heads.
        kind: 16 bits: ``torch.float16``, as stored, or ``torch.bfloat16``.
    """

    def __init__(
        self, block: FeatureBlock, tasks: Sequence[TrainingTask], kind: torch.dtype
    ) -> None:
        self._stride = 1 + max(max(task.views) for task in tasks)
        wanted = [
            self._numbers(*pairs(part, task.views)[:2])
            for task in tasks
            for part in (task.train, task.validation)
        ]
        self._known = np.unique(np.concatenate(wanted))
        device = tasks[0].device
        self.features = torch.empty(len(self._known), block.features, dtype=kind, device=device)
        for start in range(0, len(self._known), _LOADED):
            photographs, views = np.divmod(self._known[start : start + _LOADED], self._stride)
            read = block.rows(photographs.astype(np.intp), views.astype(np.intp))
            self.features[start : start + _LOADED] = torch.from_numpy(read).to(device)

    def find(self, photographs: NDArray[np.intp], views: NDArray[np.intp]) -> torch.Tensor:
        """Return which rows of :attr:`features` are those of (photograph, view) pairs.

        Returns:
            int64 (n,), on the CPU.
        """
        numbers = self._numbers(photographs, views)
        return torch.from_numpy(np.searchsorted(self._known, numbers).astype(np.int64))

    def take(self, rows: torch.Tensor) -> torch.Tensor:
        """Return rows, (n, features), on the device."""
        return self.features.index_select(0, rows.to(self.features.device))

    def _numbers(self, photographs: NDArray[np.intp], views: NDArray[np.intp]) -> NDArray[np.int64]:
        return photographs.astype(np.int64) * self._stride + views


def views_bytes(tasks: Sequence[TrainingTask], features: int) -> int:
    """Return the bytes of the views of some heads of the same photographs.

    Args:
        tasks: the heads, with the same views of every photograph.
        features: of a view.
    """
    photographs = {index for task in tasks for index, _ in (*task.train, *task.validation)}
    return 2 * features * len(photographs) * max(len(task.views) for task in tasks)
