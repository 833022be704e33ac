"""Catmull-Clark subdivision as a sparse matrix (Catmull & Clark, 1978)."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


def catmull_clark(quads: NDArray[np.int32], count: int) -> tuple[sp.csr_matrix, NDArray[np.int32]]:
    """Return the matrix that refines a mesh of quads once, and the refined quads.

    Boundary edges and vertices follow the cubic B-spline rule; vertices of no quad stay.

    Args:
        quads: int32 (m, 4).
        count: number of vertices, n.

    Returns:
        float32 (n + edges + m, n): old vertices, then edge points, then face points; and
        int32 (4 m, 4), the four quads of each old one, one after the other.
    """
    faces = len(quads)
    ends = np.sort(np.stack([quads, np.roll(quads, -1, 1)], -1).reshape(-1, 2), axis=1)
    edges, inverse = np.unique(ends, axis=0, return_inverse=True)
    of_face = inverse.reshape(faces, 4)
    number = len(edges)
    boundary = np.bincount(of_face.ravel(), minlength=number) != 2
    face_row = np.repeat(np.arange(faces), 4)
    edge_row = np.repeat(np.arange(number), 2)

    def sparse(
        values: float, rows: object, columns: object, shape: tuple[int, int]
    ) -> sp.csr_matrix:
        data = np.full(len(np.asarray(rows)), values)
        return sp.csr_matrix((data, (rows, columns)), shape=shape)

    face_points = sparse(0.25, face_row, quads.ravel(), (faces, count))
    middles = sparse(0.5, edge_row, edges.ravel(), (number, count))
    beside = sparse(0.25, of_face.ravel(), face_row, (number, faces)) @ face_points
    inside = sp.diags((~boundary).astype(float))
    edge_points = inside @ (0.5 * middles + beside) + sp.diags(boundary.astype(float)) @ middles

    valence = np.bincount(edges.ravel(), minlength=count).astype(float)
    faces_at = np.bincount(quads.ravel(), minlength=count).astype(float)
    faces_around = sparse(1.0, quads.ravel(), face_row, (count, faces)) @ face_points
    edges_around = sparse(1.0, edges.ravel(), edge_row, (count, number)) @ middles
    identity = sp.identity(count, format="csr")
    degree = np.maximum(valence, 1)
    smooth = (
        sp.diags(1 / (np.maximum(faces_at, 1) * degree)) @ faces_around
        + sp.diags(2 / degree**2) @ edges_around
        + sp.diags((degree - 3) / degree) @ identity
    )
    rim = edges[boundary]
    at_rim = np.zeros(count, bool)
    at_rim[rim.ravel()] = True
    rim_rows = np.repeat(np.flatnonzero(boundary), 2)
    rim_middles = sparse(1.0, rim.ravel(), rim_rows, (count, number)) @ middles
    rim_count = np.maximum(np.bincount(rim.ravel(), minlength=count), 1)
    along_rim = sp.diags(0.5 / rim_count) @ rim_middles + 0.5 * identity
    alone = valence == 0
    vertices = (
        sp.diags((~(at_rim | alone)).astype(float)) @ smooth
        + sp.diags(at_rim.astype(float)) @ along_rim
        + sp.diags(alone.astype(float)) @ identity
    )
    matrix = sp.vstack([vertices, edge_points, face_points]).tocsr().astype(np.float32)
    edge_index = count + of_face
    face_index = np.repeat((count + number + np.arange(faces))[:, None], 4, axis=1)
    refined = np.stack([quads, edge_index, face_index, np.roll(edge_index, 1, 1)], -1)
    return matrix, refined.reshape(-1, 4).astype(np.int32)
