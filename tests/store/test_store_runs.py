import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from store_samples import sample_catalog

from houfeng.errors import InputError, StoreError
from houfeng.store import Store, code_version

SETTINGS = {"horizon": "day", "models": ["etas", "poisson"], "min_magnitude": 4.5}


def in_another_process(folder: Path, body: str) -> subprocess.Popen:
    """Open the store there and run `body`; it prints a line when it is ready to be looked at."""
    script = f"import os, sys, time\nfrom houfeng.store import Store\nstore = Store.open({str(folder)!r})\n"
    script += f"SETTINGS = {SETTINGS!r}\n" + textwrap.dedent(body)
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)


def leases(store: Store) -> list[str]:
    return sorted(path.name for path in (store.folder / "leases").iterdir())


def test_a_run_from_begin_to_finish(store):
    before = datetime.now(UTC)
    catalog = store.save_catalog(sample_catalog())
    run = store.begin_run("forecast", SETTINGS, region="chile", catalog=catalog)
    assert run.completed("fit") is None
    run.record("fit", {"b": 1.01})
    assert run.completed("fit") == {"b": 1.01}
    (record,) = store.runs()
    assert (record.state, record.finished, record.message) == ("running", None, "")
    run.finish()
    (record,) = store.runs()
    assert (record.kind, record.region, record.settings, record.catalog) == (
        "forecast",
        "chile",
        SETTINGS,
        catalog,
    )
    assert (record.state, record.resumed, record.pid) == ("done", 0, os.getpid())
    assert before <= record.started <= record.finished <= datetime.now(UTC)
    assert leases(store) == []


def test_what_record_returns_is_what_a_resumed_run_reads(store):
    run = store.begin_run("forecast", SETTINGS)
    returned = run.record(
        "fit", {"interval": (np.float64(0.9), float("inf")), "when": datetime(2015, 9, 17, tzinfo=UTC)}
    )
    assert returned == {"interval": [0.9, float("inf")], "when": "2015-09-17T00:00:00.000000+00:00"}
    assert run.completed("fit") == returned


def test_arrays_are_kept_with_a_step(store):
    run = store.begin_run("forecast", SETTINGS)
    run.record("fit", {}, {"draws": np.arange(6.0).reshape(2, 3)})
    run.record("plain", {"a": 1})
    np.testing.assert_array_equal(run.arrays("fit")["draws"], [[0, 1, 2], [3, 4, 5]])
    assert run.arrays("plain") == run.arrays("never recorded") == {}


def test_step_computes_once(store):
    calls = []
    run = store.begin_run("forecast", SETTINGS)
    for _ in range(2):
        assert run.step("fit", lambda: calls.append(1) or {"n": len(calls), "t": (1,)}) == {"n": 1, "t": [1]}
    assert calls == [1]


def test_a_step_that_raises_is_not_recorded_and_can_be_made_again(store):
    run = store.begin_run("forecast", SETTINGS)
    with pytest.raises(ZeroDivisionError):
        run.step("fit", lambda: {"x": 1 / 0})
    assert run.completed("fit") is None
    assert run.step("fit", lambda: {"x": 1}) == {"x": 1}


def test_a_step_is_recorded_once(store):
    run = store.begin_run("forecast", SETTINGS)
    run.record("fit", {"b": 1})
    with pytest.raises(StoreError, match="step 'fit' of run 1 is recorded already"):
        run.record("fit", {"b": 2})
    assert run.completed("fit") == {"b": 1}


def test_a_result_that_is_not_plain_is_refused_and_names_the_step(store):
    run = store.begin_run("forecast", SETTINGS)
    with pytest.raises(InputError, match="the result of step 'fit' must be made of"):
        run.record("fit", {"model": object()})
    with pytest.raises(InputError, match="the settings of a run must be"):
        store.begin_run("forecast", {"model": object()})


@pytest.mark.parametrize("end", [lambda run: run.finish(), lambda run: run.fail("no data")])
def test_an_ended_run_takes_nothing_more_and_the_next_one_is_new(store, end):
    run = store.begin_run("forecast", SETTINGS)
    run.record("fit", {"b": 1})
    end(run)
    for write in (lambda: run.record("map", {}), run.finish, lambda: run.fail("again")):
        with pytest.raises(StoreError, match="run 1 is (done|failed), nothing can be added"):
            write()
    again = store.begin_run("forecast", SETTINGS)
    assert (again.id, again.resumed, again.completed("fit")) == (2, 0, None)


