"""Repair by district, and the order in which a budget pays for it, as plain documents."""

from collections.abc import Mapping, Sequence

import numpy as np

from houfeng.damage.assessment import NOT_OBSERVED, DamageAssessment, estimate_of
from houfeng.damage.recovery import RecoveryPlan, RepairNeed
from houfeng.damage.states import BROAD
from houfeng.operations.situation import ranged
from houfeng.values import Estimate


def districts(
    damage: DamageAssessment, repairs: Sequence[RepairNeed], recovery: RecoveryPlan | None
) -> list[dict[str, object]]:
    """Every district: in the order of repair where there is a budget, else the most heavily damaged first."""
    severe = damage.buildings(BROAD)[:, :, BROAD.keys.index("severe")]
    residents = np.bincount(damage.asset_zone, damage.exposure.occupants_night, len(damage.zone_id))
    rows = [
        {
            "zone_id": need.zone_id,
            "residents": round(float(residents[i])),
            "severe": ranged(estimate_of(severe[:, i])),
            "displaced": ranged(need.displaced),
            "cost_usd": ranged(need.cost_usd),
            "building_days": ranged(need.building_days),
            "days_per_building": ranged(need.days_per_building),
            "observed": need.observed,
            "simulated": need.simulated,
        }
        for i, need in enumerate(repairs)
    ]
    if recovery is None:
        return sorted(rows, key=lambda row: -row["severe"]["value"])
    planned = {item.name: item for item in recovery.items}
    for row in rows:
        item = planned[row["zone_id"]]
        row |= {
            "rank": item.rank,
            "people_per_million_usd": _finite(item.people_per_million_usd),
            "done_years": _open(item.done_years),
        }
    return sorted(rows, key=lambda row: row["rank"])


def recovery_document(
    damage: DamageAssessment, repairs: Sequence[RepairNeed], recovery: RecoveryPlan | None, *, simulated: bool
) -> dict[str, object]:
    """Repair by district, and the order a budget pays for it."""
    told = {
        "simulated": simulated,
        "observed": damage.observed,
        "observation": NOT_OBSERVED,
        "districts": districts(damage, repairs, recovery),
    }
    if recovery is not None:
        told |= {
            "rule": dict(recovery.rule),
            "yearly_budget_usd": list(recovery.yearly_budget_usd),
            "home_again": [ranged(each) for each in recovery.home_again],
            "unpaid_usd": ranged(recovery.unpaid_usd),
        }
    return told


def _open(estimate: Estimate) -> Mapping[str, float | None]:
    """A range whose ends may be open."""
    return {name: _finite(getattr(estimate, name)) for name in ("value", "low", "high", "level")}


def _finite(value: float) -> float | None:
    return float(f"{value:.4g}") if np.isfinite(value) else None
