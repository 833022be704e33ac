"""Responses of a layer of the backbone in a run: against naive torch, and computed once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import torch
from tests.runner.heard import Heard, entries

from ccbench.backbones import layer_submodules
from ccbench.cache import Cache
from ccbench.exceptions import BackboneError, CcbenchError, RunError, UnknownNameError
from ccbench.interfaces import FeatureExtractor, ProbeSeries
from ccbench.plugins import load_plugins
from ccbench.preprocessing import FaceRecipe, crop_square, equalise, find_face, grey_from_bgr
from ccbench.protocol import load_protocol
from ccbench.results import MANIFEST, UNIT_COLUMNS, Run, open_run
from ccbench.runner import Silent, run_matrix
from ccbench.runner.estimate import estimate
from ccbench.runner.preparation import prepare
from ccbench.runner.units import Layer, layer_means, open_layers

if TYPE_CHECKING:
    from tests.conftest import Command, FewPosers

READ, DRAWN = "mylab-units", "mylab-drawn"


@pytest.fixture
def database(lab: Path, few_posers: FewPosers) -> list[str]:
    return [f"drawn-a={few_posers('drawn-a', 4)}"]


def run(databases: Sequence[str], out: Path, *layers: str, **more: Any) -> Run:
    given: dict[str, Any] = {"backbone": "tiny", "runs": 1, "probes": [READ], **more}
    return run_matrix(databases, out=out, probe_layers=layers, **given)


# -- the numbers


def test_activations_are_means_over_positions(database: list[str], tmp_path: Path) -> None:
    table = run(database, tmp_path / "out", "0", "pooled").units
    assert tuple(table.columns) == UNIT_COLUMNS
    series = load_plugins().probe(READ).stimuli(None, {})
    assert list(dict.fromkeys(table["layer"])) == ["0", "pooled"]
    assert len(table) == len(series.stimuli) * (3 + 768)
    # Worked out anew, one image at a time, without torch.
    activations: dict[tuple[str, int, float], np.ndarray[Any, Any]] = {}
    for stimulus in series.stimuli:
        null = series.stimuli[series.null[stimulus.identity]]
        found = find_face(grey_from_bgr(null.pixels))
        assert found
        (x, y, side), _ = found
        crop = crop_square(grey_from_bgr(stimulus.pixels), (x, y, side * FaceRecipe().crop), 64)
        face, _ = equalise(crop, 128, 32)
        squares = ((face / 255 - 0.5) / 0.25).reshape(16, 4, 16, 4).mean((1, 3))
        key = (stimulus.identity, stimulus.action_unit, stimulus.intensity)
        activations[key] = squares
    for (who, unit, level), squares in activations.items():
        rows = table[table["identity"].eq(who) & table["intensity"].eq(level)]
        rows = rows[rows["action_unit"] == unit]
        maps, vector = (rows[rows["layer"] == name] for name in ("0", "pooled"))
        assert maps["unit"].tolist() == [0, 1, 2]
        # Three equal channels: the face is grey.
        assert maps["activation"].to_numpy() == pytest.approx([squares.mean()] * 3, abs=1e-5)
        assert vector["unit"].tolist() == list(range(768))
        flat = np.tile(squares.ravel(), 3)
        assert vector["activation"].to_numpy() == pytest.approx(flat, abs=1e-5)
        change = flat - np.tile(activations[who, 0, 0.0].ravel(), 3)
        assert vector["response"].to_numpy() == pytest.approx(change, abs=1e-5)
    assert not table.loc[table["action_unit"] == 0, "response"].any()
    assert table.loc[table["action_unit"] > 0, "response"].abs().max() > 0.1


class Interleaved:
    """The images of ``mylab-units``, the identities in turn and the null images last."""

    options: dict[str, str] = {}  # noqa: RUF012

    def __init__(self) -> None:
        self.card = load_plugins().probe(READ).card.model_copy(update={"name": "turns"})

    def stimuli(self, root: Path | None, options: object) -> ProbeSeries:
        found = load_plugins().probe(READ).stimuli(None, {}).stimuli
        order = sorted(found, key=lambda s: (-s.action_unit, s.intensity, s.identity))
        return ProbeSeries.of(order)


def test_rows_are_those_of_their_stimuli_in_any_order(database: list[str], tmp_path: Path) -> None:
    plugins = load_plugins()
    plugins.probes.add("turns", Interleaved(), "test")
    probes = ["turns", READ]
    table = run(database, tmp_path / "out", "pooled", probes=probes, plugins=plugins).units
    turns, read = (table[table["probe"] == name] for name in probes)
    assert turns["identity"].tolist() != read["identity"].tolist()
    keys = ["unit", "identity", "action_unit", "intensity"]
    pair = read.merge(turns, on=keys, suffixes=("", "_turns"), validate="1:1")
    assert len(pair) == len(read) == len(turns)
    for name in ("activation", "response"):
        assert pair[name].to_numpy() == pytest.approx(pair[f"{name}_turns"].to_numpy(), abs=1e-6)


@pytest.mark.usefixtures("lab", "one_thread")
def test_units_of_alexnet_are_those_of_torchvision(own_cache: Path) -> None:
    from importlib.resources import files

    import torchvision
    from safetensors.torch import load_file

    from ccbench.faces import read_faces
    from ccbench.features import BackboneIdentity
    from ccbench.probing import make_stimulus_faces, read_series, stimulus_faces, store_stimuli
    from ccbench.runner import tables
    from ccbench.runner.probes import plan_features
    from ccbench.runner.units import do_units, unit_jobs
    from ccbench.runner.work import keep_extractor

    extractor = load_plugins().backbone("alexnet").load("cpu")
    names = ("conv2", "conv5", "pool5", "conv1", "conv3", "conv4")
    layers = open_layers(names, "alexnet", extractor, "cpu")
    assert [layer.name for layer in layers] == [*sorted(names)]
    cache, recipe = Cache(), FaceRecipe()
    shown = load_plugins().probe(READ).stimuli(None, {})
    series = read_series(READ, [store_stimuli(READ, shown.stimuli, cache)], cache)
    faces = stimulus_faces(series, recipe)
    for part in faces:
        make_stimulus_faces(part, cache)
    identity = BackboneIdentity.of("alexnet", extractor, "cpu")
    work = plan_features([series], recipe, identity, cache, "cpu")
    keep_extractor("alexnet", "cpu", extractor)
    jobs = unit_jobs(work.tasks[0], layers, cache, "cpu")
    # One pass for all layers of an identity.
    assert [len(job.tasks) for job in jobs] == [6, 6]
    for job in jobs:
        do_units(job, lambda _: None)
    assert not unit_jobs(work.tasks[0], layers, cache, "cpu")
    table = tables.units_table([series], work, layers, cache)

    network = torchvision.models.alexnet(weights=None)
    state = load_file(str(files("ccbench_plugins.alexnet") / "alexnet_conv.safetensors"))
    network.load_state_dict({**network.state_dict(), **state})
    network.eval()
    preset = torchvision.models.AlexNet_Weights.IMAGENET1K_V1.transforms()
    pixels = np.concatenate([read_faces(part.task, cache) for part in faces])
    images = torch.from_numpy(pixels).float()[:, None].expand(-1, 3, -1, -1) / 255
    images = torchvision.transforms.functional.normalize(images, preset.mean, preset.std)
    last = {"conv1": 1, "conv2": 4, "conv3": 7, "conv4": 9, "conv5": 11, "pool5": 12}
    with torch.inference_mode():
        for name, index in last.items():
            plain = network.features[: index + 1](images.clone()).double().mean((2, 3)).numpy()
            rows = table[table["layer"] == name]
            values = rows["activation"].to_numpy().reshape(plain.shape)
            # The series is stored identity by identity, null image first.
            assert np.abs(values - plain).max() / plain.max() < 1e-5
            responses = rows["response"].to_numpy().reshape(plain.shape)
            expected = plain - np.repeat(plain[[0, 5]], 5, axis=0)
            assert np.abs(responses - expected).max() / np.abs(expected).max() < 1e-4


# -- what is computed when


def test_a_second_run_computes_nothing_and_leaves_the_same_bytes(
    database: list[str], tmp_path: Path
) -> None:
    heard = [Heard(), Heard()]
    first = run(database, tmp_path / "one", "0", "pooled", observer=heard[0])
    again = run(database, tmp_path / "two", "pooled", "0", observer=heard[1])
    assert ("layer responses", 2) in heard[0].stages
    names = [name for name, _ in heard[1].stages]
    assert names == ["reading probe", "reading photographs", "writing tables"]
    one, two = ((done.path / "units.parquet").read_bytes() for done in (first, again))
    assert one == two


def test_a_layer_added_later_computes_only_itself(
    database: list[str], own_cache: Path, tmp_path: Path
) -> None:
    plain = run(database, tmp_path / "out").responses
    kinds = ("faces", "features", "heads", "scores")
    before = {kind: entries(own_cache, kind) for kind in kinds}
    assert entries(own_cache, "units") == {}
    one = run(database, tmp_path / "out", "0").units
    first = entries(own_cache, "units")
    assert len(first) == 2
    both = run(database, tmp_path / "out", "0", "pooled")
    later = entries(own_cache, "units")
    assert len(later) == 4
    assert {key: later[key] for key in first} == first
    assert {kind: entries(own_cache, kind) for kind in kinds} == before
    assert both.responses.equals(plain)
    kept = both.units[both.units["layer"] == "0"].reset_index(drop=True)
    assert kept.equals(one)


def test_workers_and_the_order_asked_for_change_no_byte(
    database: list[str], tmp_path: Path
) -> None:
    found = [
        run(
            database,
            tmp_path / f"out{workers}",
            *layers,
            workers=workers,
            cache=tmp_path / f"cache{workers}",
            probes=[DRAWN, READ],
        )
        for workers, layers in ((1, ("1", "0")), (2, ("0", "1")))
    ]
    one, two = ((done.path / "units.parquet").read_bytes() for done in found)
    assert one == two
    assert list(dict.fromkeys(found[0].units["probe"])) == [DRAWN, READ]
    # Made in another order, the null image last, the same images give the same responses.
    keys = ["layer", "unit", "identity", "action_unit", "intensity"]
    drawn, read = (found[0].units[found[0].units["probe"] == name] for name in (DRAWN, READ))
    pair = read.merge(drawn, on=keys, suffixes=("", "_drawn"), validate="1:1")
    assert len(pair) == len(read) == len(drawn)
    assert pair["response"].to_numpy() == pytest.approx(pair["response_drawn"].to_numpy(), abs=1e-6)


def test_a_dry_run_counts_the_layers(database: list[str], own_cache: Path) -> None:
    def count(*layers: str) -> dict[str, tuple[int, int]]:
        cache = Cache(own_cache)
        plan = prepare(
            database,
            backbone="tiny",
            protocol=load_protocol("quick", ["runs=1"]),
            seed=0,
            device="cpu",
            workers=1,
            plugins=load_plugins(),
            cache=cache,
            observer=Silent(),
            probes=[READ],
            probe_layers=layers,
        )
        found = estimate(plan, workers=1, cache=cache, observer=Silent())
        return {entry.stage: (entry.cached, entry.anew) for entry in found.counts}

    assert "layer responses" not in count()
    assert count("0")["layer responses"] == (0, 10)
    run(database, own_cache.parent / "out", "0")
    assert count("0")["layer responses"] == (10, 0)
    assert count("0", "1")["layer responses"] == (0, 10)


# -- the run directory


def test_the_manifest_says_which_layers(database: list[str], tmp_path: Path) -> None:
    done = run(database, tmp_path / "out", "pooled", "0")
    assert done.manifest["request"]["probe_layers"] == ["0", "pooled"]
    assert any("Zhou, Y., & Shi, B. E. (2017)" in text for text in done.manifest["citations"])
    found = done.query("select layer, count(distinct unit) as n from units group by 1 order by 1")
    assert found.to_dict("list") == {"layer": ["0", "pooled"], "n": [3, 768]}


def test_other_layers_are_another_run(database: list[str], tmp_path: Path) -> None:
    run(database, tmp_path / "out", "0")
    for layers in ((), ("pooled",)):
        with pytest.raises(RunError, match=r"holds another run \(with the layer 0\)"):
            run(database, tmp_path / "out", *layers)
    places = {
        run_matrix(database, backbone="tiny", runs=1, probes=[READ], probe_layers=layers).path
        for layers in ((), ("0",), ("pooled",), ("0", "pooled"), ("pooled", "0"))
    }
    assert len(places) == 4


def test_a_run_without_layers_has_no_units(database: list[str], tmp_path: Path) -> None:
    done = run(database, tmp_path / "out")
    assert done.units.empty
    assert tuple(done.units.columns) == UNIT_COLUMNS
    assert not (done.path / "units.parquet").exists()
    assert not any("Zhou" in text for text in done.manifest["citations"])
    # As one from before there were layers.
    manifest = json.loads((done.path / MANIFEST).read_text())
    del manifest["request"]["probe_layers"]
    (done.path / MANIFEST).write_text(json.dumps(manifest))
    old = open_run(done.path)
    assert old.units.empty
    assert len(old.query("select * from responses")) == len(done.responses)
    assert not run(database, tmp_path / "out", "0").units.empty


# -- what is refused, before anything is computed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-p", READ, "--probe-layer", "poled"], "has no layer 'poled'; did you mean 'pooled'?"),
        (["-p", READ, "--probe-layer", "conv5"], "no layer 'conv5'; there are: 0, 1, pooled"),
        (["-p", READ, *["--probe-layer", "0"] * 2], "--probe-layer 0 is given 2 times"),
        (["--probe-layer", "0"], "--probe-layer 0 needs a probe to respond to; name one with -p"),
        (["-b", "alexnet", "-p", READ, "--probe-layer", "conv6"], "did you mean 'conv5'?"),
    ],
)
def test_layers_that_are_not_there(
    ccbench: Command,
    database: list[str],
    own_cache: Path,
    tmp_path: Path,
    arguments: list[str],
    sentence: str,
) -> None:
    start = ("matrix", "-d", database[0], "-b", "tiny", "--out", tmp_path / "out")
    assert sentence in ccbench(*start, *arguments).refusal
    assert not (tmp_path / "out").exists()
    assert not entries(own_cache, "faces")


@pytest.mark.usefixtures("no_pictures")
def test_the_command_measures_layers(ccbench: Command, database: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    start = ("matrix", "-d", database[0], "-b", "tiny", "--runs", 1, "--workers", 1, "-p", READ)
    done = ccbench(*start, "--out", out, "--probe-layer", "0", "--probe-layer", "pooled")
    assert done.code == 0, done.err
    assert set(open_run(out).units["layer"]) == {"0", "pooled"}


def extractor_of(module: torch.nn.Module, **more: Any) -> FeatureExtractor:
    return FeatureExtractor(
        module=module.eval(),
        input_size=8,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        feature_shape=(3, 8, 8),
        layer="last",
        layers=("last",),
        weights_digest="none",
        recipe="odd",
        **more,
    )


class Odd(torch.nn.Module):
    """Layers that give what they are told to."""

    def __init__(self, give: Any, times: int = 1) -> None:
        super().__init__()
        self.times = times
        self.idle = torch.nn.Identity()
        self.inner = Giving(give)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        for _ in range(self.times):
            self.inner(images)
        return images


class Giving(torch.nn.Module):
    def __init__(self, give: Any) -> None:
        super().__init__()
        self.give = give

    def forward(self, images: torch.Tensor) -> object:
        return self.give(images)


GENERATOR = torch.Generator().manual_seed(0)
MAP = torch.rand(2, 5, 4, 4, generator=GENERATOR)


@pytest.mark.parametrize(
    ("give", "expected"),
    [
        (lambda _: MAP, MAP.mean((2, 3))),
        (lambda _: MAP.permute(0, 2, 3, 1), MAP.mean((2, 3))),  # channels last, as some networks
        (lambda _: MAP.flatten(2).transpose(1, 2), MAP.mean((2, 3))),  # tokens
        (lambda _: MAP[:, :, 0, 0], MAP[:, :, 0, 0]),  # vectors
        (lambda _: MAP[:, :4].contiguous(), MAP[:, :4].mean((2, 3))),
        (lambda _: MAP.to(torch.float64), MAP.mean((2, 3))),
    ],
)
def test_positions_are_told_from_units(give: Any, expected: torch.Tensor) -> None:
    extractor = extractor_of(Odd(give))
    found = layer_means(extractor, [Layer("inner", "inner")], torch.zeros(2, 3, 8, 8))["inner"]
    assert found.dtype == torch.float32
    assert torch.allclose(found, expected.float(), atol=1e-6)


@pytest.mark.parametrize(
    ("module", "layer", "sentence"),
    [
        (Odd(lambda _: (MAP, MAP)), "inner", "'inner' gives 2 images an output that is a tuple"),
        (Odd(lambda _: torch.rand(8, 4, 6)), "inner", r"an output of shape \(8, 4, 6\), which"),
        (Odd(lambda _: torch.rand(2, 3, 4, 5)), "inner", r"of shape \(2, 3, 4, 5\), which"),
        (Odd(lambda _: torch.rand(2)), "inner", r"of shape \(2,\), which does not tell"),
        (Odd(lambda _: MAP, times=2), "inner", "'inner' runs more than once for an image"),
        (Odd(lambda _: MAP), "idle", "'idle' is not run on the way to the features"),
    ],
)
def test_layers_without_one_response_are_refused(
    module: torch.nn.Module, layer: str, sentence: str
) -> None:
    with pytest.raises(BackboneError, match=sentence):
        open_layers([layer], "odd", extractor_of(module), "cpu")
    # No hook is left behind.
    assert not cast(Any, module).inner._forward_hooks


def test_a_gpu_computes_layers_in_full_as_it_does_features() -> None:
    seen: list[bool] = []

    def look(*_: object) -> None:
        seen.append(torch.backends.cudnn.allow_tf32)

    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3))
    module.register_forward_pre_hook(look)
    layer_means(extractor_of(module), [Layer("0", "0")], torch.zeros(2, 3, 8, 8))
    assert seen == [False]
    assert torch.backends.cudnn.allow_tf32


def test_a_layer_changed_in_place_is_read_before(one_thread: None) -> None:
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(inplace=True))
    images = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    layers = [Layer("before", "0"), Layer("after", "1"), Layer("last", "")]
    found = layer_means(extractor_of(module), layers, images)
    with torch.inference_mode():
        plain = torch.nn.functional.conv2d(images, module[0].weight, module[0].bias)  # type: ignore[arg-type]
    assert torch.allclose(found["before"], plain.mean((2, 3)), atol=1e-6)
    assert torch.allclose(found["after"], plain.relu().mean((2, 3)), atol=1e-6)
    assert torch.equal(found["after"], found["last"])
    assert float(found["before"].min()) < 0


def test_an_extractor_from_before_there_were_layers_names_its_submodules() -> None:
    inner = torch.nn.Sequential(torch.nn.Identity())
    module = torch.nn.Sequential(inner, torch.nn.Identity())
    found = layer_submodules(extractor_of(module))
    assert found == {"0": "0", "0.0": "0.0", "1": "1", "last": ""}
    named = extractor_of(module, submodules={"block": "0", "last": ""})
    assert list(layer_submodules(named)) == ["block", "last"]


def test_a_long_list_of_layers_is_not_told_in_full() -> None:
    module = torch.nn.Sequential(*(torch.nn.Identity() for _ in range(99)))
    with pytest.raises(UnknownNameError) as refused:
        open_layers(["nonsense"], "odd", extractor_of(module), "cpu")
    assert "no layer 'nonsense'; there are 100: 0, 1, 2" in str(refused.value)
    assert str(refused.value).endswith("97, 98, last")
    assert len(str(refused.value)) < 200


def test_activations_that_are_not_finite_are_refused(
    database: list[str], own_cache: Path, tmp_path: Path
) -> None:
    class Broken:
        def __init__(self) -> None:
            self.card = load_plugins().backbone("tiny").card.model_copy(update={"name": "broken"})

        def load(self, device: str) -> FeatureExtractor:
            # Zero, the blank image, stays finite.
            odd = Odd(lambda images: images * float("inf") if images.any() else images)
            whole = torch.nn.Sequential(odd, torch.nn.AvgPool2d(4), torch.nn.Flatten())
            tiny = load_plugins().backbone("tiny").load(device)
            return FeatureExtractor(**{**vars(tiny), "module": whole.eval(), "recipe": "broken"})

    plugins = load_plugins()
    plugins.backbones.add("broken", Broken(), "test")
    with pytest.raises(CcbenchError, match=r"the layer '0\.inner' .* are not finite"):
        run(database, tmp_path / "out", "0.inner", backbone="broken", plugins=plugins)
    assert not entries(own_cache, "heads")
