"""CSEP forecast files: gridded rates (.dat) and simulated catalogues (.csv), as pycsep reads and writes them.

Gridded: one line for each cell and magnitude bin, magnitudes running fastest, ten numbers: west, east, south,
north, shallow, deep, lower and upper magnitude, expected number, mask (1: in use). Lines that begin with #
carry the window, the standing and the legal notice; numpy's reader, and so pycsep's, skips them.

Catalogues: lon, lat, M, time_string, depth, catalog_id, event_id; a line with nothing but its catalog_id is a
catalogue without earthquakes.

Savran and others (2022), Seismological Research Letters 93, 2858-2870, doi:10.1785/0220220033.
"""

from glob import escape
from pathlib import Path

import numpy as np

from houfeng.errors import InputError, SourceError
from houfeng.forecasts.forecast import Forecast
from houfeng.forecasts.gridded import BIN, TOP, GriddedForecast
from houfeng.forecasts.simulated import SimulatedForecast
from houfeng.geo import wrap_longitude
from houfeng.regions import Grid
from houfeng.times import Window, parse_time
from houfeng.values import legal_notice

_COLUMNS = ("catalog_id", "time", "longitude", "latitude", "magnitude")

_CATALOGS = """
SELECT longitude AS lon, latitude AS lat, magnitude AS "M",
       strftime(time, '%Y-%m-%dT%H:%M:%S.%f') AS time_string,
       CASE WHEN time IS NULL THEN NULL ELSE 'nan' END AS depth, catalog_id, NULL AS event_id
FROM (SELECT * FROM events UNION ALL BY NAME SELECT catalog_id FROM empty)
ORDER BY catalog_id, time
"""

_READ_CATALOGS = """
SELECT CAST(catalog_id AS INTEGER) AS catalog_id, CAST(time_string AS TIMESTAMP) AS time,
       CAST(lon AS DOUBLE) AS longitude, CAST(lat AS DOUBLE) AS latitude, CAST("{magnitude}" AS DOUBLE) AS magnitude
FROM read_csv(?, all_varchar = true, header = true, nullstr = '')
ORDER BY catalog_id, time
"""


def write_gridded(forecast: Forecast, path: str | Path, *, depth_max_km: float = 700.0) -> None:
    """Write the rates of `forecast`.

    Raises
    ------
    SourceError
        When the file cannot be written.
    """
    gridded, issue = forecast.gridded, forecast.issue
    n, k = gridded.rates.shape
    upper = np.append(gridded.magnitudes[1:], max(TOP, gridded.magnitudes[-1]) + BIN)
    grid = gridded.grid
    table = np.column_stack(
        [
            *(np.repeat(edge, k) for edge in _edges(grid)),
            np.zeros(n * k),
            np.full(n * k, depth_max_km),
            np.tile(gridded.magnitudes, n),
            np.tile(upper, n),
            gridded.rates.ravel(),
            np.ones(n * k),
        ]
    )
    authority = f" by {issue.authority}" if issue.authority else ""
    header = (
        f"start {gridded.window.start.isoformat()}",
        f"end {gridded.window.end.isoformat()}",
        f"model {issue.model}, region {issue.region}, {issue.state}{authority}, {issue.label}",
        f"as of {issue.as_of.isoformat()}, data end {issue.data_end.isoformat()}, {issue.source}",
        legal_notice(issue.state)["en"],
        "lon_min lon_max lat_min lat_max depth_min depth_max mag_min mag_max rate mask",
    )
    formats = ["%.9g"] * 4 + ["%g"] * 2 + ["%.6g"] * 2 + ["%.9e", "%d"]
    try:
        np.savetxt(path, table, fmt=formats, header="\n".join(header), encoding="utf-8")
    except OSError as error:
        raise SourceError(f"cannot write {path}: {error.strerror or error}") from error


