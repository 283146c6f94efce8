"""The adaptive process, compiled: events one after another, each with its time, size, place and kin.

Times form families as in :mod:`houfeng.models.etas.branching`. Places do not: the place of an event is drawn from
the density at its time, which every earlier event has changed, so that a catalogue must be drawn in order of time.
What may trigger at a given moment is found by composition and rejection: sources are grouped by age in octaves, a
group is chosen by an upper bound of its weight, a member by its productivity, and kept with the probability by which
the bound exceeds its weight.

Two features of a simulated event are not worked out but drawn: how independent it is, from what past events of its
kind (background or triggered) were, and how dense its surroundings are, from the source next to which it falls.
"""

import math
from typing import NamedTuple

import numba as nb
import numpy as np

from houfeng.models.adaptive.choosing import OCTAVES, advance, bounds, kept, member, octaves_of, pop, push
from houfeng.models.etas.branching import Sizes, integral_from, moved, size, when, within
from houfeng.models.etas.chance import pick, poisson, start, uniform
from houfeng.models.etas.inside import Raster, anywhere, contains

#: Source of an event's place: the background, or a simulated event; else the number of a past one.
OF_BACKGROUND, OF_SIMULATED = -1.0, -2.0
#: A place of the background that its kernels do not find inside the region in so many tries is evenly spread.
MOST_TRIES = 10_000
#: Columns of an event.
DAY, X, Y, Z, M, SOURCE, FROM_PAST, SPACING, INDEPENDENCE = range(9)
COLUMNS = 9


class Productivity(NamedTuple):
    """Log of how much an event triggers: constant, then by magnitude, independence (less 1/2), quiet and pace."""

    constant: float
    by_m: float
    by_independence: float
    by_quiet: float
    by_pace: float


class Times(NamedTuple):
    """The law of times: productivity per unit of H, c in days, tabled Omori integral H, scale of gaps and its floor."""

    productivity: Productivity
    c_days: float
    h: np.ndarray
    gap_days: float
    gap_mean: float
    gap_sd: float
    least_gap: float
    busiest: float


class Places(NamedTuple):
    """The law of places: weight of the background at an activity of one, productivity, Omori law, kernel."""

    background: float
    productivity: Productivity
    c_days: float
    exponent: float
    inverse_tau: float
    ln_d: float
    by_m: float
    by_spacing: float
    rho: float
    spacing_km: float


class History(NamedTuple):
    """Past events in order of time.

    Attributes
    ----------
    days, xyz_km, spread_km2, spacing_km : ndarray, shapes (n,), (n, 3), (n,), (n,)
        Spread of the kernel; distance to the past neighbour.
    summed : ndarray, shape (n + 1,)
        Running sum of their productivity in the law of places.
    direct : ndarray, shape (k, 3)
        Those that still trigger: day, and the tabled H at the start and the end of the window.
    keep, other
        Alias table over these.
    expected
        Their aftershocks in the window and region.
    """

    days: np.ndarray
    xyz_km: np.ndarray
    spread_km2: np.ndarray
    spacing_km: np.ndarray
    summed: np.ndarray
    direct: np.ndarray
    keep: np.ndarray
    other: np.ndarray
    expected: float


class Ground(NamedTuple):
    """The background: alias table over past events, their weight at the start, how it fades, the even share."""

    keep: np.ndarray
    other: np.ndarray
    weight: float
    inverse_fade: float
    even_share: float


class Activity(NamedTuple):
    """How the rate of the background follows that of independent events: steady + (1 - steady) (late + old).

    Attributes
    ----------
    usual
        Background per day at an activity of one.
    steady
        Share of the background that stays the same.
    inverse_days, independent_per_day
        How fast it forgets, and the usual rate of independent events.
    late
        Varying part of the activity at the start of the window.
    """

    usual: float
    steady: float
    inverse_days: float
    independent_per_day: float
    late: float


class Kinds(NamedTuple):
    """How independent past events were, with alias tables for events of the background and triggered ones."""

    independence: np.ndarray
    keep_background: np.ndarray
    other_background: np.ndarray
    keep_triggered: np.ndarray
    other_triggered: np.ndarray


class Process(NamedTuple):
    """All that a catalogue is drawn from.

    `latest` are the days of the last ten past events, oldest first, and `most` the most events.
    """

    start_day: float
    end_day: float
    activity: Activity
    times: Times
    places: Places
    sizes: Sizes
    history: History
    latest: np.ndarray
    ground: Ground
    kinds: Kinds
    raster: Raster
    most: int


@nb.njit(cache=True, nogil=True)
def draw(process, seed, first, last, enough):
    """Draw catalogues from number `first` to before `last`, stopping early after one that brings `enough` events.

    Returns
    -------
    rows : ndarray, shape (n, COLUMNS)
        Events, catalogue by catalogue, each in order of time.
    counts : ndarray of int64, shape (drawn,)
        Events of each catalogue drawn.
    """
    rows, counts = np.empty((1024, COLUMNS)), np.zeros(last - first, np.int64)
    queue = np.empty((1024, 2))
    summed = np.zeros(1025)
    state = np.empty(4, np.uint64)
    begin, octaves = np.int64(0), octaves_of(process.places)
    for number in range(first, last):
        start(state, seed, number)
        rows, queue, summed, end = _catalog(process, octaves, state, rows, queue, summed, begin)
        counts[number - first] = end - begin
        begin = end
        if begin >= enough:
            return rows[:begin].copy(), counts[: number - first + 1].copy()
    return rows[:begin].copy(), counts


