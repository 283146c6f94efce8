"""How residuals of ground motion hang together: across measures, and across space within one earthquake.

Within one earthquake: the linear model of coregionalisation of Loth and Baker (2013), *Earthquake Engineering and
Structural Dynamics* 42, 397-417, doi:10.1002/eqe.2212, with the coefficients of the erratum (2020), same journal 49,
315-316: a short-range part (20 km), a long-range part (70 km) and a part without spatial extent (nugget).

Between earthquakes: Baker and Jayaram (2008), *Earthquake Spectra* 24, 299-317, doi:10.1193/1.2857544, eq. 1 to 6.

Peak velocity is in neither; its correlation with spectral acceleration is that of Bradley (2012), *Earthquake
Spectra* 28, 17-35, doi:10.1193/1.3675582. Within one earthquake it is taken as what the PGA and SA(1.0) beside it
foretell, with his coefficients, and a rest of its own with the spatial shape of SA(1.0).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.shaking.motion import period_of

#: Distances at which the two spatial parts have fallen to 5 %, km (eq. 42 of Loth and Baker 2013).
RANGES_KM = (20.0, 70.0)

#: Periods of the tables, s; PGA is taken as 0.01 s.
_PERIODS_S = np.array([0.01, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 7.5, 10.0])

#: Upper triangles of the three tables of the erratum, row after row, in hundredths. Together their diagonals are one
#: but for rounding (0.99 at 0.5 s, 1.01 at 1 s), which is made good where they are used.
_SHORT = (
    *(29, 25, 23, 23, 18, 10, 6, 6, 6, 30, 20, 16, 10, 4, 3, 4, 5, 27, 18, 10, 3, 0, 1, 2, 31, 22, 14, 8, 7, 7),
    *(33, 24, 16, 13, 12, 33, 26, 21, 19, 37, 30, 26, 28, 24, 23),
)
_LONG = (
    *(47, 40, 43, 35, 27, 15, 13, 9, 12, 42, 37, 25, 15, 3, 4, 0, 3, 45, 36, 26, 15, 9, 5, 8, 42, 37, 29, 20, 16, 16),
    *(48, 41, 26, 21, 21, 55, 37, 33, 32, 51, 49, 49, 62, 60, 68),
)
_NUGGET = (
    *(24, 22, 21, 9, -2, 1, 3, 2, 1, 28, 20, 4, -5, 0, 1, 1, -1, 28, 5, -6, 0, 4, 3, 1, 26, 14, 5, 5, 5, 4),
    *(20, 7, 5, 5, 5, 12, 8, 7, 6, 12, 10, 8, 10, 9, 9),
)


@dataclass(frozen=True, eq=False)
class Correlation:
    """Correlations of standardised residuals in k measures.

    Attributes
    ----------
    measures
        Names, see :data:`houfeng.shaking.motion.MEASURES`.
    ranges_km : tuple of float, length l
        Of the spatial parts, each exp(-3 h / range) at distance h.
    sills : ndarray, shape (l, k, k)
        Positive semidefinite weight of each part.
    nugget : ndarray, shape (k, k)
        Of the part that two distinct places do not share; with the sills it sums to one on the diagonal.
    between : ndarray, shape (k, k)
        Correlation of the residuals between earthquakes.
    """

    measures: tuple[str, ...]
    ranges_km: tuple[float, ...]
    sills: np.ndarray
    nugget: np.ndarray
    between: np.ndarray

    def __post_init__(self) -> None:
        k = len(self.measures)
        if self.sills.shape != (len(self.ranges_km), k, k) or {self.nugget.shape, self.between.shape} != {(k, k)}:
            raise InputError(
                f"correlation matrices must be {k} by {k}, one sill for each of {len(self.ranges_km)} ranges"
            )
        total = np.diag(self.sills.sum(axis=0) + self.nugget)
        if np.abs(np.concatenate([total, np.diag(self.between)]) - 1).max() > 1e-9:
            raise InputError("correlations of a measure with itself at one place must be 1")

    def within(self, distance_km: np.ndarray) -> np.ndarray:
        """Correlation within one earthquake at `distance_km`, shape (..., k, k); the nugget counts at 0 only."""
        distance = np.asarray(distance_km, float)[..., None, None]
        spatial = sum(np.exp(-3 * distance / r) * sill for r, sill in zip(self.ranges_km, self.sills, strict=True))
        return spatial + (distance == 0) * self.nugget


def correlation_of(measures: Sequence[str]) -> Correlation:
    """The published correlations of `measures`.

    Parameters
    ----------
    measures
        ``PGA``, ``PGV`` or ``SA(T)`` with T from 0.01 to 10 s, each once. Between the periods of the tables weights
        are linear in T, so that the matrices stay positive semidefinite, and made to sum to one on the diagonal.

    Raises
    ------
    InputError
        When a measure is unknown, given twice, or its period is outside 0.01 to 10 s.
    """
    measures = tuple(measures)
    if len(set(measures)) != len(measures) or not measures:
        raise InputError(f"measures must be named once each, these are {list(measures)}")
    parts = np.stack([_semidefinite(_symmetric(table)) for table in (_SHORT, _LONG, _NUGGET)])
    spectral = _scaled(_spread(parts, np.stack([_weights(0.01), _weights(1.0), *map(_own_weights, measures)])))
    chosen = np.zeros((len(measures), len(measures) + 2))
    rest = np.zeros(len(measures))
    for row, measure in enumerate(measures):
        if measure == "PGV":
            chosen[row, :2], rest[row] = _velocity_weights(spectral[:, 0, 1].sum())
        else:
            chosen[row, row + 2] = 1.0
    velocity_shape = spectral[:, 1, 1][:, None, None] * np.diag(rest)
    parts = _scaled(chosen @ spectral @ chosen.T + velocity_shape)
    return Correlation(measures, RANGES_KM, parts[:2], parts[2], _between(measures))


def baker_jayaram(first_s: float, second_s: float) -> float:
    """Correlation of residuals at two periods in s, 0.01 to 10 (Baker and Jayaram 2008, eq. 1 to 6).

    Examples
    --------
    >>> round(baker_jayaram(0.01, 1.0), 3)
    0.519
    """
    low, high = min(first_s, second_s), max(first_s, second_s)
    c1 = 1 - np.cos(np.pi / 2 - 0.366 * np.log(high / max(low, 0.109)))
    steep = 1 - 1 / (1 + np.exp(min(100 * high - 5, 500.0)))
    c2 = 1 - 0.105 * steep * (high - low) / (high - 0.0099) if high < 0.2 else 0.0
    c3 = c2 if high < 0.109 else c1
    c4 = c1 + 0.5 * (np.sqrt(c3) - c3) * (1 + np.cos(np.pi * low / 0.109))
    if high <= 0.109:
        return float(c2)
    if low > 0.109:
        return float(c1)
    return float(min(c2, c4) if high < 0.2 else c4)


def bradley_velocity(period_s: float) -> float:
    """Correlation of the residuals of PGV and of SA at a period in s, 0.01 to 10 (Bradley 2012, table 2).

    Examples
    --------
    >>> round(bradley_velocity(1.0), 3)
    0.786
    """
    rows = ((0.1, 0.73, 0.54, 0.045, 1.8), (0.75, 0.54, 0.81, 0.28, 1.5), (2.5, 0.80, 0.76, 1.1, 3.0))
    a, b, c, d = next((row[1:] for row in rows if period_s < row[0]), (0.76, 0.70, 5.0, 3.2))
    return float((a + b) / 2 - (a - b) / 2 * np.tanh(d * np.log(period_s / c)))


def _velocity_weights(correlation: float) -> tuple[np.ndarray, float]:
    """Weights of PGA and SA(1.0) in PGV, and the variance of the rest, all of unit variance."""
    target = np.array([bradley_velocity(0.01), bradley_velocity(1.0)])
    weights = np.linalg.solve([[1.0, correlation], [correlation, 1.0]], target)
    return weights, float(1 - weights @ target)


def _between(measures: tuple[str, ...]) -> np.ndarray:
    matrix = np.eye(len(measures))
    for i, first in enumerate(measures):
        for j, second in enumerate(measures[:i]):
            if "PGV" in (first, second):
                value = bradley_velocity(_period(second if first == "PGV" else first))
            else:
                value = baker_jayaram(_period(first), _period(second))
            matrix[i, j] = matrix[j, i] = value
    return _scaled(_semidefinite(matrix)[None])[0]


def _period(measure: str) -> float:
    period = 0.01 if measure == "PGA" else period_of(measure)
    if not 0.01 <= period <= 10:
        raise InputError(f"correlations are published for periods from 0.01 to 10 s, not for {measure}")
    return period


def _own_weights(measure: str) -> np.ndarray:
    return _weights(1.0 if measure == "PGV" else _period(measure))


def _weights(period_s: float) -> np.ndarray:
    """Linear weights of the periods of the tables."""
    return np.array([np.interp(period_s, _PERIODS_S, row) for row in np.eye(len(_PERIODS_S))])


def _symmetric(triangle: Sequence[int]) -> np.ndarray:
    n = len(_PERIODS_S)
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n)] = np.array(triangle) / 100
    return matrix + np.triu(matrix, 1).T


def _semidefinite(matrix: np.ndarray) -> np.ndarray:
    """Nearest matrix without negative eigenvalues: the tables are rounded to hundredths."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 0)) @ vectors.T


def _spread(parts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights @ parts @ weights.T


def _scaled(parts: np.ndarray) -> np.ndarray:
    """Parts whose sum has ones on the diagonal."""
    scale = 1 / np.sqrt(np.diag(parts.sum(axis=0)))
    return parts * scale[:, None] * scale[None, :]
