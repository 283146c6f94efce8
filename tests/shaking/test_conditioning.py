"""Fields given stations: against the plain multivariate normal, and on real earthquakes."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.earthquake import Earthquake
from houfeng.errors import InputError
from houfeng.geo import great_circle_km
from houfeng.shaking import conditioning
from houfeng.shaking.conditioning import condition, leave_out
from houfeng.shaking.correlation import correlation_of
from houfeng.shaking.field import ShakingField
from houfeng.shaking.motion import MEASURES, Motion
from houfeng.shaking.simulation import distances_km
from houfeng.shaking.sites import Sites
from houfeng.shaking.station_files import read_stations
from houfeng.shaking.stations import Stations

NORTHRIDGE = Earthquake("northridge", datetime(1994, 1, 17, 12, 30, 55, tzinfo=UTC), -118.5357, 34.213, 18.0, 6.7)
PAIR = ("PGA", "PGV")


def simple_motion(earthquake: Earthquake, sites: Sites, measures=PAIR) -> Motion:
    """A plain attenuation, good enough to condition on: about that of crustal models near M 6.7."""
    epicentral = great_circle_km(
        longitude=earthquake.longitude,
        latitude=earthquake.latitude,
        to_longitude=sites.longitude,
        to_latitude=sites.latitude,
    )
    distance = np.hypot(epicentral, 10.0)
    level = {"PGA": 2.6, "PGV": 7.0, "SA(0.3)": 3.3, "SA(1.0)": 2.4, "SA(3.0)": 1.0}
    mean = np.column_stack([level[m] - 1.3 * np.log(distance) for m in measures])
    return Motion(measures, mean, np.full(mean.shape, 0.4), np.full(mean.shape, 0.6))


def places(n: int, seed: int = 1, spread: float = 0.5) -> Sites:
    rng = np.random.default_rng(seed)
    return Sites.of(longitude=-118.5 + spread * rng.uniform(-1, 1, n), latitude=34.2 + spread * rng.uniform(-1, 1, n))


def field_at(sites: Sites, measures=PAIR) -> ShakingField:
    return ShakingField(NORTHRIDGE, sites, simple_motion(NORTHRIDGE, sites, measures), "test")


def stations_at(sites: Sites, seed: int = 2, sigma_ln: float = 0.0, measures=PAIR, **more) -> tuple[Stations, Motion]:
    expected = simple_motion(NORTHRIDGE, sites, measures)
    noise = np.random.default_rng(seed).normal(0.4, 0.6, expected.mean_ln.shape)
    values = {m: np.exp(expected.mean_ln + noise)[:, j] for j, m in enumerate(measures)}
    return Stations.of(sites=sites, values=values, sigma_ln=sigma_ln, **more), expected


def plain_normal(field: ShakingField, stations: Stations, expected: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Conditional mean and standard deviation, all at once: total covariance, one solve."""
    correlation = correlation_of(field.motion.measures)
    k, n, m = len(field.motion.measures), len(field.sites), len(stations)
    both = np.column_stack(
        [
            np.concatenate([field.sites.longitude, stations.sites.longitude]),
            np.concatenate([field.sites.latitude, stations.sites.latitude]),
        ]
    )
    within = correlation.within(distances_km(both, both))
    tau = np.vstack([field.motion.between, expected.between])
    phi = np.vstack([field.motion.within, expected.within])
    covariance = within * phi[:, None, :, None] * phi[None, :, None, :]
    covariance += correlation.between * tau[:, None, :, None] * tau[None, :, None, :]
    covariance = np.moveaxis(covariance, 2, 1).reshape((n + m) * k, (n + m) * k)
    seen = np.flatnonzero(stations.observed.ravel()) + n * k
    own = covariance[np.ix_(seen, seen)] + np.diag(stations.sigma_ln.ravel()[seen - n * k] ** 2)
    cross = covariance[: n * k, seen]
    residual = (stations.ln_value - expected.mean_ln).ravel()[seen - n * k]
    mean = field.motion.mean_ln.ravel() + cross @ np.linalg.solve(own, residual)
    variance = np.diag(covariance)[: n * k] - (cross * np.linalg.solve(own, cross.T).T).sum(axis=1)
    return mean.reshape(n, k), np.sqrt(variance).reshape(n, k)


