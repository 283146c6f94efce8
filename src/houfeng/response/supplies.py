"""Supplies from depots to zones: who gets how much from where, and what is missing."""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.response.checks import column, names, travel_times
from houfeng.response.demand import LEVEL, Ranges
from houfeng.response.transport import transport
from houfeng.values import Estimate


@dataclass(frozen=True, eq=False)
class SupplyPlan:
    """The allocation of one good.

    Attributes
    ----------
    item, unit
        What, and in what it is counted.
    depot_id, zone_id
        What the rows and columns of `flow` are.
    flow : ndarray, shape (m, n)
        Amounts for the mean need.
    shortage
        What is missing in each zone.
    left : ndarray, shape (m,)
        What stays in the depots.
    travel_hours
        Hours on the road, mean over what is moved.
    """

    item: str
    unit: str
    depot_id: tuple[str, ...]
    zone_id: tuple[str, ...]
    flow: np.ndarray
    shortage: Ranges
    left: np.ndarray
    travel_hours: Estimate

    def message(self, language: str = "en") -> str:
        """What is missing, in ``en`` or ``zh``; empty where nothing is."""
        missing = self.shortage.total
        if missing.high < 0.5:
            return ""
        numbers = f"{missing.value:,.0f} ({missing.low:,.0f}–{missing.high:,.0f}) {self.unit}"
        if language == "zh":
            return f"物资短缺（{self.item}）：{numbers}"
        return f"shortage of {self.item}: {numbers}"


def allocate_supplies(
    *, item: str, unit: str, depot_id, stock, zone_id, need: Ranges, travel_s, priority=1.0
) -> SupplyPlan:
    """Give zones what they need with the least travel, the important ones first where it is not enough.

    Parameters
    ----------
    depot_id, stock
        Depots and what each holds, shape (m,), in `unit`.
    zone_id, need
        Zones and what each needs.
    travel_s : array_like, shape (m, n)
        Seconds from depot to zone; infinite: no way.
    priority : array_like, shape (n,)
        Weight of what is missing in a zone, at least 1.

    Raises
    ------
    InputError
        When an amount is negative or shapes do not agree. Too little stock is no error but a shortage.
    """
    depot_id, zone_id = names("depot_id", depot_id, of="depots"), names("zone_id", zone_id, of="zones")
    stock = column("stock", stock, len(depot_id), of="depots")
    if len(need) != len(zone_id):
        raise InputError(f"need has {len(need)} rows, but there are {len(zone_id)} zones")
    travel_s = travel_times("from depots to zones", travel_s, (len(depot_id), len(zone_id)))
    mean, low, high = (transport(travel_s, stock, getattr(need, end), priority) for end in ("mean", "low", "high"))
    hours = [_hours(done.flow, travel_s) for done in (mean, low, high)]
    return SupplyPlan(
        item=item, unit=unit, depot_id=depot_id, zone_id=zone_id, flow=mean.flow,
        shortage=Ranges.spanning(mean.missing, low.missing, high.missing), left=mean.spare,
        travel_hours=Estimate(hours[0], min(hours), max(hours), LEVEL),
    )  # fmt: skip


def _hours(flow: np.ndarray, travel_s: np.ndarray) -> float:
    moved = flow.sum()
    return float((flow * np.where(flow > 0, travel_s, 0.0)).sum() / moved / 3600.0) if moved > 0 else 0.0
