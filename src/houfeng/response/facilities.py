"""Where to open field hospitals and shelters: few of many places, near the people, off the coast.

Nothing is ever opened in the coastal strip (a tsunami may come; Houfeng does not model it), at a closed place, or
where no open road leads.
"""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.response.checks import column, names, travel_times
from houfeng.response.demand import LEVEL, Ranges
from houfeng.response.transport import transport
from houfeng.values import Estimate

#: Why a place is not considered, by language.
EXCLUSIONS = {
    "coastal_strip": {"en": "lies in the coastal strip a tsunami may reach", "zh": "位于海啸可能到达的沿海带内"},
    "closed": {"en": "is closed", "zh": "不可使用"},
    "no_capacity": {"en": "has no capacity", "zh": "没有容量"},
    "unreachable": {"en": "no zone with people in need can reach it in time", "zh": "有需要的片区均无法按时到达"},
}

_KINDS = {"hospital": {"en": "hospital beds", "zh": "病床"}, "shelter": {"en": "shelter places", "zh": "安置床位"}}


@dataclass(frozen=True, eq=False)
class Places:
    """Places where something could be opened.

    Attributes
    ----------
    place_id
        Identifiers, all different.
    longitude, latitude : ndarray of float64, shape (m,)
        Degrees.
    capacity : ndarray of float64, shape (m,)
        People.
    in_coastal_strip, closed : ndarray of bool, shape (m,)
        Never to be opened.
    simulated
        Whether the places are made up.
    """

    place_id: tuple[str, ...]
    longitude: np.ndarray
    latitude: np.ndarray
    capacity: np.ndarray
    in_coastal_strip: np.ndarray
    closed: np.ndarray
    simulated: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "place_id", names("place_id", self.place_id, of="places"))
        m = len(self.place_id)
        for name, low, high in (("longitude", -180, 180), ("latitude", -90, 90), ("capacity", 0, np.inf)):
            object.__setattr__(self, name, column(name, getattr(self, name), m, of="places", low=low, high=high))
        for name in ("in_coastal_strip", "closed"):
            mask = np.asarray(getattr(self, name))
            if mask.shape not in ((), (m,)) or mask.dtype != bool:
                raise InputError(f"{name} has shape {mask.shape} and type {mask.dtype}, expected ({m},) true or false")
            object.__setattr__(self, name, np.broadcast_to(mask, (m,)).copy())

    def __len__(self) -> int:
        return len(self.place_id)


@dataclass(frozen=True, slots=True)
class Excluded:
    """A place that is not considered, and why (one of :data:`EXCLUSIONS`)."""

    place_id: str
    reason: str

    def why(self, language: str = "en") -> str:
        """The reason in ``en`` or ``zh``."""
        return EXCLUSIONS[self.reason][language]


@dataclass(frozen=True, eq=False)
class FacilityChoice:
    """What to open, and whom it serves.

    Attributes
    ----------
    kind
        ``"hospital"`` or ``"shelter"``.
    zone_id, places
        What the columns and rows of `flow` are.
    opened : ndarray of int
        Rows of the places to open.
    flow : ndarray, shape (m, n)
        Mean number of people of each zone that go to each place.
    unserved : Ranges
        People of each zone for whom there is no room or no way in time.
    travel_hours : Estimate
        Hours from home to place, mean over the people served, if the numbers of people are as expected, low or high.
    excluded
        Places not considered.
    gap : float
        At most so much (as a share) could another choice save; 0 where this one is the best, NaN where the places
        were kept after travel times changed.
    people
        Who needs a place, by zone.
    travel_s : ndarray, shape (m, n)
        Seconds between places and zones, infinite beyond reach.
    """

    kind: str
    zone_id: tuple[str, ...]
    places: Places
    opened: np.ndarray
    flow: np.ndarray
    unserved: Ranges
    travel_hours: Estimate
    excluded: tuple[Excluded, ...]
    gap: float
    people: Ranges
    travel_s: np.ndarray

    @property
    def opened_id(self) -> tuple[str, ...]:
        """Identifiers of the places to open."""
        return tuple(self.places.place_id[i] for i in self.opened)

    @property
    def missing(self) -> Estimate:
        """People without a place, all zones together."""
        return self.unserved.total

    def message(self, language: str = "en") -> str:
        """What is missing, in ``en`` or ``zh``; empty where nothing is."""
        missing, what = self.missing, _KINDS[self.kind][language]
        if missing.high < 0.5:
            return ""
        numbers = f"{missing.value:,.0f} ({missing.low:,.0f}–{missing.high:,.0f})"
        if language == "zh":
            return f"缺少{what}：{numbers}人；已开设{len(self.opened)}处"
        return f"{what} are missing for {numbers} people; {len(self.opened)} places are opened"


