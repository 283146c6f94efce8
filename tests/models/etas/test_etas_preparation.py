"""From a catalogue to what the fit takes: which events, since when, how large, and what was not seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FitError, NotEnoughDataError
from houfeng.models.etas import preparation
from houfeng.models.etas.parameters import EtasParameters
from houfeng.models.etas.preparation import (
    AUXILIARY_DAYS,
    AUXILIARY_SHARE,
    EARLIEST_DAYS,
    Sources,
    learning_data,
    unseen_companions,
)
from houfeng.regions import Region
from houfeng.values import Provenance

REGION = Region.box("box", west=10, south=40, east=12, north=42, depth_max_km=30)
START = datetime(2000, 1, 1, tzinfo=UTC)
END = datetime(2012, 1, 1, tzinfo=UTC)
PARAMETERS = EtasParameters(
    ln_mu=0.0, ln_k0=-4.0, a=1.6, ln_c=-4.6, omega=0.1, ln_tau=8.0, ln_d=0.0, gamma=1.0, ln_rho=-0.5,
)  # fmt: skip


def catalog_of(days, magnitude, *, longitude=11.0, latitude=41.0, depth_km=10.0, delay_s=1200.0, end=END) -> Catalog:
    days = np.asarray(days, float)
    return Catalog.of(
        time=np.datetime64("2000-01-01", "us") + np.rint(days * 86_400e6).astype("timedelta64[us]"),
        longitude=np.broadcast_to(longitude, days.shape), latitude=np.broadcast_to(latitude, days.shape),
        depth_km=np.broadcast_to(depth_km, days.shape), magnitude=magnitude,
        provenance=Provenance("made up", "none", end, publication_delay_s=delay_s),
    )  # fmt: skip


def sources_of(catalog: Catalog, low=3.0, margin_km=100.0) -> Sources:
    return Sources.of(catalog, REGION, low, margin_km)


# Sources


def test_sources_are_large_enough_near_enough_and_shallow_enough():
    longitude = [11.0, 11.0, 12.5, 15.0, 11.0, 11.0]
    depth = [10.0, np.nan, 10.0, 10.0, 31.0, 10.0]
    magnitude = [3.0, 4.0, 5.0, 6.0, 6.0, 2.9]
    sources = sources_of(catalog_of(np.arange(6.0), magnitude, longitude=longitude, depth_km=depth))
    assert sources.events.magnitude.tolist() == [3.0, 4.0, 5.0]
    assert sources.inside.tolist() == [True, True, False]
    assert sources.days.tolist() == [0.0, 1.0, 2.0] and sources.origin == START


def test_magnitudes_in_tenths_count_to_the_middle_of_their_bins_and_finer_ones_as_they_are():
    tenths = sources_of(catalog_of([0, 1, 2], [3.0, 3.4, 5.1]))
    np.testing.assert_allclose(tenths.m, [0.05, 0.45, 2.15])
    fine = sources_of(catalog_of([0, 1, 2], [3.01, 3.427, 5.113]))
    np.testing.assert_allclose(fine.m, [0.01, 0.427, 2.113])
    mostly = sources_of(catalog_of(np.arange(20.0), [3.123, *[3.2] * 19]))
    np.testing.assert_allclose(mostly.m[:2], [0.173, 0.25])


def test_a_hair_below_the_limit_is_the_limit():
    assert sources_of(catalog_of([0, 1], [3.0 - 1e-10, 4.0])).m[0] == pytest.approx(0.05)


def test_no_source_is_told_with_region_limit_and_source():
    with pytest.raises(NotEnoughDataError, match=r"no earthquake of M>=6 in or near 'box' in made up"):
        sources_of(catalog_of([0, 1], [3.0, 4.0]), low=6.0)


def test_more_sources_than_can_be_borne_are_refused_with_a_magnitude_that_works(monkeypatch):
    monkeypatch.setattr(preparation, "MOST_SOURCES", 100)
    magnitude = np.round(3 + np.random.default_rng(1).exponential(0.43, 400), 1)
    catalog = catalog_of(np.arange(400.0), magnitude)
    with pytest.raises(FitError, match=r"400 earthquakes .* set the minimum magnitude to (\d\.\d)") as caught:
        sources_of(catalog)
    enough = float(str(caught.value).split("minimum magnitude to ")[1][:3])
    assert 0 < len(sources_of(catalog, low=enough).days) <= 100


def test_what_is_known_ends_one_publication_delay_before_the_data():
    sources = sources_of(catalog_of([0.0, 10.0], [4.0, 4.0], delay_s=86_400.0))
    assert sources.known_until_day == pytest.approx((END - START) / timedelta(days=1) - 1)


def test_an_event_known_sooner_than_the_delay_still_lies_within_what_is_known():
    late = catalog_of([0.0, 10.0], [4.0, 4.0], delay_s=86_400.0, end=START + timedelta(days=10.5))
    assert sources_of(late).known_until_day == 10.0


# What the fit takes


def data_of(catalog: Catalog, *, low=3.0, b=1.0, start=None):
    return learning_data(sources_of(catalog, low), REGION, low, b, start=start)


@pytest.mark.parametrize("years", [10, 11, 40])
def test_a_fifth_of_the_catalogue_only_serves_as_history(years):
    length = 365.25 * years
    end = START + timedelta(days=length)
    data = data_of(catalog_of(np.arange(0, 3650, 10.0), np.full(365, 3.5), delay_s=0.0, end=end))
    assert data.end_day == pytest.approx(length) and data.start_day == pytest.approx(AUXILIARY_SHARE * length)
    assert (data.target == ((data.days >= data.start_day) & (data.days < data.end_day))).all()


def test_of_a_long_catalogue_ten_years_are_history_enough():
    end = START + timedelta(days=365.25 * 100)
    data = data_of(catalog_of([0.0, 30_000.0], [4.0, 4.0], delay_s=0.0, end=end))
    assert data.start_day == AUXILIARY_DAYS


def test_a_given_start_counts_and_none_lies_before_the_first_event():
    catalog = catalog_of(np.arange(0, 3650, 10.0), np.full(365, 3.5))
    assert data_of(catalog, start=START + timedelta(days=1000)).start_day == 1000
    assert data_of(catalog, start=START - timedelta(days=1000)).start_day == 0


def test_neighbours_are_sources_and_never_targets():
    longitude = np.where(np.arange(300) % 3 == 0, 12.3, 11.0)
    data = data_of(catalog_of(np.arange(0, 3000, 10.0), np.full(300, 3.5), longitude=longitude))
    assert len(data.days) == 300
    assert not data.target[longitude > 12].any() and data.target[longitude < 12].sum() > 100


def test_small_aftershocks_in_blind_hours_are_no_targets_but_sources():
    quiet = np.arange(0, 3000, 30.0)
    days = np.sort(np.concatenate([quiet, [2000.5, 2000.51, 2000.52]]))
    magnitude = np.full(len(days), 3.5)
    magnitude[days == 2000.5], magnitude[days == 2000.51] = 7.0, 5.5
    data = data_of(catalog_of(days, magnitude))
    target = dict(zip(days.tolist(), data.target.tolist(), strict=True))
    assert target[2000.5] and target[2000.51] and not target[2000.52] and target[2010.0]
    blind = dict(zip(days.tolist(), data.blind_days.tolist(), strict=True))
    assert blind[2000.5] == pytest.approx(10 ** ((7.0 - 4.5 - 3.0) / 0.75)) and blind[2010.0] < 1e-3


@settings(max_examples=20, deadline=None)
@given(st.floats(5.5, 8.0), st.floats(0.7, 1.3))
def test_what_is_recorded_early_sums_to_the_integral_of_what_is_complete(magnitude, b):
    """Weights of the nodes against quadrature of 10^(-b (Mc(s) - Mmin)) from a minute and a half to completeness."""
    days = np.sort(np.append(np.arange(0, 3000, 30.0), 2000.5))
    sizes = np.where(days == 2000.5, magnitude, 3.5)
    data = data_of(catalog_of(days, sizes), b=b)
    (row,) = np.flatnonzero(days == 2000.5)
    place = int(np.flatnonzero(data.early.rows == row)[0])
    until = 10 ** ((magnitude - 4.5 - 3.0) / 0.75)

    def recorded(s):
        return 10 ** (-b * max(magnitude - 4.5 - 0.75 * np.log10(s) - 3.0, 0.0))

    expected = integrate.quad(recorded, EARLIEST_DAYS, until, epsrel=1e-10)[0]
    assert data.early.weights[place].sum() == pytest.approx(expected, rel=5e-3)
    assert (data.early.nodes[place] > EARLIEST_DAYS).all() and (data.early.nodes[place] < until).all()


def test_what_lies_after_the_end_of_the_data_is_not_counted_as_seen():
    end = START + timedelta(days=2000.6)
    days = np.append(np.arange(0, 1990, 30.0), 2000.5)
    sizes = np.append(np.full(len(days) - 1, 3.5), 7.5)
    data = data_of(catalog_of(days, sizes, delay_s=0.0, end=end))
    nodes, weights = data.early.nodes[-1], data.early.weights[-1]
    assert (weights[nodes > 0.1] == 0).all() and (weights[nodes < 0.099] > 0).all() and (nodes > 0.1).any()


# What was not seen


def test_after_a_great_shock_each_seen_event_stands_for_those_below_what_was_seen():
    days = np.sort(np.append(np.arange(0, 3000, 30.0), [2000.5, 2000.51]))
    magnitude = np.where(days == 2000.5, 7.5, np.where(days == 2000.51, 6.0, 3.5))
    sources = sources_of(catalog_of(days, magnitude))
    found = unseen_companions(sources, 3.0, PARAMETERS.alpha, 1.0)
    seen = min(7.5 - 4.5 - 0.75 * np.log10(0.01), 6.0)
    (hidden,) = np.flatnonzero(days == 2000.51)
    assert found[hidden] == pytest.approx((np.log(10) - PARAMETERS.alpha) * (seen - 3.0))
    assert (np.delete(found, hidden) == 0).all()


def test_where_productivity_grows_faster_than_sizes_thin_out_nothing_is_added():
    days = np.array([0.0, 2000.5, 2000.51])
    sources = sources_of(catalog_of(days, [3.5, 7.5, 6.0]))
    steep = replace(PARAMETERS, a=4.0)
    assert steep.alpha > np.log(10)
    assert (unseen_companions(sources, 3.0, steep.alpha, 1.0) == 0).all()
