"""The branching process, compiled: background events, aftershocks of the past, aftershocks of those, and so on.

A self-exciting process is a set of independent families (Hawkes & Oakes 1974, doi:10.2307/3212693), so no rate is
ever evaluated: numbers are Poisson, times come from the tabled Omori integral, distances from the inverse of the
kernel (Zhuang & Touati 2015, doi:10.5078/corssa-43806322). Events are rows of (day, x, y, z, m, descent).
"""

import math
from typing import NamedTuple

import numba as nb
import numpy as np

from houfeng.models.etas.chance import pick, poisson, start, uniform
from houfeng.models.etas.inside import Raster, anywhere, contains
from houfeng.models.etas.omori import LOG_HIGH, LOG_LOW, SIZE

#: Descent of an event: background, aftershock of such, direct aftershock of the past, aftershock of such.
BACKGROUND, OF_BACKGROUND, OF_PAST, LATER_OF_PAST = 0, 1, 2, 3

_LOW, _STEP, _CELLS = float(LOG_LOW), float((LOG_HIGH - LOG_LOW) / (SIZE - 1)), SIZE - 1


class Aftershocks(NamedTuple):
    """The law of direct aftershocks.

    Attributes
    ----------
    log_number, alpha
        Log of their number at m = 0 per unit of H, and its growth with m.
    c_days, h
        Omori law: its time and its tabled integral H.
    spread_km2, gamma, rho
        Spatial kernel: spread at m = 0, growth, exponent less one.
    """

    log_number: float
    alpha: float
    c_days: float
    h: np.ndarray
    spread_km2: float
    gamma: float
    rho: float


class Sizes(NamedTuple):
    """The tapered Gutenberg-Richter law of m.

    Attributes
    ----------
    beta, top
        b ln 10, and the largest m.
    ratio
        Moment at m = 0 over the corner moment.
    plain
        Below this m the taper removes less than one event in a thousand.
    """

    beta: float
    top: float
    ratio: float
    plain: float


class Kernels(NamedTuple):
    """The background: rows of (x, y, z, h^2), their alias table, the even share, the events expected."""

    rows: np.ndarray
    keep: np.ndarray
    other: np.ndarray
    even_share: float
    expected: float


class Past(NamedTuple):
    """Past events: rows of (day, x, y, z, spread, H at start, H at end), alias table, aftershocks expected."""

    rows: np.ndarray
    keep: np.ndarray
    other: np.ndarray
    expected: float


class Process(NamedTuple):
    """All that a catalogue is drawn from: the window in days, the four laws, the region, the most events."""

    start_day: float
    end_day: float
    aftershocks: Aftershocks
    sizes: Sizes
    kernels: Kernels
    past: Past
    raster: Raster
    most: int


@nb.njit(cache=True, nogil=True)
def draw(process, seed, first, last, enough):
    """Draw catalogues from number `first` to before `last`, stopping early after one that brings `enough` events.

    Returns
    -------
    rows : ndarray, shape (n, 6)
        Events, catalogue by catalogue.
    counts : ndarray of int64, shape (drawn,)
        Events of each catalogue drawn.
    """
    rows, counts = np.empty((1024, 6)), np.zeros(last - first, np.int64)
    state = np.empty(4, np.uint64)
    begin = np.int64(0)  # a plain 0 is a type of its own to the compiler, and everything below is compiled twice
    for number in range(first, last):
        start(state, seed, number)
        rows, end = _background(process, state, rows, begin)
        rows, end = _first_aftershocks(process, state, rows, begin, end)
        rows, end = _descendants(process, state, rows, begin, end)
        counts[number - first] = end - begin
        begin = end
        if begin >= enough:
            return rows[:begin].copy(), counts[: number - first + 1].copy()
    return rows[:begin].copy(), counts


@nb.njit(cache=True, nogil=True)
def _with_room(rows, needed):
    if needed <= len(rows):
        return rows
    larger = np.empty((max(needed, 2 * len(rows)), 6))
    for i in range(len(rows)):
        for k in range(6):
            larger[i, k] = rows[i, k]
    return larger


@nb.njit(cache=True, nogil=True)
def _background(process, state, rows, end):
    number = poisson(state, process.kernels.expected, process.most)
    rows = _with_room(rows, end + number)
    for i in range(end, end + number):
        rows[i, 0] = process.start_day + (process.end_day - process.start_day) * uniform(state)
        rows[i, 1], rows[i, 2], rows[i, 3] = _background_place(process.kernels, process.raster, state)
        rows[i, 5] = BACKGROUND
    return rows, end + number


@nb.njit(cache=True, nogil=True)
def _background_place(kernels, raster, state):
    """A place in the region: evenly spread or from a kernel, whichever was chosen, until it falls inside."""
    even = uniform(state) < kernels.even_share
    place = anywhere(state, raster) if even else _near_epicentre(kernels, raster, state)
    while not contains(raster, place[0], place[1], place[2]):
        place = anywhere(state, raster) if even else _near_epicentre(kernels, raster, state)
    return place


@nb.njit(cache=True, nogil=True)
def _near_epicentre(kernels, raster, state):
    row = kernels.rows[pick(state, kernels.keep, kernels.other)]
    return moved(state, row[0], row[1], row[2], row[3], 1.0, raster.radius_km)


@nb.njit(cache=True, nogil=True)
def pilot(kernels, raster, tries):
    """Of `tries` places evenly spread, and of as many from the kernels, how many fall inside: the smaller number."""
    state = np.empty(4, np.uint64)
    start(state, 0, 0)
    even, smooth = 0, 0
    for _ in range(tries):
        place = anywhere(state, raster)
        even += contains(raster, place[0], place[1], place[2])
        if len(kernels.rows) > 0:
            place = _near_epicentre(kernels, raster, state)
        smooth += contains(raster, place[0], place[1], place[2])
    return min(even, smooth)


