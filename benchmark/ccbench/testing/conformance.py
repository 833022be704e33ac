"""What a plugin must keep to, as functions that raise ``AssertionError`` with the reason.

Call them from a plugin's own tests::

    from ccbench.testing import check_dataset

    def test_contract(folder_with_fake_photographs):
        check_dataset(MyDataset(), folder_with_fake_photographs)

``ccbench plugins check NAME`` looks at the same rules and prints what comes out of each.
What an item itself raises is raised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ccbench.interfaces import Backbone, Dataset, GeneratedDataset, GeneratedProbe, Probe
from ccbench.samples import SampleTable
from ccbench.testing.backbone_rules import BACKBONE, BackboneCase
from ccbench.testing.dataset_rules import DATASET, GENERATED, DatasetCase, MadeCase
from ccbench.testing.probe_rules import GENERATED_PROBE, PROBE, MadeProbeCase, ProbeCase


def check_dataset(
    dataset: Dataset, root: Path, options: Mapping[str, str] | None = None
) -> SampleTable:
    """Check that a dataset keeps to the contract on the photographs below ``root``.

    Returns:
        The table it gave.

    Raises:
        AssertionError: naming what does not hold.
    """
    case = DatasetCase(dataset, root, options or {})
    DATASET.insist(case)
    return case.table


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
    case = MadeCase(dataset, scratch, parts)
    GENERATED.insist(case)
    return case.table


def check_backbone(backbone: Backbone, device: str = "cpu") -> None:
    """Check that a backbone keeps to the contract: frozen, deterministic, as promised.

    Raises:
        AssertionError: naming what does not hold.
    """
    BACKBONE.insist(BackboneCase(backbone, device))


def check_probe(
    probe: Probe, root: Path | None = None, options: Mapping[str, str] | None = None
) -> None:
    """Check that a probe keeps to the contract.

    Args:
        probe: the probe.
        root: the folder of its images; without it a probe that makes them makes all.
        options: for reading or making them.

    Raises:
        AssertionError: naming what does not hold.
    """
    if root is None and isinstance(probe, GeneratedProbe):
        GENERATED_PROBE.insist(MadeProbeCase(probe, None, options or {}))
    else:
        PROBE.insist(ProbeCase(probe, root, options or {}))
