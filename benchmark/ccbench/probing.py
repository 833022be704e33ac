"""The stimuli of a probe, through the cache: made once, cropped by their null image.

Of every identity the whole series is cropped by the face found in its null image, so that a
jaw that opens does not move the crop; mask and histogram are those of photographs (paper,
"Tuning to AUs").  From there on stimuli are faces like others: features of the untouched
view, and scores of every head.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ccbench.augmentation import PLAIN
from ccbench.cache import Cache, content_key
from ccbench.exceptions import ImageError, ProbeError
from ccbench.faces import SHARD, FaceTask, Photograph
from ccbench.features import BackboneIdentity, FeatureTask
from ccbench.interfaces import Stimulus
from ccbench.preprocessing import Box, FaceRecipe, face_crop, grey_from_bgr, standardise_in_box

RECIPE = "probe-1"
"""Version of everything in this module that changes numbers; part of every cache key."""
_LIST = "stimuli.json"
_FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1)


@dataclass(frozen=True)
class PartTask:
    """A part of a generated probe to make.

    Attributes:
        probe: name, to open it in a worker process.
        options: the user's, sorted.
        recipe: of the probe with these options.
        part: name of the part.
    """

    probe: str
    options: tuple[tuple[str, str], ...]
    recipe: str
    part: str

    @property
    def key(self) -> str:
        """The cache key."""
        return content_key("probes", code=RECIPE, **vars(self))


@dataclass(frozen=True)
class StoredStimulus:
    """A stimulus in the cache: its factors (see ``interfaces.Stimulus``) and where it lies.

    Attributes:
        size: (height, width), pixels.
        digest: hash of the pixels.
        path: the PNG file.
    """

    identity: str
    action_unit: int
    second_unit: int
    intensity: float
    texture: str
    size: tuple[int, int]
    digest: str
    path: Path

    @property
    def factors(self) -> tuple[str, int, int, float]:
        """What no two stimuli of a series share."""
        return self.identity, self.action_unit, self.second_unit, self.intensity

    def pixels(self) -> NDArray[np.uint8]:
        """Read the pixels, uint8 (height, width) or (height, width, 3) BGR."""
        data = np.frombuffer(self.path.read_bytes(), np.uint8)
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)


@dataclass(frozen=True)
class Series:
    """All stimuli of a probe, in order.

    Attributes:
        probe: name of the probe in the tables.
        stimuli: in the probe's order.
        null: identity -> index of its null image.
    """

    probe: str
    stimuli: tuple[StoredStimulus, ...]
    null: Mapping[str, int]

    @property
    def identities(self) -> tuple[str, ...]:
        """Who is shown, in order of first appearance."""
        return tuple(dict.fromkeys(stimulus.identity for stimulus in self.stimuli))

    @property
    def baseline(self) -> NDArray[np.intp]:
        """Of each stimulus the index of its identity's null image, (stimuli,)."""
        return np.array([self.null[stimulus.identity] for stimulus in self.stimuli], np.intp)


@dataclass(frozen=True)
class StimulusFaces:
    """Up to ``SHARD`` stimuli of one identity to standardise.

    Attributes:
        task: how they are named and found in the cache.
        box: the crop, from the identity's null image.
    """

    task: FaceTask
    box: Box


def stimuli_key(stimuli: Sequence[Stimulus]) -> str:
    """Return the cache key of images that were read: their pixels and factors, no paths."""
    return content_key("probes", code=RECIPE, images=[_describe(s) for s in stimuli])


def store_stimuli(
    probe: str, stimuli: Iterable[Stimulus], cache: Cache, key: str | None = None
) -> str:
    """Store images and their factors, unless they are there.

    Args:
        probe: its name, for errors.
        stimuli: the images.
        cache: where to.
        key: of the entry; that of :func:`stimuli_key` by default.

    Returns:
        The key.

    Raises:
        ProbeError: no image, or pixels or an intensity that cannot be used.
    """
    # A generator would be exhausted by the check.
    stimuli = tuple(stimuli)
    if not stimuli:
        raise ProbeError(f"the probe '{probe}' has no images")
    for stimulus in stimuli:
        _check(probe, stimulus)
    key = key or stimuli_key(stimuli)
    if cache.find("probes", key):
        return key
    with cache.create("probes", key) as folder:
        for index, stimulus in enumerate(stimuli):
            _, data = cv2.imencode(".png", stimulus.pixels, _FAST)
            (folder / _file(index)).write_bytes(data.tobytes())
        (folder / _LIST).write_text(json.dumps([_describe(stimulus) for stimulus in stimuli]))
    return key


