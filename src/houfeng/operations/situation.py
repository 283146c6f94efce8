"""The chain as plain documents: the situation report, and what else a page or a program reads."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from houfeng.damage.assessment import estimate_of
from houfeng.damage.states import BROAD
from houfeng.operations.assess import Assessment
from houfeng.operations.chain import Chain
from houfeng.operations.city import local_name
from houfeng.operations.document import time
from houfeng.operations.warn import earthquake_document
from houfeng.reports.messages import LANGUAGES
from houfeng.reports.situation_numbers import rounded
from houfeng.shaking.forecast import ShakingForecast
from houfeng.shaking.scales import roman
from houfeng.values import Estimate

if TYPE_CHECKING:
    from houfeng.operations.own_response import OwnResponse

#: Places named in one action, zones and needs shown on one page, those in most need first.
SHOWN_PLACES, SHOWN_ZONES = 3, 8
SHOWN_NEEDS = ("water", "hospital_beds", "covered_area", "toilets_first_days", "blankets", "medical_teams")

_UNITS = {
    "litres": {"en": "litres", "zh": "升"},
    "beds": {"en": "beds", "zh": "张"},
    "m2": {"en": "m²", "zh": "平方米"},
    "toilets": {"en": "toilets", "zh": "个"},
    "sets": {"en": "sets", "zh": "套"},
    "teams": {"en": "teams", "zh": "支"},
}
_PER_DAY = {"en": " a day", "zh": "／日"}
_UNKNOWN = (
    {"en": "Nothing has been observed: shaking, damage and closed roads are computed.",
     "zh": "尚无任何实地观测：震动、破坏和道路封闭均为计算结果。"},
    {"en": "The magnitude is the final one; ten minutes after, it would have been less sure.",
     "zh": "所用震级为最终值；震后十分钟时震级尚不确定。"},
    {"en": "The source is taken as a plane of unknown direction; the ground as stiff soil everywhere.",
     "zh": "震源按方向未知的破裂面处理，场地统一按硬土处理。"},
    {"en": "A tsunami, landslides and fires are in none of these numbers.",
     "zh": "以上数字均未计入海啸、滑坡和火灾。"},
    {"en": "Two methods disagree on deaths: Hazus by building, and PAGER's model of the country.",
     "zh": "两种方法的死亡估计不一致：逐栋建筑的Hazus方法与PAGER国家模型。"},
)  # fmt: skip


def ranged(value: Estimate) -> dict:
    """A number with its range as plain values, four significant digits."""
    return {name: float(f"{getattr(value, name):.4g}") for name in ("value", "low", "high", "level")}


def chances(outlook: ShakingForecast, names: Sequence[Mapping[str, str]]) -> list[dict]:
    """Chance of each intensity at each place within the window of a forecast."""
    return [
        {
            "names": dict(name),
            "longitude": float(outlook.places.longitude[i]),
            "latitude": float(outlook.places.latitude[i]),
            "chances": [
                {"mmi": float(level), "roman": roman(level), "probability": ranged(outlook.at(i, level))}
                for level in outlook.levels
            ],
        }
        for i, name in enumerate(names)
    ]


def situation(chain: Chain, forecast: Sequence[Mapping], *, label: str, drill: bool) -> dict:
    """The situation report of a chain.

    Parameters
    ----------
    forecast
        Sentences with a probability: what may still come.
    label
        Standing of the data, for people.
    """
    return report(chain, label=label, drill=drill) | {
        "forecast": [dict(each) for each in forecast],
        "unknown": [dict(words) for words in _UNKNOWN],
        "sources": sources(chain),
    }


def report(done: "Chain | OwnResponse", *, label: str | Mapping[str, str], drill: bool) -> dict:
    """What every situation report holds, as :mod:`houfeng.reports.situation` reads it; nothing is forecast in it."""
    quake = done.rupture.earthquake
    return {
        "state": "draft",
        "authority": "",
        "label": label,
        "drill": drill,
        "simulated": [dict(words) for words in done.city.simulated] if done.simulated else [],
        "issued": time(done.issued),
        "minutes_after": round((done.issued - quake.time).total_seconds() / 60),
        "place": dict(done.city.names),
        "earthquake": earthquake_document(quake),
        "tsunami": {"banner": done.warning.tsunami and dict(done.warning.tsunami.banner)},
        "shaking": felt(done.assessment),
        "forecast": None,
        "losses": losses(done.assessment),
        "zones": zones(done)[:SHOWN_ZONES],
        "needs": needs(done),
        "roads": roads(done),
        "actions": actions(done),
    }


def felt(assessment: Assessment) -> dict[str, object]:
    """Intensity and acceleration where the people are: every asset counts by who lives there, else by buildings."""
    stock, n = assessment.damage.exposure, assessment.n_assets
    known = np.isfinite(assessment.field.motion.mean_ln[:n, 0])
    weight = np.where(known, stock.occupants_night, 0.0)
    if not weight.any():
        weight = np.where(known, np.maximum(stock.buildings, 1e-9), 0.0)
    weight = weight[known] / weight.sum()
    return {
        "mmi": ranged(estimate_of(assessment.samples["MMI"][:, :n][:, known] @ weight)),
        "pga_g": ranged(estimate_of(assessment.samples["PGA"][:, :n][:, known] @ weight)),
        "stations": assessment.field.n_stations,
    }


def losses(assessment: Assessment) -> dict[str, dict]:
    """People, buildings and losses, all zones together."""
    damage = assessment.damage
    people = {name: ranged(damage.estimate(name)) for name in ("deaths", "injured", "trapped", "displaced", "loss_usd")}
    broad = damage.buildings(BROAD).sum(axis=1)
    return people | {key: ranged(estimate_of(broad[:, i])) for i, key in enumerate(BROAD.keys) if key != "none"}


def zones(chain: Chain) -> list[dict]:
    """Zones, those with most heavily damaged buildings first."""
    damage, city = chain.assessment.damage, chain.city
    broad = damage.buildings(BROAD)
    row = {name: i for i, name in enumerate(city.zone_id)}
    places = damage.zone_places()
    listed = [
        {
            "name": name,
            "longitude": round(float(places[i, 0]), 5),
            "latitude": round(float(places[i, 1]), 5),
            "population": round(float(city.population[row[name]])),
            "trapped": ranged(damage.estimate("trapped", name)),
            "displaced": ranged(damage.estimate("displaced", name)),
            "injured_severe": ranged(damage.estimate("injured_severe", name)),
            **{key: ranged(estimate_of(broad[:, i, column])) for column, key in enumerate(BROAD.keys) if key != "none"},
            "observed": damage.observed,
        }
        for i, name in enumerate(damage.zone_id)
    ]
    return sorted(listed, key=lambda zone: -zone["severe"]["value"])


def needs(chain: Chain) -> list[dict]:
    """What people without a home and the badly injured need."""
    told = []
    for standard in chain.response.plan.needs.standards:
        if standard.item in SHOWN_NEEDS:
            unit = _UNITS[standard.unit]
            daily = _PER_DAY if standard.rhythm == "per day" else {"en": "", "zh": ""}
            told.append(
                {
                    "words": {language: standard.name(language) for language in ("en", "zh")},
                    "unit": {language: unit[language] + daily[language] for language in ("en", "zh")},
                    "amount": ranged(chain.response.plan.needs.total(standard.item)),
                }
            )
    return told


def roads(chain: Chain) -> dict:
    """Closed roads, and people whom no hospital can be reached from any more."""
    response = chain.response
    cut = float(response.reach.population[response.change.newly_cut_off].sum())
    return {
        "closed": ranged(response.n_closed),
        "km_closed": ranged(response.km_closed),
        "unreachable_people": {"value": cut, "low": cut, "high": cut, "level": 0.9},
        "hospital_minutes": list(response.change.minutes),
        "people_before": [round(float(n)) for n in response.change.before],
        "people_after": [round(float(n)) for n in response.change.after],
    }


def actions(done: "Chain | OwnResponse") -> list[dict]:
    """What to do first, and who: drawn from the plan, for people to decide on."""
    plan, told = done.response.plan, []
    rescue, (hospitals,), (shelter,), (water,) = plan.rescue, plan.facilities, plan.evacuations, plan.supplies
    if done.warning.tsunami is not None:
        told.append(_action(*_off_the_coast(len(done.response.waiting)), "civil protection", "应急管理部门"))
    first = sorted(rescue.visits, key=lambda visit: visit.arrive_s)[:SHOWN_PLACES]
    if first:
        en, zh = (
            ", ".join(f"{_site(visit.site_id, language)} ({local_name(visit.team_id, language)})" for visit in first)
            for language in LANGUAGES
        )
        told.append(_action(f"Search {en} first; {len(rescue.visits)} sites in this shift",
                            f"优先搜救{zh}；本班次共{len(rescue.visits)}处", "rescue teams", "救援队"))  # fmt: skip
    if len(hospitals.opened):
        en, zh = listed(hospitals.opened_id, len(hospitals.opened))
        told.append(_action(f"Open field hospitals: {en}", f"开设野战医院：{zh}", "health service", "卫生部门"))
    if shelter.departures:
        en, zh = listed(list(dict.fromkeys(leaving.place_id for leaving in shelter.departures)))
        told.append(_action(f"Open shelters: {en}", f"开放避难场所：{zh}", "municipality", "市政府"))
    short = water.shortage.total.high
    if short >= 1:
        told.append(_action(f"Ask for water: up to {rounded(short):,.0f} litres are missing for a day",
                            f"请求调水：一天最多缺{rounded(short):,.0f}升", "logistics", "后勤保障"))  # fmt: skip
    seen = not done.response.closures.simulated
    looked = ("no damage", "破坏情况") if seen else ("nothing here", "以上")
    send = (f"Send people to look: {looked[0]} has been observed", f"派员实地核查：{looked[1]}均未经观测")
    return [*told, _action(*send, "everybody on site", "现场人员")]


def _off_the_coast(waiting: int) -> tuple[str, str]:
    if not waiting:
        return "Keep everybody away from the sea", "所有人员远离海边"
    return (
        f"Keep everybody off the coastal strip; {waiting} search sites there wait for the tsunami centre's all-clear",
        f"海岸带人员全部撤离；带内{waiting}处搜救点待海啸预警解除后再行动",
    )


def _site(identifier: str, language: str) -> str:
    """A rescue site as people call it; one that is only a number is that of a zone."""
    if not identifier[:1].isdigit():
        return identifier
    return f"片区{identifier}" if language == "zh" else f"zone {identifier}"


def listed(names: Sequence[str], most: int = SHOWN_PLACES) -> tuple[str, str]:
    """The first names in English and Chinese, and how many there are."""
    en, zh = (", ".join(local_name(name, language) for name in names[:most]) for language in LANGUAGES)
    rest = len(names) - most
    return (f"{en} and {rest} more", f"{zh}等{len(names)}处") if rest > 0 else (en, zh)


def _action(en: str, zh: str, who_en: str, who_zh: str) -> dict:
    return {"words": {"en": en, "zh": zh}, "who": {"en": who_en, "zh": who_zh}}


def sources(chain: Chain) -> list[dict]:
    """Where it all comes from."""
    pager = chain.assessment.deaths_alert
    low, high, models = pager.estimate.low, pager.estimate.high, chain.assessment.field.source
    return [
        {"en": "Earthquake: USGS", "zh": "地震参数：美国地质调查局"},
        {"en": f"Shaking: {models}", "zh": f"震动：{models.replace('ground-motion models', '地震动模型')}"},
        {"en": "Damage and people hurt: Hazus; SIMULATED buildings", "zh": "破坏与伤亡：Hazus方法；模拟建筑"},
        {"en": f"Comparison: PAGER's country model {pager.estimate.value:.2g} deaths ({low:.2g} to {high:.2g})",
         "zh": f"对照：PAGER国家模型死亡{pager.estimate.value:.2g}人（{low:.2g}至{high:.2g}）"},
        {"en": "Roads: © OpenStreetMap contributors (ODbL)", "zh": "道路：© OpenStreetMap 贡献者（ODbL）"},
    ]  # fmt: skip
