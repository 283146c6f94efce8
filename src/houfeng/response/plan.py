"""The response plan: everything decided in one frozen value, and planned again when a road is lost."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from houfeng.errors import InputError
from houfeng.response.advice import Advice
from houfeng.response.facilities import FacilityChoice, serve_again
from houfeng.response.needs import Needs
from houfeng.response.rescue import RescuePlan, replan_rescue
from houfeng.response.shelters import Evacuation, evacuate_again
from houfeng.response.supplies import SupplyPlan
from houfeng.response.teams import RescueTravel
from houfeng.times import require_utc
from houfeng.values import Estimate

#: What a plan made from simulated data says of itself.
SIMULATED = {"en": "SIMULATED data: for exercise only", "zh": "模拟数据：仅供演练"}

_LEFT = {
    "en": "{n} rescue sites with {people} people have no team in this shift",
    "zh": "{n}处救援点（被困{people}人）在本班次内没有救援队",
}


@dataclass(frozen=True, eq=False)
class ResponsePlan:
    """What to do, for people to decide on.

    Attributes
    ----------
    event_id
        The earthquake.
    issued
        When the plan was made, UTC.
    simulated
        Whether any of it rests on simulated data.
    needs, rescue
        What people need; where the teams go.
    facilities, evacuations, supplies, advice
        What to open, who goes where, which depot gives what, what was advised before; any may be empty.
    """

    event_id: str
    issued: datetime
    simulated: bool
    needs: Needs
    rescue: RescuePlan
    facilities: tuple[FacilityChoice, ...] = ()
    evacuations: tuple[Evacuation, ...] = ()
    supplies: tuple[SupplyPlan, ...] = ()
    advice: tuple[Advice, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "issued", require_utc(self.issued, "time of issue"))

    def messages(self, language: str = "en") -> tuple[str, ...]:
        """What the plan cannot do, in ``en`` or ``zh``: the first thing to be read."""
        told = [SIMULATED[language]] if self.simulated else []
        left = [each for each in self.rescue.left_out if each.reason != "nobody"]
        if left:
            value, low, high = (sum(getattr(each.trapped, end) for each in left) for end in ("value", "low", "high"))
            told.append(_LEFT[language].format(n=len(left), people=f"{value:,.1f} ({low:,.1f}–{high:,.1f})"))
        parts = (*self.facilities, *self.evacuations, *self.supplies)
        return (*told, *(text for part in parts if (text := part.message(language))))

    def to_document(self) -> dict[str, Any]:
        """The plan as plain numbers and text; times in s after the earthquake, ranges as value, low, high."""
        return {
            "event_id": self.event_id,
            "issued": self.issued.isoformat(),
            "simulated": self.simulated,
            "notice": dict(SIMULATED) if self.simulated else {},
            "messages": {language: list(self.messages(language)) for language in ("en", "zh")},
            "needs": _needs(self.needs),
            "rescue": _rescue(self.rescue),
            "facilities": [_facility(choice) for choice in self.facilities],
            "evacuations": [_evacuation(each) for each in self.evacuations],
            "supplies": [_supply(each) for each in self.supplies],
            "advice": [_advice(each) for each in self.advice],
        }

    def to_json(self) -> str:
        """:meth:`to_document` as JSON text."""
        return json.dumps(self.to_document(), ensure_ascii=False, allow_nan=False)

    def to_geojson(self, paths: Mapping[str, np.ndarray] | None = None) -> dict[str, Any]:
        """Sites, bases, places and routes as a GeoJSON feature collection (RFC 7946).

        Parameters
        ----------
        paths
            Longitude and latitude, shape (n, 2), along the whole way of a team by its identifier. A team without one
            is drawn straight from stop to stop, and its property ``along_roads`` is false.
        """
        features = [*_site_features(self.rescue), *_route_features(self.rescue, paths or {})]
        features += [feature for choice in self.facilities for feature in _place_features(choice)]
        for feature in features:
            feature["properties"]["simulated"] = self.simulated
        return {"type": "FeatureCollection", "features": features}


@dataclass(frozen=True, eq=False)
class PlanChange:
    """A plan after travel times changed.

    Attributes
    ----------
    plan
        The new plan.
    touched_teams
        Teams whose way changed.
    moved_sites, moved_zones
        Rescue sites with another team (or none, or newly one); zones with another shelter.
    """

    plan: ResponsePlan
    touched_teams: tuple[str, ...]
    moved_sites: tuple[str, ...]
    moved_zones: tuple[str, ...]

    @property
    def moves(self) -> int:
        """How many assignments changed."""
        return len(self.moved_sites) + len(self.moved_zones)


def replan(
    plan: ResponsePlan, *, rescue_travel: RescueTravel, rng: np.random.Generator, issued: datetime,
    facility_travel_s: tuple[np.ndarray, ...] = (), evacuation_travel_s: tuple[np.ndarray, ...] = (),
) -> PlanChange:  # fmt: skip
    """The plan after a closure: little moves, and how much is reported.

    Opened places stay open; teams and zones whose way did not change keep what they have.

    Parameters
    ----------
    rescue_travel, facility_travel_s, evacuation_travel_s
        New travel times; one matrix (m, n) for each facility choice and evacuation of the plan, or none at all
        where they did not change.
    issued
        When the new plan is made, UTC.

    Raises
    ------
    InputError
        When the number of matrices or their shapes are not those of the plan.
    """
    for name, given, parts in (
        ("facility_travel_s", facility_travel_s, plan.facilities),
        ("evacuation_travel_s", evacuation_travel_s, plan.evacuations),
    ):
        if given and len(given) != len(parts):
            raise InputError(f"{name} has {len(given)} matrices, but the plan has {len(parts)}; give one for each")
    change = replan_rescue(plan.rescue, rescue_travel, rng=rng)
    facilities = plan.facilities
    if facility_travel_s:
        facilities = tuple(serve_again(*each) for each in zip(plan.facilities, facility_travel_s, strict=True))
    evacuations, zones = plan.evacuations, []
    if evacuation_travel_s:
        again = [evacuate_again(*each) for each in zip(plan.evacuations, evacuation_travel_s, strict=True)]
        evacuations, zones = tuple(new for new, _ in again), [zone for _, moved in again for zone in moved]
    new = replace(plan, issued=issued, rescue=change.plan, facilities=facilities, evacuations=evacuations)
    return PlanChange(new, change.touched, change.moved, tuple(zones))


def _number(value: float) -> float | None:
    """Seven significant digits; nothing where there is no number."""
    return float(f"{value:.7g}") if np.isfinite(value) else None


def _range(estimate: Estimate) -> dict[str, float | None]:
    return {name: _number(getattr(estimate, name)) for name in ("value", "low", "high", "level")}


def _needs(needs: Needs) -> list[dict]:
    return [
        {
            "item": standard.item, "names": {"en": standard.names[0], "zh": standard.names[1]},
            "unit": standard.unit, "rhythm": standard.rhythm, "source": standard.source,
            "total": _range(amounts.total),
            "zones": {zone: _range(amounts.row(i)) for i, zone in enumerate(needs.zone_id)},
        }
        for standard, amounts in zip(needs.standards, needs.amounts, strict=True)
    ]  # fmt: skip


def _rescue(plan: RescuePlan) -> dict:
    return {
        "objective": plan.task.objective,
        "survival_curve": {"name": plan.task.survival.name, "source": plan.task.survival.source},
        "trapped": _range(plan.trapped),
        "survivors": _range(plan.survivors),
        "visits": [
            {
                "team_id": visit.team_id, "site_id": visit.site_id, "arrive_s": _number(visit.arrive_s),
                "leave_s": _number(visit.leave_s), "trapped": _range(visit.trapped),
                "survivors": _range(visit.survivors),
            }
            for visit in plan.visits
        ],
        "left_out": [
            {
                "site_id": left.site_id, "trapped": _range(left.trapped), "reason": left.reason,
                "why": {language: left.why(language) for language in ("en", "zh")},
            }
            for left in plan.left_out
        ],
    }  # fmt: skip


def _flows(flow: np.ndarray, rows: tuple[str, ...], columns: tuple[str, ...], names: tuple[str, str]) -> list[dict]:
    return [{names[0]: rows[i], names[1]: columns[j], "amount": _number(flow[i, j])} for i, j in np.argwhere(flow > 0)]


def _facility(choice: FacilityChoice) -> dict:
    return {
        "kind": choice.kind, "opened": list(choice.opened_id), "missing": _range(choice.missing),
        "travel_hours": _range(choice.travel_hours), "gap": _number(choice.gap),
        "excluded": [{"place_id": out.place_id, "reason": out.reason} for out in choice.excluded],
        "flow": _flows(choice.flow, choice.places.place_id, choice.zone_id, ("place_id", "zone_id")),
    }  # fmt: skip


def _evacuation(plan: Evacuation) -> dict:
    return {
        "missing": _range(plan.unsheltered.total),
        "excluded": [{"place_id": out.place_id, "reason": out.reason} for out in plan.excluded],
        "departures": [
            {
                "zone_id": each.zone_id, "place_id": each.place_id, "people": _number(each.people),
                "leave_s": _number(each.leave_s), "arrive_s": _number(each.arrive_s),
                "settled_s": _number(each.settled_s),
            }
            for each in plan.departures
        ],
    }  # fmt: skip


def _supply(plan: SupplyPlan) -> dict:
    return {
        "item": plan.item, "unit": plan.unit, "shortage": _range(plan.shortage.total),
        "travel_hours": _range(plan.travel_hours),
        "flow": _flows(plan.flow, plan.depot_id, plan.zone_id, ("depot_id", "zone_id")),
    }  # fmt: skip


def _advice(advice: Advice) -> dict:
    return {
        "kind": advice.action.kind, "place": advice.action.place, "verdict": advice.verdict,
        "probability": _range(advice.probability), "flips_at": _number(advice.flips_at),
        "net_benefit": _range(advice.net_benefit),
        "text": {language: advice.to_text(language) for language in ("en", "zh")},
    }  # fmt: skip


def _point(longitude: float, latitude: float, properties: dict) -> dict:
    where = [round(float(longitude), 6), round(float(latitude), 6)]
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": where}, "properties": properties}


def _site_features(plan: RescuePlan) -> list[dict]:
    sites, teams = plan.task.sites, plan.task.teams
    left = {each.site_id: each.reason for each in plan.left_out}
    team_of = plan.team_of
    points = [
        _point(
            sites.longitude[i], sites.latitude[i],
            {"kind": "rescue_site", "site_id": site, "trapped": _range(sites.trapped.row(i)),
             "team_id": team_of.get(site), "left_out": left.get(site)},
        )
        for i, site in enumerate(sites.site_id)
    ]  # fmt: skip
    return points + [
        _point(teams.longitude[k], teams.latitude[k], {"kind": "team_base", "team_id": team, "level": teams.level[k]})
        for k, team in enumerate(teams.team_id)
    ]


def _route_features(plan: RescuePlan, paths: Mapping[str, np.ndarray]) -> list[dict]:
    sites, teams, features = plan.task.sites, plan.task.teams, []
    for k, route in enumerate(plan.routes):
        if not route:
            continue
        team, stops = teams.team_id[k], list(route)
        base = [[teams.longitude[k], teams.latitude[k]]]
        straight = [*base, *np.column_stack([sites.longitude[stops], sites.latitude[stops]]), *base]
        line = np.asarray(paths.get(team, straight), float)
        if line.ndim != 2 or line.shape[1] != 2 or len(line) < 2:
            raise InputError(f"the path of team '{team}' has shape {line.shape}, expected (n, 2), n at least 2")
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "LineString", "coordinates": np.round(line, 6).tolist()},
                "properties": {
                    "kind": "route", "team_id": team, "sites": [sites.site_id[i] for i in route],
                    "along_roads": team in paths, "back_s": _number(plan.back_s[k]),
                },
            }
        )  # fmt: skip
    return features


def _place_features(choice: FacilityChoice) -> list[dict]:
    places, out = choice.places, {each.place_id: each.reason for each in choice.excluded}
    opened, used = set(choice.opened.tolist()), choice.flow.sum(axis=1)
    return [
        _point(
            places.longitude[i], places.latitude[i],
            {"kind": choice.kind, "place_id": place, "opened": i in opened, "excluded": out.get(place),
             "capacity": _number(places.capacity[i]), "people": _number(used[i])},
        )
        for i, place in enumerate(places.place_id)
    ]  # fmt: skip
