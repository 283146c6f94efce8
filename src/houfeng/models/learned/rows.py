"""Rows to learn from: moments and cells of the past, what was known then, and whether an earthquake followed.

Nearly all cells are quiet nearly always. Every active cell is kept, and of the quiet ones a sample, more where the
prior expects more; each row counts by the inverse of its chance to be drawn, so that nothing is biased.
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from houfeng.errors import InputError, NotEnoughDataError

#: Fewest active cells that anything is learned from.
FEWEST_ACTIVE = 30
#: Earthquakes by which each part of the prior is believed to be at the common level: none is ever switched off.
PSEUDO = 0.5


@dataclass(frozen=True, eq=False)
class Rows:
    """Moments and cells, and what followed.

    Attributes
    ----------
    time : ndarray of datetime64[us], shape (n,)
        Ascending.
    cell : ndarray of int, shape (n,)
    features : ndarray of float32, shape (n, k)
        By the names that the model keeps; NaN where missing.
    log_prior : ndarray, shape (n,)
        Ln of the expected number of target earthquakes, by the prior.
    active : ndarray of bool, shape (n,)
        Whether at least one followed within the horizon.
    weight : ndarray, shape (n,)
        Rows that each stands for.
    patches : ndarray of float32, shape (n, channels, side, side), or (n, 0, 0, 0)
        Maps of features around the cell.
    sequences : ndarray of float32, shape (n, events, columns), or (n, 0, 0)
        The last earthquakes before the moment, oldest first; the last column says whether there is one.
    horizon
        How long after its moment what followed a row is told by.
    """

    time: np.ndarray
    cell: np.ndarray
    features: np.ndarray
    log_prior: np.ndarray
    active: np.ndarray
    weight: np.ndarray
    patches: np.ndarray
    sequences: np.ndarray
    horizon: np.timedelta64 = np.timedelta64(0, "us")

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self._columns().items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"the columns of rows differ in length: {lengths}")

    def __len__(self) -> int:
        return len(self.time)

    def select(self, rows: np.ndarray) -> "Rows":
        """Some of them, by mask or number."""
        return replace(self, **{name: column[rows] for name, column in self._columns().items()})

    def _columns(self) -> dict[str, np.ndarray]:
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "horizon"}

    def before(self, moment: np.datetime64) -> "Rows":
        """Those of earlier moments."""
        return self.select(self.time < moment)

    def over_by(self, moment: np.datetime64) -> "Rows":
        """Those of earlier moments of which all that followed had followed by `moment`."""
        return self.select((self.time < moment) & (self.time + self.horizon <= moment))

    def since(self, moment: np.datetime64) -> "Rows":
        """Those of this moment and later ones."""
        return self.select(self.time >= moment)

    @classmethod
    def joined(cls, parts: "list[Rows]") -> "Rows":
        """One after the other, all of one horizon."""
        columns = [part._columns() for part in parts]
        whole = {name: np.concatenate([one[name] for one in columns]) for name in columns[0]}
        return cls(**whole, horizon=parts[0].horizon)

    def checked(self, what: str) -> "Rows":
        """Themselves, if anything can be learned from them.

        Raises
        ------
        NotEnoughDataError
            With fewer than 30 active or quiet cells.
        """
        active = int(self.active.sum())
        if min(active, len(self) - active) < FEWEST_ACTIVE:
            raise NotEnoughDataError(
                f"{what} has {active} active and {len(self) - active} quiet cells; learning needs {FEWEST_ACTIVE} of "
                "each: lower the target magnitude, lengthen the horizon or the catalogue"
            )
        return self


@dataclass(frozen=True, slots=True)
class Level:
    """What the two parts of the prior are multiplied by, learned from the past: [1] for each is as they are."""

    background: float
    triggered: float

    @classmethod
    def fitted(
        cls, background: np.ndarray, triggered: np.ndarray, *, total_background: float, total_triggered: float
    ) -> "Level":
        """By maximum likelihood: the chances of the cells that were active against all that was expected.

        Parameters
        ----------
        background, triggered : ndarray, shape (active,)
            Expected numbers of each active cell.
        total_background, total_triggered
            Of all cells and moments.
        """
        usual = max(len(background), 1) / (total_background + total_triggered)
        a = c = usual
        for _ in range(500):
            own = a * background / (a * background + c * triggered)
            a = (own.sum() + PSEUDO) / (total_background + PSEUDO / usual)
            c = ((1 - own).sum() + PSEUDO) / (total_triggered + PSEUDO / usual)
        return cls(float(a), float(c))

    def of(self, background: np.ndarray, triggered: np.ndarray) -> np.ndarray:
        """Expected number of target earthquakes, shape as given."""
        return self.background * background + self.triggered * triggered


def draw_quiet(
    expected: np.ndarray, active: np.ndarray, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cells of one moment to learn from, and how many cells each stands for.

    Parameters
    ----------
    expected : ndarray, shape (cells,)
        By the prior.
    active : ndarray of bool, shape (cells,)
        All of these are taken.
    n
        About so many quiet ones, half of them by what is expected there, half evenly.
    """
    share = 0.5 * expected / expected.sum() + 0.5 / len(expected)
    chance = np.where(active, 1.0, np.minimum(1.0, n * share))
    cells = np.flatnonzero(rng.random(len(expected)) < chance)
    return cells, 1.0 / chance[cells]
