import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from store_samples import sample_forecast

from houfeng.errors import StoreError
from houfeng.store import Store
from houfeng.store.database import APPLICATION_ID, Database
from houfeng.store.migrations import MIGRATIONS, Migration

VERSION_1 = """
    CREATE TABLE applied (version INTEGER PRIMARY KEY, name TEXT NOT NULL, time TEXT NOT NULL);
    CREATE TABLE catalogs (hash TEXT PRIMARY KEY CHECK (length(hash) = 64), n_events INTEGER NOT NULL,
        data_end TEXT NOT NULL, source TEXT NOT NULL, licence TEXT NOT NULL, label TEXT NOT NULL,
        created TEXT NOT NULL);
    CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, region TEXT NOT NULL,
        settings TEXT NOT NULL, catalog TEXT REFERENCES catalogs (hash), code_version TEXT NOT NULL,
        fingerprint TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL DEFAULT '',
        started TEXT NOT NULL,
        finished TEXT, resumed INTEGER NOT NULL DEFAULT 0, pid INTEGER NOT NULL, host TEXT NOT NULL);
    CREATE TABLE steps (run INTEGER NOT NULL REFERENCES runs (id), name TEXT NOT NULL, state TEXT NOT NULL,
        result TEXT, artifact TEXT, started TEXT NOT NULL, finished TEXT, PRIMARY KEY (run, name));
    INSERT INTO applied VALUES (1, 'snapshots_and_runs', '2025-01-01T00:00:00.000000+00:00');
    INSERT INTO runs VALUES (4, 'forecast', 'chile', '{"horizon": "day"}', NULL, '0.1', 'f', 'done', '',
        '2025-01-01T00:00:00.000000+00:00', '2025-01-01T00:01:00.000000+00:00', 2, 77, 'old');
    INSERT INTO steps VALUES (4, 'fit', 'done', '{"b": 1.01}', NULL, '2025-01-01T00:00:00.000000+00:00',
        '2025-01-01T00:00:30.000000+00:00');
    PRAGMA application_id = 1215264070;
    PRAGMA user_version = 1;
"""


def build(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def rows(path: Path, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def statements(*texts: str):
    return lambda: texts


def test_versions_count_from_one_and_names_are_unique():
    assert [step.version for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    assert len({step.name for step in MIGRATIONS}) == len(MIGRATIONS)


def test_a_new_store_is_ours_and_writes_down_what_was_applied(tmp_path):
    Store.open(tmp_path).close()
    file = tmp_path / "houfeng.db"
    assert rows(file, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert rows(file, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert rows(file, "PRAGMA journal_mode") == [("wal",)]
    assert rows(file, "SELECT version, name FROM applied") == [(s.version, s.name) for s in MIGRATIONS]


def test_opening_again_applies_nothing(tmp_path):
    Store.open(tmp_path).close()
    before = rows(tmp_path / "houfeng.db", "SELECT * FROM applied")
    Store.open(tmp_path).close()
    assert rows(tmp_path / "houfeng.db", "SELECT * FROM applied") == before


def test_an_older_store_is_brought_up_to_date_and_keeps_its_rows(tmp_path):
    build(tmp_path / "houfeng.db", VERSION_1)
    with Store.open(tmp_path) as store:
        (run,) = store.runs()
        assert (run.id, run.region, run.settings, run.resumed) == (4, "chile", {"horizon": "day"}, 2)
        assert store.forecasts() == ()
        assert store.problems() == ()
        assert store.begin_run("forecast", {}).id == 5
    assert rows(tmp_path / "houfeng.db", "SELECT result FROM steps") == [('{"b": 1.01}',)]
    assert rows(tmp_path / "houfeng.db", "SELECT version FROM applied ORDER BY 1") == [(s.version,) for s in MIGRATIONS]


def test_a_log_from_before_there_were_reasons_is_read_and_goes_on(tmp_path):
    with Store.open(tmp_path) as store:
        number = store.save_forecast(store.begin_run("forecast", {}), sample_forecast())
        store.approve(number, "Office")
    newest = "DROP VIEW models_now; DROP TABLE model_updates; DROP TABLE model_states; DROP TABLE models;"
    later = newest + "DROP VIEW alerts_now; DROP TABLE alert_receipts; DROP TABLE alert_states; DROP TABLE alerts;"
    older = "ALTER TABLE forecast_states DROP COLUMN reason; DELETE FROM applied WHERE version >= 3;"
    build(tmp_path / "houfeng.db", later + older + "PRAGMA user_version = 2;")
    with Store.open(tmp_path) as store:
        assert [(entry.state, entry.reason) for entry in store.history(number)] == [("draft", ""), ("approved", "")]
        store.publish(number, "Office", reason="at last")
        assert store.history(number)[-1].reason == "at last"
        assert store.problems() == ()


def test_a_newer_store_is_refused_and_not_touched(tmp_path):
    Store.open(tmp_path).close()
    file = tmp_path / "houfeng.db"
    build(file, "PRAGMA user_version = 99")
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"schema 99, this Houfeng knows up to \d+: a newer Houfeng wrote it"):
        Store.open(tmp_path)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "script",
    ["CREATE TABLE notes (text TEXT)", "PRAGMA application_id = 12; VACUUM", "CREATE TABLE runs (a)"],
)
def test_the_database_of_another_program_is_refused_and_not_touched(tmp_path, script):
    file = tmp_path / "houfeng.db"
    build(file, script)
    before = file.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        Store.open(tmp_path)
    assert file.read_bytes() == before


def test_a_failing_step_leaves_the_steps_before_it_and_nothing_of_itself(tmp_path):
    path = tmp_path / "x.db"
    first = Migration(1, "one", statements("CREATE TABLE one (a)"))
    broken = Migration(2, "two", statements("CREATE TABLE two (a)", "CREATE TABLE one (a)"))
    mended = Migration(2, "two", statements("CREATE TABLE two (a)"))
    with pytest.raises(StoreError, match="table one already exists"):
        Database.open(path, migrations=[first, broken])
    assert rows(path, "SELECT name FROM sqlite_master WHERE name IN ('one', 'two')") == [("one",)]
    assert rows(path, "PRAGMA user_version") == [(1,)]
    Database.open(path, migrations=[first, mended]).close()
    assert rows(path, "SELECT version, name FROM applied") == [(1, "one"), (2, "two")]


def test_many_processes_may_create_one_store_at_once(tmp_path):
    script = (
        "import sys, time; from houfeng.store import Store\n"
        "time.sleep(max(0, float(sys.argv[2]) - time.time()))\n"
        "for i in range(20):\n    Store.open(f'{sys.argv[1]}/{i}').close()"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(tmp_path), str(time.time() + 1.5)]
    workers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    errors = [worker.communicate(timeout=120)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4, errors
    for i in range(20):
        file = tmp_path / str(i) / "houfeng.db"
        assert rows(file, "SELECT version FROM applied ORDER BY 1") == [(s.version,) for s in MIGRATIONS]
        assert rows(file, "PRAGMA integrity_check") == [("ok",)]
