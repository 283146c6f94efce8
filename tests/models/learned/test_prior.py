"""Rates without simulation: against simulation, against the future, and against themselves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.models.learned.prior import POINTS, prior_rates, rates_at
from houfeng.times import Window

WEEKS = np.arange("2008-01-01", "2011-12-01", 14, dtype="datetime64[D]").astype("datetime64[us]")


@pytest.fixture(scope="module")
def rates(champion, catalog, region):
    return list(prior_rates(champion, catalog, WEEKS, 7.0, region.grid()))


def test_both_parts_are_there_and_positive(rates, region):
    for each in rates:
        assert each.background.shape == each.triggered.shape == (len(region.grid()),)
        assert (each.background > 0).all() and (each.triggered >= 0).all()
        assert np.array_equal(each.total, each.background + each.triggered)


def test_one_moment_is_the_same_whatever_moments_came_before(rates, champion, catalog, region):
    for number in (0, 17, len(WEEKS) - 1):
        (alone,) = prior_rates(champion, catalog, WEEKS[number : number + 1], 7.0, region.grid())
        assert alone.background == pytest.approx(rates[number].background, rel=1e-9)
        assert np.array_equal(alone.triggered, rates[number].triggered)


def test_what_was_issued_later_changes_nothing(rates, champion, catalog, region):
    """Later earthquakes are taken away; then false ones are put in their place."""
    moment = WEEKS[80]  # after what the champion was fitted on: before, it judges shorter lists anew
    known = catalog.select(catalog.issued <= moment)
    rng = np.random.default_rng(1)
    n = 300
    invented = Catalog.of(
        time=moment + np.sort(rng.integers(0, 10**13, n)).astype("timedelta64[us]"),
        longitude=rng.uniform(10, 13, n),
        latitude=rng.uniform(40, 43, n),
        magnitude=rng.uniform(3, 7, n),
        depth_km=np.full(n, 8.0),
        provenance=catalog.provenance,
    )
    false = replace(
        known, **{name: np.concatenate([column, invented.columns[name]]) for name, column in known.columns.items()}
    )
    for history in (known, false):
        (found,) = prior_rates(champion, history, WEEKS[80:81], 7.0, region.grid())
        # Not to the last bit: what is summed in one lump depends on all that is in the trees, to one in a thousand.
        # A false M7 that counted would change rates by a factor.
        assert found.triggered.sum() == pytest.approx(rates[80].triggered.sum(), rel=2e-3)
        assert found.background == pytest.approx(rates[80].background, rel=2e-3)


def test_an_earthquake_counts_from_its_issue_not_from_its_origin(champion, catalog, region):
    largest = int(np.argmax(catalog.magnitude))
    origin, issued = catalog.time[largest], catalog.issued[largest]
    grid = region.grid()
    times = np.array([origin + (issued - origin) // 2, issued])
    before, after = prior_rates(champion, catalog, times, 7.0, grid)
    assert after.triggered.sum() > 2 * before.triggered.sum()


def test_late_issue_hides_what_follows_in_the_list_too(champion, catalog, region):
    """An earthquake issued days late is waited for: nothing after it in order of origin counts before it."""
    largest = int(np.argmax(catalog.magnitude))
    issued = catalog.issued.copy()
    issued[largest] += np.timedelta64(2, "D")
    late = replace(catalog, issued=issued)
    at = catalog.issued[largest] + np.timedelta64(1, "D")
    (found,) = prior_rates(champion, late, np.array([at]), 7.0, region.grid())
    (without,) = prior_rates(champion, catalog.select(np.arange(len(catalog)) < largest), np.array([at]), 7.0,
                             region.grid())  # fmt: skip
    assert found.triggered.sum() == pytest.approx(without.triggered.sum(), rel=2e-3)


def test_direct_rates_are_below_what_simulation_finds_and_of_its_shape(champion, catalog, region):
    largest = int(np.argmax(np.where(catalog.time < np.datetime64("2011-06-01"), catalog.magnitude, 0)))
    start = catalog.time[largest].astype("datetime64[s]").item().replace(tzinfo=UTC) + timedelta(hours=6)
    history = catalog.as_of(start)
    window = Window.after(start, timedelta(days=7))
    simulated = champion.forecast(history, window, np.random.default_rng(0)).gridded
    direct = rates_at(champion, history, start, 7.0)
    assert 0.25 * simulated.expected < direct.total.sum() < 1.1 * simulated.expected
    cells = simulated.rates.sum(axis=1)
    busy = cells > np.quantile(cells, 0.9)
    assert np.corrcoef(np.log(cells[busy]), np.log(direct.total[busy]))[0, 1] > 0.8


def test_a_longer_horizon_expects_more(champion, catalog, region):
    moment = WEEKS[60:61]
    (week,), (month,) = (list(prior_rates(champion, catalog, moment, days, region.grid())) for days in (7.0, 30.0))
    assert month.background.sum() > 3 * week.background.sum()
    assert week.triggered.sum() < month.triggered.sum() < 30 / 7 * week.triggered.sum()


def test_before_the_first_earthquake_nothing_is_triggered(champion, catalog, region):
    early = np.array([catalog.time[0] - np.timedelta64(1, "D")])
    (found,) = prior_rates(champion, catalog, early, 7.0, region.grid())
    assert found.triggered.sum() == found.background.sum() == 0


def test_points_are_enough_for_one_cell_in_a_thousand(rates, champion, catalog, region, monkeypatch):
    monkeypatch.setattr("houfeng.models.learned.prior.POINTS", 40 * POINTS)
    (fine,) = prior_rates(champion, catalog, WEEKS[50:51], 7.0, region.grid())
    rough = rates[50].triggered
    large = fine.triggered > 0.005 * fine.triggered.sum()
    assert rough[large] == pytest.approx(fine.triggered[large], rel=0.15)


def test_moments_must_ascend_and_the_horizon_have_a_length(champion, catalog, region):
    with pytest.raises(InputError, match="must ascend"):
        list(prior_rates(champion, catalog, WEEKS[:2][::-1], 7.0, region.grid()))
    with pytest.raises(InputError, match="no length"):
        list(prior_rates(champion, catalog, WEEKS[:2], 0.0, region.grid()))


def test_a_naive_moment_is_refused(champion, catalog):
    with pytest.raises(InputError, match="time zone"):
        rates_at(champion, catalog, datetime(2010, 1, 1), 7.0)
