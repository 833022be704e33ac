"""What a plugin implements: datasets, backbones and probes.

All are structural (``typing.Protocol``): a plugin's class needs the members, not the
base class.  Nothing here imports torch at run time; plugins import it late.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar, runtime_checkable

from ccbench.samples import SampleTable
from ccbench_registry import BackboneCard, DatasetCard, ProbeCard

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

T_co = TypeVar("T_co", covariant=True)
Precision = Literal["float32", "bfloat16"]
"""In which a backbone's products are computed; sums are always in float32."""
GREY_ERROR: Mapping[Precision, float] = {"float32": 1e-4, "bfloat16": 5e-3}
"""How far features of :attr:`FeatureExtractor.grey` may be from those of the module: the
length of the difference over the length of the features, of several images together."""


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
    """A dataset that makes its own photographs (drawn or rendered): it needs no folder.

    They are made in independent parts, usually one a poser, by any number of processes and
    in any order; each part is kept as soon as it is finished.  A process that makes parts
    opens the dataset anew, by the name that the user gave.
    """

    @property
    def recipe(self) -> str:
        """Text that changes whenever the generated files would: it names their folder."""

    @property
    def parts(self) -> int:
        """In how many parts the photographs are made; at least 1."""

    def generate(self, part: int, directory: Path) -> None:
        """Write the files of one part.

        The same part gives the same bytes whatever was made before.  ``samples`` reads one
        folder with the files of all parts, so that no two parts may use one name.
        :func:`ccbench.datasets.write_image` writes a picture as it has to be.

        Args:
            part: 0 to :attr:`parts` - 1.
            directory: an empty folder; folders may be made in it.

        Raises:
            OSError: a file could not be written, for example because the disk is full.
        """


@dataclass(frozen=True)
class MimickedPhotograph:
    """One photograph of a folder that is laid out like a licensed database.

    Attributes:
        path: below the root, with forward slashes; .jpg, .jpeg, .png, .bmp or .tiff in any case.
        poser: who is shown: one text, one face.
        sex: "female" or "male".
        expression: canonical name, one of ``ccbench_registry.EXPRESSIONS`` or of
            ``ccbench_registry.OTHER_EXPRESSIONS``.
        width: pixels.
        height: pixels.
        session: another session is another picture of the poser with the same expression.
        yaw: degrees that the head is turned to the right of the picture; 90 is a profile.
        grey: one channel instead of three.
        flaw: "black" (nothing to see), "truncated" (ends half-way) or "empty" (0 bytes).
        strength: share of the full expression, above 0 to 1, for pictures of a sequence.
    """

    path: str
    poser: str
    sex: Literal["female", "male"]
    expression: str
    width: int
    height: int
    session: str = ""
    yaw: float = 0.0
    grey: bool = False
    flaw: Literal["", "black", "truncated", "empty"] = ""
    strength: float = 1.0


@runtime_checkable
class MimickedDataset(Dataset, Protocol):
    """A dataset that can describe its folder, so that a rendered one can stand in for it.

    Licensed photographs may not be passed on; with ``ccbench datasets mimic`` everybody can
    try the loader, and what it does about misnamed and damaged files.
    """

    def layout(self, posers: int, *, quirks: bool) -> Sequence[MimickedPhotograph]:
        """List the photographs of a folder with that many posers.

        Args:
            posers: at least 1, at most as many as the card says.
            quirks: whether misnamed, damaged and missing files are as in the distribution;
                posers who have some come first.
        """


@runtime_checkable
class MimickedTexts(MimickedDataset, Protocol):
    """A dataset whose folder has text files too, such as a table of what is shown."""

    def texts(self, posers: int, *, quirks: bool) -> Mapping[str, str]:
        """Return path below the root -> content; arguments as those of ``layout``."""


