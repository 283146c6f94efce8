from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.geodesy.positions import make_positions

NOON = np.datetime64("2020-01-01T12:00", "us")


def positions(n=10, **more):
    time = NOON + np.arange(n) * np.timedelta64(1, "D")
    values = {"east_mm": np.arange(n) * 1.0, "north_mm": np.zeros(n)} | more
    return make_positions("ABCD", time, **values)


def test_a_daily_mean_is_issued_a_delay_after_its_day_has_ended():
    p = positions(delay=timedelta(hours=6))
    assert p.issued[0] == np.datetime64("2020-01-02T06:00")
    assert len(p.as_of(datetime(2020, 1, 2, 5, 59, tzinfo=UTC))) == 0
    assert len(p.as_of(datetime(2020, 1, 2, 6, tzinfo=UTC))) == 1


@given(st.integers(0, 20), st.integers(0, 20))
def test_a_later_view_holds_the_earlier_one(first, second):
    p = positions()
    early, late = sorted((first, second))
    start = datetime(2020, 1, 1, tzinfo=UTC)
    seen = p.as_of(start + timedelta(days=early))
    more = p.as_of(start + timedelta(days=late))
    np.testing.assert_array_equal(more.time[: len(seen)], seen.time)
    np.testing.assert_array_equal(more.displacement_mm[:, : len(seen)], seen.displacement_mm)


def test_missing_components_are_nan_and_told():
    p = positions()
    assert np.isnan(p.up_mm).all() and p.present == (0, 1)
    assert not p.located
    assert p.placed(longitude=241.0, latitude=36.0).longitude == -119.0
    assert p.placed(longitude=241.0, latitude=36.0).located


def test_between_and_without():
    p = positions()
    part = p.between(datetime(2020, 1, 3, tzinfo=UTC), datetime(2020, 1, 5, tzinfo=UTC))
    np.testing.assert_array_equal(part.east_mm, [2, 3])
    flagged = np.zeros((3, 10), bool)
    flagged[0, 4] = True
    assert np.isnan(p.without(flagged).east_mm[4]) and np.isfinite(p.without(flagged).north_mm).all()
    np.testing.assert_allclose(p.days(), np.arange(10) + 0.5)


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"east_mm": np.zeros(3)}, None),
        ({"sigma_mm": np.zeros((3, 10))}, "above 0"),
        ({"latitude": 91.0}, "outside"),
        ({"delay": timedelta(days=-1)}, "negative"),
        ({"span_days": -1.0}, "span"),
    ],
)
def test_what_cannot_be_is_refused(more, word):
    with pytest.raises(ValueError, match=word):
        positions(**more)


def test_times_must_increase_and_be_there():
    with pytest.raises(InputError, match="increase"):
        make_positions("A", np.array([NOON, NOON]), east_mm=np.zeros(2), north_mm=np.zeros(2))
    with pytest.raises(NotEnoughDataError, match="no positions"):
        positions(0).days()
