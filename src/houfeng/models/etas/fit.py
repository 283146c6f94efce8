"""Fitting: a cheap start on part of the targets, then all of them, then the background, until it settles."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from houfeng.errors import FitError, NotEnoughDataError
from houfeng.models.etas.background import Background
from houfeng.models.etas.likelihood import EtasData, Likelihood
from houfeng.models.etas.parameters import LN_TAU, LOWER, NAMES, UPPER, EtasParameters
from houfeng.models.etas.scoring import Maximum, maximise
from houfeng.models.progress import tell
from houfeng.values import Estimate

FEWEST_TARGETS = 50
#: Targets of the cheap first fit.
PILOT_TARGETS = 4000
#: Times the background is found anew.
DECLUSTERINGS = 4
#: The lists are good enough when no parameter has moved further from where they were made.
SETTLED = 0.02
MOST_ROUNDS = 8
#: Half the 95 % point of chi-squared with one degree of freedom.
HALF_CHI2_95 = 1.9207
MOST_PROFILE_STEPS = 15

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class EtasFit:
    """A fitted space-time ETAS.

    Attributes
    ----------
    parameters
        Maximum-likelihood parameters; ``ln_tau`` is infinite where the data show no taper.
    free : ndarray of bool, shape (9,)
        Parameters that were fitted.
    log_likelihood
        In nats, rates per day and km^2.
    covariance : ndarray, shape (9, 9)
        Inverse information; zero for parameters that are fixed or at a bound.
    intervals
        By parameter name, 95 %; by profile likelihood where a parameter meets its bound.
    background
        Density of the background.
    background_probability : ndarray, shape (targets,)
        For each target, that it was not triggered.
    target_rates : ndarray, shape (targets,)
        Rate at each target, events per day and km^2.
    list_error
        Root-mean-square error of ln(rate) from the interaction lists, on 300 random targets.
    evaluations, rounds
        Likelihood evaluations over all targets, and list rebuilds.
    notes
        What the fit decided, in plain English.
    """

    parameters: EtasParameters
    free: np.ndarray
    log_likelihood: float
    covariance: np.ndarray
    intervals: dict[str, Estimate]
    background: Background
    background_probability: np.ndarray
    target_rates: np.ndarray
    list_error: float
    evaluations: int
    rounds: int
    notes: tuple[str, ...]


def default_start(data: EtasData) -> EtasParameters:
    """A generic start: half the events background, a branching ratio near one half."""
    rate = data.target.sum() / (data.end_day - data.start_day)
    return EtasParameters(
        ln_mu=float(np.log(0.5 * rate)), ln_k0=float(np.log(0.01)), a=1.6, ln_c=float(np.log(0.01)), omega=0.1,
        ln_tau=float(np.log(3000.0)), ln_d=0.0, gamma=1.0, ln_rho=float(np.log(0.6)),
    )  # fmt: skip


def fit_etas(
    data: EtasData,
    area_km2: float,
    *,
    start: EtasParameters | None = None,
    fixed: tuple[int, ...] = (),
    decluster: bool = True,
    smallest_km: float = 1.0,
    intervals: bool = True,
    progress: Progress = tell,
) -> EtasFit:
    """Fit space-time ETAS by maximum likelihood.

    Parameters
    ----------
    data
        Events; their ``background`` is the starting density (normally even, one over `area_km2`).
    start, fixed
        Start of the search; indices (see :data:`parameters.NAMES`) of parameters that stay at it.
    decluster
        Find the background by stochastic declustering; else keep ``data.background``.
    smallest_km
        Location error: no background kernel is narrower.
    intervals
        Also compute 95 % intervals.
    progress
        Told at every step how far the fit is.

    Raises
    ------
    NotEnoughDataError
        With fewer than 50 targets.
    FitError
        When the search does not settle.
    """
    n = int(data.target.sum())
    if n < FEWEST_TARGETS:
        raise NotEnoughDataError(
            f"{n} earthquakes to learn from, ETAS needs at least {FEWEST_TARGETS}; "
            "lengthen the catalogue, enlarge the region or lower the magnitude"
        )
    free = np.ones(9, bool)
    free[list(fixed)] = False
    near = start or default_start(data)
    if n > 2 * PILOT_TARGETS:
        for _ in range(2):
            progress(f"pilot fit on about {PILOT_TARGETS} of {n} earthquakes")
            near, _ = _climb(Likelihood(data, near, thinning=n // PILOT_TARGETS), near, free, tolerance_nats=1.0)
    likelihood, background, evaluations = Likelihood(data, near), Background.even(area_km2), 0
    if decluster:
        likelihood = _over(likelihood, _smoothed(likelihood, np.ones(len(likelihood.targets)), area_km2, smallest_km))
    for number in range(DECLUSTERINGS if decluster else 0):
        near, top = _climb(likelihood, near, free, tolerance_nats=1.0)
        evaluations += top.evaluations
        own = np.exp(near.ln_mu) * likelihood.data.background[likelihood.targets] / likelihood.rates(near)
        background = _smoothed(likelihood, own, area_km2, smallest_km)
        likelihood = _over(likelihood, background)
        progress(f"declustering {number + 1} of {DECLUSTERINGS}: log-likelihood {top.evaluation.value:.1f}")
    for rounds in range(1, MOST_ROUNDS + 1):
        near, top = _climb(likelihood, near, free)
        evaluations += top.evaluations
        progress(f"round {rounds}: log-likelihood {top.evaluation.value:.1f} after {evaluations} evaluations")
        if free[LN_TAU] and _moved(near, likelihood.near, free) < SETTLED and not _is_taper_certain(top, free):
            plain, flat = _climb(likelihood, replace(near, ln_tau=np.inf), free & (np.arange(9) != LN_TAU))
            evaluations += flat.evaluations
            if top.evaluation.value - flat.evaluation.value < HALF_CHI2_95:
                near, top, free[LN_TAU] = plain, flat, False
        if _moved(near, likelihood.near, free) < SETTLED:
            break
        data, rates = likelihood.data, likelihood.rates(near)
        del likelihood  # its lists, before others are made
        likelihood = Likelihood(data, near, rates=rates)
    else:
        raise FitError(
            f"the log-likelihood still moved after {MOST_ROUNDS} rounds; use a higher magnitude or a longer catalogue"
        )
    progress("95 % intervals of the parameters")
    covariance, estimates = _uncertainty(likelihood, top, free, set(fixed), intervals)
    rates = likelihood.rates(near)
    own = np.exp(near.ln_mu) * likelihood.data.background[likelihood.targets] / rates
    return EtasFit(
        parameters=near, free=free, log_likelihood=top.evaluation.value, covariance=covariance, intervals=estimates,
        background=background, background_probability=own, target_rates=rates, list_error=likelihood.list_error(near),
        evaluations=evaluations, rounds=rounds, notes=_notes(near, estimates),
    )  # fmt: skip


def _climb(
    likelihood: Likelihood, near: EtasParameters, free: np.ndarray, tolerance_nats: float = 1e-3
) -> tuple[EtasParameters, Maximum]:
    top = maximise(likelihood, near.vector(), free=free, lower=LOWER, upper=UPPER, tolerance_nats=tolerance_nats)
    return EtasParameters.from_vector(top.vector), top


def _moved(parameters: EtasParameters, since: EtasParameters, free: np.ndarray) -> float:
    """Largest change of a free parameter."""
    return float(np.abs(parameters.vector()[free] - since.vector()[free]).max(initial=0.0))


def _smoothed(likelihood: Likelihood, weight: np.ndarray, area_km2: float, smallest_km: float) -> Background:
    """Smooth the targets, each with its weight: all alike at first, later by the probability that it is background."""
    data, targets = likelihood.data, likelihood.targets
    edge = data.mass.of_rows(targets)
    return Background.smoothed(data.xyz_km[targets], weight, edge, area_km2, smallest_km=smallest_km)


def _over(likelihood: Likelihood, background: Background) -> Likelihood:
    """The same lists over a new background."""
    density = likelihood.data.background.copy()
    density[likelihood.targets] = background.density(background.xyz_km, leave_out_own=True)
    return likelihood.with_background(density)


def _covariance(top: Maximum, free: np.ndarray) -> np.ndarray:
    """Inverse information of the free parameters inside the box, zero for the others.

    Where the data say next to nothing, the width of the box stands as the standard error.
    """
    at_bound = (top.vector <= LOWER + 1e-6) | (top.vector >= UPPER - 1e-6)
    inside = np.ix_(free & ~at_bound, free & ~at_bound)
    covariance = np.zeros((9, 9))
    covariance[inside] = np.linalg.inv((top.evaluation.information + np.diag((UPPER - LOWER) ** -2.0))[inside])
    return covariance


def _is_taper_certain(top: Maximum, free: np.ndarray) -> bool:
    """Whether 1 / tau is five standard errors away from zero, so that plain Omori need not be tried."""
    return 0 < _covariance(top, free)[LN_TAU, LN_TAU] < 0.2**2


def _uncertainty(likelihood, top, free, fixed, wanted) -> tuple[np.ndarray, dict[str, Estimate]]:
    """Covariance of the parameters inside the box, and intervals for all that were ever free."""
    covariance = _covariance(top, free)
    if not wanted:
        return covariance, {}
    estimates = {}
    for i, name in enumerate(NAMES):
        value, half = float(top.vector[i]), 1.96 * float(np.sqrt(covariance[i, i]))
        if i in fixed:
            continue
        if covariance[i, i] > 0:
            estimates[name] = Estimate(value, value - half, value + half)
        else:
            limit = profile_limit(likelihood, top, free, i)
            estimates[name] = Estimate(value, min(value, limit), max(value, limit))
    return covariance, estimates


def profile_limit(likelihood: Likelihood, top: Maximum, free: np.ndarray, index: int) -> float:
    """How far a parameter at its bound can move into the box before the profile likelihood drops by 1.92 nats.

    All other free parameters are fitted anew at each step. The drop grows like a power of the distance from the
    bound, of which an infinite ln tau has 1 / tau, so that the logarithms of both are interpolated.
    """
    others = free & (np.arange(9) != index)
    bound, vector = top.vector[index], top.vector.copy()
    inwards = -1.0 if bound >= UPPER[index] - 1e-6 else 1.0
    known = {}
    log_distance, furthest = np.log(0.1), np.log(UPPER[index] - LOWER[index])
    if np.isinf(bound):
        log_distance, furthest = -UPPER[index], -LOWER[index]
    for _ in range(MOST_PROFILE_STEPS):
        log_distance = min(log_distance, furthest)
        value = -log_distance if np.isinf(bound) else bound + inwards * np.exp(log_distance)
        vector[index] = value
        climbed = maximise(likelihood, vector, free=others, lower=LOWER, upper=UPPER, tolerance_nats=0.05)
        drop = top.evaluation.value - climbed.evaluation.value
        if abs(drop - HALF_CHI2_95) < 0.1 or (log_distance == furthest and drop < HALF_CHI2_95):
            break
        if drop < 10:
            vector = climbed.vector.copy()
        known[log_distance] = np.log(max(drop, 1e-3) / HALF_CHI2_95)
        log_distance = _next_guess(known)
    return float(value)


def _next_guess(known: dict[float, float]) -> float:
    """Where the logarithm of the drop should be zero, from the nearest below and above; it grows one to two fold."""
    below = max((at for at, excess in known.items() if excess < 0), default=None)
    above = min((at for at, excess in known.items() if excess > 0), default=None)
    if below is None or above is None:
        last, excess = list(known.items())[-1]
        return last - np.clip(excess / 1.5, -3.0, 3.0)
    share = -known[below] / (known[above] - known[below])
    return below + (above - below) * np.clip(share, 0.1, 0.9)


def _notes(parameters: EtasParameters, intervals: dict[str, Estimate]) -> tuple[str, ...]:
    notes = []
    if np.isinf(parameters.ln_tau):
        longer = intervals.get("ln_tau")
        tail = f"; a taper time above {np.exp(longer.low):,.0f} days is not excluded" if longer else ""
        notes.append(f"no taper of the Omori law identified, plain Omori used{tail}")
    if parameters.omega <= 0:
        notes.append("the Omori exponent is at or below 1: the number of aftershocks depends on the horizon")
    return tuple(notes)