@dataclass(frozen=True)
class FeatureExtractor:
    """A frozen network, ready to turn images into features.

    Attributes:
        module: maps float32 (N, 3, S, S), normalised, to ``(N, *feature_shape)``; in
            evaluation mode, on the device asked for.
        input_size: S, pixels.
        mean: per channel, of pixel values scaled to 0..1.
        std: per channel, likewise.
        feature_shape: shape of one image's features.
        layer: name of the layer the features are taken from.
        layers: the layers whose responses can be asked for, in the network's order.
        weights_digest: changes whenever the weights do; part of every cache key.
        recipe: changes whenever the same weights would give other features: network and
            version of its code; part of every cache key.
        submodules: layer -> name of the submodule of ``module`` whose output it is ("" for
            ``module`` itself), as ``module.get_submodule`` takes it.  Without it every
            submodule is a layer of its own name, and ``layer`` the output of ``module``.
        grey: precision -> a faster way to the same features, from faces that are grey: maps
            uint8 (N, S, S), not normalised, on the device, to ``(N, *feature_shape)``, within
            :data:`GREY_ERROR` of what ``module`` gives.  The harness chooses the precision
            by the processor.  Without it the module is given three equal channels.
        averaged: whether ``module`` averages the units of ``layer`` over its positions because
            the user asked for it.
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
    submodules: Mapping[str, str] = field(default_factory=dict)
    grey: Mapping[Precision, Callable[[torch.Tensor], torch.Tensor]] = field(default_factory=dict)
    averaged: bool = False

    @property
    def features(self) -> int:
        """Number of features of one image."""
        return math.prod(self.feature_shape)

    @property
    def positions(self) -> Literal["averaged", "flattened", "none"]:
        """What became of the positions of the layer; "none" when its units have one value."""
        if self.averaged:
            return "averaged"
        return "flattened" if len(self.feature_shape) > 1 else "none"


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


@runtime_checkable
class OutlinedBackbone(Backbone, Protocol):
    """A backbone that can be looked at before its weights are fetched."""

    def outline(self) -> FeatureExtractor:
        """Return the network on the CPU, with weights at random unless they are at hand.

        ``ccbench backbones show`` reads layers and shapes off it; nothing is downloaded.
        """


@dataclass(frozen=True)
class Stimulus:
    """One image of a probe series.

    Attributes:
        identity: who is shown.
        action_unit: FACS number; 0 in the null image.
        intensity: 0 to 1; 0 in the null image.
        pixels: uint8 (height, width) or (height, width, 3) BGR.
        second_unit: a second action unit shown at the same intensity; 0 for none.
        texture: name of the skin texture, where the series has several; "" otherwise.
    """

    identity: str
    action_unit: int
    intensity: float
    pixels: NDArray[np.uint8]
    second_unit: int = 0
    texture: str = ""


@dataclass(frozen=True)
class ProbeSeries:
    """Stimuli with their factors, and where the null image of each identity is.

    Attributes:
        stimuli: the images.
        null: identity -> index of its null image in ``stimuli``.
        card: the probe's card with the action units and intensities of just this series,
            where a folder may have fewer than the probe's own card says.

    Raises:
        ValueError: an identity without a null image (action unit 0, intensity 0), or an index
            that is not one.
    """

    stimuli: Sequence[Stimulus]
    null: Mapping[str, int]
    card: ProbeCard | None = None

    def __post_init__(self) -> None:
        for identity in sorted({stimulus.identity for stimulus in self.stimuli}):
            index = self.null.get(identity)
            if index is None or not 0 <= index < len(self.stimuli):
                raise ValueError(f"the identity '{identity}' has no null image")
            stimulus = self.stimuli[index]
            if stimulus.identity != identity or stimulus.action_unit or stimulus.intensity:
                raise ValueError(f"image {index} is not the null image of '{identity}'")

    @classmethod
    def of(cls, stimuli: Sequence[Stimulus], card: ProbeCard | None = None) -> ProbeSeries:
        """Make a series; the null image of an identity is the one with action unit 0.

        Raises:
            ValueError: an identity with no null image, or with more than one.
        """
        null: dict[str, int] = {}
        for index, stimulus in enumerate(stimuli):
            if stimulus.action_unit == 0 and stimulus.intensity == 0:
                if stimulus.identity in null:
                    raise ValueError(f"the identity '{stimulus.identity}' has two null images")
                null[stimulus.identity] = index
        return cls(tuple(stimuli), null, card)


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
        """Read the images below ``root``, or make them.

        Args:
            root: the folder that the user gave; ``None`` without one.
            options: values of :attr:`options` that the user gave; names are checked.

        Raises:
            ccbench.exceptions.ProbeError: nothing usable, or a folder is needed.
        """


@runtime_checkable
class GeneratedProbe(Probe, Protocol):
    """A probe that makes its own images (drawn or rendered): it needs no folder.

    Its images are made in independent parts, so that processes can share the work, and kept
    in the cache.  ``stimuli`` is called only when the user gives a folder.
    """

    def recipe(self, options: Mapping[str, str]) -> str:
        """Return a text that changes whenever the images would: it names them in the cache.

        Raises:
            ccbench.exceptions.CcbenchError: an option with a value it cannot have.
        """

    def parts(self, options: Mapping[str, str]) -> Sequence[str]:
        """Name the parts, each once, in the order of the series."""

    def generate(self, part: str, options: Mapping[str, str]) -> Sequence[Stimulus]:
        """Make the images of one part.

        Called in any process and order; equal arguments give equal images.  A part need not
        hold the null images of its identities: each identity's is in exactly one part, with
        action unit 0.
        """


@dataclass(frozen=True)
class Family(Generic[T_co]):
    """Many items behind one prefix, e.g. ``timm:resnet18``.

    Attributes:
        prefix: the part before the colon.
        summary: one line for lists.
        example: a full name, e.g. "timm:resnet18".
        open: takes the part after the colon, returns the item; raises a
            ``CcbenchError`` when there is no such item.
        names: lists what may stand after the colon, for ``ccbench backbones list PATTERN``;
            ``None`` when that is without end.
    """

    prefix: str
    summary: str
    example: str
    open: Callable[[str], T_co]
    names: Callable[[], Sequence[str]] | None = None
