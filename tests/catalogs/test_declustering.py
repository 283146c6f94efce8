"""Declustering: the published window table, clusters made by hand, laws that hold for any catalogue, known truth."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.clusters import Declustering, largest_of
from houfeng.catalogs.declustering import METHODS, decluster
from houfeng.catalogs.gardner_knopoff import TABLE, WINDOWS, gardner_knopoff, table_windows
from houfeng.catalogs.nearest_neighbour import Metric, nearest_neighbours, trees, two_modes, zaliapin_ben_zion
from houfeng.catalogs.reasenberg import look_ahead_days, reasenberg, source_radius_km
from houfeng.catalogs.thinning import METRIC, normalised_proximity, thinned
from houfeng.errors import InputError, UnknownNameError
from houfeng.geo import great_circle_km
from houfeng.models.etas.background import Background
from houfeng.models.etas.branching import BACKGROUND
from houfeng.models.etas.parameters import EtasParameters
from houfeng.models.etas.simulate import Setup, simulate
from houfeng.models.magnitudes import TaperedGutenbergRichter
from houfeng.regions import Region
from houfeng.values import Provenance

PROVENANCE = Provenance("simulated", "none", datetime(2040, 1, 1, tzinfo=UTC))
KM = 1 / 111.19493  # degrees of latitude


def catalog_of(days, magnitude, *, longitude=0.0, latitude=0.0, depth_km=np.nan, shift_days=0) -> Catalog:
    days = np.asarray(days, float)
    time = np.datetime64("2000-01-01", "us") + np.timedelta64(shift_days, "D")
    return Catalog.of(
        time=time + np.rint(days * 86_400e6).astype("timedelta64[us]"),
        longitude=np.broadcast_to(longitude, days.shape),
        latitude=np.broadcast_to(latitude, days.shape),
        depth_km=np.broadcast_to(depth_km, days.shape),
        magnitude=magnitude,
        provenance=PROVENANCE,
    )


def scattered(seed: int, n: int, *, rotate=0.0, shift_days=0) -> Catalog:
    """Events spread over a small place, close enough that some are linked."""
    rng = np.random.default_rng(seed)
    days, longitude, latitude = rng.uniform(0, 300, n), rng.uniform(-1, 1, n), rng.uniform(-1, 1, n)
    magnitude = np.round(3 + rng.exponential(0.43, n), 2)
    return catalog_of(days, magnitude, longitude=longitude + rotate, latitude=latitude, shift_days=shift_days)


def all_methods(catalog: Catalog) -> dict[str, Declustering]:
    return {name: decluster(catalog, name, rng=np.random.default_rng(7)) for name in METHODS}


def etas(seed: int, *, productive: float = 0.015) -> tuple[Catalog, np.ndarray]:
    """Ten simulated years, and which events are background."""
    rho, gamma = 0.6, 1.0
    parameters = EtasParameters(
        ln_mu=float(np.log(0.5)), ln_k0=float(np.log(productive * rho / np.pi)), a=1.6 + rho * gamma,
        ln_c=float(np.log(0.01)), omega=0.1, ln_tau=float(np.log(3000.0)), ln_d=0.0, gamma=gamma,
        ln_rho=float(np.log(rho)),
    )  # fmt: skip
    region, none = Region.box("box", west=-124, south=31, east=-116, north=39), np.zeros(0)
    batch = simulate(
        Setup(
            parameters=parameters, law=TaperedGutenbergRichter(b=1.0, min_magnitude=3.0, corner_magnitude=7.5),
            background=Background.even(region.area_km2), days=none, xyz_km=np.zeros((0, 3)), m=none,
            log_weight=none, start_day=0.0, end_day=3652.5, region=region,
        ), 1, seed, threads=1,
    ).kept()  # fmt: skip
    order = np.argsort(batch.days)
    longitude, latitude = batch.longitude_latitude()
    catalog = catalog_of(batch.days[order], 3 + batch.m[order], longitude=longitude[order], latitude=latitude[order])
    return catalog, (batch.descent == BACKGROUND)[order]


# The result


def test_a_declustering_counts_its_clusters():
    found = Declustering("by hand", [0, 0, 2, 0])
    assert found.kept.tolist() == [True, False, True, False]
    assert found.sizes.tolist() == [3, 3, 1, 3]
    assert (found.n_clusters, found.n_single, len(found)) == (1, 1, 4)
    assert found.members(3).tolist() == [0, 1, 3]
    assert len(found.apply(catalog_of([0, 1, 2, 3], [4, 3, 3, 3]))) == 2


@pytest.mark.parametrize("leader", [[1, 0], [0, 2], [-1], [1, 2, 2]])
def test_impossible_leaders_are_refused(leader):
    with pytest.raises(InputError, match="leader"):
        Declustering("by hand", leader)


def test_another_catalogue_is_refused():
    with pytest.raises(InputError, match="2 events were declustered, this catalogue has 1"):
        Declustering("by hand", [0, 1]).apply(catalog_of([0], [4]))


def test_an_unknown_method_is_named():
    with pytest.raises(UnknownNameError, match="did you mean 'reasenberg'"):
        decluster(catalog_of([0], [4]), "reasenburg", rng=np.random.default_rng(1))


def test_the_largest_of_a_group_is_its_first_largest():
    assert largest_of(np.array([5, 5, 9, 5, 9]), np.array([3.0, 4.0, 2.0, 4.0, 2.0])).tolist() == [1, 1, 2, 1, 2]


# Laws that hold for any catalogue and method


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(0, 120))
def test_every_event_is_in_exactly_one_cluster(seed, n):
    catalog = scattered(seed, n)
    for name, found in all_methods(catalog).items():
        assert found.method == name and len(found) == n
        assert found.sizes[found.kept].sum() == n
        assert found.n_single + found.n_clusters == found.kept.sum() == len(found.apply(catalog))
        if name != "zaliapin-ben-zion-thinning":
            assert (catalog.magnitude[found.leader] >= catalog.magnitude).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), rotate=st.floats(-180, 180), shift=st.integers(-20_000, 10_000))
def test_shifting_time_and_turning_the_earth_changes_nothing(seed, rotate, shift):
    here = all_methods(scattered(seed, 100))
    there = all_methods(scattered(seed, 100, rotate=rotate, shift_days=shift))
    for name in METHODS:
        np.testing.assert_array_equal(here[name].leader, there[name].leader)


@pytest.mark.parametrize("method", METHODS)
def test_one_event_or_none_is_no_cluster(method):
    assert decluster(catalog_of([0.0], [5.0]), method, rng=np.random.default_rng(1)).kept.tolist() == [True]
    assert len(decluster(Catalog.empty(PROVENANCE), method, rng=np.random.default_rng(1))) == 0


# Gardner & Knopoff


def test_the_windows_are_those_of_the_published_table():
    distance, days = table_windows(TABLE[:, 0])
    np.testing.assert_allclose(distance, [19.5, 22.5, 26, 30, 35, 40, 47, 54, 61, 70, 81, 94], rtol=1e-12)
    np.testing.assert_allclose(days, [6, 11.5, 22, 42, 83, 155, 290, 510, 790, 915, 960, 985], rtol=1e-12)


def test_the_table_is_close_to_the_formula_in_common_use():
    m = np.arange(2.5, 8.01, 0.25)
    distance, days = table_windows(m)
    np.testing.assert_allclose(distance, 10 ** (0.1238 * m + 0.983), rtol=0.04)
    formula = np.where(m >= 6.5, 10 ** (0.032 * m + 2.7389), 10 ** (0.5409 * m - 0.547))
    np.testing.assert_allclose(days, formula, rtol=0.15)


@pytest.mark.parametrize("name", WINDOWS)
def test_larger_magnitudes_own_larger_windows(name):
    distance, days = WINDOWS[name](np.linspace(-1, 9.5, 400))
    assert (np.diff(distance) >= 0).all() and (np.diff(days[np.linspace(-1, 9.5, 400) < 6.4]) >= 0).all()
    assert (distance > 0).all() and (days > 0).all()


@pytest.mark.parametrize(("days", "km", "together"), [
    (154.9, 0, True), (155.1, 0, False), (10, 39.9, True), (10, 40.1, False), (-154.9, 0, True), (-155.1, 0, False),
])  # fmt: skip
def test_the_window_of_a_magnitude_five_ends_where_the_table_says(days, km, together):
    catalog = catalog_of([0.0, days], [5.0, 2.6], latitude=np.array([0.0, km * KM]))
    assert gardner_knopoff(catalog).n_clusters == int(together)


def test_foreshocks_can_be_left_alone():
    catalog = catalog_of([0.0, 100.0, 200.0], [2.6, 5.0, 2.6])
    assert gardner_knopoff(catalog).leader.tolist() == [1, 1, 1]
    assert gardner_knopoff(catalog, foreshock_share=0.0).leader.tolist() == [0, 1, 1]


def test_the_larger_shock_takes_the_events_that_two_could_claim():
    catalog = catalog_of([0.0, 1.0, 2.0], [5.0, 3.0, 6.0], latitude=np.array([0.0, 30.0, 60.0]) * KM)
    assert gardner_knopoff(catalog).leader.tolist() == [0, 2, 2]


def test_windows_reach_across_the_date_line():
    catalog = catalog_of([0.0, 1.0], [5.0, 3.0], longitude=np.array([179.99, -179.99]))
    assert gardner_knopoff(catalog).n_clusters == 1


def test_wrong_windows_are_refused():
    with pytest.raises(UnknownNameError, match="gruenthal"):
        gardner_knopoff(catalog_of([0], [4]), windows="grunthal")
    with pytest.raises(InputError, match="0 to 1"):
        gardner_knopoff(catalog_of([0], [4]), foreshock_share=1.5)


# Reasenberg


def test_the_source_radius_is_that_of_thirty_bar():
    assert source_radius_km(5.0) == pytest.approx(1.1)
    assert source_radius_km(5.0) == pytest.approx(10 ** (0.4 * 5 - np.log10(30) / 3 - 1.45), rel=0.05)


def test_the_look_ahead_time_follows_the_formula_between_its_limits():
    assert look_ahead_days(0.0, 6.0) == 1.0
    assert look_ahead_days(1000.0, 3.0) == 10.0
    expected = -np.log(0.05) * 3.0 / 10 ** (2 * (0.5 * 5.0 - 1.5 - 1) / 3)
    assert look_ahead_days(3.0, 5.0) == pytest.approx(expected)


@pytest.mark.parametrize(("days", "km", "together"), [
    (0.99, 0, True), (1.01, 0, False), (0.5, 10.9, True), (0.5, 11.1, False),
])  # fmt: skip
def test_a_lone_magnitude_five_reaches_ten_radii_and_a_day(days, km, together):
    catalog = catalog_of([0.0, days], [5.0, 3.0], latitude=np.array([0.0, km * KM]))
    assert reasenberg(catalog).n_clusters == int(together)


def test_no_link_is_longer_than_the_crust_is_thick():
    far = catalog_of([0.0, 0.5], [8.0, 3.0], latitude=np.array([0.0, 31 * KM]))
    assert reasenberg(far).n_clusters == 0
    assert reasenberg(far, max_radius_km=100.0).n_clusters == 1


def test_links_make_chains_led_by_the_largest():
    catalog = catalog_of([0.0, 0.9, 1.8, 40.0], [3.0, 5.0, 3.1, 3.0])
    assert reasenberg(catalog).leader.tolist() == [1, 1, 1, 3]


def test_a_chain_waits_longer_as_the_sequence_ages():
    # Most of a day after a magnitude 5, an aftershock looks ahead more than two days, not one.
    wait = look_ahead_days(0.9, 5.0, min_magnitude=3.0)
    catalog = catalog_of([0.0, 0.9, 0.9 + 0.99 * wait], [5.0, 3.0, 3.0])
    assert wait > 2 and reasenberg(catalog).leader.tolist() == [0, 0, 0]
    later = catalog_of([0.0, 0.9, 0.9 + 1.01 * wait], [5.0, 3.0, 3.0])
    assert reasenberg(later).leader.tolist() == [0, 0, 2]


def test_depth_counts_where_it_is_known():
    assert reasenberg(catalog_of([0.0, 0.5], [4.0, 3.0], depth_km=np.array([5.0, 50.0]))).n_clusters == 0
    assert reasenberg(catalog_of([0.0, 0.5], [4.0, 3.0], depth_km=np.array([5.0, np.nan]))).n_clusters == 1


@pytest.mark.parametrize("wrong", [{"min_days": 0}, {"confidence": 1}, {"raised_by": 1}, {"max_radius_km": 0}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(InputError, match="allowed are"):
        reasenberg(catalog_of([0], [4]), **wrong)


# Zaliapin & Ben-Zion


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 400))
def test_the_search_finds_what_trying_all_pairs_finds(seed, n):
    catalog, metric = scattered(seed, n), Metric(1.6, 0.9, 0.2)
    found = nearest_neighbours(catalog, metric=metric)
    years = (catalog.time - catalog.time[0]) / np.timedelta64(1, "D") / 365.25
    distance = great_circle_km(
        longitude=catalog.longitude[:, None], latitude=catalog.latitude[:, None],
        to_longitude=catalog.longitude, to_latitude=catalog.latitude,
    )  # fmt: skip
    apart = years[:, None] - years
    eta = np.where(apart > 0, apart * np.maximum(distance, 0.2) ** 1.6 * 10 ** (-0.9 * catalog.magnitude), np.inf)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(found.log10_eta, np.log10(eta.min(axis=1)), atol=1e-6)
    np.testing.assert_array_equal(found.parent[1:], eta.argmin(axis=1)[1:])
    np.testing.assert_allclose((found.log10_time + found.log10_distance)[1:], found.log10_eta[1:])


def test_the_proximity_of_a_pair_by_hand():
    found = nearest_neighbours(catalog_of([0.0, 36.525], [4.0, 3.0], latitude=np.array([0.0, 10 * KM])))
    assert found.parent.tolist() == [-1, 0]
    assert found.log10_eta[1] == pytest.approx(-1 + 1.6 - 4.0, abs=1e-6)
    assert found.log10_time[1] == pytest.approx(-1 - 2.0)


def test_simultaneous_events_are_nobody_s_parents():
    assert nearest_neighbours(catalog_of([0.0, 1.0, 1.0], [3.0, 3.0, 6.0])).parent.tolist() == [-1, 0, 0]


def test_trees_lead_to_their_roots():
    assert trees(np.array([-1, 0, 1, -1, 3, 2])).tolist() == [0, 0, 0, 3, 3, 0]


def test_two_modes_are_found_where_they_were_put():
    rng = np.random.default_rng(2)
    fit = two_modes(np.concatenate([rng.normal(-6, 0.8, 4000), rng.normal(-2, 0.6, 6000)]))
    np.testing.assert_allclose(fit.means, (-6, -2), atol=0.1)
    np.testing.assert_allclose(fit.deviations, (0.8, 0.6), atol=0.05)
    np.testing.assert_allclose(fit.weights, (0.4, 0.6), atol=0.02)
    assert -4.1 < fit.threshold < -3.5


def test_one_mode_has_no_threshold():
    rng = np.random.default_rng(3)
    assert two_modes(rng.normal(-2, 1, 5000)).threshold == -np.inf
    assert two_modes(np.log10(rng.exponential(1.0, 5000))).threshold == -np.inf
    assert two_modes(np.full(100, 1.0)).threshold == two_modes(np.zeros(0)).threshold == -np.inf


def test_links_longer_than_a_given_threshold_are_cut():
    catalog = catalog_of([0.0, 36.525], [4.0, 3.0], latitude=np.array([0.0, 10 * KM]))
    assert zaliapin_ben_zion(catalog, threshold=-3.3).n_clusters == 1
    assert zaliapin_ben_zion(catalog, threshold=-3.5).n_clusters == 0


def test_wrong_metrics_are_refused():
    for wrong in ({"fractal_dimension": 0}, {"b": -1}, {"min_distance_km": 0}):
        with pytest.raises(InputError, match="fractal dimension"):
            Metric(**wrong)
    with pytest.raises(InputError, match="at least 1"):
        thinned(catalog_of([0], [4]), rng=np.random.default_rng(1), shuffles=0)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_background_of_simulated_etas_is_recovered(seed):
    catalog, truth = etas(seed)
    assert 0.3 < truth.mean() < 0.7
    eta = nearest_neighbours(catalog).log10_eta
    assert np.isfinite(two_modes(eta).threshold)
    trees_cut = zaliapin_ben_zion(catalog).kept
    thin = thinned(catalog, rng=np.random.default_rng(seed)).kept
    assert trees_cut.sum() == pytest.approx(truth.sum(), rel=0.15)
    assert thin.sum() == pytest.approx(truth.sum(), rel=0.15)
    assert (trees_cut & truth).sum() / truth.sum() > 0.8
    assert (thin & truth).sum() / truth.sum() > 0.88
    assert (thin == truth).mean() > 0.85
    eta = nearest_neighbours(catalog, metric=METRIC).log10_eta
    alpha = normalised_proximity(catalog, eta, rng=np.random.default_rng(seed))
    assert np.median(alpha[truth]) > np.median(alpha[~truth]) + 1.5


@pytest.mark.parametrize("seed", [1, 2])
def test_a_poisson_catalogue_has_nearly_no_clusters(seed):
    catalog, truth = etas(seed, productive=1e-9)
    assert truth.all()
    assert two_modes(nearest_neighbours(catalog).log10_eta).threshold == -np.inf
    assert zaliapin_ben_zion(catalog).n_clusters == 0
    assert thinned(catalog, rng=np.random.default_rng(seed)).kept.mean() > 0.92
    assert reasenberg(catalog).kept.mean() > 0.98
