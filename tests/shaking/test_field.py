"""Fields of shaking: correlated draws against the covariance they must have."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.earthquake import Earthquake
from houfeng.errors import InputError, UnknownNameError
from houfeng.shaking.correlation import _LONG, _NUGGET, _SHORT, baker_jayaram, bradley_velocity, correlation_of
from houfeng.shaking.field import ShakingField, chosen, summary
from houfeng.shaking.motion import MEASURES, Motion
from houfeng.shaking.simulation import distances_km, within_residuals
from houfeng.shaking.sites import Sites

EARTHQUAKE = Earthquake("test", datetime(2015, 9, 16, 22, 54, tzinfo=UTC), -71.7, -31.6, 22.0, 8.3, regime="interface")


def motion(n: int, measures=("PGA", "PGV", "SA(1.0)"), between=0.4, within=0.6) -> Motion:
    k = len(measures)
    mean = np.tile(np.log([0.2, 20.0, 0.15, 0.1, 0.05][:k]), (n, 1))
    return Motion(measures, mean, np.full((n, k), between), np.full((n, k), within))


def field(longitude, latitude, **more) -> ShakingField:
    sites = Sites.of(longitude=longitude, latitude=latitude)
    return ShakingField(EARTHQUAKE, sites, motion(len(sites), **more), "test")


class TestCorrelation:
    def test_matrices_are_correlations_and_can_be_drawn_from(self):
        found = correlation_of(MEASURES)
        for matrix in (*found.sills, found.nugget, found.between):
            assert np.allclose(matrix, matrix.T)
            assert np.linalg.eigvalsh(matrix).min() > -1e-12
        assert np.allclose(np.diag(found.within(np.array(0.0))), 1)
        assert np.allclose(np.diag(found.between), 1)

    def test_tables_of_the_erratum_at_their_own_periods(self):
        # Loth and Baker (2020), tables II to IV: 0.1 s with 2 s, 0.5 s with 5 s.
        found = correlation_of(["SA(0.1)", "SA(2)", "SA(0.5)", "SA(5)"])
        assert found.sills[0][0, 1] == pytest.approx(0.04, abs=0.01)
        assert found.sills[1][0, 1] == pytest.approx(0.03, abs=0.01)
        assert found.sills[0][2, 3] == pytest.approx(0.08, abs=0.01)
        assert found.sills[1][2, 3] == pytest.approx(0.20, abs=0.01)
        assert found.nugget[2, 3] == pytest.approx(0.05, abs=0.01)
        expected = 0.33 * np.exp(-3 * 10 / 20) + 0.55 * np.exp(-3 * 10 / 70)
        assert found.within(np.array(10.0))[1, 1] == pytest.approx(expected, abs=0.01)

    def test_every_entry_of_the_erratum_is_as_printed(self):
        """Sums of the rows of tables II to IV in hundredths: a wrong entry upsets two of them, one on the diagonal one.

        Added up from the tables that ShakeMap holds (shakelib, loth_baker_2013). The diagonals of the three together
        are one but for rounding: 0.99 at 0.5 s, 1.01 at 1 s.
        """
        printed = (
            (_SHORT, (146, 117, 104, 146, 158, 154, 152, 134, 124), (29, 30, 27, 31, 33, 33, 37, 28, 23)),
            (_LONG, (241, 169, 224, 256, 262, 260, 258, 255, 269), (47, 42, 45, 42, 48, 55, 51, 62, 68)),
            (_NUGGET, (81, 70, 76, 77, 43, 46, 56, 52, 42), (24, 28, 28, 26, 20, 12, 12, 10, 9)),
        )
        for triangle, sums, diagonal in printed:
            matrix = np.zeros((9, 9))
            matrix[np.triu_indices(9)] = triangle
            whole = matrix + np.triu(matrix, 1).T
            assert whole.sum(axis=1).tolist() == list(sums) and np.diag(whole).tolist() == list(diagonal)

    def test_between_the_periods_of_the_tables_weights_are_linear(self):
        """SA(3.5) lies halfway from 2 to 5 s: long part (0.55 + 0.51 + 2 * 0.37) / 4, and so on, made to add to one."""
        found = correlation_of(["SA(3.5)"])
        parts = np.array([0.33 + 0.37 + 2 * 0.26, 0.55 + 0.51 + 2 * 0.37, 0.12 + 0.12 + 2 * 0.08]) / 4
        expected = parts / parts.sum()
        assert [*found.sills[:, 0, 0], found.nugget[0, 0]] == pytest.approx(expected, abs=0.005)
        at_half = correlation_of(["SA(0.3)"]).sills[:, 0, 0]  # a third of the way from 0.2 to 0.5 s
        short = (4 * 0.27 + 0.31 + 4 * 0.18) / 9
        assert at_half[0] == pytest.approx(short / (short + (4 * 0.45 + 0.42 + 4 * 0.36) / 9
                                                   + (4 * 0.28 + 0.26 + 4 * 0.05) / 9), abs=0.005)  # fmt: skip

    def test_velocity_goes_with_acceleration_as_published(self):
        at_once = correlation_of(MEASURES).within(np.array(0.0))
        pga, pgv, second = (MEASURES.index(m) for m in ("PGA", "PGV", "SA(1.0)"))
        assert at_once[pga, pgv] == pytest.approx(bradley_velocity(0.01))
        assert at_once[second, pgv] == pytest.approx(bradley_velocity(1.0))

    def test_velocity_is_the_same_whatever_stands_beside_it(self):
        alone, among = correlation_of(["PGV"]), correlation_of(MEASURES)
        at = np.array([0.0, 3.0, 30.0])
        assert np.allclose(alone.within(at)[:, 0, 0], among.within(at)[:, 1, 1])

    def test_between_earthquakes_as_published(self):
        # Baker and Jayaram (2008): the branches meet, the diagonal is one, order does not matter.
        assert baker_jayaram(0.5, 0.5) == pytest.approx(1)
        assert baker_jayaram(0.05, 0.05) == pytest.approx(1)
        assert baker_jayaram(1.0, 3.0) == pytest.approx(1 - np.cos(np.pi / 2 - 0.366 * np.log(3)))
        assert baker_jayaram(0.3, 1.0) == baker_jayaram(1.0, 0.3)
        assert baker_jayaram(0.109 - 1e-9, 0.8) == pytest.approx(baker_jayaram(0.109 + 1e-9, 0.8), abs=1e-6)

    @pytest.mark.parametrize(
        ("low_s", "high_s", "expected"),
        [
            (0.02, 0.08, 1 - 0.105 * 0.952574 * 0.06 / 0.0701),  # C2 alone
            (0.05, 0.15, 0.91530),  # C4, below C2 of 0.92506
            (0.10, 0.15, 0.88435),  # C4 again, near C1 of 0.88340
            (0.15, 0.19, 1 - np.sin(0.366 * np.log(0.19 / 0.15))),  # C1
            (0.01, 1.0, 0.519),
        ],
    )
    def test_each_branch_between_earthquakes_by_hand(self, low_s, high_s, expected):
        assert baker_jayaram(low_s, high_s) == pytest.approx(expected, abs=2e-4)

    def test_velocity_by_hand_in_every_range_of_periods(self):
        """Bradley (2012), table 2: halfway between a and b at the period c, a and b far below and above it."""
        middles = {0.045: (0.73 + 0.54) / 2, 0.28: (0.54 + 0.81) / 2, 1.1: (0.80 + 0.76) / 2, 5.0: (0.76 + 0.70) / 2}
        for period, expected in middles.items():
            assert bradley_velocity(period) == pytest.approx(expected)
        assert bradley_velocity(0.01) == pytest.approx(0.635 + 0.095 * np.tanh(1.8 * np.log(4.5)))
        assert bradley_velocity(10.0) == pytest.approx(0.73 - 0.03 * np.tanh(3.2 * np.log(2)))
        for border in (0.1, 0.75, 2.5):
            assert bradley_velocity(border - 1e-9) == pytest.approx(bradley_velocity(border), abs=0.02)

    @given(st.floats(0.011, 9.9), st.floats(0.011, 9.9))
    def test_any_two_periods_make_a_correlation(self, first, second):
        assert -1 <= baker_jayaram(first, second) <= 1.0000001
        if abs(first - second) > 1e-3:
            found = correlation_of([f"SA({first:.4f})", f"SA({second:.4f})", "PGV"])
            assert np.linalg.eigvalsh(found.between).min() > -1e-9

    def test_falls_with_distance_and_jumps_at_zero(self):
        r = correlation_of(["PGA"]).within(np.array([0.0, 1e-6, 1.0, 10.0, 100.0]))[:, 0, 0]
        assert (np.diff(r) < 0).all()
        assert r[0] == pytest.approx(1) and r[1] == pytest.approx(0.76, abs=0.01)

    @pytest.mark.parametrize("measures", [[], ["PGA", "PGA"], ["SA(20)"], ["PGX"]])
    def test_what_cannot_be_correlated_is_refused(self, measures):
        with pytest.raises(InputError):
            correlation_of(measures)


class TestResiduals:
    def line(self, n=60):
        return {"longitude": np.linspace(-71.5, -70.9, n), "latitude": np.full(n, -30.0)}

    def test_distances_are_those_on_the_ground(self):
        places = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
        found = distances_km(places, places)
        assert found[0, 1] == pytest.approx(111.19, abs=0.02)
        assert found[0, 2] == 0 and found[0, 0] == 0

    def test_exact_draws_have_the_covariance(self):
        correlation, places = correlation_of(["PGA", "PGV"]), self.line(12)
        drawn = within_residuals(correlation, **places, n=20_000, rng=np.random.default_rng(3)).astype(float)
        flat = np.moveaxis(drawn, 1, 2).reshape(-1, 20_000)
        expected = correlation.within(distances_km(*[np.column_stack(list(places.values()))] * 2))
        expected = np.moveaxis(expected, (2, 3), (0, 2)).reshape(24, 24)
        assert np.abs(np.cov(flat) - expected).max() < 0.045  # five standard errors

    @pytest.mark.parametrize("extent_deg", [0.2, 2.5])
    def test_the_fast_way_has_the_exact_covariance(self, extent_deg):
        """All measures, all pairs of 60 places; the variogram, less at the mercy of chance, within 0.04."""
        rng = np.random.default_rng(8)
        longitude = -71.0 + extent_deg * rng.uniform(size=60)
        latitude = -30.0 + extent_deg * rng.uniform(size=60)
        longitude[:20] = longitude[20:40] + 0.003  # some are close neighbours, 300 m
        latitude[:20] = latitude[20:40]
        correlation = correlation_of(["PGA", "PGV", "SA(1.0)"])
        n = 600
        drawn = within_residuals(
            correlation, longitude=longitude, latitude=latitude, n=n, rng=rng, method="grid"
        ).astype(float)
        found = np.einsum("anp,bnq->pqab", drawn, drawn, optimize=True) / n
        places = np.column_stack([longitude, latitude])
        error = found - correlation.within(distances_km(places, places))
        assert np.abs(error).max() < 0.23  # 5.5 standard errors, of 32,400 numbers
        assert np.sqrt(np.mean(error**2)) < 0.08
        apart = distances_km(places, places)
        for low, high in ((0.1, 1.0), (1.0, 10.0), (10.0, 60.0)):
            pairs = (apart > low) & (apart < high)
            if pairs.any():
                assert np.abs(error[apart == 0].mean(axis=0) - error[pairs].mean(axis=0)).max() < 0.04, f"{low} km"

    def test_the_fast_way_has_unit_variance_at_every_place(self):
        drawn = within_residuals(
            correlation_of(["PGA"]), **self.line(300), n=600, rng=np.random.default_rng(5), method="grid"
        )
        assert np.abs(drawn[0].std(axis=0) - 1).max() < 0.13
        assert abs(drawn[0].var(axis=0).mean() - 1) < 0.06

    def test_variogram_of_many_places(self):
        """The empirical variogram of the fast way follows the model from 0.5 to 80 km within 0.02."""
        rng = np.random.default_rng(11)
        longitude, latitude = rng.uniform(-72, -70, 4_000), rng.uniform(-31, -29, 4_000)
        correlation = correlation_of(["PGV"])
        drawn = within_residuals(correlation, longitude=longitude, latitude=latitude, n=200, rng=rng, method="grid")[0]
        first, second = rng.integers(0, 4_000, (2, 60_000))
        places = np.column_stack([longitude, latitude])
        chord = np.linalg.norm(np.diff([places[first], places[second]], axis=0)[0] * [96.3, 111.2], axis=1)
        half = 0.5 * ((drawn[:, first] - drawn[:, second]) ** 2).mean(axis=0)
        for low, high in ((3, 8), (8, 15), (15, 30), (30, 50), (50, 80)):
            near = (chord > low) & (chord < high)
            model = 1 - correlation.within(chord[near])[:, 0, 0]
            assert abs(half[near].mean() - model.mean()) < 0.02, f"{low} to {high} km"

    def test_one_place_twice_is_one_residual(self):
        places = {"longitude": np.array([1.0, 1.2, 1.0]), "latitude": np.array([2.0, 2.0, 2.0])}
        for method in ("exact", "grid"):
            drawn = within_residuals(
                correlation_of(["PGA"]), **places, n=7, rng=np.random.default_rng(1), method=method
            )
            assert np.array_equal(drawn[:, :, 0], drawn[:, :, 2])
            assert not np.array_equal(drawn[:, :, 0], drawn[:, :, 1])

    def test_across_the_date_line_and_at_the_pole(self):
        across = {"longitude": np.array([179.99, -179.99] * 2), "latitude": np.array([10.0, 10.0, 11.0, 11.0])}
        pole = {"longitude": np.array([0.0, 120.0, -120.0]), "latitude": np.full(3, 89.99)}
        for places in (across, pole):
            drawn = within_residuals(
                correlation_of(["PGA"]), **places, n=500, rng=np.random.default_rng(1), method="grid"
            )[0].astype(float)
            assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(0.6, abs=0.15)  # some 2 km apart

    def test_same_seed_same_draw(self):
        draws = [
            within_residuals(correlation_of(["PGA"]), **self.line(), n=3, rng=np.random.default_rng(9), method=method)
            for method in ("grid", "grid", "exact", "exact")
        ]
        assert np.array_equal(draws[0], draws[1]) and np.array_equal(draws[2], draws[3])

    def test_nonsense_is_refused(self):
        rng = np.random.default_rng(0)
        with pytest.raises(InputError, match="at least one draw"):
            within_residuals(correlation_of(["PGA"]), **self.line(), n=0, rng=rng)
        with pytest.raises(InputError, match="one place"):
            within_residuals(correlation_of(["PGA"]), longitude=np.array([]), latitude=np.array([]), n=2, rng=rng)
        with pytest.raises(UnknownNameError, match="method"):
            within_residuals(correlation_of(["PGA"]), **self.line(), n=2, rng=rng, method="magic")


class TestField:
    def test_realisations_have_the_moments_of_the_motion(self):
        given_field = field(np.linspace(-75, -65, 40), np.full(40, -30.0))
        samples = given_field.realisations(4_000, np.random.default_rng(2))
        assert set(samples) == {"PGA", "PGV", "SA(1.0)"}
        for j, (measure, values) in enumerate(samples.items()):
            assert values.shape == (4_000, 40) and values.dtype == np.float32
            logs = np.log(values.astype(float))
            assert np.abs(logs.mean(axis=0) - given_field.motion.mean_ln[:, j]).max() < 0.06, measure
            assert logs.std(axis=0) == pytest.approx(np.full(40, np.hypot(0.4, 0.6)), rel=0.06)

    def test_one_earthquake_moves_all_sites_together(self):
        far = field(np.array([-75.0, -65.0]), np.array([-30.0, -30.0]))
        logs = np.log(far.realisations(8_000, np.random.default_rng(4))["PGA"].astype(float))
        assert np.corrcoef(logs.T)[0, 1] == pytest.approx(0.4**2 / (0.4**2 + 0.6**2), abs=0.04)

    def test_both_ways_agree_in_the_spread_of_a_city_mean(self):
        rng = np.random.default_rng(6)
        city = field(rng.uniform(-71.35, -71.15, 300), rng.uniform(-30.0, -29.85, 300))
        spread = [
            np.log(city.realisations(600, rng, measures=["PGV"], method=method)["PGV"]).mean(axis=1).std()
            for method in ("exact", "grid")
        ]
        assert spread[1] == pytest.approx(spread[0], rel=0.12)

    def test_some_measures_only_in_the_order_asked(self):
        given_field = field(np.array([0.0]), np.array([0.0]))
        assert list(given_field.realisations(2, np.random.default_rng(0), measures=["SA(1.0)", "PGA"])) == [
            "SA(1.0)",
            "PGA",
        ]
        assert chosen(given_field.motion, ("PGV",)).mean_ln[0, 0] == given_field.motion.mean_ln[0, 1]
        with pytest.raises(InputError, match=r"no SA\(3.0\)"):
            given_field.realisations(2, np.random.default_rng(0), measures=["SA(3.0)"])

    def test_no_scatter_gives_the_median(self):
        still = field(np.array([0.0, 1.0]), np.array([0.0, 1.0]), between=0.0, within=0.0)
        samples = still.realisations(3, np.random.default_rng(0))
        assert np.allclose(samples["PGA"], 0.2) and np.allclose(samples["PGV"], 20.0)

    def test_interval_of_samples(self):
        low, high = summary({"PGA": np.arange(101.0)[:, None]})["PGA"]
        assert (low[0], high[0]) == pytest.approx((5.0, 95.0))

    def test_motion_and_sites_must_fit(self):
        with pytest.raises(InputError, match="3 places for 2 sites"):
            ShakingField(EARTHQUAKE, Sites.of(longitude=[0, 1], latitude=[0, 1]), motion(3), "test")
