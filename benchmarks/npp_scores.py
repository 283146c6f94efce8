"""Scores of point-process forecasts on EarthquakeNPP data sets, and the checks that they are what they say.

A model gives, for each event of a window, ln of the rate in time and ln of the density in space given the time,
and the expected number between any two moments. Temporal log-likelihood per event is the mean of the first less the
expected number over the number of events; spatial is the mean of the second, per km^2, over the whole plane.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from houfeng.geo import EARTH_RADIUS_KM
from houfeng.models.adaptive import laws
from houfeng.models.adaptive.fit import AdaptiveFit, fit_adaptive
from houfeng.models.adaptive.laws import Decay
from houfeng.models.adaptive.likelihood import SpaceLikelihood, time_lists
from houfeng.models.adaptive.past import Past, Smoothing, extended
from houfeng.models.adaptive.sums import time_sums, time_table
from houfeng.models.etas.edges import KernelMass
from houfeng.models.etas.fit import fit_etas
from houfeng.models.etas.likelihood import EtasData, Likelihood
from houfeng.models.etas.omori import OmoriTable
from houfeng.models.etas.parameters import EtasParameters

BLOCK_DAYS, RESAMPLES, SEED = 30.0, 10_000, 20260101


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of one model over one window.

    Attributes
    ----------
    log_rate, log_density : ndarray, shape (n,)
        At each event: ln events per day, ln per km^2.
    expected : ndarray, shape (blocks,)
        Events expected in each block of 30 days.
    block : ndarray of int, shape (n,)
        Block of each event.
    """

    log_rate: np.ndarray
    log_density: np.ndarray
    expected: np.ndarray
    block: np.ndarray

    @property
    def temporal(self) -> float:
        """Nats per event."""
        return float((self.log_rate.sum() - self.expected.sum()) / len(self.log_rate))

    @property
    def spatial(self) -> float:
        """Nats per event."""
        return float(self.log_density.mean())

    @property
    def total_nll(self) -> float:
        """Minus their sum."""
        return -self.temporal - self.spatial


@dataclass(frozen=True)
class Gain:
    """Mean gain per event of one model over another, and its 95 % interval by resampling blocks."""

    value: float
    low: float
    high: float


def gains(ours: Scores, theirs: Scores) -> tuple[Gain, Gain]:
    """Temporal and spatial gain of `ours` over `theirs`, blocks of 30 days resampled together."""
    blocks = len(ours.expected)
    number = np.bincount(ours.block, minlength=blocks)
    time = np.bincount(ours.block, ours.log_rate - theirs.log_rate, blocks) - (ours.expected - theirs.expected)
    space = np.bincount(ours.block, ours.log_density - theirs.log_density, blocks)
    rng = np.random.default_rng(SEED)
    picks = rng.integers(0, blocks, (RESAMPLES, blocks))
    events = number[picks].sum(axis=1)
    both = []
    for sums in (time, space):
        low, high = np.quantile(sums[picks].sum(axis=1) / np.maximum(events, 1), [0.025, 0.975])
        both.append(Gain(float(sums.sum() / number.sum()), float(low), float(high)))
    return both[0], both[1]


@dataclass(frozen=True, eq=False)
class Window:
    """Events of a catalogue on a plane, of which those from `start` to before `end` are scored."""

    days: np.ndarray
    xyz_km: np.ndarray
    m: np.ndarray
    start: float
    end: float
    area_km2: float

    @property
    def data(self) -> EtasData:
        """As the likelihoods take it: everything before `end`."""
        known = self.days < self.end
        n = int(known.sum())
        return EtasData(
            days=self.days[known],
            xyz_km=self.xyz_km[known],
            m=self.m[known],
            target=self.days[known] >= self.start,
            start_day=self.start,
            end_day=self.end,
            log_weight=np.zeros(n),
            blind_days=np.zeros(n),
            mass=KernelMass.everywhere(n),
            background=np.full(n, 1 / self.area_km2),
        )

    def over(self, start: float, end: float) -> "Window":
        """The same catalogue, another window."""
        return replace(self, start=start, end=end)

    @property
    def edges(self) -> np.ndarray:
        """Edges of the blocks; the last may be shorter."""
        return np.append(np.arange(self.start, self.end, BLOCK_DAYS), self.end)

    @property
    def block(self) -> np.ndarray:
        """Block of each scored event."""
        days = self.days[(self.days >= self.start) & (self.days < self.end)]
        return np.searchsorted(self.edges, days, side="right") - 1


