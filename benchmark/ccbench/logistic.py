"""Multinomial logistic regression, by Newton's method.

The objective is mean cross-entropy + ridge * squared norm of the weights, on features
centred and divided by the root mean square of their row norms; the biases are free.  It is
strictly convex but for a constant added to all biases, so that any solver finds the same
head.  Newton's steps are found by conjugate gradients (the "truncated Newton" of Nocedal &
Wright, Numerical Optimization, 2006, chapter 7), which need products with the features only.

With more features than rows the weights are a combination of the rows, and nothing but the
rows' inner products is needed: one product with the Gram matrix for each step of conjugate
gradients, no factorisation.  These products are in float32, three times as fast, as far as
that goes: each step is then measured in float64, and mended there if it falls short.  All
else is in float64, on the CPU.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ccbench.exceptions import CcbenchError

if TYPE_CHECKING:
    import torch

Array = NDArray[np.float64]
"""In a rough space of float32."""

GRAM_LIMIT = 6000
"""Rows up to which inner products are kept (288 MB); beyond, the features are used."""

_GRADIENT = 1e-8
"""Norm of the gradient at which a fit is finished; the weights' error is below 1 / (2 ridge)
times it."""
_NEWTON_STEPS = 100
_CONJUGATE_STEPS = 1000
_SLACK = 4
"""Times what is enough that the square of a residual may be when it is computed again."""
_TOGETHER = 8
"""Rows that BLAS multiplies together: eight take little more than half the time of seven."""


class _Space(Protocol):
    """Where the weights live.

    A point is (classes, width + 1), of :attr:`kind`: coordinates of each unit's weights, then
    its bias.  Its image is what it is multiplied with for an inner product.
    """

    width: int

    @property
    def rough(self) -> _Space:
        """The same in the precision that is tried first for the steps."""

    @property
    def kind(self) -> np.dtype[Any]:
        """Type of the numbers: float64, in a rough space float32."""

    def image(self, point: Array) -> Array:
        """Return the image of a point."""

    def logits(self, image: Array) -> Array:
        """Return the logits (classes, rows) that a point gives."""

    def gradient(self, error: Array) -> Array:
        """Return the gradient of ``sum(error * logits)``, a point."""


class _Features:
    """Weights as they are; for more rows than features."""

    def __init__(self, rows: Array) -> None:
        self._rows = rows
        self.width = rows.shape[1]
        self.kind = rows.dtype

    @property
    def rough(self) -> _Features:
        # Half as much again would be needed for a copy.
        return self

    def image(self, point: Array) -> Array:
        return point

    def logits(self, image: Array) -> Array:
        logits: Array = image[:, :-1] @ self._rows.T
        return logits + image[:, -1:]

    def gradient(self, error: Array) -> Array:
        return np.column_stack((error @ self._rows, error.sum(1)))


class _Span:
    """Weights as combinations of the rows; for more features than rows."""

    def __init__(self, gram: Array, classes: int) -> None:
        self._gram = gram
        self._classes = classes
        self.width = len(gram)
        self.kind = gram.dtype
        rows = -(-classes // _TOGETHER) * _TOGETHER
        self._padded, self._product = np.zeros((2, rows, len(gram)), self.kind)

    @cached_property
    def rough(self) -> _Span:
        return _Span(self._gram.astype(np.float32), self._classes)

    def image(self, point: Array) -> Array:
        classes = len(point)
        image = np.empty_like(point)
        self._padded[:classes] = point[:, :-1]
        np.matmul(self._padded, self._gram, out=self._product)
        image[:, :-1] = self._product[:classes]
        image[:, -1] = point[:, -1]
        return image

    def logits(self, image: Array) -> Array:
        logits: Array = image[:, :-1] + image[:, -1:]
        return logits

    def gradient(self, error: Array) -> Array:
        return np.column_stack((error, error.sum(1)))


def fits_in_span(rows: int, features: int) -> bool:
    """Whether a head is less work to fit through the inner products of its rows.

    Args:
        rows: it is fitted to.
        features: of each.
    """
    return rows <= min(features, GRAM_LIMIT)


def fit_logistic(
    features: torch.Tensor,
    labels: torch.Tensor,
    classes: int,
    ridge: float,
    *,
    in_span: bool | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Fit multinomial logistic regression to features.

    Args:
        features: float32 (n, features).
        labels: int64 (n,), 0 to classes - 1.
        classes: number of classes.
        ridge: weight of the penalty.
        in_span: whether through the inner products of the rows; by default where that is
            less work.

    Returns:
        weight (classes, features) and bias (classes) for features as given, float32, on
        their device.

    Raises:
        CcbenchError: no convergence.
    """
    import torch

    rows: Array = features.detach().cpu().to(torch.float64, copy=True).numpy()
    mean = rows.mean(0)
    rows -= mean
    target = labels.cpu().numpy()
    if fits_in_span(*rows.shape) if in_span is None else in_span:
        combination, bias = fit_gram(rows @ rows.T, target, classes, ridge)
        weight = combination @ rows
    else:
        scale = _scale(float(np.square(rows).sum()) / len(rows))
        rows /= scale
        point = _minimise(_Features(rows), target, classes, ridge)
        weight, bias = point[:, :-1] / scale, point[:, -1]
    # Rounded first: the bias belongs to the weights that are returned.
    rounded = weight.astype(np.float32)
    bias = bias - rounded.astype(np.float64) @ mean
    return (
        torch.from_numpy(rounded).to(features.device),
        torch.from_numpy(bias.astype(np.float32)).to(features.device),
    )


