"""Every route over a store with a run of every kind."""

import json
import subprocess
import sys

import pytest
from service_samples import AS_OF, EXPERIMENT, FAILED, KILLED, MODELS, REAL, WINDOWS, copy_of_store, real_run

import houfeng
from houfeng.operations.document import time
from houfeng.reports.messages import catalogue
from houfeng.store import Store
from houfeng.store.database import APPLICATION_ID


def test_health_tells_version_and_store(client, store_folder):
    assert client.json("/api/health") == {
        "ok": True,
        "houfeng": houfeng.__version__,
        "store": {"folder": str(store_folder), "exists": True, "n_runs": 4},
    }


def test_messages_are_the_catalogue_of_the_reports(client):
    found = client.json("/api/messages")
    assert found == {"languages": ["en", "zh"], "messages": catalogue()}


def test_runs_are_listed_newest_first_with_their_state(client):
    runs = client.json("/api/runs")["runs"]
    assert [run["id"] for run in runs] == [EXPERIMENT, KILLED, FAILED, REAL]
    assert [run["state"] for run in runs] == ["done", "interrupted", "failed", "done"]
    experiment, killed, failed, real = runs
    assert [run["standing"] for run in runs] == [{}, {}, {}, {"draft": 6}]
    assert experiment["name"] == "italy-days" and real["name"] is None
    assert real["titles"] == {"en": "Sichuan-Yunnan", "zh": "川滇地区"}
    assert real["as_of"] == [time(AS_OF)] and real["data_end"] == "2025-11-09T23:44:25.067000Z"
    assert real["kind_words"]["en"] == "Forecast" and experiment["kind_words"]["zh"] == "实验"
    assert "<b>too few</b>" in failed["message"] and failed["data_end"] is None and failed["as_of"] == []
    assert killed["finished"] is None and killed["n_expected"] == 1


def test_a_run_under_way_is_seen_with_what_it_has_so_far(client_of, tmp_path):
    folder = copy_of_store(tmp_path)
    client = client_of(folder)
    with Store.open(folder) as store:
        work = store.begin_run("run", {"moments": ["a", "b"]}, region="sichuan-yunnan")
        assert client.json("/api/runs")["runs"][0]["state"] == "running"
        assert client.json(f"/api/runs/{work.id}")["forecasts"] == []
        store.save_forecast(work, store.load_forecast(1))
        assert len(client.json(f"/api/runs/{work.id}")["forecasts"]) == 1
        work.finish()
        assert client.json("/api/runs")["runs"][0]["state"] == "done"


def test_one_run_offers_moments_windows_and_models(client):
    run = client.json(f"/api/runs/{REAL}")
    assert run["models"] == list(MODELS) and run["baseline"] == "smoothed"
    assert [(w["name"], w["days"]) for w in run["windows"]] == [("day", 1.0), ("week", 7.0)]
    assert run["windows"][1]["words"] == {"en": "the next week", "zh": "未来 1 周"}
    assert run["first_window"] == "week"
    assert [moment["shown"] for moment in run["moments"]] == ["2022-09-05 06:00"]
    assert {(f["model"], f["window"]) for f in run["forecasts"]} == {(m, w) for m in MODELS for w in WINDOWS}
    assert all(f["state"] == "draft" and f["run"] == REAL for f in run["forecasts"])
    assert run["settings"]["seed"] == 1 and "region" not in run["settings"]
    assert [step["state"] for step in run["steps"]] == ["done", "done"]


@pytest.mark.parametrize("id", [FAILED, KILLED, EXPERIMENT])
def test_a_run_without_forecasts_says_so(client, id):
    run = client.json(f"/api/runs/{id}")
    assert run["forecasts"] == run["moments"] == run["models"] == run["windows"] == []
    assert run["first_window"] is None and run["baseline"] is None


def test_all_forecasts_newest_first(client):
    found = client.json("/api/forecasts")["forecasts"]
    assert [f["id"] for f in found] == [6, 5, 4, 3, 2, 1]
    assert found[-1]["as_of"] == "2022-09-05T06:00:00Z" and found[-1]["end"] == "2022-09-06T06:00:00Z"


def test_scoreboards_lists_experiments_alone(client):
    assert [run["id"] for run in client.json("/api/scoreboards")["scoreboards"]] == [EXPERIMENT]


def test_the_land_is_polygons_and_coasts(client):
    answer = client.get("/api/land")
    assert answer.status_code == 200 and "max-age" in answer.headers["cache-control"]
    assert [f["properties"]["kind"] for f in answer.json()["features"]] == ["land", "coast"]


