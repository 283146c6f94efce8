"""What broke in the earthquake that the demo replays, simplified."""

import json
from datetime import datetime
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from houfeng.earthquake import Earthquake
from houfeng.shaking.rupture import Rupture


@cache
def _told() -> dict:
    return json.loads(files("houfeng.data").joinpath("shaking", "illapel_rupture.json").read_text(encoding="utf-8"))


def illapel_rupture() -> Rupture:
    """The M8.3 Illapel earthquake of 2015-09-16: a SIMPLIFIED plane, 200 km by 100 km.

    Drawn through the hypocentre (USGS) with the mechanism of Global CMT and the extent that studies of the earthquake
    agree on, mostly north of the epicentre; sources in ``data/shaking/illapel_rupture.json``. Real slip was neither
    uniform nor on one plane. Say :func:`illapel_notice` wherever it is used.
    """
    told = _told()
    quake = told["earthquake"]
    names = MappingProxyType(quake["names"])
    earthquake = Earthquake(**{**quake, "time": datetime.fromisoformat(quake["time"]), "names": names})
    return Rupture.plane(earthquake, **told["plane"])


def illapel_notice() -> dict[str, str]:
    """What to say of the plane, by language (``en``, ``zh``)."""
    return dict(_told()["notice"])
