"""An autoencoder: learns to give rows of numbers back through a bottleneck, and tells which it cannot.

A row that is given back badly is unlike those of the training period. That is all the score says: it is no precursor,
and whether it helps to forecast anything is to be tried like any other feature.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.learning.engine import predict, train
from houfeng.learning.examples import Examples
from houfeng.learning.losses import Loss
from houfeng.learning.networks import FusionConfig, MlpConfig, build
from houfeng.learning.settings import TrainSettings

#: Fewest rows for each column that anything usual is learned from.
ROWS_EACH = 10
#: Scaled numbers no further from zero than this: one wild value is not all there is to a row.
MOST_SPREADS = 8.0


@dataclass(frozen=True)
class PresentMse(Loss):
    """Mean squared error over the numbers that are there; target (b, k, 2), numbers and whether they are there."""

    def per_example(self, raw, target):  # noqa: D102
        number, there = target.unbind(-1)
        return ((raw - number) ** 2 * there).sum(1) / there.sum(1).clamp(min=1)


@dataclass(frozen=True, eq=False)
class Autoencoder:
    """A network that gives rows back, and what is usual.

    Attributes
    ----------
    network
        Takes ``rows``, scaled, (b, k), and gives (b, k).
    mean, spread : ndarray, shape (k,)
        Of the training period.
    usual : ndarray, shape (m,)
        Errors of the rows held out of the training period's end, ascending: of those learned from they would be too
        small.
    """

    network: object
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    usual: NDArray[np.float64]

    def errors(self, rows: NDArray) -> NDArray[np.float64]:
        """Mean squared error of reconstruction of each row, in spreads squared, shape (n,); NaN where all is missing.

        Parameters
        ----------
        rows : ndarray, shape (n, k)
            NaN where missing: missing numbers count as their mean, and not in the error.
        """
        scaled = _scaled(rows, self.mean, self.spread)
        there = ~np.isnan(scaled)
        back = predict(self.network, {"rows": np.nan_to_num(scaled)}, 4096)
        square = np.where(there, back - scaled, 0.0).astype(float) ** 2
        count = there.sum(axis=1)
        return np.where(count > 0, square.sum(axis=1) / np.maximum(count, 1), np.nan)

    def threshold(self, quantile: float = 0.99) -> float:
        """The error that this share of the usual rows stays below."""
        if not 0 < quantile < 1:
            raise InputError(f"a quantile lies between 0 and 1, not at {quantile}")
        return float(np.quantile(self.usual, quantile))

    def strange(self, rows: NDArray, quantile: float = 0.99) -> NDArray[np.bool_]:
        """Which rows are above the threshold, shape (n,)."""
        return self.errors(rows) > self.threshold(quantile)


def fit_autoencoder(
    training_rows: NDArray,
    *,
    code: int = 8,
    width: int = 32,
    settings: TrainSettings | None = None,
    held_share: float = 0.2,
) -> Autoencoder:
    """Learn what is usual from rows of the training period, in order of time, and from nothing else.

    Parameters
    ----------
    training_rows : ndarray, shape (n, k)
        NaN where missing. The last `held_share` of them stop the training and tell what errors are usual.
    code, width
        Numbers that each row is squeezed into, and the width of the layers around.
    settings
        Of the training; 10 epochs in batches of 256 where None.

    Raises
    ------
    InputError
        With fewer than two columns, or a bottleneck that is none.
    NotEnoughDataError
        With fewer than 10 rows for each column.

    References
    ----------
    Hinton & Salakhutdinov (2006), doi:10.1126/science.1127647.
    """
    rows = np.asarray(training_rows, float)
    if rows.ndim != 2 or not 1 <= code < rows.shape[-1]:
        raise InputError(
            f"rows of shape {rows.shape} cannot be squeezed into {code} numbers: they need two axes and more columns"
        )
    n, k = rows.shape
    if n < ROWS_EACH * k:
        raise NotEnoughDataError(f"{n} rows of {k} columns are too few to tell what is usual: {ROWS_EACH * k} needed")
    if not 0 < held_share < 1:
        raise InputError(f"the share held out lies between 0 and 1, not at {held_share}")
    cut = n - max(1, round(held_share * n))
    mean, spread = _scales(rows[:cut])
    learning, holding = (_examples(_scaled(part, mean, spread)) for part in (rows[:cut], rows[cut:]))
    settings = settings or TrainSettings(
        steps=max(1, 10 * cut // 256), batch_size=256, learning_rate=3e-3, patience=5, device="cpu",
        evaluate_every=max(1, 10 * cut // 256 // 20),
    )  # fmt: skip
    branch = MlpConfig(size=k, width=width, depth=1, outputs=code)
    network = build(FusionConfig((("rows", branch),), width=width, depth=1, outputs=k), settings.seed)
    done = train(network, learning, holding, loss=PresentMse(), settings=settings)
    made = Autoencoder(done.network, mean, spread, np.zeros(0))
    errors = made.errors(rows[cut:])
    return Autoencoder(done.network, mean, spread, np.sort(errors[np.isfinite(errors)]))


def _scales(rows: NDArray) -> tuple[NDArray, NDArray]:
    """Mean and spread of each column, of what is there."""
    there = np.isfinite(rows)
    count = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, rows, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(there, rows - mean, 0.0) ** 2).sum(axis=0) / count)
    return mean, np.where(spread > 1e-9, spread, 1.0)


def _scaled(rows: NDArray, mean: NDArray, spread: NDArray) -> NDArray[np.float32]:
    """In spreads from the mean; NaN where missing."""
    rows = np.asarray(rows, float)
    if rows.ndim != 2 or rows.shape[1] != len(mean):
        raise InputError(f"rows of shape {rows.shape} do not fit {len(mean)} columns")
    scaled = np.where(np.isfinite(rows), (rows - mean) / spread, np.nan)
    return np.clip(scaled, -MOST_SPREADS, MOST_SPREADS).astype(np.float32)


def _examples(scaled: NDArray) -> Examples:
    filled = np.nan_to_num(scaled)
    return Examples({"rows": filled}, np.stack([filled, ~np.isnan(scaled)], axis=-1).astype(np.float32))
