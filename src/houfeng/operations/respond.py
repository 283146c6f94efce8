"""The response, top to bottom: which roads are closed, who needs what, who goes where, what is opened."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from houfeng.damage.assessment import DamageAssessment
from houfeng.errors import InputError
from houfeng.operations.city import City
from houfeng.operations.road_closures import closure_chance, extent_of
from houfeng.operations.training import Progress, silent
from houfeng.response.advice import Advice
from houfeng.response.bridges import bridge_sites
from houfeng.response.closures import ClosureChance, Closures
from houfeng.response.demand import ZoneDemand
from houfeng.response.facilities import Places, choose_facilities
from houfeng.response.isochrones import BANDS_MIN, Isochrones, ReachChange, isochrones, reach_change
from houfeng.response.needs import Needs, needs_of
from houfeng.response.plan import PlanChange, ResponsePlan, replan
from houfeng.response.rescue import RescuePlan, plan_rescue
from houfeng.response.shelters import evacuate
from houfeng.response.supplies import SupplyPlan, allocate_supplies
from houfeng.response.teams import RescueSites, RescueTask, RescueTravel
from houfeng.response.travel import Router
from houfeng.shaking.sites import Sites
from houfeng.values import Estimate

#: Nobody is sent farther to a shelter or a hospital.
SHELTER_REACH_S, HOSPITAL_REACH_S = 3600.0, 5400.0
#: Field hospitals that may be opened.
MOST_FIELD_HOSPITALS = 6
#: Work of one team at a site before the first person and for each, hours; a site fits in this share of a shift.
_SEARCH_H, _HOURS_PER_PERSON, _SHIFT_SHARE = 1.0, 2.0, 2 / 3
#: Days for which water is asked.
_WATER_DAYS = 1.0


@dataclass(frozen=True, eq=False)
class Response:
    """What to do, and on what roads.

    Attributes
    ----------
    city, demand
        Where, and who is in need.
    chance
        Of closure of each edge; what is not observed.
    closures
        Those the plan is made for.
    n_closed, km_closed
        How many edges and kilometres are closed, over many draws; exact where closures were given.
    reach, change
        Travel to the hospitals under the closures, and what they changed.
    plan
        The plan.
    paths
        Longitude and latitude along the way of each team, shape (n, 2), by its identifier.
    waiting
        Rescue sites in the coastal strip, where nobody is sent while a tsunami may come.
    """

    city: City
    demand: ZoneDemand
    chance: ClosureChance | None
    closures: Closures
    n_closed: Estimate
    km_closed: Estimate
    reach: Isochrones
    change: ReachChange
    plan: ResponsePlan
    paths: Mapping[str, np.ndarray]
    waiting: tuple[str, ...]


def respond(
    city: City,
    damage: DamageAssessment,
    *,
    event_id: str,
    issued: datetime,
    seed: int,
    bridge_sa10_g: np.ndarray | None = None,
    closures: Closures | None = None,
    advice: tuple[Advice, ...] = (),
    tsunami: bool = False,
    progress: Progress = silent,
) -> Response:
    """Plan the response to `damage` in `city`.

    Parameters
    ----------
    bridge_sa10_g : ndarray, shape (n_fields, n_bridges)
        Shaking at :func:`houfeng.response.bridges.bridge_sites`; without it no bridge is taken as damaged.
    closures
        What is known of the roads. Without it one set is drawn from the chances of damaged bridges and rubble, which
        is SIMULATED: nobody has looked.
    advice
        Given before; becomes part of the plan.
    tsunami
        Whether one may come: then no team is sent into the coastal strip.

    Raises
    ------
    InputError
        When the closures are of another network. No team, no open road or too little room is answered with the best
        partial plan, which says what is missing.
    """
    rng = np.random.default_rng(seed)
    demand = demand_of(city, damage)
    chance = None
    if closures is None:
        progress("roads")
        chance = closure_chance(city, damage, bridge_sa10_g)
        closures = chance.sample(rng)
    if len(closures.closed) != city.roads.n_edges:
        raise InputError(f"closures are of {len(closures.closed):,} edges; {city.key} has {city.roads.n_edges:,}")
    progress("ways under the closures")
    n_closed, km_closed = extent_of(city.roads, chance, closures, rng)
    whole = Router.of(city.roads)
    router = whole.under(closures)
    among = city.roads.components(directed=True) == 0
    zone_nodes = _nodes(city, among, city.zone_longitude, city.zone_latitude)
    before, reach = (_reach(each, city, among, zone_nodes) for each in (whole, router))
    progress("teams, hospitals, shelters and water")
    sites, waiting = _sites(city, demand, tsunami)
    site_nodes = _nodes(city, among, sites.longitude, sites.latitude)
    base_nodes = _nodes(city, among, city.teams.longitude, city.teams.latitude)
    rescue = plan_rescue(RescueTask(sites, city.teams, _rescue_travel(router, base_nodes, site_nodes)), rng=rng)
    parts = _opened(city, demand, router, zone_nodes, among)
    simulated = demand.simulated or closures.simulated
    plan = ResponsePlan(event_id=event_id, issued=issued, simulated=simulated, rescue=rescue, advice=advice, **parts)
    paths = _paths(router, rescue, base_nodes, site_nodes)
    return Response(
        city, demand, chance, closures, n_closed, km_closed, reach, reach_change(before, reach), plan, paths, waiting
    )


@dataclass(frozen=True, eq=False)
class SecondResponse:
    """A response after more roads were closed.

    Attributes
    ----------
    response
        The new one.
    change
        What moved, counted.
    """

    response: Response
    change: PlanChange


def respond_again(before: Response, closures: Closures, *, issued: datetime, seed: int) -> SecondResponse:
    """The response when `closures` are found on top of those known: as little moves as can be.

    Opened places stay open; teams and zones whose way is as before keep what they have. Water is allotted anew.

    Raises
    ------
    InputError
        When the closures are of another network.
    """
    city, plan, rng = before.city, before.plan, np.random.default_rng(seed)
    closures = before.closures | closures
    whole = Router.of(city.roads)
    router = whole.under(closures)
    among = city.roads.components(directed=True) == 0
    zone_nodes = _nodes(city, among, city.zone_longitude, city.zone_latitude)
    first, reach = (_reach(each, city, among, zone_nodes) for each in (whole, router))
    sites = plan.rescue.task.sites
    site_nodes = _nodes(city, among, sites.longitude, sites.latitude)
    base_nodes = _nodes(city, among, city.teams.longitude, city.teams.latitude)
    change = replan(
        plan,
        rescue_travel=_rescue_travel(router, base_nodes, site_nodes),
        rng=rng,
        issued=issued,
        facility_travel_s=(_within(_ways(city, city.field_hospitals, router, zone_nodes, among), HOSPITAL_REACH_S),),
        evacuation_travel_s=(_within(_ways(city, city.shelters, router, zone_nodes, among), SHELTER_REACH_S),),
    )
    water = _water(city, plan.needs, _ways(city, city.depots, router, zone_nodes, among))
    simulated = plan.simulated or closures.simulated
    change = replace(change, plan=replace(change.plan, supplies=(water,), simulated=simulated))
    n_closed, km_closed = extent_of(city.roads, None, closures, rng)
    response = replace(
        before,
        closures=closures,
        n_closed=n_closed,
        km_closed=km_closed,
        reach=reach,
        change=reach_change(first, reach),
        plan=change.plan,
        paths=_paths(router, change.plan.rescue, base_nodes, site_nodes),
    )
    return SecondResponse(response, change)


def _reach(router: Router, city: City, among: np.ndarray, zone_nodes: np.ndarray) -> Isochrones:
    """Travel to the hospitals; where there is none, nobody reaches one."""
    nodes = _nodes(city, among, city.hospitals.longitude, city.hospitals.latitude)
    if len(nodes):
        return isochrones(router, nodes, zone_nodes=zone_nodes, population=city.population)
    n = city.roads.n_nodes
    never = np.full((1, len(zone_nodes)), np.inf, np.float32)
    return Isochrones(BANDS_MIN, np.full(n, np.inf, np.float32), np.full(n, -1), never, city.population)


def _ways(city: City, places: Places, router: Router, zone_nodes: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Seconds from zones to places, shape (m, n)."""
    nodes = _nodes(city, among, places.longitude, places.latitude)
    return router.matrix(zone_nodes, nodes).T


