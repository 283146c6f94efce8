"""An experiment from the catalogue to the scoreboard: whole, resumed, and with models that fail."""

import json

import duckdb
import numpy as np
import pytest

from houfeng.evaluation import log_ratios, observed_counts
from houfeng.experiments import Serial, run_experiment
from houfeng.experiments.run import DOCUMENT
from houfeng.store import Store
from houfeng.store.packing import pack_forecast


def table(path, sql="SELECT * FROM read_parquet(?)"):
    return duckdb.execute(sql, [str(path)]).fetchnumpy()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store.open(tmp_path_factory.mktemp("store")) as opened:
        yield opened


@pytest.fixture(scope="module")
def result(experiment_of, catalog, store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    return run_experiment(experiment_of(), store, folder=folder, catalog=catalog, executor=Serial())


def test_everything_promised_is_written(result, store):
    names = {path.name for path in result.folder.iterdir()}
    assert {"scoreboard.json", "scores.parquet", "tests.parquet", "events.parquet", "cells.parquet"} <= names
    assert json.loads((result.folder / DOCUMENT).read_text()) == result.document
    (record,) = store.runs()
    assert (record.kind, record.state, record.region) == ("experiment", "done", "small")
    assert record.settings["name"] == "small" and record.settings["folder"] == str(result.folder)


def test_the_document_keeps_its_schema(result, experiment_of):
    board = result.document
    assert board["schema"] == "houfeng-scoreboard/1"
    assert (board["name"], board["min_magnitude"], board["baseline"]) == ("small", 3.0, "smoothed")
    assert board["label"] == "PSEUDO-PROSPECTIVE (final catalogue)" and board["standing"] == "draft"
    assert board["data_end"] == "2020-03-01T00:00:00Z"
    assert [w["start"] for w in board["windows"]][:2] == ["2019-12-01T00:00:00Z", "2019-12-02T00:00:00Z"]
    assert board["proof"]["ran"] is False
    for model in board["models"]:
        assert {"name", "windows_scored", "failed", "expected", "observed", "ratio", "gain", "tests"} <= set(model)
        assert set(model["tests"]) == {"N", "M", "S"}
        assert set(model["gain"]) >= {"value", "low", "high", "against"}
        for tally in model["tests"].values():
            assert 0 <= tally["passed"] <= tally["of"] and tally["low"] <= tally["high"]


def test_the_reference_gains_nothing_over_itself(result):
    reference, other = result.document["models"]
    assert reference["gain"]["value"] == 0 and other["gain"]["value"] != 0
    assert other["gain"]["against"] == "smoothed"


def test_numbers_are_those_of_the_catalogue_and_of_the_forecasts(result, experiment_of, catalog, store):
    experiment = experiment_of()
    for label in experiment.labels:
        line = next(model for model in result.document["models"] if model["name"] == label)
        saved = [store.load_forecast(record.id) for record in store.forecasts(model=label)]
        assert len(saved) == len(experiment.windows)
        assert line["expected"] == pytest.approx(sum(forecast.gridded.expected for forecast in saved))
        assert line["observed"] == sum(int(observed_counts(f.gridded, catalog).sum()) for f in saved)


def test_the_gain_is_that_of_the_stored_forecasts(result, store, catalog):
    pairs = [
        tuple(store.load_forecast(r.id).gridded for r in pair)
        for pair in zip(store.forecasts(model="poisson"), store.forecasts(model="smoothed"), strict=True)
    ]
    ratios = [log_ratios(*pair, catalog) for pair in pairs]
    n = sum(map(len, ratios))
    difference = sum(a.expected - b.expected for a, b in pairs)
    told = result.document["models"][1]["gain"]["value"]
    assert told == pytest.approx((sum(r.sum() for r in ratios) - difference) / n, rel=1e-12)


def test_scores_of_single_earthquakes_are_kept(result, catalog):
    events = table(result.folder / "events.parquet")
    each = result.document["models"][0]["observed"]
    assert len(events["log_rate"]) == 2 * each > 0
    assert set(events["model"]) == {"smoothed", "poisson"}
    rows = {str(event): i for i, event in enumerate(catalog.event_id)}
    chosen = [rows[event] for event in events["event_id"]]
    np.testing.assert_array_equal(catalog.magnitude[chosen], events["magnitude"])
    np.testing.assert_array_equal(catalog.time[chosen], events["time"].astype("datetime64[us]"))
    assert np.isfinite(events["log_rate"]).all()


def test_counts_of_cells_are_kept(result, experiment_of):
    cells = table(result.folder / "cells.parquet")
    for model in result.document["models"]:
        mine = cells["model"] == model["name"]
        assert mine.sum() == len(experiment_of().region.grid())
        assert cells["observed"][mine].sum() == model["observed"]
        assert cells["expected"][mine].sum() == pytest.approx(model["expected"])


def test_scores_of_windows_and_tests_are_kept(result):
    scores, tests = table(result.folder / "scores.parquet"), table(result.folder / "tests.parquet")
    assert len(scores["expected"]) == 40 and set(scores["failure"]) == {""}
    said = [t for m in result.document["models"] for t in m["tests"].values()]
    assert len(tests["passed"]) == sum(t["of"] for t in said)
    assert int(tests["passed"].sum()) == sum(t["passed"] for t in said)


def test_a_forecast_of_the_log_is_made_again_to_the_last_byte(result, store):
    """All it takes is in the store: catalogue, model, parameters, moment, seed."""
    from houfeng.models.registry import create_model
    from houfeng.operations.training import known
    from houfeng.times import Window, parse_time

    (record,) = store.runs()
    catalog = store.load_catalog(record.catalog)
    from houfeng.store import StoreReader

    with StoreReader.open(store.folder) as reader:
        unit = reader.result(record.id, "poisson 2019-12-03T00:00:00+00:00 2")
    from houfeng.regions import Region

    region = Region.box("small", west=10.0, south=40.0, east=12.0, north=42.0, cell_deg=0.2, depth_max_km=50)
    model = create_model(unit["model"], min_magnitude=unit["min_magnitude"], **unit["parameters"])
    fitted = model.fit(known(catalog, region, parse_time(unit["fitted_as_of"])), region)
    window = Window(parse_time(unit["start"]), parse_time(unit["end"]))
    again = fitted.forecast(
        known(catalog, region, window.start), window, np.random.default_rng(int(unit["seeds"]["forecast"]))
    )
    logged = next(f for f in store.forecasts(model="poisson") if f.id == unit["forecast"])
    assert logged.window == window
    assert pack_forecast(again).digest == logged.artifact
