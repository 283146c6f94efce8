"""How far it is to the sea: coasts at 1:50 million (Natural Earth, public domain), lakes not counted."""

from functools import cache
from importlib import resources

import numpy as np

from houfeng.geo import EARTH_RADIUS_KM, to_xyz_km

_EDGE_DEG = 0.02


@cache
def _rings() -> tuple[np.ndarray, ...]:
    with (
        resources.as_file(resources.files("houfeng.data").joinpath("coastline.npz")) as path,
        np.load(path) as archive,
    ):
        points = archive["points"] * float(archive["step_deg"])
        return tuple(np.split(points, np.cumsum(archive["lengths"])[:-1]))


@cache
def _edges() -> tuple[np.ndarray, np.ndarray]:
    """Start and end of every edge of the rings, degrees, shape (n, 2)."""
    rings = _rings()
    return np.concatenate([ring[:-1] for ring in rings]), np.concatenate([ring[1:] for ring in rings])


@cache
def _segments() -> tuple[np.ndarray, np.ndarray]:
    """Start and end of every piece of coast, km from the Earth's centre; not the edges that only close a map."""
    starts, ends = [], []
    for ring in _rings():
        at_date_line = np.abs(np.abs(ring[:, 0]) - 180) < _EDGE_DEG
        at_pole = ring[:, 1] < -90 + _EDGE_DEG
        real = ~((at_date_line[1:] & at_date_line[:-1]) | at_pole[1:] | at_pole[:-1])
        xyz = to_xyz_km(longitude=ring[:, 0], latitude=ring[:, 1])
        starts.append(xyz[:-1][real])
        ends.append(xyz[1:][real])
    return np.concatenate(starts), np.concatenate(ends)


def on_land(*, longitude: float, latitude: float) -> bool:
    """Whether a point in degrees is on land (a sea without outlet, such as the Caspian, is none)."""
    start, end = _edges()
    inside = False
    for turn in (-360.0, 0.0, 360.0):  # land across the date line goes on beyond 180 degrees
        straddles = (start[:, 1] <= latitude) != (end[:, 1] <= latitude)
        (x0, y0), (x1, y1) = start[straddles].T, end[straddles].T
        east = longitude + turn < x0 + (latitude - y0) * (x1 - x0) / (y1 - y0)
        inside ^= bool(east.sum() % 2)
    return inside


def coast_distance_km(*, longitude: float, latitude: float) -> float:
    """Distance in km from a point in degrees to the nearest coast, on land or at sea."""
    start, end = _segments()
    along = end - start
    point = to_xyz_km(longitude=np.array([longitude]), latitude=np.array([latitude]))[0]
    length2 = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip(((point - start) * along).sum(axis=1) / length2, 0, 1)
    nearest = start + share[:, None] * along
    nearest *= EARTH_RADIUS_KM / np.linalg.norm(nearest, axis=1, keepdims=True)
    chord = np.sqrt(((nearest - point) ** 2).sum(axis=1).min())
    return float(2 * EARTH_RADIUS_KM * np.arcsin(min(chord / (2 * EARTH_RADIUS_KM), 1.0)))
