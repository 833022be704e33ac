"""From a photograph to a standardised face (paper, "Image database").

Colour -> grey -> face detection -> square crop -> mean 128, SD 32 inside an oval -> oval
mask with a smooth edge, 224 x 224.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ccbench.exceptions import CcbenchError, ImageError

RECIPE = "face-1"
"""Version of everything in this module that changes pixels; part of every cache key."""

Grey = NDArray[np.uint8]
Box = tuple[float, float, float]
"""Centre x, centre y and side of a square, pixels."""

_BLACK_MEAN = 10.0
_LONGEST = 20
"""Longest side in units of the shortest; to look for a face in a thinner strip, it would have
to be enlarged beyond what fits in memory."""


@dataclass(frozen=True)
class FaceRecipe:
    """How a face is standardised.

    Attributes:
        size: side of the result, pixels.
        mean: grey level that the face's mean is shifted to.
        sd: grey level that the face's SD is scaled to.
        crop: side of the crop in units of the detected box.
        center_missing: take the central square where no face is found.
    """

    size: int = 224
    mean: float = 128.0
    sd: float = 32.0
    crop: float = 1.1
    center_missing: bool = False


@dataclass(frozen=True)
class StandardFace:
    """A standardised face and how it came about.

    Attributes:
        pixels: uint8 (size, size), or ``None`` when the photograph is left out.
        status: "ok", "retried" (found with looser settings), "centered" (no face found,
            central square taken), "no face", "black" or "unreadable".
        detail: a sentence for the quality table, or "".
        box: the crop, pixels of the photograph; ``None`` without one.
        clipped: fraction of the oval's pixels clipped to 0 or 255.
    """

    pixels: Grey | None
    status: str
    detail: str = ""
    box: Box | None = None
    clipped: float = 0.0


def decode_grey(data: bytes) -> Grey:
    """Decode an image file to 8-bit grey (ITU-R 601 luma).

    16-bit images are scaled to 8, CMYK and palette images converted, transparency is laid
    over mid grey, and the EXIF orientation is applied.

    Args:
        data: the bytes of the file.

    Returns:
        uint8 (height, width).

    Raises:
        ImageError: empty, truncated, animated, or no image at all.
    """
    if not data:
        raise ImageError("the file is empty (0 bytes)")
    try:
        with warnings.catch_warnings():
            # What Pillow has to say about odd but readable files is of no use to the user.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _to_grey(_open_still(data))
    except (ImageError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise ImageError("not an image that can be read") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError("too large to decode; save it smaller") from None
    except Exception as error:  # Pillow's decoders raise errors of many kinds on damaged files
        raise ImageError(f"damaged or truncated ({error})") from None


def _open_still(data: bytes) -> Image.Image:
    """Open and load an image that is not animated, turned upright."""
    image: Image.Image = Image.open(io.BytesIO(data))
    frames = getattr(image, "n_frames", 1)
    # Cameras store a small preview behind the photograph: a JPEG of the kind MPO.
    if frames > 1 and image.format != "MPO":
        raise ImageError(f"an animation of {frames} frames; save the wanted frame alone")
    if max(image.size) > _LONGEST * min(image.size):
        raise ImageError(f"a strip of {image.width} x {image.height} pixels cannot show a face")
    image.load()
    return ImageOps.exif_transpose(image)


def _to_grey(image: Image.Image) -> Grey:
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        values = np.asarray(image, dtype=np.float64)
        if not (values.min() >= 0 and values.max() <= 65535):
            raise ImageError("grey values outside 0..65535; save it as 8 or 16 bit")
        if values.max() < 4096:
            raise ImageError(
                f"16-bit or floating-point grey values only up to {values.max():g}; stretch them "
                f"to 0..65535 or save it as 8 bit"
            )
        # It is a 16-bit image: white is 65535, which becomes 255.
        return np.round(values / 257.0).astype(np.uint8)
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (128, 128, 128, 255))
        image = Image.alpha_composite(ground, image)
    if image.mode == "LAB":
        image = image.getchannel("L")
    if image.mode != "L":
        image = image.convert("RGB").convert("L")
    return np.asarray(image, dtype=np.uint8)


@cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    path = _CASCADES / f"haarcascade_frontalface_{name}.xml"
    # Read by Python: on Windows OpenCV opens no file below a folder such as C:\\Users\\Jörg.
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CcbenchError(
            f"OpenCV's face detector cannot be read ({path}: {error.strerror}); install "
            f"opencv-python below version 5 anew"
        ) from None
    storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
    cascade = cv2.CascadeClassifier()
    cascade.read(storage.getFirstTopLevelNode())
    return cascade


_CASCADES = Path(cv2.__file__).parent / "data"
_DETECTION_SIDE = 300
_PADDING = 0.2
_Attempt = tuple[str, float, int, float]
_ATTEMPTS: tuple[_Attempt, ...] = (
    # cascade, scale step, neighbours, smallest face in units of the image's shorter side;
    # loose settings see faces in skin folds, so they must find a larger one
    ("default", 1.1, 5, 0.25),
    ("alt2", 1.1, 3, 0.3),
    ("alt2", 1.05, 2, 0.4),
    ("default", 1.05, 2, 0.5),
)


def find_face(grey: Grey) -> tuple[Box, int] | None:
    """Find the largest frontal face with OpenCV's Haar cascades.

    The image is scaled to 300 px and its border repeated by a fifth, so that faces that
    touch the border are found whole.  The first attempt has OpenCV's stock settings; later
    ones are looser.

    Args:
        grey: uint8 (height, width).

    Returns:
        The box and the index of the attempt that found it (0: stock settings), or
        ``None``.
    """
    height, width = grey.shape
    scale = _DETECTION_SIDE / min(height, width)
    side = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    image = cv2.resize(grey, side, interpolation=shrink)
    pad = round(_PADDING * _DETECTION_SIDE)
    image = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    for index, (name, step, neighbours, size) in enumerate(_ATTEMPTS):
        smallest = round(size * _DETECTION_SIDE)
        found = _cascade(name).detectMultiScale(
            image, scaleFactor=step, minNeighbors=neighbours, minSize=(smallest, smallest)
        )
        if len(found):
            # Ties are broken by position, so that the choice never depends on their order.
            x, y, w, h = max((tuple(map(int, box)) for box in found), key=lambda b: (b[2], b))
            return ((x - pad + w / 2) / scale, (y - pad + h / 2) / scale, w / scale), index
    return None


@cache
def oval(size: int) -> NDArray[np.float32]:
    """Return the oval mask: 1 inside, 0 outside, with a smooth edge; (size, size)."""
    centre = (size - 1) / 2
    y, x = np.mgrid[:size, :size]
    radius = np.hypot((x - centre) / (0.40 * size), (y - centre) / (0.49 * size))
    mask: NDArray[np.float32] = (1 / (1 + np.exp((radius - 1) * 25))).astype(np.float32)
    return mask


def crop_square(grey: Grey, box: Box, size: int) -> NDArray[np.float32]:
    """Cut a square out of an image and resize it; outside pixels repeat the border.

    Bicubic with a support that grows when shrinking (no aliasing): a face is equally sharp
    whatever the resolution of its photograph, which would otherwise tell databases apart.

    Args:
        grey: uint8 (height, width).
        box: the square, in pixels from the image's upper left corner.
        size: side of the result, pixels.

    Returns:
        float32 (size, size), grey levels.
    """
    x, y, side = box
    height, width = grey.shape
    left, top = x - side / 2, y - side / 2
    outside = max(0.0, -left, -top, left + side - width, top + side - height)
    pad = math.ceil(outside)
    if pad:
        padded = cv2.copyMakeBorder(grey, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
        grey = np.asarray(padded, dtype=np.uint8)
    corner = (left + pad, top + pad, left + pad + side, top + pad + side)
    image = Image.fromarray(grey).convert("F")
    resized = image.resize((size, size), Image.Resampling.BICUBIC, box=corner)
    return np.asarray(resized, dtype=np.float32)


def equalise(face: NDArray[np.float32], mean: float, sd: float) -> tuple[Grey, float]:
    """Set mean and SD inside the oval, fill the outside with the mean.

    Args:
        face: float32 (size, size), grey levels.
        mean: wanted mean, grey levels.
        sd: wanted standard deviation, grey levels.

    Returns:
        The face, uint8 (size, size), and the fraction of the oval's pixels clipped.
    """
    mask = oval(face.shape[0])
    inside = mask > 0.5
    values = face[inside].astype(np.float64)
    spread = values.std()
    if spread < 1e-6:
        raise ImageError("the face region has a single grey level")
    scaled = (face.astype(np.float64) - values.mean()) / spread * sd + mean
    clipped = float(np.mean((scaled[inside] < 0) | (scaled[inside] > 255)))
    blended = np.clip(scaled, 0, 255) * mask + mean * (1 - mask)
    return np.round(blended).astype(np.uint8), clipped


def standardise(data: bytes, recipe: FaceRecipe) -> StandardFace:
    """Turn the bytes of a photograph into a standardised face.

    Never raises for a bad photograph: the status says what happened, so that the caller
    can report all of them at once.

    Args:
        data: the bytes of the image file.
        recipe: what to make of it.
    """
    try:
        grey = decode_grey(data)
    except ImageError as error:
        return StandardFace(None, "unreadable", str(error))
    if grey.mean() < _BLACK_MEAN:
        return StandardFace(None, "black", f"mean grey level {grey.mean():.1f} of 255")
    return _standardise_grey(grey, recipe, find_face)


def standardise_in_box(grey: Grey, box: Box, recipe: FaceRecipe) -> tuple[Grey, float]:
    """Crop by a given box, equalise and mask: for images whose face is known to be there.

    Args:
        grey: uint8 (height, width).
        box: the crop, as in :attr:`StandardFace.box`.
        recipe: what to make of it.

    Returns:
        The face, uint8 (size, size), and the fraction of the oval's pixels clipped.

    Raises:
        ImageError: the face region has a single grey level.
    """
    return equalise(crop_square(grey, box, recipe.size), recipe.mean, recipe.sd)


def face_crop(grey: Grey, recipe: FaceRecipe) -> Box | None:
    """Return the crop that :func:`standardise` takes of this image; ``None`` without a face."""
    located = _locate(grey, recipe, find_face)
    return located[0] if located else None


def grey_from_bgr(pixels: NDArray[np.uint8]) -> Grey:
    """Turn uint8 (height, width) or (height, width, 3) BGR to grey, as :func:`decode_grey`."""
    if pixels.ndim == 2:
        return pixels
    return _to_grey(Image.fromarray(np.ascontiguousarray(pixels[:, :, ::-1])))


def _locate(
    grey: Grey, recipe: FaceRecipe, finder: Callable[[Grey], tuple[Box, int] | None]
) -> tuple[Box, str, str] | None:
    """Return the crop, the status and a sentence; ``None`` where there is none to take."""
    found = finder(grey)
    if found is not None:
        (x, y, side), attempt = found
        status = "ok" if attempt == 0 else "retried"
        detail = "" if attempt == 0 else "found with looser settings"
        return (x, y, side * recipe.crop), status, detail
    if not recipe.center_missing:
        return None
    height, width = grey.shape
    centre: Box = (width / 2, height / 2, float(min(height, width)))
    return centre, "centered", "no frontal face found; the central square was taken"


def _standardise_grey(
    grey: Grey, recipe: FaceRecipe, finder: Callable[[Grey], tuple[Box, int] | None]
) -> StandardFace:
    located = _locate(grey, recipe, finder)
    if located is None:
        return StandardFace(None, "no face", "no frontal face found")
    box, status, detail = located
    try:
        pixels, clipped = standardise_in_box(grey, box, recipe)
    except ImageError as error:
        return StandardFace(None, "unreadable", str(error))
    return StandardFace(pixels, status, detail, box, clipped)