@nb.njit(cache=True, nogil=True)
def _catalog(process, octaves, state, rows, queue, summed, begin):
    """One catalogue; its events become rows from `begin` on, and the running sums of their productivity `summed`."""
    queue, waiting = _immigrants(process, state, queue)
    reached_past, reached_new = np.zeros(OCTAVES, np.int64), np.zeros(OCTAVES, np.int64)
    advance(reached_past, process.history.days, len(process.history.days), process.start_day, octaves)
    recent = process.latest.copy()
    law = process.activity
    end, active, last = begin, law.late, process.start_day
    while waiting > 0 and end - begin < process.most:
        day, from_past = queue[0, 0], queue[0, 1]
        waiting = pop(queue, waiting)
        rows, summed = _with_room(rows, end + 1), _with_length(summed, end - begin + 2)
        active *= math.exp(-(day - last) * law.inverse_days)
        m, last = size(state, process.sizes), day
        background = process.places.background * (law.steady + active)
        _place(process, octaves, state, rows, summed, begin, end, day, reached_past, reached_new, background)
        rows[end, DAY], rows[end, M], rows[end, FROM_PAST] = day, m, from_past
        kth = (end - begin) % len(recent)
        quiet = _scaled(process.times, day - recent[kth - 1])
        pace = _scaled(process.times, (day - recent[kth]) / len(recent))
        recent[kth] = day
        share = _independence(process.kinds, state, rows[end, SOURCE] == OF_BACKGROUND)
        rows[end, INDEPENDENCE] = share
        strength = math.exp(_logged(process.places.productivity, m, share, quiet, pace))
        summed[end - begin + 1] = summed[end - begin] + strength
        queue, waiting = _offspring(process, state, queue, waiting, rows[end], share, quiet, pace)
        queue, waiting = _successors(process, state, queue, waiting, day, share, from_past)
        active += share / process.activity.independent_per_day * (1.0 - process.activity.steady) * law.inverse_days
        end += 1
    return rows, queue, summed, end


@nb.njit(cache=True, nogil=True)
def _logged(law, m, share, quiet, pace):
    of_time = law.by_quiet * quiet + law.by_pace * pace
    return law.constant + law.by_m * m + law.by_independence * (share - 0.5) + of_time


@nb.njit(cache=True, nogil=True)
def _scaled(times, gap):
    return max((math.log(gap / times.gap_days + times.least_gap) - times.gap_mean) / times.gap_sd, times.busiest)


@nb.njit(cache=True, nogil=True)
def _immigrants(process, state, queue):
    """Times of the background and of direct aftershocks of the past."""
    history, waiting = process.history, 0
    law, length = process.activity, process.end_day - process.start_day
    for _ in range(poisson(state, law.usual * law.steady * length, process.most)):
        day = process.start_day + length * uniform(state)
        queue, waiting = push(queue, waiting, within(day, process.start_day, process.end_day), 0.0)
    reach = -math.expm1(-length * law.inverse_days)
    for _ in range(poisson(state, law.usual * law.late * reach / law.inverse_days, process.most)):
        day = process.start_day + _fading(state, law, reach)
        queue, waiting = push(queue, waiting, within(day, process.start_day, process.end_day), 0.0)
    for _ in range(poisson(state, history.expected, process.most)):
        source = history.direct[pick(state, history.keep, history.other)]
        day = source[0] + when(state, process.times, source[1], source[2], 0)
        queue, waiting = push(queue, waiting, within(day, process.start_day, process.end_day), 1.0)
    return queue, waiting


@nb.njit(cache=True, nogil=True)
def _fading(state, law, reach):
    """Days that fade as the activity does, within those of which a share `reach` lies."""
    return -math.log1p(-reach * uniform(state)) / law.inverse_days


@nb.njit(cache=True, nogil=True)
def _successors(process, state, queue, waiting, day, share, from_past):
    """Times of the background that an event independent with probability `share` keeps up."""
    law = process.activity
    reach = -math.expm1(-(process.end_day - day) * law.inverse_days)
    expected = law.usual * (1.0 - law.steady) * share * reach / law.independent_per_day
    for _ in range(poisson(state, expected, process.most)):
        later = within(day + _fading(state, law, reach), day, process.end_day)
        queue, waiting = push(queue, waiting, later, from_past)
    return queue, waiting


