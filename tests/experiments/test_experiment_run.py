"""An experiment from the catalogue to the scoreboard: whole, resumed, and with models that fail."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pytest

from houfeng.errors import FitError, InputError, NotEnoughDataError, SourceError, StoreError
from houfeng.evaluation import log_ratios, observed_counts
from houfeng.experiments import (
    Inputs,
    ModelEntry,
    Serial,
    Unit,
    inputs_of_run,
    issue,
    reissue,
    run_experiment,
)
from houfeng.experiments.aggregate import Tally
from houfeng.experiments.experiment import TESTS
from houfeng.experiments.log import experiment_of_settings
from houfeng.experiments.run import DOCUMENT, step_name
from houfeng.experiments.scoreboard import BOTH_TAILS
from houfeng.experiments.work import Worker
from houfeng.models.stationary import FittedStationary
from houfeng.store import Store, StoreReader
from houfeng.store.packing import json_text, pack_forecast

BEGIN = datetime(2010, 1, 1, tzinfo=UTC)
SHOCK = datetime(2019, 12, 14, 6, 30, tzinfo=UTC)


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


@pytest.fixture(scope="module")
def of_cells(experiment_of, catalog, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cells")
    experiment = experiment_of(occurrence=3.5)
    with Store.open(folder / "store") as own:
        return run_experiment(experiment, own, folder=folder, catalog=catalog, executor=Serial())


def test_chances_of_cells_are_scored_where_asked_for(of_cells, result, catalog, region, daily):
    smoothed, poisson = (model["occurrence"] for model in of_cells.document["models"])
    assert all("occurrence" not in model for model in result.document["models"])
    grid, active = region.grid(), 0
    large = catalog.above(3.5).within(region)
    for window in daily(20):
        some = large.between(window.start, window.end)
        active += len(set(grid.index_of(longitude=some.longitude, latitude=some.latitude).tolist()) - {-1})
    assert smoothed["active"] == poisson["active"] == active > 0
    assert (smoothed["log_gain"]["value"], smoothed["brier_skill"]["value"]) == (0, 0)
    assert poisson["log_gain"]["value"] == pytest.approx(
        (poisson["log_score"] - smoothed["log_score"]) * 20 / active, rel=1e-9
    )
    assert smoothed["molchan"]["value"] == pytest.approx(0.5)
    assert {"value", "low", "high"} == set(poisson["auc"])
    assert sum(group["n"] for group in poisson["reliability"]) == 20 * len(grid)
    page = of_cells.page.read_text(encoding="utf-8")
    assert "Chance in each cell" in page and "逐网格概率" in page
    assert "Chance in each cell" not in result.page.read_text(encoding="utf-8")
    with StoreReader.open(of_cells.folder / "store") as reader:
        settings = reader.runs()[-1].settings
    assert settings["occurrence"] == 3.5 and experiment_of_settings(settings).occurrence == 3.5


@pytest.mark.parametrize(("magnitude", "words"), [(2.5, "no smaller"), (3.55, "in tenths")])
def test_a_target_that_no_forecast_has_is_refused(experiment_of, catalog, store, tmp_path, magnitude, words):
    with pytest.raises(InputError, match=words):
        run_experiment(experiment_of(occurrence=magnitude), store, folder=tmp_path, catalog=catalog, executor=Serial())


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


@pytest.mark.parametrize("unit", [Unit("poisson", 2), Unit("smoothed", 15)])
def test_a_forecast_of_the_log_is_made_again_to_the_last_byte(unit, result, store):
    """All it takes is in the store: catalogue, model, parameters, moment, seed."""
    with StoreReader.open(store.folder) as reader:
        inputs = inputs_of_run(reader, result.run)
        logged = reader.result(result.run, step_name(inputs, unit))
        again = reissue(reader, result.run, unit)
    assert again.digest == logged["digest"]
    saved = next(record for record in store.forecasts(model=unit.model) if record.id == logged["forecast"])
    assert saved.window == inputs.experiment.windows[unit.window]
    assert pack_forecast(again.forecast).digest == saved.artifact


def test_a_run_that_is_no_experiment_is_told(store):
    with store.begin_run("forecast", {}) as work:
        work.step("one", lambda: {})
    with (
        StoreReader.open(store.folder) as reader,
        pytest.raises(StoreError, match="kind 'forecast', not an experiment"),
    ):
        inputs_of_run(reader, work.id)


def test_settings_tell_the_whole_experiment(experiment_of):
    experiment = experiment_of(
        models=(ModelEntry("smoothed", "narrow", {"neighbours": (2, 4), "start": BEGIN}), ModelEntry("poisson")),
        reference="narrow",
        refit=timedelta(days=3),
        training_start=BEGIN,
        thresholds=(4.0, 5.0),
        keep_forecasts=False,
    )
    settings = json.loads(json_text(experiment.settings, "settings"))
    again = experiment_of_settings(settings)
    assert json.loads(json_text(again.settings, "settings")) == settings
    assert again.models == experiment.models and again.windows == experiment.windows
    assert again.refit == experiment.refit and again.training_start == experiment.training_start


def test_a_model_that_fails_is_told_on_the_scoreboard_and_the_others_go_on(
    experiment_of, catalog, store, tmp_path, monkeypatch
):
    honest = FittedStationary.forecast

    def sometimes(self, history, window, rng):
        if self.model.name == "poisson" and window.start.day in (3, 7):
            raise FitError("no luck")
        return honest(self, history, window, rng)

    monkeypatch.setattr(FittedStationary, "forecast", sometimes)
    done = run_experiment(experiment_of(), store, folder=tmp_path / "out", catalog=catalog, executor=Serial())
    reference, poisson = done.document["models"]
    assert (reference["failed"], poisson["failed"], poisson["windows_scored"]) == (0, 2, 18)
    (reason,) = poisson["failures"]
    assert reason == {"reason": "FitError: no luck", "windows": 2, "first": "2019-12-03T00:00:00Z"}
    assert poisson["gain"]["windows"] == 18 and reference["gain"]["windows"] == 20
    assert "FitError: no luck" in (tmp_path / "out" / "scoreboard.html").read_text()
    scores = table(tmp_path / "out" / "scores.parquet")
    assert (scores["failure"] == "FitError: no luck").sum() == 2
    assert np.isnan(np.ma.filled(scores["expected"], np.nan)).sum() == 2


def test_a_model_that_never_works_leaves_a_scoreboard(experiment_of, catalog, store, tmp_path, monkeypatch):
    def never(*_):
        raise FitError("never")

    monkeypatch.setattr("houfeng.models.poisson.Poisson.fit", never)
    done = run_experiment(experiment_of(), store, folder=tmp_path / "out", catalog=catalog, executor=Serial())
    poisson = done.document["models"][1]
    assert (poisson["windows_scored"], poisson["failed"], poisson["ratio"]) == (0, 20, None)
    assert poisson["gain"]["value"] is None and poisson["chances"] == [] and poisson["fit"] is None
    assert (tmp_path / "out" / "scoreboard.html").exists()


class Interrupted:
    """An executor that is stopped after some units."""

    def __init__(self, after: int, error: type[BaseException] = KeyboardInterrupt) -> None:
        self.after, self.error, self.done = after, error, []

    def outcomes(self, inputs, units):
        for outcome in Serial().outcomes(inputs, units):
            if len(self.done) == self.after:
                raise self.error
            self.done.append(outcome.unit)
            yield outcome


@pytest.mark.parametrize("error", [KeyboardInterrupt, SourceError])
def test_an_interrupted_experiment_goes_on_and_ends_the_same(error, experiment_of, catalog, store, tmp_path, result):
    out = tmp_path / "out"
    first = Interrupted(7, error)
    with pytest.raises(error):
        run_experiment(experiment_of(), store, folder=out, catalog=catalog, executor=first)
    assert not out.exists()
    second = Interrupted(1000)
    done = run_experiment(experiment_of(), store, folder=out, catalog=catalog, executor=second)
    assert done.kept == 7 and len(second.done) == 33 and not set(first.done) & set(second.done)
    for name in ("scoreboard.json", "scoreboard.html"):
        assert (out / name).read_bytes() == (result.folder / name).read_bytes()
    record = next(record for record in store.runs() if record.id == done.run)
    assert (record.state, record.resumed) == ("done", 1)


def test_a_finished_experiment_is_given_back_unless_its_files_are_gone(
    experiment_of, catalog, store, tmp_path, daily, result
):
    experiment, told = experiment_of(windows=daily(2)), []
    first = run_experiment(experiment, store, folder=tmp_path, catalog=catalog, executor=Serial())
    again = run_experiment(
        experiment, store, folder=tmp_path, catalog=catalog, executor=Interrupted(0), progress=told.append
    )
    assert (again.run, again.document, again.kept) == (first.run, first.document, 4)
    assert told == [f"finished before, as run {first.run}: nothing to do; delete {tmp_path} to make it anew"]
    (tmp_path / "events.parquet").unlink()
    anew = run_experiment(experiment, store, folder=tmp_path, catalog=catalog, executor=Serial())
    assert anew.run > first.run and anew.document == first.document
    other = run_experiment(replace(experiment, seed=6), store, folder=tmp_path, catalog=catalog, executor=Serial())
    assert other.run > anew.run


def test_forecasts_are_kept_or_only_what_makes_them_again(experiment_of, catalog, tmp_path):
    with Store.open(tmp_path / "lean") as store:
        experiment = replace(experiment_of(), windows=experiment_of().windows[:2], keep_forecasts=False)
        done = run_experiment(experiment, store, folder=tmp_path / "out", catalog=catalog, executor=Serial())
        assert store.forecasts() == ()
        with StoreReader.open(store.folder) as reader:
            unit = Unit("poisson", 1)
            logged = reader.result(done.run, step_name(inputs_of_run(reader, done.run), unit))
            assert reissue(reader, done.run, unit).digest == logged["digest"]


def test_windows_beyond_the_data_are_left_out_and_counted(experiment_of, catalog, store, tmp_path, daily):
    end = catalog.provenance.data_end
    experiment = experiment_of(windows=daily(5, start=end - timedelta(days=3)), models=(ModelEntry("smoothed"),))
    board = run_experiment(experiment, store, folder=tmp_path, catalog=catalog, executor=Serial()).document
    assert len(board["windows"]) == 3 and board["windows_beyond_data"] == 2
    with pytest.raises(NotEnoughDataError, match="nothing can be scored"):
        replace(experiment, windows=daily(2, start=end)).scorable(catalog)
    with pytest.raises(NotEnoughDataError, match="holds no event"):
        replace(experiment, windows=daily(2, start=BEGIN - timedelta(days=9))).scorable(catalog)


def test_the_proof_stands_on_the_scoreboard(experiment_of, catalog, store, tmp_path, daily):
    experiment = experiment_of(windows=daily(2))
    told = []
    done = run_experiment(
        experiment, store, folder=tmp_path, catalog=catalog, prove=True, executor=Serial(), progress=told.append
    )
    proof = done.document["proof"]
    assert proof["ran"] and proof["passed"] and [o["model"] for o in proof["outcomes"]] == ["smoothed", "poisson"]
    assert "Proven: no model did." in done.page.read_text() and "已证明：没有。" in done.page.read_text()
    assert "proving that poisson does not see the future" in told and told[-1] == "writing the scoreboard"


def test_completeness_is_estimated_on_the_past_alone(experiment_of, catalog):
    inputs = Inputs.of(experiment_of(min_magnitude=None), catalog)
    cut = catalog.as_of(inputs.experiment.windows[0].start)
    assert inputs.min_magnitude == Inputs.of(experiment_of(min_magnitude=None), cut).min_magnitude
    assert 2.9 <= inputs.min_magnitude <= 3.3


def test_a_threshold_no_forecast_has_is_refused(experiment_of, catalog):
    with pytest.raises(InputError, match="threshold 4.2 is not one that forecasts from M3 have; there are: 3, 3.5"):
        Inputs.of(experiment_of(thresholds=(4.2,)), catalog)


def test_a_model_on_other_cells_is_refused(experiment_of, catalog, monkeypatch):
    honest = FittedStationary.forecast

    def shifted(self, history, window, rng):
        made = honest(self, history, window, rng)
        grid = replace(made.gridded.grid, west=made.gridded.grid.west + 0.2)
        return replace(made, gridded=replace(made.gridded, grid=grid))

    monkeypatch.setattr(FittedStationary, "forecast", shifted)
    outcome = Worker(Inputs.of(experiment_of(), catalog)).do(Unit("poisson", 0))
    assert "models must forecast on region.grid()" in outcome.failure


def test_gridded_tests_where_nothing_is_simulated(experiment_of, catalog, daily):
    tests = ("N", "M", "S", "L", "CL", "binary", "brier")
    experiment = experiment_of(n_simulations=0, tests=tests, windows=daily(2, start=SHOCK.replace(hour=0, minute=0)))
    inputs = Inputs.of(experiment, catalog)
    assert issue(inputs, Unit("poisson", 0)).simulated is None
    scores = Worker(inputs).do(Unit("smoothed", 0)).scores
    assert set(scores.tests) == set(tests) and scores.observed > 0
    assert all(0 <= test.quantile <= 1 for test in scores.tests.values())
    assert scores.tests["N"].statistic == scores.observed


def test_catalogues_too_few_to_test_with_fail_no_unit(experiment_of, catalog, daily):
    """One catalogue, empty, and an earthquake came: M and S say nothing, and the scoreboard counts that."""
    inside = catalog.within(experiment_of().region)
    window = next(w for w in experiment_of().windows if len(inside.between(w.start, w.end)))
    experiment = experiment_of(models=(ModelEntry("poisson"),), reference="poisson", windows=(window,), n_simulations=1)
    inputs = Inputs.of(experiment, catalog)
    seeds = (replace(inputs, experiment=replace(experiment, seed=seed)) for seed in range(50))
    empty = next(i for i in seeds if not len(issue(i, Unit("poisson", 0)).simulated.time))
    scores = Worker(empty).do(Unit("poisson", 0)).scores
    assert scores.observed > 0 and scores.tests["N"] is not None
    assert scores.tests["M"] is None and scores.tests["S"] is None


def test_overlapping_windows_are_told_and_widen_the_blocks(experiment_of, catalog, store, tmp_path, daily):
    experiment = experiment_of(windows=daily(10, days=7.0), block_days=1.0)
    done = run_experiment(experiment, store, folder=tmp_path, catalog=catalog, executor=Serial())
    assert done.document["overlap"] == 7 and done.document["blocks"] == {"windows": 2, "asked": 7}
    assert "Up to 7 windows overlap" in done.page.read_text()


def test_every_test_can_be_asked_for(experiment_of, catalog, daily):
    experiment = experiment_of(tests=TESTS, windows=daily(1, start=SHOCK.replace(hour=0, minute=0)))
    scores = Worker(Inputs.of(experiment, catalog)).do(Unit("smoothed", 0)).scores
    assert set(scores.tests) == set(TESTS)
    assert all(scores.tests[test] is not None for test in TESTS)
    tally = {
        test: Tally.of_scores([asdict(scores.tests[test])], both_tails=test in BOTH_TAILS, high_tail=test == "M")
        for test in TESTS
    }
    assert all(one.of == 1 for one in tally.values())
