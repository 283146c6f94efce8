"""How much worse a learned model becomes when one thing it looks at is shuffled: permutation importance."""

from dataclasses import dataclass, replace

import numpy as np

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.models.learned.explain import Players, log_factor
from houfeng.models.learned.learners import Rule
from houfeng.models.learned.rows import Rows
from houfeng.times import DAY_S
from houfeng.values import Estimate

#: Draws of the bootstrap over blocks of time.
DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Importance:
    """One thing a rule looks at.

    Attributes
    ----------
    name
        Of the column, or ``log_prior``, ``maps``, ``sequences``.
    drop
        Loss of log likelihood when it is shuffled, nats per active cell, with a 95 % interval over blocks of time;
        negative: the rule is better off without.
    """

    name: str
    drop: Estimate


def permutation_importance(
    rule: Rule,
    rows: Rows,
    rng: np.random.Generator,
    *,
    names: tuple[str, ...],
    block_days: float = 90.0,
    repeats: int = 5,
) -> tuple[Importance, ...]:
    """What each thing is worth, largest first; from rows the rule was not learned from, or it flatters.

    Values are shuffled among the cells and moments of one block of time, so that they stay those of their epoch, and
    the interval draws whole blocks with replacement. The prior itself always counts as it is: only what the rule makes
    of it is shuffled. Columns that tell the same share their worth: each looks idle while the other is there.

    Parameters
    ----------
    names
        Of the columns of features; none where the rule does not look at them.
    repeats
        Shuffles, averaged.

    Raises
    ------
    NotEnoughDataError
        With fewer than two blocks, or without active cells.

    References
    ----------
    Breiman (2001), doi:10.1023/A:1010933404324; blocks: Künsch (1989), doi:10.1214/aos/1176347265.
    """
    if not (block_days > 0 and repeats >= 1):
        raise InputError(f"blocks of {block_days:g} days and {repeats} repeats make no sense: both must be positive")
    since = (rows.time - rows.time.min()) / np.timedelta64(1, "s") / DAY_S if len(rows) else np.zeros(0)
    _, block = np.unique((since // block_days).astype(int), return_inverse=True)
    blocks = int(block.max(initial=-1)) + 1
    if blocks < 2 or not rows.active.any():
        raise NotEnoughDataError(
            f"{blocks} blocks of {block_days:g} days with {int(rows.active.sum())} active cells: importance needs two "
            "blocks and an active cell; take shorter blocks or a longer past"
        )
    active = np.bincount(block, rows.active * rows.weight, blocks)
    before = _gains(rows, log_factor(rule, rows))
    drawn = rng.integers(blocks, size=(DRAWS, blocks))
    players, found = Players.of(rows, names), []
    for i, name in enumerate(players.names):
        taken = np.ones((len(rows), len(players.names)), bool)
        taken[:, i] = False
        lost = np.zeros(len(rows))
        for _ in range(repeats):
            shuffled = rows.select(_shuffled(block, rng))
            # The players mix values alone: time, cell, weight and what followed stay those of the rows.
            mixed = replace(players.mixed(rows, shuffled, taken), active=rows.active, weight=rows.weight)
            lost += (before - _gains(rows, log_factor(rule, mixed))) / repeats
        lost = np.bincount(block, lost, blocks)
        spread = lost[drawn].sum(axis=1) / np.maximum(active[drawn].sum(axis=1), 1e-12)
        low, high = np.quantile(spread[active[drawn].sum(axis=1) > 0], [0.025, 0.975])
        value = lost.sum() / active.sum()
        found.append(Importance(name, Estimate(float(value), float(min(low, value)), float(max(high, value)))))
    return tuple(sorted(found, key=lambda one: -one.drop.value))


def _gains(rows: Rows, factor: np.ndarray) -> np.ndarray:
    """Log likelihood of what followed, each row alone, shape (n,)."""
    rate = np.exp(rows.log_prior + factor)
    return rows.weight * np.where(rows.active, np.log(-np.expm1(-np.maximum(rate, 1e-300))), -rate)


def _shuffled(block: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Row numbers, shuffled within each block."""
    order = np.lexsort((rng.random(len(block)), block))
    out = np.empty(len(block), np.int64)
    out[np.argsort(block, kind="stable")] = order
    return out
