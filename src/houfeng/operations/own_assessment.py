"""An assessment of one's own as documents, files and lines of text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from houfeng.damage.assessment import NOT_OBSERVED
from houfeng.damage.recovery import RecoveryPlan, RepairNeed, district_items, plan_recovery, repair_needs
from houfeng.operations.assess import Assessment
from houfeng.operations.outputs import write_text
from houfeng.operations.own_event import OwnEvent, write_event
from houfeng.operations.repair import districts, recovery_document
from houfeng.operations.situation import felt, losses, ranged
from houfeng.operations.warn import earthquake_document
from houfeng.shaking.field import ShakingField, chosen
from houfeng.shaking.geojson import to_geojson

#: Budgets are followed for so many years.
YEARS = 10
#: A ShakeMap's spread is wide where it names none; assets off the map are in no number.
_OFF_MAP = {
    "en": "{n} of {all} assets lie off the map of shaking: nothing is known of them, they are in no number",
    "zh": "{all}项资产中有{n}项位于震动图之外：情况不明，未计入任何数字",
}
_PAGER = {
    "en": "For comparison, PAGER's model of {country}: {best} deaths ({low} to {high}), alert {colour}",
    "zh": "对照：PAGER {country} 国家模型，死亡{best}人（{low}至{high}），警报级别 {colour}",
}
_COLOURS_ZH = {"green": "绿", "yellow": "黄", "orange": "橙", "red": "红"}
_SIMULATED = {
    "event": {"en": "SIMULATED: the earthquake is an exercise or a scenario", "zh": "模拟：该地震为演练或情景"},
    "buildings": {"en": "SIMULATED: the buildings are invented", "zh": "模拟：房屋数据为虚构"},
}


@dataclass(frozen=True, eq=False)
class OwnAssessment:
    """An assessment with what repair takes.

    Attributes
    ----------
    event, assessment
        What was given, and what came of it.
    repairs
        Cost and time by district.
    recovery
        The order of repair; None where no budget was given.
    """

    event: OwnEvent
    assessment: Assessment
    repairs: tuple[RepairNeed, ...]
    recovery: RecoveryPlan | None

    @classmethod
    def of(cls, event: OwnEvent, assessment: Assessment, *, yearly_budget_usd: float | None = None) -> "OwnAssessment":
        """Reckon repair, and its order under a budget in US dollars for each of ten years.

        Raises
        ------
        InputError
            When the budget is negative or no number.
        """
        damage, recovery = assessment.damage, None
        repairs = repair_needs(damage, rng=np.random.default_rng(event.seed))
        if yearly_budget_usd is not None:
            recovery = plan_recovery(
                district_items(damage), yearly_budget_usd=yearly_budget_usd, simulated=assessment.simulated, years=YEARS
            )
        return cls(event, assessment, repairs, recovery)

    def notes(self) -> list[Mapping[str, str]]:
        """What must be said with the numbers, the most important first, by language."""
        damage, event, told = self.assessment.damage, self.event, []
        if event.rupture.earthquake.status != "actual":
            told.append(_SIMULATED["event"])
        if damage.simulated:
            told.append(_SIMULATED["buildings"])
        told.append(NOT_OBSERVED)
        if damage.unassessed:
            numbers = {"n": f"{len(damage.unassessed):,}", "all": f"{len(damage.exposure):,}"}
            told.append({language: text.format(**numbers) for language, text in _OFF_MAP.items()})
        told += [{language: note.text(language) for language in ("en", "zh")} for note in self.assessment.outside]
        told += event.notes
        told += [{"en": note, "zh": note} for note in damage.notes if "have no motion" not in note]
        return told

    def pager(self, language: str) -> str:
        """The country's empirical model in one sentence."""
        alert, deaths = self.assessment.deaths_alert, self.assessment.deaths_alert.estimate
        colour = _COLOURS_ZH[alert.colour] if language == "zh" else alert.colour
        best, low, high = (f"{float(f'{number:.2g}'):,.0f}" for number in (deaths.value, deaths.low, deaths.high))
        return _PAGER[language].format(country=self.event.country, best=best, low=low, high=high, colour=colour)


def document(own: OwnAssessment) -> dict[str, object]:
    """The whole in short, as plain values."""
    assessment = own.assessment
    return {
        "earthquake": earthquake_document(own.event.rupture.earthquake),
        "simulated": assessment.simulated,
        "observed": assessment.damage.observed,
        "shaking_from": assessment.field.source,
        "shaking": felt(assessment),
        "total": losses(assessment),
        "pager": {
            "deaths": {
                "colour": assessment.deaths_alert.colour,
                "estimate": ranged(assessment.deaths_alert.estimate),
            },
            "losses": {
                "colour": assessment.losses_alert.colour,
                "estimate": ranged(assessment.losses_alert.estimate),
            },
        },
        "districts": districts(own.assessment.damage, own.repairs, own.recovery),
        "notes": [dict(note) for note in own.notes()],
    }


def shaking_document(assessment: Assessment) -> dict:
    """Shaking at the places of the assets as GeoJSON, each place once; places off the map are left out."""
    field, n = assessment.field, assessment.n_assets
    sites = field.sites
    known = np.flatnonzero(np.isfinite(field.motion.mean_ln[:n, 0]))
    places = np.column_stack([sites.longitude[known], sites.latitude[known], sites.vs30_mps[known]])
    rows = known[np.sort(np.unique(places, axis=0, return_index=True)[1])]
    motion = chosen(field.motion, field.motion.measures)
    parts = {name: getattr(motion, name)[rows] for name in ("mean_ln", "between", "within")}
    some = ShakingField(
        field.earthquake,
        sites.select(rows),
        type(motion)(motion.measures, **parts),
        field.source,
        n_stations=field.n_stations,
        simulated=field.simulated,
    )
    return to_geojson(some)


def write_assessment(own: OwnAssessment, folder: Path) -> list[Path]:
    """Write every file of an assessment below `folder`; returns the paths."""
    damage = own.assessment.damage
    zones, assets = damage.to_geojson(of="zones"), damage.to_geojson(of="assets")
    for kind, part in (("zone", zones), ("asset", assets)):
        for feature in part["features"]:
            feature["properties"]["kind"] = kind
    whole = zones | {"features": [*zones["features"], *assets["features"]]}
    parts = {
        "damage.json": damage.to_json(),
        "damage.geojson": whole,
        "shaking.geojson": shaking_document(own.assessment),
        "recovery.json": recovery_document(damage, own.repairs, own.recovery, simulated=own.assessment.simulated),
    }
    paths = [folder / name for name in parts]
    for path, part in zip(paths, parts.values(), strict=True):
        write_text(path, json.dumps(part, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")
    return [*paths, *write_event(own.event, folder, {"summary": document(own)})]
