"""Numbers and lists as a paper writes them (style of the American Psychological Association)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_COUNTRIES = {
    "AT": "Austria",
    "AU": "Australia",
    "BE": "Belgium",
    "BR": "Brazil",
    "CA": "Canada",
    "CH": "Switzerland",
    "CN": "China",
    "DE": "Germany",
    "ES": "Spain",
    "FI": "Finland",
    "FR": "France",
    "GB": "United Kingdom",
    "GR": "Greece",
    "IN": "India",
    "IR": "Iran",
    "IT": "Italy",
    "JP": "Japan",
    "KR": "South Korea",
    "NL": "Netherlands",
    "NO": "Norway",
    "PL": "Poland",
    "PT": "Portugal",
    "SE": "Sweden",
    "TR": "Turkey",
    "TW": "Taiwan",
    "US": "United States",
}


def number(value: int) -> str:
    """Write a count: in words below ten, with commas above a thousand.

    >>> number(7), number(40), number(12000)
    ('seven', '40', '12,000')
    """
    return _NUMBERS[value] if 0 <= value < len(_NUMBERS) else f"{value:,}"


def counted(value: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun.

    >>> counted(1, "poser"), counted(420, "photograph"), counted(2, "identity", "identities")
    ('one poser', '420 photographs', 'two identities')
    """
    return f"{number(value)} {noun if value == 1 else plural or noun + 's'}"


def decimal(value: float) -> str:
    """Write a number in full, without an exponent.

    >>> decimal(1e-06), decimal(128.0), decimal(-8.0), decimal(0.95)
    ('0.000001', '128', '−8', '0.95')
    """
    text = format(Decimal(repr(float(value))), "f")
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
    return text.replace("-", "−")


def proportion(value: float) -> str:
    """Write what cannot exceed 1, without the zero before the point.

    >>> proportion(0.1), proportion(0.0), proportion(1)
    ('.1', '0', '1')
    """
    return decimal(value).removeprefix("0") or "0"


def listed(parts: Sequence[str]) -> str:
    """Join as in a sentence.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return " and ".join([", ".join(parts[:-1]), *parts[-1:]] if len(parts) > 1 else parts)


def country(code: str) -> str:
    """Name a country by its ISO 3166-1 code; the code itself where the name is not known."""
    return _COUNTRIES.get(code, code)
