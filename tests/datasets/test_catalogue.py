"""File names of the databases of the catalogue, with what is irregular about them.

The lists are written down here from what is documented, independently of the layouts that
``ccbench datasets mimic`` uses.  Files are empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

import pytest

from ccbench.datasets import PatternDataset
from ccbench.exceptions import DatasetError
from ccbench.samples import SampleTable
from ccbench.testing import check_dataset
from ccbench_registry import EXPRESSIONS, databases

Read = Callable[..., SampleTable]

MANY = 1000


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads empty files with these names."""

    def make(database: str, names: Iterable[str], **options: str) -> SampleTable:
        names = list(names)
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        dataset = PatternDataset(databases()[database])
        if 0 < len(names) < MANY:
            check_dataset(dataset, tmp_path)
        return dataset.samples(tmp_path, options)

    return make


def counts(table: SampleTable) -> dict[str, int]:
    return dict(Counter(sample.expression for sample in table))


def found(table: SampleTable) -> dict[str, tuple[str, str]]:
    return {sample.path.name: (sample.poser, sample.expression) for sample in table}


# -- JAFFE

JAFFE_POSERS = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")
JAFFE_CELLS = {
    ("KA", "FE"): "1234",
    ("KA", "HA"): "1234",
    ("KL", "DI"): "1234",
    ("KM", "DI"): "13",
    ("KM", "HA"): "1234",
    ("KM", "SA"): "1235",
    ("KR", "HA"): "12",
    ("MK", "FE"): "223",
    ("NM", "DI"): "13",
    ("YM", "FE"): "1234",
}


def jaffe_names(separator: str = ".", suffix: str = "tiff") -> list[str]:
    names, serial = [], 0
    for poser, code in product(JAFFE_POSERS, ("AN", "DI", "FE", "HA", "NE", "SA", "SU")):
        for take in JAFFE_CELLS.get((poser, code), "123"):
            serial += 1
            names.append(separator.join((poser, code + take, str(serial))) + f".{suffix}")
    return names


@pytest.mark.parametrize(("separator", "suffix"), [(".", "tiff"), ("_", "png")])
def test_jaffe_has_its_213_photographs(read: Read, separator: str, suffix: str) -> None:
    table = read("jaffe", jaffe_names(separator, suffix))
    assert (len(table), table.posers, table.unmatched) == (213, JAFFE_POSERS, ())
    assert counts(table) == {
        "angry": 30,
        "disgusted": 29,
        "fearful": 32,
        "happy": 31,
        "neutral": 30,
        "sad": 31,
        "surprised": 30,
    }
    keys = Counter((s.poser, s.expression, s.attributes["take"]) for s in table)
    assert [key for key, count in keys.items() if count > 1] == [("MK", "fearful", "2")]


# -- CK+

CKPLUS = {1: "angry", 3: "disgusted", 4: "fearful", 5: "happy", 6: "sad", 7: "surprised"}


def test_ckplus_takes_first_and_last_pictures_of_labelled_sequences(
    read: Read, tmp_path: Path
) -> None:
    names = []
    for code in range(1, 9):
        folder = f"cohn-kanade-images/S005/{code:03}"
        names += [f"{folder}/S005_{code:03}_{n:08}.png" for n in range(1, 10 + code)]
        if code < 8:  # the eighth sequence has no label
            label = tmp_path / f"Emotion/S005/{code:03}/S005_{code:03}_{9 + code:08}_emotion.txt"
            label.parent.mkdir(parents=True)
            label.write_text(f"   {code}.0000000e+00\n")
    table = read("ckplus", names)
    neutral = {f"S005_{code:03}_00000001.png" for code in range(1, 8)}
    last = {f"S005_{code:03}_{9 + code:08}.png": word for code, word in CKPLUS.items()}
    assert found(table) == {
        **dict.fromkeys(neutral, ("S005", "neutral")),
        **{name: ("S005", word) for name, word in last.items()},
    }
    assert table.left_out["no label file"] == 17
    assert table.left_out["expression 'contemptuous'"] == 1


# -- RaFD

