"""Daily positions in CSV: a column of dates and columns named after a direction, in mm or m.

Understood are headers such as ``Date,North (mm),East (mm)`` and ``Datetime, delta E (mm), delta N (mm), delta v (mm),
Std Dev E (mm), ...``; lines before the header, and those that start with #, are passed over.
Where all times are midnights, each is the date of a day and its position stands for noon.
"""

import csv
import re
from dataclasses import replace

import numpy as np

from houfeng.errors import InputError
from houfeng.geodesy.position_table import PositionTable, Row, tabulate

_WAYS = {"e": 0, "east": 0, "n": 1, "north": 1, "u": 2, "v": 2, "up": 2, "vertical": 2}
_UNITS = {"mm": 1.0, "cm": 10.0, "m": 1e3}
_NOON = np.timedelta64(12, "h")


def is_header(line: str) -> bool:
    """Whether a line names a date and a direction with its unit."""
    try:
        return _columns(_cells(line)) is not None
    except InputError:
        return True


def parse(lines: list[str], name: str) -> PositionTable:
    """Rows of a CSV file; raises InputError when no line is a header or a unit is missing."""
    start = next((i for i, line in enumerate(lines) if is_header(line)), None)
    columns = None if start is None else _columns(_cells(lines[start]))
    if columns is None:
        raise InputError(f"{name}: no header like Date,North (mm),East (mm)")
    at_date, moved_at, sigma_at = columns

    def row(line: str) -> Row:
        cells = _cells(line)
        return _time(cells[at_date]), _three(cells, moved_at), _three(cells, sigma_at)

    numbered = [
        (i + 1, line) for i, line in enumerate(lines) if i > start and line.strip() and not line.startswith("#")
    ]
    station, frame = _named(name)
    table = tabulate(numbered, row, station=station, frame=frame)
    midnights = table.time.astype("datetime64[D]")
    return replace(table, time=table.time + _NOON) if (table.time == midnights).all() else table


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line]), [])]


def _columns(header: list[str]) -> tuple[int, dict[int, tuple[int, float]], dict[int, tuple[int, float]]] | None:
    """Column of the date; by direction (column, mm per unit) of displacement and of its deviation."""
    dates = [i for i, cell in enumerate(header) if cell.lower().lstrip("# ") in ("date", "datetime", "time")]
    moved, sigma = {}, {}
    for i, cell in enumerate(header):
        words = re.findall(r"[a-z]+", cell.lower().split("(")[0])
        way = next((_WAYS[word] for word in words if word in _WAYS), None)
        if way is None:
            continue
        unit = re.search(r"\((mm|cm|m)\)", cell)
        if not dates or {"lat", "latitude", "longitude"} & set(words):
            continue
        if unit is None:
            raise InputError(f"the column '{cell}' has no unit; name it like 'East (mm)'")
        deviates = {"std", "sigma", "sig", "deviation"} & set(words)
        (sigma if deviates else moved)[way] = (i, _UNITS[unit[1]])
    return (dates[0], moved, sigma) if dates and 0 in moved and 1 in moved else None


def _three(cells: list[str], at: dict[int, tuple[int, float]]) -> tuple[float, float, float]:
    return tuple(_number(cells[at[way][0]]) * at[way][1] if way in at else np.nan for way in range(3))


def _number(text: str) -> float:
    return np.nan if text.lower() in ("", "nan", "na", "null") else float(text)


def _time(text: str) -> np.datetime64:
    """A date or a time in UTC; a zone other than Z or +00:00 is refused."""
    plain = re.sub(r"(Z|\+00:?00)$", "", text)
    if re.search(r"T.*[+-]\d\d:?\d\d$", plain):
        raise ValueError(f"time zone in '{text}'; UTC is needed")
    return np.datetime64(plain, "us")


def _named(name: str) -> tuple[str, str]:
    """Station and frame from a name like position.P571.cwu.nam14.csv, or P571.csv."""
    parts = name.removesuffix(".gz").removesuffix(".csv").split(".")
    if parts[0].lower() in ("position", "positions") and len(parts) > 1:
        parts = parts[1:]
    return parts[0], parts[-1] if len(parts) > 1 else ""
