"""Forecasts in the store and who answers for them: what ``houfeng issue`` shows, and writes under their standing."""

import json
from pathlib import Path

from houfeng.forecasts.table import Table, forecast_table
from houfeng.operations.document import number, time
from houfeng.operations.issue_page import issue_page
from houfeng.operations.outputs import MAPPED, TABLED, replacing, write_text
from houfeng.store import ForecastRecord, Standing, Store
from houfeng.times import HORIZONS

#: Raised when a reader of version n could misread what is written.
SCHEMA = "houfeng-issue/1"


def horizon_of(record: ForecastRecord) -> str:
    """Name of the length of its window: ``day``, ``week`` ..., else the days (``10d``)."""
    days = record.window.days
    return next((name for name, length in HORIZONS.items() if abs(length - days) < 1e-9), f"{days:g}d")


def summary(record: ForecastRecord) -> dict:
    """A forecast without its grid, as plain values: standing, notice, data, window and counts."""
    issue = record.issue
    return {
        "number": record.id,
        "run": record.run,
        "state": issue.state,
        "authority": issue.authority,
        "legal_notice": dict(record.legal_notice),
        "model": issue.model,
        "region": issue.region,
        "as_of": time(issue.as_of),
        "start": time(record.window.start),
        "end": time(record.window.end),
        "horizon": horizon_of(record),
        "data_end": time(issue.data_end),
        "data_age_days": issue.data_age_days,
        "label": issue.label,
        "source": issue.source,
        "counts": [
            {
                "magnitude": line.magnitude,
                "expected": number(line.expected),
                "low": number(line.low),
                "high": number(line.high),
                "probability": line.probability,
            }
            for line in record.counts
        ],
    }


def issue_document(store: Store, id: int) -> dict:
    """Forecast `id` with the log of its standing, as plain values.

    Raises
    ------
    StoreError
        When there is no such forecast.
    """
    log = [
        {"state": entry.state, "authority": entry.authority, "reason": entry.reason, "time": time(entry.time)}
        for entry in store.history(id)
    ]
    return {"schema": SCHEMA, **summary(store.forecast(id)), "log": log}


def issue_text(store: Store, id: int) -> str:
    """Forecast `id` for people: its table in English and Chinese under its present standing, and the log.

    Raises
    ------
    StoreError
        When there is no such forecast, or its artifact is damaged.
    """
    table = _table(store, id)
    log = "\n".join(_line(entry) for entry in store.history(id))
    return f"{table.to_text('en')}\n\n{table.to_text('zh')}\n\nlog 记录\n{log}\n"


def write_issue(store: Store, id: int, folder: Path) -> list[Path]:
    """Write forecast `id` as text, JSON, GeoJSON, Parquet and, where a run made it, a report, all as it stands now.

    Raises
    ------
    StoreError
        When there is no such forecast, or its artifact is damaged.
    SourceError
        When the folder cannot be made or written.
    """
    from houfeng.forecasts import geojson, parquet

    forecast = store.load_forecast(id)
    lowest = float(forecast.gridded.magnitudes[0])
    stem = f"forecast-{id}"
    paths = [folder / f"{stem}.{ending}" for ending in ("txt", "json", "geojson", "parquet")]
    write_text(paths[0], issue_text(store, id))
    write_text(paths[1], json.dumps(issue_document(store, id), ensure_ascii=False, indent=1, allow_nan=False))
    with replacing(paths[2]) as aside:
        geojson.write_geojson(forecast, sorted({lowest, *(m for m in MAPPED if m > lowest)}), aside)
    with replacing(paths[3]) as aside:
        parquet.write_gridded(forecast, aside)
    page = issue_page(store, id)
    if page is not None:
        paths.append(folder / f"{stem}.html")
        write_text(paths[-1], page)
    return paths


def _table(store: Store, id: int) -> Table:
    forecast, name = store.load_forecast(id), horizon_of(store.forecast(id))
    known = forecast.counts.magnitudes.tolist()
    return forecast_table({name: forecast}, [m for m in {known[0], *TABLED} if m in known])


def _line(entry: Standing) -> str:
    by = f", {entry.authority}" if entry.authority else ""
    reason = f": {entry.reason}" if entry.reason else ""
    return f"{entry.time:%Y-%m-%d %H:%M:%S} UTC  {entry.state}{by}{reason}"