def _within(travel_s: np.ndarray, reach_s: float) -> np.ndarray:
    return np.where(travel_s <= reach_s, travel_s, np.inf)


def _sites(city: City, demand: ZoneDemand, tsunami: bool) -> tuple[RescueSites, tuple[str, ...]]:
    """Rescue sites to go to now, and those that wait; none takes more than a share of the shortest shift."""
    most = 10.0
    if len(city.teams):
        hours = _SHIFT_SHARE * float(city.teams.shift_s.min()) / 3600
        most = float(np.clip((hours - _SEARCH_H) / _HOURS_PER_PERSON, 1.0, most))
    sites = RescueSites.from_demand(
        demand, hours_per_person=_HOURS_PER_PERSON, hours_of_search=_SEARCH_H, most_people=most
    )
    if not tsunami:
        return sites, ()
    wet = city.in_coastal_strip(longitude=sites.longitude, latitude=sites.latitude)
    dry = np.flatnonzero(~wet)
    kept = RescueSites(
        site_id=tuple(sites.site_id[i] for i in dry),
        longitude=sites.longitude[dry],
        latitude=sites.latitude[dry],
        trapped=sites.trapped.select(dry),
        service_s=sites.service_s[dry],
        level=tuple(sites.level[i] for i in dry),
        simulated=sites.simulated,
    )
    return kept, tuple(sites.site_id[i] for i in np.flatnonzero(wet))


