"""Forecasts as Parquet, through DuckDB: everything that is needed to read them back, exactly.

Gridded forecasts have one row for each cell and magnitude bin; simulated ones, one row for each earthquake.
What the rows cannot hold (window, standing, number of catalogues ...) stands as JSON under the key
``houfeng.forecast`` of the file's metadata.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from glob import escape
from pathlib import Path
from typing import Any

import numpy as np

from houfeng.errors import InputError, SourceError
from houfeng.forecasts.forecast import Forecast, Issue
from houfeng.forecasts.gridded import GriddedForecast
from houfeng.forecasts.simulated import SimulatedForecast
from houfeng.regions import Grid
from houfeng.times import Window, parse_time
from houfeng.values import legal_notice

_KEY = "houfeng.forecast"
_TIMES = ("as_of", "data_end")
_EVENTS = ("catalog_id", "time", "longitude", "latitude", "magnitude")


def write_gridded(forecast: Forecast, path: str | Path) -> None:
    """Write the rates of `forecast`: longitude and latitude of the south-west corner, magnitude, rate.

    Raises
    ------
    SourceError
        When the file cannot be written.
    """
    gridded = forecast.gridded
    n, k = gridded.rates.shape
    columns = {
        "longitude": np.repeat(gridded.grid.west, k),
        "latitude": np.repeat(gridded.grid.south, k),
        "magnitude": np.tile(gridded.magnitudes, n),
        "rate": gridded.rates.ravel(),
    }
    told = {
        "kind": "gridded",
        "cell_deg": gridded.grid.cell_deg,
        "magnitudes": gridded.magnitudes.tolist(),
    }
    _write(columns, told | _told(forecast.issue, gridded.window), path)


def read_gridded(path: str | Path) -> GriddedForecast:
    """Read the rates of a gridded forecast.

    Raises
    ------
    SourceError
        When the file cannot be read.
    InputError
        When it does not hold a gridded forecast.
    """
    told = _read_told(path, "gridded")
    rows = _read(path, ("longitude", "latitude", "rate"))
    k = len(told["magnitudes"])
    return GriddedForecast(
        grid=Grid(west=rows["longitude"][::k], south=rows["latitude"][::k], cell_deg=told["cell_deg"]),
        window=_window(told),
        magnitudes=np.array(told["magnitudes"], float),
        rates=rows["rate"].reshape(-1, k),
    )


def write_simulated(simulated: SimulatedForecast, issue: Issue, path: str | Path) -> None:
    """Write simulated catalogues, with who issues them.

    Raises
    ------
    SourceError
        When the file cannot be written.
    """
    columns = {name: getattr(simulated, name) for name in _EVENTS}
    told = {"kind": "simulated", "n_catalogs": simulated.n_catalogs}
    _write(columns, told | _told(issue, simulated.window), path)


def read_simulated(path: str | Path) -> SimulatedForecast:
    """Read simulated catalogues.

    Raises
    ------
    SourceError
        When the file cannot be read.
    InputError
        When it does not hold simulated catalogues.
    """
    told = _read_told(path, "simulated")
    return SimulatedForecast(window=_window(told), n_catalogs=told["n_catalogs"], **_read(path, _EVENTS))


def read_issue(path: str | Path) -> Issue:
    """Who issued the forecast in the file, when, on what data, and with what standing.

    Raises
    ------
    SourceError
        When the file cannot be read.
    InputError
        When it holds no forecast.
    """
    told = _read_told(path, None)["issue"]
    return Issue(**told | {name: parse_time(told[name]) for name in _TIMES})


def _told(issue: Issue, window: Window) -> dict[str, Any]:
    return {
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "issue": asdict(issue) | {name: getattr(issue, name).isoformat() for name in _TIMES},
        "legal_notice": legal_notice(issue.state),
    }


def _window(told: Mapping[str, Any]) -> Window:
    return Window(parse_time(told["start"]), parse_time(told["end"]))


def _write(columns: Mapping[str, np.ndarray], told: Mapping[str, Any], path: str | Path) -> None:
    import duckdb

    target, text = (str(item).replace("'", "''") for item in (path, json.dumps(told)))
    with duckdb.connect() as database:
        database.register("rows", dict(columns))
        try:
            database.execute(
                f"COPY (SELECT * FROM rows) TO '{target}' "
                f"(FORMAT parquet, COMPRESSION zstd, KV_METADATA {{'{_KEY}': '{text}'}})"
            )
        except duckdb.IOException as error:
            raise SourceError(f"cannot write {path}: {error}") from error


def _read_told(path: str | Path, kind: str | None) -> dict[str, Any]:
    import duckdb

    if not Path(path).is_file():
        raise SourceError(f"cannot read {path}: there is no such file")
    with duckdb.connect() as database:
        try:
            found = database.execute(
                "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = ?",
                [escape(str(path)), _KEY],
            ).fetchone()
        except duckdb.Error as error:
            raise InputError(f"{path} is not a Parquet file: {str(error).splitlines()[0]}") from error
    told = json.loads(found[0]) if found else {"kind": "no"}
    if told["kind"] == "no" or kind not in (None, told["kind"]):
        raise InputError(f"{path} holds {told['kind']} forecast of Houfeng; expected: {kind or 'any'}")
    return told


def _read(path: str | Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    import duckdb

    with duckdb.connect() as database:
        query = f"SELECT {', '.join(names)} FROM read_parquet(?)"
        rows = database.execute(query, [escape(str(path))]).fetchnumpy()
    return {name: np.ma.getdata(rows[name]) for name in names}
