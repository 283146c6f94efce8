"""Evacuation: which zone goes to which shelter, and when it leaves so that no shelter is overrun."""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.response.checks import column, names, travel_times
from houfeng.response.demand import Ranges
from houfeng.response.facilities import Excluded, Places, exclusions
from houfeng.response.transport import TINY, transport


@dataclass(frozen=True, slots=True)
class Departure:
    """People of one zone on their way to one shelter.

    Attributes
    ----------
    zone_id, place_id
        From where to where.
    people
        Mean number.
    leave_s, arrive_s, settled_s
        When the first leave and arrive, and when the last are inside, s after the start of the evacuation.
    """

    zone_id: str
    place_id: str
    people: float
    leave_s: float
    arrive_s: float
    settled_s: float


@dataclass(frozen=True, eq=False)
class Evacuation:
    """Who goes where and when.

    Attributes
    ----------
    zone_id, places
        What the columns and rows of `flow` are.
    flow : ndarray, shape (m, n)
        Mean number of people of each zone that go to each shelter.
    departures
        In the order of leaving.
    unsheltered
        People of each zone without a place.
    excluded
        Shelters not considered.
    people, travel_s, urgency, intake_per_hour
        What was asked; travel in seconds, shape (m, n), infinite beyond reach.
    """

    zone_id: tuple[str, ...]
    places: Places
    flow: np.ndarray
    departures: tuple[Departure, ...]
    unsheltered: Ranges
    excluded: tuple[Excluded, ...]
    people: Ranges
    travel_s: np.ndarray
    urgency: np.ndarray
    intake_per_hour: float

    def message(self, language: str = "en") -> str:
        """What is missing, in ``en`` or ``zh``; empty where nothing is."""
        missing = self.unsheltered.total
        if missing.high < 0.5:
            return ""
        numbers = f"{missing.value:,.0f} ({missing.low:,.0f}–{missing.high:,.0f})"
        if language == "zh":
            return f"安置能力不足：{numbers}人没有安置场所或无路可达"
        return f"shelter is missing for {numbers} people: no room, or no open road in time"


def evacuate(
    places: Places, *, zone_id, people: Ranges, travel_s, reach_s: float = np.inf, intake_per_hour: float = 600.0,
    urgency=1.0,
) -> Evacuation:  # fmt: skip
    """Assign people to shelters by room and travel time, urgent zones first, and stage their departures.

    At each shelter zones arrive one after another, the urgent and then the near ones first, no faster than its
    intake; each leaves just in time, so that people wait at home and not on the road.

    Parameters
    ----------
    zone_id, people
        Who has to leave.
    travel_s : array_like, shape (m, n)
        Seconds from zone (column) to shelter (row); infinite: no way.
    reach_s
        Nobody is sent farther than this.
    intake_per_hour
        People a shelter can register and take in.
    urgency : array_like, shape (n,)
        Weight of a zone where room is short, at least 1; also the order of leaving.

    Raises
    ------
    InputError
        When shapes do not agree, or the intake is not positive.
    """
    zone_id = names("zone_id", zone_id, of="zones")
    n = len(zone_id)
    if len(people) != n:
        raise InputError(f"people has {len(people)} rows, but there are {n} zones")
    if not intake_per_hour > 0:
        raise InputError(f"an intake of {intake_per_hour} people per hour lets nobody in; give a positive one")
    urgency = column("urgency", urgency, n, of="zones", low=1.0)
    travel_s = travel_times("from zones to shelters", travel_s, (len(places), n))
    allowed_s = np.where(travel_s <= reach_s, travel_s, np.inf)
    excluded, usable = exclusions(places, allowed_s, people.high > 0)
    flow = np.zeros(travel_s.shape)
    flow[usable] = transport(allowed_s[usable], places.capacity[usable], people.mean, urgency).flow
    return _arranged(zone_id, places, flow, people, allowed_s, urgency, intake_per_hour, excluded)


def evacuate_again(plan: Evacuation, travel_s) -> tuple[Evacuation, tuple[str, ...]]:
    """The evacuation after travel times changed, and the zones whose shelter changed.

    People whose way is as it was keep their shelter; only the others, and those who had none, are assigned anew to
    the room that is left.
    """
    travel_s = travel_times("from zones to shelters", travel_s, plan.travel_s.shape)
    same = np.abs(np.where(np.isfinite(travel_s), travel_s, 1e12) - np.where(plan.flow > 0, plan.travel_s, 0.0)) <= 1.0
    kept = np.where(same, plan.flow, 0.0)
    excluded, usable = exclusions(plan.places, travel_s, plan.people.high > 0)
    waiting = np.maximum(plan.people.mean - kept.sum(axis=0), 0.0)
    room = np.maximum(plan.places.capacity - kept.sum(axis=1), 0.0)
    flow = kept
    flow[usable] += transport(travel_s[usable], room[usable], waiting, plan.urgency).flow
    new = _arranged(
        plan.zone_id, plan.places, flow, plan.people, travel_s, plan.urgency, plan.intake_per_hour, excluded
    )
    moved = np.abs(new.flow - plan.flow).max(axis=0, initial=0.0) > TINY * np.maximum(plan.people.mean, 1.0)
    return new, tuple(plan.zone_id[zone] for zone in np.flatnonzero(moved))


def _arranged(
    zone_id: tuple[str, ...], places: Places, flow: np.ndarray, people: Ranges, allowed_s: np.ndarray,
    urgency: np.ndarray, intake_per_hour: float, excluded: tuple[Excluded, ...],
) -> Evacuation:  # fmt: skip
    """Departures for the mean number of people, and what is missing if there are fewer or more."""
    capacity = places.capacity * ~(places.in_coastal_strip | places.closed)
    low, high = (transport(allowed_s, capacity, getattr(people, end), urgency).missing for end in ("low", "high"))
    missing = np.maximum(people.mean - flow.sum(axis=0), 0.0)
    missing[missing < TINY * np.maximum(people.mean, 1.0)] = 0.0
    departures = [
        leaving
        for place in np.flatnonzero(flow.sum(axis=1) > 0)
        for leaving in _staged(zone_id, places.place_id[place], flow[place], allowed_s[place], urgency, intake_per_hour)
    ]
    departures.sort(key=lambda leaving: (leaving.leave_s, leaving.zone_id, leaving.place_id))
    return Evacuation(
        zone_id=zone_id, places=places, flow=flow, departures=tuple(departures),
        unsheltered=Ranges.spanning(missing, low, high), excluded=excluded, people=people, travel_s=allowed_s,
        urgency=urgency, intake_per_hour=intake_per_hour,
    )  # fmt: skip


def _staged(
    zone_id: tuple[str, ...], place_id: str, people: np.ndarray, travel_s: np.ndarray, urgency: np.ndarray,
    intake_per_hour: float,
) -> list[Departure]:  # fmt: skip
    """Departures to one shelter, one zone after the other."""
    coming = np.flatnonzero(people > 0)
    order = coming[np.lexsort((travel_s[coming], -urgency[coming]))]
    free_s, departures = 0.0, []
    for zone in order:
        arrive_s = max(free_s, float(travel_s[zone]))
        free_s = arrive_s + float(people[zone]) / intake_per_hour * 3600.0
        leave_s = arrive_s - float(travel_s[zone])
        departures.append(Departure(zone_id[zone], place_id, float(people[zone]), leave_s, arrive_s, free_s))
    return departures