class TestAgainstThePlainNormal:
    @pytest.mark.parametrize("sigma_ln", [0.0, 0.3])
    def test_few_stations_are_exact(self, sigma_ln):
        field = field_at(places(30))
        stations, expected = stations_at(places(12, seed=5), sigma_ln=sigma_ln)
        found = condition(field, stations, expected)
        mean, sigma = plain_normal(field, stations, expected)
        assert np.allclose(found.motion.mean_ln, mean, atol=1e-6)
        assert np.allclose(found.motion.total, sigma, atol=1e-6)

    def test_missing_values_and_one_measure_teaching_another(self):
        field = field_at(places(10))
        stations, expected = stations_at(places(8, seed=5))
        stations.ln_value[::2, 1] = np.nan  # half have PGA only
        found = condition(field, stations, expected)
        mean, sigma = plain_normal(field, stations, expected)
        assert np.allclose(found.motion.mean_ln, mean, atol=1e-6)
        assert np.allclose(found.motion.total, sigma, atol=1e-6)
        only_pga, _ = stations_at(places(8, seed=5), measures=("PGA",))
        taught = condition(field, only_pga, expected)
        assert (taught.motion.total[:, 1] < field.motion.total[:, 1] - 0.01).all()

    def test_many_stations_by_tiles_are_near_the_exact(self):
        field = field_at(places(400))
        stations, expected = stations_at(places(200, seed=7), sigma_ln=0.1)
        found = condition(field, stations, expected)
        mean, sigma = plain_normal(field, stations, expected)
        assert np.abs(found.motion.mean_ln - mean).max() < 0.06
        assert np.sqrt(np.mean((found.motion.mean_ln - mean) ** 2)) < 0.01
        assert np.abs(found.motion.total / sigma - 1).max() < 0.02

    def test_an_even_selection_for_the_event_is_near_the_exact(self, monkeypatch):
        field = field_at(places(20))
        stations, expected = stations_at(places(150, seed=7), sigma_ln=0.1)
        whole = condition(field, stations, expected)
        monkeypatch.setattr(conditioning, "EVENT_VALUES", 100)
        thinned = condition(field, stations, expected)
        assert np.abs(whole.event_mean - thinned.event_mean).max() < 2 * thinned.event_sigma.max()
        assert (thinned.event_sigma > whole.event_sigma).all()


