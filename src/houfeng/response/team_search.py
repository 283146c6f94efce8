"""Search for good routes of rescue teams: ruin a few neighbouring strings, rebuild greedily, anneal.

The method is the slack induction by string removals of Christiaens and Vanden Berghe (2020, Transportation Science
54, 417-433, doi:10.1287/trsc.2019.0914), with the price of a delay of the rest of a route in place of its length.
All times in seconds after the earthquake. Only compiled code and its arrays live here; :mod:`houfeng.response.teams`
says what they mean.
"""

import math
import time
from typing import NamedTuple

import numba as nb
import numpy as np

#: Sites removed in one iteration, on average, and the longest string taken from one route.
_REMOVED, _LONGEST = 8.0, 8.0
#: Chance that a good place is overlooked, which keeps the greedy rebuilding from repeating itself.
_BLINK = 0.01
#: Sites that were left out before, tried again in one iteration, on average; all of them would take too long.
_RETRIED = 6.0
#: First and last temperature of the annealing, as a share of the mean cost of one site.
_HOT, _COLD = 0.10, 0.001
#: Iterations between two looks at the clock, where a limit in seconds is asked for.
_CHUNK = 500


class Problem(NamedTuple):
    """What is asked, as arrays; k teams, n sites.

    Attributes
    ----------
    out_s, home_s : ndarray of float64, shape (k, n)
        Travel from the base of a team to a site and back, s; infinite where there is no way.
    between_s : ndarray of float64, shape (n, n)
        Travel between sites, s; row to column.
    into_s : ndarray of float64, shape (n, n)
        The same, column to row.
    near : ndarray of int32, shape (n, n)
        Sites by travel time from each site, itself first.
    service_s, weight : ndarray of float64, shape (n,)
        Work at a site, s, and people trapped there.
    linear : bool
        Whether the cost of a site is its weight times the time of its completion, s; else `price` holds.
    price : ndarray of float64, shape (n, bins)
        Cost of a site by the time work begins there, on a grid from 0 in steps of `step_s`.
    step_s : float
    left_cost : ndarray of float64, shape (n,)
        Cost of a site nobody goes to.
    fits : ndarray of bool, shape (k, n)
        Whether a team may work at a site at all.
    start_s, end_s, capacity : ndarray of float64, shape (k,)
        When a team sets out, when it must be back, and how many people it can get out in that time.
    anchor : ndarray of int32, shape (n,)
        The team a site should stay with, -1 for none.
    move_cost : float
        Cost of giving a site to a team that is not its anchor.
    movable : ndarray of bool, shape (n,)
        Sites that may be taken out of the route they are in.
    """

    out_s: np.ndarray
    home_s: np.ndarray
    between_s: np.ndarray
    into_s: np.ndarray
    near: np.ndarray
    service_s: np.ndarray
    weight: np.ndarray
    linear: bool
    price: np.ndarray
    step_s: float
    left_cost: np.ndarray
    fits: np.ndarray
    start_s: np.ndarray
    end_s: np.ndarray
    capacity: np.ndarray
    anchor: np.ndarray
    move_cost: float
    movable: np.ndarray


class Routes(NamedTuple):
    """Who goes where in which order, and what follows from it.

    Attributes
    ----------
    order : ndarray of int32, shape (k, n)
        Sites of each team; the first `length` count.
    length : ndarray of int32, shape (k,)
    team : ndarray of int32, shape (n,)
        Team of each site, -1 for none.
    arrive_s, leave_s, cost, tail : ndarray of float64, shape (k, n)
        Along a route: begin and end of work, cost, and weight from here to the end.
    load, back_s, total : ndarray of float64, shape (k,)
        People on a route, time back at the base, and cost of the route.
    """

    order: np.ndarray
    length: np.ndarray
    team: np.ndarray
    arrive_s: np.ndarray
    leave_s: np.ndarray
    cost: np.ndarray
    tail: np.ndarray
    load: np.ndarray
    back_s: np.ndarray
    total: np.ndarray


def empty_routes(teams: int, sites: int) -> Routes:
    """Nobody goes anywhere yet."""
    table, column = (lambda: np.zeros((teams, sites))), (lambda: np.zeros(teams))
    return Routes(
        order=np.zeros((teams, sites), np.int32), length=np.zeros(teams, np.int32),
        team=np.full(sites, -1, np.int32), arrive_s=table(), leave_s=table(), cost=table(), tail=table(),
        load=column(), back_s=column(), total=column(),
    )  # fmt: skip


