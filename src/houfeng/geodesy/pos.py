"""Daily positions in the ``.pos`` format of the Plate Boundary Observatory (UNAVCO, EarthScope).

Herring and others 2016, doi:10.1002/2016RG000529; the columns are described in the header of every file.
"""

import re

import numpy as np

from houfeng.errors import InputError
from houfeng.geo import wrap_longitude
from houfeng.geodesy.position_table import PositionTable, Row, tabulate

_N_LEAST = 21


def parse(lines: list[str], name: str) -> PositionTable:
    """Rows of a ``.pos`` file; raises InputError when its header is not to be found."""
    start = next((i for i, line in enumerate(lines) if line.lstrip().startswith("*YYYYMMDD")), None)
    if start is None:
        raise InputError(f"{name}: no line '*YYYYMMDD HHMMSS ...' of a pos file")
    head = "\n".join(lines[:start])
    station = re.search(r"4-character ID\s*:\s*(\S+)", head)
    frame = re.search(r"Reference Frame\s*:\s*(\S+)", head)
    place = re.search(r"NEU Reference position\s*:\s*(\S+)\s+(\S+)", head, re.IGNORECASE)
    latitude, longitude = (np.nan, np.nan) if place is None else _degrees(place.groups(), name)
    return tabulate(
        [(i + 1, line) for i, line in enumerate(lines) if i > start and line.strip()],
        _row,
        station=station[1] if station else name.split(".")[0],
        longitude=longitude,
        latitude=latitude,
        frame=frame[1] if frame else "",
    )


def _degrees(texts: tuple[str, ...], name: str) -> tuple[float, float]:
    try:
        return float(texts[0]), float(wrap_longitude(float(texts[1])))
    except ValueError as error:
        raise InputError(f"{name}: the reference position '{' '.join(texts)}' is not two numbers") from error


def _row(line: str) -> Row:
    cells = line.split()
    if len(cells) < _N_LEAST:
        raise ValueError(f"{len(cells)} columns, {_N_LEAST} needed")
    day, clock = cells[0], cells[1].zfill(6)
    time = np.datetime64(f"{day[:4]}-{day[4:6]}-{day[6:8]}T{clock[:2]}:{clock[2:4]}:{clock[4:6]}", "us")
    if clock == "000000":  # some centres write the date alone; a daily mean stands for noon
        time += np.timedelta64(12, "h")
    north, east, up = (1e3 * float(cells[i]) for i in (15, 16, 17))
    sigma_north, sigma_east, sigma_up = (1e3 * float(cells[i]) for i in (18, 19, 20))
    return time, (east, north, up), (sigma_east, sigma_north, sigma_up)
