"""The chance of shaking: against sums by hand, simulation, and its limits."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from houfeng.earthquake import Earthquake
from houfeng.errors import InputError
from houfeng.forecasts import Counts, Explanation, Forecast, GriddedForecast, Issue, magnitude_bins
from houfeng.geo import great_circle_km
from houfeng.regions import Grid
from houfeng.shaking.forecast import ShakingForecast, chance_of_intensity
from houfeng.shaking.intensity import chance_of_at_least
from houfeng.shaking.motion import Motion
from houfeng.shaking.sites import Sites
from houfeng.times import Window

START = datetime(2015, 9, 16, tzinfo=UTC)
WINDOW = Window.after(START, timedelta(days=7))


def plain_motion(earthquake: Earthquake, sites: Sites) -> Motion:
    """Grows with magnitude, falls with distance from the hypocentre and with stiffness."""
    epicentral = great_circle_km(
        longitude=earthquake.longitude,
        latitude=earthquake.latitude,
        to_longitude=sites.longitude,
        to_latitude=sites.latitude,
    )
    distance = np.hypot(np.hypot(epicentral, earthquake.depth_km), 5.0)
    common = 1.1 * (earthquake.magnitude - 6) - 1.2 * np.log(distance) - 0.4 * np.log(sites.vs30_mps / 360)
    common += 0.5 * (earthquake.regime == "slab")
    mean = np.column_stack([common + 2.2, common + 6.6])
    return Motion(("PGA", "PGV"), mean, np.full(mean.shape, 0.4), np.full(mean.shape, 0.55))


def forecast(rates: np.ndarray, grid: Grid, magnitudes: np.ndarray, samples: np.ndarray | None = None) -> Forecast:
    expected = rates.sum()
    if samples is None:
        samples = np.random.default_rng(0).poisson(expected, 20_000)
    k = 1
    return Forecast(
        issue=Issue("test", "chile", START, START, "PROSPECTIVE (as issued)", "test"),
        gridded=GriddedForecast(grid, WINDOW, magnitudes, rates),
        counts=Counts(
            magnitudes=magnitudes[:1],
            expected=np.array([expected]),
            samples=np.asarray(samples).reshape(-1, k),
            survival=np.ones((1, k)),
        ),
        explanation=Explanation(0.5),
    )


def chile(cells=20, total=5.0, low=4.5, top=8.5, **more) -> Forecast:
    x, y = np.meshgrid(-73 + 0.2 * np.arange(cells), -33 + 0.2 * np.arange(cells))
    magnitudes = magnitude_bins(low, top=top)
    by_magnitude = 10 ** -(magnitudes - low)
    rates = np.random.default_rng(2).uniform(0.5, 1.5, x.size)[:, None] * by_magnitude
    grid = Grid(west=np.round(x.ravel(), 6), south=np.round(y.ravel(), 6), cell_deg=0.2)
    return forecast(rates * total / rates.sum(), grid, magnitudes, **more)


CITIES = Sites.of(longitude=[-71.25, -71.6, -70.65], latitude=[-29.95, -33.0, -31.0], vs30_mps=[360, 400, 500])


def one_source(rate: float, magnitude: float = 6.5, **more) -> Forecast:
    grid = Grid(west=np.array([-71.0]), south=np.array([-30.0]), cell_deg=0.1)
    return forecast(np.array([[rate]]), grid, np.array([magnitude - 0.05]), **more)


class TestAgainstSumsByHand:
    def test_one_far_cell_and_one_magnitude(self):
        place = Sites.of(longitude=-70.95, latitude=-30.5)
        found = chance_of_intensity(
            one_source(0.2), place, plain_motion, levels=[5, 6], depth_km=20.0, epistemic_ln=0.0
        )
        quake = Earthquake("x", START, -70.95, -29.95, 20.0, 6.5)
        each = chance_of_at_least(plain_motion(quake, place), np.array([5.0, 6.0]))[0]
        assert found.expected[0] == pytest.approx(0.2 * each, rel=0.01)
        assert found.chance[0] == pytest.approx(-np.expm1(-0.2 * each), rel=0.03)

    def test_many_cells_and_magnitudes(self):
        given_forecast = chile(cells=12)
        found = chance_of_intensity(given_forecast, CITIES, plain_motion, epistemic_ln=0.0, max_distance_km=800)
        grid, magnitudes = given_forecast.gridded.grid, given_forecast.gridded.magnitudes
        expected = np.zeros(len(CITIES))
        for cell in range(len(grid)):
            for k, magnitude in enumerate(magnitudes):
                quake = Earthquake(
                    "x", START, float(grid.longitude[cell]), float(grid.latitude[cell]), 20.0, float(magnitude + 0.05)
                )
                chance = chance_of_at_least(plain_motion(quake, CITIES), np.array([6.0]))[:, 0]
                expected += given_forecast.gridded.rates[cell, k] * chance
        assert found.expected[:, 0] == pytest.approx(expected, rel=0.04)

    def test_simulated_weeks_agree(self):
        """Draw numbers, cells, magnitudes and motions; count the weeks that reach V."""
        rng = np.random.default_rng(5)
        given_forecast = chile(cells=8, total=30.0)
        place = CITIES.select([2])
        found = chance_of_intensity(given_forecast, place, plain_motion, levels=[5.0], epistemic_ln=0.0)
        gridded = given_forecast.gridded
        share = gridded.rates.ravel() / gridded.rates.sum()
        weeks = 300
        numbers = rng.choice(given_forecast.counts.samples[:, 0], weeks)
        missed = np.ones(weeks)
        drawn = rng.choice(len(share), numbers.sum(), p=share)
        cell, k = np.unravel_index(drawn, gridded.rates.shape)
        chance = np.empty(len(drawn))
        for i in range(len(drawn)):
            where = gridded.grid.longitude[cell[i]], gridded.grid.latitude[cell[i]]
            quake = Earthquake("x", START, *map(float, where), 20.0, float(gridded.magnitudes[k[i]] + 0.05))
            chance[i] = chance_of_at_least(plain_motion(quake, place), np.array([5.0]))[0, 0]
        np.multiply.at(missed, np.repeat(np.arange(weeks), numbers), 1 - chance)
        error = missed.std() / np.sqrt(weeks)
        assert found.chance[0, 0] == pytest.approx(1 - missed.mean(), abs=4 * error + 0.01)

    def test_a_place_in_the_midst_of_a_cell_sees_the_whole_cell(self):
        place = Sites.of(longitude=-70.95, latitude=-29.95)
        found = chance_of_intensity(one_source(0.1, 5.0), place, plain_motion, levels=[5], depth_km=5.0, epistemic_ln=0)
        parts = []
        for east in np.linspace(-0.049, 0.049, 15):
            for north in np.linspace(-0.049, 0.049, 15):
                quake = Earthquake("x", START, -70.95 + east, -29.95 + north, 5.0, 5.0)
                parts.append(chance_of_at_least(plain_motion(quake, place), np.array([5.0]))[0, 0])
        assert found.expected[0, 0] == pytest.approx(0.1 * np.mean(parts), rel=0.05)


class TestCounts:
    def test_clustering_lowers_the_chance_at_the_same_expected_number(self):
        rng = np.random.default_rng(1)
        clustered = rng.poisson(rng.gamma(0.3, 2.0 / 0.3, 20_000))
        place = Sites.of(longitude=-70.95, latitude=-29.9)
        steady = chance_of_intensity(one_source(2.0), place, plain_motion, levels=[6])
        wild = chance_of_intensity(one_source(2.0, samples=clustered), place, plain_motion, levels=[6])
        assert wild.expected == pytest.approx(steady.expected)
        assert wild.chance[0, 0] < steady.chance[0, 0] - 0.1
        assert wild.high[0, 0] - wild.low[0, 0] > 0.3

    def test_ten_earthquakes_or_none_by_hand(self):
        """One in ten weeks has ten of them, so each has the chance expected / 1."""
        place = Sites.of(longitude=-70.95, latitude=-29.9)
        samples = np.repeat([0, 10], [90, 10])
        ends = {}
        for level in (0.9, 0.5):
            found = chance_of_intensity(
                one_source(1.0, samples=samples), place, plain_motion, levels=[6], epistemic_ln=0.0, level=level
            )
            reached = 1 - (1 - found.expected[0, 0]) ** 10
            assert 0.05 < found.expected[0, 0] < 0.95
            assert found.chance[0, 0] == pytest.approx(0.1 * reached)
            ends[level] = found.low[0, 0], found.high[0, 0] / reached
        assert ends[0.9] == pytest.approx((0.0, 1.0)), "nineteen in twenty weeks have ten or fewer"
        assert ends[0.5] == pytest.approx((0.0, 0.1)), "three in four have none; the end holds the chance itself"

    def test_the_branches_of_the_model_are_those_of_a_normal_spread(self):
        """Five equally likely shifts with mean 0 and variance 1, times the stated spread."""
        place, shifts = Sites.of(longitude=-70.95, latitude=-30.5), np.array([-1.4, -0.58, 0.0, 0.58, 1.4])
        shifts *= 0.5 / shifts.std()
        found = chance_of_intensity(one_source(0.2), place, plain_motion, levels=[6], depth_km=20.0, epistemic_ln=0.5)
        motion = plain_motion(Earthquake("x", START, -70.95, -29.95, 20.0, 6.5), place)
        each = [
            chance_of_at_least(Motion(motion.measures, motion.mean_ln + one, motion.between, motion.within), [6.0])[
                0, 0
            ]
            for one in shifts
        ]
        assert found.expected[0, 0] == pytest.approx(0.2 * np.mean(each), rel=0.01)

    def test_no_sample_with_an_earthquake_falls_back_to_poisson(self):
        place = Sites.of(longitude=-70.95, latitude=-29.9)
        found = chance_of_intensity(one_source(1e-4, samples=np.zeros(100, int)), place, plain_motion, epistemic_ln=0.0)
        assert found.chance[0, 0] == pytest.approx(found.expected[0, 0], rel=1e-3)
        assert found.chance[0, 0] > 0

    def test_the_model_being_off_widens_the_interval(self):
        place = CITIES.select([0])
        samples = np.full(100, 5)
        sure = chance_of_intensity(chile(samples=samples), place, plain_motion, epistemic_ln=0.0)
        unsure = chance_of_intensity(chile(samples=samples), place, plain_motion, epistemic_ln=0.5)
        assert sure.high[0, 0] == pytest.approx(sure.low[0, 0])
        assert unsure.low[0, 0] < 0.7 * unsure.chance[0, 0] < 1.4 * unsure.chance[0, 0] < unsure.high[0, 0] * 1.4
        assert unsure.high[0, 0] > 1.3 * unsure.chance[0, 0]


class TestProperties:
    @settings(max_examples=15)
    @given(st.floats(0.01, 200), st.floats(0.0, 0.8))
    @example(140.5, 0.0)  # a sum that rounded to more than 1
    def test_chances_are_chances_in_order(self, total, epistemic):
        levels = [4.0, 5.0, 6.0, 7.0, 8.0]
        found = chance_of_intensity(
            chile(cells=6, total=total), CITIES, plain_motion, levels=levels, epistemic_ln=epistemic
        )
        assert found.chance.shape == (3, 5)
        assert ((found.low >= 0) & (found.low <= found.chance) & (found.chance <= found.high)).all()
        assert (found.high <= 1).all()
        assert (np.diff(found.chance, axis=1) <= 1e-12).all()

    def test_more_earthquakes_more_chance(self):
        chances = [chance_of_intensity(chile(total=total), CITIES, plain_motion).chance for total in (0.5, 5.0, 50.0)]
        assert (chances[0] < chances[1]).all() and (chances[1] < chances[2]).all()

    def test_soft_ground_and_slabs_shake_more(self):
        places = Sites.of(longitude=[-71.0, -71.0], latitude=[-31.0, -31.0], vs30_mps=[200, 800])
        found = chance_of_intensity(chile(), places, plain_motion)
        assert found.chance[0, 0] > 1.5 * found.chance[1, 0]
        cells = len(chile().gridded.grid)
        slab = chance_of_intensity(chile(), places, plain_motion, regime=np.full(cells, "slab"))
        assert (slab.chance > found.chance).all()

    def test_depth_and_regime_by_cell(self):
        cells = len(chile().gridded.grid)
        depth = np.where(np.arange(cells) % 2, 20.0, 100.0)
        mixed = chance_of_intensity(chile(), CITIES, plain_motion, depth_km=depth).expected
        ends = [chance_of_intensity(chile(), CITIES, plain_motion, depth_km=d).expected for d in (20.0, 100.0)]
        assert ((mixed < ends[0]) & (mixed > ends[1])).all()

    def test_many_kinds_of_ground_are_put_in_classes(self):
        rng = np.random.default_rng(0)
        many = Sites.of(longitude=np.full(60, -71.0), latitude=np.full(60, -31.0), vs30_mps=rng.uniform(150, 1200, 60))
        found = chance_of_intensity(chile(), many, plain_motion).expected[:, 0]
        single = chance_of_intensity(chile(), many.select([7]), plain_motion).expected[0, 0]
        assert found[7] == pytest.approx(single, rel=0.06)

    def test_no_earthquake_is_lost_between_distances_and_magnitudes(self):
        """Where shaking always reaches the level, the expected number is that of all earthquakes near enough."""
        strong = lambda quake, sites: Motion(  # noqa: E731
            ("PGA",), np.full((len(sites), 1), 5.0), np.full((len(sites), 1), 0.1), np.full((len(sites), 1), 0.1)
        )
        place = Sites.of(longitude=-71.1, latitude=-31.05)
        given_forecast = chile(total=7.0)
        depth = np.where(np.arange(len(given_forecast.gridded.grid)) % 3, 12.0, 47.0)
        found = chance_of_intensity(given_forecast, place, strong, levels=[3], depth_km=depth, max_distance_km=1000)
        assert found.expected[0, 0] == pytest.approx(7.0, rel=1e-6)
        grid = given_forecast.gridded.grid
        apart = great_circle_km(
            longitude=grid.longitude, latitude=grid.latitude, to_longitude=-71.1, to_latitude=-31.05
        )
        near = chance_of_intensity(given_forecast, place, strong, levels=[3], max_distance_km=120).expected[0, 0]
        assert near == pytest.approx(given_forecast.gridded.rates[apart <= 120].sum(), rel=1e-6)

    def test_what_is_far_is_neglected_and_said(self):
        far = Sites.of(longitude=10.0, latitude=50.0)
        found = chance_of_intensity(chile(), far, plain_motion, max_distance_km=300)
        assert found.chance[0, 0] == found.high[0, 0] == 0
        assert any("300 km" in note for note in found.notes)
        assert any("below magnitude 4.5" in note for note in found.notes)

    def test_at_gives_an_estimate(self):
        found = chance_of_intensity(chile(), CITIES, plain_motion, levels=[5, 6])
        estimate = found.at(1, 6)
        assert (estimate.value, estimate.low, estimate.high) == (found.chance[1, 1], found.low[1, 1], found.high[1, 1])
        assert estimate.level == 0.9 and isinstance(found, ShakingForecast)
        with pytest.raises(InputError, match=r"no chance of intensity 7 here; there are \[5.0, 6.0\]"):
            found.at(0, 7)


class TestRefused:
    @pytest.mark.parametrize(
        ("more", "message"),
        [
            ({"levels": []}, "at least one place and one level"),
            ({"levels": [13]}, "from 1 to 12"),
            ({"depth_km": np.zeros(3)}, r"depth_km has shape \(3,\)"),
            ({"max_distance_km": 1.0}, "max_distance_km"),
            ({"epistemic_ln": -0.1}, "epistemic_ln"),
            ({"level": 1.5}, "level"),
        ],
    )
    def test_nonsense(self, more, message):
        with pytest.raises(InputError, match=message):
            chance_of_intensity(chile(cells=3), CITIES, plain_motion, **more)

    def test_no_place(self):
        with pytest.raises(InputError, match="at least one place"):
            chance_of_intensity(chile(cells=3), Sites.of(longitude=[], latitude=[]), plain_motion)
