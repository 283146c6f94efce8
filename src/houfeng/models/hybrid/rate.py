"""The champion's rate in time and its integral at any number of moments, in one pass over the past."""

from dataclasses import dataclass

import numba as nb
import numpy as np

from houfeng.models.adaptive import laws
from houfeng.models.adaptive.fit import inside_share
from houfeng.models.adaptive.laws import Decay
from houfeng.models.adaptive.past import Past
from houfeng.models.hybrid.exponentials import Exponentials


@dataclass(frozen=True, eq=False)
class RateAt:
    """The champion's law of times at moments.

    Attributes
    ----------
    background, triggered : ndarray, shape (m,)
        Events per day, of earthquakes strictly before.
    integral : ndarray, shape (m,)
        Expected number from the first moment to each.
    slope : ndarray, shape (m,)
        Minus the derivative of the rate over the rate, per day.
    young : ndarray, shape (m,)
        Share of the rate that decays within a day.
    """

    background: np.ndarray
    triggered: np.ndarray
    integral: np.ndarray
    slope: np.ndarray
    young: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Events per day."""
        return self.background + self.triggered


@dataclass(frozen=True, eq=False)
class ChampionRate:
    """The law of times of a fitted adaptive model as a sum of exponentials.

    Attributes
    ----------
    days : ndarray, shape (n,)
        Of the earthquakes, ascending.
    productivity : ndarray, shape (n,)
        What multiplies the decay after each.
    lift : ndarray, shape (n,)
        What each adds to the background, per day, at once.
    steady
        The constant part of the background, per day.
    usual, first_day, active_days
        The part of the background that stands for what came before the catalogue: `usual` per day on `first_day`; it
        and the lifts fade in `active_days`.
    decay
        Of triggering.
    """

    days: np.ndarray
    productivity: np.ndarray
    lift: np.ndarray
    steady: float
    usual: float
    first_day: float
    active_days: float
    decay: Exponentials

    @classmethod
    def of(cls, past: Past, time: np.ndarray, space: np.ndarray) -> "ChampionRate":
        """The champion with parameters `time` and `space`, after the earthquakes of `past`."""
        s, d, mu = past.smoothing, past.data, float(np.exp(time[laws.LN_MU]))
        features = time[laws.FIRST_FEATURE : laws.FIRST_FEATURE + laws.FEATURES]
        ln_weight = time[laws.LN_K] + past.features.productivity @ features + d.log_weight
        varying = mu * (1 - s.steady_share)
        return cls(
            days=d.days,
            productivity=np.exp(ln_weight) * inside_share(past, space),
            lift=varying * past.independence * past.inside / (s.active_days * s.independent_per_day),
            steady=mu * s.steady_share,
            usual=varying,
            first_day=float(d.days[0]),
            active_days=s.active_days,
            decay=Exponentials.of(Decay.from_vector(time)),
        )

    def at(self, days: np.ndarray) -> RateAt:
        """The rate at `days`, ascending, shape (m,), none before the first earthquake."""
        terms = np.append(self.decay.rate, 1.0 / self.active_days)
        jump = np.append(self.decay.weight, 1.0)
        columns = _sweep(self.days, self.productivity, self.lift, jump, terms, days, self.usual, self.first_day)
        triggered, varying, integral, falling, young = columns.T
        background = varying + self.steady
        total = background + triggered
        integral = integral - integral[0] + self.steady * (days - days[0])
        return RateAt(background, triggered, integral, falling / total, young / total)


@nb.njit(cache=True)
def _sweep(days, productivity, lift, jump, terms, moments, usual, first_day):
    """Columns: triggered, varying background, integral of both since the first day, fall per day, young part."""
    n_terms, out = len(terms), np.empty((len(moments), 5))
    state = np.zeros(n_terms)
    state[-1] = usual
    now, k, integral = first_day, 0, 0.0
    for i in range(len(moments)):
        while k < len(days) and days[k] < moments[i]:
            integral += _forward(state, terms, days[k] - now)
            now = days[k]
            for q in range(n_terms - 1):
                state[q] += productivity[k] * jump[q]
            state[-1] += lift[k]
            k += 1
        integral += _forward(state, terms, moments[i] - now)
        now = moments[i]
        triggered, fall, young = 0.0, state[-1] * terms[-1], 0.0
        for q in range(n_terms - 1):
            triggered += state[q]
            fall += state[q] * terms[q]
            if terms[q] > 1.0:
                young += state[q]
        out[i] = triggered, state[-1], integral, fall, young
    return out


@nb.njit(cache=True)
def _forward(state, terms, step):
    """Let `step` days pass: returns what was expected in them."""
    expected = 0.0
    for q in range(len(terms)):
        lost = -state[q] * np.expm1(-terms[q] * step)
        expected += lost / terms[q]
        state[q] -= lost
    return expected
