"""The databases that ccbench knows, from their cards."""

from __future__ import annotations

from functools import cache

from sphinx.errors import ExtensionError

from ccbench.cli.cards import facts, lacking, reading
from ccbench.interfaces import Dataset, Family
from ccbench.plugins import load_plugins
from ccbench_docs.markdown import bundled, plain

COUNTRIES = {
    "BR": "Brazil",
    "CA": "Canada",
    "CH": "Switzerland",
    "CN": "China",
    "DE": "Germany",
    "FI": "Finland",
    "FR": "France",
    "GB": "United Kingdom",
    "GR": "Greece",
    "IN": "India",
    "IT": "Italy",
    "JP": "Japan",
    "KR": "Korea",
    "NL": "Netherlands",
    "PL": "Poland",
    "SE": "Sweden",
    "TR": "Türkiye",
    "TW": "Taiwan",
    "US": "United States",
}
_NO_COUNTRY = "no one country"
_MADE = "drawn or rendered"
_HEADER = """\
| country | name | database | posers | read by | lacks |
|---|---|---|---|---|---|
"""


@cache
def datasets() -> dict[str, Dataset]:
    """Return the datasets that ccbench and its bundled plugins have, in the order of names."""
    plugins = load_plugins(strict=True)
    found = {}
    for name in plugins.datasets:
        item, owner = plugins.datasets.get(name), plugins.owner("dataset", name)
        if owner and bundled(owner.module) and not isinstance(item, Family):
            found[name] = item
    return dict(sorted(found.items()))


def country(code_of_it: str) -> str:
    """Return the name of a country.

    Raises:
        ExtensionError: a code that :data:`COUNTRIES` lacks.
    """
    if code_of_it not in COUNTRIES:
        raise ExtensionError(f"a card has the country {code_of_it}; add its name to COUNTRIES")
    return COUNTRIES[code_of_it]


def by_country() -> str:
    """Return a table with a row for each database and country that its posers are of."""
    rows = []
    for name, item in datasets().items():
        nowhere = _MADE if reading(item) == "generated" else _NO_COUNTRY
        for place in [country(each) for each in item.card.countries] or [nowhere]:
            rows.append((place in (_MADE, _NO_COUNTRY), place, name, item))
    lines = []
    for _, place, name, item in sorted(rows, key=lambda row: row[:3]):
        cells = (
            place,
            f"[{plain(name)}](#{name})",
            plain(item.card.title),
            str(item.card.posers or "–"),
            reading(item),
            plain(lacking(item.card)),
        )
        lines.append(f"| {' | '.join(cells)} |\n")
    return _HEADER + "".join(lines)


def all_databases() -> str:
    """Return a section for each database: all that its card says."""
    return "\n".join(_section(name, item) for name, item in datasets().items())


def _section(name: str, item: Dataset) -> str:
    fields: list[tuple[str, list[str]]] = []
    for label, key, text in facts(item.card, reading(item)):
        if key == "country" and item.card.country:
            text = country(item.card.country)
        unsure = " *(from memory)*" if key in item.card.from_memory else ""
        said = plain(text.removeprefix("• ")) + unsure
        if label and text:
            fields.append((label.strip(), [said]))
        elif text:
            fields[-1][1].append(said)
    fields += [(f"Option `{option}`", [plain(text)]) for option, text in item.options.items()]
    lines = [f"### {plain(name)}", "", f"**{plain(item.card.title)}**", ""]
    return "\n".join([*lines, *map(_field, fields), ""])


def _field(field: tuple[str, list[str]]) -> str:
    label, texts = field
    if len(texts) == 1:
        return f":{label}: {texts[0]}"
    return "\n".join([f":{label}:", *(f"  - {text}" for text in texts)])
