"""What the attributes of a road file mean: class, speed, direction, bridge, level."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from houfeng.response.roads import DEFAULT_SPEED_KMH

#: Classes of OpenStreetMap that no car or lorry drives; left out and counted.
NOT_DRIVEN = frozenset(
    ("footway", "path", "steps", "cycleway", "pedestrian", "bridleway", "corridor", "elevator", "platform")
    + ("construction", "proposed", "abandoned", "razed", "raceway", "escape", "bus_guideway", "rest_area")
    + ("services", "via_ferrata", "rail", "railway")
)


@dataclass(frozen=True, slots=True)
class RoadFields:
    """Which attribute of a file says what; the defaults are OpenStreetMap's keys.

    Attributes
    ----------
    road_class, speed_kmh, one_way, bridge, tunnel, layer, name, identifier : str
        A name that a file does not have is simply not there. ``speed_kmh`` understands ``50`` and ``30 mph``;
        ``one_way`` understands yes, true, 1, -1 (against the line's direction) and no.
    classes : mapping from str to str
        What the file's classes are in OpenStreetMap's words; others are taken as they are.
    default_speed_kmh : mapping from str to float
    """

    road_class: str = "highway"
    speed_kmh: str = "maxspeed"
    one_way: str = "oneway"
    bridge: str = "bridge"
    tunnel: str = "tunnel"
    layer: str = "layer"
    name: str = "name"
    identifier: str = "id"
    classes: Mapping[str, str] = field(default_factory=dict)
    default_speed_kmh: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SPEED_KMH))


def attribute(properties: Mapping[str, object], key: str) -> object:
    """An attribute, also out of the text ``other_tags`` into which GDAL packs OpenStreetMap's rarer keys."""
    value = properties.get(key)
    if value in (None, "") and properties.get("other_tags"):
        found = re.search(rf'"{re.escape(key)}"=>"((?:[^"\\]|\\.)*)"', str(properties["other_tags"]))
        return found[1] if found else None
    return value


def class_of(properties: Mapping[str, object], fields: RoadFields) -> str:
    """Road class in OpenStreetMap's words, ``road`` where none is stated."""
    given = str(attribute(properties, fields.road_class) or "road")
    return fields.classes.get(given, given)


def default_speed_kmh(kind: str, fields: RoadFields) -> float:
    """Speed of a class in km/h; a link has its own or that of its class, an unknown class that of ``road``."""
    speeds = fields.default_speed_kmh
    return speeds.get(kind, speeds.get(kind.removesuffix("_link"), speeds.get("road", DEFAULT_SPEED_KMH["road"])))


def read_speed_kmh(given: object) -> float:
    """Speed in km/h as a file states it, NaN where it states none that can be read."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(km/?h|kph|mph)?\s*", str(given), re.IGNORECASE)
    if not found or float(found[1]) <= 0:
        return float("nan")
    return float(found[1]) * (1.609344 if (found[2] or "").lower() == "mph" else 1.0)


def says_yes(given: object) -> bool:
    """Whether an attribute states anything but no."""
    return given is not None and str(given).strip().lower() not in ("", "0", "no", "false", "none", "nan")


def direction_of(properties: Mapping[str, object], kind: str, fields: RoadFields) -> int:
    """1 in the line's direction, -1 against it, 0 both ways; a motorway or roundabout is one-way unless it says no."""
    given = str(attribute(properties, fields.one_way) or "").strip().lower()
    if given in ("-1", "reverse"):
        return -1
    if given in ("yes", "true", "1", "1.0"):
        return 1
    implied = kind == "motorway" or str(attribute(properties, "junction") or "") == "roundabout"
    return 1 if implied and given == "" else 0


def level_of(properties: Mapping[str, object], fields: RoadFields) -> int:
    """Level of a road: what it states, else 1 for a bridge, -1 for a tunnel, 0."""
    given = re.fullmatch(r"\s*(-?\d+)(?:\.0)?\s*", str(attribute(properties, fields.layer)))
    if given:
        return int(given[1])
    return int(says_yes(attribute(properties, fields.bridge))) - int(says_yes(attribute(properties, fields.tunnel)))
