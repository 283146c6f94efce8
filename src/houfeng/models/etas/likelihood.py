"""The log-likelihood of space-time ETAS, its gradient and its information matrix."""

from copy import copy
from dataclasses import dataclass, field, replace

import numpy as np

from houfeng.models.etas.edges import KernelMass
from houfeng.models.etas.omori import OmoriTable
from houfeng.models.etas.parameters import EtasParameters
from houfeng.models.etas.sums import brute_force_rates, entry_table, rates_and_scores, triggered_rates
from houfeng.models.etas.tree import Forest, interactions

#: Largest error that one accepted node may bring, as a share of the target's rate.
NODE_ERROR = 2e-5
#: The same for the first, coarse lists, as a share of the background rate.
COARSE_ERROR = 1.0
#: For that, at least this share of all targets counts as background.
LEAST_BACKGROUND = 0.01


@dataclass(frozen=True, eq=False)
class Early:
    """The hours after large shocks, in which only the larger aftershocks are recorded.

    Attributes
    ----------
    rows : ndarray of int, shape (k,)
        The shocks.
    nodes : ndarray, shape (k, q)
        Days after each shock at which its decay is summed.
    weights : ndarray, shape (k, q)
        Days that a node stands for, times the share of aftershocks recorded then.
    """

    rows: np.ndarray
    nodes: np.ndarray
    weights: np.ndarray

    @classmethod
    def none(cls) -> "Early":
        """Nothing is recorded, and nothing expected, in blind times."""
        return cls(np.empty(0, np.int64), np.empty((0, 1)), np.empty((0, 1)))

    def integral_and_derivatives(self, p: EtasParameters) -> np.ndarray:
        """Recorded share of the decay integral and its derivatives by ln c, omega, ln tau; shape (4, k)."""
        since = self.nodes + p.c
        decay = self.weights * np.exp(-self.nodes * p.inverse_tau) * since ** -(1 + p.omega)
        factors = (1.0, -(1 + p.omega) * p.c / since, -np.log(since), self.nodes * p.inverse_tau)
        return np.stack([(decay * factor).sum(axis=1) for factor in factors])


