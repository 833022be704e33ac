"""What a plugin must keep to, as functions that raise ``AssertionError`` with the reason.

Call them from a plugin's own tests::

    from ccbench.testing import check_dataset

    def test_contract(folder_with_fake_photographs):
        check_dataset(MyDataset(), folder_with_fake_photographs)
"""

from __future__ import annotations

import pickle
from pathlib import Path

from ccbench.interfaces import Backbone, Dataset, Probe
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
    again = backbone.load(device).weights_digest
    assert again == extractor.weights_digest, "loading twice gave different weights"


def check_probe(probe: Probe, root: Path | None = None) -> None:
    """Check that a probe keeps to the contract.

    Raises:
        AssertionError: naming what does not hold.
    """
    assert isinstance(probe, Probe), f"{probe!r} lacks a member of the Probe interface"
    assert isinstance(probe.card, ProbeCard), "card is not a ProbeCard"
    assert 0 in probe.card.intensities, "the card's intensities lack 0, the null image"
    series = probe.stimuli(root, {})
    units = {stimulus.action_unit for stimulus in series.stimuli if stimulus.intensity}
    assert units == set(probe.card.action_units), f"the stimuli show the action units {units}"
    for stimulus in series.stimuli:
        assert 0 <= stimulus.intensity <= 1, f"intensity {stimulus.intensity} outside 0..1"
        assert stimulus.pixels.dtype.name == "uint8", "pixels are not uint8"
    again = probe.stimuli(root, {})
    assert pickle.dumps(again.stimuli) == pickle.dumps(series.stimuli), "two calls differ"
