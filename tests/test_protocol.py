"""Presets, and every value of them open to the user."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from itertools import product
from pathlib import Path

import pytest

from ccbench.augmentation import View
from ccbench.exceptions import ProtocolError, UnknownNameError
from ccbench.protocol import LogisticHead, PerceptronHead, load_protocol, preset_names

MINE = """
name = "mine"
summary = "A small perceptron."
runs = 2
[photographs]
posers = 0
complete_only = false
per_cell = 0
[face]
mean = 100
sd = 20
crop = 1.2
on_missing_face = "center"
[views]
sizes = [1.0]
shifts = [[0, 0]]
reflections = false
test = "all"
[split]
train = 3
validation = 2
test = 2
[head]
kind = "mlp"
hidden = [5]
dropout = 0.0
[training]
iterations = 10
batch_size = 4
learning_rate = [[0, 0.1]]
momentum = 0.9
weight_decay = 0.001
"""


def test_the_presets_load() -> None:
    assert preset_names() == ("inagaki2022", "quick", "standard")
    for name in preset_names():
        protocol = load_protocol(name)
        assert protocol.name == name
        assert protocol.summary
        assert protocol.runs == (10 if name == "standard" else 40)


def test_standard_is_the_first_third_of_the_papers_schedule() -> None:
    paper, standard = load_protocol("inagaki2022"), load_protocol("standard")
    different = {"name", "summary", "runs", "training"}
    assert standard.model_dump(exclude=different) == paper.model_dump(exclude=different)
    assert paper.training is not None
    assert standard.training == paper.training.model_copy(
        update={"iterations": 4000, "learning_rate": paper.training.learning_rate[:1]}
    )


def test_inagaki2022_is_the_paper() -> None:
    paper = load_protocol("inagaki2022")
    assert paper.photographs.model_dump() == {"posers": 60, "complete_only": True, "per_cell": 1}
    assert (paper.face.mean, paper.face.sd, paper.face.on_missing_face) == (128, 32, "skip")
    assert paper.split.model_dump() == {"train": 40, "validation": 8, "test": 12}
    assert paper.head == PerceptronHead(kind="mlp", hidden=(4096, 4096), dropout=0.1)
    assert paper.training is not None
    assert paper.training.model_dump() == {
        "iterations": 12_000,
        "batch_size": 32,
        "learning_rate": ((0, 1e-4), (4000, 1e-5), (8000, 1e-6)),
        "momentum": 0.0,
        "weight_decay": 0.0,
    }
    sizes = (0.90, 0.95, 1.00, 1.05, 1.10)
    positions = {(0, 0), (8, 8), (8, -8), (-8, 8), (-8, -8)}
    expected = {View(s, p, r) for s, p, r in product(sizes, positions, (False, True))}
    assert len(paper.training_views) == len(expected) == 50
    assert set(paper.training_views) == expected
    assert paper.test_views == (View(),)
    # 40 posers x 7 expressions x 50 views in mini-batches of 32: the last of an epoch has 16.
    assert paper.split.train * 7 * len(paper.training_views) == 14_000
    assert 14_000 % paper.training.batch_size == 16


def test_quick_is_logistic_regression_on_four_views_of_all_posers() -> None:
    quick = load_protocol("quick")
    assert quick.photographs.model_dump() == {"posers": 0, "complete_only": False, "per_cell": 0}
    assert quick.head == LogisticHead(kind="logistic", ridge=1e-4)
    assert quick.training is None
    assert len(quick.training_views) == 4
    assert quick.test_views == (View(),)
    assert quick.split.train / quick.split.test == pytest.approx(40 / 12)
    assert quick.split.validation / quick.split.test == pytest.approx(8 / 12)
    assert quick.face == load_protocol("inagaki2022").face


def test_a_preset_has_no_key_twice_and_none_unknown() -> None:
    for name in preset_names():
        text = (files("ccbench") / "protocols" / f"{name}.toml").read_text(encoding="utf-8")
        protocol = load_protocol(name).model_dump(exclude_none=True)
        data = tomllib.loads(text)
        assert data.keys() == protocol.keys()
        for key, value in data.items():
            if isinstance(value, dict):
                assert value.keys() == protocol[key].keys()


def test_test_views_may_be_all() -> None:
    protocol = load_protocol("quick", ["views.test=all"])
    assert protocol.test_views == protocol.training_views


def test_the_face_recipe() -> None:
    recipe = load_protocol("quick").face_recipe(96)
    assert (recipe.size, recipe.mean, recipe.sd, recipe.crop) == (96, 128, 32, 1.1)
    assert not recipe.center_missing
    assert load_protocol("quick", ["face.on_missing_face=center"]).face_recipe(96).center_missing
    assert not load_protocol("quick", ["face.on_missing_face=error"]).face_recipe(9).center_missing


def test_single_values_are_set() -> None:
    protocol = load_protocol(
        "inagaki2022",
        [
            "runs=3",
            "split.train=30",
            "head.hidden=[64, 32]",
            "training.learning_rate=[[0, 0.1], [5, 0.01]]",
            'face.on_missing_face="error"',
            "views.test = all",
            "head.dropout=0",
            "photographs.complete_only=false",
        ],
    )
    assert protocol.runs == 3
    assert protocol.split.train == 30
    assert isinstance(protocol.head, PerceptronHead)
    assert protocol.head.hidden == (64, 32)
    assert protocol.head.dropout == 0
    assert protocol.training is not None
    assert protocol.training.learning_rate == ((0, 0.1), (5, 0.01))
    assert protocol.face.on_missing_face == "error"
    assert protocol.views.test == "all"
    assert not protocol.photographs.complete_only
    assert load_protocol("quick", ["runs=3", "runs=4"]).runs == 4
    assert load_protocol("quick").runs == 40  # the preset itself is untouched


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("runs=many", "'runs'"),
        ("runs=0", "'runs'"),
        ("runs=2.5", "'runs'"),
        ("runs=", "'runs'"),
        ("face.crop=[1]", "'face.crop'"),
        ("face.mean=300", "'face.mean'"),
        ("face.on_missing_face=ignore", "'face.on_missing_face'"),
        ("views.sizes=[]", "'views.sizes' must not be empty"),
        ("views.sizes=1", "'views.sizes'"),
        ("views.shifts=[[0]]", "'views.shifts.0"),
        ("views.shifts=[[nan, 0]]", "'views.shifts.0"),
        ("views.reflections=perhaps", "'views.reflections'"),
        ("views.test=some", "'views.test'"),
        ("photographs.posers=-1", "'photographs.posers'"),
        ("split.train=30", "three whole numbers"),
        ("split.train=nan", "'split.train'"),
        ("split.train=inf", "'split.train'"),
        ("split.train=0", "'split.train'"),
        ("head.ridge=-1", "ridge'"),
        ("head.ridge=inf", "ridge'"),
        ("head=1", "'head'"),
        ("head.kind=svm", "svm"),
        ("views=3", "'views'"),
    ],
)
def test_a_wrong_value_is_one_sentence(override: str, named: str) -> None:
    with pytest.raises(ProtocolError) as error:
        load_protocol("quick", [override])
    sentence = str(error.value)
    assert sentence.startswith("the protocol 'quick': ")
    assert named in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "value", ["[]", "[[1, 0.1]]", "[[0, 0.1], [0, 0.2]]", "[[0, 0.1], [9, 0.2], [5, 0.1]]"]
)
def test_learning_rates_out_of_order_are_refused(value: str) -> None:
    with pytest.raises(ProtocolError, match="rising order, from iteration 0"):
        load_protocol("inagaki2022", [f"training.learning_rate={value}"])


def test_an_unknown_key_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"'split.trian'; did you mean 'train'\?"):
        load_protocol("quick", ["split.trian=30"])
    with pytest.raises(UnknownNameError, match=r"did you mean 'runs'\?"):
        load_protocol("quick", ["rums=30"])
    with pytest.raises(UnknownNameError, match="there are: "):
        load_protocol("quick", ["=30"])


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"no table 'photograph'; did you mean 'photogr"):
        load_protocol("quick", ["photograph.posers=30"])
    with pytest.raises(UnknownNameError, match=r"no table 'training'"):
        load_protocol("quick", ["training.iterations=30"])
    with pytest.raises(UnknownNameError, match="no table 'runs'"):
        load_protocol("quick", ["runs.of=30"])
    with pytest.raises(UnknownNameError, match="no table 'train'"):
        load_protocol("quick", ["split.train.posers=30"])


def test_an_override_without_a_value_is_refused() -> None:
    with pytest.raises(ProtocolError, match=r"write KEY=VALUE"):
        load_protocol("quick", ["split.train"])


def test_an_unknown_preset_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'inagaki2022'\? .*\.toml"):
        load_protocol("inagaki2020")
    with pytest.raises(UnknownNameError, match="there are: inagaki2022, quick, standard"):
        load_protocol("zzz")


def test_a_perceptron_needs_a_training_table() -> None:
    head = 'head={kind="mlp", hidden=[8], dropout=0.1}'
    with pytest.raises(ProtocolError, match=r"'mlp' needs a \[training\] table"):
        load_protocol("quick", [head])
    assert load_protocol("inagaki2022", [head]).head.kind == "mlp"


def test_a_protocol_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINE, encoding="utf-8")
    protocol = load_protocol(str(path), ["runs=5"])
    assert (protocol.name, protocol.runs, protocol.split.test) == ("mine", 5, 2)
    assert protocol.training_views == protocol.test_views == (View(),)


def test_a_protocol_file_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"cannot read the protocol .*none\.toml"):
        load_protocol(str(tmp_path / "none.toml"))
    bad = tmp_path / "bad.toml"
    bad.write_text("runs = = 3")
    with pytest.raises(ProtocolError, match=r"bad\.toml is not valid TOML"):
        load_protocol(str(bad))
    bad.write_bytes(b"name = '\xff\xfe'")
    with pytest.raises(ProtocolError, match=r"cannot read the protocol .*bad\.toml"):
        load_protocol(str(bad))
    bad.write_text(MINE.replace("[split]", "[splits]"))
    with pytest.raises(ProtocolError, match=r"'split' is missing.*'splits' \(did you mean 'split'"):
        load_protocol(str(bad))
    bad.write_text(MINE.replace("batch_size", "batchsize"))
    with pytest.raises(ProtocolError, match=r"unknown key 'training.batchsize' \(did you mean"):
        load_protocol(str(bad))
    bad.write_text("")
    with pytest.raises(ProtocolError, match="'name' is missing"):
        load_protocol(str(bad))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ProtocolError, match="cannot read the protocol"):
        load_protocol(str(tmp_path / "folder.toml"))


@pytest.mark.parametrize("rate", ["0.000001", "0.999999"])
def test_dropout_finer_than_its_masks_is_refused(rate: str) -> None:
    with pytest.raises(ProtocolError, match=r"dropout' must be 0, or from 0\.00001 to 0\.99999"):
        load_protocol("standard", [f"head.dropout={rate}"])
    assert load_protocol("standard", ["head.dropout=0"]).head.kind == "mlp"


def test_a_protocol_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINE, encoding="utf-8-sig")
    assert load_protocol(str(path)).name == "mine"
    path.write_text(MINE, encoding="utf-16")
    with pytest.raises(ProtocolError, match=r"mine\.toml: .*; save it as UTF-8"):
        load_protocol(str(path))


def test_more_runs_than_fit_into_memory_are_refused() -> None:
    assert load_protocol("quick", ["runs=10000"]).runs == 10_000
    with pytest.raises(ProtocolError, match=r"'runs' .*10000"):
        load_protocol("quick", ["runs=10001"])