RAFD_IDS = {
    ("Caucasian", "female"): "01 02 04 08 12 14 16 18 19 22 26 27 31 32 37 56 57 58 61",
    ("Caucasian", "male"): "03 05 07 09 10 15 20 21 23 24 25 28 30 33 36 38 46 47 49 71",
    ("Moroccan", "male"): "29 35 45 48 50 51 52 53 54 55 59 60 67 68 69 70 72 73",
    ("Kid", "female"): "11 41 43 44 64 65",
    ("Kid", "male"): "39 40 42 63",
}
RAFD_WORDS = "angry contemptuous disgusted fearful happy neutral sad surprised"


def test_rafd_reads_frontal_views_with_direct_gaze_of_adults(read: Read) -> None:
    names = [
        f"Rafd{camera}_{number}_{group}_{sex}_{word}_{gaze}.jpg"
        for (group, sex), numbers in RAFD_IDS.items()
        for number, camera, word, gaze in product(
            numbers.split(),
            ("000", "045", "090", "135", "180"),
            RAFD_WORDS.split(),
            ("frontal", "left", "right"),
        )
    ]
    assert len(names) == len(set(names)) == 8040
    table = read("rafd", names)
    assert (len(table), len(table.posers), table.unmatched) == (57 * 7, 57, ())
    assert len(table) + table.left_out["expression 'contemptuous'"] == 57 * 8
    assert counts(table) == dict.fromkeys(EXPRESSIONS, 57)

    everybody = read("rafd", [], group="*")
    assert len(everybody.posers) == 67
    assert len(everybody) + everybody.left_out["expression 'contemptuous'"] == 536
    groups = Counter({s.poser: s.attributes["group"] for s in everybody}.values())
    assert groups == {"Caucasian": 39, "Moroccan": 18, "Kid": 10}
    assert len(read("rafd", [], group="Caucasian", sex="male").posers) == 20


# -- WSEFEP

NORMS = (
    "Displayer ID;Picture ID;Male/Female;Display;Agreement (%);Purity;Intensity;N;FACS\n"
    "MK;0006;Male;anger;80;;;;\n"
    "MK1;0006;Female;joy;91;;;;\n"
    "MG;1111;Male;anger;77;;;;\n"
    "MG;1112;Male;anger;78;;;;\n"
)


def test_wsefep_takes_the_expression_from_the_norms(read: Read, tmp_path: Path) -> None:
    (tmp_path / "WSEFEP - norms.csv").write_text(NORMS)
    names = ["MK_0006.jpg", "MK1_0006.jpg", "MG_1111.jpg", "MG_1112.jpg", "AD_7885.jpg"]
    table = read("wsefep", names)
    assert found(table) == {
        "MK_0006.jpg": ("MK", "angry"),
        "MK1_0006.jpg": ("MK1", "happy"),
        "MG_1111.jpg": ("MG", "angry"),
        "MG_1112.jpg": ("MG", "angry"),
    }
    assert table.left_out == {"not in WSEFEP - norms.csv": 1}
    assert read("wsefep", [], sex="female").posers == ("MK1",)


def test_wsefep_without_norms_says_what_to_do(read: Read) -> None:
    sentence = "columns 'Displayer ID', 'Picture ID', 'Display'.*put the norms that come with"
    with pytest.raises(DatasetError, match=sentence):
        read("wsefep", ["AD_7885.jpg"])


# -- NimStim, FACES, DEFSS, CFD: codes


def test_nimstim_reads_lower_case_and_leaves_calm_out(read: Read) -> None:
    names = [f"01F_{code}_{mouth}.BMP" for code in ("AN", "CA", "FE", "NE") for mouth in "OC"]
    names += ["01F_HA_X.BMP", "01F_SP_O.BMP", "02f_di_c.bmp", "20M_SA_C.jpg"]
    table = read("nimstim", names)
    assert counts(table) == {
        "angry": 2, "fearful": 2, "neutral": 2, "happy": 1, "surprised": 1, "disgusted": 1,
        "sad": 1,
    }  # fmt: skip
    assert table.left_out == {"expression 'calm'": 2}
    assert {poser.upper() for poser in table.posers} == {"01F", "02F", "20M"}
    assert len(read("nimstim", [], mouth="C+X")) == 6


