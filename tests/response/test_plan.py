"""The response plan: what it says, and how little it moves."""

import json
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from houfeng.errors import InputError, TimeError
from houfeng.response.advice import Action, advise
from houfeng.response.demand import Ranges, ZoneDemand
from houfeng.response.facilities import Places, choose_facilities
from houfeng.response.needs import needs_of
from houfeng.response.plan import ResponsePlan, replan
from houfeng.response.rescue import plan_rescue
from houfeng.response.shelters import evacuate
from houfeng.response.supplies import allocate_supplies
from houfeng.response.teams import RescueSites, RescueTask, RescueTeams, RescueTravel
from houfeng.values import Estimate

NOW = datetime(2015, 9, 16, 23, 4, 32, tzinfo=UTC)


def seconds(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.norm(a[:, None] - b[None], axis=2) * 60_000


def made(seed=0) -> ResponsePlan:
    """A plan for ten zones, three teams, four places and two depots, one zone cut off."""
    rng = np.random.default_rng(7)
    zone, base, place = rng.uniform(0, 0.2, (10, 2)), rng.uniform(0, 0.2, (3, 2)), rng.uniform(0, 0.2, (4, 2))
    people = rng.uniform(100, 900, 10)
    demand = ZoneDemand(
        zone_id=[f"z{j}" for j in range(10)], longitude=-71.3 + zone[:, 0], latitude=-30 + zone[:, 1],
        population=Ranges.exact(people), displaced=Ranges(people / 5, people / 20, people / 2),
        injured_severe=Ranges(people / 100, people / 500, people / 30),
        trapped=Ranges(people / 300, people / 900, people / 100), simulated=True,
    )  # fmt: skip
    sites = RescueSites.from_demand(demand)
    at = np.column_stack([sites.longitude + 71.3, sites.latitude + 30])
    out = seconds(base, at)
    out[:, 2] = np.inf
    task = RescueTask(
        sites,
        RescueTeams(["a", "b", "c"], -71.3 + base[:, 0], -30 + base[:, 1], "light", 1800.0, 43_200.0, 60.0),
        RescueTravel.of(base_to_site=out, site_to_site=seconds(at, at)),
    )
    places = Places(
        [f"p{i}" for i in range(4)], -71.3 + place[:, 0], -30 + place[:, 1], people.sum() / 12,
        np.array([True, False, False, False]), False, True,
    )  # fmt: skip
    way, ids = seconds(place, zone), demand.zone_id
    needs = needs_of(demand)
    return ResponsePlan(
        event_id="us20003k7a", issued=NOW, simulated=True, needs=needs,
        rescue=plan_rescue(task, rng=np.random.default_rng(seed), iterations=300),
        facilities=(
            choose_facilities(places, zone_id=ids, people=demand.injured_severe, travel_s=way, most=2),
        ),
        evacuations=(evacuate(places, zone_id=ids, people=demand.displaced, travel_s=way),),
        supplies=(
            allocate_supplies(
                item="water", unit="litres", depot_id=["d0", "d1"], stock=[5000, 4000], zone_id=ids,
                need=needs.amount("water"), travel_s=way[:2],
            ),
        ),
        advice=(
            advise(
                Action("inspect_bridge", "Puente", 500.0, Estimate(1e6, 1e5, 3e6), 0.5), Estimate(0.01, 0.0, 0.03)
            ),
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def plan() -> ResponsePlan:
    return made()


def test_the_same_seed_gives_the_same_plan(plan):
    assert made().to_json() == plan.to_json()


def test_a_plan_cannot_be_changed(plan):
    with pytest.raises(FrozenInstanceError):
        plan.event_id = "other"


def test_a_plan_says_first_that_it_is_simulated_and_then_what_is_missing(plan):
    told = plan.messages("en")
    assert told[0] == "SIMULATED data: for exercise only"
    assert told[1].startswith(f"{len(plan.rescue.left_out)} rescue sites with ") and any(
        "shortage of water" in line for line in told
    )
    assert any("shelter is missing" in line for line in told)
    assert len(plan.messages("zh")) == len(told) and plan.messages("zh")[0].startswith("模拟数据")
    assert "SIMULATED data: for exercise only" not in replace(plan, simulated=False).messages("en")


def test_the_json_holds_every_part_with_ranges(plan):
    told = json.loads(plan.to_json())
    assert told["event_id"] == "us20003k7a" and told["issued"] == "2015-09-16T23:04:32+00:00"
    assert told["simulated"] is True and told["notice"]["en"].startswith("SIMULATED")
    assert len(told["rescue"]["visits"]) + len(told["rescue"]["left_out"]) == len(plan.rescue.task.sites)
    assert told["rescue"]["left_out"][0]["why"]["en"] == "no open road leads there and back"
    water = next(need for need in told["needs"] if need["item"] == "water")
    assert water["unit"] == "litres" and water["rhythm"] == "per day"
    assert set(water["total"]) == {"value", "low", "high", "level"}
    assert water["total"]["low"] < water["total"]["value"] < water["total"]["high"]
    assert told["facilities"][0]["excluded"] == [{"place_id": "p0", "reason": "coastal_strip"}]
    assert all(each["place_id"] != "p0" for each in told["evacuations"][0]["departures"])
    assert sum(each["amount"] for each in told["supplies"][0]["flow"]) <= 9000 * (1 + 1e-6)
    assert told["advice"][0]["verdict"] in ("act", "likely", "open", "wait", "never")


def test_the_geojson_draws_sites_bases_places_and_routes(plan):
    path = np.array([[-71.3, -30.0], [-71.25, -29.95], [-71.2, -29.9]])
    drawn = plan.to_geojson({"a": path})
    json.dumps(drawn, allow_nan=False)
    kinds = [feature["properties"]["kind"] for feature in drawn["features"]]
    used = [k for k, route in enumerate(plan.rescue.routes) if route]
    assert kinds.count("rescue_site") == len(plan.rescue.task.sites) and kinds.count("team_base") == 3
    assert kinds.count("route") == len(used) and kinds.count("hospital") == 4
    assert all(feature["properties"]["simulated"] for feature in drawn["features"])
    routes = {f["properties"]["team_id"]: f for f in drawn["features"] if f["properties"]["kind"] == "route"}
    assert routes["a"]["geometry"]["coordinates"] == path.tolist() and routes["a"]["properties"]["along_roads"]
    assert not routes["b"]["properties"]["along_roads"]
    assert len(routes["b"]["geometry"]["coordinates"]) == len(plan.rescue.routes[1]) + 2


def test_a_path_must_be_a_line(plan):
    with pytest.raises(InputError, match=r"path of team 'a' has shape \(3,\), expected \(n, 2\)"):
        plan.to_geojson({"a": np.zeros(3)})


def test_without_a_change_nothing_moves(plan):
    change = replan(
        plan, rescue_travel=plan.rescue.task.travel, rng=np.random.default_rng(3), issued=NOW,
        facility_travel_s=(plan.facilities[0].travel_s,), evacuation_travel_s=(plan.evacuations[0].travel_s,),
    )  # fmt: skip
    assert change.moves == 0 and change.touched_teams == ()
    assert change.plan.to_json() == plan.to_json()


def test_after_a_closure_the_moves_are_counted_and_the_rest_stays(plan):
    travel = plan.rescue.task.travel
    out = travel.base_to_site.copy()
    first = plan.rescue.routes[0][0]
    out[0, first] = np.inf
    way = plan.evacuations[0].travel_s.copy()
    place, zone = np.argwhere(plan.evacuations[0].flow > 0)[0]
    way[place, zone] = np.inf
    change = replan(
        plan, rescue_travel=RescueTravel.of(base_to_site=out, site_to_site=travel.site_to_site),
        rng=np.random.default_rng(3), issued=NOW.replace(hour=23, minute=30), evacuation_travel_s=(way,),
    )  # fmt: skip
    assert change.touched_teams == ("a",)
    assert change.moves == len(change.moved_sites) + len(change.moved_zones) > 0
    before, after = plan.rescue.team_of, change.plan.rescue.team_of
    assert all(after[site] == team for site, team in before.items() if team != "a")
    assert change.plan.facilities == plan.facilities and change.plan.issued.minute == 30
    assert (
        f"z{zone}" in change.moved_zones
        and len(change.moved_zones) <= 1 + (plan.evacuations[0].unsheltered.mean > 0).sum()
    )


def test_the_wrong_number_of_matrices_is_refused(plan):
    with pytest.raises(InputError, match="facility_travel_s has 2 matrices, but the plan has 1"):
        replan(
            plan, rescue_travel=plan.rescue.task.travel, rng=np.random.default_rng(0), issued=NOW,
            facility_travel_s=(plan.facilities[0].travel_s,) * 2,
        )  # fmt: skip


def test_a_plan_needs_an_aware_time(plan):
    with pytest.raises(TimeError):
        replace(plan, issued=datetime(2015, 9, 16))


def test_a_plan_with_all_roads_closed_still_tells_everything(plan):
    task = plan.rescue.task
    shut = RescueTravel.of(
        base_to_site=np.full_like(task.travel.base_to_site, np.inf),
        site_to_site=np.full_like(task.travel.site_to_site, np.inf),
    )
    change = replan(plan, rescue_travel=shut, rng=np.random.default_rng(0), issued=NOW)
    assert change.plan.rescue.visits == () and len(change.plan.rescue.left_out) == len(task.sites)
    assert set(change.moved_sites) == set(plan.rescue.team_of)
    assert json.loads(change.plan.to_json())["rescue"]["survivors"]["value"] == 0
