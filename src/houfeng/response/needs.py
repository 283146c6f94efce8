"""What people need: the minimum standards, by zone, per day or once, each with its range.

Water, food, sanitation and shelter follow The Sphere Handbook (2018, 4th edition, spherestandards.org/handbook-2018),
the chapters are named at each row; treatment follows the WHO's classification of emergency medical teams (2021,
ISBN 978-92-4-002933-0), in which a type 2 team does seven major operations a day and keeps twenty beds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.response.demand import PEOPLE, Ranges, ZoneDemand
from houfeng.values import Estimate

#: A need counts each day anew or once.
RHYTHMS = ("per day", "once")


@dataclass(frozen=True, slots=True)
class Standard:
    """One minimum standard.

    Attributes
    ----------
    item
        Short name.
    names
        For people, by language.
    amount, unit
        For each person counted.
    rhythm
        See :data:`RHYTHMS`.
    people
        Which column of :class:`houfeng.response.demand.ZoneDemand` counts.
    source
        Where the number stands.
    """

    item: str
    names: tuple[str, str]
    amount: float
    unit: str
    rhythm: str
    people: str
    source: str

    def __post_init__(self) -> None:
        if self.rhythm not in RHYTHMS:
            raise InputError(f"the need for {self.item} is {' or '.join(RHYTHMS)}, not '{self.rhythm}'")
        if self.people not in PEOPLE:
            raise InputError(f"the need for {self.item} counts one of {', '.join(PEOPLE)}, not '{self.people}'")
        if not 0 <= self.amount < np.inf:
            raise InputError(f"the need for {self.item} is {self.amount} for each person; give a number of at least 0")

    def name(self, language: str) -> str:
        """Name in ``en`` or ``zh``."""
        return self.names[1] if language == "zh" else self.names[0]


_WATER, _EXCRETA = "Sphere 2018, water supply standard 2.1", "Sphere 2018, excreta management standard 3.2"
_SHELTER = "Sphere 2018, shelter and settlement standard"

#: Water supply, sanitation, food and shelter for people without a home; beds and operations for the badly injured.
STANDARDS = (
    Standard("water", ("safe water", "安全饮用水和生活用水"), 15.0, "litres", "per day", "displaced", _WATER),
    Standard("taps", ("water taps (1 for 250 people)", "水龙头（每250人1个）"), 1 / 250, "taps", "once", "displaced",
             _WATER),
    Standard("food", ("food energy", "食物热量"), 2100.0, "kcal", "per day", "displaced",
             "Sphere 2018, food security and nutrition, minimum nutritional requirements"),
    Standard("soap", ("soap (450 g a month)", "肥皂（每月450克）"), 15.0, "g", "per day", "displaced",
             "Sphere 2018, hygiene promotion standard 1.2: 250 g for bathing and 200 g for laundry a month"),
    Standard("toilets_first_days", ("toilets in the first days (1 for 50 people)", "应急初期厕所（每50人1个）"), 1 / 50,
             "toilets", "once", "displaced", _EXCRETA),
    Standard("toilets", ("toilets (1 for 20 people)", "厕所（每20人1个）"), 1 / 20, "toilets", "once", "displaced",
             _EXCRETA),
    Standard("covered_area", ("covered living space", "有顶居住面积"), 3.5, "m2", "once", "displaced", _SHELTER + " 3"),
    Standard("settlement_area", ("area of a camp, all uses", "安置点总面积"), 45.0, "m2", "once", "displaced",
             _SHELTER + " 2"),
    Standard("blankets", ("blankets and bedding", "毛毯和寝具"), 1.0, "sets", "once", "displaced", _SHELTER + " 4"),
    Standard("hospital_beds", ("hospital beds", "病床"), 1.0, "beds", "once", "injured_severe",
             "one bed for each of the badly injured"),
    Standard("medical_teams", ("inpatient surgical teams (WHO type 2, 20 beds)", "住院外科医疗队（世卫组织2类，20床）"),
             1 / 20, "teams", "once", "injured_severe", "WHO 2021, type 2: at least 20 beds"),
    Standard("ambulance_runs", ("ambulance runs", "救护车转运"), 1.0, "runs", "once", "injured_severe",
             "one lying patient for each run"),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Needs:
    """Needs by zone.

    Attributes
    ----------
    zone_id
        The zones, rows of every amount.
    standards
        What was counted.
    amounts
        For each standard the amounts by zone, in its unit, per day or once.
    simulated
        Whether they rest on simulated data.
    """

    zone_id: tuple[str, ...]
    standards: tuple[Standard, ...]
    amounts: tuple[Ranges, ...]
    simulated: bool

    def amount(self, item: str) -> Ranges:
        """Amounts of one item by zone."""
        return self.amounts[self._row(item)]

    def total(self, item: str, *, days: float = 1.0) -> Estimate:
        """One item, all zones together, for `days` days if it is needed each day."""
        if not days > 0:
            raise InputError(f"needs for {days} days; give a positive number")
        row = self._row(item)
        return (self.amounts[row] * (days if self.standards[row].rhythm == "per day" else 1.0)).total

    def _row(self, item: str) -> int:
        items = [standard.item for standard in self.standards]
        if item not in items:
            raise InputError(f"no need called '{item}' was counted; there are {', '.join(items)}")
        return items.index(item)


def needs_of(demand: ZoneDemand, standards: Sequence[Standard] = STANDARDS) -> Needs:
    """What the people of each zone need by `standards`.

    The range is that of the number of people; the standards are minimums and have none. Things counted in pieces
    (toilets, taps, beds) are left as fractions here and rounded up only for a whole place.
    """
    return Needs(
        zone_id=demand.zone_id, standards=tuple(standards),
        amounts=tuple(getattr(demand, standard.people) * standard.amount for standard in standards),
        simulated=demand.simulated,
    )  # fmt: skip