@nb.njit(cache=True, nogil=True)
def _offspring(process, state, queue, waiting, event, share, quiet, pace):
    """Times of the direct aftershocks of an event that fall into the region."""
    law, places, radius_km = process.times, process.places, process.raster.radius_km
    h_now = integral_from(law.h, law.c_days)
    h_end = integral_from(law.h, process.end_day - event[DAY] + law.c_days)
    expected = math.exp(_logged(law.productivity, event[M], share, quiet, pace)) * (h_now - h_end)
    number = poisson(state, expected, process.most)
    spread = _spread(places, event[M], event[SPACING])
    for _ in range(number):
        if len(process.raster.edges) > 0:
            place = moved(state, event[X], event[Y], event[Z], spread, places.rho, radius_km)
            if not contains(process.raster, place[0], place[1], place[2]):
                continue
        day = within(event[DAY] + when(state, law, h_now, h_end, 0), event[DAY], process.end_day)
        queue, waiting = push(queue, waiting, day, event[FROM_PAST])
    return queue, waiting


@nb.njit(cache=True, nogil=True)
def _spread(places, m, spacing_km):
    return math.exp(places.ln_d + places.by_m * m + places.by_spacing * math.log(spacing_km / places.spacing_km))


@nb.njit(cache=True, nogil=True)
def _place(process, octaves, state, rows, summed, begin, end, day, reached_past, reached_new, background):
    """Draw the place of event `end`, which happens on `day`, and note next to what it fell."""
    places, history, radius_km = process.places, process.history, process.raster.radius_km
    n = end - begin
    advance(reached_past, history.days, len(history.days), day, octaves)
    advance(reached_new, rows[begin:end, DAY], n, day, octaves)
    past = bounds(history.summed, reached_past, len(history.days), octaves)
    new = bounds(summed, reached_new, n, octaves)
    total = background + past + new
    while True:
        u = uniform(state) * total
        if u < background:
            _place_of_background(process, state, rows, begin, end, day)
            return
        if u < background + past:
            j = member(history.summed, reached_past, len(history.days), octaves, u - background)
            if uniform(state) > kept(day - history.days[j], places, octaves):
                continue
            x, y, z = history.xyz_km[j, 0], history.xyz_km[j, 1], history.xyz_km[j, 2]
            spread, spacing, source = history.spread_km2[j], history.spacing_km[j], float(j)
        else:
            j = begin + member(summed, reached_new, n, octaves, u - background - past)
            if uniform(state) > kept(day - rows[j, DAY], places, octaves):
                continue
            x, y, z, spacing, source = rows[j, X], rows[j, Y], rows[j, Z], rows[j, SPACING], OF_SIMULATED
            spread = _spread(places, rows[j, M], spacing)
        place = moved(state, x, y, z, spread, places.rho, radius_km)
        if contains(process.raster, place[0], place[1], place[2]):
            rows[end, X], rows[end, Y], rows[end, Z] = place
            rows[end, SOURCE], rows[end, SPACING] = source, spacing
            return


@nb.njit(cache=True, nogil=True)
def _place_of_background(process, state, rows, begin, end, day):
    """A place of the background: evenly spread, near a past event, or near a simulated one, until it is inside.

    No simulated event counts for more than one, so that their number bounds their weight.
    """
    ground, history = process.ground, process.history
    rows[end, SOURCE], rows[end, SPACING] = OF_BACKGROUND, process.places.spacing_km
    even = uniform(state) < ground.even_share or len(ground.keep) == 0
    old = ground.weight * math.exp(-(day - process.start_day) * ground.inverse_fade)
    tries = 0
    while True:
        tries += 1
        if even or tries > MOST_TRIES:
            place = anywhere(state, process.raster)
        else:
            u = uniform(state) * (old + (end - begin))
            if u < old:
                j = pick(state, ground.keep, ground.other)
                x, y, z, spacing = (
                    history.xyz_km[j, 0],
                    history.xyz_km[j, 1],
                    history.xyz_km[j, 2],
                    history.spacing_km[j],
                )
            else:
                j = begin + int(uniform(state) * (end - begin))
                if uniform(state) > rows[j, INDEPENDENCE] * math.exp(-(day - rows[j, DAY]) * ground.inverse_fade):
                    continue
                x, y, z, spacing = rows[j, X], rows[j, Y], rows[j, Z], rows[j, SPACING]
            place = moved(state, x, y, z, spacing * spacing, 1.0, process.raster.radius_km)
            rows[end, SPACING] = spacing
        if contains(process.raster, place[0], place[1], place[2]):
            rows[end, X], rows[end, Y], rows[end, Z] = place
            return


@nb.njit(cache=True, nogil=True)
def _independence(kinds, state, background):
    if background:
        return kinds.independence[pick(state, kinds.keep_background, kinds.other_background)]
    return kinds.independence[pick(state, kinds.keep_triggered, kinds.other_triggered)]


@nb.njit(cache=True, nogil=True)
def _with_room(rows, needed):
    if needed <= len(rows):
        return rows
    larger = np.empty((max(needed, 2 * len(rows)), COLUMNS))
    larger[: len(rows)] = rows
    return larger


@nb.njit(cache=True, nogil=True)
def _with_length(summed, needed):
    if needed <= len(summed):
        return summed
    longer = np.zeros(max(needed, 2 * len(summed)))
    longer[: len(summed)] = summed
    return longer
