"""The words of the field: seven expressions in ten languages, twenty action units.

Expressions carry the names of Inagaki et al. (2022), Materials and methods; the action
units and their names are the paper's Table 1 (after Ekman, Friesen & Hager, 2002).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
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

# What folders and files are called in laboratories that do not work in English; the usual
# noun and adjective first.  Accents do not matter, "ue" for "ü" is spelt out.
_TRANSLATIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "German": {
        "neutral": ("neutral", "ausdruckslos"),
        "happy": ("freude", "glücklich", "gluecklich", "froh", "fröhlich", "froehlich", "lächeln"),
        "fearful": ("angst", "ängstlich", "aengstlich", "furcht", "furchtsam"),
        "sad": ("trauer", "traurig", "traurigkeit"),
        "angry": ("wut", "wütend", "wuetend", "ärger", "aerger", "ärgerlich", "zorn", "zornig"),
        "surprised": ("überraschung", "überrascht", "ueberraschung", "ueberrascht", "erstaunt"),
        "disgusted": ("ekel", "angeekelt", "abscheu"),
    },
    "Dutch": {
        "neutral": ("neutraal",),
        "happy": ("blij", "blijdschap", "vreugde", "vrolijk", "gelukkig"),
        "fearful": ("bang", "angst", "angstig"),
        "sad": ("verdriet", "verdrietig", "droevig", "bedroefd"),
        "angry": ("boos", "boosheid", "woede", "kwaad"),
        "surprised": ("verrast", "verrassing", "verbaasd", "verbazing"),
        "disgusted": ("walging", "afkeer", "afschuw", "vies"),
    },
    "French": {
        "neutral": ("neutre", "neutralité"),
        "happy": ("joie", "joyeux", "joyeuse", "heureux", "heureuse", "bonheur", "sourire"),
        "fearful": ("peur", "apeuré", "apeurée", "effrayé", "effrayée"),
        "sad": ("triste", "tristesse"),
        "angry": ("colère", "en colère", "fâché", "fâchée"),
        "surprised": ("surprise", "surpris", "étonné", "étonnée", "étonnement"),
        "disgusted": ("dégoût", "dégoûté", "dégoûtée"),
    },
    "Spanish": {
        "neutral": ("neutro", "neutra", "neutralidad"),
        "happy": ("alegría", "alegre", "feliz", "felicidad", "sonrisa"),
        "fearful": ("miedo", "asustado", "asustada", "temor"),
        "sad": ("tristeza", "triste"),
        "angry": ("ira", "enfado", "enfadado", "enfadada", "enojo", "enojado", "enojada"),
        "surprised": ("sorpresa", "sorprendido", "sorprendida"),
        "disgusted": ("asco", "asqueado", "asqueada", "repugnancia"),
    },
    "Italian": {
        "neutral": ("neutro", "neutra", "neutrale"),
        "happy": ("gioia", "felice", "felicità", "allegria", "sorriso"),
        "fearful": ("paura", "impaurito", "impaurita", "spaventato", "spaventata"),
        "sad": ("tristezza", "triste"),
        "angry": ("rabbia", "arrabbiato", "arrabbiata", "collera"),
        "surprised": ("sorpresa", "sorpreso"),
        "disgusted": ("disgusto", "disgustato", "disgustata"),
    },
    "Swedish": {
        "neutral": ("neutral", "neutralt"),
        "happy": ("glad", "glädje", "lycklig", "lycka"),
        "fearful": ("rädd", "rädsla", "skräck"),
        "sad": ("ledsen", "sorg", "sorgsen"),
        "angry": ("arg", "ilska"),
        "surprised": ("förvånad", "förvåning", "överraskad", "överraskning"),
        "disgusted": ("äcklad", "äckel", "avsky", "avsmak"),
    },
    "Polish": {
        "neutral": ("neutralny", "neutralna", "neutralność"),
        "happy": ("radość", "radosny", "radosna", "szczęście", "uśmiech"),
        "fearful": ("strach", "lęk", "przestraszony", "przestraszona"),
        "sad": ("smutek", "smutny", "smutna"),
        "angry": ("złość", "zły", "zła", "gniew"),
        "surprised": ("zaskoczenie", "zaskoczony", "zaskoczona", "zdziwienie"),
        "disgusted": ("wstręt", "obrzydzenie", "odraza"),
    },
    "Portuguese": {
        "neutral": ("neutro", "neutra", "neutralidade"),
        "happy": ("alegria", "alegre", "feliz", "felicidade", "sorriso"),
        "fearful": ("medo", "assustado", "assustada"),
        "sad": ("tristeza", "triste"),
        "angry": ("raiva", "zangado", "zangada"),
        "surprised": ("surpresa", "surpreso"),
        "disgusted": ("nojo", "repugnância"),
    },
    "Japanese": {
        "neutral": ("muhyojo", "muhyoujou", "chuuritsu"),
        "happy": ("yorokobi", "koufuku", "kofuku", "shiawase", "ureshii", "egao"),
        "fearful": ("osore", "kyoufu", "kyofu", "kowai"),
        "sad": ("kanashimi", "kanashii"),
        "angry": ("ikari", "okori"),
        "surprised": ("odoroki", "bikkuri"),
        "disgusted": ("keno", "ken'o", "kenno"),
    },
}

WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "English": {name: (name, *words) for name, words in _SYNONYMS.items()},
    **_TRANSLATIONS,
}
"""Language -> expression -> its words, the usual ones first; English has the names too."""


def fold(label: str) -> str:
    """Return a label without what does not matter: case, accents, hyphens and underscores.

    >>> fold("  Überrascht"), fold("no_Expression")
    ('uberrascht', 'no expression')
    """
    apart = unicodedata.normalize("NFKD", label.casefold()).replace("ł", "l")
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign))
    return " ".join(plain.replace("_", " ").replace("-", " ").split())


_CANONICAL: dict[str, str] = {
    fold(word): name
    for language in WORDS.values()
    for name, words in language.items()
    for word in words
}


def canonical_expression(label: str) -> str | None:
    """Return the canonical name of an expression label, or ``None`` if nobody knows it.

    Case, accents, surrounding blanks, hyphens and underscores do not matter.

    >>> canonical_expression("Afraid"), canonical_expression("JOY"), canonical_expression("zest")
    ('fearful', 'happy', None)
    >>> canonical_expression("Colère"), canonical_expression("odoroki")
    ('angry', 'surprised')
    """
    return _CANONICAL.get(fold(label))


def expression_words() -> tuple[str, ...]:
    """Return every English label that :func:`canonical_expression` knows, sorted."""
    return tuple(sorted(word for words in WORDS["English"].values() for word in words))


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
