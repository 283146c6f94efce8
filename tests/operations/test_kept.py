"""Kept models in a run: found, checked, used as they are; the same again when resumed, never ahead of their time."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.errors import FutureError, InputError, SourceError, StoreError, UnknownNameError
from houfeng.models.registry import create_model
from houfeng.models.smoothed import Smoothed
from houfeng.operations import outputs
from houfeng.operations.kept import completeness, resolve
from houfeng.operations.models import card_of, model_document, verdict
from houfeng.operations.online import Guards
from houfeng.operations.plan import Case, Plan
from houfeng.operations.pool_models import pool_models
from houfeng.operations.run import run
from houfeng.operations.training import known
from houfeng.operations.update_model import load_updated, update_model
from houfeng.regions import Region
from houfeng.reports.model_card import card_markdown
from houfeng.reports.notes import note_in_both
from houfeng.store import Store
from houfeng.store.model_files import pack_model, read_model
from houfeng.times import Window

KNOWN, UPDATED = datetime(2010, 1, 1, tzinfo=UTC), datetime(2010, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def catalog(learners_world):
    return learners_world


def box(**changes):
    told = {"west": 10.0, "south": 40.0, "east": 13.0, "north": 43.0, "cell_deg": 0.2, "depth_max_km": 50}
    return Region.box(**{"name": "small"} | told | changes)


@pytest.fixture(scope="module")
def region():
    return box()


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "store") as store:
        yield store


@pytest.fixture(scope="module")
def history(catalog, region):
    return known(catalog, region, KNOWN)


@pytest.fixture(scope="module")
def plain(history, region):
    """The long-term average, fitted on what was known in 2010, as a model file."""
    fitted = Smoothed(min_magnitude=3.0).fit(history, region)

    def make(name="average", **changes):
        return pack_model(fitted, replace(card_of(fitted, history, name=name, made=KNOWN), **changes))

    return make


@pytest.fixture(scope="module")
def logistic(boosted, history, region):
    """Of the same training."""
    asked = {"min_magnitude": 3.0, "target_magnitude": 3.5, "every_days": 14.0, "n_catalogs": 200}
    fitted = create_model("logistic", **asked).fit(history, region)
    return pack_model(fitted, card_of(fitted, history, name="logistic-1", made=KNOWN))


@pytest.fixture(scope="module")
def boosted(history, region):
    asked = {"min_magnitude": 3.0, "target_magnitude": 3.5, "every_days": 14.0, "n_catalogs": 200}
    fitted = create_model("boosting", rounds=20, **asked).fit(history, region)
    return pack_model(fitted, card_of(fitted, history, name="boosted", made=KNOWN))


@pytest.fixture
def plan_with(catalog, region, store, tmp_path):
    """A quick plan with the models of some words."""

    def make(*words, **changes):
        names, kept = resolve(words, changes.get("region", region), store)
        parts = {
            "case": Case("test"), "catalog": catalog, "region": region, "moments": (KNOWN + timedelta(days=3),),
            "horizons": {"week": timedelta(days=7)}, "models": names, "min_magnitude": None, "n_simulations": 150,
            "seed": 1, "folder": tmp_path / "out", "kept": kept,
        }  # fmt: skip
        return Plan(**parts | changes)

    return make


def test_a_kept_model_forecasts_under_its_name_beside_one_that_is_fitted(plan_with, store, plain, tmp_path):
    store.models.add(plain(), where="average")
    plan = plan_with("average", "poisson")
    assert plan.models == ("average", "poisson") and plan.min_magnitude == 3.0
    told = []
    document = run(plan, store, told.append).document
    assert not any("fitting average" in line for line in told) and any("fitting poisson" in line for line in told)
    assert document["models_asked"] == ["average", "poisson"]
    kept, fitted = document["models"][:2]
    assert (kept["name"], kept["recipe"], kept["kept"]["trained_to"]) == ("average", "smoothed", "2010-01-01T00:00:00Z")
    assert kept["kept"]["sha256"] == plan.kept["average"].digest and fitted["kept"] is None
    assert {row["model"] for row in document["forecasts"][0]["table"]} == {"average", "poisson", "smoothed"}
    assert "by average" in (plan.folder / "2010-01-04T000000Z" / "table.txt").read_text()
    assert {f.issue.model for f in store.forecasts()} == {"average", "poisson", "smoothed"}
    page = (plan.folder / "report.html").read_text()
    assert "Kept model, not fitted for this run" in page and "保存的模型，本次运行未重新拟合" in page
    assert plan.kept["average"].digest in page and "as it was trained" in page


def test_a_file_is_the_same_model_as_the_store_has(plan_with, store, plain, tmp_path):
    path = tmp_path / "mine.houfeng"
    path.write_bytes(plain())
    assert plan_with(str(path)).models == ("average",)
    store.models.add(plain(), where="average")
    assert plan_with(str(path), "average").models == ("average",)
    path.write_bytes(plain(licence="other"))
    with pytest.raises(InputError, match="two different models are called average"):
        plan_with(str(path), "average")
    path.write_bytes(plain("smoothed"))
    with pytest.raises(InputError, match="which is the name of a recipe"):
        plan_with(str(path))
    path.write_bytes(plain()[:500])
    with pytest.raises(StoreError, match="no model file"):
        plan_with(str(path))
    with pytest.raises(SourceError, match="cannot read"):
        plan_with("none.houfeng")


def test_unknown_names_are_answered_with_both_kinds(region, store, plain):
    store.models.add(plain(), where="average")
    with pytest.raises(UnknownNameError, match="did you mean 'average'.*etas-adaptive"):
        resolve(("averge",), region, store)
    with pytest.raises(UnknownNameError, match=r"\*\.houfeng.*champion.*poisson"):
        resolve(("poison",), region, None)
    store.models.retire("average", reason="worse")
    with pytest.raises(InputError, match=r"average is retired \(worse\)"):
        resolve(("average",), region, store)


def test_champion_is_that_of_the_region_or_of_the_house(region, store, plain):
    assert resolve(("champion",), region, None) == (("etas-adaptive",), {})
    assert resolve(("champion", "etas-adaptive"), region, store)[0] == ("etas-adaptive",)
    store.models.add(plain(), where="average")
    store.models.add(plain("week", target_magnitude=4.0, horizon_days=7.0), where="week")
    with store.begin_run("experiment", {}) as judged:
        judged.record("scoreboard.json", {})
    store.models.promote("average", run=judged.id, reason="test")
    assert resolve(("champion",), region, store)[0] == ("average",)
    assert resolve(("champion",), box(name="elsewhere"), store)[0] == ("etas-adaptive",)
    store.models.promote("week", run=judged.id, reason="test")
    with pytest.raises(InputError, match="several champions, average of 'small M3 any'; week of 'small M4 7d'"):
        resolve(("champion",), region, store)


def test_what_learned_from_later_data_is_refused(plan_with, store, plain):
    store.models.add(plain(), where="average")
    early = KNOWN - timedelta(days=1)
    with pytest.raises(FutureError, match=r"trained on data to 2010-01-01T00:00:00\+00:00, after .* 2009-12-31"):
        plan_with("average", moments=(early,))
    with pytest.raises(FutureError):
        plan_with("average", moments=(early, KNOWN + timedelta(days=9)))
    assert plan_with("average", moments=(KNOWN,)).moments == (KNOWN,)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"cell_deg": 0.5}, "cell_deg is 0.2 and 0.5"), ({"depth_max_km": 60.0}, "depth_max_km is 50 and 60"),
     ({"east": 13.2}, "outlines are not the same")],
)  # fmt: skip
def test_another_region_is_refused(plan_with, store, plain, changes, words):
    store.models.add(plain(), where="average")
    with pytest.raises(InputError, match=words):
        plan_with("average", region=box(**changes))
    assert plan_with("average", region=box(name="renamed")).models == ("average",)


def test_completeness_must_agree(plan_with, store, plain):
    store.models.add(plain(), where="average")
    with pytest.raises(InputError, match=r"average from M3 and --min-magnitude 3\.5"):
        plan_with("average", min_magnitude=3.5)
    other = replace(plan_with("average").kept["average"].card, name="other", min_magnitude=3.2)
    one = plan_with("average").kept["average"]
    with pytest.raises(InputError, match=r"average from M3, other from M3\.2"):
        completeness((one, replace(one, card=other)), None)
    assert (completeness((), None), completeness((), 4.0), completeness((one,), 3.0)) == (None, 4.0, 3.0)


def test_what_learned_from_simulated_earthquakes_does_not_forecast_real_ones(plan_with, store, plain, catalog):
    store.models.add(plain(simulated=True), where="average")
    with pytest.raises(InputError, match="does not forecast real ones"):
        plan_with("average")
    simulated = replace(catalog, provenance=replace(catalog.provenance, source="SIMULATED for a test"))
    assert plan_with("average", catalog=simulated).models == ("average",)


def test_a_resumed_run_is_the_same_only_with_the_same_file(plan_with, store, plain, monkeypatch, tmp_path):
    path = tmp_path / "mine.houfeng"
    path.write_bytes(plain())
    with monkeypatch.context() as broken:
        broken.setattr(outputs, "write_report", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(plan_with(str(path)), store)
    path.write_bytes(plain(licence="other"))
    assert run(plan_with(str(path)), store).resumed_steps == ()
    path.write_bytes(plain())
    again = run(plan_with(str(path)), store)
    assert again.resumed_steps == ("fit", "forecast 2010-01-04T00:00:00Z")
    whole = run(plan_with(str(path)), store)
    assert whole.resumed_steps == () and json.dumps(whole.document) == json.dumps(again.document)


@pytest.mark.slow
def test_levels_of_the_last_update_are_in_the_forecast_and_never_before_it(plan_with, store, boosted, catalog, region):
    store.models.add(boosted, where="boosted")
    plain = plan_with("boosted", moments=(UPDATED,))
    update_model(store, "boosted", catalog, as_of=UPDATED)
    plan = plan_with("boosted", moments=(UPDATED,))
    assert plan.settings["kept"]["boosted"]["state"]["windows"] == 17
    assert plan.settings["kept"]["boosted"]["sha256"] == plain.settings["kept"]["boosted"]["sha256"]
    assert plan.settings != plain.settings, "an update makes it another run"
    with pytest.raises(FutureError, match=r"updated with data to 2010-05-01.* after the forecast time 2010-04-30"):
        plan_with("boosted", moments=(UPDATED - timedelta(days=1),))
    at, window = known(catalog, region, UPDATED), Window.after(UPDATED, timedelta(days=7))
    fitted, updated = plain.kept["boosted"].fitted, plan.kept["boosted"].fitted
    before, after = (one.forecast(at, window, np.random.default_rng(3)) for one in (fitted, updated))
    assert np.array_equal(updated.rates(at, UPDATED), load_updated(store, "boosted").rates(at, UPDATED))
    ratio = updated.rates(at, UPDATED) / fitted.rates(at, UPDATED)
    assert after.gridded.rates == pytest.approx(before.gridded.rates * ratio[:, None])
    assert after.counts.expected / before.counts.expected == pytest.approx(
        after.gridded.expected / before.gridded.expected
    )
    assert len(before.counts.samples) == 200
    note = after.explanation.notes[-1]
    assert "Levels updated by 17 windows" in note and note_in_both(note)["zh"] != note
    card = model_document(store, "boosted")
    assert card["seen_to"] == UPDATED.isoformat() and "seen nothing after 2010-05-01" in card_markdown(card, "en")
    document = run(plan, store).document
    assert document["models"][0]["kept"]["state"]["windows"] == 17
    page = (plan.folder / "report.html").read_text()
    assert "Its levels follow the data until 2010-04-30" in page and "其水平随资料更新至 2010-04-30" in page


@pytest.mark.slow
def test_as_many_catalogues_are_simulated_as_the_run_asks_for(plan_with, boosted, tmp_path, catalog, region):
    path = tmp_path / "b.houfeng"
    path.write_bytes(boosted)
    one = plan_with(str(path)).kept["boosted"]
    made = one.simulating(120).forecast(known(catalog, region, UPDATED), Window.after(UPDATED, timedelta(days=1)),
                                       np.random.default_rng(1))  # fmt: skip
    assert len(made.counts.samples) == 120


@pytest.fixture
def pool(store, boosted, logistic):
    for content in (boosted, logistic):
        store.models.add(content, where="a member")
    return pool_models(store, "pooled", ("boosted", "logistic-1"))


@pytest.mark.slow
def test_a_pool_forecasts_the_mean_of_its_members_and_of_the_champion(store, pool, catalog, region):
    assert (pool.state, pool.slot, pool.card.model) == ("challenger", "small M3.5 7d", "pool")
    assert pool.card.parameters["members"] == ["boosting", "logistic"]
    assert pool.card.parameters["kept"] == ["boosted", "logistic-1"] and pool.card.scores == ()
    fitted, at = store.models.load("pooled").fitted, known(catalog, region, UPDATED)
    members = [store.models.load(name).fitted for name in ("boosted", "logistic-1")]
    champion = members[0].level.of(*(getattr(members[0].moment(at, UPDATED).prior, part)
                                     for part in ("background", "triggered")))  # fmt: skip
    expected = (champion + members[0].rates(at, UPDATED) + members[1].rates(at, UPDATED)) / 3
    assert fitted.rates(at, UPDATED) == pytest.approx(expected)
    made = fitted.forecast(at, Window.after(UPDATED, timedelta(days=7)), np.random.default_rng(1))
    note = made.explanation.notes[-1]
    assert note == "Weights of the pool: champion 0.33, boosted 0.33, logistic-1 0.33."
    assert note_in_both(note)["zh"].startswith("加权池的权重")
    assert fitted.parameters()["weight_logistic_1"].value == pytest.approx(1 / 3)
    with pytest.raises(InputError, match="is not fitted: houfeng models pool"):
        fitted.model.fit(at, region)


@pytest.mark.slow
def test_the_weights_of_a_pool_follow_the_data_and_never_what_was_not_known(plan_with, store, pool, catalog):
    later = catalog.time >= np.datetime64("2010-05-01")
    moved = replace(catalog, magnitude=np.where(later, catalog.magnitude + 1, catalog.magnitude))
    done = update_model(store, "pooled", moved, as_of=UPDATED)
    assert (done.outcome, done.windows) == ("updated", 17) and "against equal weights" in done.reason
    assert done.after.names == ("champion", "boosted", "logistic-1") and done.after.weights != done.before.weights
    assert sum(done.after.weights) == pytest.approx(1)
    assert update_model(store, "pooled", catalog, as_of=UPDATED).outcome == "nothing new"
    assert load_updated(store, "pooled").rule.weights.tolist() == list(done.after.weights)
    with pytest.raises(FutureError, match="updated with data to 2010-05-01"):
        plan_with("pooled", moments=(UPDATED - timedelta(days=1),))
    plan = plan_with("pooled", moments=(UPDATED,))
    assert plan.settings["kept"]["pooled"]["state"]["weights"] == list(done.after.weights)
    run(plan, store)
    page = (plan.folder / "report.html").read_text()
    assert "Its weights follow the data until 2010-04-30" in page and "其权重随资料更新至 2010-04-30" in page
    harsh = Guards(rollback_nats=1e-9, rollback_windows=1, weight_step_per_day=0.1)
    back = update_model(store, "pooled", catalog, as_of=datetime(2011, 5, 1, tzinfo=UTC), guards=harsh)
    assert back.outcome == "rolled back" and back.after.rollbacks > 0


@pytest.mark.slow
def test_no_experiment_of_the_recipe_is_a_verdict_on_a_pool_of_kept_models(store, pool):
    line = {"model": "pool", "parameters": {"target_magnitude": 3.5, "every_days": 14.0}}
    board = {"region": {"name": "small"}, "min_magnitude": 3.0, "label": "", "baseline": "base",
             "models": [{"name": "base", "model": "etas-adaptive"}, {"name": "ours", **line}]}  # fmt: skip
    with store.begin_run("experiment", {}) as judged:
        judged.record("scoreboard.json", board)
    with pytest.raises(UnknownNameError, match="with the recipe of pooled"):
        verdict(store, "pooled", judged.id)


@pytest.mark.slow
def test_only_learned_models_of_one_training_are_pooled(store, pool, plain, boosted, logistic):
    store.models.add(plain(), where="average")
    for members, words in (
        (("average",), "average is a smoothed"),
        (("pooled", "boosted"), "pooled is a pool"),
        (("boosted", "boosted"), "different kept models"),
        ((), "different kept models"),
        (("boosted", "champion"), "without being named"),
    ):
        with pytest.raises(InputError, match=words):
            pool_models(store, "another", members)
    with pytest.raises(InputError, match="has a meaning already"):
        pool_models(store, "etas", ("boosted",))
    with pytest.raises(UnknownNameError, match="did you mean 'boosted'"):
        pool_models(store, "another", ("bosted",))
    read = read_model(logistic, where="logistic")
    elsewhere = replace(
        read.card, name="elsewhere", horizon_days=30.0, catalog={**read.card.catalog, "digest": "1" * 64}
    )
    store.models.add(pack_model(read.fitted, elsewhere), where="elsewhere")
    with pytest.raises(InputError, match="do not have the same slot, training data"):
        pool_models(store, "another", ("boosted", "elsewhere"))
    store.models.retire("logistic-1", reason="worse")
    with pytest.raises(InputError, match=r"logistic-1 is retired \(worse\)"):
        pool_models(store, "another", ("boosted", "logistic-1"))