def read_series(probe: str, keys: Sequence[str], cache: Cache) -> Series:
    """Put the stored parts of a probe together.

    Raises:
        ProbeError: an identity without or with two null images, an image of another size
            than its null image, or two images of one action unit and intensity.
    """
    stimuli: list[StoredStimulus] = []
    for key in keys:
        folder = cache.path("probes", key)
        for index, entry in enumerate(json.loads((folder / _LIST).read_text())):
            entry["size"] = tuple(entry["size"])
            stimuli.append(StoredStimulus(path=folder / _file(index), **entry))
    null: dict[str, int] = {}
    seen: set[tuple[str, int, int, float]] = set()
    for index, stimulus in enumerate(stimuli):
        if stimulus.action_unit == 0:
            if stimulus.identity in null:
                raise ProbeError(
                    f"the probe '{probe}' has two null images of '{stimulus.identity}'; leave one"
                )
            null[stimulus.identity] = index
        elif stimulus.factors in seen:
            raise ProbeError(f"the probe '{probe}' shows {describe(stimulus)} twice; leave one")
        seen.add(stimulus.factors)
    if not stimuli:
        raise ProbeError(f"the probe '{probe}' has no images")
    series = Series(probe, tuple(stimuli), null)
    for stimulus in stimuli:
        if stimulus.identity not in null:
            raise ProbeError(
                f"the probe '{probe}' has no null image of '{stimulus.identity}' (action unit 0, "
                f"intensity 0), which its responses are measured from"
            )
        height, width = stimuli[null[stimulus.identity]].size
        if stimulus.size != (height, width):
            raise ProbeError(
                f"the probe '{probe}' shows {describe(stimulus)} at {stimulus.size[1]} x "
                f"{stimulus.size[0]} pixels, its null image has {width} x {height}; all images "
                f"of an identity need one size, as they are cropped alike"
            )
    return series


def null_boxes(series: Series, recipe: FaceRecipe) -> dict[str, Box]:
    """Return the crop of each identity, found in its null image.

    Raises:
        ProbeError: no face in a null image (and the recipe takes no central square), or
            one that cannot be standardised.
    """
    boxes = {}
    for identity, index in series.null.items():
        box = face_crop(grey_from_bgr(series.stimuli[index].pixels()), recipe)
        if box is None:
            raise ProbeError(
                f"the probe '{series.probe}': no frontal face found in the null image of "
                f"'{identity}', by which its series is cropped; show the whole face, or give "
                f"--on-missing-face center"
            )
        boxes[identity] = box
    return boxes


def stimulus_faces(series: Series, recipe: FaceRecipe) -> list[StimulusFaces]:
    """Cut a series into units of work, identity by identity, in the order of ``identities``."""
    boxes, tasks = null_boxes(series, recipe), []
    for order in _by_identity(series):
        for start in range(0, len(order), SHARD):
            part = [series.stimuli[index] for index in order[start : start + SHARD]]
            box = boxes[part[0].identity]
            # The crop is no property of the image alone, so it is part of its name.
            names = [content_key("stimulus", code=RECIPE, image=s.digest, box=box) for s in part]
            photographs = tuple(Photograph(s.path, n) for s, n in zip(part, names, strict=True))
            tasks.append(StimulusFaces(FaceTask(photographs, recipe), box))
    return tasks


def feature_order(series: Series) -> NDArray[np.intp]:
    """Return, of each stimulus, its position in the features of :func:`stimulus_faces`."""
    order = [index for part in _by_identity(series) for index in part]
    return np.argsort(np.array(order, np.intp))


