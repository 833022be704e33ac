"""What a part of a file name is about, by the words that it holds or that stand before it."""

from __future__ import annotations

from collections.abc import Collection


def _words(text: str) -> frozenset[str]:
    """Return the words of a text; an underscore stands for a blank inside of a word."""
    return frozenset(word.replace("_", " ") for word in text.split())


_SEX_WORDS = _words(
    "male female males females man woman men women boy girl boys girls mann frau homme femme "
    "hombre mujer uomo donna vrouw kvinna kobieta mezczyzna homem mulher otoko onna"
)
_VALUES: dict[str, frozenset[str]] = {
    "view": _words(
        "front frontal left right profile straight side lateral up down averted direct "
        "farleft farright halfleft halfright far_left far_right half_left half_right "
        "three_quarter face_forward fl hl s hr fr l r"
    ),
    "age": _words(
        "y m o young middle old older younger middleaged child children kid kids adult adults "
        "teen senior elderly"
    ),
    "group": _words(
        "caucasian moroccan asian african black white latino latina hispanic european kid indian "
        "japanese chinese korean american mediterranean"
    ),
    "mouth": _words("o c x open closed teeth noteeth"),
    "intensity": _words("low mid medium high weak strong subtle apex onset offset"),
    "size": _words("small large big thumb thumbnail lowres hires"),
    "colour": _words("color colour colored coloured grey gray bw rgb"),
    "set": _words("a b"),
}

# Sets of values that are a sex only when both are there: "m" alone may be many things.
_SEXES = tuple(map(frozenset, ("fm", "mw", "fh", "hm", "mv", "km")))

_BEFORE_NUMBER: dict[str, str] = {
    **dict.fromkeys(("session", "sess", "ses", "sitting"), "session"),
    **dict.fromkeys(("take", "trial", "rep", "repetition", "version", "copy"), "take"),
    **dict.fromkeys(("view", "cam", "camera"), "view"),
    **dict.fromkeys(("frame", "image", "img", "pic", "picture", "photo"), "picture"),
    **{name: name for name in ("angle", "age", "set", "size", "run", "block", "level")},
}

_POSER_WORDS = _words(
    "id sub subj subject subjekt sujet sujeto soggetto person persona personne poser model modell "
    "actor actress participant participante partecipante proband vp vpn pp user individual face "
    "identity name hikensha osoba"
)

_PERSONAL = frozenset({"sex", "age", "group"})


def is_sex(values: Collection[str]) -> bool:
    """Whether these values (lower case) say who is male and who is female."""
    return frozenset(values) in _SEXES or (
        len(values) > 1 and all(value in _SEX_WORDS for value in values)
    )


def meaning(values: Collection[str], before: str, kind: str) -> str:
    """Return what a part is about, or "" when nothing says so.

    Args:
        values: its distinct values, lower case.
        before: the letters directly before it that are the same in all names, lower case.
        kind: "a" for letters, "0" for digits, "*" for anything.

    >>> meaning({"front", "left"}, "", "a"), meaning({"1", "2"}, "session", "0")
    ('view', 'session')
    >>> meaning({"000", "045", "090"}, "", "0"), meaning({"f", "m"}, "", "a")
    ('angle', 'sex')
    """
    if kind == "0":
        return _BEFORE_NUMBER.get(before) or ("angle" if _are_angles(values) else "")
    if is_sex(values):
        return "sex"
    if {"b", "w"} <= set(values) <= set("abhilmw"):
        return "group"  # Asian, Black, Latino, White, as in the Chicago Face Database
    for name, known in _VALUES.items():
        # One known word among several unknown ones says little.
        if len(values) > 1 and all(value in known for value in values):
            return name
    return ""


def _are_angles(values: Collection[str]) -> bool:
    numbers = {int(value) for value in values if value}
    return (
        len(numbers) > 1
        and max(numbers) in {45, 60, 90, 120, 135, 180, 270, 315}
        and all(number % 15 == 0 for number in numbers)
    )


def is_personal(name: str) -> bool:
    """Whether a meaning belongs to a person for good, so that it is part of who it is."""
    return name in _PERSONAL


def poser_evidence(before: str) -> float:
    """Return how much the letters before a number speak for a poser: 1 is not at all.

    >>> poser_evidence("subject") > poser_evidence("p") > poser_evidence("xyz")
    True
    """
    if before in _POSER_WORDS:
        return 4.0
    return 2.0 if before in {"p", "s"} else 1.0
