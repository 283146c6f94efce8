"""Clock readings into UTC, held against the standard library's calendar."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.catalogs.clocks import UNREADABLE, times_of_parts

MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))
SHIFTS = st.sampled_from([0.0, 8.0, 9.0, -3.5, 5.75])


def read(*rows, ahead=0.0):
    names = ("year", "month", "day", "hour", "minute", "second")
    columns = {name: np.array([row[i] for row in rows], float) for i, name in enumerate(names)}
    return times_of_parts(**columns, ahead_of_utc_h=ahead)


@given(st.lists(MOMENTS, min_size=1, max_size=20), SHIFTS)
def test_any_moment_of_any_zone_is_the_one_of_the_calendar(moments, ahead):
    zone = timezone(timedelta(hours=ahead))
    rows = [(m.year, m.month, m.day, m.hour, m.minute, m.second + m.microsecond / 1e6) for m in moments]
    times, faults = read(*rows, ahead=ahead)
    expected = [m.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None) for m in moments]
    assert not faults
    assert times.tolist() == expected


@given(st.integers(1, 9999), st.integers(1, 12), st.integers(1, 31))
def test_a_day_is_good_exactly_when_the_calendar_has_it(year, month, day):
    try:
        datetime(year, month, day)
        there = True
    except ValueError:
        there = False
    times, faults = read((year, month, day, 12, 30, 0))
    assert np.isnat(times[0]) == (not there) and faults == ({} if there else {0: UNREADABLE})


@pytest.mark.parametrize("row", [
    (2020, 13, 1, 0, 0, 0), (2020, 0, 1, 0, 0, 0), (2020, 1, 0, 0, 0, 0), (2019, 2, 29, 0, 0, 0),
    (1900, 2, 29, 0, 0, 0), (2020, 1, 1, 24, 0, 0), (2020, 1, 1, -1, 0, 0), (2020, 1, 1, 0, 60, 0),
    (2020, 1, 1, 0, 0, 60.001), (2020, 1, 1, 0, 0, -0.001), (0, 1, 1, 0, 0, 0), (10000, 1, 1, 0, 0, 0),
    (2020.5, 1, 1, 0, 0, 0), (2020, 1, 1.5, 0, 0, 0), (2020, 1, 1, 0.5, 0, 0), (np.nan, 1, 1, 0, 0, 0),
    (2020, 1, 1, 0, np.nan, 0), (2020, 1, 1, 0, 0, np.nan), (np.inf, 1, 1, 0, 0, 0),
])  # fmt: skip
def test_what_stands_on_no_clock_is_a_fault_and_harms_no_neighbour(row):
    good = (2015, 9, 16, 22, 54, 32.86)
    times, faults = read(good, row, good)
    assert faults == {1: UNREADABLE} and np.isnat(times[1])
    assert times[0] == times[2] == np.datetime64("2015-09-16T22:54:32.860000")


def test_leap_years_and_leap_seconds():
    times, faults = read((2000, 2, 29, 0, 0, 0), (2016, 12, 31, 23, 59, 60))
    assert not faults
    assert times.tolist() == [datetime(2000, 2, 29), datetime(2017, 1, 1)]


def test_beijing_on_new_years_morning_is_still_the_old_year():
    times, _ = read((1976, 1, 1, 7, 59, 59.5), ahead=8.0)
    assert times[0] == np.datetime64("1975-12-31T23:59:59.500000")


@given(st.floats(0, 59.9999999))
def test_seconds_are_rounded_to_the_microsecond(second):
    times, _ = read((2020, 1, 1, 0, 0, second))
    found = (times[0] - np.datetime64("2020-01-01")) / np.timedelta64(1, "us")
    assert abs(found - second * 1e6) <= 0.5 + 1e-6


def test_no_rows_are_no_times():
    times, faults = read()
    assert times.shape == (0,) and faults == {} and times.dtype == "datetime64[us]"
