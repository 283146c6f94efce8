"""Why a learned model multiplies a cell: how much each thing it looked at adds to the logarithm of the factor.

What the model would say had it seen in this cell what it saw in a usual one is the start; features are put in one after
another, in many random orders, and the mean change that each makes is its Shapley value. Together they make exactly the
difference between this cell and the usual ones, however features depend on each other in the model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.features.base import Lineage
from houfeng.features.seismicity import standard_features
from houfeng.forecasts.forecast import CellReasons, FeatureReason
from houfeng.models.learned.learners import MOST_LOG_FACTOR, Calibrated, Rule
from houfeng.models.learned.past_events import PastEvent, past_events
from houfeng.models.learned.rows import Rows

if TYPE_CHECKING:
    from houfeng.models.learned.model import FittedLearned, LearnedModel

#: Of whatever is random here: the same forecast is explained alike every time.
SEED = 132
#: Pairs of orders, one the other reversed, in which features are put in.
PAIRS = 32
#: The same beside a forecast for what takes long to ask: networks on maps and sequences.
FEW_PAIRS = 8
#: Cells that stand for the usual ones where values are exact.
USUAL_CELLS = 200
#: Names of what is looked at beside the columns of the table.
PRIOR, MAPS, SEQUENCES = "log_prior", "maps", "sequences"


@dataclass(frozen=True, eq=False)
class Shares:
    """Shapley values of one row.

    Attributes
    ----------
    names
        Of what was looked at.
    log_factor : ndarray, shape (k,)
        What each adds to the logarithm of the factor.
    error : ndarray, shape (k,)
        Standard errors; 0 where exact.
    usual
        Mean logarithm of the factor of the reference rows.
    total
        Of the row: ``usual + log_factor.sum()``.
    """

    names: tuple[str, ...]
    log_factor: np.ndarray
    error: np.ndarray
    usual: float
    total: float


@dataclass(frozen=True, eq=False)
class CellExplanation:
    """What drives one cell of a learned model at one moment.

    Attributes
    ----------
    time
        The moment.
    cell
        Number of the cell.
    reasons
        The cell, its factor, and all features, strongest first.
    events
        The past earthquakes that the prior of the cell rests on most, and what the model would say without each.
    background_share
        Of the prior: what does not come from single earthquakes.
    """

    time: datetime
    cell: int
    reasons: CellReasons
    events: tuple[PastEvent, ...]
    background_share: float


def explain(
    fitted: "FittedLearned",
    history: Catalog,
    moment: datetime,
    cell: int | None = None,
    *,
    pairs: int = 4 * PAIRS,
    events: int = 3,
) -> CellExplanation:
    """Explain one cell: all features, and the past earthquakes behind its prior.

    Parameters
    ----------
    history
        What is known; nothing issued after `moment` is used.
    cell
        Its number; the one with the highest rate where None.
    pairs
        Pairs of random orders; four times as many halve the error.
    events
        Past earthquakes to leave out, one at a time. The model is asked again without each: some seconds apiece.

    Raises
    ------
    InputError
        When there is no such cell.
    """
    rows = fitted.rows(history, fitted.moment(history, moment))
    if cell is None:
        cell = int(np.argmax(fitted.rule.log_rate(rows)))
    if not 0 <= cell < len(rows):
        raise InputError(f"there is no cell {cell}; the region '{fitted.region.name}' has cells 0 to {len(rows) - 1}")
    reasons = reasons_of(fitted, rows, cell, pairs=pairs, most=None)
    found, background = past_events(fitted, history, moment, cell, most=events)
    return CellExplanation(moment, cell, reasons, found, background)


def reasons_of(
    fitted: "FittedLearned", rows: Rows, cell: int, *, pairs: int | None = None, most: int | None = 3
) -> CellReasons:
    """What did most in one of the `rows`, all cells of a moment, of which the others are the usual ones.

    What did nothing at all is only listed with `most` None, which lists everything.
    """
    slow = rows.patches.shape[1] or rows.sequences.shape[1]
    pairs = (FEW_PAIRS if slow else PAIRS) if pairs is None else pairs
    rng = np.random.default_rng([SEED, cell])
    columns = columns_of(fitted.model)
    names = tuple(columns) if "features" in fitted.model.looks_at else ()
    shares = shapley(fitted.rule, rows.select(np.array([cell])), rows, rng, names=names, pairs=pairs)
    about = described(columns, fitted.model)
    values = dict(zip(columns, rows.features[cell], strict=True)) | {PRIOR: rows.log_prior[cell]}
    order = np.argsort(-np.abs(shares.log_factor), kind="stable")[:most]
    order = order if most is None else order[shares.log_factor[order] != 0]
    grid = fitted.region.grid()
    return CellReasons(
        longitude=float(grid.longitude[cell]),
        latitude=float(grid.latitude[cell]),
        target_magnitude=float(fitted.model.target),
        horizon_days=float(fitted.model.horizon_days),
        log_factor=shares.total,
        usual_log_factor=shares.usual,
        strongest=tuple(
            FeatureReason(
                name=name,
                meaning=about[name].meaning,
                unit=about[name].unit,
                value=_finite(values.get(name, np.nan)),
                log_factor=float(shares.log_factor[i]),
                error=float(shares.error[i]),
            )
            for i, name in ((int(i), shares.names[i]) for i in order)
        ),
    )


def shapley(
    rule: Rule, row: Rows, reference: Rows, rng: np.random.Generator, *, names: tuple[str, ...], pairs: int = PAIRS
) -> Shares:
    """Shapley values of the logarithm of the factor of one row against `reference` rows.

    Exact for logistic regression that no bound cuts; otherwise sampled in `pairs` of orders, each the other reversed,
    with a reference row of its own. The values sum to the difference either way.

    Parameters
    ----------
    row
        One row.
    reference
        What is usual, for instance all cells at the same moment.
    names
        Of the columns of features; none where the rule does not look at them.

    References
    ----------
    Strumbelj & Kononenko (2014), doi:10.1007/s10115-013-0679-x; for linear rules Lundberg & Lee (2017),
    arXiv:1705.07874.
    """
    if len(row) != 1 or not len(reference) or pairs < 2:
        raise InputError(
            f"one row is explained against at least one other in at least 2 pairs of orders; here {len(row)}, "
            f"{len(reference)} and {pairs}"
        )
    players = Players.of(row, names)
    if _is_linear(rule):
        exact = _of_linear(rule, row, reference.select(_evenly(len(reference), USUAL_CELLS)), players)
        if exact is not None:
            return exact
    drawn = rng.choice(len(reference), pairs, replace=pairs > len(reference))
    k = len(players.names)
    orders = np.array([rng.permutation(k) for _ in range(pairs)])
    orders = np.stack([orders, orders[:, ::-1]], axis=1)  # (pairs, 2, k)
    rank = np.argsort(orders, axis=-1)
    taken = rank[:, :, None, :] < np.arange(k + 1)[:, None]  # (pairs, 2, k + 1, k): the first 0, 1 .. k of the order
    usual = np.repeat(drawn, 2 * (k + 1))
    value = log_factor(rule, players.mixed(row, reference.select(usual), taken.reshape(-1, k)))
    value = value.reshape(pairs, 2, k + 1)
    each = np.take_along_axis(np.diff(value, axis=2), rank, axis=2).mean(axis=1)  # (pairs, k)
    return _shares(players, each.mean(axis=0), each.std(axis=0, ddof=1) / np.sqrt(pairs), float(value[:, :, 0].mean()))


def log_factor(rule: Rule, rows: Rows) -> np.ndarray:
    """Logarithm of what the prior is multiplied by, shape (n,)."""
    return rule.log_rate(rows) - rows.log_prior


@dataclass(frozen=True)
class Players:
    """What a rule looks at, each to be taken from one row or another: columns, the prior, maps, sequences.

    Attributes
    ----------
    names
        Columns of features first.
    columns
        How many of them are columns.
    """

    names: tuple[str, ...]
    columns: int

    @classmethod
    def of(cls, rows: Rows, names: tuple[str, ...]) -> "Players":
        """Those of `rows`; `names` of columns are all or none."""
        if names and len(names) != rows.features.shape[1]:
            raise InputError(f"{len(names)} names for {rows.features.shape[1]} columns of features")
        more = [PRIOR]
        more += [MAPS] if rows.patches.shape[1] else []
        more += [SEQUENCES] if rows.sequences.shape[1] else []
        return cls((*names, *more), len(names))

    def mixed(self, one: Rows, other: Rows, taken: np.ndarray) -> Rows:
        """Rows whose players are from `one` where `taken`, shape (n, k), else from `other`; both n rows or one."""
        n, place = len(taken), {name: i for i, name in enumerate(self.names)}

        def chosen(name: str, ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
            if name not in place:
                return np.broadcast_to(theirs, (n, *theirs.shape[1:]))
            which = taken[:, place[name]].reshape(-1, *[1] * (ours.ndim - 1))
            return np.where(which, ours, theirs)

        features = np.broadcast_to(other.features, (n, other.features.shape[1]))
        if self.columns:
            features = np.where(taken[:, : self.columns], one.features, other.features)
        return Rows(
            time=np.broadcast_to(other.time, n),
            cell=np.broadcast_to(other.cell, n),
            features=features,
            log_prior=chosen(PRIOR, one.log_prior, other.log_prior),
            active=np.broadcast_to(other.active, n),
            weight=np.broadcast_to(other.weight, n),
            patches=chosen(MAPS, one.patches, other.patches),
            sequences=chosen(SEQUENCES, one.sequences, other.sequences),
        )


def columns_of(model: "LearnedModel") -> Mapping[str, Lineage]:
    """What the columns of features of a model mean, by name, in order."""
    parts = (*standard_features(model.min_magnitude), *model.layers)
    return {name: part.lineage[name] for part in parts for name in part.names}


def described(columns: Mapping[str, Lineage], model: "LearnedModel") -> dict[str, Lineage]:
    """Columns, and what is looked at beside them."""
    prior = f"expected number of M>={model.target:g} within {model.horizon_days:g} days, by the statistical model"
    return {
        **columns,
        PRIOR: Lineage("statistical model", prior, "ln(number)"),
        MAPS: Lineage("catalogue", "maps of seismicity around the cell", ""),
        SEQUENCES: Lineage("catalogue", "the last earthquakes near the cell", ""),
    }


def _is_linear(rule: Rule) -> bool:
    """Whether the log factor is a sum over columns, but for its bounds."""
    return isinstance(rule, Calibrated) and hasattr(getattr(rule.scorer, "steps", [("", None)])[-1][1], "coef_")


def _of_linear(rule: Rule, row: Rows, reference: Rows, players: Players) -> Shares | None:
    """In a sum, a player adds what changes when it alone is changed; None where a bound cuts any of the rows."""
    k, n = len(players.names), len(reference)
    # Row 0: the row itself. Then, for each player, the row with that player alone from the reference. Last: reference.
    kept = np.concatenate([np.ones((1, k), bool), ~np.eye(k, dtype=bool), np.zeros((1, k), bool)])
    taken = np.repeat(kept, n, axis=0)
    value = log_factor(rule, players.mixed(row, reference.select(np.tile(np.arange(n), k + 2)), taken)).reshape(-1, n)
    if np.abs(value).max() > MOST_LOG_FACTOR - 1e-9:
        return None
    return _shares(players, (value[0] - value[1:-1]).mean(axis=1), np.zeros(k), float(value[-1].mean()))


def _shares(players: Players, values: np.ndarray, error: np.ndarray, usual: float) -> Shares:
    return Shares(players.names, values, error, usual, usual + float(values.sum()))


def _evenly(n: int, most: int) -> np.ndarray:
    """At most so many of n, evenly."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