def make_stimulus_faces(faces: StimulusFaces, cache: Cache) -> None:
    """Standardise the stimuli of a task and store them, unless they are there.

    Raises:
        ProbeError: an image whose face region has a single grey level.
    """
    task = faces.task
    if cache.find("faces", task.key):
        return
    pixels, records = [], []
    for photograph in task.photographs:
        data = np.frombuffer(photograph.path.read_bytes(), np.uint8)
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
        try:
            face, clipped = standardise_in_box(grey_from_bgr(image), faces.box, task.recipe)
        except ImageError as error:
            raise ProbeError(f"the stimulus {photograph.path} cannot be used: {error}") from None
        pixels.append(face)
        records.append({"status": "ok", "detail": "", "box": faces.box, "clipped": clipped})
    with cache.create("faces", task.key) as folder:
        np.save(folder / "faces.npy", np.stack(pixels))
        (folder / "faces.json").write_text(json.dumps(records))


def stimulus_features(
    faces: Sequence[StimulusFaces], backbone: BackboneIdentity
) -> list[FeatureTask]:
    """Return the feature tasks of standardised stimuli: one untouched view each."""
    return [
        FeatureTask(
            (part.task,),
            tuple((0, row) for row in range(len(part.task.photographs))),
            (PLAIN,),
            backbone,
        )
        for part in faces
    ]


def describe(stimulus: Stimulus | StoredStimulus) -> str:
    """Say which image it is.

    >>> describe(Stimulus("p1", 12, 0.5, np.zeros((2, 2), np.uint8)))
    "AU12 of 'p1' at intensity 0.5"
    """
    if stimulus.action_unit == 0:
        return f"the null image of '{stimulus.identity}'"
    second = f"+{stimulus.second_unit}" if stimulus.second_unit else ""
    return (
        f"AU{stimulus.action_unit}{second} of '{stimulus.identity}' at intensity "
        f"{stimulus.intensity:g}"
    )


def null_distance(grey: NDArray[np.uint8], null: NDArray[np.uint8]) -> float:
    """Return the mean absolute difference of two grey images of one size, grey levels."""
    return float(np.abs(grey.astype(np.int16) - null).mean())


def not_growing(distances: Mapping[float, float]) -> list[float]:
    """Return the levels that differ from the null image no more than the one before.

    Args:
        distances: of one action unit, level above 0 -> distance from the null image.

    >>> not_growing({0.5: 2.0, 1.0: 1.9})
    [1.0]
    """
    values = [(0.0, 0.0), *sorted(distances.items())]
    return [now[0] for before, now in itertools.pairwise(values) if now[1] <= before[1]]


def _by_identity(series: Series) -> list[list[int]]:
    found: dict[str, list[int]] = {identity: [] for identity in series.identities}
    for index, stimulus in enumerate(series.stimuli):
        found[stimulus.identity].append(index)
    return list(found.values())


def _file(index: int) -> str:
    return f"{index:05}.png"


def _describe(stimulus: Stimulus) -> dict[str, object]:
    pixels = np.ascontiguousarray(stimulus.pixels)
    text = f"{pixels.dtype} {pixels.shape} ".encode()
    return {
        "identity": stimulus.identity,
        "action_unit": int(stimulus.action_unit),
        "second_unit": int(stimulus.second_unit),
        "intensity": float(stimulus.intensity),
        "texture": stimulus.texture,
        "size": pixels.shape[:2],
        "digest": hashlib.sha256(text + pixels.tobytes()).hexdigest(),
    }


def _check(probe: str, stimulus: Stimulus) -> None:
    pixels, where = stimulus.pixels, f"the probe '{probe}' gives {describe(stimulus)}"
    colours = pixels.shape[2:]
    if pixels.dtype != np.uint8 or pixels.ndim not in {2, 3} or colours not in {(), (3,)}:
        raise ProbeError(
            f"{where} as {pixels.dtype} {pixels.shape}; give uint8 (height, width) or "
            f"(height, width, 3)"
        )
    if not pixels.size:
        raise ProbeError(f"{where} without a pixel")
    if not (math.isfinite(stimulus.intensity) and 0 <= stimulus.intensity <= 1):
        raise ProbeError(f"{where}; intensities go from 0 to 1")
    if stimulus.action_unit == 0 and (stimulus.intensity or stimulus.second_unit):
        raise ProbeError(f"{where} with another intensity or unit; a null image shows none")
