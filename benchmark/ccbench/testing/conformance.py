"""What a plugin must keep to, as functions that raise ``AssertionError`` with the reason.

Call them from a plugin's own tests::

    from ccbench.testing import check_dataset

    def test_contract(folder_with_fake_photographs):
        check_dataset(MyDataset(), folder_with_fake_photographs)
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

from ccbench.features import normalise
from ccbench.interfaces import (
    GREY_ERROR,
    Backbone,
    Dataset,
    FeatureExtractor,
    GeneratedDataset,
    GeneratedProbe,
    Probe,
    ProbeSeries,
)
from ccbench.samples import SampleTable
from ccbench_registry import BackboneCard, DatasetCard, ProbeCard


def check_dataset(dataset: Dataset, root: Path) -> SampleTable:
    """Check that a dataset keeps to the contract on the photographs below ``root``.

    Returns:
        The table it gave.

    Raises:
        AssertionError: naming what does not hold.
    """
    assert isinstance(dataset, Dataset), f"{dataset!r} lacks a member of the Dataset interface"
    assert isinstance(dataset.card, DatasetCard), "card is not a DatasetCard"
    assert dataset.card.terms.licence, "the card states no licence"
    for name, text in dataset.options.items():
        assert isinstance(name, str), f"the option {name!r} is not a string"
        assert text, f"the option '{name}' has no line of help"
    table = dataset.samples(root, {})
    assert isinstance(table, SampleTable), f"samples() gave a {type(table).__name__}"
    assert len(table), "samples() gave no photograph"
    for sample in table:
        assert sample.path.is_file(), f"{sample.path} is not a file"
    undeclared = set(table.expressions) - set(dataset.card.expressions)
    assert not undeclared, f"the card does not list the expressions {sorted(undeclared)}"
    again = dataset.samples(root, {})
    assert again.rows == table.rows, "two calls of samples() gave different tables"
    return table


def check_generated(
    dataset: GeneratedDataset, scratch: Path, parts: Sequence[int] | None = None
) -> SampleTable:
    """Check that a dataset that makes its own photographs keeps to the contract.

    Args:
        dataset: the dataset.
        scratch: an empty folder, which takes each part twice.
        parts: which to make; the first and the last by default.

    Returns:
        The table of these parts' photographs.

    Raises:
        AssertionError: naming what does not hold.
    """
    assert isinstance(dataset, GeneratedDataset), f"{dataset!r} lacks a member of the interface"
    assert isinstance(dataset.recipe, str), "recipe is not a string"
    assert dataset.recipe, "recipe is empty; name what decides the pixels and a version of the code"
    assert isinstance(dataset.parts, int), f"parts is {dataset.parts!r}, not a whole number"
    assert dataset.parts >= 1, f"there are {dataset.parts} parts"
    chosen = sorted({0, dataset.parts - 1}) if parts is None else list(parts)
    whole, written = scratch / "whole", dict[str, bytes]()
    for part in chosen:
        files = _made(dataset, part, scratch / f"part-{part}")
        assert files, f"part {part} wrote no file"
        for name, data in files.items():
            assert name not in written, f"two parts write the file {name}"
            assert data, f"the file {name} is empty"
            (whole / name).parent.mkdir(parents=True, exist_ok=True)
            (whole / name).write_bytes(data)
        written |= files
    # In another order, as other processes may.
    again = dict[str, bytes]()
    for part in reversed(chosen):
        again |= _made(dataset, part, scratch / f"again-{part}")
    assert set(again) == set(written), "making the parts again gave other files"
    differ = sorted(name for name in written if written[name] != again[name])
    assert not differ, f"made again in another order, {differ[0]} has other bytes"
    table = check_dataset(dataset, whole)
    assert not table.unmatched, f"samples() cannot place {table.unmatched[0].name}"
    return table


def _made(dataset: GeneratedDataset, part: int, folder: Path) -> dict[str, bytes]:
    folder.mkdir(parents=True)
    dataset.generate(part, folder)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def check_backbone(backbone: Backbone, device: str = "cpu") -> None:
    """Check that a backbone keeps to the contract: frozen, deterministic, as promised.

    Raises:
        AssertionError: naming what does not hold.
    """
    import torch

    assert isinstance(backbone, Backbone), f"{backbone!r} lacks a member of Backbone"
    assert isinstance(backbone.card, BackboneCard), "card is not a BackboneCard"
    extractor = backbone.load(device)
    assert extractor.weights_digest, "weights_digest is empty"
    assert extractor.recipe, "recipe is empty; name the network and a version of its code"
    assert extractor.layer in extractor.layers, f"the layer {extractor.layer} is not in layers"
    unlisted = sorted(set(extractor.submodules) - set(extractor.layers))
    assert not unlisted, f"the layer {unlisted[0]} of submodules is not in layers"
    inner = {name for name, _ in extractor.module.named_modules(remove_duplicate=False)}
    for layer, name in extractor.submodules.items():
        assert name in inner, f"the module has no submodule '{name}' for the layer {layer}"
    assert not extractor.module.training, "the module is in training mode; call eval()"
    trainable = [n for n, p in extractor.module.named_parameters() if p.requires_grad]
    assert not trainable, f"not frozen: {trainable[:3]}"
    size = extractor.input_size
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 3, size, size, generator=generator).to(device)
    with torch.inference_mode():
        first, second = extractor.module(images), extractor.module(images)
    expected = (2, *extractor.feature_shape)
    assert tuple(first.shape) == expected, f"features are {tuple(first.shape)}, not {expected}"
    assert torch.equal(first, second), "the same images gave different features"
    assert bool(torch.isfinite(first).all()), "features are not finite"
    _check_grey(extractor, device)
    again = backbone.load(device).weights_digest
    assert again == extractor.weights_digest, "loading twice gave different weights"


def _check_grey(extractor: FeatureExtractor, device: str) -> None:
    """Check that the ways for grey faces lead where the module does."""
    import torch

    size = extractor.input_size
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, size, size), dtype=torch.uint8, generator=generator)
    for precision, grey in extractor.grey.items():
        assert precision in GREY_ERROR, f"grey has an unknown precision '{precision}'"
        with torch.inference_mode():
            expected = extractor.module(normalise(images.numpy(), extractor, device)).double()
            found, again = grey(images.to(device)), grey(images.to(device))
        assert found.shape == expected.shape, (
            f"grey gives features {tuple(found.shape)} in {precision}, the module "
            f"{tuple(expected.shape)}"
        )
        assert bool(torch.isfinite(found).all()), f"features of grey in {precision} are not finite"
        assert torch.equal(found, again), f"the same faces gave different features in {precision}"
        error = float((found.double() - expected).norm() / expected.norm())
        assert error <= GREY_ERROR[precision], (
            f"features of grey in {precision} are {error:.2%} away from the module's; at most "
            f"{GREY_ERROR[precision]:.2%} is allowed"
        )


def check_probe(probe: Probe, root: Path | None = None) -> None:
    """Check that a probe keeps to the contract.

    Raises:
        AssertionError: naming what does not hold.
    """
    assert isinstance(probe, Probe), f"{probe!r} lacks a member of the Probe interface"
    assert isinstance(probe.card, ProbeCard), "card is not a ProbeCard"
    assert 0 in probe.card.intensities, "the card's intensities lack 0, the null image"
    if root is None and isinstance(probe, GeneratedProbe):
        series = _generated(probe)
    else:
        series = probe.stimuli(root, {})
    units = {stimulus.action_unit for stimulus in series.stimuli if stimulus.intensity}
    assert units == set(probe.card.action_units), f"the stimuli show the action units {units}"
    for stimulus in series.stimuli:
        assert 0 <= stimulus.intensity <= 1, f"intensity {stimulus.intensity} outside 0..1"
        assert stimulus.pixels.dtype.name == "uint8", "pixels are not uint8"
    if root is not None or not isinstance(probe, GeneratedProbe):
        again = probe.stimuli(root, {})
        assert pickle.dumps(again.stimuli) == pickle.dumps(series.stimuli), "two calls differ"


def _generated(probe: GeneratedProbe) -> ProbeSeries:
    assert probe.recipe({}), "recipe is empty; name a version of what makes the images"
    assert probe.recipe({}) == probe.recipe({}), "two calls gave different recipes"
    parts = probe.parts({})
    assert parts, "there are no parts"
    assert len(set(parts)) == len(parts), "two parts have one name"
    # The last part first: it may not depend on what was made before.
    last = pickle.dumps(tuple(probe.generate(parts[-1], {})))
    made = [tuple(probe.generate(part, {})) for part in parts]
    assert pickle.dumps(made[-1]) == last, f"two calls differ in the part '{parts[-1]}'"
    return ProbeSeries.of([stimulus for part in made for stimulus in part])
