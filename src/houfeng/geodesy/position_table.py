"""What the parsers of position files hand on: raw columns, and the lines kept aside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

#: No station moves further against its reference position, in mm; a number beyond is a fault of the file.
MAX_DISPLACEMENT_MM = 1e12

#: One parsed line: time, displacement (east, north, up) and deviations in mm.
Row = tuple[np.datetime64, tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that could not be used: its number from 1, and why."""

    line: int
    reason: str


@dataclass(frozen=True, eq=False)
class PositionTable:
    """Columns of a file in its own order; shapes (n,) and (3, n), mm, NaN where missing."""

    station: str
    longitude: float
    latitude: float
    frame: str
    time: np.ndarray
    displacement_mm: np.ndarray
    sigma_mm: np.ndarray
    line: np.ndarray
    rejected: tuple[RejectedLine, ...]


def tabulate(
    numbered: Sequence[tuple[int, str]],
    parse_line: Callable[[str], Row],
    *,
    station: str,
    longitude: float = np.nan,
    latitude: float = np.nan,
    frame: str = "",
) -> PositionTable:
    """Parse each (number, line); those whose parser raises ValueError or IndexError are kept aside."""
    rows: list[Row] = []
    good: list[int] = []
    rejected = []
    for number, line in numbered:
        try:
            row = parse_line(line)
            _check(row)
        except (ValueError, IndexError) as error:
            rejected.append(RejectedLine(number, str(error) or "unreadable"))
            continue
        rows.append(row)
        good.append(number)
    return PositionTable(
        station=station,
        longitude=longitude,
        latitude=latitude,
        frame=frame,
        time=np.array([row[0] for row in rows], "datetime64[us]"),
        displacement_mm=np.array([row[1] for row in rows], float).reshape(-1, 3).T,
        sigma_mm=np.array([row[2] for row in rows], float).reshape(-1, 3).T,
        line=np.array(good, int),
        rejected=tuple(rejected),
    )


def _check(row: Row) -> None:
    moved, sigma = np.array(row[1]), np.array(row[2])
    if np.isnat(row[0]):
        raise ValueError("no time")
    if not np.isfinite(moved).any():
        raise ValueError("no displacement")
    if np.isinf(moved).any() or (np.abs(moved[np.isfinite(moved)]) > MAX_DISPLACEMENT_MM).any():
        raise ValueError("displacement beyond the size of the Earth")
    if (sigma[np.isfinite(sigma)] <= 0).any() or np.isinf(sigma).any():
        raise ValueError("standard deviation not above 0")
