"""Runs as the page lists them, and what one run offers to choose from."""

import math
import os
import socket
from collections.abc import Mapping
from datetime import datetime

from houfeng.errors import UnknownNameError
from houfeng.operations.document import time
from houfeng.operations.training import BASELINE
from houfeng.regions import Region
from houfeng.reports import wording
from houfeng.reports.headlines import both, middle_horizon, relative
from houfeng.store import ForecastRecord, RunRecord, StoreReader
from houfeng.times import HORIZONS

#: Steps of a forecasting run (see ``houfeng.operations.run``).
HEADER, MOMENT = "fit", "forecast "

#: The kind of a run that compares models over many windows, and the step in which it keeps its scoreboard
#: ("houfeng-scoreboard/1", see ``houfeng.experiments``).
EXPERIMENT, SCOREBOARD = "experiment", "scoreboard.json"


def summaries(store: StoreReader) -> list[dict]:
    """All runs, newest first, with the standing of their forecasts: what changes here is asked for again."""
    ends, moments, standings = store.data_ends(), store.as_of_times(), store.standings()
    return [
        summary(record, ends.get(record.catalog), moments.get(record.id, ()))
        | {"standing": standings.get(record.id, {})}
        for record in reversed(store.runs())
    ]


def summary(record: RunRecord, data_end: datetime | None, moments: tuple[datetime, ...]) -> dict:
    """One run in the list.

    `state` is the store's, except that a run whose process is gone is called "interrupted".
    """
    return {
        "id": record.id,
        "kind": record.kind,
        "kind_words": kind_words(record.kind),
        "name": str(record.settings["name"]) if record.kind == EXPERIMENT and "name" in record.settings else None,
        "region": record.region,
        "titles": titles(record),
        "state": state_of(record),
        "message": record.message,
        "started": time(record.started),
        "finished": time(record.finished) if record.finished else None,
        "resumed": record.resumed,
        "data_end": time(data_end) if data_end else None,
        "as_of": [time(moment) for moment in moments],
        "n_expected": len(record.settings.get("moments", ())) or None,
    }


def kind_words(kind: str) -> wording.Both:
    """What was made, in words."""
    if kind == EXPERIMENT:
        return both("page_kind_experiment")
    return both("page_kind_run") if kind in ("run", "forecast") else {"en": kind, "zh": kind}


def titles(record: RunRecord) -> wording.Both:
    """Name of the place for people: that of the named region, else the name it was given."""
    name = record.region or str(record.settings.get("name", record.kind))
    found = Region.named(name).titles if name in Region.names() else {}
    return {language: found.get(language, name) for language in ("en", "zh")}


def state_of(record: RunRecord) -> str:
    """The state of a run: "running", "interrupted", "done" or "failed".

    A process that is gone is noticed on this computer, where the system can be asked (not on Windows); of one
    on another computer nothing is known, and it is taken to be alive.
    """
    if record.state == "running" and record.host == socket.gethostname() and os.name == "posix":
        try:
            os.kill(record.pid, 0)
        except ProcessLookupError:
            return "interrupted"
        except PermissionError:
            return "running"  # alive, and somebody else's
    return record.state


