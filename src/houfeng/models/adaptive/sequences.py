"""What followed the large shocks so far: some sequences are richer than others.

As in :mod:`houfeng.models.etas.vigour` each large shock has a factor of its own, from a gamma law of mean one. What is
known of it comes from the law of times alone. With p_i = Lambda_j(t_i) / Lambda(t_i), the share of shock j in the rate
at aftershock i, and E what the law expects of j, the log-likelihood of the factor has at one the slope sum p_i - E and
the information I = sum p_i^2: as if of I expected aftershocks I + sum p_i - E had come (one step of scoring). Shares
of places would not do: on a long rupture they give the aftershocks of a great shock to its aftershocks.
"""

from dataclasses import replace

import numpy as np

from houfeng.models.adaptive import laws
from houfeng.models.adaptive.fit import inside_share
from houfeng.models.adaptive.laws import Decay
from houfeng.models.adaptive.likelihood import TimeLikelihood
from houfeng.models.adaptive.past import Past
from houfeng.models.etas.vigour import LARGE, Attributed

#: Information of a shock of which nothing is known yet.
_NOTHING = 1e-9


def followed(past: Past, time: np.ndarray, space: np.ndarray, *, since_day: float) -> Attributed:
    """Count what followed each large shock from `since_day` to the end of the data.

    Returns
    -------
    Attributed
        ``expected`` is the information on the factor of each shock, ``found`` that and the excess over what the law of
        times expects, at least 0.
    """
    d = past.data
    shocks = np.flatnonzero((d.m >= LARGE) & (d.days >= since_day) & (d.days < d.end_day))
    if not len(shocks):
        return Attributed(shocks, np.empty(0), np.empty(0))
    late = replace(d, target=d.target & (d.days > d.days[shocks[0]]))
    targets, share, decay = np.flatnonzero(late.target), inside_share(past, space), Decay.from_vector(time)
    activity = past.activity(d.days[targets], targets)
    rates = TimeLikelihood(late, past.features, share, activity, 0.0, time).rates(time) if len(targets) else np.empty(0)
    coefficients = time[laws.FIRST_FEATURE : laws.FIRST_FEATURE + laws.FEATURES]
    log_number = time[laws.LN_K] + past.features.productivity[shocks] @ coefficients + d.log_weight[shocks]
    number = np.exp(log_number) * share[shocks]
    expected = number * d.decay_integrals(decay)[0][shocks]
    found, information = np.zeros(len(shocks)), np.zeros(len(shocks))
    for n, j in enumerate(shocks):
        later = np.searchsorted(d.days[targets], d.days[j], side="right")
        since = d.days[targets[later:]] - d.days[j]
        own = number[n] * np.exp(-since * decay.inverse_tau) * (since + decay.c) ** -(1 + decay.omega) / rates[later:]
        found[n], information[n] = own.sum(), (own**2).sum()
    information = np.maximum(information, _NOTHING)
    return Attributed(shocks, np.maximum(information + found - expected, 0.0), information)
