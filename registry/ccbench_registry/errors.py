"""Errors of the registry, and the root of ccbench's one error tree."""

from __future__ import annotations

from collections.abc import Sequence


class CcbenchError(Exception):
    """Anything ccbench refuses to do, said in one sentence for the user.

    The message names the file or option at fault and says what to do; the command
    line prints it and leaves with exit code 2.
    """


class CardError(CcbenchError):
    """A card (TOML description) that cannot be read or does not validate."""


class UnknownNameError(CcbenchError):
    """A name that no catalogue, protocol or option has."""

    def __init__(self, message: str, *, name: str, known: Sequence[str]) -> None:
        super().__init__(message)
        self.name = name
        self.known = tuple(known)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword arguments would be lost on the way back from a worker process.
        return _unknown_name, (str(self), self.name, self.known)


def _unknown_name(message: str, name: str, known: tuple[str, ...]) -> UnknownNameError:
    return UnknownNameError(message, name=name, known=known)


class DuplicateNameError(CcbenchError):
    """Two plugins registered the same name."""
