"""What a network learns from: named input arrays, a target and a weight, one row an example."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from houfeng.errors import InputError


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs, target and weight of n examples, checked once.

    Attributes
    ----------
    inputs
        Arrays by name, each (n, ...). Real numbers become float32 on their way into a network, counts and
        indices (signed integers) int64, pixels (uint8) and flags float32.
    target
        (n, ...): 0 or 1, a class, a number; for the Poisson loss counts and exposure, (n, ..., 2).
    weight
        (n,), not negative; ones when left out. A weight of zero leaves an example out of the loss.
    names
        n names that errors tell a row by (files, say), or none. They change nothing that is learned.

    Raises
    ------
    InputError
        When the arrays differ in length or hold something that is not a finite number; the message names
        the array and the row.

    Examples
    --------
    >>> examples = Examples({"features": np.ones((4, 2))}, np.array([0, 1, 0, 1]))
    >>> len(examples), len(examples.select([0, 1])), float(examples.weight.sum())
    (4, 2, 4.0)
    """

    inputs: Mapping[str, NDArray]
    target: NDArray
    weight: NDArray[np.float64] = field(default=None)  # type: ignore[assignment]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.inputs:
            raise InputError("examples without inputs: give at least one named array (n, ...)")
        target = _column("target", self.target)
        weight = np.ones(len(target)) if self.weight is None else _column("weight", self.weight).astype(float)
        inputs = {name: _column(f"input '{name}'", values) for name, values in self.inputs.items()}
        for name, values in {
            **{f"input '{name}'": values for name, values in inputs.items()},
            "weight": weight,
        }.items():
            if len(values) != len(target):
                raise InputError(f"{name} has {len(values)} rows, the target {len(target)}: they must be equal")
        if weight.ndim != 1:
            raise InputError(f"weight has shape {weight.shape}: it must have one number an example, ({len(target)},)")
        if (weight < 0).any():
            raise InputError(f"weight of row {int(np.argmax(weight < 0))} is negative: weights are >= 0")
        if len(self.names) not in (0, len(target)):
            raise InputError(f"{len(self.names)} names for {len(target)} examples: give one each, or none")
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "inputs", MappingProxyType(inputs))
        object.__setattr__(self, "target", target)
        object.__setattr__(self, "weight", weight)

    def __len__(self) -> int:
        return len(self.target)

    def __reduce__(self) -> tuple:
        return Examples, (dict(self.inputs), self.target, self.weight, self.names)

    def row_named(self, row: int) -> str:
        """``row 3``, and its name where it has one, for errors."""
        return f"row {row} ({self.names[row]})" if self.names else f"row {row}"

    def select(self, rows: ArrayLike) -> "Examples":
        """The examples of `rows` (indices or a mask (n,)), in that order."""
        rows = np.asarray(rows)
        if rows.dtype != bool:
            rows = rows.astype(np.int64)
        elif rows.shape != (len(self),):
            raise InputError(f"a mask of {rows.shape} cannot select among {len(self)} examples")
        inputs = {name: values[rows] for name, values in self.inputs.items()}
        names = tuple(self.names[row] for row in np.arange(len(self))[rows]) if self.names else ()
        return Examples(inputs, self.target[rows], self.weight[rows], names)


def _column(name: str, values: ArrayLike) -> NDArray:
    """`values` as an array of numbers with rows, all finite."""
    array = np.asarray(values)
    if array.ndim == 0:
        raise InputError(f"{name} is a single value: one row an example is needed, (n, ...)")
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} holds {array.dtype}: only numbers can be learned from")
    if array.dtype.kind == "f":
        finite = np.isfinite(array.reshape(len(array), -1)).all(axis=1) if array.size else np.ones(len(array), bool)
        if not finite.all():
            raise InputError(
                f"{name} is not finite in row {int(np.argmin(finite))} ({int((~finite).sum())} such rows): fill "
                "what is missing before training, with a column that says where"
            )
    return array


def as_network_sees(values: NDArray, pixels: bool = True) -> NDArray:
    """Real numbers, flags and (where `pixels`) unsigned bytes as float32; other integers as int64."""
    real = values.dtype.kind in "fb" or (pixels and values.dtype == np.uint8)
    return values.astype(np.float32 if real else np.int64)
