"""The chain, top to bottom: from an earthquake to a warning, a damage map and a plan for one city."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import numpy as np

from houfeng.errors import InputError
from houfeng.operations.assess import Assessment, assess
from houfeng.operations.city import City
from houfeng.operations.places import Places
from houfeng.operations.respond import Response, bridge_places, respond
from houfeng.operations.training import Progress, silent
from houfeng.operations.warn import Sender, WarnProduct, chances_at_places, warn
from houfeng.response.advice import Advice
from houfeng.shaking.rupture import Rupture
from houfeng.warning import Location, Rules

#: When the situation report is due after an earthquake.
REPORT_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, eq=False)
class Chain:
    """All that follows from one earthquake.

    Attributes
    ----------
    issued
        Time of the report.
    warning, assessment, response
        Whom to warn; what broke; what to do.
    seconds
        How long each took, wall clock.
    """

    city: City
    rupture: Rupture
    issued: datetime
    warning: WarnProduct
    assessment: Assessment
    response: Response
    seconds: Mapping[str, float]

    @property
    def simulated(self) -> bool:
        """Whether any of it is invented."""
        return self.assessment.simulated or self.response.plan.simulated


def chain(
    rupture: Rupture,
    city: City,
    towns: Places,
    *,
    issued: datetime,
    seed: int,
    sender: Sender,
    location: Location,
    rules: Rules | None = None,
    advice: tuple[Advice, ...] = (),
    drill: bool = False,
    progress: Progress = silent,
) -> Chain:
    """Warn, assess and respond.

    Parameters
    ----------
    rupture
        What is known of the source when the report is made; a point in the first minutes.
    towns
        Places that may be warned.
    issued
        Time of the report, UTC.
    location
        How well the source is known; on an unconfirmed one nobody is warned.
    rules
        When to warn; the usual ones when None.
    advice
        Given before the earthquake.
    drill
        An exercise or a replay: every message says so.

    Raises
    ------
    InputError
        When the report would be issued before the earthquake, or a part refuses what it is given.
    """
    quake, rng, issued = rupture.earthquake, np.random.default_rng(seed), issued.replace(microsecond=0)
    if issued < quake.time.replace(microsecond=0):
        raise InputError(f"a report of {issued.isoformat()} is earlier than the earthquake, {quake.time.isoformat()}")
    rules, seconds, begun = rules or Rules(), {}, monotonic()

    def clocked(name: str) -> None:
        nonlocal begun
        now = monotonic()
        seconds[name], begun = now - begun, now

    chances = chances_at_places(quake, towns, rules.levels, rng=rng, region=city.region)
    warning = warn(
        quake,
        towns,
        chances,
        rules=rules,
        location=location,
        sender=sender,
        now=issued,
        drill=drill,
        country=city.country,
    )
    clocked("warning")
    local_hour = (quake.time.hour + quake.time.minute / 60 + city.utc_offset_h) % 24.0
    assessment = assess(
        rupture,
        city.exposure,
        country=city.country,
        region=city.region,
        local_hour=local_hour,
        seed=seed,
        vs30_mps=city.vs30_mps,
        places=bridge_places(city),
        progress=progress,
    )
    clocked("assessment")
    response = respond(
        city,
        assessment.damage,
        event_id=quake.event_id,
        issued=issued,
        seed=seed,
        bridge_sa10_g=assessment.at_places("SA(1.0)"),
        advice=advice,
        tsunami=warning.tsunami is not None,
        progress=progress,
    )
    clocked("response")
    return Chain(city, rupture, issued, warning, assessment, response, seconds)
