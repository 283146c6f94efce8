import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import FitError, InputError, NotEnoughDataError
from houfeng.geodesy.noise import Noise, NoiseWeights, fit_noise, power_law_filter


def test_filters_of_known_noise():
    np.testing.assert_array_equal(power_law_filter(2.0, 5), np.ones(5))  # a random walk sums
    np.testing.assert_array_equal(power_law_filter(0.0, 4), [1, 0, 0, 0])  # white noise stays
    np.testing.assert_allclose(power_law_filter(1.0, 4), [1, 1 / 2, 3 / 8, 5 / 16])  # binomial of (1 - x)^-1/2


def test_covariance_of_a_random_walk_is_the_smaller_time():
    matrix = Noise(0.0, 0.0, 2.0).covariance(4)
    expected = 4.0 * np.minimum.outer(np.arange(1, 5), np.arange(1, 5))
    np.testing.assert_allclose(matrix, expected)


def test_covariance_is_that_of_the_filter_and_of_simulations():
    noise = Noise(0.5, 1.0, 0.2)
    whole = noise.covariance(12)
    lower = {index: np.tril(power_law_filter(index, 12)[np.abs(np.subtract.outer(range(12), range(12)))])
             for index in (1.0, 2.0)}  # fmt: skip
    np.testing.assert_allclose(whole, 0.25 * np.eye(12) + lower[1.0] @ lower[1.0].T + 0.04 * lower[2.0] @ lower[2.0].T)
    np.testing.assert_allclose(noise.covariance(5, burn_in=7), whole[7:, 7:])
    drawn = noise.simulate(12, np.random.default_rng(1), n_series=20_000)
    np.testing.assert_allclose(np.cov(drawn.T), whole, atol=0.1)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.floats(0.05, 3), st.floats(0, 3), st.floats(0, 0.3))
def test_products_and_solutions_with_gaps_are_those_of_the_dense_matrix(seed, white, flicker, walk):
    rng = np.random.default_rng(seed)
    noise = Noise(white, flicker, walk)
    at = np.flatnonzero(rng.random(80) < 0.8)
    scale = rng.uniform(0.5, 2.0, len(at))
    weights = NoiseWeights(noise, at, scale)
    colour = Noise(0.0, flicker, walk).covariance(80)[np.ix_(at, at)] if flicker + walk > 0 else 0.0
    dense = colour + np.diag((white * scale) ** 2)
    x = rng.standard_normal((len(at), 3))
    np.testing.assert_allclose(weights.apply(x), dense @ x, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(weights.solve(dense @ x), x, atol=2e-4)
    np.testing.assert_allclose(weights.variance_of(x), np.diag(x.T @ dense @ x), rtol=1e-9)


@pytest.mark.parametrize("true", [Noise(1.0), Noise(0.5, 0.5), Noise(0.3, 1.5)])
def test_amplitudes_are_recovered(true):
    rng = np.random.default_rng(7)
    found = []
    for series in true.simulate(4000, rng, n_series=8):
        series[rng.random(4000) < 0.1] = np.nan
        series[rng.integers(0, 4000, 20)] = 50.0  # a few outliers hardly count
        fitted = fit_noise(series)
        found.append((fitted.white, fitted.flicker))
    white, flicker = np.mean(found, axis=0)
    assert white == pytest.approx(
        true.white, abs=0.06 + 0.1 * true.flicker
    )  # under strong flicker white is hard to see
    assert flicker == pytest.approx(true.flicker, abs=0.12)


def test_a_random_walk_is_told_when_asked_for():
    series = Noise(0.1, 0.0, 1.0).simulate(4000, np.random.default_rng(3))[0]
    fitted = fit_noise(series, with_walk=True)
    assert fitted.walk == pytest.approx(1.0, abs=0.15)


def test_mistakes_are_named():
    with pytest.raises(InputError, match="not below 0"):
        Noise(-1.0)
    with pytest.raises(InputError, match="above it"):
        Noise(0.0)
    with pytest.raises(NotEnoughDataError, match="20 pairs"):
        fit_noise(np.arange(10.0))
    with pytest.raises(NotEnoughDataError, match="differ"):
        fit_noise(np.zeros(100))
    with pytest.raises(FitError, match="did not converge"):
        NoiseWeights(Noise(0.01, 1.0), np.arange(500), np.ones(500)).solve(np.eye(500)[:, :1], max_iterations=1)
