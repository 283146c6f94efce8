"""The response to an assessment of one's own: bridges shaken, roads closed, the plan, and the plan again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from houfeng.errors import InputError
from houfeng.operations.assess import Assessment
from houfeng.operations.city import City
from houfeng.operations.own_city import OwnCity
from houfeng.operations.own_event import OwnEvent
from houfeng.operations.respond import Response, SecondResponse, bridge_places, respond, respond_again
from houfeng.operations.training import Progress, silent
from houfeng.response.closures import Closures
from houfeng.shaking.rupture import Rupture
from houfeng.warning import TsunamiNotice, tsunami_notice

_WORDS = {
    "no_bridge": {
        "en": "no bridge is marked in the roads: none is taken as damaged",
        "zh": "道路数据未标注桥梁：未考虑桥梁破坏",
    },
    "no_sa": {
        "en": "the map of shaking has no SA(1.0): no bridge is taken as damaged",
        "zh": "震动图缺少 SA(1.0)：未考虑桥梁破坏",
    },
    "bridges_off": {
        "en": "{n} of {all} bridges lie off the map of shaking and are taken as open",
        "zh": "{all}座桥梁中有{n}座位于震动图之外，按可通行处理",
    },
    "drawn": {
        "en": "SIMULATED closures: one draw from the chances of damaged bridges and rubble; nobody has looked",
        "zh": "道路封闭为模拟：按桥梁破坏和瓦砾堵塞概率抽取一次，未经现场观测",
    },
    "strip_unknown": {
        "en": "a tsunami may come and no shore is given: who stays away from the sea must be decided by hand",
        "zh": "可能发生海啸而未提供海岸线：须人工决定哪些地点远离海边",
    },
    "wet_base": {
        "en": "in the coastal strip, where a tsunami may come, are the bases of: {names}",
        "zh": "以下救援队驻地位于海啸可能到达的沿海带内：{names}",
    },
    "all_closed": {"en": "every road is closed: nobody can drive anywhere", "zh": "所有道路均已封闭：任何车辆无法通行"},
}
#: What is invented where closures are drawn.
DRAWN = {"en": "which roads are closed", "zh": "道路封闭情况"}


@dataclass(frozen=True, slots=True)
class Sea:
    """What is to be said of the sea; None where no tsunami is spoken of."""

    tsunami: TsunamiNotice | None


@dataclass(frozen=True, eq=False)
class OwnResponse:
    """All that follows from an earthquake and files of one's own; in form like a chain, but nobody is warned.

    Attributes
    ----------
    event, assessment, city, response
        What was given, what broke, where, what to do.
    issued
        Time of the plan, UTC.
    warning
        The banner of a tsunami.
    notes
        What was assumed, left out, or is missing, by language.
    """

    event: OwnEvent
    assessment: Assessment
    city: City
    response: Response
    issued: datetime
    warning: Sea
    notes: tuple[Mapping[str, str], ...]

    @property
    def rupture(self) -> Rupture:
        """What broke."""
        return self.event.rupture

    @property
    def simulated(self) -> bool:
        """Whether any of it is invented."""
        return self.assessment.simulated or self.response.plan.simulated or bool(self.city.simulated)

    @property
    def drill(self) -> bool:
        """Whether the earthquake is an exercise or a scenario."""
        return self.rupture.earthquake.status != "actual"


def respond_to(
    event: OwnEvent,
    assessment: Assessment,
    place: OwnCity,
    *,
    issued: datetime,
    closures: Closures | None = None,
    progress: Progress = silent,
) -> OwnResponse:
    """Plan the response.

    Parameters
    ----------
    closures
        Known closures; without them one set is drawn, SIMULATED.
    issued
        Time of the plan, UTC.

    Raises
    ------
    InputError
        When the plan would be older than the earthquake, or the closures are of other roads.
    """
    quake, city = event.rupture.earthquake, place.city
    if issued < quake.time:
        raise InputError(f"a plan of {issued.isoformat()} is earlier than the earthquake, {quake.time.isoformat()}")
    notes = list(place.notes)
    bridges = None
    if closures is None:
        bridges, told = _bridges(event, city)
        notes += [*told, _WORDS["drawn"]]
        city = replace(city, simulated=tuple({each["en"]: each for each in (*city.simulated, DRAWN)}.values()))
    else:
        kept = (each for each in city.simulated if each["en"] != DRAWN["en"])
        city = replace(city, simulated=tuple(kept))
        notes += [{"en": f"{closures.source}: {note}", "zh": f"{closures.source}：{note}"} for note in closures.notes]
        if closures.closed.all():
            notes.append(_WORDS["all_closed"])
    sea = tsunami_notice(quake)
    if sea is not None and not len(city.shore):
        notes.append(_WORDS["strip_unknown"])
    if sea is not None:
        wet = city.in_coastal_strip(longitude=city.teams.longitude, latitude=city.teams.latitude)
        if wet.any():
            notes.append(_told("wet_base", names=", ".join(np.array(city.teams.team_id, object)[wet])))
    response = respond(
        city,
        assessment.damage,
        event_id=quake.event_id,
        issued=issued,
        seed=event.seed,
        bridge_sa10_g=bridges,
        closures=closures,
        tsunami=sea is not None,
        progress=progress,
    )
    return OwnResponse(event, assessment, city, response, issued, Sea(sea), tuple(notes))


def respond_after(own: OwnResponse, closures: Closures, *, issued: datetime) -> tuple[OwnResponse, SecondResponse]:
    """The response when more roads are found closed: what was opened stays, little moves."""
    if issued < own.issued:
        raise InputError(f"a new plan of {issued.isoformat()} is earlier than the first, {own.issued.isoformat()}")
    second = respond_again(own.response, closures, issued=issued, seed=own.event.seed)
    notes = tuple({"en": f"{closures.source}: {note}", "zh": f"{closures.source}：{note}"} for note in closures.notes)
    return replace(own, response=second.response, issued=issued, notes=(*own.notes, *notes)), second


def _bridges(event: OwnEvent, city: City) -> tuple[np.ndarray | None, list[Mapping[str, str]]]:
    """SA(1.0) in g at the bridges, shape (n_fields, n_bridges), and what is to be said of it."""
    sites = bridge_places(city)
    if not len(sites):
        return None, [_WORDS["no_bridge"]]
    field = event.shaking_at(sites)
    if "SA(1.0)" not in field.motion.measures:
        return None, [_WORDS["no_sa"]]
    rng = np.random.default_rng([event.seed, 1])
    samples = field.realisations(event.n_fields, rng, measures=("SA(1.0)",))["SA(1.0)"]
    off = np.isnan(samples).any(axis=0)
    if not off.any():
        return samples, []
    return np.where(off, np.float32(0), samples), [_told("bridges_off", n=int(off.sum()), all=len(sites))]


def _told(key: str, **values: object) -> Mapping[str, str]:
    return {language: text.format(**values) for language, text in _WORDS[key].items()}
