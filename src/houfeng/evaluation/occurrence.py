"""Was there an earthquake in this cell in this window: scores of the chances, per active cell and per window.

A forecast gives every cell a rate; the chance of at least one is 1 - e^-rate. What is scored is kept per window and
per active cell, so that intervals can be made by drawing blocks of consecutive windows.
"""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.values import Estimate

#: No chance counts as smaller or larger than this in the log score: nothing is impossible, nothing is certain.
LEAST = 1e-12
#: Scores of a window that differ by no more than this share are equal: rounding is no skill.
ROUNDING = 1e-12
#: Resamples behind an interval.
N_SAMPLES = 2000


@dataclass(frozen=True, eq=False)
class OccurrenceScores:
    """What one model's chances were worth, before anything is averaged.

    Attributes
    ----------
    log_score, brier : ndarray, shape (windows,)
        Sum over the cells of the log score (nats, 0 at best) and of the squared error of the chance.
    expected : ndarray, shape (windows,)
        Sum of the chances: active cells expected.
    window : ndarray of int, shape (active,)
        Window of each active cell.
    rank : ndarray, shape (active,)
        Share of all quiet cells with a lower chance, ties by half: its mean is the area under the ROC curve.
    alarmed : ndarray, shape (active,)
        Share of the reference measure in cells with a higher ratio to the reference, ties by half: its mean is the
        area under Molchan's curve.
    """

    log_score: np.ndarray
    brier: np.ndarray
    expected: np.ndarray
    window: np.ndarray
    rank: np.ndarray
    alarmed: np.ndarray


def occurrence_scores(
    rates: np.ndarray, active: np.ndarray, reference: np.ndarray, weight: np.ndarray | None = None
) -> OccurrenceScores:
    """Score the chances of one model.

    Parameters
    ----------
    rates : ndarray, shape (windows, cells)
        Expected number of target earthquakes.
    active : ndarray of bool, shape (windows, cells)
        Where at least one came.
    reference : ndarray, shape (windows, cells)
        Rates of the time-independent model, above zero: the measure of Molchan's alarms.
    weight : ndarray, shape (windows, cells), optional
        Cells that each stands for, where only a sample was looked at; 0 where it was not. Active cells stand for
        themselves.

    Raises
    ------
    InputError
        When shapes differ, or a rate is negative or not finite.
    NotEnoughDataError
        When no cell was ever active.

    References
    ----------
    Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2; Hanley & McNeil (1982),
    doi:10.1148/radiology.143.1.7063747 (the area as a mean of ranks); Zechar & Jordan (2008),
    doi:10.1111/j.1365-246X.2007.03676.x.
    """
    if rates.ndim != 2 or rates.shape != active.shape or rates.shape != reference.shape:
        raise InputError(f"shapes {rates.shape}, {active.shape} and {reference.shape}: all must be (windows, cells)")
    weight = np.ones(rates.shape) if weight is None else weight
    if weight.shape != rates.shape or not (weight >= 0).all() or not (weight[active] == 1).all():
        raise InputError("weights must be those of (windows, cells), not negative, and 1 for every active cell")
    if not (np.isfinite(rates).all() and (rates >= 0).all() and (reference > 0).all()):
        raise InputError("rates must be finite and not negative, and those of the reference above zero")
    if not active.any():
        raise NotEnoughDataError("no cell was active in any window: there is nothing to score chances by")
    chance = -np.expm1(-rates.astype(float))
    bounded = np.clip(chance, LEAST, 1 - LEAST)
    window, cell = np.nonzero(active)
    log_score = (weight * np.log1p(-bounded)).sum(axis=1)
    log_score += np.bincount(window, np.log(bounded[active]) - np.log1p(-bounded[active]), len(rates))
    ratio = rates / reference
    return OccurrenceScores(
        log_score=log_score,
        brier=(weight * (chance - active) ** 2).sum(axis=1),
        expected=(weight * chance).sum(axis=1),
        window=window,
        rank=_share_below(chance[window, cell], chance[~active], weight[~active]),
        alarmed=1 - _share_below(ratio[window, cell], ratio.ravel(), (reference * weight).ravel()),
    )


def _share_below(values: np.ndarray, others: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Share of the weight of `others` below each of `values`, those equal by half."""
    order = np.argsort(others, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(weight[order])])
    ordered = others[order]
    below, upto = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    return (total[below] + total[upto]) / (2 * total[-1])


@dataclass(frozen=True)
class OccurrenceSkill:
    """One model's chances against those of another, each with its 95 % interval by blocks of windows.

    Attributes
    ----------
    n_active
        Active cells.
    log_gain
        Log score over that of the other model, nats per active cell.
    brier_skill
        One less the ratio of the Brier scores: 1 is perfect, 0 no better than the other.
    auc, molchan
        Areas under the ROC curve (1 perfect, 0.5 chance) and Molchan's curve (0 perfect, 0.5 the reference).
    expected_ratio
        Active cells expected over those that came.
    """

    n_active: int
    log_gain: Estimate
    brier_skill: Estimate
    auc: Estimate
    molchan: Estimate
    expected_ratio: Estimate


def occurrence_skill(
    model: OccurrenceScores, other: OccurrenceScores, *, block: int, rng: np.random.Generator
) -> OccurrenceSkill:
    """Compare chances, and give every number its interval.

    Parameters
    ----------
    other
        Scores of the model to be improved upon, over the same windows and cells.
    block
        Consecutive windows that are drawn together: they must outlast a sequence's memory.

    Raises
    ------
    InputError
        When the two were not scored on the same windows and active cells.
    """
    windows = len(model.log_score)
    if len(other.log_score) != windows or not np.array_equal(model.window, other.window):
        raise InputError("the two models were not scored on the same windows and active cells")
    columns = np.stack(
        [
            np.bincount(model.window, minlength=windows).astype(float),
            _unless_rounding(model.log_score, other.log_score) - other.log_score,
            _unless_rounding(model.brier, other.brier),
            other.brier,
            np.bincount(model.window, model.rank, windows),
            np.bincount(model.window, model.alarmed, windows),
            model.expected,
        ]
    )
    block = max(1, min(block, windows // 5))
    running = np.concatenate([np.zeros((len(columns), 1)), np.cumsum(np.tile(columns, 2), axis=1)], axis=1)
    sums = running[:, block : block + windows] - running[:, :windows]
    drawn = sums[:, rng.integers(windows, size=(N_SAMPLES, max(1, round(windows / block))))].sum(axis=2)
    drawn = drawn[:, drawn[0] > 0]
    whole = columns.sum(axis=1)
    return OccurrenceSkill(int(whole[0]), *(_estimate(f(whole), f(drawn)) for f in _FIGURES))


def _unless_rounding(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """`mine`, or `theirs` where the difference is one of rounding alone."""
    return np.where(np.abs(mine - theirs) <= ROUNDING * np.abs(theirs), theirs, mine)


_FIGURES = (
    lambda s: s[1] / s[0],
    lambda s: 1 - s[2] / s[3],
    lambda s: s[4] / s[0],
    lambda s: s[5] / s[0],
    lambda s: s[6] / s[0],
)


def _estimate(value: float, drawn: np.ndarray) -> Estimate:
    if not len(drawn):
        return Estimate(float(value), -np.inf, np.inf)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(float(value), float(min(low, value)), float(max(high, value)))
