"""Which few of many places to open: a Lagrangian bound, the sets it points at, and swaps between them.

The relaxation prices each person served (Geoffrion 1974, doi:10.1007/BFb0120690); what remains are one continuous
knapsack for each place and the choice of the best few, so the bound equals that of the strong linear programme of the
capacitated p-median problem. Every set is then valued exactly by a transport problem.
"""

from dataclasses import dataclass

import numpy as np

from houfeng.response.transport import Transport, transport

#: Steps of the subgradient search, and transport problems solved at most.
STEPS, TRIALS = 400, 110
#: Without a better bound for so many steps, the step is halved.
_PATIENCE = 12
#: A set this close to the bound is good enough, as a share.
_CLOSE = 1e-4


@dataclass(frozen=True, eq=False)
class Located:
    """The best set found.

    Attributes
    ----------
    opened : ndarray of int
        Rows of the places.
    transport
        Who goes where, rows as in `opened`.
    cost, bound : float
        Person-seconds, missing people at the penalty; and no set can do better than the bound.
    """

    opened: np.ndarray
    transport: Transport
    cost: float
    bound: float


def locate(travel_s: np.ndarray, capacity: np.ndarray, people: np.ndarray, most: int) -> Located:
    """Open at most `most` places.

    Parameters
    ----------
    travel_s : ndarray, shape (m, n)
        Seconds from places to zones; infinite: not possible.
    capacity : ndarray, shape (m,)
    people : ndarray, shape (n,)
    """
    longest = travel_s[np.isfinite(travel_s)].max(initial=1.0) or 1.0
    penalty = longest * (2 * min(len(capacity), len(people)) + 2)
    search = _Search(travel_s, capacity, people, penalty)
    if most >= len(capacity):
        every = np.arange(len(capacity))
        cost = search.value(every)
        return Located(every, search.known[tuple(every)][1], cost, cost)
    bound, sets = _relaxed(search, most)
    best = min(sets, key=search.value)
    best = _swapped(search, best, bound)
    return Located(best, search.known[tuple(best)][1], search.value(best), bound)


class _Search:
    """Remembers the value of every set that was tried."""

    def __init__(self, travel_s: np.ndarray, capacity: np.ndarray, people: np.ndarray, penalty: float) -> None:
        self.travel_s, self.capacity, self.people, self.penalty = travel_s, capacity, people, penalty
        self.known: dict[tuple[int, ...], tuple[float, Transport]] = {}

    def value(self, places: np.ndarray) -> float:
        key = tuple(int(i) for i in places)
        if key not in self.known:
            done = transport(self.travel_s[places], self.capacity[places], self.people)
            way = np.where(done.flow > 0, self.travel_s[places], 0.0)
            self.known[key] = (float((done.flow * way).sum() + done.missing.sum() * self.penalty), done)
        return self.known[key][0]

    def gains(self, price: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What each place earns at these prices for people served, and whom it serves; shapes (m,) and (m, n)."""
        margin = np.minimum(np.where(np.isfinite(self.travel_s), self.travel_s, np.inf) - price, 0.0)
        order = np.argsort(margin, axis=1)
        sorted_margin = np.take_along_axis(margin, order, axis=1)
        wanted = np.where(sorted_margin < 0, self.people[order], 0.0)
        before = np.cumsum(wanted, axis=1) - wanted
        served = np.clip(self.capacity[:, None] - before, 0.0, wanted)
        flow = np.zeros_like(served)
        np.put_along_axis(flow, order, served, axis=1)
        return -(sorted_margin * served).sum(axis=1), flow


def _relaxed(search: _Search, most: int) -> tuple[float, list[np.ndarray]]:
    """The bound, and a few sets met on the way to it."""
    people = search.people
    nearest = np.sort(np.where(np.isfinite(search.travel_s), search.travel_s, search.penalty), axis=0)
    price = nearest[min(most // 4 + 1, len(nearest) - 1)].copy()
    bound, theta, waited, met = -np.inf, 1.0, 0, {}
    best_price = price
    upper = np.inf
    for step in range(STEPS):
        gain, flow = search.gains(price)
        places = np.sort(np.argsort(-gain, kind="stable")[:most])
        value = float((people * price).sum() - gain[places].sum())
        if not value <= bound + 1e-7 * abs(value):
            bound, waited, best_price = value, 0, price
            met[tuple(places)] = step
        else:
            waited += 1
        if step % 40 == 0:
            upper = min(upper, search.value(places))
        if upper - bound <= _CLOSE * abs(upper):
            break
        if waited >= _PATIENCE:
            theta, waited, price = theta / 2, 0, best_price
            continue
        slack = people - flow[places].sum(axis=0)
        norm = float((slack**2).sum())
        if norm < 1e-12 or theta < 1e-4:
            break
        price = np.clip(price + theta * max(upper - value, 1e-3 * abs(upper)) / norm * slack, 0.0, search.penalty)
    newest = sorted(met, key=met.get)[-4:]
    return bound, [np.array(key) for key in {*newest, *search.known}]


def _swapped(search: _Search, places: np.ndarray, bound: float) -> np.ndarray:
    """Swap one place for another as long as that can help and trials remain."""
    best, trials = search.value(places), len(search.known) + TRIALS
    better = True
    while better and len(search.known) < trials and best - bound > _CLOSE * best:
        better = False
        done = search.known[tuple(int(i) for i in places)][1]
        gain, _ = search.gains(np.minimum(done.price, search.penalty))
        loss = _losses(search, places, done)
        shut = np.setdiff1d(np.argsort(-gain), places, assume_unique=True)[:12]
        pairs = [(gain[k] - loss[j], k, j) for k in shut for j in np.argsort(loss)[:6]]
        for _, k, j in sorted(pairs, reverse=True)[:24]:
            trial = np.sort(np.append(np.delete(places, j), k))
            if len(search.known) >= trials:
                break
            value = search.value(trial)
            if value < best * (1 - 1e-9):
                places, best, better = trial, value, True
                break
    return places


def _losses(search: _Search, places: np.ndarray, done: Transport) -> np.ndarray:
    """About what it costs to close each place: its people go to the next place, full or not."""
    travel_s = np.where(np.isfinite(search.travel_s[places]), search.travel_s[places], search.penalty)
    loss = np.empty(len(places))
    for j in range(len(places)):
        others = np.delete(travel_s, j, axis=0)
        next_s = others.min(axis=0) if len(others) else np.full(travel_s.shape[1], search.penalty)
        loss[j] = (done.flow[j] * (next_s - travel_s[j])).sum()
    return loss
