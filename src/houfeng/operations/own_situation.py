"""The response of one's own as the situation report, files, and what to do first in words."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from houfeng.earthquake import Earthquake
from houfeng.operations import situation as told
from houfeng.operations.chain_files import LANGUAGES, chain_pictures
from houfeng.operations.city import local_name
from houfeng.operations.document import time
from houfeng.operations.outputs import write_bytes, write_text
from houfeng.operations.own_assessment import felt, totals
from houfeng.operations.own_response import OwnResponse
from houfeng.operations.places import Places
from houfeng.operations.respond import SecondResponse
from houfeng.operations.warn import earthquake_document
from houfeng.reports.situation_numbers import rounded
from houfeng.response.facilities import EXCLUSIONS
from houfeng.response.isochrones import edges_geojson
from houfeng.shaking.field import ShakingField
from houfeng.shaking.sites import Sites

#: A map of roads wider than this is not drawn; the map of shaking has at most so many columns and rows.
WIDEST_DEG, _CELLS, _MARGIN_DEG, _STEP_DEG = 1.5, 60, 0.5, 0.05
#: Visits named in the first action.
_FIRST = 3

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
    quake = own.rupture.earthquake
    roads = told.roads(own)
    if not len(own.city.hospitals):
        roads["unreachable_people"] = None
    return {
        "state": "draft",
        "authority": "",
        "label": dict(_LABEL),
        "drill": own.drill,
        "simulated": [dict(words) for words in own.city.simulated],
        "issued": time(own.issued),
        "minutes_after": round((own.issued - quake.time).total_seconds() / 60),
        "place": dict(own.city.names),
        "earthquake": earthquake_document(quake)
        | {"names": {language: _name(quake, language) for language in LANGUAGES}},
        "tsunami": {"banner": own.warning.tsunami and dict(own.warning.tsunami.banner)},
        "shaking": felt(own.assessment),
        "forecast": None,
        "losses": totals(own.assessment),
        "zones": told.zones(own)[: told.SHOWN_ZONES],
        "needs": told.needs(own),
        "roads": roads,
        "actions": actions(own),
        "unknown": [{language: words[language] for language in LANGUAGES} for words in unknown(own)],
        "sources": sources(own),
    }


def actions(own: OwnResponse) -> list[dict]:
    """What to do first, and who: drawn from the plan, for people to decide on."""
    plan, done = own.response.plan, []
    rescue, (hospitals,), (shelter,), (water,) = plan.rescue, plan.facilities, plan.evacuations, plan.supplies
    if own.warning.tsunami is not None:
        n = len(own.response.waiting)
        waits = (
            (f"; {n} search sites wait for the all-clear", f"；{n}处搜救点待海啸预警解除后再行动") if n else ("", "")
        )
        done.append(_action("Keep everybody away from the sea" + waits[0], "所有人员远离海边" + waits[1],
                            "civil protection", "应急管理部门"))  # fmt: skip
    first = sorted(rescue.visits, key=lambda visit: visit.arrive_s)[:_FIRST]
    if first:
        en, zh = (
            ", ".join(f"{visit.site_id} ({local_name(visit.team_id, language)})" for visit in first)
            for language in LANGUAGES
        )
        done.append(_action(f"Search {en} first; {len(rescue.visits)} sites in this shift",
                            f"优先搜救{zh}；本班次共{len(rescue.visits)}处", "rescue teams", "救援队"))  # fmt: skip
    if len(hospitals.opened):
        en, zh = _listed(hospitals.opened_id, len(hospitals.opened))
        done.append(_action(f"Open field hospitals: {en}", f"开设野战医院：{zh}", "health service", "卫生部门"))
    if shelter.departures:
        en, zh = _listed(list(dict.fromkeys(leaving.place_id for leaving in shelter.departures)))
        done.append(_action(f"Open shelters: {en}", f"开放避难场所：{zh}", "municipality", "市政府"))
    short = water.shortage.total.high
    if short >= 1:
        done.append(_action(f"Ask for water: up to {rounded(short):,.0f} litres are missing for a day",
                            f"请求调水：一天最多缺{rounded(short):,.0f}升", "logistics", "后勤保障"))  # fmt: skip
    looked = "Send people to look: no damage has been observed"
    return [*done, _action(looked, "派员实地核查：破坏情况均未经观测", "everybody on site", "现场人员")]


def left_out(own: OwnResponse) -> list[dict[str, str]]:
    """Places that may not be used, by reason, by language."""
    plan, by_reason = own.response.plan, {}
    for part in (*plan.facilities, *plan.evacuations):
        for each in part.excluded:
            by_reason.setdefault(each.reason, []).append(each.place_id)
    told = []
    for reason, names in by_reason.items():
        (en, zh), why = _listed(names), EXCLUSIONS[reason]
        told.append({"en": f"left out: {en}: {why['en']}", "zh": f"未采用：{zh}，{why['zh']}"})
    return told


def _listed(names: Sequence[str], most: int = _FIRST) -> tuple[str, str]:
    """The first names in English and Chinese, and how many there are."""
    en, zh = (", ".join(local_name(name, language) for name in names[:most]) for language in LANGUAGES)
    rest = len(names) - most
    return (f"{en} and {rest} more", f"{zh}等{len(names)}处") if rest > 0 else (en, zh)


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
        "actions": actions(own),
        "waiting": list(own.response.waiting),
        "left_out": left_out(own),
        "notes": [dict(note) for note in own.notes],
    }


def situation_roads(own: OwnResponse) -> dict:
    """Closed roads, people who reach a hospital before and after; nothing of hospitals where none is given."""
    roads = told.roads(own) | {"closures": own.response.closures.source, "simulated": own.response.closures.simulated}
    return roads | ({} if len(own.city.hospitals) else {"unreachable_people": None})


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
        sites = own.event.shakemap.sites
        (west, east), (south, north) = (
            (column.min(), column.max()) for column in (sites.longitude, sites.latitude)
        )  # fmt: skip
        step = max((east - west) / _CELLS, (north - south) / _CELLS)
    else:
        quake, (longitude, latitude) = own.rupture.earthquake, own.city.centre
        west, east = min(quake.longitude, longitude) - _MARGIN_DEG, max(quake.longitude, longitude) + _MARGIN_DEG
        south, north = min(quake.latitude, latitude) - _MARGIN_DEG, max(quake.latitude, latitude) + _MARGIN_DEG
        step = max(_STEP_DEG, (east - west) / _CELLS, (north - south) / _CELLS)
    x, y = np.round(np.arange(west, east, step), 4), np.round(np.arange(south, north, step), 4)
    lon, lat = np.meshgrid(x, y)
    return own.event.shaking_at(Sites.of(longitude=lon.ravel(), latitude=lat.ravel(), vs30_mps=own.city.vs30_mps))


def _name(quake: Earthquake, language: str) -> str:
    """What people call it: in the language, else in another, else its identifier."""
    return quake.names.get(language) or next(iter(quake.names.values()), quake.event_id)


def _action(en: str, zh: str, who_en: str, who_zh: str) -> dict:
    return {"words": {"en": en, "zh": zh}, "who": {"en": who_en, "zh": who_zh}}
