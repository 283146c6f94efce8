"""Which road a point, a line or an area on the map means."""

from functools import cached_property

import numpy as np

from houfeng.geo import EARTH_RADIUS_KM, points_in_rings
from houfeng.response.roads import Nearest, RoadNetwork

#: Roads are looked for by points on them this far apart, in metres; distances are then measured to the road itself.
_SPACING_M = 40.0


class EdgeFinder:
    """Finds edges of one network near places. Distances are on a plane true at the network's middle latitude."""

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network

    def nearest(self, *, longitude: np.ndarray, latitude: np.ndarray, within_m: float) -> Nearest:
        """Nearest edge to each point: its number, and the distance; -1 and infinity beyond `within_m`."""
        points = self._plane(np.column_stack([np.atleast_1d(longitude), np.atleast_1d(latitude)]).astype(float))
        index, distance = np.full(len(points), -1, np.int64), np.full(len(points), np.inf)
        around = self._tree.query_ball_point(points, within_m + _SPACING_M / 2 + 1e-6)
        counts = np.array([len(found) for found in around])
        if not counts.sum():
            return Nearest(index, distance)
        who = np.repeat(np.arange(len(points)), counts)
        segment = self._sample_segment[np.concatenate([np.asarray(found, np.int64) for found in around])]
        gap = _distance(points[who], self._start[segment], self._end[segment])
        order = np.lexsort([segment, gap, who])
        best = order[np.unique(who[order], return_index=True)[1]]
        best = best[gap[best] <= within_m]
        index[who[best]], distance[who[best]] = self._edge[segment[best]], gap[best]
        return Nearest(index, distance)

    def along(self, line: np.ndarray, *, within_m: float) -> np.ndarray:
        """Edges that run along a line, for at least half of the shorter of the two.

        Parameters
        ----------
        line : ndarray, shape (k, 2)
            Longitude and latitude in degrees.
        """
        length, steps = _walk(self._plane(np.asarray(line, float)), max(1.0, within_m / 4))
        degrees = self._degrees(steps)
        edges = self.nearest(longitude=degrees[:, 0], latitude=degrees[:, 1], within_m=within_m).index
        numbers, times = np.unique(edges[edges >= 0], return_counts=True)
        shared = times * length / len(steps)
        return numbers[shared >= 0.5 * np.minimum(self.network.length_m[numbers], length)]

    def inside(self, rings: list[np.ndarray]) -> np.ndarray:
        """Edges that pass through an area (even-odd rings of longitude and latitude) for 10 m or more."""
        corners = np.vstack(rings)
        low, high = self._plane(corners.min(axis=0)[None])[0], self._plane(corners.max(axis=0)[None])[0]
        lower, upper = np.minimum(self._start, self._end), np.maximum(self._start, self._end)
        near = np.flatnonzero(((upper >= low) & (lower <= high)).all(axis=1))
        hit = []
        for segment in near:
            steps = self._degrees(_walk(np.stack([self._start[segment], self._end[segment]]), 10.0)[1])
            if points_in_rings(rings, longitude=steps[:, 0], latitude=steps[:, 1]).any():
                hit.append(self._edge[segment])
        return np.unique(np.array(hit, np.int64))

    @cached_property
    def _middle(self) -> np.ndarray:
        return np.array([self.network.geometry_longitude.mean(), self.network.geometry_latitude.mean()])

    @cached_property
    def _scale(self) -> np.ndarray:
        metres = np.radians(1.0) * EARTH_RADIUS_KM * 1000
        return np.array([metres * np.cos(np.radians(self._middle[1])), metres])

    def _plane(self, degrees: np.ndarray) -> np.ndarray:
        return (degrees - self._middle) * self._scale

    def _degrees(self, metres: np.ndarray) -> np.ndarray:
        return metres / self._scale + self._middle

    @cached_property
    def _edge(self) -> np.ndarray:
        """Edge of every segment of every shape."""
        return np.repeat(np.arange(self.network.n_edges), np.diff(self.network.geometry_offset) - 1)

    @cached_property
    def _points(self) -> np.ndarray:
        return self._plane(np.column_stack([self.network.geometry_longitude, self.network.geometry_latitude]))

    @cached_property
    def _start(self) -> np.ndarray:
        return np.delete(self._points, self.network.geometry_offset[1:] - 1, axis=0)

    @cached_property
    def _end(self) -> np.ndarray:
        return np.delete(self._points, self.network.geometry_offset[:-1], axis=0)

    @cached_property
    def _sample_segment(self) -> np.ndarray:
        length = np.hypot(*(self._end - self._start).T)
        return np.repeat(np.arange(len(length)), np.maximum(np.ceil(length / _SPACING_M), 1).astype(np.int64))

    @cached_property
    def _tree(self):
        from scipy.spatial import cKDTree

        segment = self._sample_segment
        parts = np.bincount(segment)
        step = np.arange(len(segment)) - np.repeat(np.cumsum(parts) - parts, parts)
        share = ((step + 0.5) / parts[segment])[:, None]
        return cKDTree(self._start[segment] * (1 - share) + self._end[segment] * share)


def _distance(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distance from each point to its segment on the plane."""
    step = end - start
    length2 = np.maximum((step**2).sum(axis=1), 1e-12)
    share = np.clip(((points - start) * step).sum(axis=1) / length2, 0, 1)
    return np.hypot(*(points - start - share[:, None] * step).T)


def _walk(line: np.ndarray, step_m: float) -> tuple[float, np.ndarray]:
    """Length of a line on the plane, and points on it no further apart than `step_m`, in the middle of each step."""
    gaps = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(gaps)])
    count = max(int(np.ceil(along[-1] / step_m)), 1)
    at = (np.arange(count) + 0.5) * along[-1] / count
    return float(along[-1]), np.column_stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])])
