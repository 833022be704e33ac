"""Features: a naive loop over images gives the same, in half precision."""

from __future__ import annotations

import errno
import itertools
import json
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ccbench.augmentation import PLAIN, View, render_view
from ccbench.cache import Cache
from ccbench.exceptions import BackboneError, CacheError
from ccbench.faces import FaceTask, Photograph
from ccbench.features import (
    BackboneIdentity,
    FeatureTask,
    compute,
    feature_precision,
    make_features,
    normalise,
    one_ahead,
)
from ccbench.interfaces import FeatureExtractor, Precision
from ccbench.preprocessing import FaceRecipe
from ccbench.processor import BFLOAT16, bfloat16_instructions

SIZE = 16
VIEWS = (PLAIN, View(0.9, (2.0, -1.0), True), View(1.1, (0.0, 0.0), False))
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)


class Network(torch.nn.Module):
    """Two filters and pooling; multiplied, so that features can be made too large."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = torch.randn(2, 3, 3, 3, generator=generator)
        self.gain = gain
        self.batches: list[int] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.batches.append(len(images))
        maps = torch.nn.functional.conv2d(images, self.weight, stride=3)
        return torch.nn.functional.max_pool2d(maps, 2) * self.gain


def extractor(module: torch.nn.Module) -> FeatureExtractor:
    return FeatureExtractor(
        module, SIZE, MEAN, STD, (2, 2, 2), "pool", ("pool",), "digest-1", "pool-1"
    )


def faces(cache: Cache, count: int, seed: int = 0) -> tuple[FaceTask, NDArray[np.uint8]]:
    """Store random faces as a finished face task."""
    pixels = np.random.default_rng(seed).integers(0, 256, (count, SIZE, SIZE), np.uint8)
    task = FaceTask(
        tuple(Photograph(Path(f"{seed}-{i}.png"), f"digest-{seed}-{i}") for i in range(count)),
        FaceRecipe(SIZE, 120.0),
    )
    with cache.create("faces", task.key) as folder:
        np.save(folder / "faces.npy", pixels)
        (folder / "faces.json").write_text(json.dumps([]))
    return task, pixels


def task_of(cache: Cache, count: int = 30) -> tuple[FeatureTask, list[NDArray[np.uint8]]]:
    (one, first), (two, second) = faces(cache, count), faces(cache, 5, seed=1)
    # Out of order, over two face tasks, some left out.
    where = [(1, 4), *((0, row) for row in range(0, count, 2)), (1, 0), (0, 1)]
    identity = BackboneIdentity.of("mine", extractor(Network()), "cpu")
    pixels = [(first, second)[task][row] for task, row in where]
    return FeatureTask((one, two), tuple(where), VIEWS, identity), pixels


def naive(pixels: list[NDArray[np.uint8]], views: tuple[View, ...]) -> NDArray[np.float32]:
    """Return features of every face and view, one image at a time, in plain NumPy input."""
    network = Network()
    found = []
    for face in pixels:
        row = []
        for view in views:
            grey = render_view(face, view, 120.0).astype(np.float64) / 255
            planes = [(grey - mean) / std for mean, std in zip(MEAN, STD, strict=True)]
            image = torch.from_numpy(np.stack(planes)[None]).to(torch.float32)
            row.append(network(image).reshape(-1).numpy())
        found.append(row)
    return np.array(found, np.float32)


def stored(task: FeatureTask, cache: Cache) -> NDArray[np.float16]:
    found = cache.find("features", task.key)
    assert found is not None
    array: NDArray[np.float16] = np.load(found / "features.npy")
    return array


def test_features_equal_a_naive_loop_cast_to_half_precision() -> None:
    cache = Cache()
    task, pixels = task_of(cache)
    network = Network()
    make_features(task, cache, extractor(network), "cpu")
    array = stored(task, cache)
    expected = naive(pixels, VIEWS)
    assert array.shape == (18, 3, 8)
    assert array.dtype == np.float16
    # 18 photographs x 3 views are more than one batch; images of a batch do not mix.
    assert network.batches == [32, 22]
    # One unit of the last place of half precision: the sums may round across a boundary.
    assert np.allclose(array, expected.astype(np.float16), rtol=2**-10, atol=1e-6)
    assert np.mean(array == expected.astype(np.float16)) > 0.99
    assert np.ptp(expected) > 1


def test_the_stored_file_is_what_numpy_would_write(tmp_path: Path) -> None:
    cache = Cache()
    task, _ = task_of(cache)
    make_features(task, cache, extractor(Network()), "cpu")
    found = cache.find("features", task.key)
    assert found is not None
    np.save(tmp_path / "again.npy", np.load(found / "features.npy"))
    assert (found / "features.npy").read_bytes() == (tmp_path / "again.npy").read_bytes()


def test_nothing_is_computed_twice() -> None:
    cache = Cache()
    task, _ = task_of(cache, 4)
    network = Network()
    make_features(task, cache, extractor(network), "cpu")
    before = len(network.batches)
    make_features(task, cache, extractor(network), "cpu")
    assert len(network.batches) == before > 0


def test_the_same_features_whatever_else_is_in_the_list() -> None:
    cache = Cache()
    task, _ = task_of(cache)
    alone = replace(task, rows=task.rows[5:9])
    for one in (task, alone):
        make_features(one, cache, extractor(Network()), "cpu")
    assert np.array_equal(stored(alone, cache), stored(task, cache)[5:9])


def test_input_is_grey_in_three_channels_normalised() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE), np.uint8)
    before = images.copy()
    found = normalise(images, extractor(Network()), "cpu").numpy()
    assert found.shape == (4, 3, SIZE, SIZE)
    assert found.dtype == np.float32
    for channel in range(3):
        expected = (images / 255 - MEAN[channel]) / STD[channel]
        assert np.allclose(found[:, channel], expected, atol=1e-6)
    assert np.array_equal(images, before)


@pytest.mark.parametrize("gain", [float("nan"), float("inf"), 1e6])
def test_features_that_half_precision_cannot_hold_are_refused(gain: float) -> None:
    cache = Cache()
    task, _ = task_of(cache)
    with pytest.raises(BackboneError, match=r"'mine' gave features that are not finite"):
        make_features(task, cache, extractor(Network(gain)), "cpu")
    assert cache.find("features", task.key) is None
    assert not list(cache.root.rglob("features.npy"))


def test_a_backbone_that_breaks_its_promise_is_refused() -> None:
    cache = Cache()
    task, _ = task_of(cache)
    other = replace(task, backbone=replace(task.backbone, feature_shape=(2, 2)))
    with pytest.raises(BackboneError, match=r"gave 8 features an image.*promised 4"):
        make_features(other, cache, extractor(Network()), "cpu")
    assert cache.find("features", other.key) is None


class Grey:
    """A way for grey faces: the network's own features, doubled, so that they are told apart."""

    def __init__(self, gain: float = 2.0) -> None:
        self.gain = gain
        self.given: list[torch.Tensor] = []

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        self.given.append(images)
        three = normalise(images.numpy(), extractor(Network()), "cpu")
        return Network(self.gain).forward(three)


