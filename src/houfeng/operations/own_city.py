"""A city from files of one's own: zones from the exposure, roads, places, teams and the shore as they are given."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from houfeng.errors import InputError
from houfeng.geo import great_circle_km
from houfeng.operations.city import COASTAL_STRIP_KM, City, coquimbo
from houfeng.operations.own_event import OwnEvent
from houfeng.operations.own_tables import no_places, no_teams, read_own_places, read_teams
from houfeng.response.coordinates import geojson_reference
from houfeng.response.facilities import Places
from houfeng.response.road_files import read_roads

#: The shore is followed in steps of this length, km.
_SHORE_STEP_KM = 0.1
#: Zones and places farther from a road than this are told; roads all farther from the zones are of another town.
FAR_KM, ELSEWHERE_KM = 2.0, 50.0

_WORDS = {
    "far": {
        "en": "{n} of {all} zones lie more than {km:g} km from any road of the largest piece of the network",
        "zh": "{all}个片区中有{n}个距路网主体超过{km:g}公里",
    },
    "no_teams": {"en": "no rescue teams are given", "zh": "未提供救援队"},
    "no_hospitals": {"en": "no hospitals are given", "zh": "未提供医院"},
    "no_field": {
        "en": "no place for a field hospital is given",
        "zh": "未提供野战医院备选点",
    },
    "no_shelters": {"en": "no shelters are given", "zh": "未提供避难场所"},
    "no_depots": {"en": "no depots are given", "zh": "未提供物资库"},
    "no_coast": {
        "en": "no shore is given: places near the sea are not left out",
        "zh": "未提供海岸线：近海地点未予排除",
    },
    "nobody": {
        "en": "the exposure has no occupants_night, so nobody is reckoned to live there: the plan is for nobody",
        "zh": "暴露数据缺少 occupants_night，视为无人居住：方案中没有服务对象",
    },
    "simulated_buildings": {"en": "buildings", "zh": "建筑"},
    "simulated_places": {"en": "hospitals, shelters or depots", "zh": "医院、避难场所或物资库"},
}
#: The option that mends what a note says.
_OPTIONS = {
    "no_teams": "--teams",
    "no_hospitals": "--hospitals",
    "no_field": "--hospitals with kind field",
    "no_shelters": "--shelters",
    "no_depots": "--depots",
    "no_coast": "--coast",
}
_PLACE = {"en": "the area assessed", "zh": "评估区"}


@dataclass(frozen=True)
class CityFiles:
    """Files that make a city; None where not given.

    Attributes
    ----------
    roads
        GeoJSON or GeoPackage.
    crossings, tolerance_m, layer
        How roads are joined, see :func:`houfeng.response.road_files.read_roads`.
    teams, hospitals, shelters, depots
        CSV.
    coast
        GeoJSON lines along the shore.
    coastal_strip_km
        Its width; nothing is opened in it.
    names
        Of the place, by language.
    """

    roads: Path | None = None
    crossings: bool = False
    tolerance_m: float = 0.0
    layer: str | None = None
    teams: Path | None = None
    hospitals: Path | None = None
    shelters: Path | None = None
    depots: Path | None = None
    coast: Path | None = None
    coastal_strip_km: float = COASTAL_STRIP_KM
    names: Mapping[str, str] | None = None


@dataclass(frozen=True, eq=False)
class OwnCity:
    """A city, and what was left out, filled in or missing on reading it: by language, and the ``option`` to use."""

    city: City
    notes: tuple[Mapping[str, str], ...]


def city_for(event: OwnEvent, files: CityFiles) -> OwnCity:
    """The city of an assessment: the one that ships with Houfeng where it was chosen, else made of `files`.

    Files given beside a city that ships with Houfeng replace its parts.

    Raises
    ------
    InputError
        When there are no roads, they lie elsewhere, or a file cannot be used; parts that are merely missing are told.
    """
    if not 0 <= files.coastal_strip_km <= 100:
        raise InputError(f"a coastal strip of {files.coastal_strip_km:g} km; it is 0 to 100 km wide")
    city, notes = _start(event, files)
    invented = city.hospitals.simulated or city.shelters.simulated or city.depots.simulated
    if files.hospitals is not None:
        table, places = read_own_places(files.hospitals, "capacity")
        field = np.array([kind == "field" for kind in table.texts["kind"]], bool)
        city = replace(city, hospitals=_some(places, ~field), field_hospitals=_some(places, field))
        notes += table.notes
    if files.shelters is not None:
        table, places = read_own_places(files.shelters, "capacity")
        city, notes = replace(city, shelters=places), notes + list(table.notes)
    if files.depots is not None:
        table, places = read_own_places(files.depots, "stock_litres")
        city = replace(city, depots=places, stock_litres=table.numbers["stock_litres"])
        notes += table.notes
    if files.teams is not None:
        table, teams = read_teams(files.teams)
        city, notes = replace(city, teams=teams), notes + list(table.notes)
    if files.coast is not None:
        city = replace(city, shore=read_shore(files.coast))
    city = _marked(replace(city, coastal_strip_km=files.coastal_strip_km))
    simulated = list(city.simulated)
    places = (city.hospitals, city.field_hospitals, city.shelters, city.depots)
    if not invented and any(part.simulated for part in places):
        simulated.append(_WORDS["simulated_places"])
    return OwnCity(replace(city, simulated=tuple(simulated)), (*notes, *_missing(city)))


def _start(event: OwnEvent, files: CityFiles) -> tuple[City, list[Mapping[str, str]]]:
    """The city before its tables, and notes."""
    if event.city and files.roads is None:
        return coquimbo(files.coastal_strip_km), []
    if files.roads is None:
        raise InputError("--roads is missing: a GeoJSON or GeoPackage file of lines; without roads there is no plan")
    how = {"node_at": "crossings" if files.crossings else "vertices", "tolerance_m": files.tolerance_m}
    read = read_roads(files.roads, layer=files.layer, **how)
    notes = [{"en": f"{files.roads.name}: {note}", "zh": f"{files.roads.name}：{note}"} for note in read.notes]
    zone_id, place, population = zones_of(event)
    none = no_places()
    if event.city:
        city = replace(coquimbo(files.coastal_strip_km), roads=read.network)
    else:
        city = City(
            key=files.roads.stem,
            names=files.names or _PLACE,
            country=event.country,
            region=event.region,
            utc_offset_h=0.0,
            exposure=event.exposure,
            zone_id=zone_id,
            zone_longitude=place[:, 0],
            zone_latitude=place[:, 1],
            population=population,
            zone_rings=(),
            vs30_mps=event.vs30_mps,
            roads=read.network,
            hospitals=none,
            shelters=none,
            field_hospitals=none,
            depots=none,
            stock_litres=np.zeros(0),
            teams=no_teams(),
            shore=np.zeros((0, 2)),
            coastal_strip_km=files.coastal_strip_km,
            simulated=(_WORDS["simulated_buildings"],) if event.exposure.simulated else (),
        )
    return city, notes + _far(city, files.roads.name)


def zones_of(event: OwnEvent) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Zones of an exposure: names, the middle of the people in each (n, 2) in degrees, people at night (n,)."""
    stock = event.exposure
    names, first, number = np.unique(stock.zone_id.astype(str), return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.argsort(order)[number]
    weight = np.maximum(stock.occupants_night, 1e-9)
    total = np.bincount(rank, weight)
    columns = []
    for column in (stock.longitude, stock.latitude):
        away = (column - column[0] + 180.0) % 360.0 - 180.0  # differences keep the date line out of the mean
        columns.append(column[0] + np.bincount(rank, weight * away) / total)
    longitude = (columns[0] + 180.0) % 360.0 - 180.0
    return (
        tuple(names[order].tolist()),
        np.column_stack([longitude, columns[1]]),
        np.bincount(rank, stock.occupants_night),
    )


def _far(city: City, name: str) -> list[Mapping[str, str]]:
    """What lies far from the roads.

    Raises
    ------
    InputError
        When everything does: then the roads are those of another town, or their coordinates are wrong.
    """
    near = city.roads.nearest_node(
        longitude=city.zone_longitude, latitude=city.zone_latitude, among=city.roads.components(directed=True) == 0
    )
    km = near.distance_m / 1000
    if km.min() > ELSEWHERE_KM:
        x, y = city.roads.node_longitude.mean(), city.roads.node_latitude.mean()
        raise InputError(
            f"the roads of {name} (around {x:.2f}, {y:.2f}) are {km.min():,.0f} km and more from the exposure (around "
            f"{city.zone_longitude.mean():.2f}, {city.zone_latitude.mean():.2f}); do both files state the right CRS?"
        )
    n = int((km > FAR_KM).sum())
    return [_told("far", n=n, all=len(km), km=FAR_KM)] if n else []


def _missing(city: City) -> Iterator[Mapping[str, str]]:
    """Parts nobody gave; the plan goes without them."""
    absent = {
        "nobody": city.population.sum() == 0,
        "no_teams": not len(city.teams),
        "no_hospitals": not len(city.hospitals),
        "no_field": not len(city.field_hospitals),
        "no_shelters": not len(city.shelters),
        "no_depots": not len(city.depots),
        "no_coast": not len(city.shore),
    }
    return (_told(key) for key, yes in absent.items() if yes)


def _told(key: str, **values: object) -> Mapping[str, str]:
    told = {language: text.format(**values) for language, text in _WORDS[key].items()}
    return told | ({"option": _OPTIONS[key]} if key in _OPTIONS else {})


def _some(places: Places, rows: np.ndarray) -> Places:
    columns = ("longitude", "latitude", "capacity", "in_coastal_strip", "closed")
    kept = {name: getattr(places, name)[rows] for name in columns}
    return Places(tuple(np.array(places.place_id, object)[rows]), **kept, simulated=places.simulated)


def _marked(city: City) -> City:
    """The places in the coastal strip marked."""
    parts = {}
    for name in ("hospitals", "shelters", "field_hospitals", "depots"):
        places = getattr(city, name)
        near = city.in_coastal_strip(longitude=places.longitude, latitude=places.latitude)
        parts[name] = replace(places, in_coastal_strip=near)
    return replace(city, **parts)


def read_shore(path: Path) -> np.ndarray:
    """Points along the lines (or outlines) of a GeoJSON file, every hundred metres, shape (n, 2), degrees.

    Raises
    ------
    InputError
        When the file cannot be read, or has no line in it.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InputError(f"the shore cannot be read from {path}: {error}; it must be GeoJSON") from error
    if not isinstance(document, dict):
        raise InputError(f"{path.name} is no GeoJSON")
    degrees = geojson_reference(document, path.name).degrees
    lines = [np.array(line, float)[:, :2] for line in _lines(document) if len(line) > 1]
    if not lines:
        raise InputError(f"{path.name} has no line in it; the shore is given as LineString, or as Polygon")
    shore = np.concatenate([_steps(degrees(line)) for line in lines])
    if not (np.isfinite(shore).all() and (np.abs(shore) <= [180, 90]).all()):
        raise InputError(f"{path.name} holds points that are no degrees, and names no coordinate system (CRS)")
    return shore


def _lines(part: Mapping) -> Iterator[list]:
    kind = part.get("type")
    if kind in ("FeatureCollection", "GeometryCollection"):
        for one in part.get("features") or part.get("geometries") or ():
            yield from _lines(one)
    elif kind == "Feature":
        yield from _lines(part.get("geometry") or {})
    elif kind == "LineString":
        yield part["coordinates"]
    elif kind in ("MultiLineString", "Polygon"):
        yield from part["coordinates"]
    elif kind == "MultiPolygon":
        for polygon in part["coordinates"]:
            yield from polygon


def _steps(line: np.ndarray) -> np.ndarray:
    """The line with points added, so that none is farther than a step from the next."""
    a, b = line[:-1], line[1:]
    km = great_circle_km(longitude=a[:, 0], latitude=a[:, 1], to_longitude=b[:, 0], to_latitude=b[:, 1])
    parts = np.maximum(np.ceil(km / _SHORE_STEP_KM), 1).astype(int)
    pieces = [p + np.arange(n)[:, None] / n * (q - p) for p, q, n in zip(a, b, parts, strict=True)]
    return np.concatenate([*pieces, line[-1:]])
