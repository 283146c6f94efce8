"""Forecasts as the store remembers them, and the log of their standing."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from houfeng.errors import InputError, StoreError
from houfeng.forecasts.counts import Counts
from houfeng.forecasts.forecast import Forecast, Issue
from houfeng.store.database import Database
from houfeng.store.packing import json_text, utc_text
from houfeng.store.runs import require_running
from houfeng.times import Window, parse_time
from houfeng.values import LEGAL_NOTICE, STATES, legal_notice

#: From which states a forecast may come to each; nothing leads back to a draft, or out of a withdrawal.
MOVES = {
    "approved": ("draft",),
    "published": ("approved",),
    "withdrawn": ("draft", "approved", "published"),
}


@dataclass(frozen=True, slots=True)
class CountSummary:
    """One line of the table that people ask for.

    Attributes
    ----------
    magnitude
        Threshold.
    expected, low, high
        Expected number of at least that magnitude, and the central 95 % interval of the number.
    probability
        Of at least one.
    """

    magnitude: float
    expected: float
    low: float
    high: float
    probability: float


@dataclass(frozen=True, slots=True)
class ForecastRecord:
    """A forecast without its grid.

    Attributes
    ----------
    id, run
        Its number, and the number of the run that made it.
    issue
        Model, region, as-of, data end, label, source, and the standing it has now.
    window
        When.
    counts
        Numbers and probabilities by magnitude.
    legal_notice
        By language: of a draft as it stood when the forecast was made, else that of its present state.
    artifact
        SHA-256 of the whole forecast.
    created
        When it was stored, UTC.
    """

    id: int
    run: int
    issue: Issue
    window: Window
    counts: tuple[CountSummary, ...]
    legal_notice: Mapping[str, str]
    artifact: str
    created: datetime

    @classmethod
    def of(cls, row: sqlite3.Row) -> "ForecastRecord":
        """From a row of ``forecasts_now``."""
        return cls(
            id=row["id"],
            run=row["run"],
            issue=Issue(
                model=row["model"],
                region=row["region"],
                as_of=parse_time(row["as_of"]),
                data_end=parse_time(row["data_end"]),
                label=row["label"],
                source=row["source"],
                state=row["state"],
                authority=row["authority"],
            ),
            window=Window(parse_time(row["window_start"]), parse_time(row["window_end"])),
            counts=tuple(CountSummary(**line) for line in json.loads(row["counts"])),
            legal_notice=json.loads(row["legal_notice"]) if row["state"] == "draft" else legal_notice(row["state"]),
            artifact=row["artifact"],
            created=parse_time(row["created"]),
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """One entry of the log: what a forecast became, by whose authority, when (UTC), and why where that was said."""

    state: str
    authority: str
    time: datetime
    reason: str = ""


def insert(database: Database, run: int, forecast: Forecast, artifact: str) -> int:
    """Add a draft and the first entry of its log; the same forecast of the same run is added once."""
    issue, window = forecast.issue, forecast.window
    row = {
        "run": run,
        "model": issue.model,
        "region": issue.region,
        "as_of": utc_text(issue.as_of),
        "window_start": utc_text(window.start),
        "window_end": utc_text(window.end),
        "data_end": utc_text(issue.data_end),
        "label": issue.label,
        "source": issue.source,
        "legal_notice": json_text(LEGAL_NOTICE, "the legal notice"),
        "counts": json_text(_count_lines(forecast.counts), "the counts of a forecast"),
        "artifact": artifact,
        "created": utc_text(datetime.now(UTC)),
    }
    with database.write() as connection:
        require_running(connection, run)
        found = connection.execute(
            "SELECT id FROM forecasts WHERE run = ? AND artifact = ?", (run, artifact)
        ).fetchone()
        if found:
            return found["id"]
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        number = connection.execute(f"INSERT INTO forecasts ({names}) VALUES ({values})", row).lastrowid
        _append(connection, number, "draft", "", "")
    return number


def one(database: Database, number: int) -> ForecastRecord:
    """Forecast `number` with its present standing."""
    rows = database.read("SELECT * FROM forecasts_now WHERE id = ?", (number,))
    if not rows:
        raise StoreError(
            f"there is no forecast {number} in {database.path}; `houfeng issue list`, or in Python store.forecasts() "
            "lists what there is"
        )
    return ForecastRecord.of(rows[0])


def select(
    database: Database, *, region: str | None, model: str | None, state: str | None
) -> tuple[ForecastRecord, ...]:
    """Forecasts in the order they were stored, narrowed by whatever is not None."""
    if state is not None and state not in STATES:
        raise InputError(f"a forecast is {', '.join(STATES)}, not '{state}'")
    wanted = {
        name: value for name, value in (("region", region), ("model", model), ("state", state)) if value is not None
    }
    where = " AND ".join(f"{name} = ?" for name in wanted) or "1"
    rows = database.read(f"SELECT * FROM forecasts_now WHERE {where} ORDER BY id", tuple(wanted.values()))
    return tuple(ForecastRecord.of(row) for row in rows)


def move(
    database: Database, numbers: Sequence[int], state: str, authority: str, reason: str
) -> tuple[ForecastRecord, ...]:
    """Append `state` to the logs of forecasts, all of them or none, by the authority that answers for it."""
    if state not in MOVES:
        raise InputError(f"a forecast becomes {', '.join(MOVES)}, not '{state}'")
    authority = authority.strip()
    if not any(character.isalnum() for character in authority):
        raise InputError(
            f"a forecast is {state} by a named authority; give the name of the office or person that answers for it"
        )
    numbers = tuple(dict.fromkeys(numbers))
    for number in numbers:
        one(database, number)
    with database.write() as connection:
        for number in numbers:
            now = connection.execute("SELECT state FROM forecasts_now WHERE id = ?", (number,)).fetchone()["state"]
            if now not in MOVES[state]:
                raise StoreError(
                    f"forecast {number} is {now} and cannot become {state}; only what is {' or '.join(MOVES[state])} "
                    f"can{'' if len(numbers) == 1 else '; none of the forecasts was moved'}"
                )
            _append(connection, number, state, authority, reason.strip())
    return tuple(one(database, number) for number in numbers)


def history(database: Database, number: int) -> tuple[Standing, ...]:
    """Everything forecast `number` has been, oldest first."""
    one(database, number)
    rows = database.read("SELECT * FROM forecast_states WHERE forecast = ? ORDER BY id", (number,))
    return tuple(Standing(row["state"], row["authority"], parse_time(row["time"]), row["reason"]) for row in rows)


def with_standing(forecast: Forecast, issue: Issue) -> Forecast:
    """`forecast` as it was made, under the state and authority it has now."""
    return replace(forecast, issue=replace(forecast.issue, state=issue.state, authority=issue.authority))


def _append(connection: sqlite3.Connection, number: int, state: str, authority: str, reason: str) -> None:
    connection.execute(
        "INSERT INTO forecast_states (forecast, state, authority, time, reason) VALUES (?, ?, ?, ?, ?)",
        (number, state, authority, utc_text(datetime.now(UTC)), reason),
    )


def _count_lines(counts: Counts) -> list[dict[str, float]]:
    if not len(counts.samples):
        raise InputError("a forecast without count samples has no probabilities and cannot be stored")
    lines = []
    for magnitude in counts.magnitudes.tolist():
        number = counts.number(magnitude)
        lines.append(
            {
                "magnitude": magnitude,
                "expected": number.value,
                "low": number.low,
                "high": number.high,
                "probability": counts.probability(magnitude),
            }
        )
    return lines
