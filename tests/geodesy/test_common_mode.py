from datetime import UTC, datetime

import numpy as np
import pytest

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.geodesy.common_mode import principal_components, remove_common_mode
from houfeng.geodesy.noise import Noise
from houfeng.geodesy.positions import make_positions
from houfeng.geodesy.simulated import simulate_positions
from houfeng.geodesy.trajectory import fit_trajectory

START = datetime(2015, 1, 1, tzinfo=UTC)


def network(common_mm, n_stations=6, own=1.0, seed=0, days=800, gap_share=0.1):
    rng = np.random.default_rng(seed)
    mode = common_mm * rng.standard_normal(days)
    day = np.datetime64("2015-01-01T12:00", "us") + np.arange(days) * np.timedelta64(1, "D")
    fitted = []
    for s in range(n_stations):
        p = simulate_positions(rng, start=START, days=days, noise=Noise(own, 0.0), gap_share=gap_share)
        at = np.searchsorted(day, p.time)
        moved = p.displacement_mm + mode[at]
        fitted.append(fit_trajectory(make_positions(f"S{s}", p.time, east_mm=moved[0], north_mm=moved[1])))
    return fitted


def test_a_mode_that_all_share_is_taken_out():
    cleaned = remove_common_mode(network(3.0))
    before, after = cleaned.scatter_mm(False)[:2], cleaned.scatter_mm(True)[:2]
    assert (before > 2.5).all()
    # Left is the own noise of 1 mm, and what the mean of five others of 1 mm each adds to it.
    np.testing.assert_allclose(after, np.sqrt(1 + 1 / 5), atol=0.12)
    assert (cleaned.explained[:2] > 0.8).all() and np.isnan(cleaned.explained[2])


def test_noise_that_nothing_shares_is_left_alone():
    cleaned = remove_common_mode(network(0.0))
    before, after = cleaned.scatter_mm(False)[:2], cleaned.scatter_mm(True)[:2]
    np.testing.assert_allclose(after, before, rtol=0.01)  # a mode with its own part would take a sixth away


def test_parts_add_up_and_what_is_missing_stays_missing():
    fitted = network(2.0, gap_share=0.3)
    cleaned = remove_common_mode(fitted)
    np.testing.assert_allclose(cleaned.before_mm, cleaned.after_mm + np.nan_to_num(cleaned.mode_mm), equal_nan=True)
    np.testing.assert_array_equal(np.isnan(cleaned.before_mm), np.isnan(cleaned.after_mm))
    assert cleaned.stations == tuple(f"S{s}" for s in range(6))


def test_one_stations_own_excursion_does_not_reach_the_others():
    fitted = network(2.0)
    fitted[0].residual_mm[0, 300:400] += 1e3  # far more than clipping lets through
    touched = remove_common_mode(fitted)
    same = remove_common_mode(network(2.0))
    np.testing.assert_allclose(touched.scatter_mm(True)[0, 1:], same.scatter_mm(True)[0, 1:], rtol=0.2)
    assert touched.scatter_mm(True)[0, 0] > 100  # and it stays in its own


def test_components_of_a_matrix_with_gaps():
    rng = np.random.default_rng(0)
    pattern = np.array([0.5, 0.5, -0.5, 0.5])
    score = rng.standard_normal(500)
    data = np.outer(score, pattern)
    data[rng.random(data.shape) < 0.2] = np.nan
    data[7] = np.nan
    found = principal_components(data, n_iterations=200)
    np.testing.assert_allclose(found.patterns[0], pattern, atol=1e-3)
    assert np.isnan(found.scores[7]).all() and found.explained[0] == pytest.approx(1.0, abs=1e-3)
    good = np.isfinite(data).sum(axis=1) > 1
    np.testing.assert_allclose(found.scores[good, 0], score[good], atol=0.02)


def test_mistakes_are_named():
    fitted = network(1.0, n_stations=3)
    with pytest.raises(NotEnoughDataError, match="at least 3"):
        remove_common_mode(fitted[:2])
    with pytest.raises(InputError, match="twice"):
        remove_common_mode([fitted[0], *fitted[:2]])
    with pytest.raises(InputError, match="1 to 4"):
        principal_components(np.zeros((9, 4)), n_components=5)
    with pytest.raises(NotEnoughDataError, match="times with data"):
        principal_components(np.full((9, 4), np.nan))
