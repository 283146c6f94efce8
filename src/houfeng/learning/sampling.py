"""Which examples each step sees: a function of seed and step alone, so a resumed training needs no memory of it."""

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import InputError


class ShuffledOrder:
    """Every example once an epoch, in an order of its own.

    Parameters
    ----------
    n
        Number of examples.
    batch_size
        Rows of a step; epochs follow one another without a short batch between.
    seed
        Root of all orders.
    """

    def __init__(self, n: int, batch_size: int, seed: int) -> None:
        self.n, self.batch_size, self.seed = n, min(batch_size, n), seed
        self._epoch, self._rows = -1, np.empty(0, dtype=np.int64)

    def rows(self, step: int) -> NDArray[np.int64]:
        """Rows of `step`, (batch_size,)."""
        first = step * self.batch_size
        wanted = np.arange(first, first + self.batch_size)
        epochs, places = np.divmod(wanted, self.n)
        return np.concatenate([self._order(epoch)[places[epochs == epoch]] for epoch in np.unique(epochs)])

    def _order(self, epoch: int) -> NDArray[np.int64]:
        if epoch != self._epoch:
            self._epoch, self._rows = epoch, np.random.default_rng([self.seed, 1, epoch]).permutation(self.n)
        return self._rows


class BalancedOrder:
    """Classes drawn evenly, examples of a class with replacement: for rare classes, at the price of calibration.

    Parameters
    ----------
    classes
        Class of each example, (n,).
    batch_size, seed
        As in `ShuffledOrder`.
    """

    def __init__(self, classes: NDArray, batch_size: int, seed: int) -> None:
        classes = np.asarray(classes)
        if classes.ndim != 1:
            raise InputError(f"a balanced order needs one class an example, (n,); the target is {classes.shape}")
        if classes.dtype.kind == "f":
            classes = classes > 0.5
        self._members = [np.flatnonzero(classes == value) for value in np.unique(classes)]
        if len(self._members) < 2:
            raise InputError("a balanced order needs at least two classes, there is one")
        self.batch_size, self.seed = min(batch_size, len(classes)), seed

    def rows(self, step: int) -> NDArray[np.int64]:
        """Rows of `step`, (batch_size,)."""
        rng = np.random.default_rng([self.seed, 2, step])
        drawn = (rng.permutation(self.batch_size) + step) % len(self._members)
        return np.array([self._members[value][rng.integers(len(self._members[value]))] for value in drawn])