def in_precision(task: FeatureTask, precision: Precision) -> FeatureTask:
    return replace(task, backbone=replace(task.backbone, precision=precision))


def test_faces_take_the_way_for_grey_ones_in_the_precision_of_the_task() -> None:
    cache = Cache()
    task, pixels = task_of(cache)
    network, single, half = Network(), Grey(2.0), Grey(4.0)
    ways = replace(extractor(network), grey={"float32": single, "bfloat16": half})
    plain = naive(pixels, VIEWS)
    kinds: tuple[tuple[Precision, Grey], ...] = (("float32", single), ("bfloat16", half))
    for precision, way in kinds:
        chosen = in_precision(task, precision)
        make_features(chosen, cache, ways, "cpu")
        assert np.allclose(stored(chosen, cache), plain * way.gain, rtol=2**-10, atol=1e-5)
        assert [images.shape for images in way.given] == [(32, SIZE, SIZE), (22, SIZE, SIZE)]
        assert {images.dtype for images in way.given} == {torch.uint8}
    assert len(single.given) == len(half.given) == 2
    assert network.batches == []


def test_a_precision_that_the_backbone_does_not_offer_is_refused() -> None:
    cache = Cache()
    task = in_precision(task_of(cache)[0], "bfloat16")
    ways = replace(extractor(Network()), grey={"float32": Grey()})
    with pytest.raises(BackboneError, match=r"'mine' does not offer the precision bfloat16"):
        make_features(task, cache, ways, "cpu")
    assert cache.find("features", task.key) is None


