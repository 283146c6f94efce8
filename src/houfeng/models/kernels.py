"""Power-law kernels on the sphere, and how much of them falls into each cell.

The kernel at straight-line distance r from a source is (rho D^rho / pi) (r^2 + D)^-(1 + rho), D the square of
the bandwidth; it holds one event in all, since the cap within r has the area pi r^2. With rho = 1/2 it is the
kernel of Helmstetter, Kagan & Jackson (2007), doi:10.1785/gssrl.78.1.78. Near a source the mass in a cell is
the exact integral over the cell, on a plane map true at the source's latitude, so that cells leave no gaps;
farther off, density times area with a second-order correction; and beyond 1000 km, sources are taken together
in blocks. Within five degrees of a pole, where no plane map will do, cells are cut into bands and the bandwidth
is at least half a cell.
"""

import numba as nb
import numpy as np

from houfeng.errors import InputError
from houfeng.geo import EARTH_RADIUS_KM, to_xyz_km
from houfeng.regions import Grid

#: Exponents for which the integral over a rectangle has a closed form.
RHOS = (0.5, 1.0)

#: Sources within this many cell sides are integrated exactly.
NEAR_SIDES = 3.0

#: Nearer to a pole than this latitude, no plane map is used, but this many bands in a cell.
POLAR_DEG = 85.0
BANDS = 8

#: Side of the cubes in which sources are taken together, and the distance from which they are.
BLOCK_KM = 250.0
FAR_KM = 1000.0


def cell_masses(
    grid: Grid,
    *,
    longitude: np.ndarray,
    latitude: np.ndarray,
    bandwidth_km: np.ndarray,
    weight: np.ndarray,
    rho: float,
) -> np.ndarray:
    """Total kernel mass in each cell.

    Parameters
    ----------
    longitude, latitude : ndarray, shape (m,), degrees
        Sources.
    bandwidth_km : ndarray, shape (m,) or (m, c), km
        Bandwidth of each source, or c alternatives to be tried side by side.
    weight : ndarray, shape (m,)
        Events that each source stands for.
    rho
        0.5 or 1.

    Returns
    -------
    ndarray, shape (n,) or (n, c)
        Events expected in each of the n cells; what falls outside the cells is lost.
    """
    if rho not in RHOS:
        raise InputError(f"the exponent rho of a kernel is {rho}; allowed: {RHOS}")
    half_y = EARTH_RADIUS_KM * np.radians(grid.cell_deg) / 2
    alternatives = np.ndim(bandwidth_km) == 2
    spread = np.asarray(bandwidth_km, float) ** 2
    spread = spread if alternatives else spread[:, None]
    polar = np.abs(latitude) > POLAR_DEG
    spread = np.where(polar[:, None], np.maximum(spread, half_y**2), spread)
    sources = to_xyz_km(longitude=longitude, latitude=latitude)
    order, offsets = _blocks(sources)
    masses = _cell_masses(
        to_xyz_km(longitude=grid.longitude, latitude=grid.latitude),
        np.radians(np.column_stack([grid.longitude, grid.latitude])),
        grid.area_km2,
        half_y,
        np.ascontiguousarray(sources[order].T),
        np.radians(np.column_stack([longitude, latitude]))[order],
        polar[order],
        np.ascontiguousarray(spread[order].T),
        np.asarray(weight, float)[order],
        offsets,
        rho == 0.5,
    )
    return masses if alternatives else masses[:, 0]


