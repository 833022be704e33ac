"""The words of the field: seven expressions with their synonyms, twenty action units.

Expressions carry the names of Inagaki et al. (2022), Materials and methods; the action
units and their names are the paper's Table 1 (after Ekman, Friesen & Hager, 2002).
"""

from __future__ import annotations

from dataclasses import dataclass

EXPRESSIONS: tuple[str, ...] = (
    "neutral",
    "happy",
    "fearful",
    "sad",
    "angry",
    "surprised",
    "disgusted",
)
"""The seven expressions, in the paper's order (Figure 1)."""

OTHER_EXPRESSIONS: tuple[str, ...] = (
    "amused",
    "ashamed",
    "calm",
    "contemptuous",
    "content",
    "embarrassed",
    "pained",
    "pleased",
    "proud",
)
"""Labels that databases have beside the seven: known, counted, and left out."""

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "neutral": ("neutrality", "no expression", "no emotion", "expressionless", "resting"),
    "happy": ("happiness", "joy", "joyful", "smile", "smiling", "enjoyment", "happy face"),
    "fearful": ("fear", "afraid", "scared", "frightened", "anxious"),
    "sad": ("sadness", "sorrow", "unhappy"),
    "angry": ("anger", "rage", "mad"),
    "surprised": ("surprise", "astonished", "astonishment"),
    "disgusted": ("disgust", "revulsion"),
    "amused": ("amusement",),
    "ashamed": ("shame",),
    "calm": ("calmness",),
    "contemptuous": ("contempt", "scorn"),
    "content": ("contentment",),
    "embarrassed": ("embarrassment",),
    "pained": ("pain",),
    "pleased": ("pleasure",),
    "proud": ("pride",),
}

_CANONICAL: dict[str, str] = {
    word: name for name, words in _SYNONYMS.items() for word in (name, *words)
}


def canonical_expression(label: str) -> str | None:
    """Return the canonical name of an expression label, or ``None`` if nobody knows it.

    Case, surrounding blanks, hyphens and underscores do not matter.

    >>> canonical_expression("Afraid"), canonical_expression("JOY"), canonical_expression("zest")
    ('fearful', 'happy', None)
    """
    return _CANONICAL.get(" ".join(label.lower().replace("_", " ").replace("-", " ").split()))


def expression_words() -> tuple[str, ...]:
    """Return every label that :func:`canonical_expression` knows, sorted."""
    return tuple(sorted(_CANONICAL))


@dataclass(frozen=True)
class ActionUnit:
    """One action unit of the Facial Action Coding System.

    Attributes:
        number: the FACS number, e.g. 12.
        name: the FACS name, e.g. "lip corner puller".
        region: "brows", "eyes", "midface" or "mouth": where its movement shows first.
    """

    number: int
    name: str
    region: str

    def __str__(self) -> str:
        return f"AU{self.number} {self.name}"


ACTION_UNITS: tuple[ActionUnit, ...] = (
    ActionUnit(1, "inner brow raiser", "brows"),
    ActionUnit(2, "outer brow raiser", "brows"),
    ActionUnit(4, "brow lowerer", "brows"),
    ActionUnit(5, "upper lid raiser", "eyes"),
    ActionUnit(6, "cheek raiser", "eyes"),
    ActionUnit(7, "lid tightener", "eyes"),
    ActionUnit(9, "nose wrinkler", "midface"),
    ActionUnit(10, "upper lip raiser", "midface"),
    ActionUnit(11, "nasolabial furrow deepener", "midface"),
    ActionUnit(12, "lip corner puller", "mouth"),
    ActionUnit(15, "lip corner depressor", "mouth"),
    ActionUnit(16, "lower lip depressor", "mouth"),
    ActionUnit(17, "chin raiser", "mouth"),
    ActionUnit(20, "lip stretcher", "mouth"),
    ActionUnit(22, "lip funneler", "mouth"),
    ActionUnit(23, "lip tightener", "mouth"),
    ActionUnit(24, "lip pressor", "mouth"),
    ActionUnit(25, "lips part", "mouth"),
    ActionUnit(26, "jaw drop", "mouth"),
    ActionUnit(27, "mouth stretch", "mouth"),
)
"""The paper's 20 action units (Table 1), in FACS order."""
