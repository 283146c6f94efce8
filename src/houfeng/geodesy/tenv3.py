"""Daily positions in the ``tenv3`` format of the Nevada Geodetic Laboratory.

Columns are found by the names in the header: east and north are a whole number of metres and a fraction. Times are
the modified Julian day, a day's position standing for its noon. Blewitt, Hammond & Kreemer 2018,
doi:10.1029/2018EO104623.
"""

import numpy as np

from houfeng.errors import InputError
from houfeng.geo import wrap_longitude
from houfeng.geodesy.position_table import PositionTable, Row, tabulate

_MJD_ZERO = np.datetime64("1858-11-17", "us")
_NOON = np.timedelta64(12, "h")
_NEEDED = {
    "east0": "_e0(m)", "east": "__east(m)", "north0": "____n0(m)", "north": "_north(m)", "up0": "u0(m)",
    "up": "____up(m)", "sigma_east": "sig_e(m)", "sigma_north": "sig_n(m)", "sigma_up": "sig_u(m)", "mjd": "__MJD",
}  # fmt: skip


def parse(lines: list[str], name: str) -> PositionTable:
    """Rows of a ``tenv3`` file; raises InputError when its header lacks a column."""
    start = next((i for i, line in enumerate(lines) if "YYMMMDD" in line), None)
    if start is None:
        raise InputError(f"{name}: no header 'site YYMMMDD ...' of tenv3")
    header = lines[start].split()
    missing = [column for column in _NEEDED.values() if column not in header]
    if missing:
        raise InputError(f"{name}: the header of tenv3 lacks {', '.join(missing)}")
    at = {key: header.index(column) for key, column in _NEEDED.items()}
    n_least = max(at.values()) + 1

    def row(line: str) -> Row:
        cells = line.split()
        if len(cells) < n_least:
            raise ValueError(f"{len(cells)} columns, {n_least} needed")
        number = {key: float(cells[i]) for key, i in at.items()}
        moved = tuple(1e3 * (number[f"{way}0"] + number[way]) for way in ("east", "north", "up"))
        sigma = tuple(1e3 * number[f"sigma_{way}"] for way in ("east", "north", "up"))
        return _MJD_ZERO + np.timedelta64(round(number["mjd"] * 86_400), "s") + _NOON, moved, sigma

    numbered = [(i + 1, line) for i, line in enumerate(lines) if i > start and line.strip()]
    first = next((line.split() for _, line in numbered if len(line.split()) >= n_least), [name.split(".")[0]])
    longitude, latitude = _place(header, first)
    return tabulate(numbered, row, station=first[0], longitude=longitude, latitude=latitude, frame=_frame(name))


def _place(header: list[str], cells: list[str]) -> tuple[float, float]:
    """Longitude and latitude of newer files; the longitudes in them may run below -180."""
    try:
        longitude = float(cells[header.index("_longitude(deg)")])
        return float(wrap_longitude(longitude)), float(cells[header.index("_latitude(deg)")])
    except (ValueError, IndexError):
        return np.nan, np.nan


def _frame(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 2 else ""
