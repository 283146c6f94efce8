"""Checks of a hybrid by ways that share nothing with the way it was scored."""

from dataclasses import replace

import numpy as np
from learned_npp_models import Hybrid, Space, seen
from npp_checks import NODES, _gaps, invented_half
from npp_scores import Scores, rates_at

from houfeng.models.adaptive.laws import Decay
from houfeng.models.adaptive.likelihood import Points
from houfeng.models.hybrid.weighing import MOST, MOST_OF_REST

SEED = 11
#: Random moments for the integral in space, and points for each.
MOMENTS, POINTS = 100, 20


def expected_of(hybrid: Hybrid) -> float:
    """Expected number over the window by a random node in each stratum of log time of each gap, rates by trees."""
    known = hybrid.known
    rng, data, decay = np.random.default_rng(SEED), known.past.data, Decay.from_vector(known.fit.time)
    begin, end = _gaps(data.days, known.scored.window)
    reach = np.log1p((end - begin) / decay.c)
    u = (np.arange(NODES) + rng.random((len(begin), NODES))) / NODES * reach[:, None]
    since = decay.c * np.expm1(u)
    weight = ((since + decay.c) * (reach / NODES)[:, None]).ravel()
    nodes = (begin[:, None] + since).ravel()
    g = hybrid.gain(known.scored)[known.scored.pieces.at(nodes)]
    return float(weight @ (rates_at(known.fit, known.past, nodes) * np.exp(g)))


def integrals_of(hybrid: Hybrid) -> np.ndarray:
    """Integral of f(x | t) over the plane at random moments, by importance sampling.

    Points are drawn from the mixture component by component, by inverse distribution functions, and each is weighted
    by the density that scores events over the density of the draw, a plain sum over all sources. The even share of
    the background is left out of both: it is one over the region by definition.
    """
    known = hybrid.known
    space, weighings = hybrid.density
    smooth = replace(known.past, smoothing=replace(known.past.smoothing, even_share=0.0))
    space = Space(replace(known, past=smooth), space.bare)
    rng, window, days = np.random.default_rng(SEED), known.scored.window, known.past.data.days
    out = []
    for t in np.sort(rng.uniform(window.start, window.end, MOMENTS)):
        n = int(np.searchsorted(days, t, side="left"))
        drawn = _Plain(space, weighings[0], t, n)
        places, density = drawn.draw(rng)
        scored = weighings[0].log_densities(space.examples(_points(smooth, t, n, places))[0])
        out.append(float(np.mean(np.exp(scored) / density)))
    return np.array(out)


def _points(past, t: float, n: int, places: np.ndarray) -> Points:
    days, before = np.full(len(places), t), np.full(len(places), n)
    return Points(days, places, before, past.background_at(days, places, before), past.activity(days, before))


class _Plain:
    """The mixture at one moment, all sources in plain arrays: weight, centre, spread, fall, elongation, axis."""

    def __init__(self, space: Space, weighing, t: float, n: int) -> None:
        past, sources = space.known.past, space.sources
        here = np.zeros((1, 3))
        e, found, view = space.examples(_points(past, t, n, here))
        change = MOST * weighing.changes * np.tanh(weighing.of_source.layers(weighing.scale(e.signals[0]))[-1])
        rest = np.exp(MOST_OF_REST * weighing._evaluate(e).rest[0])
        j = found.source[0][e.known[0]]
        change = change[e.known[0]]
        age = t - sources.days[:n]
        d = sources.decay
        weight = np.exp(sources.ln_weight[:n] - age * d.inverse_tau) * (age + d.c) ** -(1 + d.omega)
        weight *= rest[1:][np.searchsorted([30.0, 365.25, 3652.5], age, side="left")]
        weight[j] *= np.exp(change[:, 0]) / rest[1:][np.searchsorted([30.0, 365.25, 3652.5], age[j], side="left")]
        spread, rho, long = sources.spread_km2[:n].copy(), np.full(n, sources.rho), np.zeros(n)
        spread[j] *= np.exp(change[:, 1])
        rho[j] *= np.exp(change[:, 2])
        long[j] = change[:, 3]
        axis = np.zeros((n, 2)) + [1.0, 0.0]
        axis[j] = view.axis[0][e.known[0]]
        s = past.smoothing
        ground = past.independence[:n] * np.exp(-age / s.fade_days)
        own = e.own[0] * rest[0] * ground / ground.sum()
        self.weight = np.concatenate([own, weight])
        self.weight /= self.weight.sum()
        self.centre = np.vstack([sources.xyz_km[:n], sources.xyz_km[:n]])
        self.spread, self.rho = np.append(past.kernel_km[:n] ** 2, spread), np.append(np.ones(n), rho)
        self.long, self.axis = np.append(np.zeros(n), long), np.vstack([np.zeros((n, 2)) + [1.0, 0.0], axis])

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Points, shape (POINTS, 3), and the density there."""
        k = rng.choice(len(self.weight), POINTS, p=self.weight)
        radius = np.sqrt(self.spread[k] * np.expm1(-np.log1p(-rng.random(POINTS)) / self.rho[k]))
        angle = rng.uniform(0, 2 * np.pi, POINTS)
        u = radius * np.cos(angle) * np.exp(self.long[k] / 2)
        v = radius * np.sin(angle) * np.exp(-self.long[k] / 2)
        c, s = self.axis[k].T
        places = self.centre[k] + np.column_stack([u * c - v * s, u * s + v * c, np.zeros(POINTS)])
        return places, np.array([self._density(place) for place in places])

    def _density(self, place: np.ndarray) -> float:
        dx, dy = (place - self.centre)[:, :2].T
        c, s = self.axis.T
        r2 = (dx * c + dy * s) ** 2 * np.exp(-self.long) + (dy * c - dx * s) ** 2 * np.exp(self.long)
        kernel = self.rho / np.pi * self.spread**self.rho * (r2 + self.spread) ** -(1 + self.rho)
        return float(self.weight @ kernel)


def causality_of(hybrid: Hybrid, scores: Scores, every: int = 10) -> float:
    """Largest change of any score of the first half when the second half is replaced by invented events."""
    known = hybrid.known
    false, k = invented_half(known.scored.window, SEED)
    invented = seen(known.fit, known.learning.window, false)
    of_time = invented.with_gain(hybrid.gain(invented.scored)).log_rate[:k] - scores.log_rate[:k]
    space, weighings = hybrid.density
    rows = known.targets[:k:every]
    pair = [Space(each, space.bare).examples(each.past.points(rows))[0] for each in (known, invented)]
    truth, other = (weighings[0].log_densities(e) for e in pair)
    return float(max(np.abs(of_time).max(), np.abs(truth - other).max()))
