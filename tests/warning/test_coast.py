"""The distance to the sea where maps are cut, along edges, and at the limits of the banner."""

from datetime import UTC, datetime

import numpy as np
import pytest

from houfeng.earthquake import Earthquake
from houfeng.geo import from_xyz_km, great_circle_km, to_xyz_km
from houfeng.warning import coast, tsunami_notice
from houfeng.warning.coast import coast_distance_km, on_land


def edges() -> tuple[np.ndarray, np.ndarray]:
    """Start and end of edges of real coast: none on the date line from end to end, none down to the pole."""
    rings = coast._rings()
    start, end = (np.concatenate([ring[cut] for ring in rings]) for cut in (slice(None, -1), slice(1, None)))
    cut = ((np.abs(start[:, 0]) == 180) & (np.abs(end[:, 0]) == 180)) | (np.minimum(start[:, 1], end[:, 1]) < -89.9)
    return start[~cut], end[~cut]


def on_edge(start: np.ndarray, end: np.ndarray, share: float) -> tuple[float, float]:
    """A point of the chord between two places, brought down to the sphere."""
    a, b = to_xyz_km(longitude=np.array([start[0], end[0]]), latitude=np.array([start[1], end[1]]))
    longitude, latitude = from_xyz_km(((1 - share) * a + share * b)[None])
    return float(longitude[0]), float(latitude[0])


def test_points_inside_an_edge_of_the_coast_lie_on_it_to_the_metre():
    start, end = edges()
    longest = np.argsort(-np.hypot(*(end - start).T))[:6]
    for index in longest:
        for share in (0.3, 0.5):
            longitude, latitude = on_edge(start[index], end[index], share)
            assert coast_distance_km(longitude=longitude, latitude=latitude) < 1e-3


def test_the_coast_that_reaches_the_date_line_is_coast():
    start, end = edges()
    at_cut = np.flatnonzero((np.abs(start[:, 0]) > 179.9) | (np.abs(end[:, 0]) > 179.9))
    longest = at_cut[np.argsort(-np.hypot(*(end - start)[at_cut].T))[:8]]
    for index in longest:
        longitude, latitude = on_edge(start[index], end[index], 0.5)
        # Pieces that leave the line by less than the 0.02 degrees of its tolerance are left out.
        assert coast_distance_km(longitude=longitude, latitude=latitude) < 1.1, (start[index], end[index])


@pytest.mark.parametrize(
    ("name", "longitude", "latitude", "land"),
    [
        ("Chukotka, east of the date line", -175.0, 66.8, True),
        ("the same beyond 180 degrees", 185.0, 66.8, True),
        ("Chukotka, west of it", 179.5, 67.0, True),
        ("Wrangel Island, west of it", 179.5, 71.2, True),
        ("Wrangel Island, east of it", -179.0, 71.2, True),
        ("the Bering Sea", -175.0, 60.0, False),
        ("the Ross Sea side of the line", 180.0, -75.0, False),
        ("Antarctica on the line", -180.0, -87.0, True),
    ],
)
def test_land_on_either_side_of_the_date_line(name, longitude, latitude, land):
    assert on_land(longitude=longitude, latitude=latitude) is land, name


def inland_at(km: float) -> float:
    """Longitude on the parallel of 33 degrees south, between Valparaiso and the Andes, this far from the coast."""
    west, east = -71.3, -69.0
    for _ in range(16):
        middle = (west + east) / 2
        if coast_distance_km(longitude=middle, latitude=-33.0) < km:
            west = middle
        else:
            east = middle
    return west


@pytest.mark.parametrize(("km", "due"), [(99.5, True), (100.5, False)])
def test_the_banner_ends_a_hundred_kilometres_inland(km, due):
    longitude = inland_at(km)
    assert on_land(longitude=longitude, latitude=-33.0)
    quake = Earthquake("e", datetime(2015, 9, 16, tzinfo=UTC), longitude, -33.0, 20.0, 8.0)
    assert (tsunami_notice(quake) is not None) == due


def test_the_notice_says_how_far_the_coast_is_and_on_which_side():
    sea = tsunami_notice(Earthquake("e", datetime(2015, 9, 16, tzinfo=UTC), -72.5, -31.573, 20.0, 8.0))
    land = tsunami_notice(Earthquake("e", datetime(2015, 9, 16, tzinfo=UTC), -71.0, -31.573, 20.0, 8.0))
    assert sea.offshore and not land.offshore
    # The coast of Choapa runs along 71.55 W: 90 km and 52 km away.
    for notice, longitude in ((sea, -72.5), (land, -71.0)):
        along = great_circle_km(longitude=longitude, latitude=-31.573, to_longitude=-71.55, to_latitude=-31.573)
        assert notice.coast_km == pytest.approx(along, abs=12)


@pytest.mark.parametrize(
    ("longitude", "latitude", "centre"),
    [
        (-71.0, -17.6, "CL"), (-71.0, -17.4, ""), (-72.0, 7.0, ""), (-74.0, -56.9, "CL"), (-76.5, -40.0, ""),
        (148.1, 40.0, ""), (147.9, 40.0, "JP"), (175.0, 52.0, "US"), (169.9, 55.0, ""), (-179.9, 52.0, "US"),
        (180.0, 51.5, "US"), (-150.0, 30.0, "US-HI"), (15.0, 46.1, ""),
    ],
)  # fmt: skip
def test_the_centre_goes_by_boxes_whose_edges_count(longitude, latitude, centre):
    from houfeng.warning.tsunami import _centre

    quake = Earthquake("e", datetime(2015, 9, 16, tzinfo=UTC), longitude, latitude, 20.0, 8.0)
    assert _centre(quake, "")["code"] == centre
