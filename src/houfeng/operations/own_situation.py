"""The response of one's own as the situation report, files, and what to do first in words."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from houfeng.earthquake import Earthquake
from houfeng.operations import situation as told
from houfeng.operations.chain_files import FINEST_DEG, chain_pictures, grid_sites
from houfeng.operations.outputs import write_bytes, write_text
from houfeng.operations.own_response import OwnResponse
from houfeng.operations.places import Places
from houfeng.operations.respond import SecondResponse
from houfeng.reports.messages import LANGUAGES
from houfeng.response.facilities import EXCLUSIONS
from houfeng.response.isochrones import edges_geojson
from houfeng.shaking.field import ShakingField

#: A map of roads wider than this is not drawn; the map of shaking reaches so far beyond epicentre and city.
WIDEST_DEG, _MARGIN_DEG = 1.5, 0.5

_NOT_OBSERVED = {
    "en": "Nobody has looked yet: damage and people hurt are computed.",
    "zh": "尚无现场观测：破坏和伤亡均为计算结果。",
}
_NOT_COUNTED = {
    "en": "A tsunami, landslides and fires are in none of these numbers.",
    "zh": "以上数字均未计入海啸、滑坡和火灾。",
}
_LABEL = {"en": "Computed from files given by the user.", "zh": "根据用户提供的资料计算。"}


def situation(own: OwnResponse) -> dict:
    """The situation report as :mod:`houfeng.reports.situation` reads it."""
    document = told.report(own, label=dict(_LABEL), drill=own.drill)
    names = {language: _name(own.rupture.earthquake, language) for language in LANGUAGES}
    return document | {
        "earthquake": document["earthquake"] | {"names": names},
        "roads": document["roads"] | _without_hospitals(own),
        "unknown": [{language: words[language] for language in LANGUAGES} for words in unknown(own)],
        "sources": sources(own),
    }


def left_out(own: OwnResponse) -> list[dict[str, str]]:
    """Places that may not be used, by reason, by language."""
    plan, by_reason = own.response.plan, {}
    for part in (*plan.facilities, *plan.evacuations):
        for each in part.excluded:
            by_reason.setdefault(each.reason, []).append(each.place_id)
    left = []
    for reason, names in by_reason.items():
        (en, zh), why = told.listed(names), EXCLUSIONS[reason]
        left.append({"en": f"left out: {en}: {why['en']}", "zh": f"未采用：{zh}，{why['zh']}"})
    return left


def unknown(own: OwnResponse) -> list[Mapping[str, str]]:
    """What nobody knows, and what was not given."""
    outside = [{language: note.text(language) for language in LANGUAGES} for note in own.assessment.outside]
    return [_NOT_OBSERVED, _NOT_COUNTED, *own.notes, *outside, *own.event.notes]


def sources(own: OwnResponse) -> list[dict]:
    """Where it all comes from."""
    pager = own.assessment.deaths_alert.estimate
    numbers = f"{pager.value:.2g} ({pager.low:.2g} - {pager.high:.2g})"
    shaking, stock, roads, closed = (
        own.assessment.field.source, own.event.exposure.source, own.city.roads.source, own.response.closures.source,
    )  # fmt: skip
    return [
        {"en": f"Shaking: {shaking}", "zh": f"震动：{shaking.replace('ground-motion models', '地震动模型')}"},
        {"en": f"Damage and people hurt: Hazus; buildings: {stock}", "zh": f"破坏与伤亡：Hazus方法；建筑：{stock}"},
        {"en": f"Comparison: PAGER's country model, deaths {numbers}", "zh": f"对照：PAGER国家模型，死亡{numbers}人"},
        {"en": f"Roads: {roads}", "zh": f"道路：{roads}"},
        {"en": f"Closures: {closed}", "zh": f"道路封闭：{closed}"},
    ]


def plan_document(own: OwnResponse) -> dict:
    """The plan with roads, what to do first and what is missing, as plain values."""
    return {
        **own.response.plan.to_document(),
        "roads": situation_roads(own),
        "actions": told.actions(own),
        "waiting": list(own.response.waiting),
        "left_out": left_out(own),
        "notes": [dict(note) for note in own.notes],
    }


def situation_roads(own: OwnResponse) -> dict:
    """Closed roads, people who reach a hospital before and after; nothing of hospitals where none is given."""
    roads = told.roads(own) | {"closures": own.response.closures.source, "simulated": own.response.closures.simulated}
    return roads | _without_hospitals(own)


def _without_hospitals(own: OwnResponse) -> dict:
    return {} if len(own.city.hospitals) else {"unreachable_people": None}


def change_document(own: OwnResponse, second: SecondResponse) -> dict:
    """The plan after more closures, and how little moved."""
    return {
        "moves": second.change.moves,
        "moved_sites": list(second.change.moved_sites),
        "moved_zones": list(second.change.moved_zones),
        "touched_teams": list(second.change.touched_teams),
        "plan": plan_document(own),
    }


def write_response(
    own: OwnResponse, folder: Path, *, stem: str = "plan", document: Mapping | None = None
) -> list[Path]:
    """Write the plan, its map as GeoJSON and the roads below `folder`; returns the paths.

    A second plan (`stem` ``replan``) of an earlier one is removed with it.
    """
    if stem == "plan":
        for name in ("replan.json", "replan.geojson", "replan-roads.geojson"):
            (folder / name).unlink(missing_ok=True)
    response = own.response
    roads = edges_geojson(
        own.city.roads, response.reach, closed=response.closures.closed, simulated=response.closures.simulated
    )
    parts = {
        f"{stem}.json": plan_document(own) if document is None else document,
        f"{stem}.geojson": response.plan.to_geojson(response.paths),
        "roads.geojson" if stem == "plan" else f"{stem}-roads.geojson": roads,
    }
    for name, part in parts.items():
        write_text(folder / name, json.dumps(part, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")
    return [folder / name for name in parts]


def write_situation(own: OwnResponse, folder: Path) -> list[Path]:
    """Write the situation report as JSON and, with maps, as PDF in English and Chinese; returns the paths.

    Roads of a whole country are not drawn: the page then says that there is no map.
    """
    from houfeng.reports.situation_pdf import situation_pdf

    document = situation(own)
    paths = [folder / "situation.json"]
    write_text(paths[0], json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    for language in LANGUAGES:
        pictures = _pictures(own, language)
        pictures_of = {"map": pictures["city"]} if pictures else {}
        files = {f"{name}-{language}.png": content for name, content in pictures.items()}
        files[f"situation-{language}.pdf"] = situation_pdf(document, pictures_of, language)
        for name, content in files.items():
            write_bytes(folder / name, content)
            paths.append(folder / name)
    return paths


def _pictures(own: OwnResponse, language: str) -> dict[str, bytes]:
    roads = own.city.roads
    spans = [np.subtract(*np.quantile(column, [0.99, 0.01])) for column in (roads.node_longitude, roads.node_latitude)]
    if max(spans) > WIDEST_DEG:
        return {}
    middle = own.city.centre
    towns = Places(
        names=(own.city.names,),
        longitude=np.array([middle[0]]),
        latitude=np.array([middle[1]]),
        population=np.array([own.city.population.sum()]),
        radius_km=np.array([1.0]),
        geocodes=((),),
    )
    return chain_pictures(own, towns, ground_of(own), language, drill=own.drill)


def ground_of(own: OwnResponse) -> ShakingField:
    """The field of shaking on a regular grid that holds epicentre and city, or on all of a map that was given."""
    if own.event.shakemap is not None:
        x, y, finest = own.event.shakemap.sites.longitude, own.event.shakemap.sites.latitude, 0.0
    else:
        quake, (longitude, latitude) = own.rupture.earthquake, own.city.centre
        x = np.array([min(quake.longitude, longitude) - _MARGIN_DEG, max(quake.longitude, longitude) + _MARGIN_DEG])
        y = np.array([min(quake.latitude, latitude) - _MARGIN_DEG, max(quake.latitude, latitude) + _MARGIN_DEG])
        finest = FINEST_DEG
    return own.event.shaking_at(grid_sites(longitude=x, latitude=y, vs30_mps=own.city.vs30_mps, finest_deg=finest))


def _name(quake: Earthquake, language: str) -> str:
    """What people call it: in the language, else in another, else its identifier."""
    return quake.names.get(language) or next(iter(quake.names.values()), quake.event_id)
