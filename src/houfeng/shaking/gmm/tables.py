"""Published coefficients, and which of them a measure needs."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from houfeng.errors import InputError
from houfeng.shaking.motion import period_of

#: Rows of one or more measures: column name -> values, shape (rows, 1).
Coefficients = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class CoefficientTable:
    """One model's table.

    Attributes
    ----------
    period : ndarray of float64, shape (rows,)
        In s; 0 for PGA, -1 for PGV.
    columns
        Coefficients by name, each of shape (rows,).
    """

    period: np.ndarray
    columns: dict[str, np.ndarray]

    def take(self, rows: np.ndarray) -> Coefficients:
        """Coefficients of some rows, ready to be spread over sites."""
        return {name: column[rows][:, None] for name, column in self.columns.items()}

    def plan(self, measures: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Rows to work out for `measures`, and how much each counts for each measure.

        Returns
        -------
        rows : ndarray of int, shape (r,)
            Each once.
        weights : ndarray of float64, shape (measures, r)
            One or two entries a line, adding to one: a period between two rows is interpolated in its logarithm.

        Raises
        ------
        InputError
            When a measure is not in the table, nor between two of its periods.
        """
        shares = [self._shares(measure) for measure in measures]
        rows = sorted({row for share in shares for row in share})
        weights = np.array([[share.get(row, 0.0) for row in rows] for share in shares])
        return np.array(rows), weights

    def _shares(self, measure: str) -> dict[int, float]:
        period = -1.0 if measure == "PGV" else period_of(measure)
        exact = np.flatnonzero(self.period == period)
        if len(exact):
            return {int(exact[0]): 1.0}
        order = np.flatnonzero(self.period > 0)
        order = order[np.argsort(self.period[order])]
        known = self.period[order]
        if not known[0] <= period <= known[-1]:
            raise InputError(
                f"this model has no {measure}; it has PGA and SA(T) with T from {known[0]} to {known[-1]} s"
            )
        above = int(np.searchsorted(known, period))
        low, high = np.log(known[above - 1]), np.log(known[above])
        share = float((np.log(period) - low) / (high - low))
        return {int(order[above - 1]): 1.0 - share, int(order[above]): share}


@cache
def read_table(name: str) -> CoefficientTable:
    """The table ``data/gmm/NAME.csv``."""
    text = files("houfeng.data").joinpath("gmm", f"{name}.csv").read_text(encoding="utf-8")
    names, *rows = csv.reader(text.splitlines())
    columns = dict(zip(names, np.array(rows, float).T.copy(), strict=True))
    for column in columns.values():
        column.flags.writeable = False
    return CoefficientTable(columns["period"], columns)
