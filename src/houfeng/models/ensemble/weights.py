"""Weights of a log-linear pool, learned from how well its members did.

The pool of chances p_k over the same possibilities is p proportional to the product of p_k^w_k (Genest & Zidek
1986, Combining probability distributions, Statistical Science 1, 114-135, doi:10.1214/ss/1177013825). The log of
the chance that it gives to what came is concave in the weights, so that the best weights are unique once a prior
bends what is flat.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.errors import FitError, InputError

#: Past score that the weights found may lack against the best there are, nats.
TOLERANCE_NATS = 0.05


@dataclass(frozen=True, eq=False)
class Trial:
    """What members gave to each of m possibilities, and how often each of these came.

    Attributes
    ----------
    log_chance : ndarray, shape (k, m)
        ln of the chance by member; all finite.
    came : ndarray, shape (m,)
        How often each possibility came: earthquakes per cell, or one at the number of earthquakes.
    """

    log_chance: np.ndarray
    came: np.ndarray

    def __post_init__(self) -> None:
        if self.log_chance.ndim != 2 or self.came.shape != self.log_chance.shape[1:]:
            raise InputError(f"chances of shape {self.log_chance.shape} do not fit counts of shape {self.came.shape}")
        if not np.isfinite(self.log_chance).all():
            raise InputError("a member gives no chance at all to something; give every possibility a chance")


def log_pool(log_chance: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Log of the normalised log-linear pool.

    Parameters
    ----------
    log_chance : ndarray, shape (k, m)
        ln of the chance that each member gives to each possibility.
    weights : ndarray, shape (k,)
        Not negative.

    Returns
    -------
    ndarray, shape (m,)

    Examples
    --------
    >>> np.exp(log_pool(np.log([[0.5, 0.5], [0.8, 0.2]]), np.array([0.5, 0.5]))).round(4)
    array([0.6667, 0.3333])
    """
    pooled = weights @ log_chance
    top = pooled.max()
    return pooled - top - np.log(np.exp(pooled - top).sum())


def past_score(weights: np.ndarray, trials: Sequence[Trial]) -> tuple[float, np.ndarray]:
    """Log score of the pool over all trials, nats, and its gradient by the weights (k,)."""
    total, gradient = 0.0, np.zeros(len(weights))
    for trial in trials:
        log_p = log_pool(trial.log_chance, weights)
        total += float(trial.came @ log_p)
        gradient += trial.log_chance @ (trial.came - trial.came.sum() * np.exp(log_p))
    return total, gradient


def learn_weights(trials: Sequence[Trial], n_members: int, prior_nats: float) -> np.ndarray:
    """Weights, not negative and of sum one, with the best past score less the price of being unequal.

    The price is ``prior_nats`` for all weight on one of very many members and rises with the square of the
    distance from equal weights: a normal prior, cut to the simplex.

    Returns
    -------
    ndarray, shape (n_members,)

    Raises
    ------
    FitError
        When the climb stops further than 0.05 nats below the best score there is.
    """
    from scipy.optimize import minimize

    equal = np.full(n_members, 1.0 / n_members)
    if n_members == 1 or not trials:
        return equal
    scale = max(1.0, sum(float(trial.came.sum()) for trial in trials))

    def climb(weights: np.ndarray) -> tuple[float, np.ndarray]:
        score, slope = past_score(weights, trials)
        apart = weights - equal
        return score - prior_nats * float(apart @ apart), slope - 2 * prior_nats * apart

    found = minimize(
        lambda w: tuple(-part / scale for part in climb(w)),
        equal,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * n_members,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": np.ones_like},
        options={"ftol": 1e-12, "maxiter": 300},
    )
    weights = np.maximum(found.x, 0.0)
    weights = weights / weights.sum()
    # The score is concave: no weights are better than these by more than the best slope towards a corner.
    slope = climb(weights)[1]
    missing = float(slope.max() - slope @ weights)
    if missing > TOLERANCE_NATS:
        raise FitError(
            f"the weights of the ensemble did not settle: up to {missing:.2g} nats are missing ({found.message}); "
            "use other members or windows"
        )
    return weights
