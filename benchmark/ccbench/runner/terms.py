"""Terms of licensed databases: shown and accepted once, remembered, said in the manifest.

ccbench asks about the databases whose cards come with it or a plugin and do not allow
passing photographs on.  Of databases of the user's own it does not ask: the user knows them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ccbench import atomic
from ccbench.datasets import DatasetSpec, parse_dataset_spec
from ccbench.exceptions import TermsError
from ccbench.interfaces import GeneratedDataset
from ccbench.plugins import Plugins
from ccbench_registry import DatasetCard

CONFIG = "CCBENCH_CONFIG"
"""Names the folder where it is kept which terms were accepted."""
_FILE = "accepted-terms.json"


def licensed(specs: Sequence[str | DatasetSpec], plugins: Plugins) -> list[DatasetCard]:
    """Return the cards of those databases whose terms have to be accepted, each once.

    Args:
        specs: as after ``-d``.
        plugins: loaded plugins.

    Raises:
        CcbenchError: a database that there is not.
    """
    found: dict[str, DatasetCard] = {}
    for given in specs:
        spec = parse_dataset_spec(given) if isinstance(given, str) else given
        dataset, _ = plugins.open_dataset(spec)
        known = spec.name.partition(":")[0] in plugins.datasets
        made = known and isinstance(plugins.dataset(spec.name), GeneratedDataset)
        if known and not made and not dataset.card.terms.redistribution:
            found.setdefault(dataset.card.name, dataset.card)
    return list(found.values())


def terms_digest(card: DatasetCard) -> str:
    """Return a hash of what a card says about terms."""
    # Keys that a later version of ccbench adds change nothing for cards that do not use them.
    terms = card.terms.model_dump(mode="json", exclude_defaults=True)
    text = json.dumps(terms, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def accept(card: DatasetCard) -> None:
    """Remember that the user accepted the terms of a database.

    Raises:
        TermsError: it cannot be written down.
    """
    path, known = _path(), _read()
    digests = known.get(card.name, [])
    if terms_digest(card) in digests:
        return
    text = json.dumps({**known, card.name: [*digests, terms_digest(card)]}, indent=2)
    try:
        atomic.write_bytes(path, f"{text}\n".encode())
    except OSError as error:
        raise TermsError(
            f"cannot write {path}: {error.strerror or error}; point {CONFIG} to a folder you can "
            f"write"
        ) from None


def unaccepted(cards: Sequence[DatasetCard]) -> list[DatasetCard]:
    """Return the cards whose terms, as they are now, were not accepted."""
    known = _read()
    return [card for card in cards if terms_digest(card) not in known.get(card.name, [])]


def refuse_unaccepted(cards: Sequence[DatasetCard]) -> dict[str, str]:
    """Refuse to go on before all terms are accepted.

    Returns:
        Name of the card -> hash of its terms, for the manifest.

    Raises:
        TermsError: saying how to accept them.
    """
    missing = [card.name for card in unaccepted(cards)]
    if missing:
        names = " and ".join(f"'{name}'" for name in missing)
        options = " ".join(f"--accept-licence {name}" for name in missing)
        raise TermsError(
            f"the terms of {names} have not been accepted yet ('ccbench datasets show' prints "
            f"them); if you have the database under these terms, add {options} once, or run "
            f"'ccbench datasets accept {' '.join(missing)}'"
        )
    return {card.name: terms_digest(card) for card in cards}


def _path() -> Path:
    chosen = os.environ.get(CONFIG)
    if chosen:
        try:
            return Path(chosen).expanduser() / _FILE
        except RuntimeError:
            raise TermsError(
                f"{CONFIG} names a home folder that is not known: {chosen}; set it to a whole path"
            ) from None
    import platformdirs

    return Path(platformdirs.user_config_dir("ccbench", appauthor=False)) / _FILE


def _read() -> Mapping[str, list[str]]:
    path = _path()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): [str(digest) for digest in digests] for name, digests in found.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise TermsError(
            f"{path} is damaged ({error}); delete it, and accept the terms of your databases again"
        ) from None
