"""What Poisson models share: a rate known from a count, and what of a history is learnt from."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import NotEnoughDataError, TimeError
from houfeng.models.gridding import N_SAMPLES
from houfeng.models.poisson import Poisson
from houfeng.models.stationary import CountedRate, LearningPeriod
from houfeng.regions import Region
from houfeng.times import Window
from houfeng.values import Provenance

END = datetime(2020, 1, 1, tzinfo=UTC)
REGION = Region.box("box", west=10, south=40, east=12, north=42)


def catalog_of(rows, end=END) -> Catalog:
    """Rows of (days before the end, longitude, latitude, depth, magnitude)."""
    days, longitude, latitude, depth, magnitude = (np.array([r[i] for r in rows], float) for i in range(5))
    return Catalog.of(
        time=np.datetime64(END.replace(tzinfo=None), "us") - (days * 86_400e6).astype("timedelta64[us]"),
        longitude=longitude, latitude=latitude, depth_km=depth, magnitude=magnitude,
        provenance=Provenance("x", "y", end, publication_delay_s=0.0),
    )  # fmt: skip


# The rate


@given(st.integers(0, 10_000), st.floats(0.1, 1e5))
def test_the_interval_is_that_of_the_gamma_law(n, days):
    rate = CountedRate(n, days)
    found, law = rate.estimate(), stats.gamma(n + 0.5, scale=1 / days)
    assert found.value == pytest.approx(law.mean()) == rate.per_day
    assert (found.low, found.high) == (pytest.approx(law.ppf(0.025)), pytest.approx(law.ppf(0.975)))
    wider = rate.estimate(0.99)
    assert wider.low < found.low and wider.high > found.high and wider.level == 0.99


@pytest.mark.parametrize("true", [0.5, 4.0, 60.0])
def test_intervals_hold_the_true_rate_about_as_often_as_they_say(true):
    counts = np.random.default_rng(1).poisson(true, 4000)
    bounds = {n: CountedRate(n, 1.0).estimate() for n in set(counts.tolist())}
    held = np.mean([bounds[n].low <= true <= bounds[n].high for n in counts.tolist()])
    assert 0.93 < held < 0.985  # Jeffreys' interval, which counts make lumpy


def test_draws_have_the_law_of_the_estimate():
    rate = CountedRate(7, 365.0)
    assert stats.kstest(rate.draw(np.random.default_rng(2), 20_000), stats.gamma(7.5, scale=1 / 365).cdf).pvalue > 1e-3


# What is learnt from


ROWS = st.lists(
    st.tuples(
        st.floats(0.01, 400), st.floats(9, 13), st.floats(39, 43), st.sampled_from([5.0, 30.0, 31.0, float("nan")]),
        st.sampled_from([2.9, 2.95, 3.0, 3.1, 6.0]),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_rows_are_those_in_time_size_and_depth(rows):
    history = catalog_of(rows)
    region = Region.box("box", west=10, south=40, east=12, north=42, depth_max_km=30)
    start = END - timedelta(days=200)
    period = LearningPeriod.of(history, region, 3.0, start)
    expected = [
        i for i, event in enumerate(history)
        if event.time >= start and event.magnitude >= 3.0 and not event.depth_km > 30
    ]  # fmt: skip
    assert period.rows.tolist() == expected and period.days == 200
    inside = [10 <= history.longitude[i] < 12 and 40 <= history.latitude[i] < 42 for i in expected]
    assert period.inside.tolist() == inside and period.rate.n_events == sum(inside)
    assert len(period.events) == len(expected) and set(period.magnitudes) <= {2.95, 3.0, 3.1, 6.0}


def test_without_a_start_it_is_the_first_event_and_the_end_is_that_of_the_data():
    history = catalog_of([(300, 11, 41, 5, 4.0), (100, 11, 41, 5, 4.0)])
    assert LearningPeriod.of(history, REGION, 3.0, None).days == pytest.approx(300)


def test_small_events_in_the_hours_after_a_great_one_do_not_tell_sizes():
    quiet, great, hidden = (100, 11.0, 41.0, 5, 3.2), (50, 11.0, 41.0, 5, 7.0), (49.99, 11.01, 41.0, 5, 3.1)
    period = LearningPeriod.of(catalog_of([quiet, great, hidden]), REGION, 3.0, None)
    assert sorted(period.magnitudes.tolist()) == [3.2, 7.0] and period.rate.n_events == 3


@pytest.mark.parametrize(("rows", "words"), [
    ([(0.5, 11, 41, 5, 4.0)], "is shorter than a day; use a longer catalogue or a later as-of"),
])  # fmt: skip
def test_too_short_a_past_is_refused(rows, words):
    with pytest.raises(NotEnoughDataError, match=words):
        LearningPeriod.of(catalog_of(rows), REGION, 3.0, None)


def test_an_empty_history_needs_a_start():
    nothing = Catalog.empty(Provenance("nobody", "y", END))
    with pytest.raises(NotEnoughDataError, match=r"the catalogue \(nobody\) has no event by 2020-01-01"):
        LearningPeriod.of(nothing, REGION, 3.0, None)
    assert LearningPeriod.of(nothing, REGION, 3.0, END - timedelta(days=9)).rate.n_events == 0
    with pytest.raises(TimeError, match="zone"):
        LearningPeriod.of(nothing, REGION, 3.0, datetime(2019, 1, 1))


# Forecasts


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(4)
    n = 200
    rows = np.column_stack([
        rng.uniform(1, 3650, n), rng.uniform(10, 12, n), rng.uniform(40, 42, n), np.full(n, 5.0),
        np.round(3 + rng.exponential(0.43, n), 1),
    ])  # fmt: skip
    return Poisson(min_magnitude=3.0).fit(catalog_of(rows), REGION)


@pytest.mark.parametrize("days", [0.5, 7, 365])
def test_totals_scatter_like_a_poisson_number_of_an_uncertain_rate(fitted, days):
    """Negative binomial: variance = mean + mean^2 / (n + 1/2)."""
    window = Window.after(END, timedelta(days=days))
    history = Catalog.empty(Provenance("x", "y", END))
    made = fitted.forecast(history, window, np.random.default_rng(1))
    mean = fitted.rate.per_day * days
    assert made.gridded.expected == pytest.approx(mean, rel=1e-9) and made.counts.expected[0] == pytest.approx(mean)
    totals = made.counts.samples[:, 0]
    assert len(totals) == N_SAMPLES
    assert totals.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / N_SAMPLES) + 0.01 * mean)
    assert totals.var() == pytest.approx(mean + mean**2 / (fitted.rate.n_events + 0.5), rel=0.1)


def test_simulated_catalogues_have_the_same_law_as_the_counts(fitted):
    window = Window.after(END, timedelta(days=100))
    history = Catalog.empty(Provenance("x", "y", END))
    drawn = fitted.simulate(history, window, np.random.default_rng(1), 5000)
    totals = drawn.counts_above(np.array([3.0, 4.0]))
    mean = fitted.rate.per_day * 100
    assert totals[:, 0].mean() == pytest.approx(mean, rel=0.02)
    assert totals[:, 0].var() == pytest.approx(mean + mean**2 / (fitted.rate.n_events + 0.5), rel=0.12)
    assert totals[:, 1].sum() / totals[:, 0].sum() == pytest.approx(float(fitted.sizes.survival(4.0)), rel=0.05)
    days = (drawn.time - np.datetime64(END.replace(tzinfo=None), "us")) / np.timedelta64(1, "D")
    assert stats.kstest(days / 100, "uniform").pvalue > 1e-3
    assert REGION.contains(longitude=drawn.longitude, latitude=drawn.latitude).all()
