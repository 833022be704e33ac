"""The conformance checks accept what keeps to the contract and name what does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import torch

from ccbench.interfaces import (
    Backbone,
    Dataset,
    FeatureExtractor,
    GeneratedDataset,
    Probe,
    ProbeSeries,
    Stimulus,
)
from ccbench.plugins import load_plugins
from ccbench.samples import Sample, SampleTable
from ccbench.testing import check_backbone, check_dataset, check_generated, check_probe
from ccbench_registry import BackboneCard, DatasetCard, ProbeCard, Terms

if TYPE_CHECKING:
    from tests.conftest import FewPosers

TERMS = Terms(licence="BSD-3-Clause")


def refused(check: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(AssertionError) as failed:
        check(*arguments)
    return str(failed.value)


# -- datasets


class FakeDataset:
    """Two photographs; tests spoil one member at a time."""

    def __init__(self, **spoiled: Any) -> None:
        self.card: Any = DatasetCard(name="fake", title="Fake", terms=TERMS)
        self.options: Mapping[str, str] = {"session": "which session to keep"}
        self.rows: Callable[[Path], object] = lambda root: SampleTable(
            root, (Sample(root / "a.png", "p1", "happy"), Sample(root / "b.png", "p1", "sad"))
        )
        vars(self).update(spoiled)

    def samples(self, root: Path, options: Mapping[str, str]) -> SampleTable:
        return cast(SampleTable, self.rows(root))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_good_dataset(root: Path) -> None:
    table = check_dataset(FakeDataset(), root)
    assert [sample.expression for sample in table] == ["happy", "sad"]


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        ({"card": "fake"}, "card is not a DatasetCard"),
        (
            {"card": DatasetCard(name="fake", title="", terms=Terms(licence=""))},
            "the card states no licence",
        ),
        ({"options": {"session": ""}}, "the option 'session' has no line of help"),
        ({"options": {1: "session"}}, "the option 1 is not a string"),
        ({"rows": lambda root: []}, "samples() gave a list"),
        ({"rows": lambda root: SampleTable(root, ())}, "samples() gave no photograph"),
        (
            {"rows": lambda root: SampleTable(root, (Sample(root / "c.png", "p1", "happy"),))},
            "c.png is not a file",
        ),
        (
            {"card": DatasetCard(name="fake", title="", terms=TERMS, expressions=("happy",))},
            "the card does not list the expressions ['sad']",
        ),
    ],
)
def test_a_bad_dataset(root: Path, spoiled: dict[str, Any], reason: str) -> None:
    assert reason in refused(check_dataset, FakeDataset(**spoiled), root)


def test_a_dataset_without_a_member(root: Path) -> None:
    dataset = FakeDataset()
    del dataset.options
    assert "lacks a member of the Dataset interface" in refused(check_dataset, dataset, root)


def test_a_dataset_that_changes_its_mind(root: Path) -> None:
    posers = iter("abcd")
    dataset = FakeDataset(
        rows=lambda root: SampleTable(root, (Sample(root / "a.png", next(posers), "happy"),))
    )
    assert "two calls of samples() gave different tables" in refused(check_dataset, dataset, root)


def test_the_datasets_of_plugins_keep_to_it(lab: Path, few_posers: FewPosers) -> None:
    folder = few_posers("drawn-b", 1)
    for name in ("drawn-a", "drawn-b", "mylab"):
        dataset: Dataset = load_plugins().dataset(name)
        assert len(check_dataset(dataset, folder)) == 7


# -- datasets that make their own photographs


class FakeMaker(FakeDataset):
    """Two parts of one photograph; tests spoil one member at a time."""

    def __init__(self, **spoiled: Any) -> None:
        self.recipe: Any = "1"
        self.parts: Any = 2
        self.write: Callable[[int, Path], object] = lambda part, folder: (
            folder / f"{'ab'[part]}.png"
        ).write_bytes(bytes([part + 1]))
        super().__init__(**spoiled)

    def generate(self, part: int, directory: Path) -> None:
        self.write(part, directory)


def test_a_good_maker(tmp_path: Path) -> None:
    table = check_generated(FakeMaker(), tmp_path)
    assert [sample.path.read_bytes() for sample in table] == [b"\1", b"\2"]


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        ({"recipe": ""}, "recipe is empty"),
        ({"recipe": 1}, "recipe is not a string"),
        ({"parts": 0}, "there are 0 parts"),
        ({"parts": "2"}, "parts is '2', not a whole number"),
        ({"write": lambda part, folder: None}, "part 0 wrote no file"),
        (
            {"write": lambda part, folder: (folder / "a.png").write_bytes(b"x")},
            "two parts write the file a.png",
        ),
        ({"write": lambda part, folder: (folder / "a.png").touch()}, "the file a.png is empty"),
        (
            {"write": lambda part, folder: (folder / f"{'xy'[part]}.png").write_bytes(b"x")},
            "a.png is not a file",
        ),
    ],
)
def test_a_bad_maker(tmp_path: Path, spoiled: dict[str, Any], reason: str) -> None:
    assert reason in refused(check_generated, FakeMaker(**spoiled), tmp_path)


def test_a_maker_that_remembers_what_it_made(tmp_path: Path) -> None:
    made: list[int] = []

    def write(part: int, folder: Path) -> None:
        made.append(part)
        (folder / f"{'ab'[part]}.png").write_bytes(bytes([len(made)]))

    reason = refused(check_generated, FakeMaker(write=write), tmp_path)
    assert "made again in another order, a.png has other bytes" in reason


def test_a_maker_without_parts(tmp_path: Path) -> None:
    maker = FakeMaker()
    del maker.parts
    assert "lacks a member of the interface" in refused(check_generated, maker, tmp_path)


def test_the_makers_of_plugins_keep_to_it(lab: Path, tmp_path: Path) -> None:
    (tmp_path / "few.toml").write_text('name = "few"\nposers = 3\n')
    for name, poser in (("drawn-a", "p60"), ("drawn-b", "p60"), ("labfaces:few.toml", "p03")):
        dataset = load_plugins().dataset(name)
        assert isinstance(dataset, GeneratedDataset)
        table = check_generated(dataset, tmp_path / dataset.card.name)
        assert table.posers == ("p01", poser)
        assert len(table) == 14


# -- backbones


class FakeBackbone:
    """A good extractor; tests spoil one of its fields at a time."""

    card: Any = BackboneCard(
        name="fake", title="Fake", architecture="none", layer="x", weights="none", terms=TERMS
    )

    def __init__(self, **spoiled: Any) -> None:
        self.spoiled = spoiled

    def load(self, device: str) -> FeatureExtractor:
        good = FeatureExtractor(
            module=torch.nn.AvgPool2d(8).eval(),
            input_size=16,
            mean=(0.5, 0.5, 0.5),
            std=(0.5, 0.5, 0.5),
            feature_shape=(3, 2, 2),
            layer="x",
            layers=("x",),
            weights_digest="1",
            recipe="1",
        )
        return replace(good, **self.spoiled)


class Forgetful(torch.nn.Module):
    """Draws its features by lot."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.rand(len(images), 3, 2, 2)


