"""Features of seismicity against sums that anybody can check, and the symmetries they must have."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.catalogs.bvalue import b_value
from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.nearest_neighbour import nearest_neighbours
from houfeng.errors import InputError
from houfeng.features.clustering import Clustering, Regularity
from houfeng.features.discs import DiscSums, Known, Members
from houfeng.features.energy import Largest, Strain
from houfeng.features.rates import Quiescence, Rates, RegionActivity, microseconds
from houfeng.features.seismicity import standard_features
from houfeng.features.sizes import Depths, SizeLaw
from houfeng.features.table import build_table
from houfeng.geo import to_xyz_km
from houfeng.regions import Region
from houfeng.times import DAYS_PER_YEAR, days_since, from_datetime64
from tests.features.simulated import BOX, DATE_LINE, END, some_catalog, weekly

GRID = BOX.grid()
AT = END
SEEDS = st.integers(0, 2**32 - 1)
FEATURES = standard_features(2.5)


def around(catalog, grid, cell, radius_km):
    """Rows of the earthquakes within a radius of the centre of a cell."""
    centre = to_xyz_km(longitude=grid.longitude[cell], latitude=grid.latitude[cell])
    places = to_xyz_km(longitude=catalog.longitude, latitude=catalog.latitude)
    return np.flatnonzero(np.linalg.norm(places - centre, axis=1) <= radius_km)


def column(feature, catalog, name, grid=GRID, at=AT):
    return feature.compute(catalog, at, grid)[:, feature.names.index(name)]


@settings(max_examples=10)
@given(SEEDS)
def test_counts_are_what_lies_within_the_radius_and_the_window(seed):
    catalog = some_catalog(seed).as_of(AT)
    feature = Rates(3.0, (20.0, 60.0), (30.0, 300.0))
    age = -days_since(catalog.time, AT)
    found = {name: column(feature, catalog, name) for name in feature.names}
    assert len(found) == 6
    large = catalog.magnitude >= 3.0
    years = age[large].max() / DAYS_PER_YEAR
    for cell in range(0, len(GRID), 7):
        for radius in feature.radii_km:
            near = np.zeros(len(catalog), bool)
            near[around(catalog, GRID, cell, radius)] = True
            for days in feature.windows_days:
                n = np.count_nonzero(near & large & (age <= days))
                assert found[f"log_count_{days:g}d_r{radius:g}"][cell] == pytest.approx(np.log1p(n), rel=1e-6)
            n = np.count_nonzero(near & large)
            rate = found[f"log_rate_past_r{radius:g}"][cell]
            assert rate == pytest.approx(np.log((n + 0.5) / years), rel=1e-5, abs=1e-6)


@settings(max_examples=10)
@given(SEEDS)
def test_strain_and_the_largest_are_those_of_the_window(seed):
    catalog = some_catalog(seed).as_of(AT).above(3.0)
    strain, largest = Strain(3.0, 40.0, (60.0, 400.0)), Largest(3.0, 40.0, (60.0, 400.0), (4.0,))
    age = -days_since(catalog.time, AT)
    for cell in range(0, len(GRID), 9):
        near = np.zeros(len(catalog), bool)
        near[around(catalog, GRID, cell, 40.0)] = True
        for days in (60.0, 400.0):
            magnitudes = catalog.magnitude[near & (age <= days)]
            moment = 10 ** (1.5 * 3.0 + 9.05) + (10 ** (1.5 * magnitudes + 9.05)).sum()
            assert column(strain, catalog, f"log_moment_{days:g}d_r40")[cell] == pytest.approx(np.log10(moment))
            top = column(largest, catalog, f"largest_{days:g}d_r40")[cell]
            assert top == pytest.approx(max(magnitudes.max(initial=3.0) - 3.0, 0), abs=1e-5)
        strong = near & (catalog.magnitude >= 4.0)
        since = column(largest, catalog, "log_days_since_m4_r40")[cell]
        if strong.any():
            assert since == pytest.approx(np.log1p(age[strong].min()), rel=1e-5)
        else:
            assert np.isnan(since)


def test_the_b_value_is_that_of_the_catalogue_room():
    catalog = some_catalog(5, 2000).as_of(AT)
    feature = SizeLaw(3.0, 50.0, 300.0)
    found = {name: column(feature, catalog, name) for name in feature.names}
    recent = catalog.between(AT - timedelta(days=300), AT)
    compared = 0
    for cell in range(0, len(GRID), 3):
        for part, name in ((catalog, "past"), (recent, "300d")):
            magnitudes = part.magnitude[around(part, GRID, cell, 50.0)]
            value, error = found[f"b_{name}_r50"][cell], found[f"b_error_{name}_r50"][cell]
            if np.count_nonzero(magnitudes >= 3.0 - 1e-9) < feature.min_events:
                assert np.isnan(value) and np.isnan(error)
                continue
            expected = b_value(magnitudes, 3.0)
            assert value == pytest.approx(expected.b, rel=1e-5)
            assert error == pytest.approx(expected.standard_error, rel=1e-5)
            compared += 1
    assert compared > 10
    change = (found["b_300d_r50"] - found["b_past_r50"]) / np.hypot(
        found["b_error_300d_r50"], found["b_error_past_r50"]
    )
    assert np.allclose(found["b_change_300d_r50"], change, rtol=1e-3, atol=1e-4, equal_nan=True)
    with pytest.raises(InputError, match="no fewer than 10"):
        SizeLaw(3.0, min_events=5)


def test_depths_leave_out_what_is_unknown():
    catalog = some_catalog(5).as_of(AT)
    feature = Depths(2.5, 60.0, 300.0)
    past, change = (column(feature, catalog, name) for name in feature.names)
    age = -days_since(catalog.time, AT)
    for cell in range(0, len(GRID), 5):
        near = around(catalog, GRID, cell, 60.0)
        depth, recent = catalog.depth_km[near], catalog.depth_km[near[age[near] <= 300]]
        mean = np.nanmean(depth)
        assert past[cell] == pytest.approx(mean, abs=1e-3)
        if np.isfinite(recent).any():
            assert change[cell] == pytest.approx(np.nanmean(recent) - mean, abs=2e-3)
        else:
            assert np.isnan(change[cell])


def test_a_regular_series_has_no_variation_and_a_clustered_one_much():
    days = np.concatenate([np.arange(20) * 10.0, np.repeat([20.0, 150.0], 10) + np.tile(np.arange(10) * 0.01, 2)])
    time = np.datetime64("2016-05-01", "us") + (days * 86_400e6).astype("timedelta64[us]")
    longitude = np.where(np.arange(40) < 20, -119.875, -118.125)
    catalog = some_catalog(1)
    catalog = Catalog.of(
        time=time,
        longitude=longitude,
        latitude=np.full(40, 33.125),
        magnitude=np.full(40, 3.0),
        provenance=catalog.provenance,
    )
    found = column(Regularity(2.5, 10.0), catalog, "cov_365d_r10")
    at = GRID.index_of(longitude=np.array([-119.875, -118.125, -119.0]), latitude=np.full(3, 33.125))
    assert found[at[0]] == pytest.approx(0, abs=1e-3)
    between = np.diff(np.sort(days[20:]))
    assert found[at[1]] == pytest.approx(between.std() / between.mean(), rel=1e-4) and found[at[1]] > 3
    assert np.isnan(found[at[2]])


@settings(max_examples=10)
@given(SEEDS)
def test_clustering_rests_on_the_nearest_neighbours_among_all_that_are_known(seed):
    catalog = some_catalog(seed, 200)
    feature = Clustering(2.5, 60.0, 400.0, threshold=-3.0)
    share, mean = (build_table(catalog, GRID, weekly(5, "2016-11-01"), [feature]).columns[n][-1] for n in feature.names)
    at = from_datetime64(weekly(5, "2016-11-01")[-1])
    known = catalog.as_of(at)
    log_eta = nearest_neighbours(known).log10_eta
    recent = -days_since(known.time, at) <= 400.0
    for cell in range(0, len(GRID), 6):
        near = around(known, GRID, cell, 60.0)
        near = near[recent[near]]
        if not len(near):
            assert np.isnan(share[cell])
            continue
        assert share[cell] == pytest.approx(np.mean(log_eta[near] <= -3.0), abs=1e-5)
        assert mean[cell] == pytest.approx(log_eta[near].mean(), abs=1e-4)


def test_beta_is_that_of_matthews_and_reasenberg():
    # 100 events in 1000 days, the last 100 days without any: beta = (0 - 100 * 0.1) / sqrt(100 * 0.1 * 0.9)
    time = np.datetime64("2014-04-07", "us") + (np.linspace(0, 890, 100) * 86_400e6).astype("timedelta64[us]")
    catalog = Catalog.of(
        time=time, longitude=np.full(100, -119.0), latitude=np.full(100, 34.0), magnitude=np.full(100, 3.0),
        provenance=some_catalog(1).provenance,
    )  # fmt: skip
    at = from_datetime64(time[0]) + timedelta(days=1000)
    found = column(Quiescence(3.0, 30.0, (100.0, 2000.0)), catalog, "beta_100d_r30", at=at)
    near = GRID.index_of(longitude=np.array([-119.0]), latitude=np.array([34.0]))[0]
    assert found[near] == pytest.approx(-10 / 3, rel=1e-5)
    assert np.isnan(found[0])
    too_long = column(Quiescence(3.0, 30.0, (100.0, 2000.0)), catalog, "beta_2000d_r30", at=at)
    assert np.isnan(too_long).all()


def test_the_region_is_told_the_same_in_all_cells():
    catalog = some_catalog(2).as_of(AT)
    feature = RegionActivity(3.0, (50.0,), 100.0)
    found = feature.compute(catalog, AT, GRID)
    recent = catalog.above(3.0).between(AT - timedelta(days=50), AT)
    assert (found == found[0]).all() and found.shape == (len(GRID), 2)
    assert found[0, 0] == pytest.approx(np.log1p(len(recent)))
    top = catalog.between(AT - timedelta(days=100), AT).magnitude.max()
    assert found[0, 1] == pytest.approx(top - 3.0, abs=1e-5)


# -- symmetries ---------------------------------------------------------------------------------------------


def everything(catalog, grid, at):
    return np.column_stack([feature.compute(catalog, at, grid) for feature in FEATURES])


@settings(max_examples=5)
@given(SEEDS, st.integers(1, 20_000))
def test_no_date_is_in_a_feature(seed, days):
    catalog, shift = some_catalog(seed).as_of(AT), timedelta(days=days)
    later = Catalog.of(**dict(catalog.columns) | {"time": catalog.time + np.timedelta64(shift), "issued": None},
                       provenance=replace(catalog.provenance, data_end=AT + shift))  # fmt: skip
    assert np.allclose(
        everything(catalog, GRID, AT), everything(later, GRID, AT + shift), rtol=2e-4, atol=2e-4, equal_nan=True
    )


@settings(max_examples=5)
@given(SEEDS)
def test_no_longitude_is_in_a_feature_and_the_date_line_is_no_edge(seed):
    catalog = some_catalog(seed, region=DATE_LINE).as_of(AT)
    turned = replace(catalog, longitude=catalog.longitude - 60.0)
    here = Region.box("turned", west=119, south=-20, east=121, north=-18, cell_deg=0.25).grid()
    grid = DATE_LINE.grid()
    order = np.lexsort((grid.west % 360, grid.south))
    other = np.lexsort((here.west, here.south))
    assert np.allclose(
        everything(catalog, grid, AT)[order], everything(turned, here, AT)[other], rtol=1e-4, atol=1e-4, equal_nan=True
    )


@settings(max_examples=5)
@given(SEEDS)
def test_the_order_of_the_rows_does_not_matter(seed):
    catalog = some_catalog(seed).as_of(AT)
    shuffled = catalog.select(np.random.default_rng(seed).permutation(len(catalog)))
    assert np.allclose(
        everything(catalog, GRID, AT), everything(shuffled, GRID, AT), rtol=1e-5, atol=1e-5, equal_nan=True
    )


@settings(max_examples=5)
@given(SEEDS)
def test_a_sweep_gives_what_one_look_gives_also_when_reports_come_late(seed):
    catalog, times = some_catalog(seed), weekly(12, "2015-11-01")
    table = build_table(catalog, GRID, times, FEATURES)
    for row in (0, 5, 11):
        at = from_datetime64(times[row])
        alone = everything(catalog.as_of(at), GRID, at)
        assert np.allclose(table.rows(slice(row, row + 1)).matrix(), alone, rtol=1e-6, atol=1e-6, equal_nan=True)


def test_without_an_earthquake_there_is_a_number_or_a_gap_and_no_error():
    found = everything(some_catalog(1).select(np.zeros(0, int)), GRID, AT)
    assert found.shape == (len(GRID), 40) and not np.isinf(found).any()


# -- the parts ----------------------------------------------------------------------------------------------


def test_known_earthquakes_stand_in_order_of_origin():
    known = Known(1)
    rng = np.random.default_rng(3)
    time = rng.permutation(300)
    for part in np.array_split(time, 17):
        part = np.sort(part)
        rows = known.insert(part, np.zeros((len(part), 5)), part[:, None].astype(float))
        assert known.time_us[rows].tolist() == part.tolist()
    assert known.time_us.tolist() == sorted(time.tolist())
    assert known.values[:, 0].tolist() == sorted(time.tolist())


def test_sums_do_not_go_back_in_time():
    sums = DiscSums(GRID, (30.0,), (7.0,), 1)
    sums.add(Members.of(some_catalog(1), np.ones((120, 1))))
    sums.at(microseconds(AT))
    with pytest.raises(InputError, match="forward only"):
        sums.at(microseconds(AT) - 1)


@pytest.mark.parametrize("radii", [(), (0.0,), (30.0, 10.0)])
def test_radii_must_ascend(radii):
    with pytest.raises(InputError, match="positive and ascending"):
        Rates(2.5, radii)


def test_a_cap_over_the_pole_reaches_all_longitudes():
    polar = Region.box("polar", west=-180, south=80, east=180, north=90, cell_deg=1).grid()
    one = Catalog.of(time=np.array(["2016-12-31"], "datetime64[us]"), longitude=[10.0], latitude=[89.0], magnitude=[5],
                     provenance=some_catalog(1).provenance)  # fmt: skip
    counts = column(Rates(2.5, (300.0,), (7.0,)), one, "log_count_7d_r300", grid=polar)
    inside = np.zeros(len(polar), bool)
    centres = to_xyz_km(longitude=polar.longitude, latitude=polar.latitude)
    inside = np.linalg.norm(centres - to_xyz_km(longitude=10.0, latitude=89.0), axis=1) <= 300
    assert inside.sum() > 300 and ((counts > 0) == inside).all()
