"""Cards: what validates, and the sentence for what does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from ccbench_registry import (
    BackboneCard,
    CardError,
    Citation,
    DatasetCard,
    FilePattern,
    Terms,
    load_card,
)

HEAD = 'name = "mine"\ntitle = "Mine"\nterms.licence = "ours"\n'
PATTERN = r"'(?P<poser>\w+)_(?P<expression>[a-z]+)\.png'"


def card_file(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str) -> str:
    with pytest.raises(CardError) as caught:
        load_card(card_file(folder, text), DatasetCard)
    message = str(caught.value)
    assert "mine.toml" in message
    return message


def test_the_least_card(tmp_path: Path) -> None:
    card = load_card(card_file(tmp_path, HEAD), DatasetCard)
    assert (card.name, card.title, card.terms.licence) == ("mine", "Mine", "ours")
    assert card.terms.redistribution is False
    assert card.naming == "unknown"
    assert card.files is None


def test_a_recipe_is_what_json_has(tmp_path: Path) -> None:
    recipe = {"units": {12: 0.5, 6: (1, None)}, "title": "x", "light": [True, {}]}
    card = DatasetCard(name="m", title="M", terms=Terms(licence="x"), recipe=recipe)
    expected = {"units": {"12": 0.5, "6": [1, None]}, "title": "x", "light": [True, {}]}
    assert json.loads(card.model_dump_json())["recipe"] == expected
    text = HEAD + "[recipe]\nunits = { 12 = 0.5 }\n"
    assert load_card(card_file(tmp_path, text), DatasetCard).recipe == {"units": {"12": 0.5}}
    for wrong, reason in (("inf", "has the number inf"), ("2020-01-01", "has a date; give")):
        assert f"'recipe' {reason}" in refused(tmp_path, HEAD + f"[recipe]\nx = [{wrong}]")


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + HEAD.encode())
    assert load_card(path, DatasetCard).name == "mine"


def test_a_citation_shows_its_doi() -> None:
    assert str(Citation(text="A (2000).")) == "A (2000)."
    assert str(Citation(text="A (2000).", doi="10.1/x")) == "A (2000). doi:10.1/x"


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        (HEAD + 'contry = "SE"', ["unknown key 'contry'", "did you mean 'country'?"]),
        (HEAD + 'terms.licens = "x"', ["unknown key 'terms.licens'", "did you mean 'licence'?"]),
        (HEAD + f"[files]\npatern = {PATTERN}", ["'files.patern'", "did you mean 'pattern'?"]),
        (
            HEAD + f"[files]\npattern = {PATTERN}\n[[files.ignore]]\npattern = 'x'\nreasn = 'y'",
            ["did you mean 'reason'?"],
        ),
        ('name = "mine"\ntitle = "Mine"', ["the key 'terms' is missing"]),
        (HEAD + 'country = "Sweden"', ["'country'"]),
        (HEAD + "posers = 0", ["'posers'"]),
        (HEAD.replace('"mine"', '"my card"'), ["'name'"]),
        (HEAD + 'expressions = ["hapy"]', ["'hapy' is not", "did you mean 'happy'?"]),
        (HEAD + 'expressions = ["joy"]', ["'joy' is not the name of an expression"]),
        (HEAD + 'naming = "sure"', ["'naming'"]),
        (HEAD + "posers = many\n", ["is not valid TOML", "line 4"]),
        (
            HEAD + "[files]\npattern = '(?P<expression>[a-z]+'",
            ["'files.pattern' is not a regular expression"],
        ),
        (HEAD + r"[files]" + "\npattern = 'x'", ["needs a named group (?P<expression>...)"]),
        (
            HEAD + f"[files]\npattern = {PATTERN}\nlabels = {{ ha = 'hapy' }}",
            ["maps 'ha' to 'hapy'", "did you mean 'happy'?"],
        ),
        (
            HEAD + f"[files]\npattern = {PATTERN}\nposer = '{{posr}}'",
            ["the group 'posr', which the pattern lacks", "did you mean 'poser'?"],
        ),
        (
            HEAD + f"[files]\npattern = {PATTERN}\nkeep = {{ angle = ['S'] }}",
            ["the group 'angle', which the pattern lacks", "there are: poser"],
        ),
        (
            HEAD + f"[files]\npattern = {PATTERN}\nposer = 'all'",
            ["needs a poser made of groups", "not 'all'"],
        ),
        (HEAD + f"[files]\npattern = {PATTERN}\nposer = '{{poser}}{{'", ["not '{poser}{'"]),
        (HEAD + f"[files]\npattern = {PATTERN}\nposer = '{{poser!r}}'", ["not '{poser!r}'"]),
        (
            HEAD + f"[files]\npattern = {PATTERN}\nposer = '{{expression}}'",
            ["cannot use 'expression' in poser or keep"],
        ),
        (
            HEAD + f"[files]\npattern = {PATTERN}\nkeep = {{ expression = ['sad'] }}",
            ["cannot use 'expression' in poser or keep", "labels"],
        ),
        (
            HEAD + f"[files]\npattern = {PATTERN}\nignore = [{{ pattern = '(', reason = 'x' }}]",
            ["files.ignore.0.pattern", "is not a regular expression"],
        ),
        (HEAD + 'terms.may_modify = "maybe"', ["'terms.may_modify'", "'yes', 'no' or 'unknown'"]),
        (
            HEAD + 'terms.publishable_ids = "some"',
            ["'terms.publishable_ids' is 'some'; list the posers", "all, none, unknown"],
        ),
        (
            HEAD + 'from_memory = ["terms.licens"]',
            ["names the key 'terms.licens'; did you mean 'terms.licence'?"],
        ),
        (HEAD + "[[norms]]\nresult = '82 %'", ["'norms.0' needs either the key of norms"]),
        (HEAD + "[[groups]]\nname = 'a'\noption = 'x'", ["'groups.0.option'"]),
        (
            HEAD + f"[[groups]]\nname = 'a'\noption = 'grup=x'\n[files]\npattern = {PATTERN}",
            ["the group 'a' selected by 'grup', which the pattern lacks", "there are: poser"],
        ),
        (
            HEAD + f"[files]\npattern = {PATTERN}\nderive = {{ group = {{ a = '(' }} }}",
            ["'files.derive' is not a regular expression"],
        ),
        (
            HEAD + f"[files]\npattern = {PATTERN}\nderive = {{ poser = {{ a = 'x' }} }}",
            ["has the column 'poser' twice; rename one"],
        ),
        (
            HEAD + f"[files]\npattern = {PATTERN}\nconceal = ['name']",
            ["needs the group 'name', which the pattern lacks"],
        ),
        (
            HEAD + f"[files]\npattern = {PATTERN}\nframes = {{ column = 'n' }}",
            ["needs the group 'n', which the pattern lacks"],
        ),
        (
            HEAD + f"[files]\npattern = {PATTERN}\n[files.label_files]\npattern = "
            "'(?P<poser>x)'\nexample = 'x'",
            ["has the expression in more than one of the pattern, label_table and label_files"],
        ),
        (
            HEAD + "[files]\npattern = '(?P<poser>x)'\n[files.label_files]\npattern = 'x'\n"
            "example = 'x'",
            ["'files.label_files.pattern' needs named groups"],
        ),
        (
            HEAD + "[files]\npattern = '(?P<poser>x)'\n[files.label_table]\n"
            "keys = { sex = 'S' }\nexpression = 'E'\norigin = 'o'",
            ["needs the group 'sex', which the pattern lacks"],
        ),
    ],
)
def test_mistakes_are_named_with_the_near_word(
    text: str, phrases: list[str], tmp_path: Path
) -> None:
    message = refused(tmp_path, text)
    assert "\n" not in message
    for phrase in phrases:
        assert phrase in message


def test_several_mistakes_are_told_together(tmp_path: Path) -> None:
    message = refused(tmp_path, HEAD + 'contry = "SE"\nposer = 3')
    assert "'country'" in message
    assert "'posers'" in message


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"no such file: .*absent\.toml"):
        load_card(tmp_path / "absent.toml", DatasetCard)
    with pytest.raises(CardError, match="cannot read"):
        load_card(tmp_path, DatasetCard)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(HEAD.replace("Mine", "Möin").encode("latin-1"))
    with pytest.raises(CardError, match=r"latin\.toml is not UTF-8 text; save it as UTF-8"):
        load_card(latin, DatasetCard)


def test_another_kind_of_card_has_other_keys(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="'architecture' is missing"):
        load_card(card_file(tmp_path, HEAD), BackboneCard)


def test_countries_and_missing_expressions_of_a_card(tmp_path: Path) -> None:
    text = HEAD + 'country = "FI"\nexpressions = ["happy", "proud"]\n'
    text += '[[groups]]\nname = "a"\ncountry = "CN"\n[[groups]]\nname = "b"\n'
    card = load_card(card_file(tmp_path, text), DatasetCard)
    assert card.countries == ("FI", "CN")
    assert card.missing == ("neutral", "fearful", "sad", "angry", "surprised", "disgusted")
    unknown = load_card(card_file(tmp_path, HEAD + "expressions = []"), DatasetCard)
    assert unknown.missing == ()


def test_permissions_are_unknown_unless_told(tmp_path: Path) -> None:
    terms = load_card(card_file(tmp_path, HEAD), DatasetCard).terms
    assert (terms.may_modify, terms.may_share_weights) == ("unknown", "unknown")
    assert terms.publishable_ids == "unknown"
    text = HEAD + "terms.publishable_ids = []"
    assert load_card(card_file(tmp_path, text), DatasetCard).terms.publishable_ids == "none"


def test_label_codes_and_patterns_ignore_case_and_cards_are_frozen() -> None:
    files = FilePattern(
        pattern=r"(?P<poser>\d+)(?P<expression>NE)", labels={"NE": "neutral", "Xx": ""}
    )
    assert files.labels == {"ne": "neutral", "xx": ""}
    with pytest.raises(ValidationError):
        files.glob = "*"
