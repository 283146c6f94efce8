"""Which team goes where in which order: the plan of search and rescue, and the plan after a road is lost."""

from dataclasses import dataclass, replace

import numpy as np

from houfeng.errors import InputError
from houfeng.response.demand import LEVEL
from houfeng.response.survival import KOBE_1995
from houfeng.response.teams import RescueTask, RescueTravel, level_numbers
from houfeng.values import Estimate

#: Iterations of the search where nothing else is asked.
ITERATIONS = 50_000

#: Step of the table of survival, s.
_STEP_S = 600.0

#: Why nobody goes to a site, by language; ``{need}`` and ``{have}`` are filled in.
REASONS = {
    "nobody": {"en": "nobody is expected to be trapped there", "zh": "预计无人被困"},
    "no_team": {"en": "there is no team", "zh": "没有可用的救援队"},
    "level": {"en": "it needs a {need} team and there is none", "zh": "需要{need}级救援队，目前没有"},
    "unreachable": {"en": "no open road leads there and back", "zh": "没有可通行的往返道路"},
    "shift": {
        "en": "the way and the work take {need} h, longer than any shift that could ({have} h)",
        "zh": "路程与作业共需{need}小时，超过可用班次（{have}小时）",
    },
    "capacity": {
        "en": "{need} people are more than any team that could go can get out ({have})",
        "zh": "被困{need}人，超过可前往救援队的能力（{have}人）",
    },
    "busy": {
        "en": "every team that could go is busy until the end of its shift",
        "zh": "可前往的救援队在班次内均已排满",
    },
}

_LEVEL_ZH = {"light": "轻型", "medium": "中型", "heavy": "重型"}


