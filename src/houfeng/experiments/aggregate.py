"""From the scores of single windows to one line per model: sums, rates, gains, each with its interval.

Intervals come from blocks of consecutive windows drawn with replacement, because earthquakes cluster; see
:func:`houfeng.evaluation.block_bootstrap_gain`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from houfeng import evaluation as ev
from houfeng.errors import InputError, NotEnoughDataError
from houfeng.evaluation.comparison import information_gain
from houfeng.values import Estimate

N_SAMPLES = 10_000
#: Fewest blocks a bootstrap draws from; with longer blocks asked for, shorter ones are taken, and said so.
FEWEST_BLOCKS = 5
#: Edges of the groups of the reliability diagram; chances of earthquakes are small.
RELIABILITY_EDGES = (0.0, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Blocks:
    """How long the blocks of the bootstrap are.

    Attributes
    ----------
    windows
        Windows in a block; 0 where there are too few windows for any interval.
    asked
        How many the experiment asked for.
    """

    windows: int
    asked: int

    @classmethod
    def of(cls, *, n_windows: int, block_days: float, step_days: float, overlap: int) -> "Blocks":
        """Blocks of `block_days`, no shorter than windows overlap, and shortened until five fit."""
        asked = max(overlap, int(np.ceil(block_days / step_days - 1e-9)))
        return cls(min(asked, n_windows // FEWEST_BLOCKS), asked)


@dataclass(frozen=True, eq=False)
class Series:
    """What one model forecast in the windows in which it could be scored, in order of time.

    Attributes
    ----------
    windows : ndarray of int, shape (n,)
        Numbers of the windows.
    observed, expected : ndarray, shape (n,)
        Earthquakes, and the sum of the rates.
    log_rates : tuple of ndarray
        Log rate at each earthquake, by window.
    """

    windows: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    log_rates: tuple[np.ndarray, ...]

    def at(self, windows: np.ndarray) -> "Series":
        """Only the windows of these numbers."""
        rows = np.flatnonzero(np.isin(self.windows, windows))
        return Series(
            self.windows[rows], self.observed[rows], self.expected[rows], tuple(self.log_rates[i] for i in rows)
        )


def ratio_interval(series: Series, blocks: Blocks, rng: np.random.Generator) -> Estimate | None:
    """Expected over observed number, with its block-bootstrap interval; None without an earthquake.

    The interval is unbounded where windows are too few for blocks, and above where a resample has no earthquake.
    """
    if series.observed.sum() == 0:
        return None
    value = float(series.expected.sum() / series.observed.sum())
    n, block = len(series.windows), blocks.windows
    if block < 1 or n < FEWEST_BLOCKS * block:
        return Estimate(value, 0.0, np.inf)
    columns = np.stack([series.expected, series.observed]).astype(float)
    running = np.concatenate([np.zeros((2, 1)), np.cumsum(np.tile(columns, 2), axis=1)], axis=1)
    sums = running[:, block : block + n] - running[:, :n]
    starts = rng.integers(n, size=(N_SAMPLES, round(n / block)))
    expected, observed = sums[:, starts].sum(axis=2)
    ratios = np.full(N_SAMPLES, np.inf)
    np.divide(expected, observed, out=ratios, where=observed > 0)
    low, high = np.quantile(ratios, [0.025, 0.975], method="inverted_cdf")
    return Estimate(value, float(min(low, value)), float(max(high, value)))


@dataclass(frozen=True, eq=False)
class Comparison:
    """One model against the reference, on the windows that both have.

    Attributes
    ----------
    gain
        Information gain per earthquake, nats, with its block-bootstrap interval; None without an earthquake.
    by_window : ndarray, shape (n,)
        Gain of each window, nats: its log-likelihood less that of the reference.
    t, w
        T- and W-test over earthquakes taken as independent; None where they say nothing.
    diebold_mariano
        Of the windows' log-likelihoods; None where it says nothing.
    """

    gain: Estimate | None
    windows: np.ndarray
    by_window: np.ndarray
    t: ev.PairedResult | None
    w: ev.RankResult | None
    diebold_mariano: ev.PairedResult | None


def compare(model: Series, reference: Series, blocks: Blocks, *, overlap: int, rng: np.random.Generator) -> Comparison:
    """Compare `model` with `reference` where both were scored."""
    both = np.intersect1d(model.windows, reference.windows)
    model, reference = model.at(both), reference.at(both)
    ratios = [a - b for a, b in zip(model.log_rates, reference.log_rates, strict=True)]
    sums = np.array([r.sum() for r in ratios])
    difference = model.expected - reference.expected
    every = np.concatenate([*ratios, np.empty(0)])
    return Comparison(
        gain=_gain(model.observed, sums, difference, every, blocks, rng),
        windows=both,
        by_window=sums - difference,
        t=_or_none(lambda: ev.t_test(_finite(every), float(difference.sum()))),
        w=_or_none(lambda: ev.w_test(_finite(every), float(difference.sum()))),
        diebold_mariano=_or_none(
            lambda: ev.diebold_mariano(sums - difference, np.zeros(len(both)), overlap=overlap),
        ),
    )


def _gain(
    n: np.ndarray,
    sums: np.ndarray,
    difference: np.ndarray,
    every: np.ndarray,
    blocks: Blocks,
    rng: np.random.Generator,
) -> Estimate | None:
    if np.isfinite(every).all() and blocks.windows >= 1:
        found = _or_none(
            lambda: ev.block_bootstrap_gain(
                n=n, log_ratio_sum=sums, expected_difference=difference, block=blocks.windows, rng=rng
            )
        )
        if found is not None:
            return found
    whole = information_gain(
        n=int(n.sum()),
        log_ratio_sum=float(every.sum()),
        log_ratio_square_sum=float((every**2).sum()),
        expected_difference=float(difference.sum()),
    )
    return whole and Estimate(whole.value, -np.inf, np.inf)


def _finite(ratios: np.ndarray) -> np.ndarray:
    if not np.isfinite(ratios).all():
        raise NotEnoughDataError("an earthquake fell where a forecast has no rate: the test says nothing")
    return ratios


def _or_none(test):
    try:
        return test()
    except (NotEnoughDataError, InputError):
        return None


@dataclass(frozen=True, slots=True)
class Tally:
    """One consistency test over all windows of a model.

    Attributes
    ----------
    passed, of
        At the 5 % level, of how many that said anything.
    low, high
        Exact binomial 99 % band of `passed`, were the forecasts true and the windows independent.
    passed_randomised
        The same with randomised quantiles, which keep the level where earthquakes are few.
    calibration_p
        Kolmogorov-Smirnov p-value of the randomised quantiles against uniform.
    n_unsampled
        Earthquakes left out because no simulated catalogue reached their cell.
    """

    passed: int
    of: int
    low: int
    high: int
    passed_randomised: int
    calibration_p: float | None
    n_unsampled: int

    @classmethod
    def of_scores(cls, scores: Sequence[Mapping | None], *, both_tails: bool, high_tail: bool) -> "Tally":
        """Count the scores of one test; None where it said nothing.

        Parameters
        ----------
        both_tails, high_tail
            Where disagreement lies: in both, in high statistics, or else in low ones.
        """
        said = [score for score in scores if score is not None]
        quantiles = np.array([score["quantile"] for score in said], float)
        if both_tails:
            randomised = (quantiles >= 0.025) & (quantiles <= 0.975)
        else:
            randomised = quantiles <= 0.95 if high_tail else quantiles >= 0.05
        low, high = ev.passing_band(len(said)) if said else (0, 0)
        return cls(
            passed=sum(score["passed"] for score in said),
            of=len(said),
            low=low,
            high=high,
            passed_randomised=int(randomised.sum()),
            calibration_p=ev.calibration_test(quantiles).p_value if said else None,
            n_unsampled=sum(score["n_unsampled"] for score in said),
        )


def chance_scores(probability: np.ndarray, occurred: np.ndarray) -> dict[str, float]:
    """Mean Brier and log score of chances of at least one."""
    return {
        "brier": float(ev.brier_score(probability, occurred).mean()),
        "log_score": float(ev.log_score(probability, occurred).mean()),
    }


def reliability_rows(probability: np.ndarray, occurred: np.ndarray) -> list[dict[str, float]]:
    """Chance given, share that came true, and the band of that share, by group of chances."""
    found = ev.reliability(probability, occurred, edges=np.array(RELIABILITY_EDGES))
    names = ("probability", "frequency", "low", "high", "n")
    return [dict(zip(names, (float(v) for v in row), strict=True)) for row in
            zip(*(getattr(found, name) for name in names), strict=True)]  # fmt: skip