def search(problem: Problem, given: list[list[int]], *, seed: int, iterations: int, seconds: float | None) -> Routes:
    """The best routes found from `given` ones (sites of each team in order) within a budget.

    Parameters
    ----------
    seed
        Of the generator inside.
    iterations
        Budget; the same seed and budget give the same routes on every machine.
    seconds
        If given, the budget is wall-clock time instead, and the result depends on the machine.
    """
    routes = empty_routes(*problem.fits.shape)
    for k, sites in enumerate(given):
        routes.order[k, : len(sites)] = sites
        routes.length[k] = len(sites)
        routes.team[sites] = k
    state = np.array([seed], np.uint64)
    begin(problem, routes, state)
    best = Routes(*(column.copy() for column in routes))
    mean = cost_of(problem, routes) / max(1, len(problem.weight))
    hot, cold = _HOT * mean, _COLD * mean
    if seconds is None:
        anneal(problem, routes, best, state, iterations, hot, cold)
        begin(problem, best, state)
        return best
    clock = time.perf_counter()
    share = 0.0
    while share < 1.0:
        now = hot * (cold / hot) ** share if hot > 0 else 0.0
        anneal(problem, routes, best, state, _CHUNK, now, now)
        share = (time.perf_counter() - clock) / seconds
    begin(problem, best, state)
    return best


