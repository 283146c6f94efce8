import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.geodesy.outliers import clean, flag_outliers
from houfeng.geodesy.positions import make_positions


def series(east, **more):
    time = np.datetime64("2020-01-01T12:00", "us") + np.arange(len(east)) * np.timedelta64(1, "D")
    return make_positions("A", time, east_mm=east, north_mm=np.zeros(len(east)), **more)


@given(st.integers(0, 1000), st.lists(st.integers(0, 399), min_size=1, max_size=8, unique=True))
def test_wild_days_are_flagged_and_few_others(seed, wild):
    east = np.random.default_rng(seed).standard_normal(400)
    east[wild] += 30.0
    flagged = flag_outliers(series(east))
    assert flagged[0, wild].all()
    assert flagged[0].sum() <= len(wild) + 2
    assert not flagged[1:].any()


def test_a_step_a_slope_and_gaps_are_no_outliers():
    rng = np.random.default_rng(2)
    east = rng.standard_normal(400) + 0.05 * np.arange(400) + 40.0 * (np.arange(400) >= 200)
    east[50:80] = np.nan
    assert flag_outliers(series(east)).sum() <= 1


def test_cleaning_makes_them_missing_and_counts():
    east = np.random.default_rng(2).standard_normal(100)
    east[7] = 99.0
    cleaned, n = clean(series(east))
    assert n == 1 and np.isnan(cleaned.east_mm[7]) and np.isfinite(cleaned.north_mm).all()


@given(st.integers(0, 1000), st.integers(80, 299))
def test_trailing_flags_do_not_change_with_later_data(seed, cut):
    east = np.random.default_rng(seed).standard_t(2, 300)
    whole = flag_outliers(series(east), trailing=True)
    part = flag_outliers(series(east[:cut]), trailing=True)
    np.testing.assert_array_equal(whole[:, :cut], part)


def test_few_values_are_never_judged():
    assert not flag_outliers(series(np.array([0.0, 1e6, 0.0]))).any()
    assert not flag_outliers(series(np.full(50, 3.0))).any()


@pytest.mark.parametrize(("days", "flagged"), [(1, 1), (2, 2), (3, 0), (12, 0)])
def test_a_step_at_the_end_is_no_outlier_once_three_days_show_it(days, flagged):
    east = np.random.default_rng(2).standard_normal(200)
    east[-days:] += 40.0
    assert flag_outliers(series(east)).sum() == flagged


def test_days_above_and_below_at_the_end_are_no_step():
    east = np.random.default_rng(2).standard_normal(200)
    east[-4:] += (40.0, -40.0, 40.0, -40.0)
    assert flag_outliers(series(east)).sum() == 4


@pytest.mark.parametrize("more", [{"window_days": 5}, {"n_sigma": 0.0}])
def test_mistakes_are_named(more):
    with pytest.raises(InputError, match="at least 15"):
        flag_outliers(series(np.zeros(50)), **more)
