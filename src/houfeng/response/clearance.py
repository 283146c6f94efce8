"""Which blocked road to clear first: the order that brings most places back to help per minute of work."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.response.closures import Closures
from houfeng.response.travel import Router

#: A place further than this from every facility counts as this far, in minutes; so does one cut off.
CAP_MIN = 60.0


@dataclass(frozen=True, eq=False, slots=True)
class Clearance:
    """An order of clearing.

    Attributes
    ----------
    order : tuple of int
        Blockages in the order to clear them; those that help nobody are left out.
    done_min : ndarray of float64, shape (k,)
        Minutes of work after each of them.
    burden : ndarray of float64, shape (k + 1,)
        Weighted minutes to the nearest facility (at most the cap each) before the first and after each.
    reached : ndarray of float64, shape (k + 1,)
        Weight of the places that reach a facility at all, likewise.
    """

    order: tuple[int, ...]
    done_min: np.ndarray
    burden: np.ndarray
    reached: np.ndarray


def clearance_order(
    router: Router,
    closures: Closures,
    blockages: Sequence[np.ndarray],
    *,
    facilities: np.ndarray,
    places: np.ndarray,
    weight: np.ndarray | float = 1.0,
    work_min: np.ndarray | float = 60.0,
    cap_min: float = CAP_MIN,
) -> Clearance:
    """Order blockages greedily by weighted minutes saved per minute of work.

    Parameters
    ----------
    router : Router
        Of the network.
    closures : Closures
        In force now, those of the blockages among them.
    blockages : sequence of ndarray of int
        Edges that clearing each blockage opens.
    facilities, places : ndarray of int
        Nodes: where help is, and who needs it.
    weight : ndarray of shape (len(places),), or float
        People or buildings at each place.
    work_min : ndarray of shape (len(blockages),), or float
        Minutes to clear each; driving there is not counted.

    Notes
    -----
    Candidates at each step are single blockages and, as two in a row are worth nothing until both are gone, the
    sets of blockages on the ways that would be quickest to open to each place. Greedy, so not proven best.

    Raises
    ------
    InputError
        For no facility or place, weights below zero, or work that takes no time.
    """
    facilities, places = np.atleast_1d(np.asarray(facilities)), np.atleast_1d(np.asarray(places))
    weight = np.broadcast_to(np.asarray(weight, float), places.shape)
    work = np.broadcast_to(np.asarray(work_min, float), len(blockages)).copy()
    if not len(facilities) or not len(places):
        raise InputError("an order of clearing needs one facility and one place at least")
    if not (weight >= 0).all() or not (work > 0).all():
        raise InputError("weights are 0 or more, minutes of work above 0")
    # A blockage that shares an edge with another opens it only when both are gone.
    holders = np.zeros(router.network.n_edges, np.int64)
    for edges in blockages:
        holders[edges] += 1

    def state(left: set[int]) -> tuple[float, float, Closures]:
        still = np.zeros_like(holders)
        for blockage in left:
            still[blockages[blockage]] += 1
        now = closures.reopened(np.flatnonzero((holders > 0) & (still == 0)))
        seconds = router.under(now).matrix(facilities, places).min(axis=0)
        return *_told(seconds, weight, cap_min), now

    left, order, spent = set(range(len(blockages))), [], [0.0]
    burden, reached, now = state(left)
    burdens, reaches = [burden], [reached]
    while left:
        best = _best_step(router, now, blockages, left, work, facilities, places, burden, state)
        if best is None:
            break
        for blockage in best:
            left.remove(blockage)
            burden, reached, now = state(left)
            order.append(blockage)
            spent.append(spent[-1] + work[blockage])
            burdens.append(burden)
            reaches.append(reached)
    return Clearance(tuple(order), np.array(spent[1:]), np.array(burdens), np.array(reaches))


def _told(seconds: np.ndarray, weight: np.ndarray, cap_min: float) -> tuple[float, float]:
    """Weighted minutes, each at most the cap, and the weight of those who arrive at all."""
    burden = float(weight @ np.minimum(seconds.astype(float) / 60, cap_min))
    return burden, float(weight[np.isfinite(seconds)].sum())


def _best_step(router, now, blockages, left, work, facilities, places, burden, state) -> list[int] | None:
    """The set of blockages that saves most weighted minutes per minute of work, None if none saves any."""
    candidates = {(blockage,) for blockage in left}
    candidates |= _sets_on_the_way(router, now, blockages, left, work, facilities, places)
    best, best_rate = None, 1e-9
    for candidate in sorted(candidates):
        saved = burden - state(left - set(candidate))[0]
        rate = saved / work[list(candidate)].sum()
        if rate > best_rate * (1 + 1e-9):
            best, best_rate = list(candidate), rate
    return best


def _sets_on_the_way(router, now, blockages, left, work, facilities, places) -> set[tuple[int, ...]]:
    """For every place still held up, the blockages on the way that is quickest if clearing takes its time."""
    extra_s, held = np.zeros(router.network.n_edges), {}
    for blockage in sorted(left):
        for edge in blockages[blockage]:
            extra_s[edge] += 60 * work[blockage]
            held.setdefault(int(edge), []).append(blockage)
    passable = now.closed & (extra_s > 0)
    factor = 1 + extra_s / np.maximum(router.network.travel_time_s, 1e-3)
    softened = Closures(now.closed & ~passable, np.where(passable, factor, now.slowdown), now.source, now.simulated)
    soft, hard = router.under(softened), router.under(now)
    waiting = ~np.isfinite(hard.matrix(facilities, places).min(axis=0))
    if not waiting.any():
        return set()
    cut_off = np.unique(places[waiting])
    nearest = soft.matrix(facilities, cut_off)
    sets = set()
    for facility in np.unique(nearest.argmin(axis=0)):
        mine = cut_off[nearest.argmin(axis=0) == facility]
        for route in soft.routes(int(facilities[facility]), mine):
            met = {blockage for edge in route.edges if passable[edge] for blockage in held[int(edge)]}
            if len(met) > 1:
                sets.add(tuple(sorted(met)))
    return sets
