"""The b-value: exact on binned magnitudes, honest about its error, deaf to blind hours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.catalogs.bvalue import MIN_EVENTS, BValue, b_positive, b_value, bin_width_of, to_bins
from houfeng.errors import InputError, NotEnoughDataError


def simulated(rng, n, b, *, lowest=4.0, width=0.1):
    """Exponential magnitudes rounded to bins, complete from the bin `lowest`."""
    raw = lowest - width / 2 + rng.exponential(1 / (b * np.log(10)), n)
    return np.round(np.rint(raw / width) * width, 6)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.5, 2.0), st.sampled_from([0.1, 0.2, 0.05, 0.01]), st.integers(0, 2**32 - 1))
def test_recovers_b_within_its_error(b, width, seed):
    magnitudes = simulated(np.random.default_rng(seed), 4000, b, width=width)
    found = b_value(magnitudes, 4.0, bin_width=width)
    assert found.n_events == 4000
    assert abs(found.b - b) < 5 * found.standard_error
    assert found.standard_error == pytest.approx(b / np.sqrt(4000), rel=0.15)


def test_is_unbiased_where_the_textbook_formula_is_not():
    """Wide bins: Aki's formula without the bins is off by a tenth, this one by less than its error."""
    rng = np.random.default_rng(4)
    magnitudes = simulated(rng, 200_000, 1.5, width=0.5)
    found = b_value(magnitudes, 4.0, bin_width=0.5)
    textbook = 1 / (np.log(10) * (magnitudes.mean() - 3.75))
    assert abs(found.b - 1.5) < 4 * found.standard_error
    assert abs(textbook - 1.5) > 20 * found.standard_error


def test_intervals_cover_as_often_as_they_say():
    rng = np.random.default_rng(11)
    estimates = [b_value(simulated(rng, 200, 1.0), 4.0).estimate for _ in range(400)]
    covered = np.mean([e.low <= 1.0 <= e.high for e in estimates])
    assert 0.90 <= covered <= 0.99


def test_by_hand():
    """Ten magnitudes, mean 0.1 above the lowest bin: b = log10(2) / 0.1."""
    magnitudes = [5.0] * 5 + [5.1, 5.1, 5.2, 5.2, 5.4]
    found = b_value(magnitudes, 5.0)
    assert found.b == pytest.approx(np.log10(2) / 0.1)
    spread = np.std(magnitudes, ddof=1) / np.sqrt(10)
    assert found.standard_error == pytest.approx(2.302585 * found.b**2 * spread)
    assert (found.n_events, found.min_magnitude) == (10, 5.0)


def test_small_bins_go_over_into_aki():
    rng = np.random.default_rng(2)
    magnitudes = 3.0 + rng.exponential(0.43, 1000)
    aki = 1 / (np.log(10) * (magnitudes.mean() - 3.0))
    assert b_value(magnitudes, 3.0, bin_width=1e-4).b == pytest.approx(aki, rel=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.permutations(list(range(40))))
def test_order_does_not_matter(order):
    magnitudes = 4.0 + np.arange(40) / 10
    assert b_value(magnitudes[order], 4.0) == b_value(magnitudes, 4.0)


def test_smaller_magnitudes_do_not_matter():
    magnitudes = simulated(np.random.default_rng(1), 500, 1.0)
    more = np.append(magnitudes, [2.0, 3.9, 3.94])
    assert b_value(more, 4.0) == b_value(magnitudes, 4.0)


def test_completeness_between_bins_is_rounded_up():
    magnitudes = simulated(np.random.default_rng(1), 500, 1.0)
    assert b_value(magnitudes, 4.15) == b_value(magnitudes, 4.2)
    assert b_value(magnitudes, 4.2).min_magnitude == pytest.approx(4.2)


@given(st.integers(-20, 99))
def test_bins_of_tenths_are_exact(tenth):
    assert to_bins(np.array([tenth / 10]), 0.1)[0] == tenth
    assert to_bins(np.array([tenth / 10 - 0.05]), 0.1)[0] == tenth
    assert to_bins(np.array([tenth / 10 + 0.049]), 0.1)[0] == tenth


@pytest.mark.parametrize("width", [0, -0.1, 2, float("nan")])
def test_bad_bin_widths_are_refused(width):
    with pytest.raises(InputError, match="bin width"):
        to_bins(np.array([4.0]), width)


def test_too_few_or_all_alike():
    with pytest.raises(NotEnoughDataError, match="9 magnitudes of at least 4 are too few"):
        b_value(np.full(MIN_EVENTS - 1, 4.5), 4.0)
    with pytest.raises(NotEnoughDataError, match="lie in one bin"):
        b_value(np.full(50, 4.0), 4.0)
    with pytest.raises(NotEnoughDataError, match="positive differences"):
        b_positive(np.full(50, 4.0))


def test_the_interval_is_never_negative():
    low = BValue(b=0.3, standard_error=0.4, n_events=10, min_magnitude=4.0).estimate
    assert low.low == 0
    assert low.high == pytest.approx(0.3 + 1.96 * 0.4)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.6, 1.6), st.integers(0, 2**32 - 1))
def test_positive_differences_recover_b(b, seed):
    magnitudes = simulated(np.random.default_rng(seed), 8000, b)
    found = b_positive(magnitudes)
    assert found.n_events == pytest.approx(4000 * (1 - 0.115 * b), rel=0.1)
    assert abs(found.b - b) < 5 * found.standard_error
    assert found.min_magnitude == pytest.approx(0.1)


def test_positive_differences_survive_changing_completeness():
    """A threshold that falls from 5.5 to 4.0 ruins the classic estimate but not b-positive."""
    rng = np.random.default_rng(9)
    magnitudes = simulated(rng, 60_000, 1.0)
    threshold = np.linspace(5.5, 4.0, len(magnitudes))
    seen = magnitudes[magnitudes >= threshold - 1e-9]
    assert b_value(seen, 4.0).b < 0.8
    found = b_positive(seen)
    assert abs(found.b - 1.0) < 4 * found.standard_error


def test_a_larger_smallest_difference_uses_fewer():
    magnitudes = simulated(np.random.default_rng(3), 5000, 1.0)
    one, three = b_positive(magnitudes), b_positive(magnitudes, min_difference=0.3)
    assert three.n_events < one.n_events
    assert three.min_magnitude == pytest.approx(0.3)
    assert abs(three.b - 1.0) < 4 * three.standard_error


def test_the_width_of_bins_is_read_off_the_magnitudes():
    tenths = np.round(np.random.default_rng(3).exponential(0.43, 1000) + 2.5, 1)
    assert bin_width_of(tenths) == 0.1
    assert bin_width_of(np.append(tenths, [2.53, 3.17])) == 0.1, "a few finer ones do not change it"
    assert bin_width_of(tenths + np.where(np.arange(1000) % 5, 0.03, 0.0)) == 0.01