def detail(store: StoreReader, id: int) -> dict:
    """One run: what it was told, what has been done, and what there is to choose from."""
    record = store.run(id)
    made = store.forecasts(run=id)
    header = store.result(id, HEADER) or {}
    days = horizons_of(record)
    windows = {horizon_name(forecast, days): forecast.window.days for forecast in made}
    labels = store.labels(id)
    models = list(dict.fromkeys(labels.get(forecast.id, forecast.issue.model) for forecast in made))
    asked = [name for name in _best_first(store, id) or header.get("models_asked", ()) if name in models]
    moments = tuple(sorted({forecast.issue.as_of for forecast in made}))
    ordered = dict(sorted(windows.items(), key=lambda item: item[1]))
    return {
        "run": summary(record, store.data_ends().get(record.catalog), moments),
        "settings": {key: value for key, value in record.settings.items() if key != "region"},
        "code_version": record.code_version,
        "steps": [{"name": step.name, "state": step.state} for step in store.steps(id)],
        "case_titles": header.get("case", {}).get("titles") or None,
        "moments": [_moment(store, id, header, moment) for moment in moments],
        "windows": [
            {"name": name, "days": length, "words": horizon_words(name, length)} for name, length in ordered.items()
        ],
        "models": asked + [name for name in models if name not in asked],
        "baseline": baseline_of(record) if baseline_of(record) in models else None,
        "first_window": middle_horizon(ordered) if ordered else None,
        "forecasts": [
            entry(forecast)
            | {"model": labels.get(forecast.id, forecast.issue.model), "window": horizon_name(forecast, days)}
            for forecast in made
        ],
    }


def entry(record: ForecastRecord) -> dict:
    """A forecast in a list."""
    issue = record.issue
    return {
        "id": record.id,
        "run": record.run,
        "model": issue.model,
        "region": issue.region,
        "as_of": time(issue.as_of),
        "start": time(record.window.start),
        "end": time(record.window.end),
        "state": issue.state,
        "authority": issue.authority,
    }


def horizons_of(record: RunRecord) -> dict[str, float]:
    """Names of the windows that a run was told, with their lengths in days; empty when it was told none."""
    told = record.settings.get("horizons_days")
    return dict(told) if isinstance(told, Mapping) else {}


def horizon_name(record: ForecastRecord, told: Mapping[str, float]) -> str:
    """Name of the window of a forecast: as the run called it, else a common name, else its length as "10d"."""
    days = record.window.days
    for name, length in (told or HORIZONS).items():
        if abs(length - days) < 1e-6:
            return name
    return f"{days:g}d"


def horizon_words(name: str, days: float) -> wording.Both:
    """A window in words."""
    return both("page_window_days", n=f"{days:g}") if name == f"{days:g}d" else wording.horizon(name)


def section(store: StoreReader, run: int, moment: datetime) -> dict | None:
    """What a forecasting run recorded of one moment; None when it has not, or is another kind of run."""
    return store.result(run, f"{MOMENT}{time(moment)}")


def baseline_of(record: RunRecord) -> str:
    """The model that a run compares the others with: an experiment names its own."""
    return str(record.settings.get("reference", BASELINE))


def region_of(record: RunRecord, name: str) -> Region:
    """The region of a forecast: the polygon that its run was told, else the named one.

    Raises
    ------
    UnknownNameError
        When the run was told none, and no region of that name ships with Houfeng.
    """
    told = record.settings
    named = Region.named(name) if name in Region.names() else None
    if isinstance(told.get("region"), Mapping):
        depth_km = told.get("depth_max_km", named.depth_max_km if named else 700.0)
        return Region.of_geojson(told["region"], name, cell_deg=told.get("cell_deg", 0.1), depth_max_km=depth_km)
    if named is None:
        raise UnknownNameError("region", name, Region.names())
    return named


def _best_first(store: StoreReader, run: int) -> list[str]:
    """Models of an experiment, the one with the highest gain first; empty without a scoreboard."""
    lines = (store.result(run, SCOREBOARD) or {}).get("models", ())
    gains = {line["name"]: (line["gain"] or {}).get("value") for line in lines}
    return sorted(gains, key=lambda name: -math.inf if gains[name] is None else gains[name], reverse=True)


def _moment(store: StoreReader, run: int, header: Mapping, moment: datetime) -> dict:
    found = section(store, run, moment) or {}
    shown = relative(header, time(moment)) if header else None
    return {
        "as_of": time(moment),
        "shown": wording.moment(time(moment)),
        "relative": shown,
        "warnings": [{"en": w["en"], "zh": w["zh"]} for w in found.get("warnings", ())],
    }
