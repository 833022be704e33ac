"""From a database's own labels to the seven expressions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ccbench.exceptions import DatasetError
from ccbench_registry import EXPRESSIONS, canonical_expression, suggestion
from ccbench_registry.vocabulary import expression_words


class LabelReader:
    """Maps labels and counts the ones left out and the ones nobody knows.

    Args:
        labels: the database's code (lower case) -> expression word; codes mapped to ""
            are left out; "*" stands for all other codes; without a map, labels are read as
            words.
    """

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels
        self.left_out: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()

    def __call__(self, label: str) -> str | None:
        """Return one of the seven expressions, or ``None`` (counted) for anything else."""
        known = self._labels.get(label.lower(), self._labels.get("*"))
        if self._labels and known is None:
            self.unknown[label] += 1
            return None
        word = label if known is None else known
        name = canonical_expression(word)
        if name is None and word:
            self.unknown[label] += 1
            return None
        if name in EXPRESSIONS:
            return name
        self.left_out[f"expression '{name or label}'"] += 1
        return None

    def refuse_unknown(self, where: str, remedy: str) -> None:
        """Raise if any label was unknown.

        Raises:
            DatasetError: with each unknown label, its count and the nearest known word.
        """
        if not self.unknown:
            return
        known = list(self._labels) if self._labels else list(expression_words())
        labels = []
        for label, count in sorted(self.unknown.items()):
            hint = suggestion(label, known)
            hint = f"; {hint}" if hint.startswith("did you mean") else ""
            labels.append(f"'{label}' ({count} file{'s' * (count != 1)}{hint})")
        raise DatasetError(f"{where}: unknown expression {', '.join(labels)}; {remedy}")
