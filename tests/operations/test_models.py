"""Models kept: challenger, champion by verdict only, back again, retired; and the update of a real learned model."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.errors import FutureError, InputError, StoreError, UnknownNameError
from houfeng.evaluation import OccurrenceSkill
from houfeng.models.registry import create_model
from houfeng.models.smoothed import Smoothed
from houfeng.operations.models import card_of, compare, keep_trained, model_document, promote, verdict
from houfeng.operations.online import Guards, OnlineState
from houfeng.operations.train_forecast import Card, TrainedForecast
from houfeng.operations.training import known
from houfeng.operations.update_model import load_updated, outcomes, update_model
from houfeng.regions import Region
from houfeng.store import Store
from houfeng.store.model_files import pack_model, read_model
from houfeng.store.packing import pack_forecast
from houfeng.times import Window, to_datetime64
from houfeng.values import Estimate

KNOWN = datetime(2010, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def catalog(learners_world):
    return learners_world


@pytest.fixture(scope="module")
def region():
    return Region.box("small", west=10.0, south=40.0, east=13.0, north=43.0, cell_deg=0.2, depth_max_km=50)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "store") as store:
        yield store


@pytest.fixture(scope="module")
def history(catalog, region):
    return known(catalog, region, KNOWN)


@pytest.fixture(scope="module")
def plain(history, region):
    """Two fits of the same recipe under different names."""
    fitted = Smoothed(min_magnitude=3.0).fit(history, region)
    return {name: pack_model(fitted, card_of(fitted, history, name=name, made=KNOWN)) for name in ("one", "two")}


@pytest.fixture(scope="module")
def learned(history, region):
    asked = {"min_magnitude": 3.0, "target_magnitude": 3.5, "every_days": 14.0, "n_catalogs": 200}
    fitted = create_model("boosting", rounds=20, **asked).fit(history, region)
    return fitted, pack_model(fitted, card_of(fitted, history, name="boosted", made=KNOWN))


def experiment(
    store, low, *, value=0.05, baseline="etas-adaptive", model="smoothed", kind="experiment", parameters=None, **changes
):
    """A run whose scoreboard has two models."""
    parameters = parameters or {}

    def line(name, model, figures):
        return {"name": name, "model": model, "parameters": parameters if name == "ours" else {}, "windows_scored": 40,
                "gain": dict(zip(("value", "low", "high"), figures, strict=True))}  # fmt: skip

    board = {
        "name": "test",
        "region": {"name": "small"},
        "min_magnitude": 3.0,
        "label": "PSEUDO-PROSPECTIVE",
        "baseline": "base",
        "windows": [{"start": "2009-01-01T00:00:00Z", "end": "2009-01-08T00:00:00Z"}],
        "models": [line("base", baseline, (0, 0, 0)), line("ours", model, (value, low, 2 * value - low))],
    }
    with store.begin_run(kind, {"n": len(store.runs())}) as run:
        run.record("scoreboard.json", board | changes)
    return run.id


def test_champion_only_by_an_interval_above_zero_and_back_again(store, plain):
    for name, content in plain.items():
        store.models.add(content, where=name)
    with pytest.raises(StoreError, match=r"its interval begins 0\.01 nats per earthquake below zero"):
        promote(store, "one", run=experiment(store, -0.01))
    with pytest.raises(StoreError, match=r"is worse by 0\.01 nats"):
        promote(store, "one", run=experiment(store, -0.09, value=-0.05))
    assert store.models.one("one").state == "challenger"
    first = experiment(store, 0.02)
    record = promote(store, "one", run=first)
    assert (record.state, record.run) == ("champion", first)
    assert "+0.05 (+0.02 to +0.08) nats per earthquake over base" in record.reason
    with pytest.raises(InputError, match=r"but the champion of 'small M3 any' is one \(smoothed\)"):
        promote(store, "two", run=first)
    promote(store, "two", run=experiment(store, 0.01, baseline="smoothed"))
    assert [store.models.one(name).state for name in plain] == ["challenger", "champion"]
    assert store.models.rollback("small M3 any", reason="too high").name == "one"
    assert [entry.state for entry in store.models.history("one")] == ["challenger", "champion", "challenger",
                                                                     "champion"]  # fmt: skip
    with pytest.raises(InputError, match="for a reason"):
        store.models.retire("two", reason=" ")
    store.models.retire("two", reason="worse")
    with pytest.raises(StoreError, match="only a challenger"):
        promote(store, "two", run=experiment(store, 0.01, baseline="smoothed"))
    with pytest.raises(StoreError, match="before one no model was champion"):
        store.models.rollback("small M3 any", reason="again")
    assert store.problems() == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"region": {"name": "chile"}}, "of chile from M3"), ({"min_magnitude": 3.5}, r"from M3\.5"),
     ({"label": "SIMULATED"}, "no verdict"), ({"model": "etas"}, "unknown model of run"),
     ({"parameters": {"min_bandwidth_km": 7.0}}, "unknown model of run"),
     ({"kind": "forecast"}, "needs a finished experiment"), ({"baseline": "poisson"}, "with it as the reference")],
)  # fmt: skip
def test_an_experiment_on_another_question_is_no_verdict(store, plain, changes, words):
    store.models.add(plain["one"], where="one")
    with pytest.raises((InputError, UnknownNameError), match=words):
        verdict(store, "one", experiment(store, 0.02, **changes))


def test_the_registry_keeps_what_it_got(store, plain):
    record = store.models.add(plain["one"], where="one")
    assert store.models.add(plain["one"], where="one").id == record.id
    assert store.models.content("one") == plain["one"]
    with pytest.raises(UnknownNameError, match="did you mean 'one'"):
        store.models.one("onne")
    other = read_model(plain["one"], where="x")
    with pytest.raises(StoreError, match="another model called one"):
        store.models.add(pack_model(other.fitted, replace(other.card, licence="other")), where="one")
    with pytest.raises(StoreError, match=r"cut\.houfeng is no model file"):
        store.models.add(plain["one"][:999], where="cut.houfeng")


def test_two_cards_lie_side_by_side_with_the_experiments_that_have_both(store, plain):
    for name, content in plain.items():
        store.models.add(content, where=name)
    run = experiment(store, 0.02)
    told = compare(store, "one", "two")
    assert told["differences"] == {} and [found["run"] for found in told["experiments"]] == [run]
    assert [model["name"] for model in told["models"]] == ["one", "two"]


@pytest.mark.slow
def test_a_learned_model_comes_back_the_same_with_the_lineage_of_its_columns(learned, history):
    fitted, content = learned
    loaded = read_model(content, where="boosted")
    window = Window.after(KNOWN, timedelta(days=7))
    forecasts = [pack_forecast(one.forecast(history, window, np.random.default_rng(3))).digest
                 for one in (fitted, loaded.fitted)]  # fmt: skip
    assert forecasts[0] == forecasts[1]
    assert np.array_equal(fitted.rates(history, KNOWN), loaded.fitted.rates(history, KNOWN))
    card = loaded.card
    assert (card.slot, card.trained_to) == ("small M3.5 7d", KNOWN)
    assert len(card.columns) > 20 and card.columns[-1].name == "log_prior"
    assert {column.source for column in card.columns} == {"made up for a test"}
    assert card.scores == () and not card.simulated and card.learned_from["active"] > 30


@pytest.mark.slow
def test_an_update_uses_what_came_once_and_nothing_that_was_not_known(store, learned, catalog):
    store.models.add(learned[1], where="boosted")
    as_of = datetime(2010, 5, 1, tzinfo=UTC)
    # The future, injected: whatever happened or was issued later must change nothing.
    later = catalog.time >= to_datetime64(as_of)
    moved = replace(catalog, magnitude=np.where(later, catalog.magnitude + 1, catalog.magnitude))
    done = update_model(store, "boosted", moved, as_of=as_of)
    assert (done.outcome, done.windows) == ("updated", 17)
    assert done.after.used_to == KNOWN + timedelta(days=17 * 7)
    assert update_model(store, "boosted", catalog, as_of=as_of).outcome == "nothing new"
    assert len(store.models.updates("boosted")) == 1
    assert OnlineState.of(store.models.updates("boosted")[0].state) == done.after
    updated, fitted = load_updated(store, "boosted"), learned[0]
    at = known(catalog, fitted.region, as_of)
    ratio = updated.rates(at, as_of) / fitted.rates(at, as_of)
    ends = sorted((done.after.background.used, done.after.triggered.used))
    assert ends[0] - 1e-9 <= ratio.min() and ratio.max() <= ends[1] + 1e-9
    assert updated.factors(at, as_of) == pytest.approx(fitted.factors(at, as_of) * ratio)
    with pytest.raises(FutureError, match="later than"):
        update_model(store, "boosted", catalog, as_of=as_of - timedelta(days=100))
    with pytest.raises(FutureError, match="lies in the future"):
        update_model(store, "boosted", catalog, as_of=datetime(2999, 1, 1, tzinfo=UTC))
    before = outcomes(fitted, known(catalog, fitted.region, as_of), KNOWN)
    after = outcomes(fitted, known(moved, fitted.region, as_of), KNOWN)
    assert all(np.array_equal(x.background, y.background) and np.array_equal(x.active, y.active)
               for x, y in zip(before, after, strict=True))  # fmt: skip


@pytest.mark.slow
def test_a_broken_catalogue_is_refused_and_logged_and_a_rollback_too(store, learned, catalog, plain):
    store.models.add(learned[1], where="boosted")
    as_of = datetime(2010, 5, 1, tzinfo=UTC)
    silent = catalog.select((catalog.time < to_datetime64(KNOWN)) | (catalog.time > to_datetime64(as_of)))
    done = update_model(store, "boosted", silent, as_of=as_of)
    assert done.outcome == "refused" and "no earthquake for" in done.reason and done.after == done.before
    harsh = Guards(rollback_nats=1e-6, step_per_day=0.1, belief=1.0)
    done = update_model(store, "boosted", catalog, as_of=as_of, guards=harsh)
    assert done.outcome == "rolled back" and done.after.rollbacks > 0
    assert [update.outcome for update in store.models.updates("boosted")] == ["refused", "rolled back"]
    store.models.add(plain["one"], where="one")
    with pytest.raises(InputError, match="no levels to update"):
        update_model(store, "one", catalog, as_of=as_of)
    store.models.retire("boosted", reason="done")
    with pytest.raises(InputError, match="is retired"):
        update_model(store, "boosted", catalog, as_of=as_of)
    assert model_document(store, "boosted")["updates"] == 2


@pytest.mark.slow
def test_a_training_is_kept_with_the_figures_of_the_part_held_out(store, learned, history, region, tmp_path):
    skill = OccurrenceSkill(214, *(Estimate(0.02 + i, 0.01 + i, 0.03 + i) for i in range(5)))
    card = Card("boosting", skill, skill, 1.0)
    done = TrainedForecast(KNOWN, region, 3.0, 3.5, 7.0, datetime(2007, 7, 1, tzinfo=UTC), KNOWN, (card,),
                           {"boosting": learned[0]}, {}, {})  # fmt: skip
    (name,) = keep_trained(done, history, store, tmp_path)
    assert name == "small-boosting-m3.5-7d-20100101"
    scores = store.models.one(name).card.scores
    assert [(s.against, s.measure) for s in scores[:2]] == [("champion", "occurrence log score"),
                                                            ("champion", "Brier skill")]  # fmt: skip
    assert (scores[0].value, scores[0].low, scores[1].value) == (0.02, 0.01, 1.02)
    assert scores[0].judged_on == "held out 2007-07-01 to 2010-01-01, 214 active cells"
    assert (tmp_path / f"{name}.houfeng").read_bytes() == store.models.content(name)
    # The same training again is the same model; another one of the same name gets a number.
    assert keep_trained(done, history, store) == (name,)
    other = replace(done, cards=(replace(card, over_champion=replace(skill, n_active=9)),))
    assert keep_trained(other, history, store) == (f"{name}-2",)
    assert keep_trained(other, history, store) == (f"{name}-2",)
    assert [record.name for record in store.models.select()][-2:] == [name, f"{name}-2"]
