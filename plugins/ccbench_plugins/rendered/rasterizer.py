"""Which triangle each pixel sees: a z-buffer in NumPy, without a loop over triangles.

Every triangle is cut at its middle vertex into at most two pieces with one left and one right
edge each; a piece becomes one *span* of pixels per row, and the spans become fragments, so that
only covered pixels are ever looked at. The nearest fragment of each pixel wins.

An edge crosses a row at a position computed from its upper and lower vertex alone, so the two
triangles that share it get the same bits and a mesh has no cracks, whatever the rounding. Spans
include their left and exclude their right end, rows likewise include the top: a pixel centre on
a shared edge belongs to one of the two triangles.

Edges and planes are in float64, what exists once per fragment in float32. All arithmetic is
elementwise and single-threaded: same input, same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from ccbench_plugins.rendered.errors import RenderError

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
Index = npt.NDArray[np.intp]

# Twice the area, in square pixels, below which a triangle has no usable plane.
MIN_DOUBLE_AREA = 1e-9
# ROTATIONS[j][k]: the corner in place j once corner k is first; turning keeps the orientation.
ROTATIONS = np.array([[0, 1, 2], [1, 2, 0], [2, 0, 1]])


@dataclass(frozen=True)
class Fragments:
    """The covered pixels of a frame, in reading order, and what each of them sees.

    Attributes:
        pixels: int32 (k,), ``y * width + x``, ascending, each at most once.
        triangle: int32 (k,), the row of ``triangles`` seen there.
        weights: float32 (k, 3), barycentric weights of its corners at the pixel's centre, in
            the order of that row; within [0, 1], their sum 1.
        depth: float32 (k,), interpolated depth.
    """

    pixels: I32
    triangle: I32
    weights: F32
    depth: F32

    def at(self, kept: Index) -> Fragments:
        """Return some of the pixels.

        Args:
            kept: (m,), rows of the arrays.
        """
        return Fragments(
            self.pixels.take(kept),
            self.triangle.take(kept),
            self.weights.take(kept, axis=0),
            self.depth.take(kept),
        )

    def interpolate(self, attributes: F32, triangles: I32) -> F32:
        """Return attributes of vertices at the pixels, float32 (k, d).

        Args:
            attributes: float32 (n, d).
            triangles: int32 (m, 3), those that were rasterized.
        """
        count = len(self.pixels)
        # A sparse product sums in the order of the corners, in one pass over the pixels.
        corners = triangles.take(self.triangle, axis=0).reshape(-1)
        ends = np.arange(0, 3 * count + 1, 3, dtype=np.int32)
        mixing = sp.csr_matrix(
            (self.weights.reshape(-1), corners, ends), shape=(count, len(attributes))
        )
        return np.asarray(mixing @ attributes, np.float32)


class _Corners(NamedTuple):
    """The m triangles that can show, as arrays (3, m): one row per corner."""

    triangle: Index  # (m,) rows of the caller's ``triangles``
    double_area: F64  # (m,) negative
    x: F64
    y: F64
    depth: F64
    row: I32  # the first row whose pixel centres are at or below the corner, within the frame


class _Spans(NamedTuple):
    """Runs of pixels of one row and one triangle; all (s,)."""

    owner: Index  # column of `_Corners`
    row: Index
    column: Index  # first pixel
    length: Index


def rasterize(xy: F32, depth: F32, triangles: I32, width: int, height: int) -> Fragments:
    """Return the nearest front-facing triangle at every covered pixel of a frame.

    A triangle faces the viewer when its corners run counter-clockwise on the screen. Triangles
    facing away and degenerate ones are skipped; those partly outside the frame are clipped. Of
    two triangles at exactly the same depth the later one is seen.

    Args:
        xy: (n, 2), pixels; x to the right, y down, pixel centres at whole numbers + 0.5.
        depth: (n,), larger is nearer; interpolated linearly on the screen.
        triangles: (m, 3), rows of ``xy``.
        width: of the frame, pixels.
        height: of the frame, pixels.

    Raises:
        RenderError: a position or depth is not finite.
        IndexError: ``triangles`` names a vertex that does not exist.
    """
    if not (np.isfinite(xy).all() and np.isfinite(depth).all()):
        raise RenderError(
            "a vertex of the face has no finite position or depth; "
            "use smaller intensities or a camera farther away"
        )
    corners = _visible_corners(xy, depth, triangles, width, height)
    spans = _spans(corners, width)
    return _nearest(corners, spans, width, height)


def _visible_corners(xy: F32, depth: F32, triangles: I32, width: int, height: int) -> _Corners:
    """Drop what cannot show: seen from behind, or between the pixel centres of the frame."""
    x, y = xy.T.astype(np.float64)
    row = _first_centre(y, height).astype(np.int32)
    column = _first_centre(x, width).astype(np.int32)
    vertex: Index = triangles.T.astype(np.intp)
    corner_x, corner_y = x.take(vertex), y.take(vertex)
    double_area = _cross(corner_x, corner_y)
    facing = np.flatnonzero(double_area < -MIN_DOUBLE_AREA)
    vertex = vertex.take(facing, axis=1)
    r, c = row.take(vertex), column.take(vertex)
    # Equal numbers at all corners: no row, or no column, of centres runs through the triangle.
    crossed = np.flatnonzero(((r[0] != r[1]) | (r[0] != r[2])) & ((c[0] != c[1]) | (c[0] != c[2])))
    kept = facing.take(crossed)
    return _Corners(
        triangle=kept,
        double_area=double_area.take(kept),
        x=corner_x.take(kept, axis=1),
        y=corner_y.take(kept, axis=1),
        depth=depth.astype(np.float64).take(vertex.take(crossed, axis=1)),
        row=r.take(crossed, axis=1),
    )


def _first_centre(position: F64, size: int) -> F64:
    """Return the first pixel whose centre is at or after each position, clipped to the frame."""
    pixel = np.ceil(position - 0.5)
    return np.clip(pixel, 0, size, out=pixel)


def _cross(x: F64, y: F64) -> F64:
    """Return twice the signed area of triangles (3, m); negative is counter-clockwise."""
    area: F64 = (x[1] - x[0]) * (y[2] - y[0]) - (y[1] - y[0]) * (x[2] - x[0])
    return area


def _spans(corners: _Corners, width: int) -> _Spans:
    """Cut the triangles into the runs of pixels they cover, ordered by triangle."""
    count = len(corners.triangle)
    x, y, row = corners.x - 0.5, corners.y - 0.5, corners.row
    # The topmost corner first. The triangles run counter-clockwise, so the second corner is then
    # on the left and the third on the right.
    top = np.where(y[1] < y[0], 1, 0)
    top[y[2] < np.minimum(y[0], y[1])] = 2
    place = ROTATIONS.take(top, axis=1) * count + np.arange(count)
    (xt, xl, xr), (yt, yl, yr), (rt, rl, rr) = x.take(place), y.take(place), row.take(place)
    left_first = yl < yr
    # Two pieces per triangle, above and below the middle corner: left edge, then right edge, each
    # as x and y of its upper end and slope dx/dy. A level edge has no slope, but no row either.
    with np.errstate(divide="ignore", invalid="ignore"):
        slope_left, slope_right = (xl - xt) / (yl - yt), (xr - xt) / (yr - yt)
        slope_low = (xr - xl) / (yr - yl)
    edges = np.empty((6, count, 2))
    for k, (left, low_left, right, low_right) in enumerate(
        ((xt, xl, xt, xr), (yt, yl, yt, yr), (slope_left, slope_low, slope_right, slope_low))
    ):
        edges[k, :, 0], edges[k + 3, :, 0] = left, right
        edges[k, :, 1] = np.where(left_first, low_left, left)
        edges[k + 3, :, 1] = np.where(left_first, right, low_right)
    middle = np.minimum(rl, rr)
    rows = _interleave(middle - rt, np.maximum(rl, rr) - middle)
    first_row = _interleave(rt, middle)

    piece, line = _expand(rows, first_row)
    start = _crossings(edges[:3], piece, line, width)
    stop = _crossings(edges[3:], piece, line, width)
    filled = np.flatnonzero(stop > start)
    start = start.take(filled)
    return _Spans(
        owner=piece.take(filled) >> 1,
        row=line.take(filled),
        column=start.astype(np.intp),
        length=(stop.take(filled) - start).astype(np.intp),
    )


def _interleave(even: I32, odd: I32) -> Index:
    """Return even[0], odd[0], even[1], odd[1], ..."""
    out = np.empty((len(even), 2), np.intp)
    out[:, 0], out[:, 1] = even, odd
    return out.ravel()


def _expand(length: Index, first: Index) -> tuple[Index, Index]:
    """Write out runs: for run i the numbers ``first[i] + 0 ... length[i] - 1``, and i itself."""
    run = np.repeat(np.arange(len(length)), length)
    number = (first - (np.cumsum(length) - length)).take(run)
    number += np.arange(len(run))
    return run, number


def _crossings(edge: F64, piece: Index, line: Index, width: int) -> F64:
    """Return the first column at or right of a piece's edge on each row, clipped to the frame.

    ``edge`` holds the pieces' edges as (3, triangles, 2): x and y of the upper end, and slope.
    """
    x, y, slope = edge.reshape(3, -1)
    column: F64 = line - y.take(piece)
    column *= slope.take(piece)
    column += x.take(piece)
    np.ceil(column, out=column)
    np.clip(column, 0, width, out=column)
    return column


def _planes(corners: _Corners) -> F64:
    """Return the second and third weight and the depth as planes, (3 values, 3, m).

    A plane is its change per column, its change per row, and its value at the first pixel.
    """
    x, y, depth = corners.x, corners.y, corners.depth
    planes = np.empty((3, 3, len(corners.triangle)))
    second, third, nearness = planes
    second[0], second[1] = y[2] - y[0], x[0] - x[2]
    third[0], third[1] = y[0] - y[1], x[1] - x[0]
    planes[:2, :2] *= 1.0 / corners.double_area
    planes[:2, 2] = planes[:2, 0] * (0.5 - x[0]) + planes[:2, 1] * (0.5 - y[0])
    np.multiply(second, depth[1] - depth[0], out=nearness)
    nearness += third * (depth[2] - depth[0])
    nearness[2] += depth[0]
    return planes


def _nearest(corners: _Corners, spans: _Spans, width: int, height: int) -> Fragments:
    """Expand spans to fragments and keep the nearest at each pixel."""
    # One value at the span's first pixel and one step per column, for each of the three planes.
    values, steps = np.empty((2, 3, len(spans.owner)), np.float32)
    for k, (per_column, per_row, origin) in enumerate(_planes(corners)):
        step = per_column.take(spans.owner)
        steps[k] = step
        step *= spans.column
        step += origin.take(spans.owner)
        step += per_row.take(spans.owner) * spans.row
        values[k] = step

    span, offset = _expand(spans.length, np.zeros_like(spans.length))
    pixel = (spans.row * width + spans.column).take(span)
    pixel += offset
    along: F32 = offset.astype(np.float32)
    depth = _along(values[2], steps[2], span, along)

    buffer = np.full(width * height, -np.inf, np.float32)
    np.maximum.at(buffer, pixel, depth)
    winner = np.flatnonzero(depth == buffer.take(pixel))
    seen = np.full(width * height, -1, np.intp)
    # Where several are equally near, the last assignment stays: the later triangle.
    seen[pixel.take(winner)] = winner
    covered = np.flatnonzero(seen >= 0)
    winner = seen.take(covered)

    span, along = span.take(winner), along.take(winner)
    weights = np.empty((len(winner), 3), np.float32)
    second = _along(values[0], steps[0], span, along)
    third = _along(values[1], steps[1], span, along)
    # Rounding may leave the triangle by a hair; the weights may not.
    np.clip(second, 0, 1, out=second)
    np.clip(third, 0, 1 - second, out=third)
    weights[:, 0] = 1 - second - third
    weights[:, 1] = second
    weights[:, 2] = third
    return Fragments(
        pixels=covered.astype(np.int32),
        triangle=corners.triangle.astype(np.int32).take(spans.owner).take(span),
        weights=weights,
        depth=buffer.take(covered),
    )


def _along(value: F32, step: F32, span: Index, along: F32) -> F32:
    """Return a plane's value at pixels given as a span and the columns since its start."""
    out: F32 = step.take(span)
    out *= along
    out += value.take(span)
    return out
