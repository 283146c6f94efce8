"""The variants that learned_npp.py compares, and what each of them is shown."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from npp_scores import Scores, Window, score_adaptive

from houfeng.models.adaptive import laws
from houfeng.models.adaptive.fit import AdaptiveFit
from houfeng.models.adaptive.laws import Decay
from houfeng.models.adaptive.likelihood import Points
from houfeng.models.adaptive.past import Past
from houfeng.models.hybrid import pairs, signals
from houfeng.models.hybrid.gain import learn_boosted, learn_network
from houfeng.models.hybrid.pieces import Pieces
from houfeng.models.hybrid.rate import ChampionRate
from houfeng.models.hybrid.recurrent import learn_recurrent, sequences
from houfeng.models.hybrid.sources import SpaceSources, Strongest, strongest
from houfeng.models.hybrid.weighing import SpaceExamples, Weighing, learn_weighing, mean_log_density

#: Signals that val said to leave out: hours and weekdays, and what is slower than a season.
SLOW = ("excess_1.1e+03d", "excess_365d", "excess_100d", "hour_cos", "hour_sin", "weekday")
SLOW += ("expected_of_last_1000", "magnitude_mean_300")
#: Signals that are known without the champion.
PLAIN = ("ln_elapsed", "largest", "magnitude", "spacing", "step", "missing")
PLAIN_PAIRS = ("ln_age", "magnitude", "ln_spacing", "rank", "ln_near", "ln_from_last", "ln_elapsed", "elongation")
SPACE = {"weights": "h", "weights, widths": "hw", "weights, widths, fall, ellipses": "hwqe", "neural, no etas": "hwqe"}
#: Seeds of learners in time, and of the best in space on test; places that are learned from.
SEEDS, SPACE_SEEDS, PLACES = 3, 3, 14_000


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known of one window: pieces with signals, exposure and counts, and earthquakes with their rate."""

    window: Window
    pieces: Pieces
    signals: np.ndarray
    exposure: np.ndarray
    last: np.ndarray
    plain_last: np.ndarray


@dataclass(frozen=True, eq=False)
class Known:
    """The champion, what is seen over the window it was fitted on and over the one that is scored."""

    fit: AdaptiveFit
    past: Past
    rate: ChampionRate
    champion: Scores
    learning: Seen
    scored: Seen

    def with_gain(self, g: np.ndarray) -> Scores:
        """The champion's scores with its rate times e^g, g of each piece that is scored."""
        window, pieces = self.scored.window, self.scored.pieces
        edges = np.unique(np.concatenate([pieces.start, window.edges]))
        exposure = np.diff(self.rate.at(edges).integral)
        of_piece = np.searchsorted(pieces.start, edges[:-1], side="right") - 1
        block = np.searchsorted(window.edges, edges[:-1], side="right") - 1
        expected = np.bincount(block, exposure * np.exp(g[of_piece]), len(window.edges) - 1)
        log_rate = np.log(self.rate.at(self.past.data.days[self.targets]).total) + g[pieces.piece_of]
        return replace(self.champion, log_rate=log_rate, expected=expected)

    def with_rate(self, ln_rate: np.ndarray) -> Scores:
        """The champion's scores with another rate in time altogether: ln per day of each piece, constant there."""
        window, pieces = self.scored.window, self.scored.pieces
        edges = np.unique(np.concatenate([pieces.start, window.edges]))
        of_piece = np.searchsorted(pieces.start, edges[:-1], side="right") - 1
        block = np.searchsorted(window.edges, edges[:-1], side="right") - 1
        expected = np.bincount(block, np.diff(edges) * np.exp(ln_rate[of_piece]), len(window.edges) - 1)
        return replace(self.champion, log_rate=ln_rate[pieces.piece_of], expected=expected)

    def with_density(self, log_density: np.ndarray) -> Scores:
        """The champion's scores with another density in space."""
        return replace(self.champion, log_density=log_density)

    @property
    def targets(self) -> np.ndarray:
        """Numbers of the earthquakes that are scored."""
        return np.flatnonzero(self.past.data.target)


def seen(fit: AdaptiveFit, learning: Window, scored: Window) -> Known:
    """Score the champion and work out what is known of both windows."""
    champion, past = score_adaptive(fit, scored)
    rate = ChampionRate.of(past, fit.time, fit.space)
    return Known(fit, past, rate, champion, _seen(past, rate, learning), _seen(past, rate, scored))


def _seen(past: Past, rate: ChampionRate, window: Window) -> Seen:
    pieces = Pieces.over(past.data.days, window.start, window.end, past.smoothing.gap_days)
    exposure = np.diff(rate.at(np.append(pieces.start, pieces.end[-1])).integral)
    both = (sequences(past, rate, pieces.known, champion=c) for c in (True, False))
    return Seen(window, pieces, signals.signals_at(past, rate, pieces, 0.0), exposure, *both)


def _columns(names: tuple[str, ...], wanted: Callable[[str], bool]) -> list[int]:
    return [i for i, name in enumerate(names) if wanted(name)]


