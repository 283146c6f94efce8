"""The ensemble: pooled forecasts, catalogues put right, weights learned without a look ahead."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FitError, InputError, NotEnoughDataError, UnknownNameError
from houfeng.forecasts.counts import Counts
from houfeng.forecasts.forecast import Contributor, Explanation, Forecast
from houfeng.forecasts.gridded import GriddedForecast
from houfeng.models.base import Model
from houfeng.models.ensemble import model as ensemble_model
from houfeng.models.ensemble.catalogs import events_of, put_right
from houfeng.models.ensemble.learning import LEARNING_SHARE, learn, past_windows
from houfeng.models.ensemble.model import Ensemble
from houfeng.models.ensemble.pooling import Pooled, in_words, log_cell_shares
from houfeng.models.gridding import thinned
from houfeng.models.poisson import Poisson
from houfeng.models.registry import create_model
from houfeng.models.smoothed import Smoothed
from houfeng.models.stationary import FittedStationary
from houfeng.reports.notes import note_in_both
from houfeng.times import Window, after_days
from houfeng.values import Provenance

QUICK = ("smoothed", "poisson", "reasenberg-jones")
M0 = 4.0


@pytest.fixture(scope="module")
def window(now) -> Window:
    return Window.after(now, timedelta(days=7))


@pytest.fixture(scope="module")
def forecasts(history, region, window) -> dict[str, Forecast]:
    rng = np.random.default_rng(1)
    return {n: create_model(n, min_magnitude=M0).fit(history, region).forecast(history, window, rng) for n in QUICK}


@pytest.fixture(scope="module")
def fitted(history, region):
    return Ensemble(M0, members=QUICK).fit(history, region)


def with_totals(forecast: Forecast, expected: float) -> Forecast:
    """The same forecast with Poisson totals of another mean."""
    counts = forecast.counts
    rng = np.random.default_rng(9)
    samples = thinned(rng, rng.poisson(expected, len(counts.samples)), counts.survival)
    factor = expected / counts.expected[0]
    changed = Counts(counts.magnitudes, counts.expected * factor, samples, counts.survival)
    return replace(forecast, gridded=forecast.gridded.scaled(factor), counts=changed)


# --- pooling


def test_equal_members_give_the_member_back(forecasts):
    one = forecasts["smoothed"]
    pooled = Pooled.of([one, one, one], np.array([0.5, 0.2, 0.3]), np.array([0.1, 0.1, 0.8]))
    np.testing.assert_allclose(pooled.gridded.rates, one.gridded.rates, rtol=1e-9)
    counts = pooled.counts(np.random.default_rng(2))
    np.testing.assert_allclose(counts.expected, one.counts.expected, rtol=1e-9)
    same = np.quantile(counts.samples[:, 0], np.linspace(0.01, 0.99, 50), method="inverted_cdf")
    np.testing.assert_array_equal(same, np.quantile(one.counts.samples[:, 0], np.linspace(0.01, 0.99, 50),
                                                    method="inverted_cdf"))  # fmt: skip
    assert counts.probability(6.0) == pytest.approx(one.counts.probability(6.0), rel=0.1)


@pytest.mark.parametrize("name", QUICK)
def test_all_weight_on_one_member_gives_that_member(forecasts, name):
    weight = np.array([float(other == name) for other in QUICK])
    pooled = Pooled.of(list(forecasts.values()), weight, weight)
    np.testing.assert_allclose(pooled.gridded.rates, forecasts[name].gridded.rates, rtol=1e-9)
    np.testing.assert_allclose(pooled.counts(np.random.default_rng(3)).expected, forecasts[name].counts.expected)


def test_number_and_place_are_weighted_apart(forecasts):
    flat, smooth = forecasts["poisson"], with_totals(forecasts["smoothed"], 40.0)
    pooled = Pooled.of([flat, smooth], np.array([0.0, 1.0]), np.array([1.0, 0.0]))
    assert pooled.expected == pytest.approx(40.0)
    np.testing.assert_allclose(np.log(pooled.cell_share), log_cell_shares(flat.gridded), atol=1e-9)


def test_the_pool_of_poisson_laws_is_the_poisson_law_of_their_geometric_mean(forecasts):
    low, high = with_totals(forecasts["poisson"], 8.0), with_totals(forecasts["poisson"], 12.5)
    half = np.array([0.5, 0.5])
    pooled = Pooled.of([low, high], half, half)
    assert pooled.expected == pytest.approx(10.0, rel=0.02)
    samples = pooled.counts(np.random.default_rng(4)).samples[:, 0]
    assert samples.mean() == pytest.approx(pooled.expected, rel=0.01)
    assert samples.var() == pytest.approx(10.0, rel=0.1)


def test_members_that_exclude_each_other_make_a_broad_pool_between_them(forecasts):
    """Neither is surer than its samples: a product of exact Poisson laws would be as narrow as each of them."""
    low, high = with_totals(forecasts["poisson"], 4.0), with_totals(forecasts["poisson"], 200.0)
    half = np.array([0.5, 0.5])
    samples = Pooled.of([low, high], half, half).counts(np.random.default_rng(4)).samples[:, 0]
    assert 4 < samples.mean() < 200
    assert samples.std() > 40
    assert (samples < 10).mean() > 0.05 and (samples > 150).mean() > 0.05


def test_map_counts_and_samples_agree_at_every_threshold(forecasts):
    weights = np.array([0.3, 0.3, 0.4])
    pooled = Pooled.of(list(forecasts.values()), weights, weights)
    counts = pooled.counts(np.random.default_rng(5))
    assert counts.samples.shape == (10_000, len(counts.magnitudes))
    for k, magnitude in enumerate(counts.magnitudes):
        assert pooled.gridded.above(magnitude).sum() == pytest.approx(counts.expected[k], rel=1e-9)
        spread = max(counts.samples[:, k].std(), 0.01)
        assert counts.samples[:, k].mean() == pytest.approx(counts.expected[k], abs=5 * spread / 100)
    assert (np.diff(counts.survival, axis=1) <= 0).all() and (counts.survival[:, 0] > 0.99).all()


def test_past_earthquakes_are_named_with_their_weighted_shares(forecasts):
    now = datetime(2012, 5, 1, tzinfo=UTC)
    one, two = (Contributor(name, now, -71.0, -31.0, 6.0, share) for name, share in (("a", 0.4), ("b", 0.2)))
    left = replace(forecasts["smoothed"], explanation=Explanation(0.4, (one, two)))
    right = replace(forecasts["smoothed"], explanation=Explanation(0.8, (replace(two, share=0.1),)))
    told = Pooled.of([left, right], np.array([0.25, 0.75]), np.array([0.5, 0.5])).explanation(("why",))
    assert told.background_share == pytest.approx(0.7)
    assert [(c.event_id, round(c.share, 9)) for c in told.contributors] == [("b", 0.125), ("a", 0.1)]
    assert told.notes == ("why",)


def test_weights_in_words():
    assert in_words({"b": 0.5, "a": 0.5, "c": 0.001}) == "a 50 %, b 50 %, c 0 %"


# --- catalogues


@pytest.fixture(scope="module")
def donors(history, region, window):
    member = create_model("reasenberg-jones", min_magnitude=M0).fit(history, region)
    return member.simulate(history, window, np.random.default_rng(6), 3000)


def test_where_nothing_is_wrong_nothing_is_changed(forecasts, donors):
    one = forecasts["reasenberg-jones"]
    pooled = Pooled.of([one, one], np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    counts = np.bincount(donors.catalog_id, minlength=3000)
    events = put_right(np.random.default_rng(7), donors, one.gridded, pooled, counts)
    before = events_of(donors)
    np.testing.assert_array_equal(np.bincount(events.catalog, minlength=3000), counts)
    np.testing.assert_array_equal(np.sort(events.days), np.sort(before.days))
    np.testing.assert_array_equal(np.sort(events.longitude), np.sort(before.longitude))
    np.testing.assert_allclose(np.sort(events.magnitude), np.sort(before.magnitude), atol=1e-9)


def test_catalogues_get_the_totals_the_map_and_the_sizes_of_the_ensemble(forecasts, donors):
    member = forecasts["reasenberg-jones"]
    other = forecasts["poisson"]
    steep = other.gridded.rates * 10 ** (-0.5 * (other.gridded.magnitudes - M0))
    other = replace(other, gridded=replace(other.gridded, rates=steep))
    half = np.array([0.5, 0.5])
    pooled = Pooled.of([member, other], half, half)
    wanted = np.random.default_rng(8).poisson(pooled.expected, 3000)
    wanted[:10] = 30
    events = put_right(np.random.default_rng(9), donors, member.gridded, pooled, wanted)
    np.testing.assert_array_equal(np.bincount(events.catalog, minlength=3000), wanted)
    n, grid = len(events.days), member.gridded.grid
    for at in (4.5, 5.0):
        reached = pooled.gridded.above(at).sum() / pooled.expected
        assert (events.magnitude >= at).mean() == pytest.approx(reached, abs=5 * np.sqrt(reached / n))
    cell = grid.index_of(longitude=events.longitude, latitude=events.latitude)
    east = grid.longitude > -71.5
    wide = pooled.cell_share[east].sum()
    was = np.exp(log_cell_shares(member.gridded))[east].sum()
    assert abs(wide - was) > 0.03, "else nothing is tested"
    assert east[cell].mean() == pytest.approx(wide, abs=5 * np.sqrt(wide / n))


def test_one_member_alone_simulates_what_it_always_did_but_for_noise(history, region, window):
    alone = Ensemble(M0, members=("reasenberg-jones",)).fit(history, region)
    forecast = alone.forecast(history, window, np.random.default_rng(1))
    simulated = alone.simulate(history, window, np.random.default_rng(2), 4000)
    counts = simulated.counts_above(np.array([4.0, 5.0]))
    for k, at in enumerate((4.0, 5.0)):
        expected = forecast.counts.number(at).value
        assert counts[:, k].mean() == pytest.approx(expected, abs=5 * counts[:, k].std() / 4000**0.5)
    assert alone.learned.number.tolist() == alone.learned.place.tolist() == [1.0]
    assert "Only one member, reasenberg-jones, takes part." in forecast.explanation.notes


# --- learning


def test_past_windows_are_apart_and_end_when_knowledge_does(history, now):
    length = timedelta(days=7)
    windows = past_windows(history, 24, length)
    known_until = now - timedelta(minutes=20)
    assert len(windows) == 24
    assert abs(windows[-1].end - known_until) < timedelta(seconds=1)
    assert all(one.end <= two.start for one, two in zip(windows, windows[1:], strict=False))
    assert all(abs(window.days - 7) < 1e-6 for window in windows)
    whole = known_until - history.event(0).time
    assert windows[0].start >= known_until - LEARNING_SHARE * whole - timedelta(seconds=1)


@pytest.mark.parametrize(("n", "days", "found"), [(24, 200.0, 5), (24, 700.0, 0), (3, 7.0, 0), (0, 7.0, 0)])
def test_too_short_a_past_has_few_windows_or_none(history, n, days, found):
    assert len(past_windows(history, n, timedelta(days=days))) == found


def test_windows_of_learning_follow_the_start(history, now):
    start = now - timedelta(days=400)
    windows = past_windows(history, 24, timedelta(days=7), start)
    assert len(windows) == 14
    assert windows[0].start >= now - timedelta(days=101)
    assert past_windows(history, 3 * 24, timedelta(days=7), now) == ()
    early = datetime(1900, 1, 1, tzinfo=UTC)
    assert past_windows(history, 9, timedelta(days=7), early) == past_windows(history, 9, timedelta(days=7))


def test_an_empty_past_has_no_windows(history):
    assert past_windows(history.select(np.arange(0)), 24, timedelta(days=7)) == ()


@dataclass(frozen=True)
class Spy(Model):
    """Notes what it is shown."""

    seen: ClassVar[list] = []
    name: ClassVar[str] = "spy"
    reference: ClassVar[str] = "none"

    def fit(self, history, region):
        Spy.seen.append((None, history))
        plain = Poisson(self.min_magnitude).fit(history, region)
        return _SpyFitted(**{field: getattr(plain, field) for field in plain.__dataclass_fields__})


class _SpyFitted(FittedStationary):
    def forecast(self, history, window, rng):
        Spy.seen.append((window, history))
        return super().forecast(history, window, rng)


def test_members_see_only_what_was_known(history, region):
    Spy.seen.clear()
    windows = past_windows(history, 6, timedelta(days=7))
    learn({"spy": Spy(M0), "poisson": Poisson(M0)}, history, region, windows, 5.0)
    fits = [past for window, past in Spy.seen if window is None]
    assert len(fits) == 1 and fits[0].provenance.data_end <= windows[0].start
    shown = [(window, past) for window, past in Spy.seen if window is not None]
    assert [window for window, _ in shown] == list(windows)
    for window, past in shown:
        assert past.provenance.data_end <= window.start
        assert (past.issued <= np.datetime64(window.start.replace(tzinfo=None))).all()


def clustered(n: int, days: float) -> Catalog:
    """Earthquakes about one place, even in time."""
    rng = np.random.default_rng(12)
    return Catalog.of(
        time=after_days(datetime(2000, 1, 1, tzinfo=UTC), np.sort(rng.uniform(0, days, n))),
        longitude=-72.0 + 0.3 * rng.standard_normal(n),
        latitude=-31.0 + 0.3 * rng.standard_normal(n),
        magnitude=np.round(3.95 + rng.exponential(1 / np.log(10), n), 1),
        provenance=Provenance("invented", "none", datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=days)),
    )


def test_a_flat_map_of_clustered_earthquakes_gets_next_to_no_weight_for_place(region):
    history = clustered(3000, 2000.0)
    windows = past_windows(history, 24, timedelta(days=7))
    learned = learn({"poisson": Poisson(M0), "smoothed": Smoothed(M0)}, history, region, windows, 5.0)
    assert learned.names == ("poisson", "smoothed")
    assert learned.place[0] < 0.05
    assert learned.number[0] == pytest.approx(0.5, abs=0.05), "for the number they say the same"
    assert learned.n_windows == 24
    came = sum(len(history.between(w.start, w.end).above(M0).within(region)) for w in windows)
    assert learned.n_events == came


def test_what_is_learned_is_the_same_every_time_and_in_every_order(history, region):
    recipes = {name: create_model(name, min_magnitude=M0) for name in QUICK}
    windows = past_windows(history, 8, timedelta(days=7))
    one = learn(recipes, history, region, windows, 5.0)
    two = learn(dict(reversed(recipes.items())), history, region, windows, 5.0)
    assert one.names == two.names == tuple(sorted(QUICK))
    np.testing.assert_array_equal(one.number, two.number)
    np.testing.assert_array_equal(one.place, two.place)


class Refusing(Model):
    """Cannot be fitted."""

    name: ClassVar[str] = "refusing"
    reference: ClassVar[str] = "none"

    def fit(self, history, region):
        raise FitError("it does not settle.")


@pytest.fixture
def refusing(monkeypatch):
    def make(name, *, min_magnitude, **more):
        return Refusing(min_magnitude) if name == "poisson" else create_model(name, min_magnitude=min_magnitude, **more)

    monkeypatch.setattr(ensemble_model, "create_model", make)


def test_a_member_that_cannot_be_fitted_is_left_out_and_said_so(history, region, window, refusing):
    fitted = Ensemble(M0, members=QUICK, n_windows=6).fit(history, region)
    assert fitted.learned.names == ("reasenberg-jones", "smoothed")
    notes = fitted.forecast(history, window, np.random.default_rng(1)).explanation.notes
    assert "Left out of the ensemble: poisson (it does not settle)." in notes


def test_a_member_that_could_not_be_fitted_then_is_left_out_too(history, region):
    windows = past_windows(history, 6, timedelta(days=7))
    recipes = {"bad": Refusing(M0), "poisson": Poisson(M0), "smoothed": Smoothed(M0)}
    learned = learn(recipes, history, region, windows, 5.0)
    assert learned.names == ("poisson", "smoothed")
    assert learned.left_out == {"bad": "it does not settle."}


def test_no_member_at_all_is_an_error(history, region, refusing):
    with pytest.raises(NotEnoughDataError, match="poisson: it does not settle"):
        Ensemble(M0, members=("poisson",)).fit(history, region)


# --- the model


def test_weights_are_parameters_and_sum_to_one(fitted):
    told = fitted.parameters()
    for kind in ("number", "place"):
        weights = [estimate.value for name, estimate in told.items() if name.startswith(f"{kind}_weight_")]
        assert len(weights) == 3 and sum(weights) == pytest.approx(1)
    assert told["number_weight_reasenberg_jones"].low == told["number_weight_reasenberg_jones"].value
    assert 0.8 < told["b"].value < 1.2


def test_the_order_of_members_changes_nothing(fitted, history, region, window):
    other = Ensemble(M0, members=tuple(reversed(QUICK))).fit(history, region)
    one, two = (f.forecast(history, window, np.random.default_rng(1)) for f in (fitted, other))
    np.testing.assert_array_equal(one.gridded.rates, two.gridded.rates)
    np.testing.assert_array_equal(one.counts.samples, two.counts.samples)


def test_earthquakes_of_the_future_change_nothing(fitted, past, history, region, window, now):
    later = past.time > np.datetime64(now.replace(tzinfo=None))
    wild = replace(
        past, magnitude=np.where(later, 8.9, past.magnitude), longitude=np.where(later, -70.5, past.longitude)
    )
    again = Ensemble(M0, members=QUICK).fit(wild.as_of(now), region)
    one = fitted.forecast(history, window, np.random.default_rng(1))
    two = again.forecast(wild.as_of(now), window, np.random.default_rng(1))
    np.testing.assert_array_equal(one.gridded.rates, two.gridded.rates)


@pytest.mark.parametrize(("n_windows", "days"), [(24, 7), (24, 90), (0, 7)])
def test_notes_tell_the_weights_in_both_languages(history, region, now, n_windows, days):
    fitted = Ensemble(M0, members=("poisson", "smoothed"), n_windows=n_windows).fit(history, region)
    notes = fitted.forecast(
        history, Window.after(now, timedelta(days=days)), np.random.default_rng(1)
    ).explanation.notes
    assert len(notes) == {(24, 7): 3, (24, 90): 4, (0, 7): 1}[n_windows, days]
    for note in notes:
        both = note_in_both(note)
        assert both["en"] == note
        assert both["zh"] != note, note
    if n_windows:
        assert "24 past windows of 7 days" in notes[0]
        assert notes[1].startswith("Weights for how many: ")
    else:
        assert notes[0] == "The past is too short to learn weights: poisson, smoothed count alike."


@pytest.mark.parametrize("note", ["Only one member, etas, takes part.", "Left out of the ensemble: etas (why)."])
def test_rare_notes_are_told_in_both_languages(note):
    assert note_in_both(note)["zh"] != note


@pytest.mark.parametrize(
    "parameters",
    [
        {"members": ()},
        {"members": "etas"},
        {"members": ("etas", "etas")},
        {"members": ("etas", "ensemble")},
        {"n_windows": -1},
        {"window_days": 0.0},
        {"prior_nats": -1.0},
        {"n_catalogs": 0},
        {"start": datetime(2000, 1, 1)},  # noqa: DTZ001
    ],
)
def test_impossible_parameters_are_refused(parameters):
    with pytest.raises(InputError):
        Ensemble(M0, **parameters)


def test_an_unknown_member_is_refused_with_a_guess():
    with pytest.raises(UnknownNameError, match="did you mean 'smoothed'"):
        Ensemble(M0, members=("smothed",))


def test_members_may_come_as_a_list():
    assert Ensemble(M0, members=["poisson", "smoothed"]).members == ("poisson", "smoothed")


def test_members_are_told_what_they_declare():
    recipes = Ensemble(M0, members=("smoothed", "etas"))._recipes(123)
    assert list(recipes) == ["etas", "smoothed"]
    assert recipes["etas"].n_catalogs == 123
    start = datetime(2004, 1, 1, tzinfo=UTC)
    told = Ensemble(M0, members=("poisson", "smoothed", "etas"), start=start)._recipes(200)
    assert {recipe.start for recipe in told.values()} == {start}
    assert all(isinstance(recipe, Model) for recipe in recipes.values())


def test_rates_must_exist_in_the_pool_of_any_bins(forecasts):
    one = forecasts["smoothed"]
    empty = one.gridded.rates.copy()
    empty[:, -1] = 0.0
    silent = replace(one, gridded=GriddedForecast(one.gridded.grid, one.gridded.window, one.gridded.magnitudes, empty))
    pooled = Pooled.of([one, silent], np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    assert np.isfinite(pooled.gridded.rates).all()
    assert pooled.bin_share[-1] < 1e-100
