"""Fitting the model of :mod:`houfeng.damage.tolls`: penalised maximum likelihood of the ordered logistic regression."""

from dataclasses import replace

import numpy as np

from houfeng.damage.tolls import FEATURES, STEPS, Cases, TollModel
from houfeng.errors import FitError, InputError

#: Penalty on the squared standardised weights and country effects: a normal prior of variance 1/3 on each.
PENALTY = 3.0

#: Deaths from which on an earthquake is one to prepare for.
FLAGGED = 100.0

#: Features with which deaths may only rise: more people or a larger earthquake never mean fewer.
RISING = ("ln_pager", "ln_pager_squared", "people_5", "people_6", "people_7", "people_8", "people_9", "magnitude")


def fit_tolls(cases: Cases, deaths: np.ndarray) -> TollModel:
    """Fit to recorded deaths.

    Parameters
    ----------
    deaths : ndarray, shape (n,)

    Raises
    ------
    InputError
        When a number of deaths is missing or negative.
    FitError
        When the climb does not end.
    """
    from scipy.optimize import minimize

    deaths = np.asarray(deaths, float)
    if not (deaths >= 0).all():
        raise InputError("deaths must be numbers, 0 or more; leave earthquakes without a record out")
    features = cases.features()
    mean, sd = features.mean(axis=0), features.std(axis=0)
    names = sorted(set(cases.country))
    member = np.array([[name == other for other in names] for name in cases.country], float)
    design = np.column_stack([(features - mean) / sd, member])
    level = np.searchsorted(STEPS, deaths, side="right")
    start = np.concatenate([np.zeros(design.shape[1] + 1), np.full(len(STEPS) - 1, -0.7)])
    bounds = [(0.0, None) if i < len(FEATURES) and FEATURES[i] in RISING else (None, None) for i in range(len(start))]
    found = minimize(
        _objective,
        start,
        (design, level),
        "L-BFGS-B",
        jac=True,
        bounds=bounds,
        options={"maxiter": 3000, "maxfun": 5000},
    )
    if not found.success:
        raise FitError(f"the regression of deaths did not converge: {found.message}")
    weights, cuts = _parts(found.x, design.shape[1])
    count = features.shape[1]
    effects = dict(zip(names, weights[count:].tolist(), strict=True))
    model = TollModel(mean, sd, weights[:count], cuts, effects, 1.0)
    many = 1 - model.below(cases)[:, STEPS.index(FLAGGED)]
    return replace(model, flag_chance=_flag_chance(many, deaths >= FLAGGED))


def _flag_chance(chance: np.ndarray, deadly: np.ndarray) -> float:
    """Smallest chance at which no more than half of the flags are false; 1 where there is none."""
    order = np.argsort(-chance)
    false = 1 - np.cumsum(deadly[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(false <= 0.5)
    return float(chance[order][good[-1]]) if len(good) else 1.0


def _parts(point: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights, and cuts that rise because their steps are exponentials."""
    return point[:count], point[count] + np.concatenate([[0.0], np.cumsum(np.exp(point[count + 1 :]))])


def _objective(point: np.ndarray, design: np.ndarray, level: np.ndarray) -> tuple[float, np.ndarray]:
    """Penalised negative log-likelihood and its gradient."""
    from scipy.special import expit

    count = design.shape[1]
    weights, cuts = _parts(point, count)
    edges = np.concatenate([[-np.inf], cuts, [np.inf]])
    score = design @ weights
    upper, lower = expit(edges[level + 1] - score), expit(edges[level] - score)
    chance = np.maximum(upper - lower, 1e-12)
    slope_up, slope_low = upper * (1 - upper) / chance, lower * (1 - lower) / chance
    by_score = slope_up - slope_low
    by_cut = np.zeros(len(cuts))
    top, bottom = level < len(cuts), level > 0
    np.add.at(by_cut, level[top], -slope_up[top])
    np.add.at(by_cut, level[bottom] - 1, slope_low[bottom])
    tails = np.cumsum(by_cut[::-1])[::-1]
    gradient = np.concatenate(
        [design.T @ by_score + PENALTY * weights, tails[:1], tails[1:] * np.exp(point[count + 1 :])]
    )
    return float(-np.log(chance).sum() + PENALTY * (weights @ weights) / 2), gradient
