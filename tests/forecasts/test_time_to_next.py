"""When the next earthquake comes: against exponential waiting times, and by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.forecasts.simulated import SimulatedForecast
from houfeng.times import Window, after_days

WINDOW = Window.after(datetime(2020, 1, 1, tzinfo=UTC), timedelta(days=10))


def simulated(catalog_id, days, magnitude, n_catalogs: int) -> SimulatedForecast:
    n = len(days)
    time = after_days(WINDOW.start, np.array(days, float))
    return SimulatedForecast(WINDOW, n_catalogs, np.array(catalog_id, np.int32), time, np.zeros(n), np.zeros(n),
                             np.array(magnitude, float))  # fmt: skip


def test_the_first_of_each_catalogue_that_is_large_enough():
    made = simulated([0, 0, 0, 2, 3], [4.0, 2.0, 1.0, 3.0, 9.0], [5.0, 5.5, 4.0, 6.0, 4.9], 4)
    assert made.first_days(5.0) == pytest.approx([2.0, np.inf, 3.0, np.inf])
    assert made.first_days(4.0) == pytest.approx([1.0, np.inf, 3.0, 9.0])
    told = made.time_to_next(4.0)
    assert (told.chance, told.early_days, told.median_days, told.late_days) == (0.75, 1.0, 3.0, np.inf)


def test_nothing_simulated_means_nothing_is_known_of_when():
    told = simulated([], [], [], 3).time_to_next(5.0)
    assert told.chance == 0 and told.early_days == told.median_days == told.late_days == np.inf


def test_of_a_poisson_process_it_is_exponential():
    rng = np.random.default_rng(0)
    n, rate = 20_000, 0.2
    counts = rng.poisson(rate * 10, n)
    made = simulated(np.repeat(np.arange(n), counts), rng.uniform(0, 10, counts.sum()), np.full(counts.sum(), 5.0), n)
    told = made.time_to_next(5.0)
    assert told.chance == pytest.approx(1 - np.exp(-2), abs=0.01)
    assert told.median_days == pytest.approx(np.log(2) / rate, rel=0.04)
    assert told.early_days == pytest.approx(-np.log(0.95) / rate, rel=0.15)
    assert told.late_days == np.inf


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 9.9), st.floats(3, 8)), max_size=40), st.floats(3, 8))
def test_larger_ones_come_later_and_less_surely(events, magnitude):
    events = sorted(events)
    made = simulated([e[0] for e in events], [e[1] for e in events], [e[2] for e in events], 6)
    small, large = made.time_to_next(magnitude), made.time_to_next(magnitude + 0.5)
    assert large.chance <= small.chance
    assert large.median_days >= small.median_days and large.early_days >= small.early_days
    assert small.early_days <= small.median_days <= small.late_days
