"""The schema, as numbered steps; each is applied once, in one transaction.

To change the schema, append a function; never edit one that has been released.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema.

    Attributes
    ----------
    version
        1, 2, 3 ...; the schema's version once it is applied.
    name
        Name of the function.
    apply
        The SQL statements to run, in order.
    """

    version: int
    name: str
    apply: Callable[[], tuple[str, ...]]


MIGRATIONS: list[Migration] = []


def migration(function: Callable[[], tuple[str, ...]]) -> Callable[[], tuple[str, ...]]:
    """Register a function that returns the statements of the next step."""
    MIGRATIONS.append(Migration(len(MIGRATIONS) + 1, function.__name__, function))
    return function


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration], *, application_id: int) -> None:
    """Apply what is missing, each step in a transaction of its own.

    Safe when several processes do it at once: whoever gets the write lock second finds the step applied. A
    process killed in the middle leaves the schema at the last whole step.
    """
    if connection.execute("PRAGMA user_version").fetchone()[0] == migrations[-1].version:
        return
    for step in migrations:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] < step.version:
                _apply(connection, step, application_id)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _apply(connection: sqlite3.Connection, step: Migration, application_id: int) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS applied (version INTEGER PRIMARY KEY, name TEXT NOT NULL, time TEXT NOT NULL)"
    )
    for statement in step.apply():
        connection.execute(statement)
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    connection.execute("INSERT INTO applied VALUES (?, ?, ?)", (step.version, step.name, now))
    connection.execute(f"PRAGMA application_id = {application_id}")
    connection.execute(f"PRAGMA user_version = {step.version}")