def test_a_block_finishes_its_run(store):
    with store.begin_run("forecast", SETTINGS) as run:
        run.record("fit", {})
    with store.begin_run("other", {}) as run:
        run.finish()
    assert [record.state for record in store.runs()] == ["done", "done"]


def test_an_error_in_a_block_marks_the_run_failed_and_passes(store):
    with pytest.raises(ValueError, match="no events"), store.begin_run("forecast", SETTINGS):
        raise ValueError("no events")
    (record,) = store.runs()
    assert (record.state, record.message) == ("failed", "ValueError: no events")
    assert record.finished is not None


def test_an_error_after_the_run_ended_changes_nothing(store):
    with pytest.raises(ValueError, match="later"), store.begin_run("forecast", SETTINGS) as run:
        run.finish()
        raise ValueError("later")
    assert store.runs()[0].state == "done"


def test_an_interruption_leaves_the_run_to_be_resumed(store):
    with pytest.raises(KeyboardInterrupt), store.begin_run("forecast", SETTINGS) as run:
        run.record("fit", {"b": 1})
        raise KeyboardInterrupt
    again = store.begin_run("forecast", SETTINGS)
    assert (again.id, again.resumed, again.completed("fit")) == (1, 1, {"b": 1})
    with pytest.raises(StoreError, match="was released by this process"):
        run.record("map", {})
    again.record("map", {})


def test_when_even_failing_fails_the_first_error_is_the_one_raised(tmp_path):
    with (
        Store.open(tmp_path) as store,
        pytest.raises(ValueError, match="first") as caught,
        store.begin_run("forecast", SETTINGS),
    ):
        store._database.close()  # stands for any storage failure at this moment
        raise ValueError("first")
    assert "could not be marked as failed and can be resumed" in caught.value.__notes__[0]
    with Store.open(tmp_path) as store:
        assert store.begin_run("forecast", SETTINGS).resumed == 1


def test_closing_the_store_leaves_an_unfinished_run_to_be_resumed(tmp_path):
    with Store.open(tmp_path) as store:
        store.begin_run("forecast", SETTINGS).record("fit", {"b": 1})
    with Store.open(tmp_path) as store:
        assert store.begin_run("forecast", SETTINGS).completed("fit") == {"b": 1}
        assert len(store.runs()) == 1


def test_the_order_of_settings_does_not_matter(tmp_path):
    with Store.open(tmp_path) as store:
        store.begin_run("forecast", SETTINGS)
    with Store.open(tmp_path) as store:
        assert store.begin_run("forecast", dict(reversed(SETTINGS.items()))).resumed == 1


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "fit"},
        {"region": "italy"},
        {"settings": SETTINGS | {"horizon": "week"}},
        {"catalog": 1},
        {"version": "other"},
    ],
)
def test_a_run_with_anything_else_is_another_run(tmp_path, other):
    same = {"kind": "forecast", "settings": SETTINGS, "region": "chile", "catalog": 0, "version": "1"}
    with Store.open(tmp_path) as store:
        hashes = [store.save_catalog(sample_catalog(seed)) for seed in (0, 1)]
        first = store.begin_run(**same | {"catalog": hashes[0]})
        changed = same | other
        second = store.begin_run(**changed | {"catalog": hashes[changed["catalog"]]})
        assert (second.id, second.resumed) == (first.id + 1, 0)


def test_a_begin_that_the_database_refuses_leaves_the_run_free(tmp_path):
    with Store.open(tmp_path) as store:
        store.begin_run("forecast", SETTINGS, version="1")
    with Store.open(tmp_path) as store:
        with store._database.write() as connection:
            connection.execute("CREATE TEMP TRIGGER refuse BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'no'); END")
        with pytest.raises(StoreError, match="refused") as held:  # the traceback keeps all objects alive
            store.begin_run("forecast", SETTINGS, version="1")
        with Store.open(tmp_path) as other:
            assert other.begin_run("forecast", SETTINGS, version="1").resumed == 1
        assert held.value.__cause__ is not None