class Infinite(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.full((len(images), 3, 2, 2), torch.inf)


def test_a_good_backbone() -> None:
    check_backbone(FakeBackbone())


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        ({"weights_digest": ""}, "weights_digest is empty"),
        ({"layer": "y"}, "the layer y is not in layers"),
        ({"submodules": {"y": ""}}, "the layer y of submodules is not in layers"),
        ({"submodules": {"x": "gone"}}, "the module has no submodule 'gone' for the layer x"),
        ({"module": torch.nn.AvgPool2d(8).train()}, "in training mode"),
        ({"module": torch.nn.Conv2d(3, 3, 8, 8).eval()}, "not frozen: ['weight', 'bias']"),
        ({"feature_shape": (12,)}, "features are (2, 3, 2, 2), not (2, 12)"),
        ({"module": Forgetful().eval()}, "the same images gave different features"),
        ({"module": Infinite().eval()}, "features are not finite"),
    ],
)
def test_a_bad_backbone(spoiled: dict[str, Any], reason: str) -> None:
    assert reason in refused(check_backbone, FakeBackbone(**spoiled))


def grey_pool(images: torch.Tensor) -> torch.Tensor:
    """The good extractor's features, straight from grey faces."""
    pooled = torch.nn.functional.avg_pool2d((images[:, None] / 255 - 0.5) / 0.5, 8)
    return pooled.expand(-1, 3, -1, -1)


def test_a_backbone_with_a_way_for_grey_faces() -> None:
    check_backbone(FakeBackbone(grey={"float32": grey_pool}))
    check_backbone(FakeBackbone(grey={"bfloat16": lambda images: grey_pool(images) * 1.004}))


@pytest.mark.parametrize(
    ("grey", "reason"),
    [
        ({"float16": grey_pool}, "grey has an unknown precision 'float16'"),
        ({"float32": lambda images: grey_pool(images)[:, 0]}, "grey gives features (4, 2, 2)"),
        ({"float32": lambda images: torch.rand(4, 3, 2, 2)}, "the same faces gave different"),
        ({"float32": lambda images: grey_pool(images) * 1.001}, "float32 are 0.10% away"),
        ({"bfloat16": lambda images: grey_pool(images) * 1.006}, "at most 0.50% is allowed"),
        ({"float32": lambda images: grey_pool(images) * torch.nan}, "float32 are not finite"),
    ],
)
def test_a_way_for_grey_faces_that_leads_elsewhere(grey: Any, reason: str) -> None:
    assert reason in refused(check_backbone, FakeBackbone(grey=grey))


