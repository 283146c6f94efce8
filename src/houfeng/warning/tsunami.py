"""What must be said of tsunamis. Houfeng does not model them; it never stays silent about them either."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from houfeng.earthquake import Earthquake
from houfeng.errors import UnknownNameError
from houfeng.geo import wrap_longitude
from houfeng.warning.coast import coast_distance_km, on_land

#: From this magnitude on, shallower than this, at sea or at most this far inland, the banner is shown.
MAGNITUDE, DEPTH_KM, INLAND_KM = 7.0, 100.0, 100.0

_TITLE = {"en": "TSUNAMI POSSIBLE", "zh": "可能发生海啸"}
_BANNER = {
    "en": "TSUNAMI POSSIBLE. Follow {centre}. Houfeng does not model tsunamis.",
    "zh": "可能发生海啸。请遵循{centre}发布的信息。候风不模拟海啸。",
}
_INSTRUCTION = {
    "en": "If you are at the coast and felt strong or long shaking, or see the sea draw back, go to high ground or "
    "inland at once, on foot where you can; do not wait for an order. Stay there until the authorities call you back: "
    "later waves can be the larger ones. Follow {centre}.",
    "zh": "如果您在海边并感到强烈或长时间的震动，或看到海水后退，请立即前往高处或内陆，尽量步行，不要等待命令。"
    "在主管部门通知之前不要返回：后到的海浪可能更大。请遵循{centre}发布的信息。",
}


@dataclass(frozen=True, slots=True)
class TsunamiNotice:
    """The fixed banner.

    Attributes
    ----------
    centre
        Code of the warning centre's country or region; empty for "your national centre".
    title, banner, instruction
        By language (``en``, ``zh``).
    coast_km
        From the epicentre to the nearest coast, km.
    offshore
        Whether the epicentre is at sea.
    """

    centre: str
    title: Mapping[str, str]
    banner: Mapping[str, str]
    instruction: Mapping[str, str]
    coast_km: float
    offshore: bool


def tsunami_notice(earthquake: Earthquake, *, country: str = "") -> TsunamiNotice | None:
    """The banner for `earthquake`, None where none is due (inland, deep, or less than magnitude 7).

    Parameters
    ----------
    country
        Whose centre to name (``CL``, ``JP``, ``US``, ``US-HI``, ``CN``, ``FR``, ``IT``); by default it is chosen by
        the place of the epicentre.

    Raises
    ------
    UnknownNameError
        When `country` is not in the table.

    Notes
    -----
    None is no all-clear: smaller, deeper and inland earthquakes have made tsunamis, mostly by landslides.
    """
    centre = _centre(earthquake, country)
    if earthquake.magnitude < MAGNITUDE or earthquake.depth_km >= DEPTH_KM:
        return None
    place = {"longitude": earthquake.longitude, "latitude": earthquake.latitude}
    coast_km, offshore = coast_distance_km(**place), not on_land(**place)
    if not offshore and coast_km > INLAND_KM:
        return None
    return TsunamiNotice(
        centre=centre["code"],
        title=_TITLE,
        banner={language: text.format(centre=centre[language]) for language, text in _BANNER.items()},
        instruction={language: text.format(centre=centre[language]) for language, text in _INSTRUCTION.items()},
        coast_km=coast_km,
        offshore=offshore,
    )


@cache
def _table() -> dict:
    return json.loads(resources.files("houfeng.warning").joinpath("centres.json").read_text(encoding="utf-8"))


def _centre(earthquake: Earthquake, country: str) -> dict[str, str]:
    table = _table()
    if country:
        found = [centre for centre in table["centres"] if centre["code"] == country.upper()]
        if not found:
            raise UnknownNameError("tsunami warning centre", country, [centre["code"] for centre in table["centres"]])
        return found[0]
    longitude, latitude = float(wrap_longitude(earthquake.longitude)), earthquake.latitude
    for centre in table["centres"]:
        for west, south, east, north in centre["boxes"]:
            if west <= longitude <= east and south <= latitude <= north:
                return centre
    return table["default"]