def test_a_run_on_an_unknown_catalogue_is_refused(store):
    with pytest.raises(StoreError, match="there is no catalogue snapshot 'abc'"):
        store.begin_run("forecast", SETTINGS, catalog="abc")
    assert store.runs() == ()


def test_the_same_run_twice_in_one_process_is_refused(store):
    store.begin_run("forecast", SETTINGS, region="chile")
    with pytest.raises(StoreError, match=rf"run 1 \(forecast chile\) .* is being made by process {os.getpid()} on"):
        store.begin_run("forecast", SETTINGS, region="chile")
    with (
        Store.open(store.folder) as second,
        pytest.raises(StoreError, match=f"by process {os.getpid()} on"),
    ):
        second.begin_run("forecast", SETTINGS, region="chile")


def test_a_run_of_a_living_process_is_not_stolen_and_of_a_dead_one_is_resumed(store):
    worker = in_another_process(
        store.folder,
        """
        run = store.begin_run("forecast", SETTINGS, version="1")
        run.record("fit", {"b": 1.5})
        print("ready", flush=True)
        time.sleep(60)
        """,
    )
    try:
        assert worker.stdout.readline() == "ready\n"
        with pytest.raises(StoreError, match=f"is being made by process {worker.pid} on .* wait for it"):
            store.begin_run("forecast", SETTINGS, version="1")
        assert store.begin_run("forecast", {"other": 1}, version="1").id == 2
        worker.send_signal(signal.SIGKILL)
        assert worker.wait(timeout=30) == -signal.SIGKILL
        run = store.begin_run("forecast", SETTINGS, version="1")
        assert (run.id, run.resumed, run.completed("fit")) == (1, 1, {"b": 1.5})
        assert store.runs()[0].pid == os.getpid()
        run.finish()
    finally:
        worker.kill()
        worker.communicate()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_children_that_outlive_a_killed_process_do_not_keep_its_run(store):
    worker = in_another_process(
        store.folder,
        """
        run = store.begin_run("forecast", SETTINGS, version="1")
        child = os.fork()
        if not child:
            time.sleep(60)
        print(child, flush=True)
        time.sleep(60)
        """,
    )
    child = int(worker.stdout.readline())
    try:
        worker.kill()
        worker.wait(timeout=30)
        assert store.begin_run("forecast", SETTINGS, version="1").resumed == 1
    finally:
        os.kill(child, signal.SIGKILL)
        worker.communicate()


def test_two_processes_that_begin_the_same_run_at_once_one_gets_it(store):
    body = """
        from houfeng.errors import StoreError
        sys.stdin.readline()
        try:
            store.begin_run("forecast", SETTINGS, version="1")
        except StoreError as error:
            print("refused" if "is being made by process" in str(error) else error, flush=True)
        else:
            print("began", flush=True)
        sys.stdin.readline()
        """
    script = f"import sys\nfrom houfeng.store import Store\nstore = Store.open({str(store.folder)!r})\n"
    script += f"SETTINGS = {SETTINGS!r}\n" + textwrap.dedent(body)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen([sys.executable, "-c", script], **pipes) for _ in range(3)]
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    answers = [worker.stdout.readline().strip() for worker in workers]
    for worker in workers:
        worker.communicate("end\n", timeout=30)
    assert sorted(answers) == ["began", "refused", "refused"]
    assert len(store.runs()) == 1


def test_the_code_version_names_the_release_and_the_source():
    import houfeng

    release, _, source = code_version().rpartition("+")
    assert release == houfeng.__version__
    assert len(source) == 12
    assert int(source, 16) >= 0


def test_a_run_that_cannot_be_marked_as_failed_says_so_beside_the_error_and_stays_resumable(store, monkeypatch):
    run = store.begin_run("forecast", SETTINGS)
    run.record("fit", {"b": 1})

    def refuse(message):
        raise StoreError("the disk is full")

    monkeypatch.setattr(run, "fail", refuse)
    with pytest.raises(ValueError, match="no events") as caught, run:
        raise ValueError("no events")
    assert caught.value.__notes__ == ["run 1 could not be marked as failed and can be resumed: the disk is full"]
    again = store.begin_run("forecast", SETTINGS)
    assert (again.id, again.resumed, again.completed("fit")) == (1, 1, {"b": 1})