def test_a_backbone_that_is_none() -> None:
    assert "lacks a member of Backbone" in refused(check_backbone, object())
    fake = FakeBackbone()
    fake.card = {"name": "fake"}
    assert "card is not a BackboneCard" in refused(check_backbone, fake)


def test_a_backbone_with_new_weights_every_time() -> None:
    digests = iter("123")

    class Restless(FakeBackbone):
        def load(self, device: str) -> FeatureExtractor:
            return replace(super().load(device), weights_digest=next(digests))

    assert "loading twice gave different weights" in refused(check_backbone, Restless())


def test_the_backbones_of_plugins_keep_to_it(lab: Path) -> None:
    for name in ("alexnet", "tiny"):
        backbone: Backbone = load_plugins().backbone(name)
        check_backbone(backbone)


# -- probes


class FakeProbe:
    """The null image and one unit at two levels; tests spoil the series."""

    card: Any = ProbeCard(
        name="fake", title="Fake", terms=TERMS, action_units=(12,), intensities=(0, 0.5, 1)
    )
    options: Mapping[str, str] = {}

    def __init__(self, *more: Stimulus, pixels: Any = None) -> None:
        grey = np.full((8, 8), 128, np.uint8) if pixels is None else pixels
        images = [Stimulus("p1", 12 if level else 0, level, grey) for level in (0.0, 0.5, 1.0)]
        self.series = ProbeSeries((*images, *more), {stimulus.identity: 0 for stimulus in images})

    def stimuli(self, root: Path | None, options: Mapping[str, str]) -> ProbeSeries:
        return self.series


GREY = np.full((8, 8), 128, np.uint8)


def test_a_good_probe() -> None:
    check_probe(FakeProbe())


def test_a_probe_of_drawn_faces(lab: Path) -> None:
    probe: Probe = load_plugins().probe("mylab-units")
    check_probe(probe)
    series = probe.stimuli(None, {})
    assert len(series.stimuli) == 2 * 5
    null = {who: series.stimuli[index] for who, index in series.null.items()}
    for stimulus in series.stimuli:
        same = np.array_equal(stimulus.pixels, null[stimulus.identity].pixels)
        assert same == (stimulus.intensity == 0)


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        (FakeProbe(Stimulus("p1", 4, 1.0, GREY)), "the stimuli show the action units {"),
        (FakeProbe(Stimulus("p1", 12, 1.5, GREY)), "intensity 1.5 outside 0..1"),
        (FakeProbe(pixels=GREY.astype(np.float32)), "pixels are not uint8"),
    ],
)
def test_a_bad_probe(probe: FakeProbe, reason: str) -> None:
    assert reason in refused(check_probe, probe)


def test_a_probe_that_is_none() -> None:
    assert "lacks a member of the Probe interface" in refused(check_probe, object())
    probe = FakeProbe()
    probe.card = "fake"
    assert "card is not a ProbeCard" in refused(check_probe, probe)
    probe.card = FakeProbe.card.model_copy(update={"intensities": (0.5, 1.0)})
    assert "lack 0, the null image" in refused(check_probe, probe)


def test_a_probe_drawn_by_lot() -> None:
    class Lottery(FakeProbe):
        def stimuli(self, root: Path | None, options: Mapping[str, str]) -> ProbeSeries:
            pixels = np.random.default_rng().integers(0, 255, (8, 8), dtype=np.uint8)
            return FakeProbe(pixels=pixels).series

    assert "two calls differ" in refused(check_probe, Lottery())


@pytest.mark.parametrize("null", [{}, {"p1": 1}, {"p1": 7}])
def test_a_series_needs_the_null_image_of_everybody(null: dict[str, int]) -> None:
    stimuli = (Stimulus("p1", 0, 0.0, GREY), Stimulus("p1", 12, 1.0, GREY))
    with pytest.raises(ValueError, match="null image"):
        ProbeSeries(stimuli, null)


def test_a_probe_that_makes_its_images_in_parts(lab: Path) -> None:
    plugins = load_plugins()
    check_probe(plugins.probe("mylab-drawn"))

    class Wrong:
        """As the laboratory's, with one member spoiled."""

        def __init__(self, **spoiled: Any) -> None:
            drawn = plugins.probe("mylab-drawn")
            for name in ("card", "options", "recipe", "parts", "generate", "stimuli"):
                setattr(self, name, spoiled.get(name, getattr(drawn, name)))

    noise = np.random.default_rng(0)

    def lottery(part: str, options: Mapping[str, str]) -> tuple[Stimulus, ...]:
        return (Stimulus("p1", 12, 1.0, noise.integers(0, 9, (8, 8), dtype=np.uint8)),)

    assert "recipe is empty" in refused(check_probe, Wrong(recipe=lambda _: ""))
    assert "one name" in refused(check_probe, Wrong(parts=lambda _: ("p1-4", "p1-4")))
    assert "there are no parts" in refused(check_probe, Wrong(parts=lambda _: ()))
    assert "two calls differ in the part 'p2-0'" in refused(check_probe, Wrong(generate=lottery))
