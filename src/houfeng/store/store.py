"""The store: a folder with one database, the artifacts beside it, and the leases of living runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError, StoreError
from houfeng.forecasts.forecast import Forecast
from houfeng.store import forecasts as ledger
from houfeng.store.alerts import Alerts
from houfeng.store.artifacts import Artifacts, flush_folder
from houfeng.store.database import Database, storage_errors
from houfeng.store.forecasts import ForecastRecord, Standing
from houfeng.store.models import Models
from houfeng.store.packing import pack_catalog, pack_forecast, unpack_catalog, unpack_forecast, utc_text
from houfeng.store.runs import Run, RunRecord, begin, code_version
from houfeng.times import parse_time


@dataclass(frozen=True, slots=True)
class CatalogRecord:
    """A catalogue snapshot without its events.

    Attributes
    ----------
    hash
        SHA-256 of the canonical bytes: columns and provenance.
    n_events, data_end, source, licence, label
        Number of events, end of the data, and what the provenance says.
    created
        When it was first stored, UTC.
    """

    hash: str
    n_events: int
    data_end: datetime
    source: str
    licence: str
    label: str
    created: datetime


class Store:
    """Runs, forecasts and catalogue snapshots; what a method has returned from, no crash undoes.

    Open it with :meth:`open`, best in a ``with`` block. A store belongs to one thread; any number of
    processes may have the same folder open at once. The folder must lie on a local disk.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder
        self._database = database
        self._artifacts = Artifacts(folder / "artifacts")
        self._runs: list[Run] = []

    @classmethod
    def open(cls, path: str | Path, *, busy_timeout_s: float = 30.0) -> "Store":
        """Open the store in folder `path`, or make one there.

        Parameters
        ----------
        path
            A folder; it gets ``houfeng.db``, ``artifacts/`` and ``leases/``.
        busy_timeout_s
            How long a write waits for another process, in seconds.

        Raises
        ------
        StoreError
            When the folder cannot be made or written, or its database is not ours or is too new.
        """
        folder = Path(path).absolute()
        if folder.exists() and not folder.is_dir():
            raise StoreError(f"{folder} is a file; a store is a folder: name another one")
        with storage_errors(folder):
            for name in ("artifacts", "leases"):
                (folder / name).mkdir(parents=True, exist_ok=True)
            flush_folder(folder)
        database = Database.open(folder / "houfeng.db", busy_timeout_s=busy_timeout_s)
        store = cls(database, folder)
        store._artifacts.discard_abandoned()
        return store

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; a run that has not ended can be resumed from then on."""
        for run in self._runs:
            run.release()
        self._runs.clear()
        self._database.close()

    def save_catalog(self, catalog: Catalog) -> str:
        """Keep a snapshot of `catalog`; return its hash. The same catalogue is kept once."""
        digest = self._artifacts.put(pack_catalog(catalog))
        provenance = catalog.provenance
        row = (digest, len(catalog), utc_text(provenance.data_end), provenance.source, provenance.licence,
               provenance.label, utc_text(datetime.now(UTC)))  # fmt: skip
        with self._database.write() as connection:
            if not connection.execute("SELECT 1 FROM catalogs WHERE hash = ?", (digest,)).fetchone():
                connection.execute("INSERT INTO catalogs VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return digest

    def load_catalog(self, hash: str) -> Catalog:
        """Return the catalogue that was saved under `hash`, equal in every field."""
        self._require_catalog(hash)
        return unpack_catalog(self._artifacts.get(hash))

    def catalogs(self) -> tuple[CatalogRecord, ...]:
        """Catalogue snapshots, oldest first."""
        rows = self._database.read("SELECT * FROM catalogs ORDER BY created, hash")
        times = ({name: parse_time(row[name]) for name in ("data_end", "created")} for row in rows)
        return tuple(CatalogRecord(**dict(row) | moments) for row, moments in zip(rows, times, strict=True))

    def begin_run(
        self,
        kind: str,
        settings: Mapping[str, object],
        *,
        region: str = "",
        catalog: str = "",
        version: str | None = None,
    ) -> Run:
        """Begin a run, or go on with the one a dead process left unfinished.

        An unfinished run is resumed when kind, region, settings, catalogue and code are all the same; its
        recorded steps are then kept (:meth:`Run.completed`, :meth:`Run.step`).

        Parameters
        ----------
        kind
            What is being made, for instance "forecast".
        settings
            All that the result depends on, as plain values.
        region
            Name of the region; empty for none.
        catalog
            Hash of the catalogue snapshot it works on (:meth:`save_catalog`); empty for none.
        version
            Of the code; without it :func:`houfeng.store.code_version`.

        Raises
        ------
        StoreError
            When a living process, or this one, is making the same run; the message names it.
        """
        if catalog:
            self._require_catalog(catalog)
        record, lease = begin(
            self._database,
            self.folder / "leases",
            kind=kind,
            region=region,
            settings=settings,
            catalog=catalog,
            version=code_version() if version is None else version,
        )
        run = Run(record, self._database, self._artifacts, lease)
        self._runs.append(run)
        return run

    def runs(self) -> tuple[RunRecord, ...]:
        """All runs, oldest first."""
        return tuple(RunRecord.of(row) for row in self._database.read("SELECT * FROM runs ORDER BY id"))

    def save_forecast(self, run: Run, forecast: Forecast) -> int:
        """Keep `forecast`, a draft made by `run`, and return its number.

        Saving an identical forecast again in the same run returns the number it has: a resumed run may repeat
        the call.

        Raises
        ------
        InputError
            When it is not a draft: standing is given here, by :meth:`approve` and :meth:`publish`.
        """
        if forecast.issue.state != "draft":
            raise InputError(
                f"this forecast says it is {forecast.issue.state}; forecasts are stored as drafts, then "
                "approved and published in the store by a named authority"
            )
        return ledger.insert(self._database, run.id, forecast, self._artifacts.put(pack_forecast(forecast)))

    def load_forecast(self, id: int) -> Forecast:
        """Return forecast `id`, equal in every field to what was saved, with the standing it has now."""
        record = ledger.one(self._database, id)
        return ledger.with_standing(unpack_forecast(self._artifacts.get(record.artifact)), record.issue)

    def forecasts(
        self, region: str | None = None, model: str | None = None, state: str | None = None
    ) -> tuple[ForecastRecord, ...]:
        """Forecasts in the order they were stored; of one region, model or present state, where given."""
        return ledger.select(self._database, region=region, model=model, state=state)

    def forecast(self, id: int) -> ForecastRecord:
        """Forecast `id` without its grid, with the standing it has now."""
        return ledger.one(self._database, id)

    def move(self, ids: Sequence[int], state: str, authority: str, *, reason: str = "") -> tuple[ForecastRecord, ...]:
        """Record that by `authority` forecasts become `state` (approved, published or withdrawn): all, or none.

        Parameters
        ----------
        authority
            Name of the office or person that answers for it.
        reason
            Why, for the log.

        Raises
        ------
        InputError
            When there is no such state, or no name.
        StoreError
            When there is no such forecast, or its present state does not lead there.
        """
        return ledger.move(self._database, ids, state, authority, reason)

    def approve(self, id: int, authority: str, *, reason: str = "") -> ForecastRecord:
        """Record that `authority` approves draft `id`; see :meth:`move`."""
        return self.move([id], "approved", authority, reason=reason)[0]

    def publish(self, id: int, authority: str, *, reason: str = "") -> ForecastRecord:
        """Record that `authority` publishes forecast `id`, which must be approved; see :meth:`move`."""
        return self.move([id], "published", authority, reason=reason)[0]

    def withdraw(self, id: int, authority: str, *, reason: str = "") -> ForecastRecord:
        """Record that `authority` withdraws forecast `id`, for good; see :meth:`move`."""
        return self.move([id], "withdrawn", authority, reason=reason)[0]

    def history(self, id: int) -> tuple[Standing, ...]:
        """Everything forecast `id` has been, oldest first."""
        return ledger.history(self._database, id)

    @property
    def alerts(self) -> Alerts:
        """Alerts, the log of their standing, and the receipts of the channels."""
        return Alerts(self._database)

    @property
    def models(self) -> Models:
        """Model files, which of them is champion, and their online updates."""
        return Models(self._database, self._artifacts)

    def problems(self) -> tuple[str, ...]:
        """Check the whole store: the database's own integrity, its references, and every artifact's checksum.

        Returns
        -------
        tuple of str
            One sentence for each problem; empty when all is well.
        """
        database = self._database
        found = [row[0] for row in database.read("PRAGMA integrity_check") if row[0] != "ok"]
        for row in database.read("PRAGMA foreign_key_check"):
            found.append(f"row {row['rowid']} of {row['table']} refers to a missing row of {row['parent']}")
        known = database.read(
            "SELECT hash FROM catalogs UNION SELECT artifact FROM forecasts "
            "UNION SELECT artifact FROM models UNION SELECT artifact FROM steps WHERE artifact IS NOT NULL"
        )
        found += filter(None, (self._artifacts.problem(row[0]) for row in known))
        return tuple(found)

    def _require_catalog(self, digest: str) -> None:
        if not self._database.read("SELECT 1 FROM catalogs WHERE hash = ?", (digest,)):
            raise StoreError(
                f"there is no catalogue snapshot '{digest}' in {self.folder}; save_catalog makes one, "
                "catalogs() lists them"
            )
