"""Fragility: the chance of each damage state given shaking.

Hazus earthquake model, equivalent-PGA fragilities (FEMA, Hazus Earthquake Model Technical Manual; tables from the
Damage and Loss Model Library, see ``data/SOURCES.md``): lognormal in peak ground acceleration with
one spread for all states. They suppose the spectrum of a magnitude 7 earthquake on stiff soil at 15 km or more; where
that of the ground differs, so do the medians. The library's spread is 0.4, the capacity part of the manual's 0.64:
the rest is the variability of the motion, which the fields of shaking carry already.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from houfeng.damage.states import HAZUS
from houfeng.errors import InputError, SourceError, UnknownNameError

#: Damaged states, from slight to complete.
DAMAGED = HAZUS.keys[1:]

#: Lookup tables: logarithm of PGA from 0.0005 g to 20 g. Linear interpolation in steps of 0.005 is within 5e-6 of the
#: exact probability for spreads of 0.4 (step^2 / 8 times the largest second derivative, 0.242 / spread^2).
LN_PGA_START, LN_PGA_STEP = math.log(0.0005), 0.005
LN_PGA = LN_PGA_START + LN_PGA_STEP * np.arange(int((math.log(20.0) - LN_PGA_START) / LN_PGA_STEP) + 1)


@dataclass(frozen=True, slots=True)
class Fragility:
    """Lognormal fragility curves of one type of building.

    Attributes
    ----------
    taxonomy
        Its name: Hazus building type with height letter, and code level (HC high, MC moderate, LC low, PC pre-code),
        for instance ``C1M-MC`` or ``W1-PC``.
    structure, height, code
        The parts of the name; the height is "" where Hazus does not tell heights apart.
    median_g : tuple of float, length 4
        PGA in g at which half of the buildings reach slight, moderate, extensive, complete damage.
    sigma_ln : tuple of float, length 4
        Standard deviation of the logarithm of that PGA.
    collapse_share
        Share of the completely damaged buildings that collapse.
    """

    taxonomy: str
    structure: str
    height: str
    code: str
    median_g: tuple[float, ...]
    sigma_ln: tuple[float, ...]
    collapse_share: float

    def __post_init__(self) -> None:
        for name in ("median_g", "sigma_ln"):
            values = getattr(self, name)
            if len(values) != len(DAMAGED) or not all(0 < value < math.inf for value in values):
                raise InputError(
                    f"{name} of '{self.taxonomy}' is {values}; four positive numbers are needed, {', '.join(DAMAGED)}"
                )
        if not 0 <= self.collapse_share <= 1:
            raise InputError(f"collapse share of '{self.taxonomy}' is {self.collapse_share}, allowed is 0 to 1")

    def exceedance(self, pga_g: np.ndarray) -> np.ndarray:
        """Chance of each damaged state or worse, shape (..., 4), rising with PGA and falling with the state.

        Where curves cross (see :func:`crossings`), a state is given at most the chance of the lesser one before it.
        """
        from scipy.special import ndtr

        pga = np.asarray(pga_g, float)
        if not (pga >= 0).all():
            raise InputError("peak ground acceleration must be a number of g, 0 or more")
        with np.errstate(divide="ignore"):
            ln_pga = np.log(pga)[..., None]
        raw = ndtr((ln_pga - np.log(self.median_g)) / np.array(self.sigma_ln))
        return np.minimum.accumulate(raw, axis=-1)


@dataclass(frozen=True, slots=True)
class Crossing:
    """Two curves of one type of building that cross.

    Attributes
    ----------
    taxonomy, lesser, worse
        The type and its two states.
    pga_g
        Where they cross; 0 where the worse state is above everywhere.
    chance
        Largest amount by which the worse state exceeds the lesser between 0.01 and 5 g, a probability.
    """

    taxonomy: str
    lesser: str
    worse: str
    pga_g: float
    chance: float

    def __str__(self) -> str:
        return (
            f"fragility curves of {self.taxonomy} cross: '{self.worse}' is above '{self.lesser}' by up to "
            f"{self.chance:.3f} (crossing at {self.pga_g:.3g} g); it is cut down to '{self.lesser}'"
        )


def crossings(fragility: Fragility) -> tuple[Crossing, ...]:
    """Every pair of neighbouring curves that cross where shaking is possible, 0.01 to 5 g; by more than 1e-9."""
    from scipy.special import ndtr

    pga = np.geomspace(0.01, 5.0, 400)
    medians, sigmas = fragility.median_g, fragility.sigma_ln
    found = []
    for i in range(len(DAMAGED) - 1):
        lesser = ndtr(np.log(pga / medians[i]) / sigmas[i])
        worse = ndtr(np.log(pga / medians[i + 1]) / sigmas[i + 1])
        excess = float((worse - lesser).max())
        if excess <= 1e-9:
            continue
        a, b = 1 / sigmas[i], 1 / sigmas[i + 1]
        where = 0.0
        if a != b:
            where = math.exp((a * math.log(medians[i]) - b * math.log(medians[i + 1])) / (a - b))
        found.append(Crossing(fragility.taxonomy, DAMAGED[i], DAMAGED[i + 1], where, excess))
    return tuple(found)


@cache
def hazus_fragilities() -> Mapping[str, Fragility]:
    """The 128 Hazus types by taxonomy."""
    text = (files("houfeng.data") / "damage" / "hazus_fragility.csv").read_text(encoding="utf-8")
    return _parsed(text, "hazus_fragility.csv")


def read_fragilities(path: Path) -> Mapping[str, Fragility]:
    """Fragilities of one's own, by taxonomy.

    Parameters
    ----------
    path
        CSV with the columns taxonomy, slight_g, moderate_g, extensive_g, complete_g (medians in g), sigma_ln (one for
        all states) or slight_sigma_ln ... complete_sigma_ln, collapse_share, and if known structure, height, code.

    Raises
    ------
    InputError
        When a column or a number is missing; curves that cross are no error, see :func:`crossings`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from error
    return _parsed(text, path.name)


