"""The files of a chain: what programs read (JSON, GeoJSON, CAP, ShakeMap), and what people look at (maps, PDF)."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from houfeng.alerts import Standing, as_issued, write_cap
from houfeng.alerts.atom import feed
from houfeng.alerts.card import to_html
from houfeng.operations.assess import shaking
from houfeng.operations.chain import Chain
from houfeng.operations.city import local_name
from houfeng.operations.outputs import write_bytes, write_text
from houfeng.operations.places import Places
from houfeng.reports.messages import LANGUAGES
from houfeng.response.isochrones import edges_geojson
from houfeng.shaking.field import ShakingField
from houfeng.shaking.geojson import to_geojson
from houfeng.shaking.intensity import intensity_of
from houfeng.shaking.shakemap import write_shakemap
from houfeng.shaking.sites import Sites

#: The map of shaking: degrees around epicentre and city, least degrees between points, most columns and rows.
_MARGIN_DEG, FINEST_DEG, _CELLS = 0.8, 0.05, 60
#: Inches the map is drawn wide for the page of paper, where it is shown smaller.
PDF_MAP_IN = 4.3


def write_chain(chain: Chain, towns: Places, documents: Mapping[str, object], folder: Path) -> list[str]:
    """Write every file of `chain`.

    Parameters
    ----------
    documents
        By name, written as ``NAME.json``; ``situation`` is typeset as well.

    Returns
    -------
    list of str
        Names below `folder`.
    """
    from houfeng.reports.situation_pdf import situation_pdf

    for name, document in documents.items():
        _write_json(folder / f"{name}.json", document)
    ground = shaking_grid(chain)
    _write_shaking(chain, ground, folder)
    _write_damage_and_plan(chain, folder)
    _write_alert(chain, folder)
    drill = bool(documents["situation"]["drill"])
    for language in LANGUAGES:
        pictures = chain_pictures(chain, towns, ground, language, drill=drill)
        for name, picture in pictures.items():
            write_bytes(folder / f"{name}-{language}.png", picture)
        write_bytes(
            folder / f"situation-{language}.pdf",
            situation_pdf(documents["situation"], {"map": _city_picture(chain, language, drill, PDF_MAP_IN)}, language),
        )
    return sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def shaking_grid(chain: Chain) -> ShakingField:
    """The field of shaking on a regular grid that holds epicentre and city."""
    quake, (longitude, latitude) = chain.rupture.earthquake, chain.city.centre
    x, y = np.array([quake.longitude, longitude]), np.array([quake.latitude, latitude])
    sites = grid_sites(
        longitude=np.array([x.min() - _MARGIN_DEG, x.max() + _MARGIN_DEG]),
        latitude=np.array([y.min() - _MARGIN_DEG, y.max() + _MARGIN_DEG]),
        vs30_mps=chain.city.vs30_mps,
    )
    return shaking(chain.rupture, sites, region=chain.city.region)[0]


def grid_sites(
    *, longitude: np.ndarray, latitude: np.ndarray, vs30_mps: float, finest_deg: float = FINEST_DEG
) -> Sites:
    """A regular grid over all of some places in degrees, steps no finer than given and no more than fit a map."""
    (west, east), (south, north) = ((column.min(), column.max()) for column in (longitude, latitude))
    step = max(finest_deg, (east - west) / _CELLS, (north - south) / _CELLS)
    # Steps and corner have four decimals: rounded apart, the sites would not be evenly spaced.
    step, west, south = np.ceil(step * 1e4 - 1e-6) / 1e4, np.round(west, 4), np.round(south, 4)
    lon, lat = np.meshgrid(np.round(np.arange(west, east, step), 4), np.round(np.arange(south, north, step), 4))
    return Sites.of(longitude=lon.ravel(), latitude=lat.ravel(), vs30_mps=vs30_mps)


def _write_shaking(chain: Chain, ground: ShakingField, folder: Path) -> None:
    write_shakemap(ground, folder / "grid.xml")
    step = float(np.diff(np.unique(ground.sites.longitude)[:2])[0])
    _write_json(folder / "shaking.geojson", to_geojson(ground, shape="cell", cell_deg=step))


def _write_damage_and_plan(chain: Chain, folder: Path) -> None:
    damage, response = chain.assessment.damage, chain.response
    _write_json(folder / "damage.json", damage.to_json())
    _write_json(folder / "damage.geojson", damage.to_geojson())
    _write_json(folder / "plan.json", response.plan.to_document())
    _write_json(folder / "plan.geojson", response.plan.to_geojson(response.paths))
    roads = edges_geojson(chain.city.roads, response.reach, closed=response.closures.closed, simulated=True)
    _write_json(folder / "roads.geojson", roads)


def _write_alert(chain: Chain, folder: Path) -> None:
    if chain.warning.alert is None:
        return
    draft = as_issued(chain.warning.alert, Standing("draft", ""))
    write_bytes(folder / "alert.xml", write_cap(draft))
    write_text(folder / "alert.html", to_html(draft))
    for language, tag in (("en", "en-US"), ("zh", "zh-CN")):
        entries = feed([draft], feed_id=f"urn:houfeng:{chain.city.key}", language=tag, updated=chain.issued)
        write_bytes(folder / f"alerts-{language}.atom", entries)


def _write_json(path: Path, document: object) -> None:
    write_text(path, json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")


def chain_pictures(
    chain: Chain, towns: Places, ground: ShakingField, language: str, *, drill: bool
) -> dict[str, bytes]:
    """PNG by name in one language: ``shaking``, ``city`` (damage and closed roads) and ``plan``."""
    return {
        "shaking": _shaking_picture(chain, towns, ground, language, drill),
        "city": _city_picture(chain, language, drill),
        "plan": _plan_picture(chain, language, drill),
    }


def _shaking_picture(chain: Chain, towns: Places, ground: ShakingField, language: str, drill: bool) -> bytes:
    from houfeng.reports.coastline import coastline
    from houfeng.reports.intensity_map import intensity_map
    from houfeng.reports.maps import Frame

    x, y = np.unique(ground.sites.longitude), np.unique(ground.sites.latitude)
    quake = chain.rupture.earthquake
    named = zip(towns.names, towns.longitude, towns.latitude, strict=True)
    return intensity_map(
        Frame(x[0], y[0], x[-1], y[-1]),
        longitude=x,
        latitude=y,
        mmi=intensity_of(ground.motion).mean.reshape(len(y), len(x)),
        language=language,
        coast=coastline(),
        epicentre=(quake.longitude, quake.latitude),
        cities=[(name.get(language, name["en"]), float(lon), float(lat)) for name, lon, lat in named],
        drill=drill,
    )


def _layers(chain: Chain) -> tuple:
    """Frame, roads and coastal strip, which both maps of the city share."""
    from houfeng.reports.city_layers import RoadLines, Strip
    from houfeng.reports.maps import Frame

    roads = chain.city.roads
    x, y = roads.geometry_longitude, roads.geometry_latitude
    # The middle 98 % of the roads and a margin: a few lines lead far out.
    (west, east), (south, north) = (np.quantile(column, [0.01, 0.99]) for column in (x, y))
    frame = Frame(west - 0.02, south - 0.01, east + 0.01, north + 0.01)
    lines = RoadLines(x, y, roads.geometry_offset, roads.road_class, chain.response.closures.closed)
    grid_x, grid_y = np.arange(frame.west, frame.east, 0.002), np.arange(frame.south, frame.north, 0.002)
    lon, lat = np.meshgrid(grid_x, grid_y)
    near = chain.city.in_coastal_strip(longitude=lon.ravel(), latitude=lat.ravel())
    return frame, lines, Strip(grid_x, grid_y, near.reshape(lon.shape))


def _city_picture(chain: Chain, language: str, drill: bool, width_in: float = 5.6) -> bytes:
    from houfeng.reports.city_layers import ZoneValues
    from houfeng.reports.city_map import city_map

    frame, lines, strip = _layers(chain)
    damage = chain.assessment.damage
    places = damage.zone_places()
    outline = dict(zip(chain.city.zone_id, chain.city.zone_rings, strict=False))
    rings = [outline[name] for name in damage.zone_id] if outline else None
    severe = damage.samples["buildings_extensive"] + damage.samples["buildings_complete"]
    title = {"en": "severely damaged buildings", "zh": "严重破坏建筑数"}[language]
    zones = ZoneValues(places[:, 0], places[:, 1], severe.mean(axis=0), title, rings)
    return city_map(
        frame,
        language=language,
        roads=lines,
        zones=zones,
        strip=strip,
        simulated=chain.simulated,
        drill=drill,
        width_in=width_in,
    )


def _plan_picture(chain: Chain, language: str, drill: bool) -> bytes:
    from houfeng.reports import city_layers as layer
    from houfeng.reports.city_map import city_map

    frame, lines, strip = _layers(chain)
    city, plan = chain.city, chain.response.plan
    (hospitals,), (shelter,) = plan.facilities, plan.evacuations
    open_shelters = np.flatnonzero(shelter.flow.sum(axis=1) > 0)
    places = [
        layer.Places("hospital", hospitals.places.longitude[hospitals.opened],
                     hospitals.places.latitude[hospitals.opened]),
        layer.Places("shelter", shelter.places.longitude[open_shelters], shelter.places.latitude[open_shelters]),
        layer.Places("depot", city.depots.longitude, city.depots.latitude),
        layer.Places("team", np.unique(city.teams.longitude), city.teams.latitude[_first(city.teams.longitude)]),
    ]  # fmt: skip
    routes = [
        layer.Route(path[:, 0], path[:, 1], local_name(name, language)) for name, path in chain.response.paths.items()
    ]
    return city_map(
        frame,
        language=language,
        roads=lines,
        places=places,
        routes=routes,
        strip=strip,
        simulated=chain.simulated,
        drill=drill,
    )


def _first(values: Sequence) -> np.ndarray:
    return np.unique(values, return_index=True)[1]
