"""Losses on the raw output of a network: logits, log-rates or numbers, never probabilities."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import InputError, UnknownNameError
from houfeng.learning.extra import require

torch = require("torch")
functional = torch.nn.functional


@dataclass(frozen=True)
class Loss(ABC):
    """What a training makes small.

    `per_example` is all a new loss must give; `train` takes the weighted mean over the examples,
    Σ w·loss / Σ w, whatever pieces a batch is cut into.
    """

    @abstractmethod
    def per_example(self, raw: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
        """Loss of each example, (b,), from raw output and target of a batch; means over further axes."""

    def check(self, target: NDArray) -> None:  # noqa: B027 (most targets need no check)
        """Refuse a target this loss cannot learn from (InputError)."""


def _rows(values: "torch.Tensor") -> "torch.Tensor":
    """Mean over everything but the examples: (b, ...) -> (b,)."""
    return values.flatten(1).mean(1) if values.ndim > 1 else values


def _alike(raw: "torch.Tensor", shape: tuple[int, ...]) -> "torch.Tensor":
    """`raw` in the shape of the target; a last axis of one may be left over by a network."""
    if raw.shape != shape and raw.shape == (*shape, 1):
        raw = raw.squeeze(-1)
    if raw.shape != shape:
        raise InputError(f"the network gives {tuple(raw.shape)} where the target needs {tuple(shape)}")
    return raw


@dataclass(frozen=True)
class Binary(Loss):
    """Cross-entropy on logits; the target is 0 or 1, or a probability between (soft labels).

    Attributes
    ----------
    pos_weight
        Factor on the loss of positives (see `balance`). Anything but 1 biases the probabilities, which must then
        be calibrated again.
    """

    pos_weight: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.pos_weight) and self.pos_weight > 0):
            raise InputError(f"pos_weight {self.pos_weight} must be positive and finite")

    def per_example(self, raw, target):  # noqa: D102
        target = target.float()
        raw = _alike(raw, target.shape)
        factor = torch.as_tensor(self.pos_weight, dtype=raw.dtype, device=raw.device)
        return _rows(functional.binary_cross_entropy_with_logits(raw, target, pos_weight=factor, reduction="none"))

    def check(self, target):  # noqa: D102
        target = np.asarray(target)
        if ((target < 0) | (target > 1)).any():
            raise InputError(f"a binary target lies in [0, 1]; here it reaches {target.min():g} to {target.max():g}")
        if target.min() == target.max():
            raise InputError(f"all {target.size} targets are {target.min():g}: two classes are needed to tell apart")


@dataclass(frozen=True)
class Categorical(Loss):
    """Cross-entropy on logits (b, k, ...); the target is the class, (b, ...), or k probabilities, (b, k, ...).

    Attributes
    ----------
    class_weights
        k factors on the loss of each class (see `class_weights`); empty for none.
    """

    class_weights: tuple[float, ...] = ()

    def per_example(self, raw, target):  # noqa: D102
        weights = (
            torch.as_tensor(self.class_weights, dtype=raw.dtype, device=raw.device) if self.class_weights else None
        )
        if weights is not None and len(weights) != raw.shape[1]:
            raise InputError(f"{len(weights)} class weights for the {raw.shape[1]} outputs of the network")
        if target.is_floating_point():
            soft = _alike(raw, target.shape)
            return _rows(functional.cross_entropy(soft, target, weight=weights, reduction="none"))
        if raw.shape[:1] + raw.shape[2:] != target.shape:
            raise InputError(f"the network gives {tuple(raw.shape)} for classes {tuple(target.shape)}")
        if int(target.max()) >= raw.shape[1]:
            raise InputError(f"class {int(target.max())} has no output: the network has {raw.shape[1]}")
        return _rows(functional.cross_entropy(raw, target, weight=weights, reduction="none"))

    def check(self, target):  # noqa: D102
        target = np.asarray(target)
        if target.dtype.kind == "f":
            return
        if target.min() < 0:
            raise InputError(f"class {target.min()} is negative: classes are numbered from 0")
        counts = np.bincount(target.ravel())
        if len(counts) < 2:
            raise InputError(f"all {target.size} targets are of class 0: at least two classes are needed")
        if (counts == 0).any():
            raise InputError(f"class {int(np.argmin(counts))} has no example: every class from 0 needs one")


@dataclass(frozen=True)
class Poisson(Loss):
    """Negative log-likelihood of counts y in exposure e at rate exp(g): e·exp(g) - y·g, target (..., [y, e]).

    The term ln(y!) and y·ln(e), which no weight can change, are left out.
    """

    def per_example(self, raw, target):  # noqa: D102
        counts, exposure = target.float().unbind(-1)
        raw = _alike(raw, counts.shape)
        return _rows(exposure * torch.exp(raw) - counts * raw)

    def check(self, target):  # noqa: D102
        target = np.asarray(target)
        if target.ndim < 2 or target.shape[-1] != 2:
            raise InputError(f"a Poisson target is (n, ..., 2), counts and exposure; here {target.shape}")
        if (target < 0).any():
            raise InputError("counts and exposures cannot be negative")
        if not (target[..., 0] > 0).any():
            raise InputError("not one count above zero: there is no rate to learn")
        if ((target[..., 0] > 0) & (target[..., 1] == 0)).any():
            raise InputError("counts where the exposure is zero: their rate would be infinite")


@dataclass(frozen=True)
class Mse(Loss):
    """Mean squared error."""

    def per_example(self, raw, target):  # noqa: D102
        return _rows((_alike(raw, target.shape) - target) ** 2)


@dataclass(frozen=True)
class Huber(Loss):
    """Squared error up to `delta`, straight beyond (Huber 1964, doi:10.1214/aoms/1177703732)."""

    delta: float = 1.0

    def per_example(self, raw, target):  # noqa: D102
        target = target.to(raw.dtype)
        return _rows(functional.huber_loss(_alike(raw, target.shape), target, delta=self.delta, reduction="none"))


LOSSES = {"binary": Binary, "categorical": Categorical, "poisson": Poisson, "mse": Mse, "huber": Huber}


def loss_of(loss: str | Loss) -> Loss:
    """The loss of that name with its defaults, or `loss` itself.

    Examples
    --------
    >>> loss_of("binary").pos_weight
    1.0
    """
    if isinstance(loss, Loss):
        return loss
    if loss not in LOSSES:
        raise UnknownNameError("loss", loss, LOSSES)
    return LOSSES[loss]()


def balance(target: NDArray) -> float:
    """Negatives per positive, the `pos_weight` at which both classes weigh the same.

    Examples
    --------
    >>> balance(np.array([0, 0, 0, 1]))
    3.0
    """
    Binary().check(target)
    positives = np.sum(target)
    return float((np.size(target) - positives) / positives)


def class_weights(target: NDArray) -> tuple[float, ...]:
    """Factors at which all classes weigh the same; their mean over the examples is 1.

    Examples
    --------
    >>> class_weights(np.array([0, 0, 0, 1]))
    (0.6666666666666666, 2.0)
    """
    Categorical().check(target)
    counts = np.bincount(np.asarray(target).ravel())
    return tuple(float(counts.sum() / (len(counts) * count)) for count in counts)
