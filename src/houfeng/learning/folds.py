"""Folds in the order of time: a model is judged on what comes after all that it has seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from houfeng.errors import InputError, NotEnoughDataError


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows to learn from, (a,), and the later rows to be judged on, (b,)."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]


def forward_folds(times: int | ArrayLike, k: int, gap: float | np.timedelta64 = 0) -> tuple[Fold, ...]:
    """Cut examples into k + 1 runs of time; fold i learns from the runs before i and is judged on run i.

    Parameters
    ----------
    times
        Moments of the examples, (n,): numbers or datetime64, in any order; or their number, if they are in order.
    k
        Number of folds, at least 1.
    gap
        Examples less than this before the first of a validation are left out, in the unit of `times` (datetimes: a
        timedelta64): the length of a target that looks ahead.

    Returns
    -------
    tuple of Fold
        Rows are in the order of time; examples of the same moment are never on both sides of a cut.

    Raises
    ------
    NotEnoughDataError
        When a fold would have nothing to learn from or to be judged on.

    Examples
    --------
    >>> [(fold.train.tolist(), fold.validation.tolist()) for fold in forward_folds(6, 2, gap=1)]
    [([0, 1], [2, 3]), ([0, 1, 2, 3], [4, 5])]
    >>> forward_folds(6, 2, gap=2)[1].train.tolist()
    [0, 1, 2]
    """
    moments = np.arange(times) if np.ndim(times) == 0 else np.asarray(times)
    if moments.ndim != 1 or k < 1:
        raise InputError(f"forward folds need moments (n,) and k >= 1, not {moments.shape} and {k}")
    if np.isnat(moments).any() if moments.dtype.kind == "M" else not np.isfinite(moments).all():
        raise InputError("a moment is missing (NaT or NaN): give every example its time")
    if gap < type(gap)(0):
        raise InputError(f"gap {gap} is negative: the future would be learned from")
    order = np.argsort(moments, kind="stable")
    later = moments[order]
    if not len(moments):
        raise NotEnoughDataError("no examples to cut into folds")
    # A cut goes in front of all examples of its moment.
    cuts = [np.searchsorted(later, later[len(later) * i // (k + 1)]) for i in range(1, k + 1)]
    folds = []
    for cut, end in zip(cuts, [*cuts[1:], len(later)], strict=True):
        first = later[cut]
        learned = order[:cut][later[:cut] <= first - gap] if gap else order[:cut]
        folds.append(Fold(learned, order[cut:end]))
    for number, fold in enumerate(folds, 1):
        if not len(fold.train) or not len(fold.validation):
            raise NotEnoughDataError(
                f"fold {number} of {k} learns from {len(fold.train)} and is judged on {len(fold.validation)} of "
                f"{len(later)} examples: fewer folds, a shorter gap or more data"
            )
    return tuple(folds)