def test_an_unchanged_answer_is_not_sent_twice(client):
    first = client.get("/api/runs")
    assert first.headers["etag"] and first.headers["cache-control"] == "no-cache"
    again = client.get("/api/runs", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/runs", headers={"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "kind", "message"),
    [
        ("/api/runs/99", 404, "UnknownNameError", "unknown run '99'. There are: 1, 2, 3, 4"),
        ("/api/runs/99/scoreboard", 404, "UnknownNameError", "unknown run '99'"),
        ("/api/forecasts/99", 404, "UnknownNameError", "unknown forecast '99'"),
        ("/api/forecasts/-1/cells?magnitude=5", 404, "UnknownNameError", "unknown forecast '-1'"),
        ("/api/forecasts/0/earthquakes", 404, "UnknownNameError", "unknown forecast '0'"),
        ("/api/nothing", 404, "UnknownNameError", "unknown route '/nothing'"),
        ("/api/run", 404, "UnknownNameError", "did you mean '/runs'?"),
        ("/nothing.html", 404, "HTTPError", "the page is at /, its data under /api/"),
        ("/../pyproject.toml", 404, "HTTPError", "there is nothing at"),
        ("/%2e%2e/cli/main.py", 404, "HTTPError", "there is nothing at"),
        ("/api/runs/one", 422, "InputError", "id is 'one'"),
        ("/api/runs/9999999999999999999999", 503, "StoreError", "cannot hold this value"),
        ("/api/forecasts/1/cells", 422, "InputError", "magnitude"),
        ("/api/forecasts/1/cells?magnitude=high", 422, "InputError", "magnitude is 'high'"),
        (
            "/api/forecasts/1/cells?magnitude=4.85",
            422,
            "InputError",
            "not an edge of this forecast's bins (4.8 to 9.9)",
        ),
        ("/api/forecasts/1/cells?magnitude=nan", 422, "InputError", "magnitude nan is not an edge"),
        ("/api/forecasts/1/cells.geojson?magnitude=inf", 422, "InputError", "not an edge"),
    ],
)
def test_what_cannot_be_answered_is_told_in_the_style_of_the_project(client, path, status, kind, message):
    answer = client.get(path)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["type"] == kind and message in error["message"] and "\n" not in error["message"]


def test_without_a_store_the_lists_are_empty_and_nothing_is_made(client_of, tmp_path):
    client = client_of(tmp_path / "none")
    assert client.json("/api/runs") == {"runs": []}
    assert client.json("/api/forecasts") == {"forecasts": []}
    assert client.json("/api/scoreboards") == {"scoreboards": []}
    assert client.json("/api/health")["store"] == {"folder": str(tmp_path / "none"), "exists": False, "n_runs": 0}
    answer = client.get("/api/runs/1")
    assert answer.status_code == 503 and "there is no store in" in answer.json()["error"]["message"]
    assert not (tmp_path / "none").exists()


def test_a_store_that_is_not_ours_is_an_error_and_not_a_crash(client_of, tmp_path):
    (tmp_path / "houfeng.db").write_bytes(b"something else" * 500)
    answer = client_of(tmp_path).get("/api/runs")
    assert answer.status_code == 503 and answer.json()["error"]["type"] == "StoreError"


def test_a_damaged_forecast_is_named_and_the_rest_goes_on(client_of, tmp_path):
    folder = copy_of_store(tmp_path)
    client = client_of(folder)
    with Store.open(folder) as store:
        artifact = store.forecasts()[0].artifact
    (folder / "artifacts" / f"{artifact}.npz").write_bytes(b"gone bad")
    answer = client.get("/api/forecasts/1")
    assert answer.status_code == 503 and "is damaged" in answer.json()["error"]["message"]
    assert client.json("/api/forecasts/2")["id"] == 2


def test_it_answers_while_another_process_holds_the_write_lock(client_of, tmp_path):
    folder = copy_of_store(tmp_path)
    code = (
        "import sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('BEGIN IMMEDIATE')\n"
        "c.execute(\"UPDATE runs SET message = 'half written'\")\n"
        "print('writing', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code, folder / "houfeng.db"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout.readline() == "writing\n"
        runs = client_of(folder).json("/api/runs")["runs"]
        assert len(runs) == 4 and "half written" not in {run["message"] for run in runs}
    finally:
        writer.communicate("stop\n", timeout=30)


def test_a_run_made_while_it_serves_appears(client_of, tmp_path):
    client = client_of(tmp_path / "store")
    assert client.json("/api/runs") == {"runs": []}
    with Store.open(tmp_path / "store") as store:
        real_run(store, tmp_path / "out", data_end=AS_OF)
    (run,) = client.json("/api/runs")["runs"]
    assert run["state"] == "done" and run["data_end"] == time(AS_OF)
    assert client.json("/api/forecasts/1/earthquakes")["after"] is None


def test_the_routes_are_described_without_a_page_from_elsewhere(client):
    described = client.json("/api/openapi.json")["paths"]
    assert {"/api/runs", "/api/runs/{id}", "/api/forecasts/{id}", "/api/health"} <= set(described)
    assert all(set(methods) == {"get"} for methods in described.values())
    for path in ("/docs", "/redoc", "/api/docs"):
        assert client.get(path).status_code == 404


def test_the_store_is_ours(store_folder):
    header = (store_folder / "houfeng.db").read_bytes()[:100]
    assert int.from_bytes(header[68:72], "big") == APPLICATION_ID  # what the errors above rest on


def test_json_is_compact(client):
    text = client.get("/api/forecasts/1/cells?magnitude=5").text
    assert json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")) == text