def _opened(city: City, demand: ZoneDemand, router: Router, zone_nodes: np.ndarray, among: np.ndarray) -> dict:
    """Needs, and what is opened and allotted for them."""
    needs = needs_of(demand)
    hospitals = choose_facilities(
        city.field_hospitals,
        zone_id=demand.zone_id,
        people=demand.injured_severe,
        travel_s=_ways(city, city.field_hospitals, router, zone_nodes, among),
        most=MOST_FIELD_HOSPITALS,
        kind="hospital",
        reach_s=HOSPITAL_REACH_S,
    )
    shelter = evacuate(
        city.shelters,
        zone_id=demand.zone_id,
        people=demand.displaced,
        travel_s=_ways(city, city.shelters, router, zone_nodes, among),
        reach_s=SHELTER_REACH_S,
    )
    water = _water(city, needs, _ways(city, city.depots, router, zone_nodes, among))
    return {"needs": needs, "facilities": (hospitals,), "evacuations": (shelter,), "supplies": (water,)}


def _water(city: City, needs: Needs, travel_s: np.ndarray) -> SupplyPlan:
    return allocate_supplies(
        item="water",
        unit="litres",
        depot_id=city.depots.place_id,
        stock=city.stock_litres,
        zone_id=city.zone_id,
        need=needs.amount("water") * _WATER_DAYS,
        travel_s=travel_s,
    )


def demand_of(city: City, damage: DamageAssessment) -> ZoneDemand:
    """People in need by zone of `city`; zones without buildings have none.

    Raises
    ------
    InputError
        When a zone of the damage is none of the city.
    """
    row = {name: i for i, name in enumerate(city.zone_id)}
    strange = [name for name in damage.zone_id if name not in row]
    if strange:
        raise InputError(f"zones {', '.join(strange[:5])} of the exposure are not among the {len(row)} of {city.key}")
    columns = np.array([row[name] for name in damage.zone_id])

    def spread(quantity: str) -> np.ndarray:
        samples = np.zeros((damage.n_fields, len(row)))
        samples[:, columns] = damage.samples[quantity]
        return samples

    return ZoneDemand.from_samples(
        zone_id=city.zone_id,
        longitude=city.zone_longitude,
        latitude=city.zone_latitude,
        population=city.population,
        displaced=spread("displaced"),
        injured_severe=spread("injured_severe"),
        trapped=spread("trapped"),
        simulated=damage.simulated,
    )


def bridge_places(city: City) -> Sites:
    """Where the shaking at the bridges is wanted."""
    _, longitude, latitude = bridge_sites(city.roads)
    return Sites.of(longitude=longitude, latitude=latitude, vs30_mps=city.vs30_mps)


def _nodes(city: City, among: np.ndarray, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    if not len(longitude):
        return np.zeros(0, np.int64)
    return city.roads.nearest_node(longitude=longitude, latitude=latitude, among=among).index


def _rescue_travel(router: Router, bases: np.ndarray, sites: np.ndarray) -> RescueTravel:
    if not len(bases) or not len(sites):
        return RescueTravel.of(
            base_to_site=np.full((len(bases), len(sites)), np.inf), site_to_site=np.zeros((len(sites), len(sites)))
        )
    return RescueTravel.of(
        base_to_site=router.matrix(bases, sites),
        site_to_site=router.matrix(sites, sites),
        site_to_base=router.matrix(sites, bases).T,
    )


def _paths(router: Router, rescue: RescuePlan, bases: np.ndarray, sites: np.ndarray) -> dict[str, np.ndarray]:
    """The way of each team from base to base, along the roads."""
    paths = {}
    for k, route in enumerate(rescue.routes):
        if route:
            stops = [bases[k], *(sites[i] for i in route), bases[k]]
            legs = [_line(router, a, b) for a, b in zip(stops, stops[1:], strict=False) if a != b]
            if legs:
                paths[rescue.task.teams.team_id[k]] = np.concatenate(legs)
    return paths


def _line(router: Router, origin: int, destination: int) -> np.ndarray:
    roads, route = router.network, router.route(int(origin), int(destination))
    parts = []
    for edge, node in zip(route.edges, route.nodes, strict=False):
        line = roads.geometry(int(edge))
        parts.append(line if roads.edge_from[edge] == node else line[::-1])
    return np.concatenate(parts) if parts else np.zeros((0, 2))
