"""Reading poser and expression out of file names, for many ways to name files."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

from ccbench.datasets import PatternDataset
from ccbench.datasets.infer import NothingReadError, Proposal, infer, kinds, read_pattern
from ccbench.exceptions import DatasetError
from ccbench.interfaces import MimickedDataset
from ccbench.plugins import load_plugins
from ccbench_registry import EXPRESSIONS, DatasetCard, Terms


def codes(text: str, expressions: tuple[str, ...] = EXPRESSIONS) -> dict[str, str]:
    """Return expression -> code, from codes in the order of the expressions."""
    return dict(zip(expressions, text.split(), strict=True))


WORDS = codes(" ".join(EXPRESSIONS))
NOUNS = codes("neutral joy fear sadness anger surprise disgust")
TWO = codes("NE HA AF SA AN SU DI")
NIMSTIM = codes("NE HA FE SA AN SP DI CA", (*EXPRESSIONS, "calm"))
INITIALS = codes("a d f h n s", ("angry", "disgusted", "fearful", "happy", "neutral", "sad"))
GERMAN = codes("neutral Freude Angst Trauer Wut Überraschung Ekel")
ROMAJI = codes("muhyojo yorokobi osore kanashimi ikari odoroki keno")
JAFFE_POSERS = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM")
NAMES = ("Jörg Müller", "Anna", "Zoë-Marie", "Bob", "Lee Ann", "李明", "O'Brien", "Dee")


@dataclass(frozen=True)
class Scheme:
    """A way to name the photographs of posers 1 to ``posers``.

    ``name`` gets the number of a poser, the code of an expression and one of the views.
    """

    name: Callable[[int, str, str], str]
    codes: dict[str, str] = field(default_factory=lambda: WORDS)
    views: tuple[str, ...] = ("",)
    columns: frozenset[str] = frozenset({"poser"})

    def photographs(self, posers: int) -> Iterator[tuple[str, int, str]]:
        """Yield (path, poser, expression)."""
        for poser in range(1, posers + 1):
            for expression, code in self.codes.items():
                for view in self.views:
                    yield self.name(poser, code, view), poser, expression


def sex(poser: int) -> str:
    return "FM"[poser % 2]


def restarted(poser: int) -> str:
    """Number the women and the men each from 1."""
    return f"{(poser + 1) // 2:02}"


VIEWS = ("front", "left", "right")
SEXES = frozenset({"sex", "number"})
SCHEMES: dict[str, Scheme] = {
    "words": Scheme(
        lambda p, e, v: f"P{p:02}_{e}_{v}.png", NOUNS, VIEWS, frozenset({"poser", "view"})
    ),
    "one view": Scheme(lambda p, e, v: f"P{p:02}_{e}_front.png", NOUNS),
    "view first": Scheme(
        lambda p, e, v: f"{v}-{p}-{e}.JPG", WORDS, VIEWS, frozenset({"poser", "view"})
    ),
    "NimStim": Scheme(
        lambda p, e, v: f"{p:02}{sex(p)}_{e}_{v}.BMP", NIMSTIM, ("C", "O"), SEXES | {"mouth"}
    ),
    "KDEF, one session": Scheme(
        lambda p, e, v: f"A{sex(p)}{restarted(p)}{e}S.JPG", TWO, columns=SEXES
    ),
    "KDEF": Scheme(
        lambda p, e, v: f"{v[0]}{sex(p)}{restarted(p)}/{v[0]}{sex(p)}{restarted(p)}{e}{v[1:]}.JPG",
        TWO,
        tuple(a + v for a in "AB" for v in ("FL", "HL", "S", "HR", "FR")),
        SEXES | {"set", "view"},
    ),
    "JAFFE": Scheme(
        lambda p, e, v: f"{JAFFE_POSERS[p - 1]}.{e}{v}.{hash_of(p, e, v)}.tiff",
        {**TWO, "fearful": "FE"},
        ("1", "2", "3"),
        frozenset({"poser", "take", "serial"}),
    ),
    "FACES": Scheme(
        lambda p, e, v: f"{p:03}_{'ymo'[p % 3]}_{sex(p).lower()}_{e}_{v}.jpg",
        INITIALS,
        ("a", "b"),
        frozenset({"poser", "age", "sex", "set"}),
    ),
    "RaFD": Scheme(
        lambda p, e, v: (
            f"Rafd{v[:3]}_{p:02}_{'Caucasian' if p % 3 else 'Moroccan'}_"
            f"{'male' if p % 2 else 'female'}_{e}_{v[3:]}.jpg"
        ),
        {**WORDS, "contemptuous": "contemptuous"},
        tuple(a + g for a in ("000", "045", "090", "135", "180") for g in ("frontal", "left")),
        frozenset({"poser", "angle", "group", "sex", "view"}),
    ),
    "ChEFS": Scheme(
        lambda p, e, v: f"{sex(p)}{restarted(p)}{e}{v}_{hash_of(p, e, v)}.jpg",
        {k: v.upper() for k, v in INITIALS.items() if k != "disgusted"},
        ("A", "S"),
        SEXES | {"part4", "serial"},
    ),
    "KRC": Scheme(
        lambda p, e, v: f"{sex(p).lower()}d{restarted(p)}_{e[:3]}_d.jpg", WORDS, columns=SEXES
    ),
    "BU-4DFE": Scheme(
        lambda p, e, v: f"{sex(p)}{restarted(p)}_{e.title()}_020.png", WORDS, columns=SEXES
    ),
    "folders of expressions": Scheme(lambda p, e, v: f"{e}/{p:03}.png", NOUNS),
    "folders, posers with letters": Scheme(lambda p, e, v: f"{e}/P{p:02}.png", NOUNS),
    "folders of posers": Scheme(
        lambda p, e, v: f"subject{p}/{e}{v}.jpg",
        WORDS,
        ("", " (2)", " (3)"),
        frozenset({"poser", "take"}),
    ),
    "folders of posers, takes": Scheme(
        lambda p, e, v: f"P{p:02}/{e}_{v}.jpg",
        WORDS,
        ("1", "2"),
        frozenset({"poser", "take"}),
    ),
    "folders of sexes": Scheme(
        lambda p, e, v: f"{'male' if p % 2 else 'female'}/{restarted(p)}/{e}.png",
        columns=SEXES,
    ),
    "sessions": Scheme(
        lambda p, e, v: f"session{v}/P{p:02}_{e}.png",
        WORDS,
        ("1", "2"),
        frozenset({"poser", "session"}),
    ),
    "a folder that says nothing new": Scheme(lambda p, e, v: f"sub-{p:02}/sub-{p:02}_{e}.png"),
    "expression in folder and name": Scheme(lambda p, e, v: f"{e}/{p}_{e}.png"),
    "deep": Scheme(
        lambda p, e, v: f"NI/{v}/P{p:03}/{e}/frame.jpeg",
        NOUNS,
        ("Strong", "Weak"),
        frozenset({"poser", "intensity"}),
    ),
    "folders alone": Scheme(
        lambda p, e, v: (
            f"{NAMES[p - 1]}/{e}/{'_- .'[hash_of(p, e) % 4].join(str(hash_of(p, e)))}.png"
        ),
        columns=frozenset({"poser", "name"}),
    ),
    "camel": Scheme(
        lambda p, e, v: f"S{p:02}{e.title()}{v}.png",
        WORDS,
        ("Front", "Left"),
        frozenset({"poser", "view"}),
    ),
    "packed words": Scheme(lambda p, e, v: f"{e}face{p:02}.png"),
    "blanks and signs": Scheme(lambda p, e, v: f"[{p:02}] {e} + (final).PnG"),
    "names": Scheme(lambda p, e, v: f"{NAMES[p - 1]}_{e}.png", GERMAN),
    "folders of names": Scheme(lambda p, e, v: f"{NAMES[p - 1]}/{e}.jpg", WORDS),
    "as a Mac writes accents": Scheme(
        lambda p, e, v: unicodedata.normalize("NFD", f"{NAMES[p - 1]}_{e}.png"), GERMAN
    ),
    "romaji": Scheme(lambda p, e, v: f"{e}/{p}.png", ROMAJI),
    "German initials": Scheme(lambda p, e, v: f"VP{p:02}_{e[0]}.png", {**GERMAN, "surprised": "U"}),
    "two words": Scheme(lambda p, e, v: f"P{p}_{e}.png", {**WORDS, "neutral": "no_expression"}),
}


def hash_of(*parts: object) -> int:
    """Return a number that no two photographs share."""
    return random.Random(repr(parts)).randrange(10**6, 10**7)


def read(proposal: Proposal, name: str) -> tuple[str, str]:
    """Return (poser, expression) of a name, without regard to case."""
    groups = proposal.read(name)
    assert groups is not None, (name, proposal.pattern)
    poser = proposal.template.format_map(groups).lower()
    labels = {code.lower(): guess.expression for code, guess in proposal.labels.items()}
    return poser, labels[groups["expression"].lower()]


@pytest.mark.parametrize("posers", [4, 8])
@pytest.mark.parametrize("title", SCHEMES)
def test_every_photograph_is_read_as_what_it_was_named_for(title: str, posers: int) -> None:
    scheme = SCHEMES[title]
    photographs = list(scheme.photographs(posers))
    random.Random(posers).shuffle(photographs)
    proposal = infer([path for path, _, _ in photographs])
    assert proposal.choices == ()
    assert proposal.unmatched == ()
    identity: dict[str, set[int]] = {}
    for path, poser, expression in photographs:
        who, shown = read(proposal, path)
        assert shown == expression, path
        identity.setdefault(who, set()).add(poser)
    assert len(identity) == posers
    assert all(len(people) == 1 for people in identity.values())
    assert set(proposal.columns) == scheme.columns | {"expression"}


@pytest.mark.parametrize("title", SCHEMES)
def test_the_order_of_the_names_does_not_matter(title: str) -> None:
    names = [path for path, _, _ in SCHEMES[title].photographs(5)]
    patterns = set()
    for seed in range(3):
        random.Random(seed).shuffle(names)
        found = infer(names)
        # Codes that are listed are spelt as in the first name.
        patterns.add((found.pattern.lower(), found.template))
    assert len(patterns) == 1


PEOPLE = ("anna", "bert", "carla", "dora", "emil", "frida", "gus", "hans", "ida", "jo")
POSERS: tuple[Callable[[int], str], ...] = (
    lambda p: f"P{p:02}",
    lambda p: f"{p:03}",
    lambda p: f"subject{p}",
    lambda p: sex(p) + restarted(p),
    lambda p: f"{p:02}{sex(p)}",
    lambda p: PEOPLE[p - 1],
)
COLUMNS = (("front", "left"), ("1", "2"), ("a", "b"), ("000", "045", "090"), ("in", "out"))


@pytest.mark.parametrize("seed", range(30))
def test_invented_schemes_are_read_as_they_were_invented(seed: int) -> None:
    draw = random.Random(seed)
    words = draw.choice([WORDS, NOUNS, TWO, INITIALS, GERMAN, ROMAJI])
    poser = draw.choice(POSERS)
    column = draw.choice(COLUMNS)
    order = draw.sample("pec", draw.choice([2, 3]))
    order += [part for part in "pe" if part not in order]
    folders, separator, serial = draw.choice([0, 0, 1, 2]), draw.choice("_-. "), draw.random() < 0.3
    photographs = []
    for p, (expression, code), c in product(range(1, 11), words.items(), column):
        if "c" not in order and c != column[0]:
            continue
        parts = [{"p": poser(p), "e": code, "c": c}[part] for part in order]
        parts += [str(hash_of(p, code, c))] if serial else []
        at = min(folders, len(parts) - 1)
        path = "/".join([*parts[:at], separator.join(parts[at:])]) + ".jpg"
        if draw.random() > 0.05:
            photographs.append((path, p, expression))
    draw.shuffle(photographs)
    proposal = infer([path for path, _, _ in photographs])
    assert proposal.unmatched == ()
    assert proposal.choices == ()
    assert {path: read(proposal, path)[1] for path, _, _ in photographs} == {
        path: expression for path, _, expression in photographs
    }
    identity = {(read(proposal, path)[0], poser) for path, poser, _ in photographs}
    assert len(identity) == len(dict(identity)) == 10


@pytest.mark.parametrize(
    ("title", "pattern", "poser"),
    [
        ("one view", r"(?P<poser>P\d+)_(?P<expression>[a-z]+)_front\.png", "{poser}"),
        (
            "KDEF",
            r"(?P<set>[AB])(?P<sex>[FM])(?P<number>\d+)(?P<expression>AF|AN|DI|HA|NE|SA|SU)"
            r"(?P<view>FL|FR|HL|HR|S)\.jpg",
            "{sex}{number}",
        ),
        ("folders of expressions", r"(?P<expression>[a-z]+)/(?P<poser>\d+)\.png", "{poser}"),
        (
            "folders of posers",
            r"(?P<poser>subject\d+)/(?P<expression>[a-z]+)(?: \((?P<take>\d+)\))?\.jpg",
            "{poser}",
        ),
        (
            "a folder that says nothing new",
            r"sub-(?P<poser>\d+)_(?P<expression>[a-z]+)\.png",
            "{poser}",
        ),
    ],
)
def test_patterns_can_be_read_by_a_person(title: str, pattern: str, poser: str) -> None:
    found = infer([path for path, _, _ in SCHEMES[title].photographs(6)])
    assert (found.pattern, found.template) == (pattern, poser)


@pytest.mark.parametrize("title", ["words", "NimStim", "KDEF", "JAFFE", "folders of posers"])
def test_gaps_and_strays_do_not_disturb(title: str) -> None:
    photographs = list(SCHEMES[title].photographs(8))
    kept = [row for row in photographs if random.Random(row[0]).random() > 0.1]
    strays = ["montage.png", "IMG_3312.jpg", "read me (1).gif", "backup/old faces 2.png"]
    proposal = infer([*(path for path, _, _ in kept), *strays])
    assert set(proposal.unmatched) == set(strays)
    truth = {(str(poser), expression) for _, poser, expression in kept}
    cells = {read(proposal, path) for path, _, _ in kept}
    assert len(cells) == len(truth)


def test_a_stray_that_fits_is_a_code_nobody_knows() -> None:
    names = [path for path, _, _ in SCHEMES["one view"].photographs(8)]
    proposal = infer([*names, "P03_calibration_front.png"])
    guess = proposal.labels["calibration"]
    assert (guess.expression, guess.sure) == ("", False)
    assert all(g.sure for code, g in proposal.labels.items() if code != "calibration")


def test_a_misspelt_word_is_guessed_with_doubt() -> None:
    names = [f"S{p}_{e}.jpg" for p in range(1, 9) for e in ("Afraid", "Digust", "Happy", "Sad")]
    guess = infer(names).labels["Digust"]
    assert (guess.expression, guess.sure) == ("disgusted", False)


def test_initials_that_may_mean_two_things_are_doubtful() -> None:
    labels = infer([path for path, _, _ in SCHEMES["FACES"].photographs(6)]).labels
    doubtful = {code: guess.expression for code, guess in labels.items() if not guess.sure}
    assert doubtful == {"s": "sad"}  # or surprised


def test_equally_good_posers_are_all_named() -> None:
    names = [
        f"{a:02}_{b:02}_{e}.png" for a in range(1, 6) for b in range(1, 6) for e in EXPRESSIONS
    ]
    found = infer(names)
    assert (found.poser, found.choices) == (("part1",), (("part2",),))
    for poser in ("part1", "part2"):
        chosen = infer(names, poser=[poser])
        assert chosen.choices == ()
        assert {read(chosen, name)[0] for name in names} == {f"{n:02}" for n in range(1, 6)}
    both = infer(names, poser=["part1", "part2"])
    assert both.template == "{part1}-{part2}"  # 1-11 is not 11-1
    with pytest.raises(NothingReadError, match=r"--poser part9: .* did you mean 'part2'"):
        infer(names, poser=["part9"])


def test_a_letter_before_a_number_may_be_part_of_the_poser() -> None:
    names = [f"{a}{n:02}_{e}.png" for a in "AB" for n in range(1, 9) for e in EXPRESSIONS]
    found = infer(names)
    assert (found.poser, found.choices) == (("part2",), (("part1", "part2"),))
    assert len({read(infer(names, poser=["part1", "part2"]), name)[0] for name in names}) == 16


def test_people_of_different_sex_are_different_people() -> None:
    names = [f"{s}_{n}_{e}.png" for s in "mw" for n in range(1, 9) for e in EXPRESSIONS]
    found = infer(names)
    assert len({read(found, name)[0] for name in names}) == 16
    # The sex belongs to the number, but one file contradicts.
    names = [f"{n}_{'mw'[n % 2]}_{e}.png" for n in range(1, 17) for e in EXPRESSIONS]
    names[-1] = names[-1].replace("_m_", "_w_")
    assert infer(names).poser == ("poser",)


def test_codes_that_nobody_can_know_are_told() -> None:
    names = [f"{p:02}_{c}.png" for p in range(11, 19) for c in range(1, 8)]
    with pytest.raises(NothingReadError, match="--label CODE=EXPRESSION") as caught:
        infer(names)
    assert caught.value.missing == "expression"
    assert list(caught.value.parts) == ["part1", "part2"]
    labels = {str(n): name for n, name in enumerate(EXPRESSIONS, 1)}
    found = infer(names, labels)
    assert found.pattern == r"(?P<poser>\d+)_(?P<expression>\d+)\.png"
    assert {code: guess.expression for code, guess in found.labels.items()} == labels
    assert infer(names, labels, expression="part2").pattern == found.pattern
    with pytest.raises(NothingReadError, match=r"--expression part3: .* did you mean"):
        infer(names, labels, expression="part3")


def test_what_the_user_says_of_a_code_goes_before_the_guess() -> None:
    names = [path for path, _, _ in SCHEMES["NimStim"].photographs(6)]
    found = infer(names, {"sp": "sad", "SA": "surprised", "CA": ""})
    assert found.labels["SP"].expression == "sad"
    assert found.labels["SA"].expression == "surprised"
    assert (found.labels["CA"].expression, found.labels["CA"].sure) == ("", True)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([f"IMG_{n:04}.jpg" for n in range(60)], "no part of the names reads as expressions"),
        ([f"{p}_{n}.jpg" for p in ("AD", "KM", "MK1") for n in range(7000, 7014)], "no part of"),
        (["a.png", "b_c1.png", "3.4.png", "hello (2).jpg"], "no part of the names reads"),
        ([f"P{n}_happy.png" for n in range(9)], "no part of the names reads as expressions"),
        ([f"P1_{e}.png" for e in EXPRESSIONS], "no part of the names looks like a poser"),
        (
            [f"{e}/{hash_of(n, e)}.png" for e in EXPRESSIONS for n in range(9)],
            "no part of the names looks like a poser",
        ),
        (
            [f"{p}_{a}_{b}.png" for p in range(4) for a in EXPRESSIONS for b in EXPRESSIONS],
            "choose with --expression part2 or --expression part3",
        ),
    ],
)
def test_names_that_do_not_tell(names: list[str], sentence: str) -> None:
    with pytest.raises(NothingReadError, match=sentence) as caught:
        infer(names)
    assert "\n" not in str(caught.value)


def test_names_without_a_scheme() -> None:
    names = ["a", "b1", "1c", "d_e", "f-1", "2-g", "h.i.j", "k 1 2", "(l)", "3", "m--n", "4_o_p"]
    with pytest.raises(NothingReadError, match="CSV file"):
        infer([name + ".png" for name in names])


def test_a_proposal_reads_a_folder_as_it_said(tmp_path: Path) -> None:
    photographs = list(SCHEMES["NimStim"].photographs(5))
    for path, _, _ in photographs:
        (tmp_path / path).touch()
    proposal = infer([path for path, _, _ in photographs])
    card = DatasetCard(
        name="mine", title="Mine", terms=Terms(licence="ours"), files=proposal.files()
    )
    table = PatternDataset(card).samples(tmp_path, {})
    assert len(table) == sum(expression in EXPRESSIONS for _, _, expression in photographs)
    assert table.posers == ("01M", "02F", "03M", "04F", "05M")
    assert table.left_out == {"expression 'calm'": 10}


@pytest.mark.parametrize(("name", "view"), [("kdef", "view"), ("krc", "part4")])
def test_known_databases_are_read_as_their_own_cards_read_them(
    name: str, view: str, tmp_path: Path
) -> None:
    loader = load_plugins().datasets.get(name)
    assert isinstance(loader, MimickedDataset)
    names = [str(photograph.path) for photograph in loader.layout(6, quirks=True)]
    for path in names:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    proposal = infer(names)
    assert proposal.choices == ()
    card = DatasetCard(
        name="mine", title="Mine", terms=Terms(licence="ours"), files=proposal.files()
    )
    everything = {"session": "*", "angle": "*"} if name == "kdef" else {"view": "*"}
    own = loader.samples(tmp_path, everything)
    read = {
        s.path: (s.poser.upper(), s.expression) for s in PatternDataset(card).samples(tmp_path, {})
    }
    # The two misnamed files of KDEF are known to its card alone.
    misnamed = {s.path for s in own if s.path.name in {"AF31V.JPG", "AM31H.JPG"}}
    assert read == {
        s.path: (s.poser.upper().replace("D", ""), s.expression)
        for s in own
        if s.path not in misnamed
    }
    assert view in proposal.columns


def test_a_pattern_of_the_users() -> None:
    names = ["x/01_an.png", "x/01_ha.png", "x/02_an.png", "other.png"]
    found = read_pattern(names, r"(?P<id>\d+)_(?P<expression>..)\.png", ["id"])
    assert (found.template, found.unmatched) == ("{id}", ("other.png",))
    assert found.columns["id"] == {"01": 2, "02": 1}
    whole = read_pattern(names, r"(?P<poser>\w)/(?P<expression>.*)\.png")
    assert whole.read("x/01_an.png") == {"poser": "x", "expression": "01_an"}


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        (r"(?P<expression>.", "is not a regular expression: missing )"),
        (r"(?P<poser>.)", "needs a named group (?P<expression>...)"),
        (
            r"(?P<poster>.)(?P<expression>.)",
            "no group 'poser' for the poser; did you mean 'poster'",
        ),
    ],
)
def test_patterns_that_do_not_do(pattern: str, sentence: str) -> None:
    with pytest.raises(DatasetError, match=re.escape(sentence)):
        read_pattern(["a.png"], pattern)


def test_kinds_of_names() -> None:
    names = ["IMG_1.jpg", "montage.png", "IMG_27.jpg", "a b.png", "IMG_3.jpg"]
    assert kinds(names) == [("IMG_1.jpg", 3), ("a b.png", 1), ("montage.png", 1)]
