"""PAGER: deaths and losses of a country from how many people felt which intensity, and the alert colour.

Empirical model of Jaiswal and Wald (2010), An empirical model for global earthquake fatality estimation, Earthquake
Spectra 26, 1017-1037, doi:10.1193/1.3480331 (deaths); Jaiswal and Wald (2013), doi:10.1193/1.4000104 (losses); alert
scale: Wald and others (2011), doi:10.1061/(ASCE)NH.1527-6996.0000040. Tables by country from the esi-utils-pager wheel,
see ``data/SOURCES.md``. Everything here is about the whole country's vulnerability: for one city with known buildings
use :mod:`houfeng.damage.assessment`.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from houfeng.errors import InputError, UnknownNameError
from houfeng.values import Estimate

#: Alert colours and the smallest number of deaths, and of million US dollars, of each.
COLOURS = ("green", "yellow", "orange", "red")
DEATH_STEPS = (1.0, 100.0, 1000.0)
LOSS_STEPS_USD = (1e6, 1e8, 1e9)

#: Intensities the models speak of; below V nobody dies of shaking, above IX the rate of IX holds (EXPO-CAT counts
#: everything above as IX+).
MMI = np.arange(5, 10)

#: The spread around fewer than one expected death cannot be told from the data; PAGER takes this mean and spread.
SMALL_MEAN, SMALL_SPREAD = 0.1, 1.7613
LARGEST_SPREAD = 2.5


@dataclass(frozen=True, slots=True)
class CountryModel:
    """Loss model of one country.

    Attributes
    ----------
    country, name
        Two letters (ISO 3166; PAGER adds some) and for people.
    theta, beta, zeta
        Of deaths: the death rate at intensity S is the normal distribution function of ``ln(S / theta) / beta``; zeta
        is the standard deviation of the logarithm of deaths around it.
    loss_theta, loss_beta, loss_zeta
        The same of economic loss; NaN where there is no model.
    loss_alpha
        Wealth exposed per person as a multiple of the yearly product per person.
    gdp_per_person_usd
        That product in the year of the table (about 2012).
    """

    country: str
    name: str
    theta: float
    beta: float
    zeta: float
    loss_theta: float
    loss_beta: float
    loss_zeta: float
    loss_alpha: float
    gdp_per_person_usd: float

    def death_rate(self, mmi: np.ndarray) -> np.ndarray:
        """Share of the people at intensity `mmi` who die (Jaiswal and Wald 2010, equation 1)."""
        return _lognormal(mmi, self.theta, self.beta)

    def loss_rate(self, mmi: np.ndarray) -> np.ndarray:
        """Share of the wealth at intensity `mmi` that is lost."""
        return _lognormal(mmi, self.loss_theta, self.loss_beta)


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert level.

    Attributes
    ----------
    colour
        Of the best estimate; one of :data:`COLOURS`.
    probabilities
        Chance of each colour; they sum to one.
    estimate
        Best estimate (a median) and 90 % range, people or US dollars.
    """

    colour: str
    probabilities: Mapping[str, float]
    estimate: Estimate


def _lognormal(mmi: np.ndarray, theta: float, beta: float) -> np.ndarray:
    from scipy.special import ndtr

    return ndtr(np.log(np.asarray(mmi, float) / theta) / beta)


@cache
def country_models() -> Mapping[str, CountryModel]:
    """All models by country code."""
    text = (files("houfeng.data") / "damage" / "pager_models.csv").read_text(encoding="utf-8")
    table = {}
    for row in csv.DictReader(text.splitlines()):
        numbers = {key: float(value or "nan") for key, value in row.items() if key.startswith(("deaths_t", "loss_"))}
        table[row["country"]] = CountryModel(
            country=row["country"],
            name=row["name"],
            theta=numbers["deaths_theta"],
            beta=float(row["deaths_beta"]),
            zeta=float(row["deaths_zeta"]),
            loss_theta=numbers["loss_theta"],
            loss_beta=numbers["loss_beta"],
            loss_zeta=numbers["loss_zeta"],
            loss_alpha=numbers["loss_alpha"],
            gdp_per_person_usd=float(row["gdp_per_person_usd"] or "nan"),
        )
    return table


def country_model(country: str) -> CountryModel:
    """Model of a country by its two letters, for instance ``CL``.

    Raises
    ------
    UnknownNameError
        When there is none; the message lists what there is.
    """
    table = country_models()
    if country.upper() not in table:
        raise UnknownNameError("country", country, table)
    return table[country.upper()]


