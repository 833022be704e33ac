"""The catalogue's datasets: layouts that their loaders read, and manifests for the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from ccbench.datasets import ListedDataset
from ccbench.exceptions import CardError, DatasetError
from ccbench.interfaces import MimickedPhotograph, MimickedTexts
from ccbench.plugins import load_plugins
from ccbench.preprocessing import decode_grey
from ccbench.runner.observer import Silent
from ccbench.samples import SampleTable
from ccbench.testing import check_dataset
from ccbench_plugins import catalogue
from ccbench_plugins.catalogue.layout import read_layout
from ccbench_plugins.rendered.mimic import mimic_dataset
from ccbench_registry import EXPRESSIONS, databases

if TYPE_CHECKING:
    from tests.conftest import Command


def registered() -> dict[str, Any]:
    found: list[Any] = []
    catalogue.ccbench_register_datasets(found.append)
    return {dataset.card.name: dataset for dataset in found}


DATASETS = registered()
READ = [name for name, card in databases().items() if card.files]


def lay_out(name: str, root: Path, posers: int, *, quirks: bool) -> list[MimickedPhotograph]:
    """Make the empty files of a layout."""
    dataset = DATASETS[name]
    layout: list[MimickedPhotograph] = dataset.layout(posers, quirks=quirks)
    texts = dataset.texts(posers, quirks=quirks)
    for path, content in {**{p.path: "" for p in layout}, **texts}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")
    return layout


def everything(name: str, root: Path) -> SampleTable:
    dataset = DATASETS[name]
    table: SampleTable = dataset.samples(root, dict.fromkeys(dataset.options, "*"))
    return table


def test_every_database_is_registered_as_a_loader_or_a_list() -> None:
    assert list(DATASETS) == list(databases())
    for name, dataset in DATASETS.items():
        assert isinstance(dataset, MimickedTexts) == (name in READ)
        assert isinstance(dataset, ListedDataset) == (name not in READ)


def test_they_come_through_the_door_of_plugins() -> None:
    plugins = load_plugins(strict=True)
    assert set(databases()) <= set(plugins.datasets), "install again: pip install -e ."
    (plugin,) = [plugin for plugin in plugins.found if plugin.name == "catalogue"]
    assert len(plugin.provides) == len(databases())


@pytest.mark.parametrize("quirks", [True, False])
@pytest.mark.parametrize("name", READ)
def test_the_loader_reads_from_the_names_what_the_layout_says(
    name: str, quirks: bool, tmp_path: Path
) -> None:
    layout = lay_out(name, tmp_path, 3, quirks=quirks)
    table = everything(name, tmp_path)
    shown = {photograph.path: photograph for photograph in layout}
    assert table.unmatched == ()
    if name == "fega":  # numbers posers and files
        assert len(table) == len(layout)
        return
    for sample in table:
        photograph = shown[sample.path.relative_to(tmp_path).as_posix()]
        assert sample.poser.upper() == photograph.poser.upper()
        assert sample.expression == photograph.expression
        if (sex := sample.attributes.get("sex", "").lower()) and name != "cfd":
            assert photograph.sex.startswith(sex[0])
    # What the loader leaves out: pictures inside sequences, and what is none of the seven.
    left = [p for p in layout if tmp_path / p.path not in {s.path for s in table}]
    for photograph in left:
        peak = photograph.strength < 1 or photograph.expression not in EXPRESSIONS
        assert peak or DATASETS[name].files.frames or name == "bosphorus", photograph


@pytest.mark.parametrize("name", READ)
def test_by_default_three_posers_are_complete(name: str, tmp_path: Path) -> None:
    lay_out(name, tmp_path, 3, quirks=False)
    table = check_dataset(DATASETS[name], tmp_path)
    cells = {(sample.poser, sample.expression) for sample in table}
    wanted = [word for word in EXPRESSIONS if word in DATASETS[name].card.expressions]
    assert len(table.posers) == 3
    assert cells == {(poser, word) for poser in table.posers for word in wanted}


@pytest.mark.parametrize("name", READ)
def test_few_posers_are_some_of_many(name: str) -> None:
    dataset = DATASETS[name]
    many = {p.path: p for p in dataset.layout(8, quirks=True)}
    assert len({path.lower() for path in many}) == len(many)
    for posers in (1, 2):
        few = dataset.layout(posers, quirks=True)
        assert len({photograph.poser for photograph in few}) == posers
        assert all(many[photograph.path] == photograph for photograph in few)
    pictures = {(p.poser, p.session, p.expression, p.yaw, p.strength) for p in many.values()}
    assert len(pictures) == len(many), "two photographs would be rendered alike"


@pytest.mark.parametrize(
    ("name", "posers", "regular", "irregular"),
    [
        ("jaffe", 10, 210, 213),
        ("rafd", 67, 8040, 8040),
        ("faces", 171, 2052, 2052),
        ("wsefep", 30, 210, 211),
        ("adfes", 22, 22 * 20, 22 * 22),
    ],
)
def test_whole_layouts_have_the_documented_size(
    name: str, posers: int, regular: int, irregular: int
) -> None:
    assert len(DATASETS[name].layout(posers, quirks=False)) == regular
    assert len(DATASETS[name].layout(posers, quirks=True)) == irregular
    assert DATASETS[name].card.posers == posers


def render(dataset: Any, out: Path, posers: int = 2) -> Path:
    settings: dict[str, Any] = {"seed": 0, "quirks": True, "workers": 1, "observer": Silent()}
    size = min(dataset.layout(1, quirks=True)[0].width, 500)
    mimic_dataset(dataset, out, posers=posers, size_factor=64 / size, **settings)
    return out


class Part:
    """A dataset of which only the photographs that are read are made, to be quick."""

    def __init__(self, whole: Any, wanted: set[str]) -> None:
        self.whole, self.wanted = whole, wanted

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    def layout(self, posers: int, *, quirks: bool) -> list[MimickedPhotograph]:
        layout = self.whole.layout(posers, quirks=quirks)
        return [photograph for photograph in layout if photograph.path in self.wanted]

    def texts(self, posers: int, *, quirks: bool) -> dict[str, str]:
        texts: dict[str, str] = self.whole.texts(posers, quirks=quirks)
        return texts


@pytest.mark.parametrize("name", READ)
def test_a_rendered_folder_is_read_and_every_file_is_a_picture(name: str, tmp_path: Path) -> None:
    dataset = DATASETS[name]
    lay_out(name, tmp_path / "empty", 1, quirks=True)
    # One of each of two expressions, to be quick.
    some = {s.expression: s.path for s in reversed(dataset.samples(tmp_path / "empty", {}))}
    wanted = {
        some[word].relative_to(tmp_path / "empty").as_posix() for word in ("neutral", "happy")
    }
    root = render(Part(dataset, wanted), tmp_path / "rendered", posers=1)
    table = dataset.samples(root, {})
    assert {sample.path.relative_to(root).as_posix() for sample in table} == wanted
    contents = set()
    for sample in table:
        pixels = decode_grey(sample.path.read_bytes())
        assert 30 < pixels.mean() < 240
        contents.add(sample.path.read_bytes())
    # A run refuses two photographs with the same bytes and other labels.
    assert len(contents) == len(table)


def test_pictures_of_a_sequence_come_nearer_to_the_expression(tmp_path: Path) -> None:
    happy = {p.path for p in DATASETS["ckplus"].layout(1, quirks=False) if "/005/" in p.path}
    root = render(Part(DATASETS["ckplus"], happy), tmp_path / "ckplus", posers=1)
    frames = [np.asarray(Image.open(root / path), float) for path in sorted(happy)]
    assert len(frames) == 4
    mouth = (slice(int(frames[0].shape[0] * 0.5), int(frames[0].shape[0] * 0.8)),)
    distances = [np.abs(frame[mouth] - frames[-1][mouth]).mean() for frame in frames]
    assert distances[0] > distances[2] > distances[3] == 0
    label = root / "Emotion/S005/005/S005_005_00000011_emotion.txt"
    assert label.read_text().split() == ["5.0000000e+00"]


def test_more_posers_than_a_layout_describes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="the layout of fega describes 20 posers, not 21"):
        render(DATASETS["fega"], tmp_path / "out", posers=21)
    assert not (tmp_path / "out").exists()


def test_a_layout_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('path = "{poser}.png"\nwidth = 1\nhight = 1\nposers = []\ncodes = {}\n')
    with pytest.raises(CardError, match=r"'hight' \(did you mean 'height'\?\)"):
        read_layout(path)


# -- databases that are listed


def test_a_listed_database_takes_a_manifest_and_keeps_its_card(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "list.csv").write_text("path,poser,expression\na.jpg,P1,joy\n")
    from ccbench.datasets import parse_dataset_spec

    dataset, root = load_plugins().open_dataset(parse_dataset_spec(f"umea={tmp_path}/list.csv"))
    assert root is not None
    table = dataset.samples(root, {})
    assert [(sample.poser, sample.expression) for sample in table] == [("P1", "happy")]
    assert dataset.card == databases()["umea"]


@pytest.mark.parametrize("given", ["umea", "umea=.", "umea=nowhere"])
def test_a_listed_database_without_a_manifest_is_refused_in_one_sentence(
    ccbench: Command, given: str
) -> None:
    sentence = ccbench("matrix", "-d", given).refusal
    assert "the file naming of 'umea' is not known to ccbench" in sentence
    assert "columns path, poser, expression and give -d umea=list.csv" in sentence
    assert "'umea'" in ccbench("datasets", "check", given).refusal
