"""``houfeng experiment``: from one file to the scoreboard, as a stranger would."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from houfeng.errors import StoreError
from houfeng.store import Store, StoreReader

FILE = """
name = "coquimbo"
reference = "smoothed"
min_magnitude = 4.5
simulations = 100
seed = 3

[catalog]
file = "chile"

[region]
polygon = [[-73, -33], [-70, -33], [-70, -29], [-73, -29]]
cell_deg = 0.5
depth_max_km = 100

[training]
start = 2005-01-01T00:00:00Z
refit = "4d"

[windows]
start = 2015-09-13T00:00:00Z
end = 2015-09-20T00:00:00Z
length = "1d"

[scores]
thresholds = [5.0]

[executor]
kind = "serial"

[[models]]
name = "poisson"

[[models]]
name = "smoothed"
"""


@pytest.fixture
def file(workplace) -> Path:
    path = workplace / "coquimbo.toml"
    path.write_text(FILE)
    return path


def test_from_one_file_to_the_scoreboard(houfeng, file, workplace):
    code, out, err = houfeng("experiment", file, "--prove")
    assert code == 0, err
    folder = workplace / "experiments" / "coquimbo"
    assert {path.name for path in folder.iterdir()} == {
        *("scoreboard.json", "scoreboard.html"),
        *("scores.parquet", "tests.parquet", "events.parquet", "cells.parquet"),
    }
    assert "7 windows from 2015-09-13T00:00 to 2015-09-20T00:00 UTC, M>=4.5" in out
    assert "proof that no model sees the future: passed" in out
    assert "DRAFT" in out and "PSEUDO-PROSPECTIVE" in out and "data end" in out
    assert "14 of 14: smoothed 2015-09-19 00:00" in err
    board = json.loads((folder / "scoreboard.json").read_text())
    assert board["models"][0]["observed"] > 50, "the Illapel sequence came"


def test_json_is_one_document_and_the_run_is_listed(houfeng, file, workplace):
    code, out, _ = houfeng("experiment", file, "--out", "there", "--json")
    told = json.loads(out)
    assert code == 0 and told["schema"] == "houfeng-scoreboard/1"
    assert Path(told["page"]) == workplace / "there" / "scoreboard.html"
    with StoreReader.open(workplace / "data") as reader:
        (record,) = reader.runs()
        assert (record.id, record.kind, record.state) == (told["run"], "experiment", "done")
        registered = reader.result(record.id, "scoreboard.json")
    assert registered == json.loads((workplace / "there" / "scoreboard.json").read_text())


def test_the_catalogue_and_the_executor_can_be_given_on_the_command_line(houfeng, file, workplace):
    file.write_text(FILE.replace('"chile"', '"missing.csv"', 1))
    code, _, err = houfeng("experiment", file)
    assert code == 2 and "missing.csv" in err
    code, _, err = houfeng("experiment", file, "--catalog", "chile", "--executor", "processes", "--workers", "2")
    assert code == 0, err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.toml",), "cannot read the experiment none.toml"),
        (("coquimbo.toml", "--executor", "ray"), "unknown executor 'ray'"),
        (("coquimbo.toml", "--catalog", "atlantis"), "no file atlantis, nor a bundled catalogue"),
        (("coquimbo.toml", "--executor", "serial", "--scheduler", "tcp://127.0.0.1:1"), "goes with the executor dask"),
        ((), "Missing argument 'FILE'"),
    ],
)
def test_mistakes_are_told_in_one_line(houfeng, file, arguments, words):
    code, _, err = houfeng("experiment", *arguments)
    assert code == 2 and words in err and len(err.strip().splitlines()) == 1


def test_help_shows_an_example(houfeng):
    code, out, _ = houfeng("experiment", "--help")
    assert code == 0 and "Example: houfeng experiment examples/italy.toml" in " ".join(out.split())


def test_a_failed_proof_is_an_exit_code(houfeng, file, monkeypatch):
    from houfeng.experiments import run
    from houfeng.experiments.proof import Proof

    monkeypatch.setattr(run, "prove_no_future", lambda inputs, unit: Proof(unit.model, unit.window, "a", "b", "a"))
    code, out, err = houfeng("experiment", file, "--prove")
    assert code == 1 and "FAILED" in out and "changed with the future" in err


def command(out: str, *more: str) -> list[str]:
    code = "import sys; from houfeng.cli.main import main\nif __name__ == '__main__': sys.exit(main())"
    return [sys.executable, "-c", code, "experiment", "coquimbo.toml", "--out", out, *more]


def wait_for_units(folder: Path, n: int, process: subprocess.Popen) -> None:
    """Until the store remembers `n` windows."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with StoreReader.open(folder) as reader:
                runs = reader.runs()
                if runs and sum("2015-09" in s.name for s in reader.steps(runs[-1].id) if s.state == "done") >= n:
                    return
        except StoreError:  # not there yet, or half made
            pass
        time.sleep(0.01)
    raise AssertionError(f"no {n} windows were recorded")


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_kill_nine_loses_nothing_that_was_recorded(workplace, file, executor):
    whole = subprocess.run(
        command("whole"), capture_output=True, text=True, timeout=180, env=os.environ | {"HOUFENG_DATA_DIR": "other"}
    )
    assert whole.returncode == 0, whole.stderr
    more = ("--executor", executor, "--workers", "2")
    killed = subprocess.Popen(command("killed", *more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_units(workplace / "data", 5, killed)
    finally:
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
    assert killed.returncode == -signal.SIGKILL and not (workplace / "killed").exists()
    again = subprocess.run(command("killed", *more), capture_output=True, text=True, timeout=180)
    assert again.returncode == 0, again.stderr
    kept = next(line for line in again.stderr.splitlines() if line.endswith("windows done before, kept"))
    assert 5 <= int(kept.split()[0]) < 14
    for name in ("scoreboard.json", "scoreboard.html"):
        assert (workplace / "killed" / name).read_bytes() == (workplace / "whole" / name).read_bytes()
    with Store.open(workplace / "data") as store:
        assert store.problems() == ()
        assert len(store.forecasts()) == 14, "each forecast is logged once"
        (record,) = store.runs()
        assert (record.state, record.resumed) == ("done", 1)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_workers_do_not_outlive_a_killed_experiment(workplace, file):
    killed = subprocess.Popen(
        command("killed", "--executor", "processes", "--workers", "2"), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for_units(workplace / "data", 2, killed)
        children = children_of(killed.pid)
    finally:
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
    assert len(children) >= 2
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{child}").is_dir() for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [child for child in children if Path(f"/proc/{child}").is_dir()]


def children_of(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[1]) == pid:
            found.append(int(status.parent.name))
    return found


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "region", "start", "magnitude"),
    [
        ("italy_iside.csv", 'name = "italy"\ncell_deg = 0.5', "2016-10-28T00:00:00Z", 3.5),
        ("switzerland_sed.csv", "polygon = [[5.8, 45.7], [10.6, 45.7], [10.6, 47.9], [5.8, 47.9]]\ncell_deg = 0.2",
         "2016-10-20T00:00:00Z", 2.5),
    ],
)  # fmt: skip
def test_a_stranger_s_catalogue_goes_from_one_file_to_the_scoreboard(
    shared_data, houfeng, workplace, name, region, start, magnitude
):
    source = shared_data / "forecasting" / name
    if not source.is_file():
        pytest.skip(f"there is no {source}")
    (workplace / "own.toml").write_text(
        f'name = "own"\nreference = "smoothed"\nmin_magnitude = {magnitude}\nsimulations = 200\n'
        f'[catalog]\nfile = "{source}"\nassume_utc = true\n[region]\n{region}\n'
        f'[windows]\nstart = {start}\nend = {start.replace("10-", "11-")}\nlength = "7d"\n'
        '[executor]\nkind = "serial"\n[[models]]\nname = "smoothed"\n[[models]]\nname = "etas"\n'
    )
    code, out, err = houfeng("experiment", "own.toml", "--json")
    assert code == 0, err
    board = json.loads(out)
    assert [(m["name"], m["windows_scored"], m["failed"]) for m in board["models"]] == [
        ("smoothed", 4, 0),
        ("etas", 4, 0),
    ]
