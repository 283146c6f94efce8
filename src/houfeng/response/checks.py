"""What every table of the response must satisfy, said in one voice."""

import numpy as np

from houfeng.errors import InputError


def column(name: str, values, n: int, *, of: str, low: float = 0.0, high: float = np.inf) -> np.ndarray:
    """`values` as n finite floats between `low` and `high`; one value may serve for all.

    Raises
    ------
    InputError
        Which column of what is wrong, how often, where first, and what is allowed.
    """
    given = np.asarray(values, float)
    if given.shape not in ((), (n,)):
        raise InputError(f"column {name} of the {of} has shape {given.shape}, expected ({n},)")
    given = np.broadcast_to(given, (n,)).copy()
    bad = ~(np.isfinite(given) & (given >= low) & (given <= high))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        allowed = f"a finite number of at least {low:g}" if np.isinf(high) else f"{low:g} to {high:g}"
        raise InputError(
            f"{name} of {int(bad.sum())} of {n} {of} is not {allowed}, first {given[first]} in row {first}; "
            "correct the table or leave those rows out"
        )
    return given


def names(name: str, values, *, of: str) -> tuple[str, ...]:
    """Identifiers as text, all different.

    Raises
    ------
    InputError
        When one occurs twice.
    """
    given = tuple(str(value) for value in values)
    if len(set(given)) < len(given):
        twice = next(value for value in given if given.count(value) > 1)
        raise InputError(f"{name} '{twice}' occurs more than once among the {of}; each needs its own")
    return given


def travel_times(name: str, values, shape: tuple[int, int]) -> np.ndarray:
    """A matrix of travel times in seconds, infinite where there is no way.

    Raises
    ------
    InputError
        When the shape is another, or a time is negative or not a number.
    """
    given = np.asarray(values, float)
    if given.shape != shape:
        raise InputError(f"travel times {name} have shape {given.shape}, expected {shape} (seconds, inf: no way)")
    bad = ~(given >= 0)
    if bad.any():
        row, place = (int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"travel times {name} hold {int(bad.sum())} values that are negative or not a number, first "
            f"{given[row, place]} in row {row}, column {place}; write seconds, and inf where there is no way"
        )
    return given