def test_faces_has_2052_photographs_and_no_surprise(read: Read) -> None:
    ages = {"y": (29, 29), "m": (27, 29), "o": (29, 28)}
    names, number = [], 3
    for age, sexes in ages.items():
        for sex, count in zip("fm", sexes, strict=True):
            for _ in range(count):
                number += 1
                cells = product("adfhns", "ab")
                names += [f"{number:03}_{age}_{sex}_{code}_{part}.jpg" for code, part in cells]
    table = read("faces", names)
    assert (len(table), len(table.posers), table.unmatched) == (2052, 171, ())
    assert counts(table) == {name: 342 for name in EXPRESSIONS if name != "surprised"}
    assert len(read("faces", [], age="m").posers) == 56
    assert len(read("faces", [], set="a")) == 171 * 6


def test_defss_reads_its_irregular_names(read: Read) -> None:
    names = ["1_F8_Sad.jpg", "6_8M_Neutral.jpg", "79_F18_Happy_s.jpg", "116_F30_Fear.jpg"]
    table = read("defss", [*names, "3_M9_Angry.jpg"])
    assert found(table) == {
        "1_F8_Sad.jpg": ("1", "sad"),
        "6_8M_Neutral.jpg": ("6", "neutral"),
        "79_F18_Happy_s.jpg": ("79", "happy"),
        "116_F30_Fear.jpg": ("116", "fearful"),
        "3_M9_Angry.jpg": ("3", "angry"),
    }
    details = {s.poser: (s.attributes["sex"], s.attributes["age"]) for s in table}
    assert details["6"] == ("M", "8")
    assert details["79"] == ("F", "18")


def test_cfd_has_groups_and_four_expressions(read: Read) -> None:
    names = [
        "CFD-WM-024-010-A.jpg", "CFD-WM-024-001-N.jpg", "CFD-BM-038-007-HO.jpg",
        "CFD-BF-010-003-HC.jpg", "CFD-WF-007-029-F.jpg", "CFD-WF-222-092-N.jpg",
        "CFD-IF-607-012-N.jpg",
    ]  # fmt: skip
    table = read("cfd", names)
    assert found(table)["CFD-WM-024-010-A.jpg"] == ("WM-024", "angry")
    assert counts(table) == {"angry": 1, "neutral": 3, "happy": 2, "fearful": 1}
    # The number alone is no person.
    assert len(read("cfd", ["CFD-AF-024-001-N.jpg"]).posers) == 7
    assert read("cfd", [], ethnicity="B").posers == ("BF-010", "BM-038")


# -- names with ambiguities


def test_nimh_chefs_tells_expression_and_gaze_apart(read: Read) -> None:
    names = {
        "F10FA_4434.jpg": ("F10", "fearful", "A"),
        "F1FA_3399.jpg": ("F1", "fearful", "A"),
        "F2AA_1.jpg": ("F2", "angry", "A"),
        "F2AS_2.jpg": ("F2", "angry", "S"),
        "F2SA_3.jpg": ("F2", "sad", "A"),
        "F2SS_4.jpg": ("F2", "sad", "S"),
        "M3NS_5.jpg": ("M3", "neutral", "S"),
        "F38HA_1_9330.jpg": ("F38", "happy", "A"),
        "M10_FA_6823.jpg": ("M10", "fearful", "A"),
        "M10_4FS_6817.jpg": ("M10", "fearful", "S"),
        "M3-2SA_4764.jpg": ("M3", "sad", "A"),
        "F6_1_AS_3929.jpg": ("F6", "angry", "S"),
        "F1H1A_3424.jpg": ("F1", "happy", "A"),
    }
    table = read("nimh_chefs", names, gaze="*")
    assert table.unmatched == ()
    assert {s.path.name: (s.poser, s.expression, s.attributes["gaze"]) for s in table} == names
    straight = read("nimh_chefs", [])
    assert {s.path.name for s in straight} == {n for n, (*_, gaze) in names.items() if gaze == "S"}


