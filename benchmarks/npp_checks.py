"""Checks of a scored adaptive model by ways that share nothing with the way it was scored."""

from dataclasses import replace

import numpy as np
from npp_scores import Window, rates_at, score_adaptive, time_productivity

from houfeng.models.adaptive import laws
from houfeng.models.adaptive.fit import AdaptiveFit
from houfeng.models.adaptive.laws import Decay, SpaceLaw
from houfeng.models.adaptive.likelihood import Points, SpaceLikelihood
from houfeng.models.adaptive.past import Past

SEED = 7
#: Random moments for the integral in space, and points for each.
MOMENTS, POINTS = 200, 25
#: Strata in each gap between events, longest gap in days, and nodes at which the rate is summed without lists too.
NODES, LONGEST_GAP, PLAIN_NODES = 32, 1.0, 300


def expected_by_random_nodes(fit: AdaptiveFit, past: Past, window: Window) -> float:
    """Expected number over the window, by the rate at random nodes: one in each stratum of log time in each gap."""
    rng, data, decay = np.random.default_rng(SEED), past.data, Decay.from_vector(fit.time)
    begin, end = _gaps(data.days, window)
    reach = np.log1p((end - begin) / decay.c)
    u = (np.arange(NODES) + rng.random((len(begin), NODES))) / NODES * reach[:, None]
    since = decay.c * np.expm1(u)
    weight = (since + decay.c) * (reach / NODES)[:, None]
    nodes, weight = (begin[:, None] + since).ravel(), weight.ravel()
    rates = rates_at(fit, past, nodes)
    some = rng.choice(len(nodes), PLAIN_NODES, replace=False)
    productivity = time_productivity(fit, past)
    plain = np.array([_plain_rate(t, data.days, productivity, decay) for t in nodes[some]])
    own = np.array([_plain_activity(t, past) for t in nodes[some]]) * np.exp(fit.time[laws.LN_MU])
    worst = np.abs(rates[some] / (plain + own) - 1).max()
    if worst > 1e-3:
        raise AssertionError(f"rates by lists and by plain sums differ by {worst:.2g}")
    return float(weight @ rates)


