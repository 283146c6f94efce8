"""Looking into a store without touching it, while other processes write."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import StoreError, UnknownNameError
from houfeng.forecasts.forecast import Forecast
from houfeng.store.artifacts import Artifacts
from houfeng.store.database import Database
from houfeng.store.forecasts import ForecastRecord, with_standing
from houfeng.store.packing import unpack_catalog, unpack_forecast
from houfeng.store.runs import RunRecord
from houfeng.times import parse_time

#: An error about a number that does not exist names so many of those that do.
_NAMED = 20


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step of a run: "running" or "done"; when it was begun and finished, UTC."""

    name: str
    state: str
    started: datetime
    finished: datetime | None


class StoreReader:
    """What a store holds; nothing here writes, makes a folder or takes a lease.

    SQLite itself keeps two small files beside the database (``-wal``, ``-shm``) while anybody has it open, so
    the folder must be writable for whoever reads.

    Open it with :meth:`open`, best in a ``with`` block. It belongs to one thread and is cheap: open one for
    each question. Between two calls another process may have written more.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder
        self._database = database
        self._artifacts = Artifacts(folder / "artifacts")

    @staticmethod
    def exists(path: str | Path) -> bool:
        """Whether folder `path` holds a store."""
        return (Path(path) / "houfeng.db").is_file()

    @classmethod
    def open(cls, path: str | Path) -> "StoreReader":
        """Open the store in folder `path`.

        Raises
        ------
        StoreError
            When there is none, or it is not ours, or its schema is older or newer than this Houfeng.
        """
        folder = Path(path).absolute()
        if not cls.exists(folder):
            raise StoreError(f"there is no store in {folder}; the first run makes it, or name another folder")
        return cls(Database.open_to_read(folder / "houfeng.db"), folder)

    def __enter__(self) -> "StoreReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it; harmless when it is closed already."""
        self._database.close()

    def runs(self) -> tuple[RunRecord, ...]:
        """All runs, oldest first."""
        return tuple(RunRecord.of(row) for row in self._database.read("SELECT * FROM runs ORDER BY id"))

    def run(self, id: int) -> RunRecord:
        """One run; UnknownNameError when there is none of that number."""
        rows = self._database.read("SELECT * FROM runs WHERE id = ?", (id,))
        if not rows:
            raise self._unknown("run", "runs", id)
        return RunRecord.of(rows[0])

    def steps(self, run: int) -> tuple[StepRecord, ...]:
        """Steps of a run in the order they were begun, without their results."""
        rows = self._database.read(
            "SELECT name, state, started, finished FROM steps WHERE run = ? ORDER BY started, name", (run,)
        )
        return tuple(
            StepRecord(
                name=row["name"],
                state=row["state"],
                started=parse_time(row["started"]),
                finished=parse_time(row["finished"]) if row["finished"] else None,
            )
            for row in rows
        )

    def result(self, run: int, step: str) -> dict | None:
        """What a step of a run recorded; None when it has not (yet)."""
        rows = self._database.read(
            "SELECT result FROM steps WHERE run = ? AND name = ? AND state = 'done'", (run, step)
        )
        return json.loads(rows[0]["result"]) if rows else None

    def labels(self, run: int) -> dict[int, str]:
        """What an experiment calls each forecast's model: number of the forecast to label; empty for other runs."""
        rows = self._database.read(
            "SELECT json_extract(result, '$.forecast') AS forecast, json_extract(result, '$.label') AS label "
            "FROM steps WHERE run = ? AND state = 'done' AND label IS NOT NULL AND forecast IS NOT NULL",
            (run,),
        )
        return {row["forecast"]: row["label"] for row in rows}

    def forecasts(self, run: int | None = None) -> tuple[ForecastRecord, ...]:
        """Forecasts in the order they were stored, with their present standing; of one run where given."""
        where, values = ("WHERE run = ?", (run,)) if run is not None else ("", ())
        rows = self._database.read(f"SELECT * FROM forecasts_now {where} ORDER BY id", values)
        return tuple(ForecastRecord.of(row) for row in rows)

    def forecast(self, id: int) -> ForecastRecord:
        """One forecast without its grid; UnknownNameError when there is none of that number."""
        rows = self._database.read("SELECT * FROM forecasts_now WHERE id = ?", (id,))
        if not rows:
            raise self._unknown("forecast", "forecasts", id)
        return ForecastRecord.of(rows[0])

    def load_forecast(self, id: int) -> Forecast:
        """Forecast `id`, equal in every field to what was saved, with the standing it has now."""
        record = self.forecast(id)
        return with_standing(unpack_forecast(self._artifacts.get(record.artifact)), record.issue)

    def load_catalog(self, hash: str) -> Catalog:
        """The catalogue snapshot of that hash."""
        return unpack_catalog(self._artifacts.get(hash))

    def data_ends(self) -> dict[str, datetime]:
        """End of the data of every catalogue snapshot, by hash."""
        rows = self._database.read("SELECT hash, data_end FROM catalogs")
        return {row["hash"]: parse_time(row["data_end"]) for row in rows}

    def as_of_times(self) -> dict[int, tuple[datetime, ...]]:
        """Moments that each run has forecast so far, ascending, by number of the run."""
        found: dict[int, tuple[datetime, ...]] = {}
        for row in self._database.read("SELECT DISTINCT run, as_of FROM forecasts ORDER BY run, as_of"):
            found[row["run"]] = (*found.get(row["run"], ()), parse_time(row["as_of"]))
        return found

    def standings(self) -> dict[int, dict[str, int]]:
        """How many forecasts of each run are in each state now, by number of the run."""
        found: dict[int, dict[str, int]] = {}
        for row in self._database.read("SELECT run, state, count(*) AS n FROM forecasts_now GROUP BY run, state"):
            found.setdefault(row["run"], {})[row["state"]] = row["n"]
        return found

    def _unknown(self, kind: str, table: str, id: int) -> UnknownNameError:
        rows = self._database.read(f"SELECT id FROM {table} ORDER BY id DESC LIMIT {_NAMED}")
        return UnknownNameError(kind, str(id), [str(row["id"]) for row in rows] or ["none yet"])
