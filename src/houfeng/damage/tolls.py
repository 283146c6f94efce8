"""How many may have died: a calibrated distribution for one earthquake in one country, from PAGER's exposures.

PAGER's own spread is one lognormal by country. Here the chance that at least k people died is an ordered logistic
regression on what is known within minutes: PAGER's expected deaths, the people at each intensity, magnitude, depth,
year, hour of the day, wealth, and a shrunken effect of the country. Fitted on EXPO-CAT (Allen and others 2009,
doi:10.1007/s10518-009-9120-y), on the earthquakes with a recorded number of deaths; how good it is on earthquakes it
has not seen is printed by ``benchmarks/damage.py``. Where no deaths were recorded EXPO-CAT is blank, so the model
speaks of earthquakes that were worth recording: for weak shaking it says too much rather than too little.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from houfeng.damage.pager import COLOURS, DEATH_STEPS, Alert, country_models, expected_deaths
from houfeng.errors import InputError, UnknownNameError
from houfeng.values import Estimate

#: Numbers of deaths at which the distribution is fitted.
STEPS = (1.0, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000)

#: Years the records span; later ones are taken as the last.
YEARS = (1973, 2007)

#: Product per person where PAGER's table has none, US dollars.
USUAL_GDP_USD = 5000.0

FEATURES = ("ln_pager", "ln_pager_squared", "people_5", "people_6", "people_7", "people_8", "people_9", "magnitude",
            "ln_depth", "year", "night", "ln_gdp")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Cases:
    """What is known of n earthquakes within minutes.

    Attributes
    ----------
    exposed : ndarray, shape (n, 5)
        People at intensity V, VI, VII, VIII, IX+ (``pager.people_by_mmi``).
    country : sequence of str
        Two letters.
    magnitude, depth_km, year, local_hour : ndarray, shape (n,)
    """

    exposed: np.ndarray
    country: Sequence[str]
    magnitude: np.ndarray
    depth_km: np.ndarray
    year: np.ndarray
    local_hour: np.ndarray

    def features(self) -> np.ndarray:
        """Columns :data:`FEATURES`, shape (n, 12), not yet standardised."""
        table = country_models()
        for name in self.country:
            if name not in table:
                raise UnknownNameError("country", name, table)
        pager = np.log([float(expected_deaths(row, name)) + 0.01 for row, name in
                        zip(self.exposed, self.country, strict=True)])  # fmt: skip
        above = np.log10(np.asarray(self.exposed, float)[:, ::-1].cumsum(axis=1)[:, ::-1] + 10)
        gdp = np.array([table[name].gdp_per_person_usd for name in self.country])
        return np.column_stack([
            pager, pager * np.abs(pager), above, self.magnitude, np.log1p(np.maximum(self.depth_km, 0)),
            np.clip(self.year, *YEARS), np.cos((np.asarray(self.local_hour) - 2) * np.pi / 12),
            np.log(np.where(np.isnan(gdp), USUAL_GDP_USD, gdp)),
        ])  # fmt: skip


@dataclass(frozen=True, eq=False)
class TollModel:
    """The fitted regression.

    Attributes
    ----------
    mean, sd, weights : ndarray, shape (12,)
        Of the features; a weight belongs to the standardised feature.
    cuts : ndarray, shape (15,)
        Rising; P(deaths < step) is the logistic function of cut - weights . features - country effect.
    countries
        Effect by country; 0 for those not listed.
    flag_chance
        Chance of 100 deaths from which on one should prepare for them: of the earthquakes fitted that reach it, half
        had as many.
    """

    mean: np.ndarray
    sd: np.ndarray
    weights: np.ndarray
    cuts: np.ndarray
    countries: Mapping[str, float]
    flag_chance: float

    def below(self, cases: Cases) -> np.ndarray:
        """P(deaths < step) of each case, shape (n, 15), rising along :data:`STEPS`."""
        from scipy.special import expit

        score = (cases.features() - self.mean) / self.sd @ self.weights
        score += [self.countries.get(name, 0.0) for name in cases.country]
        return expit(self.cuts - score[:, None])


@cache
def toll_model() -> TollModel:
    """The model that ships with Houfeng."""
    text = (files("houfeng.data") / "damage" / "tolls.json").read_text(encoding="utf-8")
    table = json.loads(text)
    if tuple(table["features"]) != FEATURES or tuple(table["steps"]) != STEPS:
        raise InputError("data/damage/tolls.json was made for other features; run scripts/build_pager_tolls.py")
    arrays = {name: np.array(table[name], float) for name in ("mean", "sd", "weights", "cuts")}
    return TollModel(**arrays, countries=table["countries"], flag_chance=table["flag_chance"])


def quantile_of(below: np.ndarray, level: float) -> float:
    """Number of deaths that `level` of the distribution stays at or below.

    Parameters
    ----------
    below : ndarray, shape (15,)
        P(deaths < step).

    Notes
    -----
    Between steps the logarithm of the number is interpolated; beyond the last step a factor of ten is allowed for the
    rest of the distribution.
    """
    if level <= below[0]:
        return 0.0
    chances = np.append(below, 1.0)
    numbers = np.append(np.log(STEPS), np.log(STEPS[-1] * 10))
    return float(np.floor(np.exp(np.interp(level, chances, numbers)) + 1e-9))


def toll_alert(
    exposed: np.ndarray, country: str, *, magnitude: float, depth_km: float, year: int, local_hour: float
) -> Alert:
    """Deaths to be feared: colour (the most probable), chances, median and 90 % range.

    Parameters
    ----------
    exposed : ndarray, shape (5,)
        People at intensity V, VI, VII, VIII, IX+ of one country.
    local_hour
        Local time, 0 to 24.

    Raises
    ------
    UnknownNameError, InputError
        For an unknown country or impossible numbers.
    """
    numbers = {"magnitude": magnitude, "depth_km": depth_km, "year": year, "local_hour": local_hour}
    for name, value in numbers.items():
        if not np.isfinite(value):
            raise InputError(f"{name} is {value}; a number is needed")
    arrays = {name: np.array([value], float) for name, value in numbers.items()}
    cases = Cases(exposed=np.asarray(exposed, float)[None], country=[country.upper()], **arrays)
    below = toll_model().below(cases)[0]
    chances = colour_chances(below[None])[0]
    low, middle, high = (quantile_of(below, level) for level in (0.05, 0.5, 0.95))
    colour = COLOURS[int(np.argmax(chances))]
    return Alert(colour, dict(zip(COLOURS, chances.tolist(), strict=True)), Estimate(middle, low, high, 0.90))


def is_feared(alert: Alert) -> bool:
    """Whether to prepare for 100 deaths or more although fewer may be more likely; see ``TollModel.flag_chance``."""
    return alert.probabilities["orange"] + alert.probabilities["red"] >= toll_model().flag_chance


def colour_chances(below: np.ndarray) -> np.ndarray:
    """Chance of each alert colour, shape (n, 4), from P(deaths < step), shape (n, 15)."""
    at = [STEPS.index(step) for step in DEATH_STEPS]
    edges = np.column_stack([np.zeros(len(below)), below[:, at], np.ones(len(below))])
    return np.diff(edges, axis=1)
