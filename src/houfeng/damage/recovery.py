"""Recovery: what repair costs and how long it takes, district by district, and in which order a budget pays for it.

Costs and days by damage state are those of Hazus (table in ``data/damage/hazus_repair.csv``: clean-up and building,
without the time for money, permits and design). The order is a rule anybody can check: lifelines first, in the order
given; then districts by people who can go home again per dollar; a district is paid for before the next one begins.
Every number is a range over the fields of the assessment; the order itself is one order, of the means, because a plan
must be one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.damage.assessment import LEVEL, DamageAssessment, estimate_of
from houfeng.damage.casualties import occupancy_of, repairs
from houfeng.damage.fragility import DAMAGED, Fragility, fragility_of
from houfeng.errors import InputError
from houfeng.values import Estimate

#: Spread of repair days, as standard deviation of a natural logarithm; our round figure.
DAYS_SPREAD_LN = 0.4


@dataclass(frozen=True, slots=True)
class RepairNeed:
    """What repair takes in one district.

    Attributes
    ----------
    zone_id
    cost_usd
        Repair and replacement, US dollars.
    building_days
        Days of work on all damaged buildings together, one crew each.
    days_per_building
        Days one damaged building takes, averaged over them (0 where none is damaged).
    displaced
        People who cannot live at home until it is done.
    simulated, observed
        As in the assessment.
    """

    zone_id: str
    cost_usd: Estimate
    building_days: Estimate
    days_per_building: Estimate
    displaced: Estimate
    simulated: bool
    observed: bool


@dataclass(frozen=True, eq=False)
class RepairItem:
    """One thing to be paid for.

    Attributes
    ----------
    name
        District or lifeline.
    cost_usd, people : ndarray, shape (n_fields,)
        What it costs, and how many people live at home again (or are served) when it is done.
    lifeline
        Lifelines come first.
    """

    name: str
    cost_usd: np.ndarray
    people: np.ndarray
    lifeline: bool = False

    def __post_init__(self) -> None:
        for name in ("cost_usd", "people"):
            column = np.atleast_1d(np.asarray(getattr(self, name), float))
            object.__setattr__(self, name, column)
            if column.ndim != 1 or not ((column >= 0) & np.isfinite(column)).all():
                raise InputError(f"{name} of '{self.name}' must be a row of numbers, 0 or more")


@dataclass(frozen=True, slots=True)
class PlannedRepair:
    """One item in the order of repair.

    Attributes
    ----------
    rank
        From 1.
    name, lifeline, cost_usd, people
        As for :class:`RepairItem`, as ranges.
    people_per_million_usd
        Of the means; what the order goes by.
    done_years
        Years of the budget until it is paid for, counted from the start of repair; the high end is infinite where
        the budget does not get there within the years planned in 5 % of the fields or more.
    """

    rank: int
    name: str
    lifeline: bool
    cost_usd: Estimate
    people: Estimate
    people_per_million_usd: float
    done_years: Estimate


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """A budget-phased order of repair.

    Attributes
    ----------
    items
        In order.
    yearly_budget_usd : tuple of float
        Dollars in each year.
    home_again : tuple of Estimate
        People living at home again at the end of each year; those served by lifelines are not counted.
    unpaid_usd
        What is left to pay after the last year.
    rule
        The rule in words, by language.
    simulated
    """

    items: tuple[PlannedRepair, ...]
    yearly_budget_usd: tuple[float, ...]
    home_again: tuple[Estimate, ...]
    unpaid_usd: Estimate
    rule: Mapping[str, str]
    simulated: bool


#: The rule in words.
RULE = {
    "en": "Lifelines first, in the order given; then districts by people who can return home per dollar. Each is paid "
    "for in full before the next begins; money left at the end of a year goes to the next.",
    "zh": "生命线工程优先，按所列次序；其余各区按每美元可使返家人数排序。"
    "前一项足额拨付后方开始下一项；年末结余转入下一年。",
}


def repair_needs(
    assessment: DamageAssessment, *, rng: np.random.Generator, fragilities: Mapping[str, Fragility] | None = None
) -> tuple[RepairNeed, ...]:
    """Cost and time of repair in every district of an assessment."""
    days = building_days(assessment, rng=rng, fragilities=fragilities)
    damaged = sum(assessment.samples[f"buildings_{state}"] for state in DAMAGED)
    each = np.where(damaged > 0, days / np.maximum(damaged, 1), 0.0)
    return tuple(
        RepairNeed(
            zone_id=name,
            cost_usd=assessment.estimate("loss_usd", name),
            building_days=estimate_of(days[:, i]),
            days_per_building=estimate_of(each[:, i]),
            displaced=assessment.estimate("displaced", name),
            simulated=assessment.simulated,
            observed=assessment.observed,
        )
        for i, name in enumerate(assessment.zone_id)
    )


def building_days(
    assessment: DamageAssessment, *, rng: np.random.Generator, fragilities: Mapping[str, Fragility] | None = None
) -> np.ndarray:
    """Days of work on the damaged buildings of each zone, shape (n_fields, n_zones).

    The buildings by state of each field, times the days of that state: those of the single- and multi-family
    buildings of the zone in the proportion in which they stand there.
    """
    stock, count = assessment.exposure, len(assessment.zone_id)
    total = np.zeros((count, len(DAMAGED)))
    table = {str(name): repairs()[occupancy_of(fragility_of(str(name), fragilities))] for name in set(stock.taxonomy)}
    per_asset = np.array([table[str(name)].days for name in stock.taxonomy])
    for state in range(len(DAMAGED)):
        total[:, state] = np.bincount(assessment.asset_zone, stock.buildings * per_asset[:, state], count)
    buildings = np.bincount(assessment.asset_zone, stock.buildings, count)
    mean_days = total / np.maximum(buildings, 1e-300)[:, None]
    factor = np.exp(DAYS_SPREAD_LN * rng.standard_normal(assessment.n_fields) - DAYS_SPREAD_LN**2 / 2)
    counts = np.stack([assessment.samples[f"buildings_{state}"] for state in DAMAGED], axis=-1)
    return (counts * mean_days).sum(axis=-1) * factor[:, None]


def district_items(assessment: DamageAssessment) -> tuple[RepairItem, ...]:
    """One item per zone: its losses, and its displaced people."""
    return tuple(
        RepairItem(name, assessment.of("loss_usd", name), assessment.of("displaced", name))
        for name in assessment.zone_id
    )


def plan_recovery(
    items: Sequence[RepairItem], *, yearly_budget_usd: float | Sequence[float], simulated: bool, years: int = 10
) -> RecoveryPlan:
    """Order of repair under a yearly budget.

    Parameters
    ----------
    items
        Lifelines in the order in which they are to be mended, and districts in any order; with as many fields each.
    yearly_budget_usd
        One number for each of `years` years, or a sequence with one per year.
    simulated
        Whether the damage is.

    Raises
    ------
    InputError
        When there is nothing to repair, the budget is negative or no number, or the numbers of fields differ.
    """
    budget = np.asarray([yearly_budget_usd] * years if np.isscalar(yearly_budget_usd) else yearly_budget_usd, float)
    if not len(budget) or not ((budget >= 0) & np.isfinite(budget)).all():
        raise InputError(f"the yearly budget must be US dollars, 0 or more, for one year at least; it is {budget}")
    if not items:
        raise InputError("there is nothing to repair; give districts (district_items) or lifelines")
    if len({len(item.cost_usd) for item in items} | {len(item.people) for item in items}) > 1:
        raise InputError("all items need the same number of fields; make them from one assessment")
    order = sorted(items, key=lambda item: (not item.lifeline, 0.0 if item.lifeline else -_worth(item)))
    cost = np.cumsum([item.cost_usd for item in order], axis=0)
    paid = np.concatenate([[0.0], np.cumsum(budget)])
    done = np.stack([_year_paid(total, paid) for total in cost])
    people = np.stack([item.people * (not item.lifeline) for item in order])
    planned = tuple(
        PlannedRepair(
            rank=i + 1,
            name=item.name,
            lifeline=item.lifeline,
            cost_usd=estimate_of(item.cost_usd),
            people=estimate_of(item.people),
            people_per_million_usd=_worth(item),
            done_years=_when(done[i]),
        )
        for i, item in enumerate(order)
    )
    home = tuple(estimate_of((people * (done <= year)).sum(axis=0)) for year in range(1, len(budget) + 1))
    unpaid = estimate_of(np.maximum(cost[-1] - paid[-1], 0))
    return RecoveryPlan(planned, tuple(budget.tolist()), home, unpaid, RULE, simulated)


def _worth(item: RepairItem) -> float:
    """People per million dollars, of the means; what costs nothing comes first."""
    cost = float(item.cost_usd.mean())
    return float(item.people.mean()) / cost * 1e6 if cost > 0 else float("inf")


def _year_paid(total: np.ndarray, paid: np.ndarray) -> np.ndarray:
    """Years after which the money so far reaches `total`, shape (n_fields,); infinite where it never does.

    A year's money comes evenly over the year. A cost that the money meets but for the rounding of sums is paid.
    """
    year = np.searchsorted(paid, total * (1 - 1e-12), side="left")
    late = year >= len(paid)
    year = np.minimum(year, len(paid) - 1)
    before, after = paid[np.maximum(year - 1, 0)], paid[year]
    part = np.where(after > before, (total - before) / np.where(after > before, after - before, 1.0), 1.0)
    return np.where(late, np.inf, np.where(year == 0, 0.0, year - 1 + np.clip(part, 0, 1)))


def _when(done: np.ndarray) -> Estimate:
    """Median and 90 % range of the years; infinite ends where the budget does not reach that far."""
    low, middle, high = np.quantile(done, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2], method="inverted_cdf")
    return Estimate(float(middle), float(low), float(high), LEVEL)