def _parsed(text: str, name: str) -> dict[str, Fragility]:
    table = {}
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            if row.get("sigma_ln"):
                sigma = (float(row["sigma_ln"]),) * len(DAMAGED)
            else:
                sigma = tuple(float(row[f"{state}_sigma_ln"]) for state in DAMAGED)
            one = Fragility(
                taxonomy=row["taxonomy"],
                structure=row.get("structure") or row["taxonomy"],
                height=row.get("height") or "",
                code=row.get("code") or "",
                median_g=tuple(float(row[f"{state}_g"]) for state in DAMAGED),
                sigma_ln=sigma,
                collapse_share=float(row["collapse_share"]),
            )
        except KeyError as error:
            raise InputError(f"{name} has no column {error}; see read_fragilities for the columns") from error
        except (TypeError, ValueError) as error:
            raise InputError(f"{name}, line {number}: {error}; every column needs its number") from error
        table[one.taxonomy] = one
    if not table:
        raise InputError(f"{name} holds no fragility; one row per building type is expected")
    return table


def fragility_of(taxonomy: str, known: Mapping[str, Fragility] | None = None) -> Fragility:
    """Fragility of one type of building.

    Raises
    ------
    UnknownNameError
        When there is none; the message lists what there is.
    """
    table = hazus_fragilities() if known is None else known
    if taxonomy not in table:
        raise UnknownNameError("building type", taxonomy, table)
    return table[taxonomy]


def damage_probabilities(taxonomy: str | Fragility, pga_g: np.ndarray) -> np.ndarray:
    """Chance of each of the five Hazus states.

    Parameters
    ----------
    taxonomy
        Name of a Hazus type, or a fragility of one's own.
    pga_g : ndarray, shape (...)
        Peak ground acceleration in g.

    Returns
    -------
    ndarray, shape (..., 5)
        None, slight, moderate, extensive, complete; they sum to one, and the chance of any state or worse rises with
        shaking.
    """
    fragility = taxonomy if isinstance(taxonomy, Fragility) else fragility_of(taxonomy)
    return states_of(fragility.exceedance(pga_g))


def states_of(exceedance: np.ndarray) -> np.ndarray:
    """Chance of being in each state, shape (..., 5), from those of reaching it, shape (..., 4)."""
    edges = np.concatenate([np.ones_like(exceedance[..., :1]), exceedance, np.zeros_like(exceedance[..., :1])], axis=-1)
    return edges[..., :-1] - edges[..., 1:]


def exceedance_table(fragilities: Sequence[Fragility]) -> np.ndarray:
    """Chance of each damaged state or worse on the grid :data:`LN_PGA`, shape (types, grid, 4); 0 at its start."""
    table = np.stack([one.exceedance(np.exp(LN_PGA)) for one in fragilities])
    table[:, 0] = 0.0
    return table