def test_ddcf_reads_its_irregular_names(read: Read) -> None:
    names = {
        "S102_9yoF_Afraid_far left_4065.JPG": ("S102", "fearful", "far left"),
        "S04_13yoM_Afraid_front 1.jpg": ("S04", "fearful", "front"),
        "S111_13yoF_Angry_front1.JPG": ("S111", "angry", "front"),
        "S111_13yoF_HappyTeeth_front2.JPG": ("S111", "happy", "front"),
        "S60_7yoM_Digust_front 1.jpg": ("S60", "disgusted", "front"),
        "S51_11yoM_Angry_leftg 2.jpg": ("S51", "angry", "left"),
        "S52_9yoF_Angry_far right_2066a.JPG": ("S52", "angry", "far right"),
        "S60_7yoM_Disgust_far right  1.jpg": ("S60", "disgusted", "far right"),
        "S05_8yoM_exp_front 2.jpg": ("S05", "neutral", "front"),
        "S111_13yoF_front1.JPG": ("S111", "neutral", "front"),
        "S98_9yoF_Surprise_Front_01.jpg": ("S98", "surprised", "front"),
        "S111_13yoF_Surprise_front.JPG": ("S111", "surprised", "front"),
    }
    left_out = ["S111_13yoF_HappyNoTeeth_front1.JPG", "S33_6yoF_Pleased_front_1.JPG"]
    table = read("ddcf", [*names, *left_out, "S1_9yoF_Bored_front 1.jpg"], view="*")
    assert {
        s.path.name: (s.poser, s.expression, s.attributes["view"].lower()) for s in table
    } == names
    assert table.left_out == {"expression 'pleased'": 2}
    assert [path.name for path in table.unmatched] == ["S1_9yoF_Bored_front 1.jpg"]
    assert len(read("ddcf", [])) == 8


# -- folders, clips and sequences


def test_bu4dfe_reads_native_folders_and_pictures_taken_out(read: Read) -> None:
    names = [f"F001/Angry/{number:03}.jpg" for number in (0, 10, 28, 50, 99)]
    names += [f"stills/M043_Surprise_{number:03}.png" for number in (25, 30, 35)]
    names += ["stills/M043_Neutral_000.png"]
    table = read("bu4dfe", names)
    shown = {table.relative(s.path): (s.poser, s.expression) for s in table}
    assert shown == {
        "F001/Angry/000.jpg": ("F001", "neutral"),
        "F001/Angry/028.jpg": ("F001", "angry"),
        "stills/M043_Surprise_030.png": ("M043", "surprised"),
        "stills/M043_Neutral_000.png": ("M043", "neutral"),
    }
    (warning,) = table.warnings
    assert warning.startswith("1 of 3 sequences lack their first picture")


