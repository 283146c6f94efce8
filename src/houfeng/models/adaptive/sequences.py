"""What followed the large shocks so far: some sequences are richer than others.

The method is that of :mod:`houfeng.models.etas.vigour`; aftershocks are attributed by the law of places, and expected
by the law of times.
"""

import numpy as np

from houfeng.models.adaptive import laws
from houfeng.models.adaptive.fit import inside_share
from houfeng.models.adaptive.laws import Decay, SpaceLaw
from houfeng.models.adaptive.past import Past
from houfeng.models.etas.vigour import LARGE, Attributed


def followed(past: Past, time: np.ndarray, space: np.ndarray, *, since_day: float) -> Attributed:
    """Count what followed each large shock from `since_day` to the end of the data.

    The share of shock j in event i is A_j(t_i) k_j(x_i) / n_i, with n_i = mu b_i B_i / p_i from the independence p_i.
    """
    d, features = past.data, past.features
    shocks = np.flatnonzero((d.m >= LARGE) & (d.days >= since_day) & (d.days < d.end_day))
    targets = np.flatnonzero(d.target)
    law, decay = SpaceLaw.from_vector(space), Decay.from_vector(space)
    spread = law.spread_km2(features.growth[shocks])
    strength = np.exp(_log_productivity(space, features.productivity[shocks]) + d.log_weight[shocks])
    active = np.exp(space[laws.LN_MU]) * past.activity(d.days, np.arange(len(d.days)))
    whole = active * past.background / np.maximum(past.independence, 1e-12)
    found = np.zeros(len(shocks))
    for n, j in enumerate(shocks):
        rows = targets[np.searchsorted(d.days[targets], d.days[j], side="right") :]
        since = d.days[rows] - d.days[j]
        squared = ((d.xyz_km[rows] - d.xyz_km[j]) ** 2).sum(axis=1)
        kernel = law.rho / np.pi * spread[n] ** law.rho * (squared + spread[n]) ** -(1 + law.rho)
        decayed = np.exp(-since * decay.inverse_tau) * (since + decay.c) ** -(1 + decay.omega)
        found[n] = (strength[n] * decayed * kernel / whole[rows]).sum()
    productivity = np.exp(_log_productivity(time, features.productivity[shocks]) + d.log_weight[shocks])
    integral = d.decay_integrals(Decay.from_vector(time))[0][shocks]
    return Attributed(shocks, found, productivity * integral * inside_share(past, space)[shocks])


def _log_productivity(vector: np.ndarray, features: np.ndarray) -> np.ndarray:
    return vector[laws.LN_K] + features @ vector[laws.FIRST_FEATURE : laws.FIRST_FEATURE + laws.FEATURES]
