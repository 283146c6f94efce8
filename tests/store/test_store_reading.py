"""A reader sees what is committed, changes nothing, and is in nobody's way."""

import os
import sqlite3
import subprocess
import sys
from datetime import timedelta

import pytest
from store_samples import START, differences, sample_catalog, sample_forecast

from houfeng.errors import StoreError, UnknownNameError
from houfeng.store import Store, StoreReader
from houfeng.store.database import Database

_WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE runs SET message = 'not yet committed'")
print("writing", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
"""


@pytest.fixture
def filled(tmp_path):
    """A store with a catalogue, a finished run of two forecasts, and a run under way."""
    with Store.open(tmp_path / "store") as store:
        snapshot = store.save_catalog(sample_catalog())
        with store.begin_run("run", {"horizons_days": {"week": 7.0}}, region="box", catalog=snapshot) as run:
            run.record("fit", {"b": 1.0})
            store.save_forecast(run, sample_forecast(1))
            store.save_forecast(run, sample_forecast(2, model="smoothed"))
        store.begin_run("run", {"other": True}, region="box").record("fit", {"b": 2.0})
        yield store


def test_it_reads_what_the_store_holds(filled):
    with StoreReader.open(filled.folder) as reader:
        assert reader.runs() == filled.runs()
        assert reader.run(2) == filled.runs()[1]
        assert reader.forecasts() == filled.forecasts()
        assert reader.forecasts(run=1) == filled.forecasts() and reader.forecasts(run=2) == ()
        assert reader.forecast(2) == filled.forecasts()[1]
        assert not differences(reader.load_forecast(1), filled.load_forecast(1))
        record = filled.runs()[0]
        assert not differences(reader.load_catalog(record.catalog), filled.load_catalog(record.catalog))
        assert reader.data_ends() == {record.catalog: filled.catalogs()[0].data_end}
        assert reader.as_of_times() == {1: (START,)}


def test_it_reads_steps_and_their_results(filled):
    with StoreReader.open(filled.folder) as reader:
        (step,) = reader.steps(1)
        assert (step.name, step.state) == ("fit", "done") and step.finished - step.started < timedelta(minutes=1)
        assert reader.result(1, "fit") == {"b": 1.0} and reader.result(2, "fit") == {"b": 2.0}
        assert reader.result(1, "other") is None
        assert reader.steps(99) == ()


def test_it_counts_standings_and_knows_labels(filled):
    with filled.begin_run("experiment", {}, region="box") as work:
        number = filled.save_forecast(work, sample_forecast(3))
        work.record("quick 0", {"forecast": number, "label": "quick"})
        work.record("quick 1", {"forecast": None, "label": "quick"})  # a window that failed
    filled.approve(1, "Dr Ana Rojas")
    with StoreReader.open(filled.folder) as reader:
        assert reader.standings() == {1: {"approved": 1, "draft": 1}, work.id: {"draft": 1}}
        assert reader.labels(work.id) == {number: "quick"} and reader.labels(1) == {}


def test_a_standing_given_meanwhile_is_seen_at_once(filled):
    with StoreReader.open(filled.folder) as reader:
        assert reader.forecast(1).issue.state == "draft"
        filled.approve(1, "Dr Ana Rojas")
        assert reader.forecast(1).issue.state == reader.load_forecast(1).issue.state == "approved"
        assert reader.load_forecast(1).issue.authority == "Dr Ana Rojas"


def test_it_reads_while_another_process_is_in_the_middle_of_writing(filled):
    path = filled.folder / "houfeng.db"
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout.readline() == "writing\n"
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            sqlite3.connect(path, timeout=0, isolation_level=None).execute("BEGIN IMMEDIATE")
        with StoreReader.open(filled.folder) as reader:
            assert {run.message for run in reader.runs()} == {""}
            writer.communicate("go on\n", timeout=30)
            assert {run.message for run in reader.runs()} == {"not yet committed"}  # which it is by now
    finally:
        writer.kill()
        writer.wait()


def test_an_open_reader_does_not_stop_a_writer(filled):
    with StoreReader.open(filled.folder) as reader:
        before = reader.runs()
        with filled.begin_run("run", {"a": "third"}, region="box"):
            pass
        assert len(reader.runs()) == len(before) + 1


def test_it_cannot_write(filled):
    database = Database.open_to_read(filled.folder / "houfeng.db")
    with pytest.raises(StoreError, match="readonly|read-only"), database.write() as connection:
        connection.execute("DELETE FROM steps")
    database.close()
    assert len(filled.runs()) == 2


def test_it_takes_no_lease_and_makes_no_file(filled, tmp_path):
    filled.close()  # the run under way is left as by a kill, and the journal is folded in
    before = _files(filled.folder)
    with StoreReader.open(filled.folder) as reader:
        reader.runs(), reader.load_forecast(1)
    after = _files(filled.folder)
    own = {"houfeng.db-wal", "houfeng.db-shm"}  # SQLite's, through which readers and writers see one another
    assert {name: at for name, at in after.items() if name not in own} == before
    with Store.open(filled.folder) as again, again.begin_run("run", {"other": True}, region="box") as run:
        assert run.resumed == 1


def _files(folder) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()
    }


def test_no_store_is_told_and_not_made(tmp_path):
    assert not StoreReader.exists(tmp_path / "none")
    with pytest.raises(StoreError, match="no store in .*none; the first run makes it"):
        StoreReader.open(tmp_path / "none")
    assert os.listdir(tmp_path) == []


def test_unknown_numbers_name_those_there_are(filled):
    with StoreReader.open(filled.folder) as reader:
        with pytest.raises(UnknownNameError, match="unknown run '7'. There are: 1, 2"):
            reader.run(7)
        with pytest.raises(UnknownNameError, match="unknown forecast '0'"):
            reader.forecast(0)
        with pytest.raises(UnknownNameError, match="unknown forecast '-1'"):
            reader.load_forecast(-1)


def test_unknown_numbers_in_an_empty_store(tmp_path):
    Store.open(tmp_path).close()
    with StoreReader.open(tmp_path) as reader, pytest.raises(UnknownNameError, match="There are: none yet"):
        reader.run(1)


def test_a_folder_may_have_any_name(tmp_path):
    folder = tmp_path / "a b?mode=rw#% 数据"
    Store.open(folder).close()
    with StoreReader.open(folder) as reader:
        assert reader.runs() == () and reader.folder == folder


def test_files_that_are_not_ours_are_refused(tmp_path):
    path = tmp_path / "houfeng.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="not an SQLite database"):
        StoreReader.open(tmp_path)
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()
    with pytest.raises(StoreError, match="database of another program"):
        StoreReader.open(tmp_path)


@pytest.mark.parametrize(
    ("shift", "message"), [(-1, "older schema .* HOUFENG_DATA_DIR=.* houfeng doctor"), (1, "a newer Houfeng")]
)
def test_another_schema_is_refused(tmp_path, shift, message):
    Store.open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "houfeng.db")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute(f"PRAGMA user_version = {version + shift}")
    connection.close()
    with pytest.raises(StoreError, match=message):
        StoreReader.open(tmp_path)