@pytest.mark.parametrize("gain", [float("nan"), float("inf"), 1e6])
def test_grey_features_that_half_precision_cannot_hold_are_refused(gain: float) -> None:
    cache = Cache()
    task = task_of(cache)[0]
    ways = replace(extractor(Network()), grey={"float32": Grey(gain)})
    with pytest.raises(BackboneError, match=r"'mine' gave features that are not finite"):
        make_features(task, cache, ways, "cpu")
    assert cache.find("features", task.key) is None


def test_precision_is_chosen_by_the_processor_and_what_is_offered() -> None:
    both: tuple[Precision, ...] = ("float32", "bfloat16")
    assert feature_precision("cpu", {"avx512_bf16"}, both) == "bfloat16"
    assert feature_precision("cpu", set(), both) == "float32"
    assert feature_precision("cpu", {"avx512_bf16"}, both[:1]) == "float32"
    assert feature_precision("cpu", {"avx512_bf16"}, ()) == "float32"
    assert feature_precision("cuda", {"avx512_bf16"}, both) == "float32"


def test_instructions_are_those_that_linux_lists() -> None:
    listed = Path("/proc/cpuinfo")
    if not listed.is_file():
        pytest.skip("no list of the processor's instructions")
    flags = set(listed.read_text().split())
    assert bfloat16_instructions() == BFLOAT16 & flags


def test_the_identity_names_the_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = replace(extractor(Network()), grey={"float32": Grey(), "bfloat16": Grey()})
    for instructions, expected in (({"avx512_bf16"}, "bfloat16"), (set(), "float32")):
        monkeypatch.setattr(
            "ccbench.features.identity.bfloat16_instructions", lambda found=instructions: found
        )
        assert BackboneIdentity.of("mine", ways, "cpu").precision == expected
        assert BackboneIdentity.of("mine", ways, "cpu", "float32").precision == "float32"
        assert BackboneIdentity.of("mine", ways, "cuda:0").precision == "float32"
        assert BackboneIdentity.of("mine", extractor(Network()), "cpu").precision == "float32"


def test_memory_does_not_grow_with_the_number_of_photographs() -> None:
    cache = Cache()
    peaks = []
    for count in (200, 2000):
        face_task, _ = faces(cache, count, seed=count)
        backbone = BackboneIdentity.of("mine", extractor(Network()), "cpu")
        rows = tuple((0, row) for row in range(count))
        task = FeatureTask((face_task,), rows, VIEWS, backbone)
        assert task.key
        tracemalloc.start()
        make_features(task, cache, extractor(Network()), "cpu")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # All views of the larger task take 1.5 MB; the list of photographs in its key is text.
    assert peaks[1] - peaks[0] < 600_000
    assert len(stored(task, cache)) == 2000


def test_items_come_in_order_each_made_while_the_last_is_in_use() -> None:
    made: list[int] = []
    threads = set()

    def make() -> Iterator[int]:
        for item in range(5):
            threads.add(threading.current_thread())
            made.append(item)
            yield item

    used = []
    for item in one_ahead(make()):
        used.append(item)
        assert len(made) <= len(used) + 1
    assert used == [0, 1, 2, 3, 4]
    assert threading.current_thread() not in threads
    assert not any(thread.is_alive() for thread in threads)
    assert list(one_ahead(iter([]))) == []