Gains = dict[str, np.ndarray]
Gain = Callable[[Seen], np.ndarray]


def learn_time(known: Known, say: Callable[[str], None]) -> tuple[dict[str, Scores], dict[str, Gain]]:
    """Learn each variant on the learning window: its scores on the other, and what gives the correction."""
    here, out = known.learning, {}
    count, exposure = here.pieces.count.astype(float), here.exposure
    fast = _columns(signals.NAMES, lambda name: name not in SLOW)
    trees = [learn_boosted(here.signals[:, fast], count, exposure, seed) for seed in range(SEEDS)]
    out["boosted trees"] = lambda s: np.mean([t(s.signals[:, fast]) for t in trees], axis=0)
    rngs = [np.random.default_rng(seed) for seed in range(SEEDS)]
    settings = {"epochs": 15, "decay": 0.3}
    nets = [learn_network(here.signals[:, fast], count, exposure, rng, **settings) for rng in rngs]
    out["network"] = lambda s: np.mean([n(s.signals[:, fast]) for n in nets], axis=0)
    out["trees and network"] = lambda s: (out["boosted trees"](s) + out["network"](s)) / 2
    say("trees and networks learned")
    recurrent = learn_recurrent(here.signals[:, fast], here.last, count, exposure, 0)
    out["recurrent network"] = lambda s: recurrent(s.signals[:, fast], s.last)
    plain = _columns(signals.NAMES, lambda name: name.startswith(PLAIN))
    per_day = count.sum() / (here.window.end - here.window.start)
    days = per_day * (here.pieces.end - here.pieces.start)
    alone = learn_recurrent(here.signals[:, plain], here.plain_last, count, days, 0, most=5.0)

    s = known.scored
    neural = known.with_rate(alone(s.signals[:, plain], s.plain_last) + np.log(per_day))
    say("recurrent networks learned")
    scores = {name: known.with_gain(gain(s)) for name, gain in out.items()}
    return {**scores, "neural, no etas": neural}, out


@dataclass(frozen=True, eq=False)
class Space:
    """Sources and what they are shown as; `bare` takes all that the champion learned away."""

    known: Known
    bare: bool

    @property
    def sources(self) -> SpaceSources:
        """Of the champion, or all alike: the last earthquakes, each with a kernel of the usual width."""
        past, fit = self.known.past, self.known.fit
        if not self.bare:
            return SpaceSources.of(past, fit.space)
        n, s = len(past.data.days), past.smoothing
        usual = np.full(n, s.spacing_km**2)
        decay = Decay(float(np.log(s.gap_days)), 0.0, np.inf)
        return SpaceSources(past.data.days, past.data.xyz_km, np.zeros(n), usual, decay, 0.7)

    def examples(self, points: Points) -> tuple[SpaceExamples, Strongest, pairs.Pairs]:
        """What a weighing is shown at `points`."""
        past, sources = self.known.past, self.sources
        found = strongest(sources, points)
        if self.bare:
            own, even = np.ones(len(points.days)), np.full(len(points.days), 1 / past.smoothing.area_km2)
            found = replace(found, above=np.zeros_like(found.above), below=np.zeros_like(found.below))
        else:
            own, even = np.exp(self.known.fit.space[laws.LN_MU]) * points.activity, points.background
        view = pairs.pairs_at(past, sources, found, points.days, points.before, own)
        if self.bare:
            shown = np.array([name in PLAIN_PAIRS for name in pairs.NAMES], np.float32)
            view = replace(view, signals=view.signals * shown)
        return SpaceExamples.of(sources, found, view, points.xyz_km, own, even), found, view

    def targets(self, window: Window, at_most: int | None = None) -> SpaceExamples:
        """At the earthquakes of `window`, thinned to about `at_most`."""
        days = self.known.past.data.days
        rows = np.flatnonzero((days >= window.start) & (days < window.end))
        rows = rows[:: max(1, round(len(rows) / at_most))] if at_most else rows
        return self.examples(self.known.past.points(rows))[0]


def learn_space(
    known: Known, variants: dict[str, str], say: Callable[[str], None], best: str = ""
) -> tuple[Gains, dict[str, tuple[Space, list[Weighing]]]]:
    """Learn each of `variants` on the learning window: ln density of the earthquakes scored, and what gives it."""
    densities, learned = {}, {}
    for bare in (False, True):
        space = Space(known, bare)
        learning, scored = space.targets(known.learning.window, PLACES), space.targets(known.scored.window)
        say(f"sources of {len(learning)} and {len(scored)} places")
        for name, changes in variants.items():
            if name.endswith("no etas") != bare:
                continue
            seeds = range(SPACE_SEEDS if name == best else 1)
            of = [learn_weighing(learning, np.random.default_rng(seed), changes=changes) for seed in seeds]
            densities[name], learned[name] = mean_log_density(of, scored), (space, of)
            say(f"space {name}: learned")
    return densities, learned


@dataclass(frozen=True, eq=False)
class Hybrid:
    """A settled model: the champion, the correction in time, and that in space."""

    known: Known
    gain: Gain
    density: tuple[Space, list[Weighing]]
