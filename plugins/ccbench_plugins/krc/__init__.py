"""KRC, the Kokoro Research Center facial expression database (Japan).

Little about its file naming is documented, so nothing is guessed: a pattern or a
manifest of the user's wins, and view codes that nobody has described are refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from ccbench import hookimpl
from ccbench.datasets import PatternDataset
from ccbench.exceptions import DatasetError
from ccbench.hookspecs import RegisterDataset
from ccbench.interfaces import MimickedPhotograph
from ccbench.samples import SampleTable
from ccbench_plugins.krc.layout import krc_layout
from ccbench_registry import DatasetCard, load_card
from ccbench_registry.cards import describe_validation_error

KNOWN_VIEWS = frozenset({"d"})
"""View codes that the literature shows (Inagaki et al. 2022, Figure 1B)."""


class Krc:
    """The KRC loader: default pattern, a user's pattern, or a manifest."""

    def __init__(self, card: DatasetCard) -> None:
        self.card = card

    @property
    def options(self) -> Mapping[str, str]:
        """Pattern and view; a manifest is given instead of the folder, ``krc=list.csv``."""
        return {
            "pattern": "regular expression for the file names, with the groups poser, "
            "expression and view",
            "view": "view codes to keep, joined by + (default d, if there is no other; * keeps "
            "all)",
        }

    def samples(self, root: Path, options: Mapping[str, str]) -> SampleTable:
        """List the photographs.

        Raises:
            DatasetError: among others, view codes other than ``d`` while the option
                ``view`` is not given; the codes are named with their counts.
        """
        dataset = PatternDataset(self._card_with(options.get("pattern")))
        if "view" not in dataset.options:
            if "view" in options:
                raise DatasetError("krc: the pattern has no group 'view'; drop the option 'view'")
            return dataset.samples(root, {})
        if "view" in options:
            return dataset.samples(root, {"view": options["view"]})
        table = dataset.samples(root, {})
        codes = Counter(sample.attributes["view"].lower() for sample in table)
        if not codes.keys() <= KNOWN_VIEWS:
            found = ", ".join(
                f"{code} ({count} file{'s' * (count != 1)})"
                for code, count in sorted(codes.items())
            )
            given = f"pattern={options['pattern']}," if "pattern" in options else ""
            raise DatasetError(
                f"{root}: the KRC files have the view codes {found}; only 'd' is known to mean "
                f"a frontal view, so choose with -d 'krc[{given}view=CODE]={root}'"
            )
        return table

    def layout(self, posers: int, *, quirks: bool) -> list[MimickedPhotograph]:
        """List the photographs of a folder that looks like KRC as far as it is known."""
        assert self.card.files is not None
        return krc_layout(self.card.files, posers, quirks=quirks)

    def _card_with(self, pattern: str | None) -> DatasetCard:
        if pattern is None:
            return self.card
        assert self.card.files is not None
        try:
            changed = type(self.card.files).model_validate(
                {**self.card.files.model_dump(), "pattern": pattern}
            )
        except ValidationError as error:
            sentence = describe_validation_error(error, type(self.card.files))
            raise DatasetError(f"krc[pattern={pattern}]: {sentence}") from None
        return self.card.model_copy(update={"files": changed})


@hookimpl
def ccbench_register_datasets(register: RegisterDataset) -> None:
    """Register ``krc``."""
    register(Krc(load_card(files(__name__) / "card.toml", DatasetCard)))