@dataclass(frozen=True, eq=False)
class EtasData:
    """Earthquakes as the likelihood sees them.

    Attributes
    ----------
    days : ndarray, shape (n,), ascending
        Time of each source.
    xyz_km : ndarray, shape (n, 3)
        Place; any Cartesian frame in km (a plane has z = 0).
    m : ndarray, shape (n,)
        Magnitude above completeness.
    target : ndarray of bool, shape (n,)
        Events that the likelihood predicts: in the region and window, and large enough to be surely recorded.
    start_day, end_day
        Window of the likelihood.
    log_weight : ndarray, shape (n,)
        Log of the number of events a source stands for (0 normally).
    blind_days : ndarray, shape (n,)
        Days after each source during which its small aftershocks are not recorded (0 normally).
    early
        What is recorded nevertheless.
    mass
        Share of each source's kernel inside the region.
    background : ndarray, shape (n,)
        Density u of the background at each event, per km^2, one over the region.
    """

    days: np.ndarray
    xyz_km: np.ndarray
    m: np.ndarray
    target: np.ndarray
    start_day: float
    end_day: float
    log_weight: np.ndarray
    blind_days: np.ndarray
    mass: KernelMass
    background: np.ndarray
    early: Early = field(default_factory=Early.none)

    def until(self, n: int, end_day: float) -> "EtasData":
        """The first `n` events, as seen on `end_day`, which is before the end of the window."""
        rows = self.early.rows < n
        shocks = self.early.rows[rows]
        seen = self.early.nodes[rows] < (end_day - self.days[shocks])[:, None]
        return replace(
            self,
            **{
                name: getattr(self, name)[:n]
                for name in ("days", "xyz_km", "m", "log_weight", "blind_days", "background")
            },
            target=self.target[:n] & (self.days[:n] < end_day),
            end_day=end_day,
            mass=self.mass.of_rows(np.arange(n)),
            early=Early(shocks, self.early.nodes[rows], self.early.weights[rows] * seen),
        )

    def decay_integrals(self, p: EtasParameters) -> tuple[np.ndarray, ...]:
        """Recorded integral of the decay after each source within the window, by ln c, omega, ln tau; shapes (n,)."""
        begin = np.maximum(np.maximum(self.start_day - self.days, self.blind_days), 0.0)
        end = np.maximum(self.end_day - self.days, begin)
        parts = np.stack(OmoriTable.of(p).integral_and_derivatives(begin, end))
        parts[:, self.early.rows] += self.early.integral_and_derivatives(p)
        return tuple(parts)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Log-likelihood (nats), gradient, shape (9,), and information (minus expected Hessian), shape (9, 9)."""

    value: float
    gradient: np.ndarray
    information: np.ndarray


class Likelihood:
    """Log-likelihood over fixed interaction lists.

    Parameters
    ----------
    data
        Events, window, region.
    near
        Parameters at which the lists are made; good within a few e-folds of them.
    thinning
        Use every `thinning`-th target with weight `thinning`: an unbiased, cheap start for large catalogues.
    rates : ndarray, shape (targets,)
        Rate at each target, roughly, where it is known already: the lists are then made at half the cost.
    """

    def __init__(
        self, data: EtasData, near: EtasParameters, thinning: int = 1, rates: np.ndarray | None = None
    ) -> None:
        self.data, self.near, self.thinning = data, near, thinning
        self.targets = np.flatnonzero(data.target)[::thinning]
        self._days = np.ascontiguousarray(data.days[self.targets])
        self._xyz = np.ascontiguousarray(data.xyz_km[self.targets])
        self._reference_weight = np.exp(data.log_weight + near.a * data.m)
        self.forest = Forest.over(data.days, data.xyz_km, self._reference_weight, np.exp(near.gamma * data.m))
        budget = NODE_ERROR * (self._rough_rates() if rates is None else rates)
        self.lists = interactions(self.forest, near, self._days, self._xyz, self.targets, budget)

    def with_background(self, background: np.ndarray) -> "Likelihood":
        """The same lists over another background density, shape (n,)."""
        other = copy(self)
        other.data = replace(self.data, background=background)
        return other

    def _rough_rates(self) -> np.ndarray:
        """Rates by coarse lists: they set the error budget of the final ones."""
        d = self.data
        least = LEAST_BACKGROUND * d.target.sum() / (d.end_day - d.start_day) * d.background[self.targets]
        budget = COARSE_ERROR * np.maximum(self._background(self.near), least)
        coarse = interactions(self.forest, self.near, self._days, self._xyz, self.targets, budget)
        table = self._table(self.near.vector())
        return self._background(self.near) + triggered_rates(coarse, table, self.near, self._days, self._xyz)

    def _table(self, vector: np.ndarray) -> np.ndarray:
        d = self.data
        return entry_table(self.forest, self._reference_weight, d.days, d.xyz_km, d.m, d.log_weight, vector)

    def _background(self, parameters: EtasParameters) -> np.ndarray:
        return np.exp(parameters.ln_mu) * self.data.background[self.targets]

    def __call__(self, vector: np.ndarray) -> Evaluation:
        """Evaluate at a parameter vector in the order of :data:`parameters.NAMES`."""
        p = EtasParameters.from_vector(vector)
        table = self._table(vector)
        rates, scores = rates_and_scores(self.lists, table, p, self._days, self._xyz, self._background(p))
        expected, by_parameter = self.expected_count(p)
        value = self.thinning * float(np.log(rates).sum()) - expected
        gradient = self.thinning * scores.sum(axis=0) - by_parameter
        return Evaluation(value, gradient, self.thinning * scores.T @ scores)

    def expected_count(self, p: EtasParameters) -> tuple[float, np.ndarray]:
        """Integral of the rate over region and window, and its derivatives, shape (9,)."""
        d = self.data
        m = d.m
        time, by_ln_c, by_omega, by_ln_tau = d.decay_integrals(p)
        share, share_by_ln_d, share_by_rho = d.mass.shares(p.d * np.exp(p.gamma * m), p.rho)
        productivity = np.exp(p.log_productivity(m) + d.log_weight)
        whole = productivity * time
        inside = whole * share
        background = np.exp(p.ln_mu) * (d.end_day - d.start_day)
        by_d = -p.rho * inside + whole * share_by_ln_d
        by_ln_rho = inside * (-1 - p.rho * (p.ln_d + p.gamma * m)) + p.rho * whole * share_by_rho
        derivatives = np.array([
            background, inside.sum(), (inside * m).sum(),
            (productivity * share * by_ln_c).sum(), (productivity * share * by_omega).sum(),
            (productivity * share * by_ln_tau).sum(), by_d.sum(), (by_d * m).sum(), by_ln_rho.sum(),
        ])  # fmt: skip
        return float(background + inside.sum()), derivatives

    def rates(self, p: EtasParameters) -> np.ndarray:
        """Rate at each (thinned) target, events per day and km^2."""
        table = self._table(p.vector())
        return self._background(p) + triggered_rates(self.lists, table, p, self._days, self._xyz)

    def list_error(self, p: EtasParameters, sample: int = 300, seed: int = 0) -> float:
        """Root-mean-square error of ln(rate) against the full sum, over `sample` random targets."""
        pick = np.random.default_rng(seed).choice(len(self.targets), min(sample, len(self.targets)), replace=False)
        d = self.data
        exact = brute_force_rates(
            d.days,
            d.xyz_km,
            d.m,
            d.log_weight,
            p.vector(),
            self._days[pick],
            self._xyz[pick],
            self.targets[pick],
        )
        background = self._background(p)[pick]
        return float(np.sqrt(np.mean(np.log(self.rates(p)[pick] / (background + exact)) ** 2)))
