"""How much of a kernel falls inside the region.

Around each source the region's edge is drawn in Lambert's azimuthal equal-area projection, where the distance
from the centre is the straight line through the Earth that the kernel uses, and area is kept. Along rays from
the source each crossing at distance R adds (an exit) or takes (an entry) the kernel's mass within R,
F = 1 - (1 + R^2 / D)^-rho; the mean over rays is the share inside. Every ray ends at the antipodes, which add the
mass of the whole Earth where they are in the region.
"""

from dataclasses import dataclass

import numba as nb
import numpy as np

from houfeng.geo import EARTH_RADIUS_KM, points_in_rings, to_xyz_km
from houfeng.regions import Region

RAYS = 36


@dataclass(frozen=True, eq=False)
class KernelMass:
    """Crossings of rays from each of n sources with the region's edge.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n + 1,)
    squared_km2, weight : ndarray, shape (offsets[-1],)
        Squared distance of a crossing, and plus or minus one over the number of rays.
    whole
        True when nothing falls outside (the whole plane or Earth).
    """

    offsets: np.ndarray
    squared_km2: np.ndarray
    weight: np.ndarray
    whole: bool

    @classmethod
    def everywhere(cls, n: int) -> "KernelMass":
        """No edge: every share is one."""
        return cls(np.zeros(n + 1, np.int64), np.empty(0), np.empty(0), True)

    @classmethod
    def of(cls, region: Region, *, longitude: np.ndarray, latitude: np.ndarray) -> "KernelMass":
        """Crossings for sources at the given places (degrees, shape (n,))."""
        if region.whole_earth:
            return cls.everywhere(len(longitude))
        edge = np.vstack([_segments(ring) for ring in _oriented(region)])
        ends_inside = region.contains(longitude=np.asarray(longitude) + 180.0, latitude=-np.asarray(latitude))
        ends = [to_xyz_km(longitude=edge[:, k], latitude=edge[:, k + 1]) / EARTH_RADIUS_KM for k in (0, 2)]
        arguments = (_axes(np.radians(longitude), np.radians(latitude)), *ends, ends_inside)
        offsets = np.zeros(len(longitude) + 1, np.int64)
        _cross(*arguments, offsets, np.empty(0), np.empty(0))
        offsets = np.cumsum(offsets)
        squared, weight = np.empty(offsets[-1]), np.empty(offsets[-1])
        _cross(*arguments, offsets, squared, weight)
        return cls(offsets, squared, weight, False)

    def of_rows(self, rows: np.ndarray) -> "KernelMass":
        """The same for some of the sources."""
        if self.whole:
            return KernelMass.everywhere(len(rows))
        counts = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        picked = np.repeat(self.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])
        return KernelMass(offsets, self.squared_km2[picked], self.weight[picked], False)

    def shares(self, spread_km2: np.ndarray, rho: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Share inside for kernels of spread D, and its derivatives by ln D and by rho, shapes (n,)."""
        n = len(self.offsets) - 1
        if self.whole:
            return np.ones(n), np.zeros(n), np.zeros(n)
        return _shares(self.offsets, self.squared_km2, self.weight, spread_km2, rho)


def _oriented(region: Region) -> list[np.ndarray]:
    """Rings with the inside on the left; holes (rings inside another) the other way round."""
    rings = []
    for i, ring in enumerate(region.rings):
        others = [other for j, other in enumerate(region.rings) if j != i]
        hole = bool(others) and bool(points_in_rings(others, longitude=ring[:1, 0], latitude=ring[:1, 1])[0])
        x, y = ring.T
        left = np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) > 0
        rings.append(ring if left != hole else ring[::-1])
    return rings


def _segments(ring: np.ndarray, step_deg: float = 0.25) -> np.ndarray:
    """Short straight pieces of a closed ring: shape (k, 4), start and end longitude and latitude in degrees."""
    points = []
    for start, end in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        steps = max(1, int(np.ceil(np.abs(end - start).max() / step_deg)))
        points.append(start + (end - start) * np.linspace(0, 1, steps, endpoint=False)[:, None])
    points = np.vstack(points)
    return np.hstack([points, np.roll(points, -1, axis=0)])


def _axes(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Unit vectors up, east and north at places in radians, shape (n, 3, 3)."""
    zero = np.zeros(len(lon))
    up = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    east = np.column_stack([-np.sin(lon), np.cos(lon), zero])
    north = np.column_stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    return np.stack([up, east, north], axis=1)


@nb.njit(cache=True)
def _project(axes, place):
    """Lambert azimuthal equal-area about the place whose axes are given: east and north in km."""
    up = axes[0, 0] * place[0] + axes[0, 1] * place[1] + axes[0, 2] * place[2]
    east = axes[1, 0] * place[0] + axes[1, 1] * place[1] + axes[1, 2] * place[2]
    north = axes[2, 0] * place[0] + axes[2, 1] * place[1] + axes[2, 2] * place[2]
    k = EARTH_RADIUS_KM * np.sqrt(2.0 / max(1.0 + up, 1e-12))
    return k * east, k * north


@nb.njit(cache=True, parallel=True)
def _cross(axes, starts, ends, ends_inside, offsets, squared, weight):
    """Count crossings (empty `squared`) or write them. A ray stands in the middle of its sector."""
    step = 2 * np.pi / RAYS
    for i in nb.prange(len(axes)):
        count = 0
        if ends_inside[i]:
            if len(squared):
                squared[offsets[i]], weight[offsets[i]] = 4 * EARTH_RADIUS_KM**2, 1.0
            count = 1
        for e in range(len(starts)):
            x0, y0 = _project(axes[i], starts[e])
            x1, y1 = _project(axes[i], ends[e])
            first = np.arctan2(y0, x0)
            turn = np.arctan2(x0 * y1 - y0 * x1, x0 * x1 + y0 * y1)
            low, high = min(first, first + turn), max(first, first + turn)
            for k in range(int(np.ceil(low / step - 0.5)), int(np.ceil(high / step - 0.5))):
                if len(squared):
                    angle = (k + 0.5) * step
                    across = (x1 - x0) * np.sin(angle) - (y1 - y0) * np.cos(angle)
                    distance = ((x1 - x0) * y0 - (y1 - y0) * x0) / across if across != 0 else np.hypot(x0, y0)
                    squared[offsets[i] + count] = distance * distance
                    weight[offsets[i] + count] = (1.0 if turn > 0 else -1.0) / RAYS
                count += 1
        if not len(squared):
            offsets[i + 1] = count


@nb.njit(cache=True, parallel=True)
def _shares(offsets, squared, weight, spread, rho):
    n = len(offsets) - 1
    share, by_spread, by_rho = np.zeros(n), np.zeros(n), np.zeros(n)
    for i in nb.prange(n):
        for q in range(offsets[i], offsets[i + 1]):
            ratio = squared[q] / spread[i]
            log_u = np.log1p(ratio)
            outside = np.exp(-rho * log_u)
            share[i] += weight[q] * (1 - outside)
            by_spread[i] -= weight[q] * rho * outside * ratio / (1 + ratio)
            by_rho[i] += weight[q] * outside * log_u
    return share, by_spread, by_rho