@nb.njit(cache=True, nogil=True)
def _first_aftershocks(process, state, rows, begin, end):
    """Direct aftershocks of the past."""
    past, law = process.past, process.aftershocks
    number = poisson(state, past.expected, process.most - (end - begin))
    rows = _with_room(rows, end + number)
    for i in range(end, end + number):
        source = past.rows[pick(state, past.keep, past.other)]
        after = when(state, law, source[5], source[6], 0)
        rows[i, 0] = within(source[0] + after, process.start_day, process.end_day)
        rows[i, 1], rows[i, 2], rows[i, 3] = moved(
            state, source[1], source[2], source[3], source[4], law.rho, process.raster.radius_km
        )
        rows[i, 5] = OF_PAST
    return rows, end + number


@nb.njit(cache=True, nogil=True)
def _descendants(process, state, rows, begin, end):
    """Sizes of all events, and the aftershocks of each in turn, until there are no more."""
    law, radius_km = process.aftershocks, process.raster.radius_km
    h_now = integral_from(law.h, law.c_days)
    i = begin
    while i < end:
        m = size(state, process.sizes)
        rows[i, 4] = m
        day, x, y, z = rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3]
        h_end = integral_from(law.h, process.end_day - day + law.c_days)
        expected = math.exp(law.log_number + law.alpha * m) * (h_now - h_end)
        number = poisson(state, expected, process.most - (end - begin))
        if number > 0:
            rows = _with_room(rows, end + number)
            spread = law.spread_km2 * math.exp(law.gamma * m)
            descent = OF_BACKGROUND if rows[i, 5] < OF_PAST else LATER_OF_PAST
            for k in range(end, end + number):
                rows[k, 0] = within(day + when(state, law, h_now, h_end, 0), day, process.end_day)
                rows[k, 1], rows[k, 2], rows[k, 3] = moved(state, x, y, z, spread, law.rho, radius_km)
                rows[k, 5] = descent
            end += number
        i += 1
    return rows, end


@nb.njit(cache=True, nogil=True)
def integral_from(h, z):
    """H at z days, straight between the points of its table."""
    place = min(max((math.log(z) - _LOW) / _STEP, 0.0), float(_CELLS))
    cell = min(int(place), _CELLS - 1)
    return h[cell] + (place - cell) * (h[cell + 1] - h[cell])


@nb.njit(cache=True)
def integrals_from(h, z):
    """H at many z, shape (n,), days."""
    out = np.empty(len(z))
    for i in range(len(z)):
        out[i] = integral_from(h, z[i])
    return out


@nb.njit(cache=True, nogil=True)
def when(state, law, h_from, h_to, low):
    """Days after the source, between the times at which H is `h_from` and `h_to`."""
    target = h_from - uniform(state) * (h_from - h_to)
    high = _CELLS
    while high - low > 1:
        middle = (low + high) // 2
        if law.h[middle] > target:
            low = middle
        else:
            high = middle
    drop = law.h[low] - law.h[high]
    part = (law.h[low] - target) / drop if drop > 0.0 else 0.0
    return math.exp(_LOW + _STEP * (low + part)) - law.c_days


@nb.njit(cache=True, nogil=True)
def within(day, first, last):
    """`day` held in the half-open window (rounding can push it out by a nanosecond)."""
    return min(max(day, first), np.nextafter(last, -np.inf))


@nb.njit(cache=True, nogil=True)
def size(state, sizes):
    """m: the smaller of a Pareto and a shifted exponential moment (Vere-Jones and others 2001)."""
    m = -math.log(uniform(state)) / sizes.beta
    u = uniform(state)
    if m < sizes.plain and u > 1e-3:
        return m
    grown = -math.log1p(-u) / sizes.ratio
    if math.expm1(3.4538776394910684 * m) > grown:
        m = math.log1p(grown) / 3.4538776394910684
    return min(m, sizes.top)


@nb.njit(cache=True, nogil=True)
def moved(state, x, y, z, spread, rho, radius_km):
    """A place drawn from the kernel around a point: chord s with 1 - (1 + s^2 / spread)^-rho, any direction.

    A point of the unit disc gives the direction and, by its squared radius q, the uniform number of the distance.
    On the sphere (radius not 0) chords longer than the diameter are left out of the law.
    """
    q = 2.0
    while q >= 1.0:
        a = 2.0 * uniform(state) - 1.0
        b = 2.0 * uniform(state) - 1.0
        q = a * a + b * b
    squared = spread * (math.exp(-math.log(q) / rho) - 1.0)
    if radius_km == 0.0:
        scale = math.sqrt(squared / q)
        return x + a * scale, y + b * scale, z
    if squared > 4.0 * radius_km * radius_km:
        reach = -math.expm1(-rho * math.log1p(4.0 * radius_km * radius_km / spread))
        squared = spread * math.expm1(-math.log1p(-reach * uniform(state)) / rho)
    part = min(squared / (4.0 * radius_km * radius_km), 1.0)
    scale = math.sqrt(squared / q * (1.0 - part))
    a, b = a * scale, b * scale
    # Tangent frame without square roots: Duff and others (2017), J. Comput. Graph. Tech. 6(1), 1-8.
    nx, ny, nz = x / radius_km, y / radius_km, z / radius_km
    sign = math.copysign(1.0, nz)
    p = -1.0 / (sign + nz)
    r = nx * ny * p
    along = 1.0 - 2.0 * part
    return (
        along * x + a * (1.0 + sign * nx * nx * p) + b * r,
        along * y + a * sign * r + b * (sign + ny * ny * p),
        along * z - a * sign * nx - b * ny,
    )