def read_gridded(path: str | Path, window: Window | None = None) -> GriddedForecast:
    """Read gridded rates.

    Parameters
    ----------
    window
        When the rates hold; taken from the comment lines where not given.

    Raises
    ------
    SourceError
        When the file cannot be read.
    InputError
        When it is not of this layout, or says no window and none was given.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read {path}: {error}") from error
    comments = [line.lstrip("# ") for line in lines if line.startswith("#")]
    rows = [line for line in lines if line.strip() and not line.startswith("#")]
    try:
        table = np.loadtxt(rows, ndmin=2) if rows else np.empty((0, 0))
    except ValueError as error:
        raise InputError(f"{path} is not a CSEP gridded forecast: {error}") from error
    if not len(table) or table.shape[1] not in (9, 10):
        raise InputError(f"{path} is not a CSEP gridded forecast: it needs rows of nine or ten numbers")
    if table.shape[1] == 10:
        table = table[table[:, 9] != 0]
    return _gridded(table, _window(comments, path) if window is None else window, path)


def write_catalogs(simulated: SimulatedForecast, path: str | Path) -> None:
    """Write simulated catalogues, the empty ones included; depths are not simulated and written as nan.

    The format has no place for the window and the standing: keep them with the file.

    Raises
    ------
    SourceError
        When the file cannot be written.
    """
    import duckdb

    empty = np.setdiff1d(np.arange(simulated.n_catalogs), simulated.catalog_id)
    with duckdb.connect() as database:
        database.register("events", {name: getattr(simulated, name) for name in _COLUMNS})
        database.register("empty", {"catalog_id": empty})
        try:
            database.execute(f"COPY ({_CATALOGS}) TO '{_quoted(path)}' (FORMAT csv, HEADER)")
        except duckdb.IOException as error:
            raise SourceError(f"cannot write {path}: {error}") from error


def read_catalogs(path: str | Path, window: Window) -> SimulatedForecast:
    """Read simulated catalogues of `window`, numbered from 0; a number without earthquakes is an empty one.

    The magnitude may be called ``M`` or ``mag``: both are about.

    Raises
    ------
    SourceError
        When the file cannot be read.
    InputError
        When a row is incomplete, outside the window, or not of this layout.
    """
    import duckdb

    if not Path(path).is_file():
        raise SourceError(f"cannot read {path}: there is no such file")
    with open(path, encoding="utf-8", errors="replace") as file:
        names = file.readline().strip().split(",")
    query = _READ_CATALOGS.format(magnitude="mag" if "mag" in names else "M")
    with duckdb.connect() as database:
        try:
            rows = database.execute(query, [escape(str(path))]).fetchnumpy()
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{path} is not a CSEP catalogue forecast: {reason}") from error
    catalog_id = rows["catalog_id"]
    if not len(catalog_id):
        raise InputError(f"{path} holds no catalogue; write an empty one as ,,,,,0,")
    bare = np.logical_and.reduce([np.ma.getmaskarray(rows[name]) for name in _COLUMNS[1:]])
    events = {name: np.ma.asarray(rows[name])[~bare] for name in _COLUMNS}
    for name, column in events.items():
        if np.ma.is_masked(column):
            raise InputError(f"{path}: an event without {name}; only an empty catalogue may leave it out")
    simulated = SimulatedForecast(
        window=window,
        n_catalogs=int(np.max(catalog_id)) + 1,
        **{name: np.ma.getdata(column) for name, column in events.items()},
    )
    if not window.contains(simulated.time).all():
        raise InputError(f"{path} has events outside {window.start.isoformat()} to {window.end.isoformat()}")
    return simulated


def _quoted(path: str | Path) -> str:
    return str(path).replace("'", "''")


def _edges(grid: Grid) -> tuple[np.ndarray, ...]:
    """West, east, south, north of each cell in degrees; east is 180, never -180."""
    size = grid.cell_deg
    return grid.west, np.round(grid.west + size, 9), grid.south, np.round(grid.south + size, 9)


def _window(comments: list[str], path: Path) -> Window:
    told = dict(line.split(" ", 1) for line in comments if line.startswith(("start ", "end ")))
    if set(told) != {"start", "end"}:
        raise InputError(f"{path} does not say when its rates hold; pass window=Window(start, end)")
    return Window(parse_time(told["start"]), parse_time(told["end"]))


def _gridded(table: np.ndarray, window: Window, path: Path) -> GriddedForecast:
    """Rows, magnitudes running fastest, to a forecast."""
    k = len(np.unique(table[:, 6]))
    n = len(table) // k
    if n * k != len(table):
        raise InputError(f"{path}: {len(table)} rows cannot be cells with {k} magnitude bins each")
    blocks = table.reshape(n, k, -1)
    magnitudes = blocks[0, :, 6]
    in_order = (blocks[:, :, :4] == blocks[:, :1, :4]).all() and (blocks[:, :, 6] == magnitudes).all()
    if not in_order or (np.diff(magnitudes) <= 0).any():
        raise InputError(f"{path}: each cell must have the same rising magnitudes, one after the other")
    west, east, south, north = blocks[:, 0, :4].T
    size = float(np.round(north[0] - south[0], 6))
    if np.abs(np.concatenate([east - west, north - south]) - size).max() > 1e-6:
        raise InputError(f"{path}: cells must be squares of one size in degrees")
    return GriddedForecast(
        grid=Grid(west=wrap_longitude(west), south=south, cell_deg=size),
        window=window,
        magnitudes=np.round(magnitudes, 6),
        rates=np.ascontiguousarray(blocks[:, :, 8]),
    )
