"""Completeness: found where it was put, on simulated catalogues and on the bundled ones."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.catalogs.bundled import load_bundled
from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.completeness import (
    MIN_EVENTS,
    TELESEISMIC,
    ShortTermIncompleteness,
    b_value_stability,
    completeness_over_time,
    estimate_completeness,
    maximum_curvature,
    usual_incompleteness,
)
from houfeng.errors import InputError, NotEnoughDataError
from houfeng.geo import great_circle_km
from houfeng.regions import Region
from houfeng.values import Provenance

START = datetime(2000, 1, 1, tzinfo=UTC)
#: More large than small to the very end: incomplete everywhere.
THINNING = np.repeat([3.0, 3.1, 3.2, 3.3, 3.4, 3.5], [10, 20, 30, 40, 50, 60])
PROVENANCE = Provenance("simulated", "none", datetime(2020, 1, 1, tzinfo=UTC))


def catalog_of(days, magnitudes, *, longitude=-71.0, latitude=-31.0, provenance=PROVENANCE):
    days = np.asarray(days, float)
    time = np.datetime64("2000-01-01", "us") + np.rint(days * 86_400e6).astype("timedelta64[us]")
    return Catalog.of(
        time=time,
        longitude=np.broadcast_to(longitude, days.shape),
        latitude=np.broadcast_to(latitude, days.shape),
        magnitude=magnitudes,
        provenance=provenance,
    )


def seen_magnitudes(rng, n, *, half_seen, spread=0.2, b=1.0, lowest=2.0):
    """Magnitudes of which half are recorded at `half_seen` (a cumulative normal law), in bins of 0.1."""
    from scipy.stats import norm

    raw = lowest - 0.05 + rng.exponential(1 / (b * np.log(10)), n)
    return np.round(raw[rng.random(n) < norm.cdf((raw - half_seen) / spread)], 1)


# -- methods on magnitudes ------------------------------------------------------------------------------


@pytest.mark.parametrize("half_seen", [2.8, 3.3, 3.7])
@pytest.mark.parametrize("b", [0.8, 1.0, 1.2])
def test_both_methods_find_where_the_catalogue_becomes_complete(half_seen, b):
    magnitudes = seen_magnitudes(np.random.default_rng(5), 400_000, half_seen=half_seen, b=b)
    for method in (maximum_curvature, b_value_stability):
        found = method(magnitudes)
        assert half_seen < found.magnitude <= half_seen + 0.6
        assert found.n_events == np.sum(magnitudes >= found.magnitude - 1e-6)


def test_maximum_curvature_by_hand():
    magnitudes = np.repeat([3.8, 3.9, 4.0, 4.1, 4.2, 4.3], [5, 10, 30, 20, 10, 5])
    assert maximum_curvature(magnitudes).magnitude == 4.2
    assert maximum_curvature(magnitudes, correction=0).magnitude == 4.0
    assert maximum_curvature(magnitudes).n_events == 15
    assert maximum_curvature(magnitudes).method == "maximum_curvature"


def test_a_list_that_begins_at_its_fullest_bin_is_not_corrected():
    magnitudes = np.repeat([4.5, 4.6, 4.7], [60, 40, 20])
    assert maximum_curvature(magnitudes).magnitude == 4.5


def test_b_stability_of_a_complete_list_is_its_lowest_bin():
    rng = np.random.default_rng(8)
    magnitudes = np.round(2.95 + rng.exponential(0.434, 5000), 1)
    found = b_value_stability(magnitudes)
    assert (found.magnitude, found.method) == (3.0, "b_stability")


def test_b_stability_says_when_there_is_nothing_to_find():
    with pytest.raises(NotEnoughDataError, match="nowhere stable"):
        b_value_stability(np.full(60, 4.0))
    with pytest.raises(NotEnoughDataError, match="nowhere stable"):
        b_value_stability(THINNING)


@pytest.mark.parametrize("method", [maximum_curvature, b_value_stability])
def test_too_few_is_an_error_that_says_what_to_do(method):
    with pytest.raises(NotEnoughDataError, match="49 earthquakes .* give the completeness magnitude yourself"):
        method(np.linspace(3, 5, MIN_EVENTS - 1))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(-10, 20))
def test_shifting_magnitudes_shifts_completeness(seed, tenths):
    magnitudes = seen_magnitudes(np.random.default_rng(seed), 20_000, half_seen=2.5)
    for method in (maximum_curvature, b_value_stability):
        moved = method(np.round(magnitudes + tenths / 10, 1))
        assert moved.magnitude == pytest.approx(method(magnitudes).magnitude + tenths / 10)


# -- whole catalogues -----------------------------------------------------------------------------------


def test_the_larger_of_the_two_is_taken():
    magnitudes = seen_magnitudes(np.random.default_rng(5), 100_000, half_seen=3.0)
    catalog = catalog_of(np.linspace(0, 7000, len(magnitudes)), magnitudes)
    found = estimate_completeness(catalog)
    assert found.magnitude == max(maximum_curvature(magnitudes).magnitude, b_value_stability(magnitudes).magnitude)


def test_falls_back_to_maximum_curvature():
    found = estimate_completeness(catalog_of(np.arange(len(THINNING)) * 30.0, THINNING))
    assert found.method == "maximum_curvature"


@pytest.mark.parametrize("n", [0, 1, 10])
def test_few_events_are_an_error_with_advice(n):
    catalog = catalog_of(np.arange(n), np.full(n, 4.0))
    with pytest.raises(NotEnoughDataError, match=f"{n} earthquakes do not show"):
        estimate_completeness(catalog)


def test_blind_hours_do_not_raise_the_estimate():
    """A quiet catalogue complete from 4.0, plus a great shock after which only M>=4.4 is seen for a day."""
    rng = np.random.default_rng(6)
    quiet = np.round(3.95 + rng.exponential(0.434, 3000), 1)
    quiet = np.minimum(quiet, 6.5)
    after = np.round(4.35 + rng.exponential(0.434, 6000), 1)
    after = np.minimum(after, 6.5)
    days = np.concatenate([rng.uniform(0, 3000, 3000), [3000.0], rng.uniform(3000.001, 3001, 6000)])
    places = np.concatenate([rng.uniform(-40, -20, 3000), np.full(6001, -31.0)])
    catalog = catalog_of(days, np.concatenate([quiet, [8.8], after]), latitude=places)
    pooled = max(maximum_curvature(catalog.magnitude).magnitude, b_value_stability(catalog.magnitude).magnitude)
    assert pooled >= 4.4
    assert estimate_completeness(catalog).magnitude == pytest.approx(4.0, abs=0.1)


def test_all_blind_is_better_than_nothing():
    """Where the blind hours leave fewer than fifty events, all are looked at."""
    rng = np.random.default_rng(1)
    magnitudes = np.append(8.8, np.round(3.95 + rng.exponential(0.434, 80), 1))
    catalog = catalog_of(np.append(0.0, rng.uniform(0.001, 0.5, 80)), magnitudes)
    assert estimate_completeness(catalog).magnitude >= 4.0


def test_over_time_shows_a_step():
    rng = np.random.default_rng(3)
    early = seen_magnitudes(rng, 40_000, half_seen=3.5)
    late = seen_magnitudes(rng, 40_000, half_seen=2.5)
    days = np.concatenate([rng.uniform(0, 3652, len(early)), rng.uniform(3653, 7304, len(late))])
    places = rng.uniform(-60, 60, len(days))
    catalog = catalog_of(days, np.concatenate([early, late]), latitude=places)
    periods = completeness_over_time(catalog, years=5)
    found = [period.completeness.magnitude for period in periods]
    assert len(found) in (3, 4)
    assert min(found[:2]) > 3.5 > 3.2 > max(found[2:])
    assert all(0.8 < period.b_value.b < 1.2 for period in periods)
    assert periods[0].period.end == periods[1].period.start
    assert periods[0].period.days == pytest.approx(5 * 365.25)


def test_over_time_leaves_out_what_is_too_thin():
    assert completeness_over_time(Catalog.empty(PROVENANCE)) == ()
    assert completeness_over_time(catalog_of([0.0, 1.0], [4.0, 5.0])) == ()
    with pytest.raises(InputError, match="not positive"):
        completeness_over_time(catalog_of([0.0], [4.0]), years=0)


# -- blind hours ----------------------------------------------------------------------------------------


def test_helmstetter_by_hand():
    """One day after M7.3 everything from 2.8; after 100 days 1.5 less (Helmstetter and others 2006)."""
    rule = ShortTermIncompleteness()
    assert rule.completeness_after(7.3, 1.0) == pytest.approx(2.8)
    assert rule.completeness_after(7.3, 100.0) == pytest.approx(1.3)
    assert rule.until_days(7.3, 2.8) == pytest.approx(1.0)
    assert rule.until_days(6.0, 3.0) == pytest.approx(10 ** (-1.5 / 0.75))
    assert TELESEISMIC.until_days(8.3, 4.5) * 24 == pytest.approx(17.7, abs=0.1)


@given(st.floats(3, 9.5), st.floats(1, 6), st.floats(3, 5), st.floats(0.3, 1.5))
def test_until_and_after_are_inverses(magnitude, smallest, constant, slope):
    rule = ShortTermIncompleteness(constant=constant, slope=slope)
    days = rule.until_days(magnitude, smallest)
    if days > 1e-4:
        assert rule.completeness_after(magnitude, days) == pytest.approx(smallest)


def test_arrays_keep_their_shape():
    magnitudes = np.array([[5.0, 6.0, 7.0], [8.0, 8.5, 9.0]])
    for result in (
        TELESEISMIC.until_days(magnitudes, 4.5),
        TELESEISMIC.radius_km(magnitudes),
        TELESEISMIC.completeness_after(magnitudes, 1.0),
    ):
        assert result.shape == magnitudes.shape
        assert (np.diff(result.ravel()) >= 0).all()


def test_the_radius_is_a_rupture_length_but_never_tiny():
    assert TELESEISMIC.radius_km(8.3) == pytest.approx(10 ** (-2.44 + 0.59 * 8.3))
    assert TELESEISMIC.radius_km(5.0) == TELESEISMIC.min_radius_km


def test_hidden_needs_time_and_place():
    days = [0.0, 0.1, 0.1 + 1e-9, 0.9, 10.0]
    catalog = catalog_of(
        days, [8.8, 5.0, 6.5, 4.5, 4.5], longitude=-71.0, latitude=np.array([-31.0, -32.0, -60.0, -31.0, -31.0])
    )
    assert TELESEISMIC.hidden(catalog, 4.5).tolist() == [False, True, False, True, False]
    assert TELESEISMIC.hidden(catalog, 6.6).tolist() == [False] * 5


def test_the_mask_does_not_look_at_the_size_of_what_it_hides():
    days = [0.0, 0.1, 0.2, 0.3]
    small = TELESEISMIC.hidden(catalog_of(days, [8.5, 4.5, 4.5, 4.5]), 4.5)
    large = TELESEISMIC.hidden(catalog_of(days, [8.5, 6.0, 7.0, 5.0]), 4.5)
    assert small.tolist() == large.tolist() == [False, True, True, True]


def test_two_shocks_at_the_same_instant_do_not_hide_each_other():
    assert not TELESEISMIC.hidden(catalog_of([1.0, 1.0], [8.0, 7.9]), 4.5).any()


def test_no_blindness_with_an_infinite_constant():
    never = ShortTermIncompleteness(constant=float("inf"))
    catalog = catalog_of([0.0, 0.001], [9.0, 5.0])
    assert not never.hidden(catalog, 4.0).any()
    assert never.magnitude_seen(catalog, 4.0).tolist() == [4.0, 4.0]
    assert never.until_days(9.5, 0.0) == 0


def test_magnitude_seen_by_hand():
    catalog = catalog_of([0.0, 0.1, 1.0, 100.0], [8.4, 7.0, 4.6, 4.6])
    seen = TELESEISMIC.magnitude_seen(catalog, 4.5)
    assert seen[0] == 4.5
    assert seen[1] == pytest.approx(8.4 - 3.9 + 0.75)
    assert seen[2] == pytest.approx(4.5)
    assert seen[3] == 4.5
    capped = TELESEISMIC.magnitude_seen(catalog_of([0.0, 0.01], [8.4, 5.0]), 4.5)
    assert capped.tolist() == [4.5, 5.0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_hidden_agrees_with_magnitude_seen_and_with_brute_force(seed):
    rng = np.random.default_rng(seed)
    n = 60
    catalog = catalog_of(
        np.sort(rng.uniform(0, 5, n)),
        rng.uniform(4.5, 8.9, n),
        longitude=rng.uniform(-73, -69, n),
        latitude=rng.uniform(-36, -28, n),
    )
    from houfeng.geo import great_circle_km
    from houfeng.times import days_since

    days = days_since(catalog.time, START)
    brute = np.zeros(n, bool)
    for i in range(n):
        for j in range(i):
            near = great_circle_km(
                longitude=catalog.longitude[j], latitude=catalog.latitude[j],
                to_longitude=catalog.longitude[i], to_latitude=catalog.latitude[i],
            ) <= TELESEISMIC.radius_km(catalog.magnitude[j])  # fmt: skip
            soon = days[i] - days[j] < TELESEISMIC.until_days(catalog.magnitude[j], 4.5)
            brute[i] |= bool(near and soon and days[i] > days[j])
    hidden = TELESEISMIC.hidden(catalog, 4.5)
    assert hidden.tolist() == brute.tolist()
    seen = TELESEISMIC.magnitude_seen(catalog, 4.5)
    assert (seen >= 4.5).all()
    assert (seen <= np.maximum(catalog.magnitude, 4.5)).all()
    assert (seen[~hidden] == 4.5).all()


def test_which_rule_is_usual():
    assert usual_incompleteness(4.5) is TELESEISMIC
    assert usual_incompleteness(4.0) is TELESEISMIC
    assert usual_incompleteness(2.5) == ShortTermIncompleteness(constant=4.5, slope=0.75)


@pytest.mark.parametrize("bad", [{"slope": 0}, {"min_radius_km": -1}, {"constant": float("nan")}])
def test_bad_rules_are_refused(bad):
    with pytest.raises(InputError):
        ShortTermIncompleteness(**bad)


# -- the bundled catalogues -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chile():
    return load_bundled("chile")


def test_chile_before_illapel(chile):
    """What a forecast of 2015-09-16 finds: 4.6, and 4.9 to 5.1 in the first fifteen years."""
    inside = chile.within(Region.named("chile")).as_of(datetime(2015, 9, 16, tzinfo=UTC))
    assert 4.5 <= estimate_completeness(inside).magnitude <= 4.7
    periods = completeness_over_time(inside)
    assert min(period.completeness.magnitude for period in periods[:2]) >= 4.9
    assert max(period.completeness.magnitude for period in periods[4:]) <= 4.6


def test_the_other_extracts_are_complete_near_their_cut_off():
    for name, cut_off in (("global", 5.0), ("sichuan-yunnan", 4.5)):
        catalog = load_bundled(name).within(Region.named(name))
        assert cut_off <= estimate_completeness(catalog).magnitude <= cut_off + 0.1


@pytest.mark.parametrize(
    ("origin", "magnitude"),
    [(datetime(2010, 2, 27, 6, 34, 11, 530000, UTC), 8.8), (datetime(2014, 4, 1, 23, 46, 47, 260000, UTC), 8.2),
     (datetime(2015, 9, 16, 22, 54, 32, 860000, UTC), 8.3)],
)  # fmt: skip
def test_great_chilean_shocks_blind_the_catalogue_as_long_as_the_rule_says(chile, origin, magnitude):
    """Below the line M - 3.9 - 0.75 log10(t) the b-value is ruined, above it it is not.

    The constant was chosen before 2015; the third shock is the test.
    """
    after = chile.between(origin + timedelta(seconds=1), origin + timedelta(days=10))
    near = after.within(Region.box("near", west=-77, south=-42, east=-68, north=-16, depth_max_km=100)).above(4.5)
    days = (near.time - np.datetime64(origin.replace(tzinfo=None))) / np.timedelta64(1, "D")
    limit = TELESEISMIC.completeness_after(magnitude, days)
    blind_days = float(TELESEISMIC.until_days(magnitude, 4.5))
    early = near.select(days < blind_days)
    seen = (
        near.magnitude[near.magnitude >= np.maximum(limit, 4.5)]
        - np.maximum(limit, 4.5)[near.magnitude >= np.maximum(limit, 4.5)]
    )
    slope_seen = 1 / (np.log(10) * seen.mean())
    slope_early = 1 / (np.log(10) * (early.magnitude.mean() - 4.45))
    assert slope_early < 0.85 * slope_seen
    assert 0.7 < slope_seen < 1.4


# The hours after large shocks, by trying every pair


def aftershock_minutes(seed: int, n: int) -> Catalog:
    """Two large shocks within days, and small ones minutes to days after them, near and not so near."""
    rng = np.random.default_rng(seed)
    days = np.sort(np.concatenate([[0.0, 1.5], 10.0 ** rng.uniform(-4, 1, n)]))
    magnitude = np.where(np.isin(days, [0.0, 1.5]), [7.4], np.round(rng.uniform(3, 6.5, n + 2), 1))
    time = np.datetime64("2010-01-01", "us") + (days * 86_400e6).astype("timedelta64[us]")
    return Catalog.of(
        time=time, longitude=rng.normal(0, 0.5, n + 2), latitude=rng.normal(0, 0.5, n + 2), magnitude=magnitude,
        provenance=PROVENANCE,
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 40), st.sampled_from([3.0, 4.0, 5.0]))
def test_what_a_network_missed_is_what_every_pair_says(seed, n, low):
    catalog, rule = aftershock_minutes(seed, n), ShortTermIncompleteness()
    found = rule.hidden(catalog, low), rule.surely_recorded(catalog, low), rule.magnitude_seen(catalog, low)
    for j in range(len(catalog)):
        complete = low
        hidden = False
        for i in range(j):
            apart = (catalog.time[j] - catalog.time[i]) / np.timedelta64(1, "D")
            m = catalog.magnitude[i]
            near = float(great_circle_km(
                longitude=catalog.longitude[i], latitude=catalog.latitude[i],
                to_longitude=catalog.longitude[j], to_latitude=catalog.latitude[j],
            )) <= max(50.0, 10 ** (-2.44 + 0.59 * m))  # fmt: skip
            if near and 0 < apart < 10 ** ((m - 4.5 - low) / 0.75):
                hidden = True
                complete = max(complete, m - 4.5 - 0.75 * np.log10(max(apart, 1 / 86_400)))
        assert found[0][j] == hidden
        assert found[1][j] == (not hidden or catalog.magnitude[j] >= complete - 1e-9)
        assert found[2][j] == pytest.approx(min(complete, max(catalog.magnitude[j], low)))


def test_some_of_the_invented_minutes_are_hidden_and_some_are_not():
    hidden = ShortTermIncompleteness().hidden(aftershock_minutes(1, 40), 4.0)
    assert 5 < hidden.sum() < 38
