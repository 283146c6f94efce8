"""A store with a run of every kind: real, failed, killed, under way, and an experiment with its scoreboard."""

import atexit
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from houfeng.catalogs.bundled import load_bundled
from houfeng.operations.plan import Case, Plan
from houfeng.operations.run import run
from houfeng.regions import Region
from houfeng.store import Store

#: An hour after the M6.6 of Luding, Sichuan.
AS_OF = datetime(2022, 9, 5, 6, tzinfo=UTC)
MODELS = ("reasenberg-jones", "smoothed", "poisson")
WINDOWS = {"day": timedelta(days=1), "week": timedelta(days=7)}

#: Numbers of the runs in the store below.
REAL, FAILED, KILLED, EXPERIMENT = 1, 2, 3, 4

_KILLED = """
import os, sys
from houfeng.store import Store
store = Store.open(sys.argv[1])
store.begin_run("run", {"moments": ["2020-01-01T00:00:00Z"]}, region="japan")
os._exit(9)
"""


def real_run(store: Store, folder: Path, *, data_end: datetime | None = None) -> None:
    """Forecast Sichuan-Yunnan with quick models, as `houfeng run` does."""
    catalog = load_bundled("sichuan-yunnan")
    if data_end is not None:
        catalog = catalog.before(data_end)
        catalog = replace(catalog, provenance=replace(catalog.provenance, data_end=data_end))
    plan = Plan(
        case=Case("luding"),
        catalog=catalog,
        region=Region.named("sichuan-yunnan"),
        moments=(AS_OF,),
        horizons=WINDOWS,
        models=MODELS,
        min_magnitude=4.8,
        n_simulations=200,
        seed=1,
        folder=folder,
    )
    run(plan, store)


def board_model(name: str, **changes) -> dict:
    """One model of the scoreboard of an experiment."""
    line = {
        "name": name,
        "windows_scored": 100,
        "failed": 0,
        "expected": 95.0,
        "observed": 100,
        "ratio": {"value": 0.95, "low": 0.8, "high": 1.1},
        "gain": {"value": 0.52, "low": 0.31, "high": 0.77, "against": "smoothed", "windows": 100},
        "tests": {
            "N": {"passed": 94, "of": 100, "low": 88, "high": 99},
            "S": {"passed": 80, "of": 100, "low": 88, "high": 99},
        },
    }
    return line | changes


def board(**changes) -> dict:
    """A scoreboard as an experiment keeps it, but for what the page does not show."""
    none = {"value": None, "low": None, "high": None, "against": "smoothed", "windows": 0}
    document = {
        "schema": "houfeng-scoreboard/1",
        "name": "italy-days",
        "min_magnitude": 4.0,
        "windows": [{"start": f"2019-01-{day:02d}T00:00:00Z"} for day in range(1, 11)],
        "data_end": "2020-01-01T00:00:00Z",
        "standing": "draft",
        "baseline": "smoothed",
        "tests": ["N", "S"],
        "models": [
            board_model("etas"),
            board_model("smoothed", gain={"value": 0.0, "low": 0.0, "high": 0.0, "against": "smoothed", "windows": 9}),
            board_model(
                "poisson",
                failed=3,
                windows_scored=97,
                ratio={"value": 1.9, "low": 1.4, "high": 2.6},
                gain={"value": -0.4, "low": -0.6, "high": -0.2, "against": "smoothed", "windows": 97},
                tests={"N": {"passed": 100, "of": 100, "low": 88, "high": 99}},
            ),
            board_model("silent", ratio=None, gain=none, tests={"N": {"passed": 0, "of": 0, "low": 0, "high": 0}}),
        ],
        "proof": {"ran": True, "passed": True, "text": "", "outcomes": []},
    }
    return document | changes


@cache
def _built() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="houfeng-service-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with Store.open(folder / "store") as store:
        real_run(store, folder / "out")
        failed = store.begin_run("run", {"moments": ["2019-01-01T00:00:00Z"]}, region="chile")
        failed.fail("NotEnoughDataError: <b>too few</b> earthquakes")
        subprocess.run([sys.executable, "-c", _KILLED, folder / "store"], check=False, timeout=60)
        with store.begin_run("experiment", {"name": "italy-days"}, region="italy") as work:
            work.record("scoreboard.json", board())
    return folder / "store"


def copy_of_store(to: Path) -> Path:
    """A copy of the store, which the test may change."""
    return Path(shutil.copytree(_built(), to / "store"))


def shared_store() -> Path:
    """The store itself, made once in a process; only to be read."""
    return _built()


def plain(value: object) -> object:
    """As JSON gives it back."""
    return json.loads(json.dumps(value))
