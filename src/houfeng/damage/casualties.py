"""From damage to people: killed, hurt, trapped, without a home; and the cost of repair.

Every consequence is a share per occupant (or of the replacement cost) that depends on the type of building and its
damage state only, so a few numbers per type and state say all.

Casualties: Hazus indoor casualty and collapse rates (FEMA, Hazus-MH 2.1 Technical Manual, Earthquake Model, tables 13.3
to 13.8). The manual prints 0.400 % of severity 2 for moderately damaged unreinforced masonry, more than for extensively
damaged (0.2 %); here it is 0.04 %.
Displaced: default weights of the Hazus shelter model (the manual's chapter 14): dwellings of complete buildings, and
nine of ten of those in extensively damaged multi-family buildings, are uninhabitable.
Trapped: factor M3 of Coburn, Spence and Pomonis (1992, Factors determining human casualty levels in earthquakes:
mortality prediction in building collapse, Proc. 10th World Conf. Earthquake Engineering, Madrid, 5989-5994): the share
of the occupants of collapsed buildings who are trapped.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from houfeng.damage.fragility import DAMAGED, Fragility, exceedance_table, states_of
from houfeng.errors import InputError

#: Severities of injury (Hazus): 1 first aid; 2 hospital but not life-threatening; 3 life-threatening if not treated
#: at once; 4 killed.
SEVERITIES = ("injured_1", "injured_2", "injured_3", "deaths")

#: Columns of the lookup tables: shares of the buildings by state, of the people inside by severity, of the buildings
#: that collapse, of the residents displaced, of the replacement cost lost.
CONSEQUENCES = (*DAMAGED, *SEVERITIES, "collapsed", "displaced", "loss")

# Percent of the people inside, by severity 1 to 4: slight, moderate, extensive, complete without collapse, collapse.
_RATES = {
    "light": ((0.05, 0, 0, 0), (0.25, 0.03, 0, 0), (1, 0.1, 0.001, 0.001), (5, 1, 0.01, 0.01), (40, 20, 3, 5)),
    "frame": ((0.05, 0, 0, 0), (0.20, 0.025, 0, 0), (1, 0.1, 0.001, 0.001), (5, 1, 0.01, 0.01), (40, 20, 5, 10)),
    "concrete": ((0.05, 0, 0, 0), (0.25, 0.03, 0, 0), (1, 0.1, 0.001, 0.001), (5, 1, 0.01, 0.01), (40, 20, 5, 10)),
    "masonry": ((0.05, 0, 0, 0), (0.35, 0.04, 0.001, 0.001), (2, 0.2, 0.002, 0.002), (10, 2, 0.02, 0.02),
                (40, 20, 5, 10)),
    "light_steel": ((0.05, 0, 0, 0), (0.20, 0.025, 0, 0), (1, 0.1, 0.001, 0.001), (5, 1, 0.01, 0.01), (40, 20, 3, 5)),
}  # fmt: skip
_RATES_OF = {
    "W1": "light", "MH": "light", "S3": "light_steel", "W2": "frame", "S1": "frame", "S2": "frame", "S5": "frame",
    "C3": "frame", "RM1": "frame", "RM2": "frame", "S4": "concrete", "C1": "concrete", "C2": "concrete",
    "PC1": "concrete", "PC2": "concrete", "URM": "masonry",
}  # fmt: skip

#: Intensities (MMI) at which the share of trapped people is given, and that share, for occupants of collapsed masonry
#: and of collapsed concrete and steel (0.5 for the far field, Coburn and others). For light buildings, on which they
#: say nothing, a fifth of the masonry values is our assumption.
TRAPPED_MMI = (6.0, 7.0, 8.0, 9.0, 10.0)
TRAPPED = {"masonry": (0.0, 0.05, 0.30, 0.60, 0.70), "framed": (0.5,) * 5, "light": (0.0, 0.01, 0.06, 0.12, 0.14)}
TRAPPED_KINDS = tuple(TRAPPED)

#: Spread of what is not known, as standard deviation of a natural logarithm, drawn once per field for the whole city.
#: Casualties (and trapped people with them): a factor of two, which the Hazus manual calls the least
#: uncertainty of its estimates. Fragility medians, displaced people and repair costs: our own round figures.
SPREAD_LN = {"fragility": 0.25, "casualties": float(np.log(2)), "displaced": 0.3, "loss": 0.3}


@dataclass(frozen=True, slots=True)
class Repair:
    """What repair takes in one occupancy: share of the replacement cost and days, by damaged state."""

    cost_share: tuple[float, ...]
    days: tuple[float, ...]


@cache
def repairs() -> dict[str, Repair]:
    """Hazus repair costs (structure and fittings together) and times: RES1 single-family, RES3 multi-family."""
    text = (files("houfeng.data") / "damage" / "hazus_repair.csv").read_text(encoding="utf-8")
    found: dict[tuple[str, str], tuple[float, ...]] = {}
    for row in csv.DictReader(text.splitlines()):
        found[row["occupancy"], row["what"]] = tuple(float(row[state]) for state in DAMAGED)
    names = {name for name, _ in found}
    return {name: Repair(found[name, "cost_share"], found[name, "days"]) for name in sorted(names)}


def occupancy_of(fragility: Fragility) -> str:
    """RES3 (multi-family) for buildings of medium and great height, RES1 for low ones: the exposure has no uses."""
    return "RES3" if fragility.height in ("M", "H") else "RES1"


def casualty_rates(structure: str) -> np.ndarray:
    """Shares of the people inside by severity, shape (5, 4).

    Rows: slight, moderate, extensive, complete without collapse, collapsed. Columns: :data:`SEVERITIES`. A structure
    that Hazus does not know is taken as unreinforced masonry, the worst.
    """
    return np.array(_RATES[_RATES_OF.get(structure, "masonry")]) / 100


def trapped_kind(structure: str) -> int:
    """Row of :func:`trapped_table` for a Hazus structure."""
    if structure in ("W1", "W2", "MH", "S3"):
        return TRAPPED_KINDS.index("light")
    masonry = structure.startswith(("URM", "RM")) or structure not in _RATES_OF
    return TRAPPED_KINDS.index("masonry" if masonry else "framed")


def trapped_table() -> np.ndarray:
    """Share of the people in collapsed buildings who are trapped, shape (kinds, intensities :data:`TRAPPED_MMI`)."""
    return np.array([TRAPPED[kind] for kind in TRAPPED_KINDS])


def state_consequences(fragility: Fragility) -> np.ndarray:
    """Consequences of each of the five Hazus states, shape (5, 11), columns :data:`CONSEQUENCES`."""
    table = np.zeros((len(DAMAGED) + 1, len(CONSEQUENCES)))
    table[1:, : len(DAMAGED)] = np.eye(len(DAMAGED))
    rates = casualty_rates(fragility.structure)
    collapse = fragility.collapse_share
    severities = slice(len(DAMAGED), len(DAMAGED) + len(SEVERITIES))
    table[1:4, severities] = rates[:3]
    table[4, severities] = (1 - collapse) * rates[3] + collapse * rates[4]
    table[4, CONSEQUENCES.index("collapsed")] = collapse
    table[4, CONSEQUENCES.index("displaced")] = 1.0
    if occupancy_of(fragility) == "RES3":
        table[3, CONSEQUENCES.index("displaced")] = 0.9
    table[1:, CONSEQUENCES.index("loss")] = repairs()[occupancy_of(fragility)].cost_share
    return table


def consequence_tables(fragilities: Sequence[Fragility]) -> np.ndarray:
    """Expected consequences on the grid of PGA, shape (types, grid, 11); the grid is ``fragility.LN_PGA``."""
    states = states_of(exceedance_table(fragilities))
    per_state = np.stack([state_consequences(one) for one in fragilities])
    return np.einsum("tgs,tsc->tgc", states, per_state)


@dataclass(frozen=True, eq=False)
class Spread:
    """What is not known but the same for the whole city, one draw per field.

    Attributes
    ----------
    ln_fragility : ndarray, shape (n_fields,)
        Added to the logarithm of PGA: a weaker or stronger stock than the curves say.
    casualties, displaced, loss : ndarray, shape (n_fields,)
        Factors with mean one.
    """

    ln_fragility: np.ndarray
    casualties: np.ndarray
    displaced: np.ndarray
    loss: np.ndarray


def draw_spread(n_fields: int, rng: np.random.Generator, scale: float = 1.0) -> Spread:
    """Draw the parameters for every field; `scale` multiplies :data:`SPREAD_LN` (0: published values only)."""
    if not 0 <= scale < np.inf:
        raise InputError(f"scale of the parameter spread is {scale}; 0 or more is allowed, 1 is the stated spread")
    sigma = scale * np.array(list(SPREAD_LN.values()))
    normal = rng.standard_normal((n_fields, len(sigma)))  # field by field: blocks of fields draw what the whole draws
    factors = np.exp(sigma * normal - sigma**2 / 2)
    return Spread(sigma[0] * normal[:, 0], *factors[:, 1:].T)
