"""The words of the field: synonyms, the paper's seven expressions and twenty action units."""

from __future__ import annotations

import pytest

from ccbench.testing import drawn
from ccbench_registry import ACTION_UNITS, EXPRESSIONS, OTHER_EXPRESSIONS, canonical_expression
from ccbench_registry.vocabulary import WORDS, expression_words, fold


def test_the_seven_expressions_are_in_the_papers_order() -> None:
    assert EXPRESSIONS == (
        "neutral", "happy", "fearful", "sad", "angry", "surprised", "disgusted",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("happy", "happy"),
        ("JOY", "happy"),
        ("Afraid", "fearful"),
        ("fear", "fearful"),
        ("  sadness ", "sad"),
        ("Anger", "angry"),
        ("surprise", "surprised"),
        ("disgust", "disgusted"),
        ("no_expression", "neutral"),
        ("No-Emotion", "neutral"),
        ("no   emotion", "neutral"),
        ("contempt", "contemptuous"),
        ("Überrascht", "surprised"),
        ("ueberrascht", "surprised"),
        ("u\u0308berrascht", "surprised"),
        ("bang", "fearful"),
        ("En colère", "angry"),
        ("ALEGRIA", "happy"),
        ("paura", "fearful"),
        ("förvånad", "surprised"),
        ("złość", "angry"),
        ("nojo", "disgusted"),
        ("kanashimi", "sad"),
        ("zest", None),
        ("", None),
        ("hap", None),
    ],
)
def test_labels_are_read_as_words(label: str, name: str | None) -> None:
    assert canonical_expression(label) == name


def test_no_word_means_two_expressions_in_two_languages() -> None:
    meanings: dict[str, set[str]] = {}
    for language in WORDS.values():
        for name, words in language.items():
            for word in words:
                meanings.setdefault(fold(word), set()).add(name)
                assert canonical_expression(word) == name
    assert {word: names for word, names in meanings.items() if len(names) > 1} == {}


def test_every_language_has_a_word_for_each_of_the_seven() -> None:
    assert len(WORDS) == 10
    for language, words in WORDS.items():
        assert set(EXPRESSIONS) <= set(words), language
        assert all(words.values()), language


def test_every_known_word_leads_to_a_named_expression() -> None:
    words = expression_words()
    assert list(words) == sorted(set(words))
    reached = {canonical_expression(word) for word in words}
    assert reached == {*EXPRESSIONS, *OTHER_EXPRESSIONS}
    assert not set(EXPRESSIONS) & set(OTHER_EXPRESSIONS)


def test_the_action_units_are_those_of_the_papers_table() -> None:
    numbers = [unit.number for unit in ACTION_UNITS]
    assert numbers == [1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 15, 16, 17, 20, 22, 23, 24, 25, 26, 27]
    assert {unit.region for unit in ACTION_UNITS} == {"brows", "eyes", "midface", "mouth"}
    assert str(ACTION_UNITS[9]) == "AU12 lip corner puller"


def test_drawn_faces_use_the_same_names() -> None:
    named = {unit.number: unit.name for unit in ACTION_UNITS}
    assert {number: named[number] for number in drawn.ACTION_UNITS} == dict(drawn.ACTION_UNITS)
    assert drawn.EXPRESSIONS is EXPRESSIONS