def test_what_goes_wrong_ahead_is_raised_here() -> None:
    def make() -> Iterator[int]:
        yield 1
        raise BackboneError("no more")

    items = one_ahead(make())
    assert next(items) == 1
    with pytest.raises(BackboneError, match="no more"):
        next(items)
    before = threading.active_count()
    endless = one_ahead(itertools.count())
    assert [next(endless), next(endless)] == [0, 1]
    assert threading.active_count() == before + 1
    del endless
    assert threading.active_count() == before


def test_faces_are_drawn_ahead_for_a_gpu_only(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache()
    task, _ = task_of(cache)
    drawn_in = []
    draw = render_view

    def watched(face: NDArray[np.uint8], view: View, background: float) -> NDArray[np.uint8]:
        drawn_in.append(threading.current_thread() is threading.main_thread())
        return draw(face, view, background)

    monkeypatch.setattr(compute, "render_view", watched)
    make_features(task, cache, extractor(Network()), "cpu")
    assert set(drawn_in) == {True}
    drawn_in.clear()
    # Its features are computed here, so that the test needs no GPU.
    on_gpu = replace(task, backbone=replace(task.backbone, device="cuda"))
    make_features(on_gpu, cache, extractor(Network()), "cpu")
    assert set(drawn_in) == {False}
    assert np.array_equal(stored(on_gpu, cache), stored(task, cache))


def test_a_full_disk_is_an_error_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache()
    task, _ = task_of(cache)
    write = np.lib.format.write_array_header_1_0

    def full(*arguments: object) -> None:
        write(*arguments)  # type: ignore[arg-type]
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array_header_1_0", full)
    with pytest.raises(CacheError, match="No space left"):
        make_features(task, cache, extractor(Network()), "cpu")
    monkeypatch.undo()
    assert Cache(cache.root).find("features", task.key) is None


def test_the_key_is_of_contents_and_not_of_paths_or_names() -> None:
    task, _ = task_of(Cache())
    moved = tuple(
        replace(f, photographs=tuple(replace(p, path=Path("/far") / p.path) for p in f.photographs))
        for f in task.faces
    )
    assert replace(task, faces=moved).key == task.key
    assert replace(task, backbone=replace(task.backbone, name="timm:x@/w.pth")).key == task.key
    # The same photographs found in other face tasks.
    swapped = replace(
        task, faces=task.faces[::-1], rows=tuple((1 - face, row) for face, row in task.rows)
    )
    assert swapped.key == task.key


def test_the_key_depends_on_everything_that_changes_features() -> None:
    task, _ = task_of(Cache())
    first = task.faces[0].photographs[0]
    changed = replace(
        task.faces[0], photographs=(replace(first, digest="x"), *task.faces[0].photographs[1:])
    )
    recipe = replace(task.faces[0], recipe=FaceRecipe(SIZE, 121.0))
    backbone = task.backbone
    keys = {
        task.key,
        replace(task, views=VIEWS[:2]).key,
        replace(task, views=VIEWS[::-1]).key,
        replace(task, rows=task.rows[::-1]).key,
        replace(task, faces=(changed, task.faces[1])).key,
        replace(task, faces=(recipe, task.faces[1])).key,
        replace(task, backbone=replace(backbone, weights="other")).key,
        replace(task, backbone=replace(backbone, layer="other")).key,
        replace(task, backbone=replace(backbone, device="cuda")).key,
        replace(task, backbone=replace(backbone, precision="bfloat16")).key,
        replace(task, backbone=replace(backbone, mean=(0.0, 0.0, 0.0))).key,
        replace(task, backbone=replace(backbone, std=(1.0, 1.0, 1.0))).key,
        replace(task, backbone=replace(backbone, input_size=32)).key,
    }
    assert len(keys) == 13


def test_all_gpus_are_one_device() -> None:
    two = BackboneIdentity.of("mine", extractor(Network()), "cuda:1")
    assert two.device == "cuda"
    assert two.features == 8
