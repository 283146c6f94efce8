"""The scores of an experiment as Parquet: one row for each window, test, earthquake and cell."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from houfeng.errors import SourceError
from houfeng.experiments.work import Inputs
from houfeng.operations.outputs import replacing

Row = Mapping


def write_tables(folder: Path, inputs: Inputs, rows: Sequence[Row], arrays: Sequence[Mapping]) -> tuple[str, ...]:
    """Write ``scores.parquet``, ``tests.parquet``, ``events.parquet``, ``cells.parquet``; return their names.

    Parameters
    ----------
    rows
        Units as the run remembers them.
    arrays
        For each, the arrays that were recorded with it (none where it failed).
    """
    tables = {
        "scores.parquet": _scores(rows),
        "tests.parquet": _tests(rows),
        "events.parquet": _events(inputs, rows, arrays),
        "cells.parquet": _cells(inputs, rows, arrays),
    }
    for name, columns in tables.items():
        _write(columns, folder / name)
    return tuple(tables)


def _scores(rows: Sequence[Row]) -> dict[str, np.ndarray]:
    names = ("observed", "expected", "count_low", "count_high", "log_likelihood", "crps", "count_log_score")
    return _head(rows) | {
        "failure": _texts(row["failure"] for row in rows),
        **{name: np.array([_of(row, name) for row in rows], float) for name in names},
        "forecast_sha256": _texts(row["digest"] for row in rows),
    }


def _tests(rows: Sequence[Row]) -> dict[str, np.ndarray]:
    said = [
        (row, name, test)
        for row in rows
        if row["scores"] is not None
        for name, test in row["scores"]["tests"].items()
        if test is not None
    ]
    numbers = ("statistic", "at_least", "at_most", "quantile", "n_unsampled")
    return _head([row for row, _, _ in said]) | {
        "test": _texts(name for _, name, _ in said),
        "passed": np.array([test["passed"] for _, _, test in said], bool),
        **{name: np.array([_float(test[name]) for _, _, test in said], float) for name in numbers},
    }


def _events(inputs: Inputs, rows: Sequence[Row], arrays: Sequence[Mapping]) -> dict[str, np.ndarray]:
    """Score of every earthquake by every model: the log rate of its cell and bin."""
    pairs = [(row, columns) for row, columns in zip(rows, arrays, strict=True) if len(columns.get("row", ()))]
    lengths = [len(columns["row"]) for _, columns in pairs]
    head = {name: np.repeat(column, lengths) for name, column in _head([row for row, _ in pairs]).items()}
    joined = {
        name: np.concatenate([columns[name] for _, columns in pairs] or [np.empty(0, dtype)])
        for name, dtype in (("row", int), ("cell", int), ("bin", int), ("log_rate", float))
    }
    catalog, which = inputs.catalog, joined.pop("row").astype(int)
    return head | {
        "event_id": _texts(catalog.event_id[which]),
        "time": catalog.time[which],
        "longitude": catalog.longitude[which],
        "latitude": catalog.latitude[which],
        "magnitude": catalog.magnitude[which],
        **joined,
    }


def _cells(inputs: Inputs, rows: Sequence[Row], arrays: Sequence[Mapping]) -> dict[str, np.ndarray]:
    """Expected and observed number of every cell and model, summed over the windows."""
    grid = inputs.experiment.region.grid()
    labels = inputs.experiment.labels
    expected = {label: np.zeros(len(grid)) for label in labels}
    observed = {label: np.zeros(len(grid), np.int64) for label in labels}
    for row, columns in zip(rows, arrays, strict=True):
        if "cells" in columns:
            expected[row["label"]] += columns["cells"]
            observed[row["label"]] += np.bincount(columns["cell"].astype(int), minlength=len(grid))
    return {
        "model": np.repeat(_texts(labels), len(grid)),
        "longitude": np.tile(grid.west, len(labels)),
        "latitude": np.tile(grid.south, len(labels)),
        "expected": np.concatenate([expected[label] for label in labels]),
        "observed": np.concatenate([observed[label] for label in labels]),
    }


def _head(rows: Sequence[Row]) -> dict[str, np.ndarray]:
    return {
        "model": _texts(row["label"] for row in rows),
        **{name: np.array([_naive(row[name]) for row in rows], "datetime64[us]") for name in ("start", "end")},
    }


def _naive(text: str) -> str:
    return text.removesuffix("+00:00").removesuffix("Z")


def _of(row: Row, name: str) -> float:
    return np.nan if row["scores"] is None else _float(row["scores"][name])


def _float(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _texts(values) -> np.ndarray:
    values = list(values)
    column = np.empty(len(values), object)
    column[:] = [str(value) for value in values]
    return column


def _write(columns: Mapping[str, np.ndarray], path: Path) -> None:
    """One table; the file is whole or not there."""
    import duckdb

    with replacing(path) as aside, duckdb.connect() as database:
        database.register("rows", {name: _typed(column) for name, column in columns.items()})
        chosen = ", ".join(
            f'CAST("{name}" AS VARCHAR) AS "{name}"' if column.dtype == object else f'"{name}"'
            for name, column in columns.items()
        )
        target = str(aside).replace("'", "''")
        try:
            database.execute(f"COPY (SELECT {chosen} FROM rows) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        except duckdb.IOException as error:
            raise SourceError(f"{path} cannot be written: {error}") from error


def _typed(column: np.ndarray) -> np.ndarray:
    """An empty column of objects has no type that DuckDB can see."""
    return column.astype("U1") if column.dtype == object and not len(column) else column