def _gaps(days: np.ndarray, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Begin and end of each stretch of the window without an event, long ones cut."""
    inside = days[(days > window.start) & (days < window.end)]
    edges = np.unique(np.concatenate([[window.start], inside, [window.end]]))
    pieces = []
    for a, b in zip(edges[:-1], edges[1:], strict=True):
        pieces.append(np.linspace(a, b, 1 + max(1, int(np.ceil((b - a) / LONGEST_GAP))))[:-1])
    begin = np.concatenate(pieces)
    return begin, np.append(begin[1:], window.end)


def _plain_rate(t: float, days: np.ndarray, productivity: np.ndarray, decay: Decay) -> float:
    since = t - days[days < t]
    rate = np.exp(-since * decay.inverse_tau) * (since + decay.c) ** -(1 + decay.omega)
    return float(productivity[: len(since)] @ rate)


def _plain_activity(t: float, past: Past) -> float:
    s, before = past.smoothing, past.data.days < t
    late = (past.independence[before] * np.exp(-(t - past.data.days[before]) / s.active_days)).sum()
    late = late / (s.active_days * s.independent_per_day) + np.exp(-(t - past.data.days[0]) / s.active_days)
    return float((1 - s.steady_share) * late + s.steady_share)


def integrals_over_space(fit: AdaptiveFit, past: Past, window: Window) -> np.ndarray:
    """Integral of f(x | t) over the plane at 200 random moments, by importance sampling.

    Points are drawn from the mixture itself by its inverse distribution functions, and each is weighted by the
    density that scores events (lists, trees) over the density of the draw (the plain sum over all sources). The even
    share of the background is left out of both: it is one over the region by definition.
    """
    rng = np.random.default_rng(SEED)
    moments, mixture = np.sort(rng.uniform(window.start, window.end, MOMENTS)), _Mixture(fit, past)
    drawn = [mixture.draw(float(t), rng) for t in moments]
    points = np.vstack([places for places, _ in drawn])
    before = np.searchsorted(past.data.days, moments, side="left")
    smooth = replace(past, smoothing=replace(past.smoothing, even_share=0.0))
    days, before = np.repeat(moments, POINTS), np.repeat(before, POINTS)
    background, activity = smooth.background_at(days, points, before), past.activity(days, before)
    there = Points(days, points, before, background, activity)
    scored = SpaceLikelihood(past.data, past.features, fit.space, there).log_densities(fit.space)
    ratio = np.exp(scored) / np.concatenate([density for _, density in drawn])
    return ratio.reshape(MOMENTS, POINTS).mean(axis=1)


class _Mixture:
    """Sources of the density in space, by plain sums."""

    def __init__(self, fit: AdaptiveFit, past: Past) -> None:
        self.law, self.decay = SpaceLaw.from_vector(fit.space), Decay.from_vector(fit.space)
        features = fit.space[laws.FIRST_FEATURE : laws.FIRST_FEATURE + laws.FEATURES]
        self.productivity = np.exp(fit.space[laws.LN_K] + past.features.productivity @ features)
        self.spread = self.law.spread_km2(past.features.growth)
        self.mu, self.past = float(np.exp(fit.space[laws.LN_MU])), past

    def weights(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        """Of each source as background and as trigger, at `t`; each event before it counts."""
        s, d = self.past.smoothing, self.past.data
        before = d.days < t
        since = t - d.days[before]
        ground = self.past.independence[before] * np.exp(-since / s.fade_days)
        trigger = self.productivity[before] * np.exp(-since * self.decay.inverse_tau)
        return ground / ground.sum(), trigger * (since + self.decay.c) ** -(1 + self.decay.omega)

    def draw(self, t: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Points from the mixture at `t`, shape (POINTS, 3), and its density there by the plain sum."""
        ground, trigger = self.weights(t)
        n, xyz = len(ground), self.past.data.xyz_km
        both = np.concatenate([self.mu * _plain_activity(t, self.past) * ground, trigger])
        both /= both.sum()
        spread = np.concatenate([self.past.kernel_km[:n] ** 2, self.spread[:n]])
        rho = np.where(np.arange(2 * n) < n, 1.0, self.law.rho)
        source = rng.choice(2 * n, POINTS, p=both)
        radius = np.sqrt(spread[source] * np.expm1(-np.log1p(-rng.random(POINTS)) / rho[source]))
        angle = rng.uniform(0, 2 * np.pi, POINTS)
        points = xyz[source % n] + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle), np.zeros(POINTS)])
        constant = both * rho / np.pi * spread**rho
        return points, np.array([self._density(p, xyz[:n], constant, spread, rho) for p in points])

    @staticmethod
    def _density(
        point: np.ndarray, xyz: np.ndarray, constant: np.ndarray, spread: np.ndarray, rho: np.ndarray
    ) -> float:
        squared = ((xyz - point) ** 2).sum(axis=1)
        return float((constant * (np.concatenate([squared, squared]) + spread) ** -(1 + rho)).sum())


def invented_half(window: Window, seed: int) -> tuple[Window, int]:
    """`window` with its second half replaced by invented events, and the number of targets in the half that stays."""
    rng, n = np.random.default_rng(seed), 2000
    middle = (window.start + window.end) / 2
    early = window.days < middle
    days = np.sort(rng.uniform(middle, window.end, n))
    places = window.xyz_km[rng.integers(0, len(window.days), n)] + rng.normal(0, 0.1, (n, 3)) * [1, 1, 0]
    false = Window(
        days=np.concatenate([window.days[early], days]),
        xyz_km=np.vstack([window.xyz_km[early], places]),
        m=np.concatenate([window.m[early], rng.uniform(0, 5, n)]),
        start=window.start,
        end=window.end,
        area_km2=window.area_km2,
    )
    return false, int((window.days[early] >= window.start).sum())


def causality(fit: AdaptiveFit, window: Window) -> float:
    """Largest change of any score of the first half when the second half is replaced by invented events."""
    false, k = invented_half(window, SEED)
    truth, invented = score_adaptive(fit, window)[0], score_adaptive(fit, false)[0]
    changes = [np.abs(getattr(truth, a)[:k] - getattr(invented, a)[:k]).max() for a in ("log_rate", "log_density")]
    return float(max(changes))