def expected_in_blocks(window: Window, background: np.ndarray, productivity: np.ndarray, decay) -> np.ndarray:
    """Exact integral of a rate over each block: that of its background, plus productivity times the Omori integral."""
    data, table, out = window.data, OmoriTable.of(decay), []
    for start, end, own in zip(window.edges[:-1], window.edges[1:], background, strict=True):
        before = data.days < end
        since = data.days[before]
        integral = table.integral(np.maximum(start - since, 0.0), end - since)
        out.append(own + float(productivity[before] @ integral))
    return np.array(out)


def score_poisson(learning: Window, window: Window) -> Scores:
    """A constant rate, evenly spread: the baseline of baselines."""
    rate = learning.data.target.sum() / (learning.end - learning.start)
    n = int(window.data.target.sum())
    expected = rate * np.diff(window.edges)
    return Scores(np.full(n, np.log(rate)), np.full(n, -np.log(window.area_km2)), expected, window.block)


def fit_plain(learning: Window) -> EtasParameters:
    """Joint space-time ETAS with an even background, by maximum likelihood."""
    return fit_etas(learning.data, learning.area_km2, decluster=False, intervals=False).parameters


def score_plain(p: EtasParameters, window: Window) -> Scores:
    """Joint ETAS, split into its rate over the whole plane and its density given the time."""
    data = window.data
    joint = np.log(Likelihood(data, p).rates(p))
    n = len(data.days)
    point = EtasParameters(p.ln_mu, 0.0, p.alpha, p.ln_c, p.omega, p.ln_tau, 0.0, 0.0, float(np.log(np.pi)))
    point = replace(point, ln_k0=float(p.log_productivity(0.0)))
    nowhere = replace(data, xyz_km=np.zeros((n, 3)), background=np.ones(n))
    log_rate = np.log(Likelihood(nowhere, point).rates(point))
    background = np.exp(p.ln_mu) * np.diff(window.edges)
    expected = expected_in_blocks(window, background, np.exp(p.log_productivity(data.m)), p)
    return Scores(log_rate, joint - log_rate, expected, window.block)


def fit_champion(learning: Window, smallest_km: float, progress: Callable[[str], None] = lambda _: None) -> AdaptiveFit:
    """The adaptive model, with its default settings."""
    data = learning.data
    smoothing = Smoothing(learning.area_km2, smallest_km)
    return fit_adaptive(data, np.ones(len(data.days), bool), smoothing, progress=progress)


def time_productivity(fit: AdaptiveFit, past: Past) -> np.ndarray:
    """Productivity of each event in the law of times, per unit of the Omori integral."""
    features = fit.time[laws.FIRST_FEATURE : laws.FIRST_FEATURE + laws.FEATURES]
    return np.exp(fit.time[laws.LN_K] + past.features.productivity @ features)


def rates_at(fit: AdaptiveFit, past: Past, days: np.ndarray) -> np.ndarray:
    """Rate in time at any moments, events per day, shape (m,)."""
    data, decay = past.data, Decay.from_vector(fit.time)
    log_weight, mu = np.log(time_productivity(fit, past)), float(fit.time[laws.LN_MU])
    before = np.searchsorted(data.days, days, side="left")
    own = np.exp(mu) * past.activity(days, before)
    forest, lists = time_lists(data, log_weight, decay, mu, days, before)
    table = time_table(forest, data.days, log_weight, past.features.productivity)
    return own + time_sums(lists, table, decay, days)[:, 0]


def score_adaptive(fit: AdaptiveFit, window: Window) -> tuple[Scores, Past]:
    """The adaptive model; later events are judged one pass after another, each from earlier ones."""
    past = extended(fit.past, window.data, np.ones(len(window.data.days), bool), fit.space)
    targets = np.flatnonzero(past.data.target)
    density = SpaceLikelihood(past.data, past.features, fit.space, past.points(targets)).log_densities(fit.space)
    rates = rates_at(fit, past, past.data.days[targets])
    productivity = time_productivity(fit, past)
    active = [past.activity_integral(a, b) for a, b in zip(window.edges[:-1], window.edges[1:], strict=True)]
    background = np.exp(fit.time[laws.LN_MU]) * np.array(active)
    expected = expected_in_blocks(window, background, productivity, Decay.from_vector(fit.time))
    return Scores(np.log(rates), density, expected, window.block), past


def area_of(shape: np.ndarray) -> float:
    """Area of a polygon of (latitude, longitude) on the sphere, km^2; sides straight in longitude and sine of latitude.

    `shape` may or may not repeat its first vertex.
    """
    y, x = np.sin(np.radians(shape[:, 0])), np.radians(shape[:, 1])
    return float(abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2 * EARTH_RADIUS_KM**2)
