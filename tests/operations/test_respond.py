"""The response: no way over a closed road, nothing beyond what a team or a place can do, the same plan again."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.operations.city import City
from houfeng.operations.respond import Response, demand_of, respond, respond_again
from houfeng.operations.road_closures import closure_chance, extent_of
from houfeng.response.closures import Closures
from tests.operations.own_cases import ISSUED_AT, Town, town_in

AFTER = timedelta(minutes=30)


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Town:
    return town_in(tmp_path_factory.mktemp("town"))


def plan(town: Town, city: City | None = None, **changes) -> Response:
    given = {"event_id": "made-up-1", "issued": ISSUED_AT, "seed": 1} | changes
    return respond(city or town.city, town.assessment.damage, **given)


def closed(town: Town, edges) -> Closures:
    return Closures.of_edges(town.city.roads.n_edges, list(edges), source="a test")


def check_capacities(response: Response) -> None:
    """Teams, hospitals, shelters and depots do no more than they can."""
    plan, city = response.plan, response.city
    teams = city.teams
    for k, team in enumerate(teams.team_id):
        visits = [visit for visit in plan.rescue.visits if visit.team_id == team]
        assert sum(visit.trapped.value for visit in visits) <= teams.capacity[k] + 1e-6
        assert all(visit.arrive_s >= teams.start_s[k] for visit in visits)
        if visits:
            assert plan.rescue.back_s[k] <= teams.start_s[k] + teams.shift_s[k] + 1e-6
            assert all(a.leave_s <= b.arrive_s + 1e-6 for a, b in zip(visits, visits[1:], strict=False))
    for part in (*plan.facilities, *plan.evacuations):
        assert (part.flow.sum(axis=1) <= part.places.capacity + 1e-6).all()
        assert (part.flow.sum(axis=0) <= part.people.mean + 1e-6).all()
        assert not part.flow[part.places.in_coastal_strip].any() and not part.flow[part.places.closed].any()
    (water,) = plan.supplies
    assert (water.flow.sum(axis=1) <= city.stock_litres + 1e-6).all()


def segments(line: np.ndarray) -> set:
    points = [tuple(np.round(point, 6)) for point in line]
    return {frozenset(pair) for pair in zip(points, points[1:], strict=False) if pair[0] != pair[1]}


def check_paths(response: Response) -> None:
    """No way of a team runs along a closed road (the shape of a road is its own here)."""
    roads = response.city.roads
    shut = set()
    for edge in np.flatnonzero(response.closures.closed):
        shut |= segments(roads.geometry(int(edge)))
    for name, path in response.paths.items():
        assert not segments(path) & shut, f"{name} drives over a closed road"


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000), share=st.floats(0, 1))
def test_whatever_is_closed_nobody_drives_there_and_nothing_is_overfull(town, seed, share):
    shut = np.flatnonzero(np.random.default_rng(seed).random(town.city.roads.n_edges) < share)
    response = plan(town, closures=closed(town, shut), tsunami=seed % 2 == 0)
    check_paths(response)
    check_capacities(response)
    sites = {visit.site_id for visit in response.plan.rescue.visits}
    left = {each.site_id for each in response.plan.rescue.left_out}
    assert not sites & left and len(sites) + len(left) == len(response.plan.rescue.task.sites)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.sets(st.integers(0, 83), max_size=8), later=st.sets(st.integers(0, 83), max_size=8))
def test_a_second_plan_obeys_all_closures_and_moves_only_what_it_says(town, first, later):
    before = plan(town, closures=closed(town, first))
    again = respond_again(before, closed(town, later), issued=ISSUED_AT + AFTER, seed=1)
    check_paths(again.response)
    check_capacities(again.response)
    assert again.response.closures.n_closed == len(first | later) == again.response.n_closed.value
    old, new = before.plan.rescue.team_of, again.response.plan.rescue.team_of
    moved = {site for site in set(old) | set(new) if old.get(site) != new.get(site)}
    assert moved == set(again.change.moved_sites)
    if later <= first:
        assert again.change.moves == 0 and again.response.plan.rescue.routes == before.plan.rescue.routes
    assert [part.opened_id for part in again.response.plan.facilities] == [
        part.opened_id for part in before.plan.facilities
    ]


def test_same_seed_same_plan_to_the_byte_and_another_seed_other_closures(town):
    a, b, c = (plan(town, seed=seed) for seed in (5, 5, 6))
    assert a.plan.to_json() == b.plan.to_json()
    assert json.dumps(a.plan.to_geojson(a.paths)) == json.dumps(b.plan.to_geojson(b.paths))
    assert (a.closures.closed == b.closures.closed).all() and (a.closures.closed != c.closures.closed).any()


def test_closures_that_nobody_saw_are_simulated_and_have_a_range(town):
    drawn, given = plan(town), plan(town, closures=closed(town, [1, 2]))
    assert drawn.closures.simulated and drawn.chance is not None
    assert drawn.n_closed.low <= drawn.n_closed.value <= drawn.n_closed.high and drawn.n_closed.high > 0
    assert not given.closures.simulated and given.chance is None
    assert (given.n_closed.low, given.n_closed.high) == (2, 2) and given.plan.simulated, "the buildings still are"


def test_with_more_roads_closed_nobody_is_nearer_a_hospital(town):
    few, many = (plan(town, closures=closed(town, range(0, 84, step))) for step in (8, 4))
    assert (many.reach.zone_s >= few.reach.zone_s - 1e-3).all()
    assert (np.array(few.change.after) <= np.array(few.change.before)).all()


def test_while_a_tsunami_may_come_nobody_is_sent_into_the_strip(town):
    city = replace(town.city, coastal_strip_km=2.0)
    wet, dry = plan(town, city, tsunami=True), plan(town, city)
    assert wet.waiting and not dry.waiting
    places = zip(city.zone_longitude, city.zone_latitude, strict=True)
    zones = dict(zip(city.zone_id, places, strict=True))
    for visit in wet.plan.rescue.visits:
        x, y = zones[visit.site_id.partition("/")[0]]
        assert not city.in_coastal_strip(longitude=np.array([x]), latitude=np.array([y]))[0]
    waiting = {site.partition("/")[0] for site in wet.waiting}
    assert waiting <= {"z00", "z01", "z02"}, "the zones beside the sea"


def test_a_site_is_no_larger_than_a_team_can_finish(town):
    response = plan(town)
    sites = response.plan.rescue.task.sites
    assert sites.service_s.max() <= town.city.teams.shift_s.min() * 2 / 3 + 1e-6
    short = replace(town.city.teams, shift_s=np.full(2, 3.5 * 3600.0))
    assert len(plan(town, replace(town.city, teams=short)).plan.rescue.task.sites) > len(sites)


def test_what_is_missing_leaves_the_rest_of_the_plan(town):
    city, whole = town.city, plan(town, closures=closed(town, []))
    bare = town.bare
    lacking = {
        "teams": replace(city, teams=bare.teams),
        "hospitals": replace(city, hospitals=bare.hospitals),
        "field_hospitals": replace(city, field_hospitals=bare.field_hospitals),
        "shelters": replace(city, shelters=bare.shelters),
        "depots": replace(city, depots=bare.depots, stock_litres=bare.stock_litres),
    }
    found = {name: plan(town, without, closures=closed(town, [])) for name, without in lacking.items()}
    assert not found["teams"].plan.rescue.visits
    assert {left.reason for left in found["teams"].plan.rescue.left_out} == {"no_team"}
    assert np.isinf(found["hospitals"].reach.zone_s).all() and not found["hospitals"].change.newly_cut_off.any()
    assert found["hospitals"].plan.to_json() == whole.plan.to_json(), "the plan itself does not need them"
    assert not len(found["field_hospitals"].plan.facilities[0].opened)
    assert found["shelters"].plan.evacuations[0].unsheltered.total.value == pytest.approx(
        found["shelters"].demand.displaced.total.value
    )
    assert found["depots"].plan.supplies[0].shortage.total.value > whole.plan.supplies[0].shortage.total.value
    for name in ("shelters", "depots", "field_hospitals", "hospitals"):
        assert found[name].plan.rescue.routes == whole.plan.rescue.routes, name


def test_with_every_road_closed_it_is_said_and_nothing_moves(town):
    response = plan(town, closures=closed(town, range(84)))
    assert not response.plan.rescue.visits and not response.paths
    assert {left.reason for left in response.plan.rescue.left_out} == {"unreachable"}
    assert any("have no team" in text for text in response.plan.messages("en"))


def test_closures_of_other_roads_are_refused(town):
    with pytest.raises(InputError, match=r"closures are of 5 edges; roads has 84"):
        plan(town, closures=Closures.of_edges(5, [1], source="x"))
    with pytest.raises(InputError):
        respond_again(plan(town), Closures.of_edges(5, [1], source="x"), issued=ISSUED_AT, seed=1)


def test_people_of_each_zone_come_through_unchanged(town):
    demand = demand_of(town.city, town.assessment.damage)
    assert demand.population.mean.sum() == pytest.approx(town.city.exposure.occupants_night.sum())
    for zone in town.assessment.damage.zone_id:
        i = demand.zone_id.index(zone)
        assert demand.displaced.mean[i] == pytest.approx(town.assessment.damage.of("displaced", zone).mean())


def test_zones_without_buildings_have_no_needs_and_unknown_ones_are_refused(town):
    city, extra = (
        town.city,
        {"zone_id": ("empty",), "zone_longitude": [-71.2], "zone_latitude": [-30.2], "population": [0]},
    )
    more = {name: (*city.zone_id, "empty") if name == "zone_id" else np.append(getattr(city, name), extra[name])
            for name in extra}  # fmt: skip
    demand = demand_of(replace(city, **more), town.assessment.damage)
    assert demand.displaced.high[-1] == 0 and demand.trapped.mean[-1] == 0
    fewer = {name: value[1:] for name, value in more.items()}
    with pytest.raises(InputError, match=r"zones z\d\d of the exposure are not among the 9 of roads"):
        demand_of(replace(city, **fewer), town.assessment.damage)


def test_chances_of_closure_rise_with_damage_and_with_shaken_bridges(town):
    damage = town.assessment.damage
    rubble = closure_chance(town.city, damage, None).probability
    calm, violent = (
        closure_chance(town.city, damage, np.full((4, 3), level, np.float32)).probability for level in (0.01, 3.0)
    )
    bridges = town.city.roads.bridge
    assert bridges.sum() == 3 and (violent[bridges] > 0.9).all()
    assert calm[bridges] == pytest.approx(rubble[bridges], abs=1e-3)
    assert violent[~bridges] == pytest.approx(rubble[~bridges]) and 0 < rubble.max() < 1
    half = {name: samples * (0.3 if name == "buildings_collapsed" else 1) for name, samples in damage.samples.items()}
    assert (closure_chance(town.city, replace(damage, samples=half), None).probability <= rubble).all()


def test_the_extent_of_closures_agrees_with_their_chances(town):
    chance = closure_chance(town.city, town.assessment.damage, None)
    drawn = chance.sample(np.random.default_rng(1))
    n, km = extent_of(town.city.roads, chance, drawn, np.random.default_rng(2))
    assert n.value == pytest.approx(chance.probability.sum(), rel=0.25, abs=0.5)
    assert km.value == pytest.approx(chance.probability @ town.city.roads.length_m / 1000, rel=0.25, abs=0.5)