def choose_facilities(
    places: Places, *, zone_id, people: Ranges, travel_s, most: int, kind: str = "hospital", reach_s: float = np.inf
) -> FacilityChoice:
    """Open at most `most` places so that people travel least and as few as possible find no room.

    A capacitated p-median problem; see :mod:`houfeng.response.location_search`. The places are chosen for the mean
    number of people; for the low and the high number they are kept and people distributed anew.

    Parameters
    ----------
    zone_id
        Identifiers of the n zones.
    people
        Who needs a place, by zone.
    travel_s : array_like, shape (m, n)
        Seconds between places and zones; infinite: no way.
    reach_s
        Nobody is sent farther than this.

    Raises
    ------
    InputError
        When shapes do not agree or `most` is less than 1. Too little room or no road is no error: the best partial
        choice is given and :meth:`FacilityChoice.message` says for how many people it is not enough.
    """
    zone_id = names("zone_id", zone_id, of="zones")
    if kind not in _KINDS:
        raise InputError(f"a facility is a {' or a '.join(_KINDS)}, not '{kind}'")
    if len(people) != len(zone_id):
        raise InputError(f"people has {len(people)} rows, but there are {len(zone_id)} zones")
    if most < 1:
        raise InputError(f"at most {most} places may be opened; give at least 1")
    travel_s = travel_times("from places to zones", travel_s, (len(places), len(zone_id)))
    allowed_s = np.where(travel_s <= reach_s, travel_s, np.inf)
    excluded, usable = exclusions(places, allowed_s, people.high > 0)
    opened, gap = _opened(allowed_s, places.capacity, people.mean, usable, most)
    return _served(kind, zone_id, places, opened, people, allowed_s, excluded, gap)


def serve_again(choice: FacilityChoice, travel_s) -> FacilityChoice:
    """The same places after travel times changed: none moves, people are distributed anew where they have to be."""
    travel_s = travel_times("from places to zones", travel_s, choice.travel_s.shape)
    if _same(travel_s, choice.travel_s, choice.flow > 0) and not choice.missing.high:
        return choice
    return _served(
        choice.kind, choice.zone_id, choice.places, choice.opened, choice.people, travel_s, choice.excluded, np.nan
    )


def _same(new_s: np.ndarray, old_s: np.ndarray, used: np.ndarray) -> bool:
    """Whether no way in use takes another time than before (more than a second)."""
    return bool((np.abs(new_s[used] - old_s[used]) <= 1.0).all())


def _served(
    kind: str, zone_id: tuple[str, ...], places: Places, opened: np.ndarray, people: Ranges, allowed_s: np.ndarray,
    excluded: tuple[Excluded, ...], gap: float,
) -> FacilityChoice:  # fmt: skip
    """Distribute the mean, the low and the high number of people over the opened places."""
    mean, low, high = (
        transport(allowed_s[opened], places.capacity[opened], getattr(people, end)) for end in ("mean", "low", "high")
    )
    flow = np.zeros(allowed_s.shape)
    flow[opened] = mean.flow
    hours = [_mean_hours(done.flow, allowed_s[opened]) for done in (mean, low, high)]
    return FacilityChoice(
        kind=kind, zone_id=zone_id, places=places, opened=opened, flow=flow,
        unserved=Ranges.spanning(mean.missing, low.missing, high.missing),
        travel_hours=Estimate(hours[0], min(hours), max(hours), LEVEL), excluded=excluded, gap=gap, people=people,
        travel_s=allowed_s,
    )  # fmt: skip


def exclusions(places: Places, allowed_s: np.ndarray, needed: np.ndarray) -> tuple[tuple[Excluded, ...], np.ndarray]:
    """Which places are out of the question and why, and the rows of the others."""
    reached = np.isfinite(allowed_s[:, needed]).any(axis=1) if needed.any() else np.ones(len(places), bool)
    reasons = (
        ("coastal_strip", places.in_coastal_strip),
        ("closed", places.closed),
        ("no_capacity", places.capacity == 0),
        ("unreachable", ~reached),
    )
    out = []
    for i, place_id in enumerate(places.place_id):
        reason = next((name for name, mask in reasons if mask[i]), None)
        if reason:
            out.append(Excluded(place_id, reason))
    bad = np.logical_or.reduce([mask for _, mask in reasons])
    return tuple(out), np.flatnonzero(~bad)


def _opened(
    allowed_s: np.ndarray, capacity: np.ndarray, people: np.ndarray, usable: np.ndarray, most: int
) -> tuple[np.ndarray, float]:
    """Rows of the places to open and what another choice could still save; places nobody needs stay closed."""
    from houfeng.response.location_search import locate

    asked = np.flatnonzero(people > 0)
    if not len(usable) or not len(asked):
        return np.zeros(0, int), 0.0
    found = locate(allowed_s[np.ix_(usable, asked)], capacity[usable], people[asked], most)
    serving = found.transport.flow.sum(axis=1) > 0
    gap = max(0.0, 1.0 - found.bound / found.cost) if found.cost > 0 else 0.0
    return usable[found.opened[serving]], gap


def _mean_hours(flow: np.ndarray, travel_s: np.ndarray) -> float:
    """Mean travel of the people who move, h; 0 where nobody does."""
    moved = flow.sum()
    return float((flow * np.where(flow > 0, travel_s, 0.0)).sum() / moved / 3600.0) if moved > 0 else 0.0
