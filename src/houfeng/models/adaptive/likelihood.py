"""The two likelihoods of the adaptive model: of the times, and of the places given the times."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from houfeng.models.adaptive import laws
from houfeng.models.adaptive.laws import FEATURES, FIRST_FEATURE, GROWTHS, Decay, SpaceLaw
from houfeng.models.adaptive.sums import space_rates, space_sums, space_table, time_sums, time_table
from houfeng.models.etas.likelihood import COARSE_ERROR, NODE_ERROR, EtasData, Evaluation
from houfeng.models.etas.parameters import EtasParameters
from houfeng.models.etas.tree import Block, Forest, interactions


@dataclass(frozen=True, eq=False)
class Features:
    """What the model knows of each source when it happens.

    Attributes
    ----------
    productivity : ndarray, shape (n, FEATURES)
        Magnitude above completeness, independence less one half, scaled quiet and pace.
    growth : ndarray, shape (n, GROWTHS)
        Magnitude above completeness, and log of the distance to its past neighbour over the median.
    """

    productivity: np.ndarray
    growth: np.ndarray


def time_lists(
    data: EtasData, log_weight: np.ndarray, decay: Decay, ln_mu: float, days: np.ndarray, before: np.ndarray
) -> tuple[Forest, tuple[Block, ...]]:
    """Lists for sums over time only: all sources in one place."""
    n, weight = len(data.days), np.exp(log_weight)
    nowhere = np.zeros((n, 3))
    forest = Forest.over(data.days, nowhere, weight, np.ones(n))
    point = EtasParameters(0.0, 0.0, 0.0, decay.ln_c, decay.omega, decay.ln_tau, 0.0, 0.0, 0.0)
    here = np.zeros((len(days), 3))
    budget = np.full(len(days), NODE_ERROR * np.exp(ln_mu))
    return forest, interactions(forest, point, days, here, before, budget)


class TimeLikelihood:
    """Log-likelihood of the times of the targets, in nats; rates per day.

    Parameters
    ----------
    data
        Events, window and shares of kernels inside the region.
    features
        Of each source.
    share : ndarray, shape (n,)
        Of each source's aftershocks that fall into the region.
    activity : ndarray, shape (targets,)
        Rate of the background at each target over its usual rate.
    active_days
        Integral of that over the window.
    near : ndarray, shape (TIME_SIZE,)
        Parameters at which the lists are made.
    """

    def __init__(
        self,
        data: EtasData,
        features: Features,
        share: np.ndarray,
        activity: np.ndarray,
        active_days: float,
        near: np.ndarray,
    ) -> None:
        self.data, self.features, self.near = data, features, near
        self.activity, self.active_days = activity, active_days
        self.targets = np.flatnonzero(data.target)
        self._days = np.ascontiguousarray(data.days[self.targets])
        self._offset = data.log_weight + np.log(np.maximum(share, 1e-12))
        weight = self._offset + self._log_productivity(near)
        decay = Decay.from_vector(near)
        self.forest, self.lists = time_lists(data, weight, decay, near[laws.LN_MU], self._days, self.targets)

    def _log_productivity(self, vector: np.ndarray) -> np.ndarray:
        coefficients = vector[FIRST_FEATURE : FIRST_FEATURE + FEATURES]
        return vector[laws.LN_K] + self.features.productivity @ coefficients

    def sums(self, vector: np.ndarray) -> np.ndarray:
        """See :func:`sums.time_sums`."""
        log_weight = self._offset + self._log_productivity(vector)
        table = time_table(self.forest, self.data.days, log_weight, self.features.productivity)
        return time_sums(self.lists, table, Decay.from_vector(vector), self._days)

    def rates(self, vector: np.ndarray) -> np.ndarray:
        """Events per day in the region at each target."""
        return np.exp(vector[laws.LN_MU]) * self.activity + self.sums(vector)[:, 0]

    def __call__(self, vector: np.ndarray) -> Evaluation:
        """Evaluate at a vector of shape (TIME_SIZE,)."""
        own, sums = np.exp(vector[laws.LN_MU]) * self.activity, self.sums(vector)
        rates = own + sums[:, 0]
        scores = np.column_stack([own, sums]) / rates[:, None]
        expected, by_parameter = self.expected(vector)
        value = float(np.log(rates).sum()) - expected
        return Evaluation(value, scores.sum(axis=0) - by_parameter, scores.T @ scores)

    def expected(self, vector: np.ndarray) -> tuple[float, np.ndarray]:
        """Expected number of targets, and its derivatives, shape (TIME_SIZE,)."""
        weight = np.exp(self._offset + self._log_productivity(vector))
        decay = self.data.decay_integrals(Decay.from_vector(vector))
        triggered = weight * decay[0]
        background = np.exp(vector[laws.LN_MU]) * self.active_days
        derivatives = [background, triggered.sum(), *(triggered @ self.features.productivity)]
        derivatives += [float(weight @ part) for part in decay[1:]]
        return float(background + triggered.sum()), np.array(derivatives)


@dataclass(frozen=True, eq=False)
class Points:
    """Where and when a density is asked for.

    Attributes
    ----------
    days, xyz_km : ndarray, shapes (m,), (m, 3)
    before : ndarray of int64, shape (m,)
        How many sources are its past: the first ones.
    background : ndarray, shape (m,)
        Density of the background there, per km^2.
    activity : ndarray, shape (m,)
        Rate of the background then over its usual rate.
    """

    days: np.ndarray
    xyz_km: np.ndarray
    before: np.ndarray
    background: np.ndarray
    activity: np.ndarray


class SpaceLikelihood:
    """Log-likelihood of the places of the targets given their times, in nats; densities per km^2.

    f(x | t) = (mu b(t) B(t, x) + sum of A_j(t) k_j(x)) / (mu b(t) + sum of A_j(t) share_j), where b is the activity, A
    decays in time and k_j is a normalised kernel. Only mu over A counts: mu is kept at its start.

    Parameters
    ----------
    data, features
        Sources.
    near : ndarray, shape (SPACE_SIZE,)
        Parameters at which the lists are made.
    points
        Targets, or any points.
    thinning
        How many targets each point stands for.
    """

    def __init__(self, data: EtasData, features: Features, near: np.ndarray, points: Points, thinning: int = 1) -> None:
        self.data, self.features, self.near, self.points, self.thinning = data, features, near, points, thinning
        law, decay = SpaceLaw.from_vector(near), Decay.from_vector(near)
        spread = law.spread_km2(features.growth)
        weight = np.exp(self._log_weight(near, law, spread))
        smallest = float(spread.min())
        self.forest = Forest.over(data.days, data.xyz_km, weight, spread / smallest)
        kernel = EtasParameters(
            0.0, 0.0, 0.0, decay.ln_c, decay.omega, decay.ln_tau, float(np.log(smallest)), 0.0, law.ln_rho
        )
        own = rates = np.exp(near[laws.LN_MU]) * points.activity * points.background
        for error in (COARSE_ERROR, NODE_ERROR):
            self.lists = interactions(self.forest, kernel, points.days, points.xyz_km, points.before, error * rates)
            rates = own + self._triggered(near)

    def _log_productivity(self, vector: np.ndarray) -> np.ndarray:
        coefficients = vector[FIRST_FEATURE : FIRST_FEATURE + FEATURES]
        return self.data.log_weight + vector[laws.LN_K] + self.features.productivity @ coefficients

    def _log_weight(self, vector: np.ndarray, law: SpaceLaw, spread: np.ndarray) -> np.ndarray:
        """Log of productivity times the constant of the kernel."""
        return self._log_productivity(vector) + law.ln_rho - np.log(np.pi) + law.rho * np.log(spread)

    def _log_total(self, vector: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Log of productivity times share inside; derivatives of the log share by ln D and ln rho; shapes (n,)."""
        law = SpaceLaw.from_vector(vector)
        share, by_ln_d, by_rho = self.data.mass.shares(law.spread_km2(self.features.growth), law.rho)
        share = np.maximum(share, 1e-12)
        return self._log_productivity(vector) + np.log(share), by_ln_d / share, law.rho * by_rho / share

    def _of_all(self, vector: np.ndarray, summed: Callable[..., np.ndarray]) -> np.ndarray:
        law, decay, d = SpaceLaw.from_vector(vector), Decay.from_vector(vector), self.data
        spread = law.spread_km2(self.features.growth)
        weight = self._log_weight(vector, law, spread)
        growth, productivity = self.features.growth, self.features.productivity
        table = space_table(self.forest, d.days, d.xyz_km, weight, productivity, spread, growth)
        return summed(self.lists, table, decay, law, self.points.days, self.points.xyz_km)

    def _triggered(self, vector: np.ndarray) -> np.ndarray:
        """Numerator of the density less the background's, per target."""
        return self._of_all(vector, space_rates)

    @cached_property
    def _total_lists(self) -> tuple[Forest, tuple[Block, ...]]:
        weight, decay = self._log_total(self.near)[0], Decay.from_vector(self.near)
        return time_lists(self.data, weight, decay, self.near[laws.LN_MU], self.points.days, self.points.before)

    def _totals(self, vector: np.ndarray) -> np.ndarray:
        """Of the denominator, columns as of `_sums`."""
        decay, growth = Decay.from_vector(vector), self.features.growth
        weight, by_ln_d, by_ln_rho = self._log_total(vector)
        forest, lists = self._total_lists
        days = self.data.days
        sums = time_sums(lists, time_table(forest, days, weight, self.features.productivity), decay, self.points.days)
        if self.data.mass.whole:
            return np.hstack([sums, np.zeros((len(sums), 2 + GROWTHS))])
        kernel = np.column_stack([by_ln_d, by_ln_d * growth[:, 0], by_ln_d * growth[:, 1], by_ln_rho])
        by_kernel = time_sums(lists, time_table(forest, days, weight, kernel), decay, self.points.days)
        return np.hstack([sums, by_kernel[:, 1 : 1 + FEATURES]])

    def _background(self, vector: np.ndarray) -> np.ndarray:
        """Share of the background in the denominator, per target."""
        return np.exp(vector[laws.LN_MU]) * self.points.activity

    def log_densities(self, vector: np.ndarray) -> np.ndarray:
        """Ln f(x | t) at each point."""
        own = self._background(vector)
        return np.log(own * self.points.background + self._triggered(vector)) - np.log(own + self._totals(vector)[:, 0])

    def own_share(self, vector: np.ndarray) -> np.ndarray:
        """Probability of each point to be background."""
        here = self._background(vector) * self.points.background
        return here / (here + self._triggered(vector))

    def __call__(self, vector: np.ndarray) -> Evaluation:
        """Evaluate at a vector of shape (SPACE_SIZE,)."""
        own, above, below = self._background(vector), self._of_all(vector, space_sums), self._totals(vector)
        here, whole = own * self.points.background + above[:, 0], own + below[:, 0]
        upper = np.column_stack([own * self.points.background, above]) / here[:, None]
        lower = np.column_stack([own, below]) / whole[:, None]
        scores = upper - lower
        value = self.thinning * float((np.log(here) - np.log(whole)).sum())
        return Evaluation(value, self.thinning * scores.sum(axis=0), self.thinning * scores.T @ scores)