@migration
def snapshots_and_runs() -> tuple[str, ...]:
    """Catalogue snapshots, runs and their steps."""
    return (
        """CREATE TABLE catalogs (
            hash TEXT PRIMARY KEY CHECK (length(hash) = 64),
            n_events INTEGER NOT NULL,
            data_end TEXT NOT NULL,
            source TEXT NOT NULL,
            licence TEXT NOT NULL,
            label TEXT NOT NULL,
            created TEXT NOT NULL)""",
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            region TEXT NOT NULL,
            settings TEXT NOT NULL,
            catalog TEXT REFERENCES catalogs (hash),
            code_version TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
            message TEXT NOT NULL DEFAULT '',
            started TEXT NOT NULL,
            finished TEXT,
            resumed INTEGER NOT NULL DEFAULT 0,
            pid INTEGER NOT NULL,
            host TEXT NOT NULL)""",
        "CREATE UNIQUE INDEX one_unfinished_run ON runs (fingerprint) WHERE state = 'running'",
        """CREATE TABLE steps (
            run INTEGER NOT NULL REFERENCES runs (id),
            name TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('running', 'done')),
            result TEXT,
            artifact TEXT,
            started TEXT NOT NULL,
            finished TEXT,
            PRIMARY KEY (run, name),
            CHECK ((state = 'done') = (result IS NOT NULL)))""",
        *_append_only("catalogs"),
    )


@migration
def forecasts_and_standing() -> tuple[str, ...]:
    """Forecasts and the log of their standing, which the database itself keeps honest."""
    return (
        """CREATE TABLE forecasts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL REFERENCES runs (id),
            model TEXT NOT NULL,
            region TEXT NOT NULL,
            as_of TEXT NOT NULL,
            window_start TEXT NOT NULL,
            window_end TEXT NOT NULL,
            data_end TEXT NOT NULL,
            label TEXT NOT NULL,
            source TEXT NOT NULL,
            legal_notice TEXT NOT NULL,
            counts TEXT NOT NULL,
            artifact TEXT NOT NULL CHECK (length(artifact) = 64),
            created TEXT NOT NULL,
            UNIQUE (run, artifact))""",
        """CREATE TABLE forecast_states (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            forecast INTEGER NOT NULL REFERENCES forecasts (id),
            state TEXT NOT NULL CHECK (state IN ('draft', 'approved', 'published', 'withdrawn')),
            authority TEXT NOT NULL,
            time TEXT NOT NULL,
            UNIQUE (forecast, state),
            CHECK ((state = 'draft') = (trim(authority) = '')))""",
        # A row of the log may only follow the one before it: draft, approved, published; withdrawn ends all.
        """CREATE TRIGGER forecast_states_forward BEFORE INSERT ON forecast_states
           WHEN NOT coalesce(
               CASE (SELECT state FROM forecast_states WHERE forecast = NEW.forecast ORDER BY id DESC LIMIT 1)
                   WHEN 'draft' THEN NEW.state IN ('approved', 'withdrawn')
                   WHEN 'approved' THEN NEW.state IN ('published', 'withdrawn')
                   WHEN 'published' THEN NEW.state = 'withdrawn'
                   WHEN 'withdrawn' THEN 0
                   ELSE NEW.state = 'draft'
               END, 0)
           BEGIN SELECT RAISE(ABORT, 'the standing of a forecast only moves forward'); END""",
        """CREATE VIEW forecasts_now AS
           SELECT forecasts.*, last.state, last.authority
           FROM forecasts JOIN forecast_states AS last ON last.forecast = forecasts.id
           WHERE last.id = (SELECT max(id) FROM forecast_states WHERE forecast = forecasts.id)""",
        *_append_only("forecasts"),
        *_append_only("forecast_states"),
    )


@migration
def reasons_of_standing() -> tuple[str, ...]:
    """Why a forecast was approved, published or withdrawn."""
    return ("ALTER TABLE forecast_states ADD COLUMN reason TEXT NOT NULL DEFAULT ''",)


@migration
def alerts_and_receipts() -> tuple[str, ...]:
    """Alerts, the log of their standing, and what each channel did with those that were published."""
    return (
        """CREATE TABLE alerts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            identifier TEXT NOT NULL UNIQUE CHECK (trim(identifier) <> ''),
            event TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('new', 'update', 'cancel', 'all-clear')),
            drill INTEGER NOT NULL CHECK (drill IN (0, 1)),
            sent TEXT NOT NULL,
            body TEXT NOT NULL,
            facts TEXT NOT NULL,
            created TEXT NOT NULL)""",
        """CREATE TABLE alert_states (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            alert INTEGER NOT NULL REFERENCES alerts (id),
            state TEXT NOT NULL CHECK (state IN ('draft', 'approved', 'published', 'withdrawn')),
            authority TEXT NOT NULL,
            time TEXT NOT NULL,
            reason TEXT NOT NULL DEFAULT '',
            UNIQUE (alert, state),
            CHECK ((state = 'draft') = (trim(authority) = '')))""",
        # What was published cannot be taken back, only cancelled by another message.
        """CREATE TRIGGER alert_states_forward BEFORE INSERT ON alert_states
           WHEN NOT coalesce(
               CASE (SELECT state FROM alert_states WHERE alert = NEW.alert ORDER BY id DESC LIMIT 1)
                   WHEN 'draft' THEN NEW.state IN ('approved', 'withdrawn')
                   WHEN 'approved' THEN NEW.state IN ('published', 'withdrawn')
                   WHEN 'published' THEN 0
                   WHEN 'withdrawn' THEN 0
                   ELSE NEW.state = 'draft'
               END, 0)
           BEGIN SELECT RAISE(ABORT, 'the standing of an alert only moves forward'); END""",
        """CREATE TABLE alert_receipts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            alert INTEGER NOT NULL REFERENCES alerts (id),
            channel TEXT NOT NULL,
            delivered INTEGER NOT NULL CHECK (delivered IN (0, 1)),
            detail TEXT NOT NULL,
            time TEXT NOT NULL)""",
        """CREATE TRIGGER alert_receipts_published BEFORE INSERT ON alert_receipts
           WHEN NOT EXISTS (SELECT 1 FROM alert_states WHERE alert = NEW.alert AND state = 'published')
           BEGIN SELECT RAISE(ABORT, 'only what was published is delivered'); END""",
        """CREATE VIEW alerts_now AS
           SELECT alerts.*, last.state, last.authority
           FROM alerts JOIN alert_states AS last ON last.alert = alerts.id
           WHERE last.id = (SELECT max(id) FROM alert_states WHERE alert = alerts.id)""",
        *_append_only("alerts"),
        *_append_only("alert_states"),
        *_append_only("alert_receipts"),
    )


@migration
def models_and_their_standing() -> tuple[str, ...]:
    """Model files, the log of which is champion, and the log of their online updates."""
    return (
        """CREATE TABLE models (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE CHECK (trim(name) <> ''),
            slot TEXT NOT NULL,
            card TEXT NOT NULL,
            artifact TEXT NOT NULL CHECK (length(artifact) = 64),
            created TEXT NOT NULL)""",
        """CREATE TABLE model_states (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            model INTEGER NOT NULL REFERENCES models (id),
            state TEXT NOT NULL CHECK (state IN ('challenger', 'champion', 'retired')),
            reason TEXT NOT NULL CHECK (trim(reason) <> ''),
            run INTEGER REFERENCES runs (id),
            time TEXT NOT NULL,
            CHECK (state <> 'champion' OR run IS NOT NULL))""",
        """CREATE VIEW models_now AS
           SELECT models.*, last.state, last.reason, last.run
           FROM models JOIN model_states AS last ON last.model = models.id
           WHERE last.id = (SELECT max(id) FROM model_states WHERE model = models.id)""",
        # Added as challenger; champion and challenger may change places; retired ends all.
        """CREATE TRIGGER model_states_forward BEFORE INSERT ON model_states
           WHEN NOT coalesce(
               CASE (SELECT state FROM model_states WHERE model = NEW.model ORDER BY id DESC LIMIT 1)
                   WHEN 'challenger' THEN NEW.state IN ('champion', 'retired')
                   WHEN 'champion' THEN NEW.state IN ('challenger', 'retired')
                   WHEN 'retired' THEN 0
                   ELSE NEW.state = 'challenger'
               END, 0)
           BEGIN SELECT RAISE(ABORT, 'the standing of a model does not lead there'); END""",
        """CREATE TRIGGER model_states_one_champion BEFORE INSERT ON model_states
           WHEN NEW.state = 'champion' AND EXISTS (
               SELECT 1 FROM models_now WHERE state = 'champion'
               AND slot = (SELECT slot FROM models WHERE id = NEW.model))
           BEGIN SELECT RAISE(ABORT, 'there is one champion of each slot'); END""",
        """CREATE TABLE model_updates (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            model INTEGER NOT NULL REFERENCES models (id),
            outcome TEXT NOT NULL CHECK (outcome IN ('updated', 'rolled back', 'refused')),
            reason TEXT NOT NULL,
            as_of TEXT NOT NULL,
            data_end TEXT NOT NULL,
            state TEXT NOT NULL,
            inputs TEXT NOT NULL,
            time TEXT NOT NULL)""",
        *_append_only("models"),
        *_append_only("model_states"),
        *_append_only("model_updates"),
    )


def _append_only(table: str) -> tuple[str, ...]:
    # The third one stops INSERT OR REPLACE, which deletes without firing the second.
    key = "hash" if table == "catalogs" else "id"
    refuse = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) {refuse}",
    )
