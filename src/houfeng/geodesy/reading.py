"""Read positions: the format is found by looking, bad lines are kept aside and counted."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from houfeng.errors import InputError, NotEnoughDataError, SourceError, UnknownNameError
from houfeng.geodesy import daily_csv, pos, tenv3
from houfeng.geodesy.position_table import PositionTable, RejectedLine
from houfeng.geodesy.positions import DEFAULT_DELAY, Positions, make_positions

__all__ = ["FORMATS", "PositionReading", "RejectedLine", "read_places", "read_positions"]

#: Name of a format to its parser of lines.
FORMATS: Mapping[str, Callable[[list[str], str], PositionTable]] = {
    "tenv3": tenv3.parse,
    "pos": pos.parse,
    "csv": daily_csv.parse,
}


@dataclass(frozen=True)
class PositionReading:
    """Positions of a file, and the lines that could not be used."""

    positions: Positions
    rejected: tuple[RejectedLine, ...]
    format: str


def read_positions(
    path: str | Path,
    *,
    format: str | None = None,
    station: str | None = None,
    longitude: float | None = None,
    latitude: float | None = None,
    delay: timedelta = DEFAULT_DELAY,
) -> PositionReading:
    """Read daily positions of one station, plain or gzipped.

    Parameters
    ----------
    path
        A ``.tenv3`` file (Nevada Geodetic Laboratory), ``.pos`` (PBO, EarthScope) or CSV with a column of dates and
        columns such as ``North (mm)`` and ``East (mm)``; found from the content.
    format
        A name from :data:`FORMATS`, to skip the finding.
    station, longitude, latitude
        Override what the file says; CSV files do not say where their station stands.
    delay
        From the end of a day until its position is known. Final solutions, which most archives hold, take
        about two weeks and replace the rapid ones: with the default of one day, positions of an archive are
        a little better than what one would have had.

    Returns
    -------
    PositionReading
        Displacements are in mm from the first good position. Of a day given twice the last is kept.

    Raises
    ------
    SourceError
        When the file is missing or cannot be read.
    InputError
        When it is none of the formats.
    NotEnoughDataError
        When not one line is usable.
    """
    path = Path(path)
    lines = read_lines(path)
    name = format or _format_of(lines, path)
    if name not in FORMATS:
        raise UnknownNameError("format of positions", name, FORMATS)
    table = FORMATS[name](lines, path.name)
    if not len(table.time):
        why = f"; the first fault: {table.rejected[0].reason}" if table.rejected else ""
        raise NotEnoughDataError(f"{path} has no usable position in format {name}{why}")
    keep, again = _last_of_each(table)
    values = table.displacement_mm[:, keep]
    first = np.array([row[np.isfinite(row)][0] if np.isfinite(row).any() else 0.0 for row in values])
    positions = make_positions(
        station or table.station,
        table.time[keep],
        east_mm=values[0] - first[0],
        north_mm=values[1] - first[1],
        up_mm=values[2] - first[2],
        sigma_mm=table.sigma_mm[:, keep],
        longitude=table.longitude if longitude is None else longitude,
        latitude=table.latitude if latitude is None else latitude,
        delay=delay,
        frame=table.frame,
        source=path.name,
    )
    return PositionReading(positions, tuple(sorted((*table.rejected, *again), key=lambda r: r.line)), name)


def read_places(path: str | Path) -> dict[str, tuple[float, float]]:
    """Longitude and latitude by station from a CSV with columns station, longitude, latitude.

    Raises
    ------
    SourceError, InputError
        When the file is missing, lacks a column, or has a number that cannot be.
    """
    import csv

    rows = list(csv.DictReader(read_lines(Path(path))))
    places = {}
    for number, row in enumerate(rows, start=2):
        try:
            lon, lat = float(row["longitude"]), float(row["latitude"])
            places[row["station"].strip()] = (lon, lat)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path} line {number}: a list of places needs columns station, longitude, latitude with numbers"
            ) from error
        if not (-180 <= lon <= 360 and -90 <= lat <= 90):
            raise InputError(f"{path} line {number}: {lon}, {lat} is no longitude and latitude in degrees")
    return places


def read_lines(path: Path) -> list[str]:
    """Lines of a text file, plain or gzipped; raises SourceError."""
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except FileNotFoundError as error:
        raise SourceError(f"there is no file {path}") from error
    except (OSError, EOFError) as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    return data.decode("utf-8", errors="replace").splitlines()


def _format_of(lines: list[str], path: Path) -> str:
    head = "\n".join(lines[:60])
    if "YYMMMDD" in head:
        return "tenv3"
    if "*YYYYMMDD" in head or "Station Position Time Series" in head:
        return "pos"
    if any(daily_csv.is_header(line) for line in lines[:60]):
        return "csv"
    raise InputError(
        f"{path} is no file of positions: no header of tenv3 (site YYMMMDD ...), pos (*YYYYMMDD ...) or "
        "CSV (Date,North (mm),East (mm)) in its first 60 lines"
    )


def _last_of_each(table: PositionTable) -> tuple[np.ndarray, list[RejectedLine]]:
    """Rows sorted by time, the last of those with one time; and the others as rejected lines."""
    order = np.argsort(table.time, kind="stable")
    times = table.time[order]
    last = np.append(times[1:] != times[:-1], True)
    again = [RejectedLine(int(table.line[i]), "a later line gives the same day") for i in order[~last]]
    return order[last], again
