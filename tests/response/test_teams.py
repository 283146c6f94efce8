"""Rescue teams: what is asked, what comes out, and that no shift or capacity is ever broken."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.response.demand import Ranges, ZoneDemand
from houfeng.response.rescue import REASONS, LeftOut, plan_rescue, replan_rescue
from houfeng.response.survival import KOBE_1995, TANGSHAN_1976, SurvivalCurve
from houfeng.response.teams import (
    LEVELS,
    RescueSites,
    RescueTask,
    RescueTeams,
    RescueTravel,
    level_numbers,
)

HOUR = 3600.0


def sites(people, *, hours=1.0, level="light") -> RescueSites:
    people = np.asarray(people, float)
    n = len(people)
    trapped = Ranges(people, people * 0.5, people * 2)
    return RescueSites([f"s{i}" for i in range(n)], np.zeros(n), np.zeros(n), trapped, np.full(n, hours * HOUR), level)


def teams(k, *, start_h=1.0, shift_h=12.0, capacity=1e6, level="light") -> RescueTeams:
    return RescueTeams(
        [f"t{i}" for i in range(k)], np.zeros(k), np.zeros(k), level, start_h * HOUR, shift_h * HOUR, capacity
    )


def on_a_line(bases, places, hours_per_unit=1.0) -> RescueTravel:
    bases, places = np.asarray(bases, float), np.asarray(places, float)
    return RescueTravel.of(
        base_to_site=np.abs(bases[:, None] - places) * hours_per_unit * HOUR,
        site_to_site=np.abs(places[:, None] - places) * hours_per_unit * HOUR,
    )


def solved(task, *, seed=0, iterations=300):
    return plan_rescue(task, rng=np.random.default_rng(seed), iterations=iterations)


def random_task(seed, n=12, k=3, objective="survivors", shift_h=10.0, capacity=25.0) -> RescueTask:
    rng = np.random.default_rng(seed)
    place, base = rng.uniform(0, 3, (n, 2)), rng.uniform(0, 3, (k, 2))
    far = lambda a, b: np.linalg.norm(a[:, None] - b[None], axis=2) * HOUR  # noqa: E731
    people = np.round(rng.lognormal(1, 1, n), 2)
    level = tuple(rng.choice(LEVELS, n, p=[0.6, 0.3, 0.1]))
    base_to_site = np.where(rng.random((k, n)) < 0.1, np.inf, far(base, place))
    return RescueTask(
        replace(sites(people, level=level), service_s=rng.uniform(0.2, 4, n) * HOUR),
        teams(k, shift_h=shift_h, capacity=capacity, level=tuple(rng.choice(LEVELS, k))),
        RescueTravel.of(base_to_site=base_to_site, site_to_site=far(place, place)),
        objective,
    )


def assert_holds(plan):
    """No rule is broken and every site is accounted for once."""
    task = plan.task
    visited = [site for route in plan.routes for site in route]
    assert len(visited) == len(set(visited))
    assert len(visited) + len(plan.left_out) == len(task.sites)
    assert {v.site_id for v in plan.visits}.isdisjoint({left.site_id for left in plan.left_out})
    need = level_numbers(task.sites.level, len(task.sites), of="sites")
    have = level_numbers(task.teams.level, len(task.teams), of="teams")
    for k, route in enumerate(plan.routes):
        assert task.sites.trapped.mean[list(route)].sum() <= task.teams.capacity[k] * (1 + 1e-9)
        assert all(have[k] >= need[site] for site in route)
        if route:
            assert plan.back_s[k] <= task.teams.start_s[k] + task.teams.shift_s[k] + 1e-6
        now, here = task.teams.start_s[k], None
        for site in route:
            way = task.travel.base_to_site[k, site] if here is None else task.travel.site_to_site[here, site]
            assert np.isfinite(way)
            visit = next(v for v in plan.visits if v.site_id == task.sites.site_id[site])
            assert visit.arrive_s == pytest.approx(now + way)
            now, here = visit.leave_s, site


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), objective=st.sampled_from(["survivors", "completion"]), hours=st.floats(0, 30))
def test_shifts_capacities_and_classes_always_hold(seed, objective, hours):
    assert_holds(solved(random_task(seed, objective=objective, shift_h=hours), iterations=60))


def test_one_team_goes_where_most_people_are_first():
    task = RescueTask(sites([1, 20, 1]), teams(1), on_a_line([0], [0.1, 0.2, 0.3]), "completion")
    assert solved(task).routes[0][0] == 1


def test_two_teams_share_the_work_and_come_back_in_time():
    task = RescueTask(sites([5, 5, 5, 5]), teams(2, shift_h=4.0), on_a_line([0, 10], [0.5, 0.6, 9.5, 9.6]))
    plan = solved(task)
    assert {frozenset(route) for route in plan.routes} == {frozenset({0, 1}), frozenset({2, 3})}
    assert_holds(plan)


@pytest.mark.parametrize("objective", ["completion", "survivors"])
@pytest.mark.parametrize("seed", range(4))
def test_the_search_finds_the_best_order_of_a_small_task(seed, objective):
    """All 720 orders are tried; the table of survival is straight between steps of ten minutes, hence the tolerance."""
    task = random_task(seed, n=6, k=1, objective=objective, shift_h=100, capacity=1e6)
    out = np.nan_to_num(task.travel.base_to_site, posinf=HOUR)
    task = replace(
        task, sites=replace(task.sites, level=("light",) * 6),
        travel=RescueTravel.of(base_to_site=out, site_to_site=task.travel.site_to_site),
    )  # fmt: skip

    def cost(order):
        now, total, here = task.teams.start_s[0], 0.0, None
        for site in order:
            now += out[0, site] if here is None else task.travel.site_to_site[here, site]
            people, work = task.sites.trapped.mean[site], task.sites.service_s[site]
            lost = 1 - float(task.survival.mean_over(now / HOUR, work / HOUR))
            total += people * ((now + work) / HOUR if objective == "completion" else lost)
            now, here = now + work, site
        return total

    best = min(map(cost, permutations(range(6))))
    assert solved(task, iterations=2000).cost == pytest.approx(best, rel=1e-4)


def test_more_search_is_never_worse():
    task = random_task(3, n=30, k=4, shift_h=14.0, capacity=1e6)
    costs = [solved(task, iterations=n).cost for n in (0, 200, 4000)]
    assert costs[2] <= costs[0] and costs[1] <= costs[0]


def test_the_same_seed_gives_the_same_plan():
    task = random_task(5, n=25, k=4)
    assert solved(task, seed=9).routes == solved(task, seed=9).routes


def test_a_limit_in_seconds_is_kept_and_gives_a_lawful_plan():
    task = random_task(6, n=20, k=3)
    plan = plan_rescue(task, rng=np.random.default_rng(0), seconds=0.05)
    assert_holds(plan)


def test_survivors_follow_the_curve_and_their_range_the_people():
    task = RescueTask(sites([10], hours=2.0), teams(1), on_a_line([0], [1.0]))
    plan = solved(task)
    share = float(TANGSHAN_1976.mean_over(2.0, 2.0))
    assert plan.visits[0].arrive_s == 2 * HOUR and plan.visits[0].leave_s == 4 * HOUR
    assert plan.survivors.value == pytest.approx(10 * share)
    assert plan.survivors.high == pytest.approx(20 * share)
    assert plan.survivors.low == pytest.approx(5 * float(KOBE_1995.mean_over(2.0, 2.0)))
    assert plan.cost == pytest.approx(10 - plan.survivors.value)


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (RescueTask(sites([0]), teams(1), on_a_line([0], [1])), "nobody"),
        (RescueTask(sites([5]), teams(0), on_a_line([], [1])), "no_team"),
        (RescueTask(sites([5], level="heavy"), teams(1, level="medium"), on_a_line([0], [1])), "level"),
        (
            RescueTask(sites([5]), teams(1), RescueTravel.of(base_to_site=[[np.inf]], site_to_site=[[0.0]])),
            "unreachable",
        ),
        (RescueTask(sites([5], hours=20), teams(1), on_a_line([0], [1])), "shift"),
        (RescueTask(sites([5]), teams(1, capacity=4), on_a_line([0], [1])), "capacity"),
        (RescueTask(sites([5]), teams(1, capacity=0), on_a_line([0], [1])), "capacity"),
    ],
)
def test_a_site_nobody_can_go_to_is_left_out_with_the_reason(task, reason):
    plan = solved(task)
    assert [left.reason for left in plan.left_out] == [reason] and not plan.visits
    assert plan.survivors.value == 0
    assert_holds(plan)


def test_a_site_beyond_the_shift_of_busy_teams_says_so():
    plan = solved(RescueTask(sites([5, 5, 5], hours=5), teams(1), on_a_line([0], [0.1, 0.1, 0.1])))
    assert [left.reason for left in plan.left_out] == ["busy"] and len(plan.visits) == 2


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_told_in_both_languages(reason):
    left = LeftOut("s", Ranges.exact([3]).row(0), reason, need="heavy", have="4.0")
    assert left.why("en") and left.why("zh") and "{" not in left.why("en") + left.why("zh")


def test_all_roads_closed_leaves_every_site_out_and_loses_nothing():
    task = RescueTask(
        sites([5, 6]),
        teams(2),
        RescueTravel.of(base_to_site=np.full((2, 2), np.inf), site_to_site=np.full((2, 2), np.inf)),
    )
    plan = solved(task)
    assert {left.reason for left in plan.left_out} == {"unreachable"} and plan.trapped.value == 11


def test_no_sites_is_an_empty_plan():
    plan = solved(RescueTask(sites([]), teams(2), on_a_line([0, 1], [])))
    assert plan.visits == () and plan.left_out == () and plan.routes == ((), ())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sites([-1, 2]), "mean of 1 of 2 ranges is not a finite number of at least 0"),
        (lambda: sites([1], level="huge"), "unknown level 'huge'"),
        (lambda: teams(2, shift_h=999), "shift_s of 2 of 2 rescue teams is not 0 to 604800"),
        (lambda: teams(2, capacity=np.nan), "capacity of 2 of 2 rescue teams"),
        (lambda: RescueTravel.of(base_to_site=np.zeros((1, 2)), site_to_site=np.zeros((3, 3))), r"expected \(2, 2\)"),
        (lambda: RescueTravel.of(base_to_site=-np.ones((1, 1)), site_to_site=np.zeros((1, 1))), "negative"),
        (lambda: RescueTravel.of(base_to_site=np.zeros(3), site_to_site=np.zeros((3, 3))), "expected .teams, sites."),
        (lambda: RescueTask(sites([1]), teams(2), on_a_line([0], [1])), "but there are"),
        (lambda: RescueTask(sites([1]), teams(1), on_a_line([0], [1]), "speed"), "unknown objective 'speed'"),
        (lambda: SurvivalCurve("x", "y", (0, 1), (0.5, 0.9)), "shares falling"),
        (lambda: level_numbers(["light"], 2, of="teams"), "has 1 rows, expected 2"),
    ],
)
def test_bad_input_is_told_what_is_wrong(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_search_needs_a_budget():
    with pytest.raises(InputError, match="no budget"):
        plan_rescue(random_task(0), rng=np.random.default_rng(0), seconds=0)


def test_survival_falls_from_one_through_the_published_points():
    hours = np.linspace(0, 400, 2000)
    for curve in (TANGSHAN_1976, KOBE_1995):
        share = curve.at(hours)
        assert share[0] == 1 and (np.diff(share) <= 1e-12).all() and (share > 0).all()
        assert curve.at(curve.hours) == pytest.approx(curve.share)
    assert TANGSHAN_1976.at(36.0) == pytest.approx(0.537) and KOBE_1995.at(30.2) == pytest.approx(195 / 806)
    assert (KOBE_1995.at(hours[5:500]) <= TANGSHAN_1976.at(hours[5:500])).all()


def test_sites_from_demand_split_what_one_team_cannot_do():
    demand = ZoneDemand(
        zone_id=("a", "b", "c"), longitude=[1, 2, 3], latitude=[1, 2, 3], population=Ranges.exact([9, 9, 9]),
        displaced=Ranges.exact([0, 0, 0]), injured_severe=Ranges.exact([0, 0, 0]),
        trapped=Ranges([25, 4, 0.01], [5, 1, 0], [60, 9, 1]), simulated=True,
    )  # fmt: skip
    found = RescueSites.from_demand(demand, most_people=10)
    assert found.site_id == ("a/1", "a/2", "a/3", "b")
    assert found.trapped.total.value == pytest.approx(29) and found.trapped.total.high == pytest.approx(69)
    assert found.service_s[3] == pytest.approx(HOUR * (1 + 2 * 4)) and found.simulated


def test_without_a_change_nothing_moves():
    plan = solved(random_task(7, n=25, k=4))
    change = replan_rescue(plan, plan.task.travel, rng=np.random.default_rng(1))
    assert change.touched == () and change.moved == () and change.plan.routes == plan.routes


@settings(max_examples=25)
@given(seed=st.integers(0, 500), team=st.integers(0, 3), factor=st.sampled_from([3.0, np.inf]))
def test_after_a_closure_only_touched_teams_give_sites_away(seed, team, factor):
    plan = solved(random_task(seed, n=25, k=4, shift_h=14.0, capacity=1e6), iterations=0)  # far from the best
    route = plan.routes[team]
    if len(route) < 2:
        return
    between = plan.task.travel.site_to_site.copy()
    between[route[0], route[1]] = between[route[0], route[1]] * factor + 60
    travel = RescueTravel.of(base_to_site=plan.task.travel.base_to_site, site_to_site=between)
    change = replan_rescue(plan, travel, rng=np.random.default_rng(0), iterations=200)
    assert_holds(change.plan)
    assert change.touched == (f"t{team}",)
    before, after = plan.team_of, change.plan.team_of
    for site in change.moved:
        assert before.get(site, f"t{team}") == f"t{team}", "only sites of the touched team move, or new ones come in"
    assert set(change.moved) == {s for s in {*before, *after} if before.get(s) != after.get(s)}
    for k in {0, 1, 2, 3} - {team}:
        assert [s for s in change.plan.routes[k] if s in plan.routes[k]] == list(plan.routes[k]), "order is kept"


def test_a_team_that_is_cut_off_hands_its_sites_over():
    task = RescueTask(sites([5, 5]), teams(2), on_a_line([0, 3], [0.5, 2.5]))
    plan = solved(task)
    cut = task.travel.base_to_site.copy()
    cut[0] = np.inf
    change = replan_rescue(
        plan, RescueTravel.of(base_to_site=cut, site_to_site=task.travel.site_to_site), rng=np.random.default_rng(0)
    )
    assert change.touched == ("t0",) and change.moved == ("s0",)
    assert change.plan.team_of == {"s0": "t1", "s1": "t1"}


def test_a_road_that_opens_again_brings_left_out_sites_in_and_moves_no_other():
    task = RescueTask(sites([5, 5]), teams(1), on_a_line([0], [0.5, 1.0]))
    task = replace(task, travel=RescueTravel.of(
        base_to_site=[[0.5 * HOUR, np.inf]], site_to_site=np.array([[0, np.inf], [np.inf, 0]])))  # fmt: skip
    plan = solved(task)
    assert [left.reason for left in plan.left_out] == ["unreachable"]
    change = replan_rescue(plan, on_a_line([0], [0.5, 1.0]), rng=np.random.default_rng(0))
    assert change.moved == ("s1",) and change.touched == () and not change.plan.left_out
