"""Fitting the adaptive model: places first, whose model says which earthquakes were independent; then times."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from houfeng.errors import NotEnoughDataError
from houfeng.models.adaptive import laws
from houfeng.models.adaptive.laws import (
    FEATURES,
    FIRST_FEATURE,
    LOWER,
    PRIOR_INFORMATION,
    PRIOR_MEAN,
    SPACE_SIZE,
    TIME_SIZE,
    UPPER,
)
from houfeng.models.adaptive.likelihood import SpaceLikelihood, TimeLikelihood
from houfeng.models.adaptive.past import Past, Smoothing
from houfeng.models.etas.fit import FEWEST_TARGETS, default_start
from houfeng.models.etas.likelihood import EtasData, Evaluation
from houfeng.models.etas.omori import OmoriTable
from houfeng.models.etas.scoring import Maximum, maximise
from houfeng.models.progress import tell
from houfeng.times import DAYS_PER_YEAR

#: Targets whose places are fitted: more would not make the parameters noticeably better.
PLACES = 15_000
#: Floors of quiet and pace that are tried, in turn.
BUSIEST = (-2.0, -1.75, -1.5, -1.25, -1.0, -0.5, 0.0)
#: Times the independence is found anew, at most, and the gain in nats per event that ends it.
MOST_PASSES, SETTLED = 8, 5e-4

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class AdaptiveFit:
    """A fitted adaptive model.

    Attributes
    ----------
    time, space : ndarray, shapes (TIME_SIZE,), (SPACE_SIZE,)
        Parameters of the two laws, laid out as in :mod:`houfeng.models.adaptive.laws`.
    time_covariance : ndarray, shape (TIME_SIZE, TIME_SIZE)
        Of the parameters of the times; zero for those at a bound.
    past
        The earthquakes learnt from, judged.
    time_log_likelihood, space_log_likelihood
        Nats per target, over the learning window, with the prior's share.
    passes
        How often the independence was found anew.
    """

    time: np.ndarray
    space: np.ndarray
    time_covariance: np.ndarray
    past: Past
    time_log_likelihood: float
    space_log_likelihood: float
    passes: int


def fit_adaptive(data: EtasData, inside: np.ndarray, smoothing: Smoothing, *, progress: Progress = tell) -> AdaptiveFit:
    """Fit both laws by maximum likelihood.

    Parameters
    ----------
    data
        Earthquakes, learning window, shares of kernels inside the region.
    inside : ndarray of bool, shape (n,)
        In the region.
    smoothing
        How the background is made; its scales are set here.

    Raises
    ------
    NotEnoughDataError
        With fewer than 50 targets.
    FitError
        When a search does not settle.
    """
    n = int(data.target.sum())
    if n < FEWEST_TARGETS:
        raise NotEnoughDataError(
            f"{n} earthquakes to learn from, ETAS needs at least {FEWEST_TARGETS}; "
            "lengthen the catalogue, enlarge the region or lower the magnitude"
        )
    past, space = Past.unjudged(data, inside, smoothing, scale=True).with_usual_activity().smoothed(), _start(data)
    free = np.ones(SPACE_SIZE, bool)
    free[[laws.LN_MU, laws.INDEPENDENCE]] = False
    before = -np.inf
    for passes in range(1, MOST_PASSES + 1):
        top = _climb_space(past, space, free, tolerance_nats=1.0)
        space, value = top.vector, top.evaluation.value / n
        progress(f"pass {passes}: places {value:.4f} nats per earthquake, {past.independence.mean():.2f} independent")
        past = past.judged(space).with_usual_activity()
        free[laws.INDEPENDENCE] = True
        if passes > 2 and value - before < SETTLED:
            break
        before = value
    for busiest in BUSIEST:
        past = past.no_busier_than(busiest)
        times, covariance = _fit_times(data, past, space)
        if branching_when_busiest(times.vector, past) < 1:
            break
    top = _climb_space(past, space, free, tolerance_nats=0.1)
    return AdaptiveFit(
        time=times.vector,
        space=top.vector,
        time_covariance=covariance,
        past=past,
        time_log_likelihood=times.evaluation.value / n,
        space_log_likelihood=top.evaluation.value / n,
        passes=passes,
    )


def branching_when_busiest(time: np.ndarray, past: Past) -> float:
    """Earthquakes that one triggers within a year, on average, when they come as densely as counts."""
    features = past.features.productivity[past.data.target]
    of_gaps = time[FIRST_FEATURE + 2 : FIRST_FEATURE + FEATURES]
    size = np.exp(time[FIRST_FEATURE] * features[:, 0]).mean() * np.exp(time[laws.INDEPENDENCE] * features[:, 1]).mean()
    integral = OmoriTable.of(laws.Decay.from_vector(time)).integral(np.zeros(1), np.array([DAYS_PER_YEAR]))[0]
    return float(np.exp(time[laws.LN_K] + past.smoothing.busiest * of_gaps.sum()) * size * integral)


def _start(data: EtasData) -> np.ndarray:
    """The generic start of plain ETAS, laid out for the law of places."""
    p = default_start(data)
    vector = np.zeros(SPACE_SIZE)
    vector[laws.LN_MU], vector[laws.LN_K] = p.ln_mu, float(p.log_productivity(0.0))
    vector[laws.FIRST_FEATURE] = p.alpha
    vector[laws.LN_C : laws.LN_TAU + 1] = p.ln_c, p.omega, p.ln_tau
    vector[laws.LN_D], vector[laws.FIRST_GROWTH], vector[laws.LN_RHO] = p.ln_d, p.gamma, p.ln_rho
    return vector


def _climb_space(past: Past, near: np.ndarray, free: np.ndarray, tolerance_nats: float) -> Maximum:
    thinning = max(1, int(past.data.target.sum()) // PLACES)
    rows = np.flatnonzero(past.data.target)[::thinning]
    likelihood = SpaceLikelihood(past.data, past.features, near, past.points(rows), thinning)
    held = partial(_with_prior, likelihood)
    return maximise(held, near, free=free, lower=LOWER, upper=UPPER, tolerance_nats=tolerance_nats)


def _with_prior(likelihood: Callable[[np.ndarray], Evaluation], vector: np.ndarray) -> Evaluation:
    """The likelihood and what was believed before, of as many parameters as `vector` has."""
    n, here = len(vector), likelihood(vector)
    off, strength = vector - PRIOR_MEAN[:n], PRIOR_INFORMATION[:n]
    return Evaluation(
        here.value - 0.5 * float(strength @ off**2),
        here.gradient - strength * off,
        here.information + np.diag(strength),
    )


def _fit_times(data: EtasData, past: Past, space: np.ndarray) -> tuple[Maximum, np.ndarray]:
    """The law of times, from where the law of places is; twice, the second time over better lists."""
    share, targets = inside_share(past, space), np.flatnonzero(data.target)
    activity = past.activity(data.days[targets], targets)
    active_days = past.activity_integral(data.start_day, data.end_day)
    lower, upper = LOWER[:TIME_SIZE], UPPER[:TIME_SIZE]
    vector = space[:TIME_SIZE]
    for _ in range(2):
        likelihood = TimeLikelihood(data, past.features, share, activity, active_days, vector)
        held = partial(_with_prior, likelihood)
        top = maximise(held, vector, free=np.ones(TIME_SIZE, bool), lower=lower, upper=upper)
        vector = top.vector
    inside = (top.vector > lower + 1e-6) & (top.vector < upper - 1e-6)
    covariance = np.zeros((TIME_SIZE, TIME_SIZE))
    held = top.evaluation.information + np.diag((upper - lower) ** -2.0)
    covariance[np.ix_(inside, inside)] = np.linalg.inv(held[np.ix_(inside, inside)])
    return top, covariance


def inside_share(past: Past, space: np.ndarray) -> np.ndarray:
    """Share of each earthquake's aftershocks that fall into the region, shape (n,)."""
    law = laws.SpaceLaw.from_vector(space)
    return past.data.mass.shares(law.spread_km2(past.features.growth), law.rho)[0]