class TestProperties:
    def test_without_stations_nothing_changes(self):
        field = field_at(places(5))
        nowhere = Stations.of(sites=places(0), values={"PGA": np.empty(0)})
        found = condition(field, nowhere, simple_motion(NORTHRIDGE, places(0)))
        assert np.array_equal(found.motion.mean_ln, field.motion.mean_ln)
        assert np.array_equal(found.motion.total, field.motion.total)
        assert found.n_stations == 0 and np.allclose(found.event_sigma, 1)
        found.realisations(3, np.random.default_rng(0))

    def test_a_perfect_station_is_met_exactly(self):
        sites = places(7)
        stations, expected = stations_at(sites)
        found = condition(field_at(sites), stations, expected)
        assert np.allclose(found.motion.mean_ln, stations.ln_value, atol=1e-4)
        assert found.motion.total.max() < 1e-3

    def test_an_uncertain_station_pulls_less(self):
        sites = places(1)
        shifts = []
        for sigma_ln in (0.0, 0.5, 2.0):
            stations, expected = stations_at(sites, sigma_ln=sigma_ln)
            found = condition(field_at(sites), stations, expected)
            shifts.append(np.abs(found.motion.mean_ln - stations.ln_value).max())
        assert shifts[0] < shifts[1] < shifts[2]

    def test_sigma_grows_from_the_station_outwards(self):
        longitude = -118.5 + np.array([0.0, 0.01, 0.05, 0.2, 0.6, 3.0])
        field = field_at(Sites.of(longitude=longitude, latitude=np.full(6, 34.2)))
        stations, expected = stations_at(Sites.of(longitude=-118.5, latitude=34.2), measures=PAIR)
        sigma = condition(field, stations, expected).motion.total
        assert (np.diff(sigma, axis=0) > 0).all()
        assert (sigma[-1] < field.motion.total[-1]).all()  # the residual of the earthquake is known everywhere

    @settings(max_examples=10)
    @given(st.integers(0, 10_000))
    def test_order_of_stations_and_sites_does_not_matter(self, seed):
        rng = np.random.default_rng(seed)
        sites, stations_sites = places(40, seed=seed), places(30, seed=seed + 1)
        stations, expected = stations_at(stations_sites, sigma_ln=0.1)
        mixed, back = rng.permutation(30), rng.permutation(40)
        one = condition(field_at(sites), stations, expected)
        two = condition(
            field_at(sites.select(back)),
            stations.select(mixed),
            simple_motion(NORTHRIDGE, stations_sites.select(mixed)),
        )
        assert np.allclose(one.motion.mean_ln[back], two.motion.mean_ln, atol=1e-7)
        assert np.allclose(one.motion.total[back], two.motion.total, atol=1e-7)

    @settings(max_examples=10)
    @given(st.integers(0, 10_000), st.integers(1, 40))
    def test_observing_never_adds_uncertainty(self, seed, n):
        field = field_at(places(25, seed=seed))
        stations, expected = stations_at(places(n, seed=seed + 1), sigma_ln=0.2)
        found = condition(field, stations, expected)
        assert (found.motion.total <= field.motion.total + 1e-9).all()
        assert (found.event_sigma <= 1 + 1e-9).all()

    def test_two_perfect_stations_at_one_place_are_averaged(self):
        sites = Sites.of(longitude=[-118.5, -118.5], latitude=[34.2, 34.2])
        values = Stations.of(sites=sites, values={"PGA": np.array([0.1, 0.4])})
        found = condition(field_at(sites.select([0])), values, simple_motion(NORTHRIDGE, sites))
        assert np.exp(found.motion.mean_ln[0, 0]) == pytest.approx(0.2, rel=1e-3)

    def test_a_strong_earthquake_is_seen_as_one(self):
        sites = places(60)
        expected = simple_motion(NORTHRIDGE, sites)
        values = {m: np.exp(expected.mean_ln[:, j] + 0.4) for j, m in enumerate(PAIR)}
        found = condition(field_at(places(3, seed=9)), Stations.of(sites=sites, values=values), expected)
        assert np.allclose(found.event_mean, 1.0, atol=0.35)
        assert (found.event_sigma < 0.6).all()

    def test_says_what_it_is(self):
        stations, expected = stations_at(places(4), source="list.xml", simulated=True)
        found = condition(field_at(places(2)), stations, expected)
        assert found.simulated and found.n_stations == 4
        assert found.source == "test; conditioned on 4 stations (list.xml)"

    def test_what_cannot_be_done_is_refused(self):
        field = field_at(places(2))
        stations, expected = stations_at(places(4))
        with pytest.raises(InputError, match="conditioned already"):
            condition(condition(field, stations, expected), stations, expected)
        with pytest.raises(InputError, match="at 2 places for 4 stations"):
            condition(field, stations, simple_motion(NORTHRIDGE, places(2)))