@dataclass(frozen=True, slots=True)
class Visit:
    """One team at one site.

    Attributes
    ----------
    team_id, site_id
        Who and where.
    arrive_s, leave_s
        Begin and end of the work, s after the earthquake.
    trapped
        People trapped there right after the earthquake.
    survivors
        People got out alive, see :func:`plan_rescue`.
    """

    team_id: str
    site_id: str
    arrive_s: float
    leave_s: float
    trapped: Estimate
    survivors: Estimate


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A site nobody goes to.

    Attributes
    ----------
    site_id, trapped
        Where, and how many people.
    reason
        One of :data:`REASONS`.
    need, have
        What it would take and what there is, where that is a matter of number or class.
    """

    site_id: str
    trapped: Estimate
    reason: str
    need: str = ""
    have: str = ""

    def why(self, language: str = "en") -> str:
        """The reason in ``en`` or ``zh``."""
        need = _LEVEL_ZH.get(self.need, self.need) if language == "zh" else self.need
        return REASONS[self.reason][language].format(need=need, have=self.have)


@dataclass(frozen=True, eq=False)
class RescuePlan:
    """Routes of all teams.

    Attributes
    ----------
    task
        What was asked.
    routes : tuple of tuple of int
        For each team the rows of its sites in order.
    visits
        The same with times, team by team.
    left_out
        Sites nobody goes to, with the reason.
    back_s : ndarray, shape (k,)
        When each team is back at its base, s after the earthquake; NaN for one that stays there.
    survivors
        People got out alive by the teams.
    trapped
        People trapped at all sites.
    cost
        What was minimised: people lost, or person-hours until people are out (sites left out excluded).
    """

    task: RescueTask
    routes: tuple[tuple[int, ...], ...]
    visits: tuple[Visit, ...]
    left_out: tuple[LeftOut, ...]
    back_s: np.ndarray
    survivors: Estimate
    trapped: Estimate
    cost: float

    @property
    def team_of(self) -> dict[str, str]:
        """Team of each site that is visited."""
        return {visit.site_id: visit.team_id for visit in self.visits}


@dataclass(frozen=True, eq=False)
class RescueChange:
    """A plan after the travel times changed.

    Attributes
    ----------
    plan
        The new plan.
    touched
        Teams whose way changed.
    moved
        Sites that another team takes over, that are newly visited, or that nobody can visit any more.
    """

    plan: RescuePlan
    touched: tuple[str, ...]
    moved: tuple[str, ...]


def plan_rescue(
    task: RescueTask, *, rng: np.random.Generator, iterations: int = ITERATIONS, seconds: float | None = None
) -> RescuePlan:
    """Routes that lose few people, within the shift, the capacity and the class of every team.

    The expected number of survivors takes the mean number of trapped and the survival curve of the task, averaged
    over the work at each site; its low end the low number and the Kobe 1995 curve, its high end the high number and
    the curve of the task. Both shares are of people brought out, see :mod:`houfeng.response.survival`.

    Parameters
    ----------
    task
        What is asked.
    rng
        One number is drawn from it; same state and iterations, same plan.
    iterations
        Budget of the search; it does not depend on the speed of the machine.
    seconds
        If given, search for so long instead (the plan then depends on the machine).

    Raises
    ------
    InputError
        When the budget is not positive. Everything else is answered with the best partial plan: no team, no open
        road or no time leaves sites out, each with its reason.
    """
    if not (iterations >= 0 and (seconds is None or seconds > 0)):
        raise InputError(f"the search has no budget: {iterations} iterations, {seconds} s; give a positive one")
    seed = int(rng.integers(2**63))
    routes = _searched(task, [[] for _ in range(len(task.teams))], seed=seed, iterations=iterations, seconds=seconds)
    return _told(task, routes)


def replan_rescue(
    plan: RescuePlan, travel: RescueTravel, *, rng: np.random.Generator, iterations: int = 5_000,
    move_cost: float = 0.05,
) -> RescueChange:  # fmt: skip
    """The plan after travel times changed: only teams whose way changed are planned again.

    Their sites may go to any team, at a price; the others keep their sites and their order, and may only take on
    more. Without a change nothing moves.

    Parameters
    ----------
    move_cost
        Price of giving a site to another team, as a share of the mean cost of one site.
    """
    task = replace(plan.task, travel=travel)
    teams = task.teams.team_id
    touched = np.array([_way_changed(plan.task.travel, travel, k, route) for k, route in enumerate(plan.routes)], bool)
    old = {site: k for k, route in enumerate(plan.routes) for site in route}
    reachable = np.isfinite(travel.base_to_site) & np.isfinite(travel.site_to_base)
    before = np.isfinite(plan.task.travel.base_to_site) & np.isfinite(plan.task.travel.site_to_base)
    if not touched.any() and not (reachable & ~before).any():
        return RescueChange(replace(_told(task, plan.routes), left_out=plan.left_out), (), ())
    movable, anchor = np.ones(len(task.sites), bool), np.full(len(task.sites), -1, np.int32)
    for site, k in old.items():
        movable[site], anchor[site] = touched[k], k
    given = [[] if touched[k] else list(route) for k, route in enumerate(plan.routes)]
    for k in np.flatnonzero(touched):
        given[k] = _still_possible(task, k, plan.routes[k])
    routes = _searched(
        task, given, seed=int(rng.integers(2**63)), iterations=iterations, seconds=None, movable=movable,
        anchor=anchor, move_cost=move_cost,
    )  # fmt: skip
    new = {site: k for k, route in enumerate(routes) for site in route}
    moved = [task.sites.site_id[site] for site in range(len(task.sites)) if old.get(site) != new.get(site)]
    return RescueChange(_told(task, routes), tuple(teams[k] for k in np.flatnonzero(touched)), tuple(moved))


def _legs(travel: RescueTravel, k: int, route: tuple[int, ...]) -> np.ndarray:
    """Travel times along a route, out and back."""
    if not route:
        return np.zeros(0)
    between = [travel.site_to_site[a, b] for a, b in zip(route, route[1:], strict=False)]
    return np.array([travel.base_to_site[k, route[0]], *between, travel.site_to_base[k, route[-1]]])


def _way_changed(old: RescueTravel, new: RescueTravel, k: int, route: tuple[int, ...]) -> bool:
    """Whether a route takes another time than before (more than a second on a leg)."""
    before, after = _legs(old, k, route), _legs(new, k, route)
    return bool((np.abs(np.where(np.isfinite(after), after, 1e12) - before) > 1.0).any())


def _still_possible(task: RescueTask, k: int, route: tuple[int, ...]) -> list[int]:
    """The sites of a route that its team can still do in this order, back within its shift."""
    kept: list[int] = []
    end = task.teams.start_s[k] + task.teams.shift_s[k]
    now = task.teams.start_s[k]
    for site in route:
        way = task.travel.site_to_site[kept[-1], site] if kept else task.travel.base_to_site[k, site]
        done = now + way + task.sites.service_s[site]
        if done + task.travel.site_to_base[k, site] <= end:
            kept.append(site)
            now = done
    return kept


def _fits(task: RescueTask) -> np.ndarray:
    """Whether a team may work at a site: class, road, and somebody to save; shape (k, n)."""
    sites, teams, travel = task.sites, task.teams, task.travel
    need = level_numbers(sites.level, len(sites), of="rescue sites")
    have = level_numbers(teams.level, len(teams), of="rescue teams")
    open_way = np.isfinite(travel.base_to_site) & np.isfinite(travel.site_to_base)
    return (have[:, None] >= need) & open_way & (sites.trapped.mean > 0)


def _searched(
    task: RescueTask, given: list[list[int]], *, seed: int, iterations: int, seconds: float | None,
    movable: np.ndarray | None = None, anchor: np.ndarray | None = None, move_cost: float = 0.0,
) -> tuple[tuple[int, ...], ...]:  # fmt: skip
    """Ask :func:`houfeng.response.team_search.search`; nothing is asked of it where nobody can go anywhere."""
    fits = _fits(task)
    if not fits.any():
        return tuple(() for _ in given)
    from houfeng.response.team_search import Problem, search

    n = len(task.sites)
    end_s = task.teams.start_s + task.teams.shift_s
    weight, linear = task.sites.trapped.mean, task.objective == "completion"
    grid_s = np.arange(0.0, end_s.max() + 2 * _STEP_S, _STEP_S)
    if linear:
        price, left = np.zeros((n, 2)), weight * 10.0 * (end_s.max() + 1.0)
    else:
        price = weight[:, None] * (
            1.0 - task.survival.mean_over(grid_s / 3600.0, task.sites.service_s[:, None] / 3600.0)
        )
        left = weight.copy()
    typical = float(left.mean()) if not linear else float(weight.mean() * end_s.mean())
    between = np.ascontiguousarray(task.travel.site_to_site)
    problem = Problem(
        out_s=np.ascontiguousarray(task.travel.base_to_site), home_s=np.ascontiguousarray(task.travel.site_to_base),
        between_s=between, into_s=between.T.copy(),
        near=np.argsort(between + between.T, axis=1, kind="stable").astype(np.int32),
        service_s=task.sites.service_s, weight=weight, linear=linear, price=price, step_s=_STEP_S, left_cost=left,
        fits=fits, start_s=task.teams.start_s, end_s=end_s, capacity=task.teams.capacity,
        anchor=np.full(n, -1, np.int32) if anchor is None else anchor, move_cost=move_cost * typical,
        movable=np.ones(n, bool) if movable is None else movable,
    )  # fmt: skip
    found = search(problem, given, seed=seed, iterations=iterations, seconds=seconds)
    return tuple(tuple(int(i) for i in found.order[k, : found.length[k]]) for k in range(len(task.teams)))


def _told(task: RescueTask, routes: tuple[tuple[int, ...], ...]) -> RescuePlan:
    """Times, survivors and reasons that follow from the routes."""
    visits, back_s, cost = [], np.full(len(task.teams), np.nan), 0.0
    for k, route in enumerate(routes):
        now = task.teams.start_s[k]
        for leg, site in zip(_legs(task.travel, k, route), route, strict=False):
            arrive, now = now + leg, now + leg + task.sites.service_s[site]
            visit = _visit(task, k, site, arrive)
            visits.append(visit)
            people = task.sites.trapped.mean[site]
            cost += people * now / 3600.0 if task.objective == "completion" else people - visit.survivors.value
        if route:
            back_s[k] = now + task.travel.site_to_base[k, route[-1]]
    there = {site for route in routes for site in route}
    left_out = tuple(_reason(task, site) for site in range(len(task.sites)) if site not in there)
    if task.objective == "survivors":
        cost += sum(left.trapped.value for left in left_out)
    survivors = Estimate(*(sum(getattr(v.survivors, end) for v in visits) for end in ("value", "low", "high")), LEVEL)
    return RescuePlan(task, routes, tuple(visits), left_out, back_s, survivors, task.sites.trapped.total, float(cost))


def _visit(task: RescueTask, k: int, site: int, arrive_s: float) -> Visit:
    work_s, trapped = task.sites.service_s[site], task.sites.trapped.row(site)
    share = float(task.survival.mean_over(arrive_s / 3600.0, work_s / 3600.0))
    worst = min(share, float(KOBE_1995.mean_over(arrive_s / 3600.0, work_s / 3600.0)))
    return Visit(
        team_id=task.teams.team_id[k], site_id=task.sites.site_id[site], arrive_s=float(arrive_s),
        leave_s=float(arrive_s + work_s), trapped=trapped,
        survivors=Estimate(trapped.value * share, trapped.low * worst, trapped.high * share, LEVEL),
    )  # fmt: skip


def _reason(task: RescueTask, site: int) -> LeftOut:
    """Why nobody goes to `site`: the first thing that stands in the way."""
    sites, teams, travel = task.sites, task.teams, task.travel
    site_id, trapped = sites.site_id[site], sites.trapped.row(site)
    if trapped.value == 0:
        return LeftOut(site_id, trapped, "nobody")
    if not len(teams):
        return LeftOut(site_id, trapped, "no_team")
    need = level_numbers(sites.level[site : site + 1], 1, of="rescue sites")[0]
    able = level_numbers(teams.level, len(teams), of="rescue teams") >= need
    if not able.any():
        return LeftOut(site_id, trapped, "level", need=sites.level[site])
    way_s = travel.base_to_site[:, site] + travel.site_to_base[:, site]
    able &= np.isfinite(way_s)
    if not able.any():
        return LeftOut(site_id, trapped, "unreachable")
    whole_s = way_s + sites.service_s[site]
    in_time = able & (whole_s <= teams.shift_s)
    if not in_time.any():
        need_h, have_h = whole_s[able].min() / 3600, teams.shift_s[able].max() / 3600
        return LeftOut(site_id, trapped, "shift", need=f"{need_h:.1f}", have=f"{have_h:.1f}")
    strong = in_time & (trapped.value <= teams.capacity)
    if not strong.any():
        have = teams.capacity[in_time].max()
        return LeftOut(site_id, trapped, "capacity", need=f"{trapped.value:.1f}", have=f"{have:g}")
    return LeftOut(site_id, trapped, "busy")
