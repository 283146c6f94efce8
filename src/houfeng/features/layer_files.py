"""Readers of layers: CSV files of points, and rasters from NPZ and classic NetCDF files."""

import csv
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from houfeng.errors import InputError, SourceError
from houfeng.features.base import Lineage
from houfeng.features.layers import ALWAYS, Age, RasterLayer, TableLayer
from houfeng.times import DAY_S, parse_time, to_datetime64


def read_points_csv(
    path: str | Path,
    name: str,
    about: Mapping[str, Lineage],
    *,
    radius_km: float,
    delay_days: float = 0.0,
    in_space: str = "nearest",
    age: Age | None = None,
) -> TableLayer:
    """Read rows of points: columns ``time``, ``longitude``, ``latitude`` and one for each key of `about`.

    Parameters
    ----------
    about
        By column of the file, which is also its name in the table. An empty field is a missing value.
    delay_days
        From a time to its publication, where the file has no column ``issued``.

    Times are ISO 8601 with a zone. A column ``station`` tells series apart.

    Raises
    ------
    SourceError
        When the file cannot be read.
    InputError
        When a column is missing or a field cannot be read; the line is named.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"cannot read the layer '{name}' from {path}: {error}") from error
    wanted = ("time", "longitude", "latitude", *about)
    lacking = [column for column in wanted if column not in (reader.fieldnames or ())]
    if lacking:
        raise InputError(f"{path} has no column {', '.join(lacking)}; the layer '{name}' needs {', '.join(wanted)}")
    times = _column(path, rows, "time", _time, "datetime64[us]")
    own = "issued" in reader.fieldnames
    issued = _column(path, rows, "issued", _time, "datetime64[us]") if own else times + _days(delay_days)
    return TableLayer(
        name=name,
        times=times,
        issued=issued,
        longitude=_column(path, rows, "longitude", float, float),
        latitude=_column(path, rows, "latitude", float, float),
        values={column: _column(path, rows, column, _number, float) for column in about},
        about=about,
        radius_km=radius_km,
        in_space=in_space,
        age=age or Age(),
        station=_column(path, rows, "station", str, str) if "station" in reader.fieldnames else None,
    )


def read_raster_npz(path: str | Path, name: str, about: Lineage, *, delay_days: float = 0.0, **how) -> RasterLayer:
    """Read arrays ``longitude``, ``latitude``, ``value`` and, unless it never changes, ``time`` and maybe ``issued``.

    `value` is times by latitudes by longitudes, or without times what has always been known; `how` is `in_space` and
    `age` of :class:`houfeng.features.layers.RasterLayer`. Raises SourceError and InputError as for CSV files.
    """
    try:
        with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise SourceError(f"cannot read the layer '{name}' from {path}: {error}") from error
    lacking = [key for key in ("longitude", "latitude", "value") if key not in arrays]
    if lacking:
        raise InputError(f"{path} has no array {', '.join(lacking)}; the layer '{name}' needs it")
    value = arrays["value"][None] if arrays["value"].ndim == 2 else arrays["value"]
    times = arrays["time"].astype("datetime64[us]") if "time" in arrays else np.array([ALWAYS])
    return _raster(name, about, times, arrays.get("issued"), delay_days, arrays, value, how)


def read_raster_netcdf(
    path: str | Path, variable: str, name: str, about: Lineage, *, delay_days: float = 0.0, **how
) -> RasterLayer:
    """Read a variable (time, latitude, longitude) of a classic NetCDF file that follows the CF conventions.

    Scale, offset and missing values are applied; times are "hours since 1900-01-01" and the like. Values count as
    issued `delay_days` after their time: a re-analysis comes days or months later. NetCDF-4 files are another format:
    convert one with ``nccopy -k classic``.

    Raises
    ------
    SourceError
        When the file cannot be read or is no classic NetCDF file.
    InputError
        When it lacks the variable, or an axis or its units are not understood.
    """
    from scipy.io import netcdf_file

    try:
        with netcdf_file(str(path), "r", mmap=False) as file:
            if variable not in file.variables:
                raise InputError(f"{path} has no variable '{variable}'; it has {', '.join(sorted(file.variables))}")
            value, axes = _unpacked(file.variables[variable]), file.variables[variable].dimensions
            found = {axis: file.variables[axis] for axis in axes if axis in file.variables}
            longitude, latitude = (_axis(path, found, names) for names in (("longitude", "lon"), ("latitude", "lat")))
            times = np.array([ALWAYS])
            if len(axes) == 3:
                times = _cf_times(path, found.get(axes[0]), axes[0])
    except (OSError, TypeError, IndexError) as error:
        raise SourceError(
            f"cannot read the layer '{name}' from {path}: {error}; only classic NetCDF files can be read here"
        ) from error
    value = value[None] if value.ndim == 2 else value
    return _raster(name, about, times, None, delay_days, {"longitude": longitude, "latitude": latitude}, value, how)


def _raster(
    name: str,
    about: Lineage,
    times: np.ndarray,
    issued: np.ndarray | None,
    delay_days: float,
    axes: Mapping[str, np.ndarray],
    value: np.ndarray,
    how: Mapping,
) -> RasterLayer:
    """A raster layer with its axes made to ascend."""
    longitude, latitude = (np.asarray(axes[key], float) for key in ("longitude", "latitude"))
    if len(latitude) > 1 and latitude[0] > latitude[-1]:
        latitude, value = latitude[::-1], value[:, ::-1]
    if issued is None:
        issued = np.where(times == ALWAYS, times, times + _days(delay_days))
    return RasterLayer(
        name=name,
        times=times,
        issued=issued.astype("datetime64[us]"),
        longitude=longitude,
        latitude=latitude,
        values=value,
        about=about,
        **how,
    )


def _unpacked(variable) -> np.ndarray:
    """Values in the unit of the variable, NaN where missing."""
    raw = np.array(variable[:], float)
    missing = [getattr(variable, key) for key in ("_FillValue", "missing_value") if hasattr(variable, key)]
    for value in missing:
        raw[raw == float(np.ravel(value)[0])] = np.nan
    scale, offset = (float(np.ravel(getattr(variable, key, default))[0])
                     for key, default in (("scale_factor", 1.0), ("add_offset", 0.0)))  # fmt: skip
    return raw * scale + offset


def _axis(path: str | Path, found: Mapping, names: tuple[str, ...]) -> np.ndarray:
    for name in names:
        if name in found:
            return np.array(found[name][:], float)
    raise InputError(f"{path}: the variable has no axis {' or '.join(names)}; it has {', '.join(found)}")


_SINCE = re.compile(
    r"(\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.0*)?)?)?(?: ?(?:Z|UTC|\+?00?:?00))?"
)
_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": DAY_S}


def _cf_times(path: str | Path, variable, axis: str) -> np.ndarray:
    units = getattr(variable, "units", b"") if variable is not None else b""
    text = units.decode() if isinstance(units, bytes) else str(units)
    unit, _, since = text.partition(" since ")
    calendar = getattr(variable, "calendar", b"standard")
    calendar = calendar.decode() if isinstance(calendar, bytes) else calendar
    seconds = _SECONDS.get(unit.strip().rstrip("s").lower())
    if seconds is None or calendar not in ("standard", "gregorian", "proleptic_gregorian"):
        raise InputError(f"{path}: the axis {axis} has units '{text}' ({calendar}); write 'hours since 1900-01-01'")
    found = _SINCE.fullmatch(since.strip())
    if found is None:
        raise InputError(f"{path}: the axis {axis} counts since '{since}', which is no date in UTC")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        origin = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise InputError(f"{path}: the axis {axis} counts since '{since}', which is no date in UTC") from error
    offset = np.rint(np.array(variable[:], float) * seconds * 1e6)
    return to_datetime64(origin) + offset.astype("timedelta64[us]")


def _column(path: str | Path, rows: list[dict], name: str, convert: Callable, dtype) -> np.ndarray:
    out = []
    for number, row in enumerate(rows):
        try:
            out.append(convert(row[name]))
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}, line {number + 2}: {name} '{row[name]}' cannot be read: {error}") from error
    return np.array(out, dtype)


def _time(text: str) -> np.datetime64:
    return to_datetime64(parse_time(text))


def _number(text: str) -> float:
    return float(text) if text.strip() else float("nan")


def _days(days: float) -> np.timedelta64:
    return np.timedelta64(round(days * DAY_S * 1e6), "us")