def _blocks(sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order that brings the sources of one cube together, and where each cube begins and ends."""
    cubes = np.floor(sources / BLOCK_KM).astype(np.int64)
    order = np.lexsort(cubes.T)
    starts = np.flatnonzero((np.diff(cubes[order], axis=0) != 0).any(axis=1)) + 1
    return order, np.concatenate([[0], starts, [len(sources)]]).astype(np.int64)


@nb.njit(cache=True, fastmath=True)
def _corner(x: float, y: float, spread: float, half: bool) -> float:
    """Kernel mass over [0, x] times [0, y]."""
    if half:
        return np.arctan(x * y / np.sqrt(spread * (x * x + y * y + spread))) / (2 * np.pi)
    a, b = np.sqrt(x * x + spread), np.sqrt(y * y + spread)
    return (x / a * np.arctan(y / a) + y / b * np.arctan(x / b)) / (2 * np.pi)


@nb.njit(cache=True, fastmath=True)
def _rectangle(x: float, y: float, hx: float, hy: float, spread: float, half: bool) -> float:
    """Kernel mass in a rectangle of half sides hx, hy whose centre is (x, y) from the source."""
    return (
        _corner(x + hx, y + hy, spread, half)
        - _corner(x - hx, y + hy, spread, half)
        - _corner(x + hx, y - hy, spread, half)
        + _corner(x - hx, y - hy, spread, half)
    )


@nb.njit(cache=True, fastmath=True)
def _bands(cell_angle: np.ndarray, half_y: float, source: np.ndarray, spread: float, half: bool) -> float:
    """Mean kernel density over a cell near a pole: bands of latitude, each by its area."""
    total, area = 0.0, 0.0
    step = 2 * half_y / EARTH_RADIUS_KM / BANDS
    for band in range(BANDS):
        lat = cell_angle[1] + (band - BANDS / 2 + 0.5) * step
        flat = EARTH_RADIUS_KM * np.cos(lat)
        dx, dy = source[0] - flat * np.cos(cell_angle[0]), source[1] - flat * np.sin(cell_angle[0])
        dz = source[2] - EARTH_RADIUS_KM * np.sin(lat)
        u = dx * dx + dy * dy + dz * dz + spread
        total += flat * (0.5 * np.sqrt(spread / u) / u if half else spread / (u * u)) / np.pi
        area += flat
    return total / area


@nb.njit(cache=True, fastmath=True)
def _far(squared: np.ndarray, spread: np.ndarray, weight: np.ndarray, curve: float, half: bool) -> float:
    """Sum of kernel densities at the given squared distances; entries of weight 0 are skipped."""
    total = 0.0
    for j in range(len(squared)):
        u = squared[j] + spread[j]
        if half:
            scale = 0.5 * np.sqrt(spread[j] / u) / u
            bend = 6.0 * (1.5 * squared[j] - spread[j]) / (u * u)
        else:
            scale = spread[j] / (u * u)
            bend = 8.0 * (2.0 * squared[j] - spread[j]) / (u * u)
        total += weight[j] * scale * (1.0 + curve * bend)
    return total / np.pi


@nb.njit(cache=True, fastmath=True)
def _block_sums(sources, spread, weight, offsets, half):
    """Weighted centre of each block (3, b), and the sum of weight times D^rho (c, b)."""
    blocks, (c, _) = len(offsets) - 1, spread.shape
    centre, strength = np.zeros((3, blocks)), np.zeros((c, blocks))
    for b in range(blocks):
        total = 1e-300
        for j in range(offsets[b], offsets[b + 1]):
            total += weight[j]
            for axis in range(3):
                centre[axis, b] += weight[j] * sources[axis, j]
            for k in range(c):
                strength[k, b] += weight[j] * (np.sqrt(spread[k, j]) if half else spread[k, j])
        centre[:, b] /= total
    return centre, strength


@nb.njit(cache=True, fastmath=True, parallel=True)
def _cell_masses(
    cells, cell_angles, area, half_y, sources, angles, polar, spread, weight, offsets, half
):  # fmt: skip
    n, (c, m) = len(cells), spread.shape
    masses = np.zeros((n, c))
    centre, strength = _block_sums(sources, spread, weight, offsets, half)
    for i in nb.prange(n):
        squared, far_weight = np.empty(m), np.empty(m)
        half_x = area[i] / (4 * half_y)
        near = (NEAR_SIDES * 2 * max(half_y, half_x)) ** 2
        curve = (half_x**2 + half_y**2) / 12.0
        for b in range(len(offsets) - 1):
            dx, dy, dz = centre[0, b] - cells[i, 0], centre[1, b] - cells[i, 1], centre[2, b] - cells[i, 2]
            r2 = dx * dx + dy * dy + dz * dz
            if r2 > max(FAR_KM**2, 4 * near):
                for k in range(c):
                    decay = 0.5 / (r2 * np.sqrt(r2)) if half else 1.0 / (r2 * r2)
                    masses[i, k] += area[i] * strength[k, b] * decay / np.pi
                continue
            start, end = offsets[b], offsets[b + 1]
            for j in range(start, end):
                dx, dy = sources[0, j] - cells[i, 0], sources[1, j] - cells[i, 1]
                dz = sources[2, j] - cells[i, 2]
                squared[j] = dx * dx + dy * dy + dz * dz
                far_weight[j] = weight[j] if squared[j] > near else 0.0
            for k in range(c):
                masses[i, k] += area[i] * _far(
                    squared[start:end], spread[k, start:end], far_weight[start:end], curve, half
                )
            for j in range(start, end):
                if squared[j] > near or weight[j] == 0.0:
                    continue
                if polar[j]:
                    for k in range(c):
                        bands = _bands(cell_angles[i], half_y, sources[:, j], spread[k, j], half)
                        masses[i, k] += weight[j] * area[i] * bands
                    continue
                turn = (angles[j, 0] - cell_angles[i, 0] + np.pi) % (2 * np.pi) - np.pi
                width = EARTH_RADIUS_KM * np.cos(angles[j, 1])
                x, y = width * turn, EARTH_RADIUS_KM * (angles[j, 1] - cell_angles[i, 1])
                hx = width * half_y / EARTH_RADIUS_KM
                for k in range(c):
                    masses[i, k] += weight[j] * _rectangle(x, y, hx, half_y, spread[k, j], half)
    return masses
