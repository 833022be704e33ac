"""What a plugin implements: datasets, backbones and probes.

All are structural (``typing.Protocol``): a plugin's class needs the members, not the
base class.  Nothing here imports torch at run time; plugins import it late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, runtime_checkable

from ccbench.samples import SampleTable
from ccbench_registry import BackboneCard, DatasetCard, ProbeCard

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

T_co = TypeVar("T_co", covariant=True)
Progress = Callable[[int, int], None]
"""Called with (done, total)."""


@runtime_checkable
class Dataset(Protocol):
    """A database of posed facial expressions.

    The plugin says which file shows whom with which expression; pixels are read by the
    harness.
    """

    @property
    def card(self) -> DatasetCard:
        """What the database is, its terms and its citations."""

    @property
    def options(self) -> Mapping[str, str]:
        """Options a user may give, name -> one line of help: ``-d 'NAME[option=value]=ROOT'``."""

    def samples(self, root: Path, options: Mapping[str, str]) -> SampleTable:
        """List the photographs below ``root``.

        Args:
            root: the folder (or manifest file) that the user gave.
            options: values of :attr:`options` that the user gave; names are checked.

        Raises:
            ccbench.exceptions.DatasetError: nothing usable, or something ambiguous.
        """


@runtime_checkable
class GeneratedDataset(Dataset, Protocol):
    """A dataset that makes its own photographs (drawn or rendered): it needs no folder."""

    @property
    def recipe(self) -> str:
        """Text that changes whenever the generated files would: it names their folder."""

    def generate(self, directory: Path, progress: Progress) -> None:
        """Write the files into the empty folder ``directory``."""


@dataclass(frozen=True)
class FeatureExtractor:
    """A frozen network, ready to turn images into features.

    Attributes:
        module: maps float32 (N, 3, S, S), normalised, to (N, *feature_shape); in
            evaluation mode, on the device asked for.
        input_size: S, pixels.
        mean: per channel, of pixel values scaled to 0..1.
        std: per channel, likewise.
        feature_shape: shape of one image's features.
        layer: name of the layer the features are taken from.
        layers: the layers that the module names.
        weights_digest: changes whenever the weights do; part of every cache key.
        recipe: changes whenever the same weights would give other features: network and
            version of its code; part of every cache key.
    """

    module: torch.nn.Module
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    feature_shape: tuple[int, ...]
    layer: str
    layers: tuple[str, ...]
    weights_digest: str
    recipe: str


@runtime_checkable
class Backbone(Protocol):
    """A pretrained network whose activations are the features."""

    @property
    def card(self) -> BackboneCard:
        """What the network is and where its weights come from."""

    def load(self, device: str) -> FeatureExtractor:
        """Load the weights and return the extractor on ``device`` ("cpu", "cuda", ...).

        Raises:
            ccbench.exceptions.BackboneError: no such weights, or not the expected ones.
        """


@dataclass(frozen=True)
class Stimulus:
    """One image of a probe series.

    Attributes:
        identity: who is shown.
        action_unit: FACS number; 0 in the null image.
        intensity: 0 to 1; 0 in the null image.
        pixels: uint8 (height, width) or (height, width, 3) BGR.
    """

    identity: str
    action_unit: int
    intensity: float
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class ProbeSeries:
    """Stimuli with their factors, and where the null image of each identity is.

    Attributes:
        stimuli: the images.
        null: identity -> index of its null image in ``stimuli``.

    Raises:
        ValueError: an identity without a null image, or an index that is not one.
    """

    stimuli: Sequence[Stimulus]
    null: Mapping[str, int]

    def __post_init__(self) -> None:
        for identity in sorted({stimulus.identity for stimulus in self.stimuli}):
            index = self.null.get(identity)
            if index is None or not 0 <= index < len(self.stimuli):
                raise ValueError(f"the identity '{identity}' has no null image")
            stimulus = self.stimuli[index]
            if stimulus.identity != identity or stimulus.intensity != 0:
                raise ValueError(f"image {index} is not the null image of '{identity}'")


@runtime_checkable
class Probe(Protocol):
    """A series of stimuli in which action units vary one at a time."""

    @property
    def card(self) -> ProbeCard:
        """Which action units and intensities, and whose work it is."""

    @property
    def options(self) -> Mapping[str, str]:
        """Options a user may give, name -> one line of help."""

    def stimuli(self, root: Path | None, options: Mapping[str, str]) -> ProbeSeries:
        """Read the images below ``root``, or render them."""


@dataclass(frozen=True)
class Family(Generic[T_co]):
    """Many items behind one prefix, e.g. ``timm:resnet18``.

    Attributes:
        prefix: the part before the colon.
        summary: one line for lists.
        example: a full name, e.g. "timm:resnet18".
        open: takes the part after the colon, returns the item; raises a
            ``CcbenchError`` when there is no such item.
    """

    prefix: str
    summary: str
    example: str
    open: Callable[[str], T_co]