@nb.njit(cache=True)
def _uniform(state: np.ndarray) -> float:
    """Next number in [0, 1): splitmix64 (Steele, Lea and Flood 2014, doi:10.1145/2714064.2660195)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@nb.njit(cache=True, inline="always")
def _on_grid(row: np.ndarray, x: float) -> float:
    """A row of prices at `x` steps, straight between its points and flat after the last."""
    i = int(x)
    if i >= len(row) - 1:
        return row[-1]
    return row[i] + (x - i) * (row[i + 1] - row[i])


@nb.njit(cache=True)
def _refresh(p: Problem, r: Routes, k: int) -> None:
    """Times, costs and loads along the route of team `k`."""
    now, load, total = p.start_s[k], 0.0, 0.0
    n = r.length[k]
    for j in range(n):
        site = r.order[k, j]
        now += p.out_s[k, site] if j == 0 else p.between_s[r.order[k, j - 1], site]
        r.arrive_s[k, j] = now
        work = p.service_s[site]
        r.cost[k, j] = p.weight[site] * (now + work) if p.linear else _on_grid(p.price[site], now / p.step_s)
        total += r.cost[k, j]
        if p.anchor[site] >= 0 and p.anchor[site] != k:
            total += p.move_cost
        now += work
        r.leave_s[k, j] = now
        load += p.weight[site]
    r.back_s[k] = now + p.home_s[k, r.order[k, n - 1]] if n else p.start_s[k]
    tail = 0.0
    for j in range(n - 1, -1, -1):
        tail += p.weight[r.order[k, j]]
        r.tail[k, j] = tail
    r.load[k], r.total[k] = load, total


@nb.njit(cache=True)
def cost_of(p: Problem, r: Routes) -> float:
    """Cost of all routes and of the sites left out."""
    total = r.total.sum()
    for site in range(len(r.team)):
        if r.team[site] < 0:
            total += p.left_cost[site]
    return total


@nb.njit(cache=True)
def _best_place(p: Problem, r: Routes, site: int, state: np.ndarray, blink: float) -> tuple[float, int, int]:
    """Cheapest insertion that keeps shift and capacity: its cost, team (-1 for none) and position."""
    best, best_team, best_place = p.left_cost[site], -1, -1
    work, weight, linear, inverse = p.service_s[site], p.weight[site], p.linear, 1.0 / p.step_s
    row, onward, hither = p.price[site], p.between_s[site], p.into_s[site]
    for k in range(len(r.length)):
        if not p.fits[k, site] or not r.load[k] + weight <= p.capacity[k]:
            continue
        fee = p.move_cost if p.anchor[site] >= 0 and p.anchor[site] != k else 0.0
        n, order, arrive_s, leave_s, tail = r.length[k], r.order[k], r.arrive_s[k], r.leave_s[k], r.tail[k]
        spare = p.end_s[k] - r.back_s[k]
        for place in range(n + 1):
            begin_s = leave_s[place - 1] + hither[order[place - 1]] if place else p.start_s[k] + p.out_s[k, site]
            cost = fee + (weight * (begin_s + work) if linear else _on_grid(row, begin_s * inverse))
            if place == n:
                if not begin_s + work + p.home_s[k, site] <= p.end_s[k]:
                    continue
            else:
                shift = begin_s + work + onward[order[place]] - arrive_s[place]
                if not shift <= spare:
                    continue
                if linear:
                    cost += tail[place] * shift
                else:
                    for j in range(place, n):
                        if cost >= best and shift >= 0.0:
                            break
                        cost += _on_grid(p.price[order[j]], (arrive_s[j] + shift) * inverse) - r.cost[k, j]
            if cost < best and (blink == 0.0 or _uniform(state) >= blink):
                best, best_team, best_place = cost, k, place
    return best, best_team, best_place


@nb.njit(cache=True)
def _insert(p: Problem, r: Routes, site: int, k: int, place: int) -> None:
    for j in range(r.length[k], place, -1):
        r.order[k, j] = r.order[k, j - 1]
    r.order[k, place] = site
    r.length[k] += 1
    r.team[site] = k
    _refresh(p, r, k)


@nb.njit(cache=True)
def _remove_string(p: Problem, r: Routes, site: int, many: int, state: np.ndarray) -> None:
    """Take up to `many` movable sites around `site` out of its route."""
    k = r.team[site]
    n = r.length[k]
    at = 0
    while r.order[k, at] != site:
        at += 1
    first = max(0, at - many + 1) + int(_uniform(state) * (min(at, n - many) - max(0, at - many + 1) + 1))
    kept = first
    for j in range(first, n):
        other = r.order[k, j]
        if j < first + many and p.movable[other]:
            r.team[other] = -1
        else:
            r.order[k, kept] = other
            kept += 1
    r.length[k] = kept
    _refresh(p, r, k)


@nb.njit(cache=True)
def _ruin(p: Problem, r: Routes, state: np.ndarray) -> None:
    """Take a few strings of neighbouring sites out of as many routes."""
    n, teams = len(r.team), len(r.length)
    served, used = r.length.sum(), max(1, np.count_nonzero(r.length))
    longest = min(_LONGEST, served / used)
    strings = int(_uniform(state) * (4.0 * _REMOVED / (1.0 + longest) - 1.0)) + 1
    ruined = np.zeros(teams, np.bool_)
    centre = int(_uniform(state) * n)
    for j in range(n):
        site = p.near[centre, j]
        k = r.team[site]
        if k < 0 or ruined[k] or not p.movable[site]:
            continue
        many = int(1.0 + _uniform(state) * min(longest, float(r.length[k])))
        _remove_string(p, r, site, min(many, r.length[k]), state)
        ruined[k] = True
        strings -= 1
        if strings <= 0:
            break


@nb.njit(cache=True)
def _rebuild(p: Problem, r: Routes, left_before: np.ndarray, state: np.ndarray, blink: float) -> None:
    """Give sites without a team the cheapest place, in an order drawn by lot; some of those `left_before`."""
    retried = _RETRIED / max(_RETRIED, np.count_nonzero(left_before))
    wanted = r.team < 0
    for site in np.flatnonzero(left_before):
        wanted[site] = _uniform(state) < retried
    waiting = np.flatnonzero(wanted)
    key = np.empty(len(waiting))
    kind = _uniform(state)
    for j, site in enumerate(waiting):
        if kind < 0.4:
            key[j] = _uniform(state)
        elif kind < 0.8:
            key[j] = -p.weight[site] / (p.service_s[site] + 1.0)
        else:
            key[j] = -p.weight[site]
    for j in np.argsort(key):
        site = waiting[j]
        _, k, place = _best_place(p, r, site, state, blink)
        if k >= 0:
            _insert(p, r, site, k, place)


@nb.njit(cache=True)
def _copy(source: Routes, target: Routes) -> None:
    for k in range(len(source.length)):
        n = source.length[k]
        target.length[k] = n
        for j in range(n):
            target.order[k, j] = source.order[k, j]
            target.arrive_s[k, j] = source.arrive_s[k, j]
            target.leave_s[k, j] = source.leave_s[k, j]
            target.cost[k, j] = source.cost[k, j]
            target.tail[k, j] = source.tail[k, j]
        target.load[k], target.back_s[k], target.total[k] = source.load[k], source.back_s[k], source.total[k]
    for site in range(len(source.team)):
        target.team[site] = source.team[site]


@nb.njit(cache=True)
def begin(p: Problem, r: Routes, state: np.ndarray) -> None:
    """Bring times and costs of the given routes up to date and place who is still without a team."""
    for k in range(len(r.length)):
        _refresh(p, r, k)
    _rebuild(p, r, np.zeros(len(r.team), np.bool_), state, 0.0)


@nb.njit(cache=True)
def anneal(p: Problem, r: Routes, best: Routes, state: np.ndarray, iterations: int, hot: float, cold: float) -> None:
    """Ruin and rebuild `iterations` times from `r`; `best` is overwritten where something better is found."""
    now, least = cost_of(p, r), cost_of(p, best)
    kept = Routes(
        r.order.copy(), r.length.copy(), r.team.copy(), r.arrive_s.copy(), r.leave_s.copy(), r.cost.copy(),
        r.tail.copy(), r.load.copy(), r.back_s.copy(), r.total.copy(),
    )  # fmt: skip
    factor = (cold / hot) ** (1.0 / max(1, iterations)) if hot > 0.0 else 1.0
    heat = hot
    for _ in range(iterations):
        left_before = r.team < 0
        _ruin(p, r, state)
        _rebuild(p, r, left_before, state, _BLINK)
        cost = cost_of(p, r)
        if cost < now - heat * math.log(max(_uniform(state), 1e-300)):
            now = cost
            _copy(r, kept)
            if cost < least - 1e-9 * abs(least):
                least = cost
                _copy(r, best)
        else:
            _copy(kept, r)
        heat *= factor