def test_mmi_takes_the_expression_from_a_table_of_the_user(read: Read, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("subject,session,expression\nS001,100,anger\nS002,7,joy\n")
    names = [f"S001-100_{view}_f{n}.png" for view in ("front", "left") for n in (1, 3, 4)]
    table = read("mmi", [*names, "S002-7_f1.png", "S002-7_f2.png", "S002-8_f1.png"])
    assert found(table) == {
        "S001-100_front_f1.png": ("S001", "neutral"),
        "S001-100_front_f4.png": ("S001", "angry"),
        "S002-7_f1.png": ("S002", "neutral"),
        "S002-7_f2.png": ("S002", "happy"),
    }
    assert table.left_out["not in mine.csv"] == 1
    assert table.left_out["view left"] == 3


def test_bosphorus_leaves_single_action_units_out(read: Read) -> None:
    names = ["bs000_E_HAPPY_0.png", "bs000_E_HAPPY_1.png", "bs000_N_N_0.png", "bs048_N_N_1.png"]
    units = ["bs000_LFAU_12LW_0.png", "bs000_UFAU_43_0.png", "bs000_CAU_A12A15_0.png"]
    rest = ["bs000_YR_R10_0.png", "bs000_O_EYE_0.png", "bs000_E_ANGER_0.png"]
    table = read("bosphorus", [*names, *units, *rest])
    assert counts(table) == {"happy": 2, "neutral": 2, "angry": 1}
    assert {reason.split()[1] for reason in table.left_out} == {"LFAU", "UFAU", "CAU", "YR", "O"}
    assert read("bosphorus", [], type="*").unmatched == ()


def test_adfes_groups_follow_from_the_numbers_of_women(read: Read) -> None:
    names = [
        "F01-Joy-Face Forward.png", "F05-Joy-Face Forward.png", "M07-Joy-Face Forward.jpg",
        "F03-Neutral-Face Forward-27.png", "F04-Anger-Face Forward_freigestellt.png",
        "F01-Contempt-Face Forward.png", "F06-MouthOpening-Face Forward.png",
        "F01-Joy-Turn Toward.png",
    ]  # fmt: skip
    table = read("adfes", names)
    assert counts(table) == {"happy": 3, "neutral": 1, "angry": 1}
    assert table.left_out["view Turn Toward"] == 1
    groups = {sample.poser: sample.attributes["group"] for sample in table}
    assert groups == {
        "F01": "North European", "F03": "North European", "F04": "North European",
        "F05": "Mediterranean", "M07": "",
    }  # fmt: skip
    assert read("adfes", [], group="Mediterranean").posers == ("F05",)
    assert read("adfes", [], group="North European").posers == ("F01", "F03", "F04")


def test_oulu_casia_reads_visible_strong_light(read: Read) -> None:
    names = [
        f"OriginalImg/{spectrum}/{light}/P012/{word}/{number:03}.jpeg"
        for spectrum, light, word, number in product(
            ("VL", "NI"), ("Strong", "Weak", "Dark"), ("Anger", "Happiness"), range(18)
        )
    ]
    table = read("oulu_casia", names)
    assert {table.relative(s.path)[len("OriginalImg/") :]: s.expression for s in table} == {
        "VL/Strong/P012/Anger/000.jpeg": "neutral",
        "VL/Strong/P012/Anger/017.jpeg": "angry",
        "VL/Strong/P012/Happiness/000.jpeg": "neutral",
        "VL/Strong/P012/Happiness/017.jpeg": "happy",
    }
    infrared = read("oulu_casia", [], spectrum="NI", light="Dark+Weak")
    assert {s.attributes["light"] for s in infrared} == {"Dark", "Weak"}


def test_fega_shows_no_first_name(read: Read) -> None:
    words = ["Allegria", "Arrabbiato", "Disgusto", "Neutra", "Paura", "Sorpresa", "Tristezza"]
    people = ("F_22_primadonna2", "M_66_primo", "M_31_primo")
    table = read("fega", [f"0_{p}_{word}_{n}.png" for p in people for word in words for n in "12"])
    # One name at two ages is two people.
    assert table.posers == ("P1", "P2", "P3")
    assert counts(table) == dict.fromkeys(EXPRESSIONS, 6)
    text = table.frame().to_csv()
    assert "prim" not in text
    assert "P1_happy_2.png" in text


def test_uibvfed_reads_folders_and_refuses_more_characters_than_there_are(read: Read) -> None:
    folders = ("ANGER", "DISGUST", "FEAR", "JOY", "NEUTRAL", "SADNESS", "SURPRISE")
    names = [f"UIBVFED/{word}/Some{n:02}_x.png" for word in folders for n in range(20)]
    table = read("uibvfed", names)
    assert (len(table.posers), counts(table)) == (20, dict.fromkeys(EXPRESSIONS, 20))
    sentence = "read as 21 posers, but 'uibvfed' has 20; list the photographs in a CSV manifest"
    with pytest.raises(DatasetError, match=sentence):
        read("uibvfed", ["UIBVFED/JOY/Another_x.png"])


def test_more_posers_than_remembered_are_only_told(tmp_path: Path) -> None:
    for number in range(1, 25):
        (tmp_path / f"F{number:02}-Joy-Face Forward.png").touch()
    card = databases()["adfes"]
    unsure = card.model_copy(update={"from_memory": ("posers",)})
    table = PatternDataset(unsure).samples(tmp_path, {})
    assert len(table.posers) == 24
    assert "read as 24 posers, but 'adfes' has 22, as far as is known" in table.warnings[0]
    with pytest.raises(DatasetError, match=r"read as 24 posers, but 'adfes' has 22; list the"):
        PatternDataset(card).samples(tmp_path, {})


@pytest.mark.parametrize("name", [name for name, card in databases().items() if card.files])
def test_names_of_other_databases_are_refused(name: str, tmp_path: Path) -> None:
    for other in ("holiday.jpg", "AF01NES.JPG", "fd19_neu_d.jpg"):
        (tmp_path / other).touch()
    with pytest.raises(DatasetError) as caught:
        PatternDataset(databases()[name]).samples(tmp_path, {})
    assert f"'{name}'" in str(caught.value)