def people_by_mmi(people: np.ndarray, mmi: np.ndarray) -> np.ndarray:
    """People at intensity V, VI, VII, VIII and IX or more, as PAGER counts them.

    Parameters
    ----------
    people : ndarray, shape (n,)
    mmi : ndarray, shape (..., n)
        Intensity where they are; V is 4.5 up to 5.5, and so on.

    Returns
    -------
    ndarray, shape (..., 5)
    """
    people, mmi = np.asarray(people, float), np.asarray(mmi, float)
    if (people < 0).any() or not np.isfinite(people).all():
        raise InputError("numbers of people must be 0 or more")
    if mmi.shape[-1:] != people.shape:
        raise InputError(f"intensity has shape {mmi.shape}, people {people.shape}: the last axes must agree")
    degree = np.clip(np.floor(mmi + 0.5), 0, MMI[-1])
    return np.stack([np.where(degree == one, people, 0.0).sum(axis=-1) for one in MMI], axis=-1)


def expected_deaths(exposed: np.ndarray, country: str | CountryModel) -> np.ndarray:
    """Deaths of shaking, shape (...), from the people at intensity V to IX+, shape (..., 5)."""
    model = country if isinstance(country, CountryModel) else country_model(country)
    return _five(exposed) @ model.death_rate(MMI)


def expected_loss_usd(exposed: np.ndarray, country: str | CountryModel) -> np.ndarray:
    """Direct loss in US dollars of the table's year, shape (...), from the people at intensity V to IX+."""
    model = country if isinstance(country, CountryModel) else country_model(country)
    if not np.isfinite(model.loss_theta):
        raise InputError(f"PAGER has no economic model for {model.name} ({model.country})")
    return _five(exposed) @ model.loss_rate(MMI) * model.loss_alpha * model.gdp_per_person_usd


def _five(exposed: np.ndarray) -> np.ndarray:
    exposed = np.asarray(exposed, float)
    if exposed.shape[-1:] != (len(MMI),):
        raise InputError(f"people by intensity has shape {exposed.shape}; the last axis is V, VI, VII, VIII, IX+")
    if not (exposed >= 0).all():
        raise InputError("people by intensity must be numbers, 0 or more")
    return exposed


def spread_of(expected: float, zeta: float) -> tuple[float, float]:
    """Mean and spread PAGER's probabilities are reckoned with: those of small numbers are fixed."""
    if expected < 1:
        return SMALL_MEAN, min(zeta, SMALL_SPREAD)
    return expected, min(zeta, LARGEST_SPREAD)


def alert(expected: float, zeta: float, steps: tuple[float, ...] = DEATH_STEPS) -> Alert:
    """Alert level of an expected loss (Wald and others 2011).

    Parameters
    ----------
    expected
        Deaths, or US dollars with ``steps=LOSS_STEPS_USD``.
    zeta
        Standard deviation of its logarithm.
    """
    from scipy.special import ndtr, ndtri

    if not (expected >= 0 and zeta > 0):
        raise InputError(f"expected loss {expected} must be 0 or more and its spread {zeta} greater than 0")
    unit = steps[0]
    mean, spread = spread_of(expected / unit, zeta)
    below = ndtr(np.log(np.array(steps) / unit / mean) / spread)
    chances = np.diff([0.0, *below, 1.0])
    half = float(ndtri(0.95)) * spread
    ends = (mean * unit * float(np.exp(sign * half)) for sign in (-1, 1))
    estimate = Estimate(expected, *(pick(expected, end) for pick, end in zip((min, max), ends, strict=True)), 0.90)
    colour = COLOURS[int(np.searchsorted(steps, expected, side="right"))]
    return Alert(colour, dict(zip(COLOURS, chances.tolist(), strict=True)), estimate)


def death_alert(exposed: np.ndarray, country: str | CountryModel) -> Alert:
    """Alert of deaths for the people at intensity V to IX+, shape (5,), of one country."""
    model = country if isinstance(country, CountryModel) else country_model(country)
    return alert(float(expected_deaths(exposed, model)), model.zeta)


def loss_alert(exposed: np.ndarray, country: str | CountryModel) -> Alert:
    """Alert of economic loss for the people at intensity V to IX+, shape (5,), of one country."""
    model = country if isinstance(country, CountryModel) else country_model(country)
    return alert(float(expected_loss_usd(exposed, model)), model.loss_zeta, LOSS_STEPS_USD)
