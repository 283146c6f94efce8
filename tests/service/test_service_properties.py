"""Whatever is asked, in whatever order, by however many at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from service_samples import REAL, board, board_model, copy_of_store, shared_store

from houfeng.forecasts.gridded import magnitude_bins
from houfeng.regions import Region
from houfeng.service import boards, cards, maps, server
from houfeng.service.guard import LOOPBACK_NAMES, host_name
from houfeng.service.runs import horizon_name
from houfeng.store import Store, StoreReader
from houfeng.store.forecasts import CountSummary
from houfeng.times import Window

QUICK = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(deadline=None)
@given(st.text(max_size=40), st.sampled_from(LOOPBACK_NAMES), st.integers(0, 99999))
def test_only_a_loopback_name_with_or_without_a_port_passes(text, name, port):
    assert host_name(f"{name}:{port}") == name
    if host_name(text) in LOOPBACK_NAMES:
        bare = text.strip().lower()
        assert bare in LOOPBACK_NAMES or bare.rpartition(":")[0] in LOOPBACK_NAMES


@QUICK
@given(
    path=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    under=st.sampled_from(["/", "/api/", "/api/runs/", "/api/forecasts/"]),
)
@example("\0", "/")
@example("../../pyproject.toml", "/")
@example("a" * 5000, "/")
def test_no_path_breaks_the_service_or_leaves_its_folder(client, path, under):
    answer = client.get(under + quote(path, safe=""))
    assert answer.status_code in (200, 307, 404, 405, 422, 503), answer.text
    assert "Traceback" not in answer.text and "[project]" not in answer.text
    if answer.status_code >= 400:
        assert set(answer.json()["error"]) == {"type", "message"}


@QUICK
@given(id=st.integers(-(10**6), 10**6), magnitude=st.floats(allow_nan=True, allow_infinity=True))
def test_any_number_and_magnitude_has_an_answer(client, id, magnitude):
    answer = client.get(f"/api/forecasts/{id}/cells", params={"magnitude": magnitude})
    assert answer.status_code in (200, 404, 422)
    assert ("rate" in answer.json()) == (answer.status_code == 200)


@settings(deadline=None)
@given(st.floats(-180, 179.9), st.lists(st.floats(0, 359), min_size=1, max_size=20))
def test_cells_are_unwrapped_east_of_where_the_region_begins(start, steps):
    west = np.array([(start + step + 180) % 360 - 180 for step in steps])
    found = maps._beside(west, start)
    assert (found >= start - 1e-3).all() and (found < start + 360).all()
    np.testing.assert_allclose((found - west + 180) % 360 - 180, 0, atol=1e-6)
    np.testing.assert_allclose(found, start + np.array(steps), atol=1e-3)


@settings(deadline=None)
@given(st.floats(0.01, 4000))
def test_a_window_of_any_length_has_one_name_for_programs(days):
    with StoreReader.open(shared_store()) as reader:
        record = reader.forecast(1)
    window = Window.after(record.window.start, timedelta(days=days))
    record = replace(record, window=window)
    assert horizon_name(record, {"mine": window.days}) == "mine"
    name = horizon_name(record, {})
    assert name in ("hour", "day", "week", "month", "year") or float(name.removesuffix("d")) == pytest.approx(
        window.days, rel=1e-5
    )


interval = st.tuples(*[st.floats(-5, 5)] * 3).map(sorted)


@settings(deadline=None)
@given(interval)
def test_a_mark_follows_from_the_interval_alone(numbers):
    low, value, high = numbers
    gain = boards._gain({"value": value, "low": low, "high": high})
    assert gain["mark"] == ("good" if low > 0 else "bad" if high < 0 else None)
    ratio = boards._ratio({"value": value, "low": low, "high": high})
    assert ratio["mark"] == ("good" if low <= 1 <= high else "bad")


@settings(deadline=None)
@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_too_few_passes_are_bad_and_too_many_are_not(passed, a, b):
    low, high = sorted((a, b))
    mark = boards._test({"passed": passed, "of": 100, "low": low, "high": high})["mark"]
    assert (mark == "bad") == (passed < low) and (mark == "good") == (low <= passed <= high)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_the_magnitude_to_speak_of_is_one_of_those_there_are(chances):
    chances = sorted(chances, reverse=True)
    lines = [{"magnitude": 4.5 + 0.5 * i, "probability": p} for i, p in enumerate(chances)]
    first = cards._first(lines)
    assert first in [line["magnitude"] for line in lines]
    whole = [line for line in lines if line["magnitude"] % 1 == 0]
    likely = [line["magnitude"] for line in whole if line["probability"] >= 0.05]
    assert not likely or first == max(likely)


def test_no_magnitude_no_word():
    assert cards._first([]) is None


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
def test_what_came_is_inside_its_range_or_not(a, b, n):
    low, high = sorted((a, b))
    came = cards._came(CountSummary(5.0, (low + high) / 2, low, high, 0.5), n)
    assert came["n"] == n and came["inside"] == (low <= n <= high)
    assert ("inside" in came["words"]["en"]) == came["inside"]


def test_many_ask_at_once_while_a_run_writes(tmp_path):
    """Forty browsers and one writer: everybody gets a whole answer."""
    import uvicorn

    from houfeng.service.app import create_app

    folder = copy_of_store(tmp_path)
    opened = server.listen("127.0.0.1", 0)
    running = uvicorn.Server(uvicorn.Config(create_app(folder), log_level="warning", access_log=False))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [opened]}, daemon=True)
    thread.start()
    base = server.address_of(opened).rstrip("/")
    paths = ["/api/runs", f"/api/runs/{REAL}", "/api/forecasts/2", "/api/forecasts/2/cells?magnitude=5",
             "/api/forecasts/2/earthquakes", f"/api/runs/{REAL}/scoreboard", "/api/health", "/page.js"]  # fmt: skip
    stop = threading.Event()

    def write() -> int:
        n = 0
        with Store.open(folder) as store:
            forecast = store.load_forecast(1)
            while not stop.is_set() or n < 3:
                with store.begin_run("run", {"n": n}, region="japan") as work:
                    store.save_forecast(work, forecast)
                n += 1
        return n

    def ask(i: int) -> httpx.Response:
        return httpx.get(base + paths[i % len(paths)], timeout=60, trust_env=False)

    try:
        with ThreadPoolExecutor(12) as pool:
            writer = pool.submit(write)
            answers = list(pool.map(ask, range(80)))
            stop.set()
            written = writer.result(timeout=60)
    finally:
        stop.set()
        running.should_exit = True
        thread.join(timeout=30)
        opened.close()
    assert {answer.status_code for answer in answers} == {200}
    cards_seen = {answer.text for i, answer in enumerate(answers) if paths[i % len(paths)] == "/api/forecasts/2"}
    assert len(cards_seen) == 1
    with StoreReader.open(folder) as reader:
        assert len(reader.runs()) == 4 + written and not Store.open(folder).problems()


def test_large_grids_are_answered_compactly(client_of, tmp_path):
    """California has 7,682 cells; the page gets them in a tenth of the GeoJSON."""
    folder = copy_of_store(tmp_path)
    grid = Region.named("california").grid()
    with Store.open(folder) as store, store.begin_run("script", {}, region="california") as run:
        old = store.load_forecast(1)
        bins = magnitude_bins(4.8)
        rates = np.random.default_rng(1).lognormal(-9, 2, (len(grid), len(bins)))
        gridded = replace(old.gridded, grid=grid, magnitudes=bins, rates=rates)
        issue = replace(old.issue, region="california")
        id = store.save_forecast(run, replace(old, gridded=gridded, issue=issue))
    client = client_of(folder)
    compact, whole = (client.get(f"/api/forecasts/{id}/{kind}?magnitude=5") for kind in ("cells", "cells.geojson"))
    assert len(compact.json()["west"]) == len(whole.json()["features"]) == 7682
    assert len(compact.content) < 200_000 < len(whole.content) / 4
    assert sum(compact.json()["rate"]) == pytest.approx(gridded.above(5.0).sum(), rel=1e-3)


def test_the_sample_is_a_scoreboard_as_experiments_write_them():
    """The keys that the page reads are keys that the room experiments writes."""
    import ast
    import inspect

    from houfeng.experiments import scoreboard

    written = {node.value for node in ast.walk(ast.parse(inspect.getsource(scoreboard))) if isinstance(node, ast.Constant)}  # fmt: skip  # noqa: E501
    assert set(board()) <= written
    assert set(board_model("x")) <= written
    assert board()["schema"] == scoreboard.SCHEMA