def fit_gram(
    gram: Array, labels: NDArray[np.int64], classes: int, ridge: float
) -> tuple[Array, Array]:
    """Fit multinomial logistic regression to points of which the inner products are known.

    Args:
        gram: float64 (n, n), inner products of the points about any origin; the nearer to
            their mean, the smaller the rounding errors.
        labels: int64 (n,), 0 to classes - 1.
        classes: number of classes.
        ridge: weight of the penalty.

    Returns:
        combination (classes, n) and bias (classes): the weights are ``combination @ points``,
        so that the logits of others are ``combination @ inner products with them + bias``,
        all about the origin of ``gram``.

    Raises:
        CcbenchError: no convergence.
    """
    centre = gram.mean(0)
    centred = gram - centre
    centred -= centre[:, None]
    centred += centre.mean()
    scale = _scale(float(np.trace(centred)) / len(gram))
    centred /= scale**2
    point = _minimise(_Span(centred, classes), labels, classes, ridge)
    combination = point[:, :-1] / scale**2
    # A combination that sums to 0 is the same of centred and of other points.
    combination -= combination.mean(1, keepdims=True)
    return combination, point[:, -1] - combination @ centre


def _scale(mean_square: float) -> float:
    return max(mean_square, 0.0) ** 0.5 or 1.0


def _minimise(space: _Space, labels: NDArray[np.int64], classes: int, ridge: float) -> Array:
    """Return the point of least mean cross-entropy + ridge * squared norm of the weights."""
    count = len(labels)
    target = np.zeros((classes, count))
    target[labels, np.arange(count)] = 1.0
    penalty = np.full(space.width + 1, 2 * ridge)
    penalty[-1] = 0.0

    def objective(point: Array, image: Array) -> float:
        cross_entropy = -float((target * _log_softmax(space.logits(image))).sum()) / count
        return cross_entropy + _inner(penalty * point, image) / 2

    point = np.zeros((classes, space.width + 1))
    image = np.zeros_like(point)
    norm = np.inf
    for _ in range(_NEWTON_STEPS):
        probability = np.exp(_log_softmax(space.logits(image)))
        gradient = space.gradient((probability - target) / count) + penalty * point
        gradient_image = space.image(gradient)
        norm = max(_inner(gradient, gradient_image), 0.0) ** 0.5
        if norm <= _GRADIENT:
            return point
        step, step_image = _newton_step(space, gradient, gradient_image, probability, penalty)
        # Shortened until it pays (Armijo's rule); what is lost in rounding does not count.
        value, slope, length = objective(point, image), _inner(gradient, step_image), 1.0
        while length > 1e-6 and objective(
            point + length * step, image + length * step_image
        ) > value + 1e-4 * length * slope + 1e-14 * (1 + abs(value)):
            length /= 2
        point = point + length * step
        image = image + length * step_image
    raise CcbenchError(
        f"the logistic regression did not converge (gradient {norm:.1e} after {_NEWTON_STEPS} "
        f"steps); raise head.ridge with --set"
    )


def _newton_step(
    space: _Space, gradient: Array, gradient_image: Array, probability: Array, penalty: Array
) -> tuple[Array, Array]:
    """Solve Hessian * step = -gradient; return step and image.

    The nearer the optimum, the more exactly: the residual is brought below the gradient
    times the root of its norm, which makes Newton's method converge superlinearly.  Where
    float32 does not reach that (many equal rows, next to no penalty), float64 goes on.
    """
    # Of length 1, so that what is small stays within float32's range.
    size = _inner(gradient, gradient_image) ** 0.5
    right, right_image = gradient / -size, gradient_image / -size
    enough, rough = min(0.25, size), space.rough
    roughly = [array.astype(rough.kind) for array in (right, right_image, probability, penalty)]
    step = _conjugate_gradients(rough, *roughly, enough=enough).astype(np.float64)
    image = space.image(step)
    if rough is not space:
        residual = right - _curvature(space, step, image, probability, penalty)
        residual_image = space.image(residual)
        if _inner(residual, residual_image) > _SLACK * enough:
            more = _conjugate_gradients(
                space, residual, residual_image, probability, penalty, enough=enough
            )
            step, image = step + more, image + space.image(more)
    return step * size, image * size


def _conjugate_gradients(
    space: _Space,
    residual: Array,
    residual_image: Array,
    probability: Array,
    penalty: Array,
    *,
    enough: float,
) -> Array:
    """Return a point of which the Hessian makes ``residual`` up to the square ``enough``."""
    found = np.zeros_like(residual)
    direction, direction_image = residual, residual_image
    square = _inner(residual, residual_image)
    for _ in range(_CONJUGATE_STEPS):
        curved = _curvature(space, direction, direction_image, probability, penalty)
        curvature = _inner(curved, direction_image)
        if curvature <= 0:  # rounding: no exact step is left
            break
        length = square / curvature
        found = found + length * direction
        residual = residual - length * curved
        residual_image = residual_image - length * space.image(curved)
        before, square = square, _inner(residual, residual_image)
        if square <= enough:
            break
        direction = residual + square / before * direction
        direction_image = residual_image + square / before * direction_image
    return found


def _curvature(
    space: _Space, point: Array, image: Array, probability: Array, penalty: Array
) -> Array:
    """Return the Hessian times a point."""
    change = probability * space.logits(image)
    change -= probability * change.sum(0)
    return space.gradient(change / probability.shape[1]) + penalty * point


def _inner(point: Array, image: Array) -> float:
    return float(np.vdot(point, image))


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(0)
    result: Array = shifted - np.log(np.exp(shifted).sum(0))
    return result