class TestRealisations:
    def test_have_the_conditional_moments(self):
        field = field_at(places(20))
        stations, expected = stations_at(places(15, seed=4), sigma_ln=0.2)
        found = condition(field, stations, expected)
        samples = found.realisations(6_000, np.random.default_rng(3))
        for j, measure in enumerate(PAIR):
            logs = np.log(samples[measure].astype(float))
            assert np.abs(logs.mean(axis=0) - found.motion.mean_ln[:, j]).max() < 0.04, measure
            assert logs.std(axis=0) == pytest.approx(found.motion.total[:, j], rel=0.06)

    def test_honour_a_perfect_station_every_time(self):
        sites = places(5)
        stations, expected = stations_at(sites)
        samples = condition(field_at(sites), stations, expected).realisations(20, np.random.default_rng(3))
        assert np.allclose(np.log(samples["PGA"]), stations.ln_value[:, 0], atol=0.01)

    def test_some_measures_only(self):
        stations, expected = stations_at(places(5))
        found = condition(field_at(places(3)), stations, expected)
        samples = found.realisations(4, np.random.default_rng(3), measures=["PGV"])
        whole = found.realisations(4, np.random.default_rng(3))
        assert list(samples) == ["PGV"] and np.array_equal(samples["PGV"], whole["PGV"])


class TestLeaveOut:
    def test_is_what_conditioning_on_the_others_says(self):
        sites = places(15)
        stations, expected = stations_at(sites, sigma_ln=0.1)
        found = leave_out(stations, expected)
        for i in (0, 7):
            others = np.arange(15) != i
            alone = condition(
                field_at(sites.select([i])), stations.select(others), simple_motion(NORTHRIDGE, sites.select(others))
            )
            assert found.error[i] == pytest.approx(stations.ln_value[i] - alone.motion.mean_ln[0], abs=1e-6)
            assert found.sigma[i] == pytest.approx(np.hypot(alone.motion.total[0], 0.1), abs=1e-6)
        assert np.allclose(found.prior_error, stations.ln_value - expected.mean_ln)

    def test_too_many_values_are_refused(self, monkeypatch):
        monkeypatch.setattr(conditioning, "EVENT_VALUES", 5)
        with pytest.raises(InputError, match="30 values are too many"):
            leave_out(*stations_at(places(15)))


@pytest.mark.shared
class TestRealEarthquakes:
    @pytest.mark.parametrize(
        ("path", "longitude", "latitude", "magnitude"),
        [
            ("northridge/hist_dat.xml", -118.5357, 34.213, 6.7),
            ("nc72282711/data/stationlist.xml", -122.3123, 38.2152, 6.0),
        ],
    )
    def test_neighbours_foretell_a_station_better_than_the_model_and_know_how_well(
        self, shared_data, path, longitude, latitude, magnitude
    ):
        stations = read_stations(shared_data / "shaking" / path)
        earthquake = Earthquake("real", NORTHRIDGE.time, longitude, latitude, 15.0, magnitude)
        expected = simple_motion(earthquake, stations.sites, MEASURES)
        stations = stations.of_measures(PAIR).without_outliers(expected).with_noise(0.1)
        found = leave_out(stations, expected)
        rms = np.sqrt(np.nanmean(found.error**2, axis=0))
        prior = np.sqrt(np.nanmean((found.prior_error - np.nanmean(found.prior_error, axis=0)) ** 2, axis=0))
        assert (rms < 0.95 * prior).all(), f"left out {rms}, model with its bias taken off {prior}"
        score = np.nanstd(found.error / found.sigma)
        assert 0.6 < score < 1.4

    def test_wenchuan_with_people_reports(self, shared_data):
        stations = read_stations(shared_data / "shaking/wenchuan/stationlist.xml").with_reports_as("PGV")
        earthquake = Earthquake("wenchuan", NORTHRIDGE.time, 103.3639, 30.9858, 19.0, 7.9)
        sites = Sites.of(longitude=np.linspace(102, 106, 200), latitude=np.linspace(30, 33, 200))
        field = ShakingField(earthquake, sites, simple_motion(earthquake, sites, MEASURES), "test")
        found = condition(field, stations, simple_motion(earthquake, stations.sites, MEASURES))
        assert found.n_stations == len(stations) > 450
        assert np.isfinite(found.motion.mean_ln).all()
        assert (found.motion.total < field.motion.total).all()
