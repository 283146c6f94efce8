"""The row of distances, and the map they are measured on."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.geo import great_circle_km
from houfeng.shaking.distances import Distances, flat_km


def some(n: int) -> list[np.ndarray]:
    return [np.arange(n, dtype=float) + i for i in range(6)]


def test_distances_can_be_narrowed_and_joined():
    whole = Distances(*some(10))
    assert len(whole) == 10
    again = Distances.joined([whole.select(slice(0, 4)), whole.select(np.arange(10) >= 4)])
    np.testing.assert_array_equal(again.rhyp_km, whole.rhyp_km)
    assert Distances.joined([whole]) is whole


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        (1, np.zeros(3), "rjb_km has shape"),
        (0, np.array([1.0, -2.0]), "rjb_km|rrup_km must be at least 0 km, got -2.0 at site 1"),
        (3, np.array([np.nan, 0.0]), "ry0_km must be at least 0 km, got nan at site 0"),
    ],
)
def test_what_is_no_distance_is_refused(column, values, message):
    columns = some(2)
    columns[column] = values
    with pytest.raises(InputError, match=message):
        Distances(*columns)


def test_across_the_strike_may_be_negative():
    columns = some(2)
    columns[2] = np.array([-5.0, 5.0])
    assert Distances(*columns).rx_km[0] == -5.0


@given(st.floats(-180, 179.9), st.floats(-90, 90), st.floats(-180, 179.9), st.floats(-90, 90))
@example(0.0, 0.0, -180.0, 0.0)
@example(10.0, 90.0, 60.0, -90.0)
@example(10.0, 90.0, 60.0, 90.0)
def test_the_map_keeps_distances_from_its_centre(longitude, latitude, centre_longitude, centre_latitude):
    far = great_circle_km(
        longitude=longitude, latitude=latitude, to_longitude=centre_longitude, to_latitude=centre_latitude
    )
    east, north = flat_km(
        longitude=np.array([longitude]),
        latitude=np.array([latitude]),
        centre_longitude=centre_longitude,
        centre_latitude=centre_latitude,
    )
    assert np.hypot(east, north)[0] == pytest.approx(far, abs=1e-3, rel=1e-6)


def test_the_map_has_north_up_and_its_centre_at_the_origin():
    east, north = flat_km(
        longitude=np.array([179.9, -179.9, 179.9]),
        latitude=np.array([10.0, 10.0, 11.0]),
        centre_longitude=179.9,
        centre_latitude=10.0,
    )
    assert (east[0], north[0]) == (0.0, 0.0)
    assert east[1] == pytest.approx(21.9, abs=0.1) and abs(north[1]) < 0.05
    assert east[2] == pytest.approx(0.0, abs=1e-9) and north[2] == pytest.approx(111.2, abs=0.1)
