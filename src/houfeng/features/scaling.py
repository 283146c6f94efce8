"""Normalisation and reduction of columns, fitted on the training period and on nothing later."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from houfeng.errors import FutureError, InputError, NotEnoughDataError
from houfeng.features.base import Lineage
from houfeng.features.table import FeatureTable
from houfeng.times import from_datetime64, parse_time, require_utc, to_datetime64

#: How the middle and the spread of a column are measured.
WAYS = ("standard", "robust")

#: Interquartile range of a normal law in standard deviations.
_IQR = 1.3489795003921634

_ROWS_AT_ONCE = 200_000


@dataclass(frozen=True, eq=False)
class Scaling:
    """Columns less their middle, over their spread; missing values are 0, and where told by another column 1.

    Attributes
    ----------
    names
        Of the k columns.
    centre, spread : ndarray, shape (k,)
        Mean and standard deviation, or median and interquartile range as that of a normal law.
    indicated
        Columns that had missing values in the training period: each gets one more column, ``NAME_missing``.
    until
        The training period ended here: only moments before it were looked at.
    clip
        Scaled values are brought into [-clip, clip].
    """

    names: tuple[str, ...]
    centre: np.ndarray
    spread: np.ndarray
    indicated: tuple[str, ...]
    until: datetime
    clip: float = 10.0

    @classmethod
    def fit(
        cls,
        table: FeatureTable,
        *,
        until: datetime,
        how: str = "standard",
        names: Sequence[str] | None = None,
        clip: float = 10.0,
    ) -> "Scaling":
        """Measure the columns at the moments before `until`; later rows are cut off first.

        Parameters
        ----------
        how
            ``standard`` or ``robust``; a robust spread of 0 (more than half of the values alike) falls back to the
            standard deviation, and that to 1.
        names
            All columns when None.

        Raises
        ------
        NotEnoughDataError
            When no moment is before `until`, or a column has no value there.
        """
        if how not in WAYS:
            raise InputError(f"columns are scaled as {' or '.join(WAYS)}, not '{how}'")
        if not clip > 0:
            raise InputError(f"scaled values cannot be brought into [-{clip}, {clip}]; clip must be positive")
        until = require_utc(until, "end of the training period")
        past = table.before(until)
        names = table.names if names is None else past.select(names).names
        if not len(past.times):
            raise NotEnoughDataError(f"no moment of the table is before {until.isoformat()}; there is nothing to fit")
        centre, spread, indicated = np.zeros(len(names)), np.ones(len(names)), []
        for k, name in enumerate(names):
            values = past.columns[name].ravel()
            missing = np.isnan(values)
            if missing.all():
                raise NotEnoughDataError(f"column {name} has no value before {until.isoformat()}; leave it out")
            if missing.any():
                indicated.append(name)
                values = values[~missing]
            centre[k], spread[k] = _middle_and_spread(values.astype(float), how)
        return cls(names, centre, spread, tuple(indicated), until, float(clip))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of what :meth:`apply` returns."""
        return self.names + tuple(f"{name}_missing" for name in self.indicated)

    def apply(self, table: FeatureTable, *, may_lack: Collection[str] = ()) -> np.ndarray:
        """Scaled rows of any table that has the columns, shape (n_t * n_c, len(columns)) float32, none missing.

        Columns in `may_lack` may be absent, as those of a layer that dropped out are: all their values are missing.
        UnknownNameError for others.
        """
        there = [name for name in self.names if name in table.columns or name not in may_lack]
        matrix = table.matrix(there)
        if len(there) < len(self.names):
            whole = np.full((len(matrix), len(self.names)), np.nan, np.float32)
            whole[:, [self.names.index(name) for name in there]] = matrix
            matrix = whole
        return self.apply_to_rows(matrix)

    def apply_to_rows(self, matrix: np.ndarray) -> np.ndarray:
        """The same for rows of the k columns, shape (n, k), NaN where missing."""
        if np.ndim(matrix) != 2 or matrix.shape[1] != len(self.names):
            raise InputError(
                f"rows of shape {np.shape(matrix)}, expected (n, {len(self.names)}): {', '.join(self.names)}"
            )
        places = [self.names.index(name) for name in self.indicated]
        out = np.empty((len(matrix), len(self.columns)), np.float32)
        for start in range(0, len(matrix), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            missing = np.isnan(matrix[rows])
            scaled = (matrix[rows] - self.centre) / self.spread
            scaled[missing] = 0
            out[rows, : len(self.names)] = np.clip(scaled, -self.clip, self.clip)
            out[rows, len(self.names) :] = missing[:, places]
        return out

    def training_rows(self, table: FeatureTable) -> np.ndarray:
        """Scaled rows of the training period alone: what a reduction may be fitted on."""
        return self.apply(table.before(self.until))

    def to_dict(self) -> dict:
        """All of it as JSON takes it."""
        return {
            "names": list(self.names),
            "centre": self.centre.tolist(),
            "spread": self.spread.tolist(),
            "indicated": list(self.indicated),
            "until": self.until.isoformat(),
            "clip": self.clip,
        }

    @classmethod
    def from_dict(cls, document: Mapping) -> "Scaling":
        """From what :meth:`to_dict` returned."""
        try:
            return cls(
                names=tuple(document["names"]),
                centre=np.array(document["centre"], float),
                spread=np.array(document["spread"], float),
                indicated=tuple(document["indicated"]),
                until=parse_time(document["until"]),
                clip=float(document["clip"]),
            )
        except (KeyError, TypeError) as error:
            raise InputError(f"this is no scaling of columns: {error} is missing or wrong") from error


def _middle_and_spread(values: np.ndarray, how: str) -> tuple[float, float]:
    deviation = float(values.std())
    deviation = deviation if deviation > 1e-9 * max(abs(float(values.mean())), 1e-30) else 1.0
    if how == "standard":
        return float(values.mean()), deviation
    low, middle, high = np.percentile(values, [25, 50, 75])
    return float(middle), float(high - low) / _IQR if high > low else deviation


@dataclass(frozen=True, eq=False)
class Pca:
    """Principal components of scaled rows.

    Attributes
    ----------
    mean : ndarray, shape (k,)
    components : ndarray, shape (m, k)
        Unit vectors, the one of most variance first; the largest part of each is positive.
    shares : ndarray, shape (m,)
        Of the whole variance.
    """

    mean: np.ndarray
    components: np.ndarray
    shares: np.ndarray

    @classmethod
    def fit(cls, rows: np.ndarray, n_components: int) -> "Pca":
        """From rows of the training period, shape (n, k), for instance ``scaling.training_rows(table)``.

        Raises
        ------
        NotEnoughDataError
            With fewer rows than components, or components than columns.
        """
        n, k = np.shape(rows)
        if not 0 < n_components <= min(n, k):
            raise NotEnoughDataError(f"{n} rows of {k} columns do not have {n_components} principal components")
        mean = rows.mean(axis=0, dtype=float)
        covariance = np.zeros((k, k))
        for start in range(0, n, _ROWS_AT_ONCE):
            part = rows[start : start + _ROWS_AT_ONCE] - mean
            covariance += part.T @ part
        values, vectors = np.linalg.eigh(covariance / n)
        vectors = vectors.T[::-1][:n_components]
        largest = vectors[np.arange(n_components), np.abs(vectors).argmax(axis=1)]
        values = np.maximum(values[::-1], 0)
        return cls(mean, vectors * np.sign(largest)[:, None], values[:n_components] / max(values.sum(), 1e-300))

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Scores, shape (n, m)."""
        return (rows - self.mean) @ self.components.T

    def back(self, scores: np.ndarray) -> np.ndarray:
        """Rows as well as the components can tell them, shape (n, k)."""
        return scores @ self.components + self.mean

    def to_dict(self) -> dict:
        """All of it as JSON takes it."""
        return {key: getattr(self, key).tolist() for key in ("mean", "components", "shares")}

    @classmethod
    def from_dict(cls, document: Mapping) -> "Pca":
        """From what :meth:`to_dict` returned."""
        return cls(**{key: np.array(document[key], float) for key in ("mean", "components", "shares")})


#: Rows (n, k) to fewer columns (n, m): principal components, or the encoder of an autoencoder.
Encode = Callable[[np.ndarray], np.ndarray]


def reduced(table: FeatureTable, scaling: Scaling, encode: Encode, *, prefix: str, method: str) -> FeatureTable:
    """A table of what `encode` makes of the scaled columns: ``PREFIX_0`` and so on.

    Parameters
    ----------
    encode
        Fitted on ``scaling.training_rows(table)``: a :class:`Pca`, or the encoder of an autoencoder. Takes rows of
        shape (n, len(scaling.columns)) and returns (n, m).
    method
        What `encode` is, for the lineage.
    """
    rows = scaling.apply(table)
    codes = [np.asarray(encode(rows[i : i + _ROWS_AT_ONCE]), np.float32) for i in range(0, len(rows), _ROWS_AT_ONCE)]
    values = np.concatenate(codes).reshape(len(table.times), len(table.grid), -1)
    meaning = f"{method} of {len(scaling.names)} columns, fitted before {scaling.until.isoformat()}"
    known = [entry.latest_issued for name, entry in table.lineage.items() if name in scaling.names]
    latest = max((issued for issued in known if issued is not None), default=None)
    sources = sorted({table.lineage[name].source for name in scaling.names})
    about = Lineage("; ".join(sources), meaning, "1", latest_issued=latest)
    names = [f"{prefix}_{k}" for k in range(values.shape[2])]
    columns = {name: np.ascontiguousarray(values[:, :, k]) for k, name in enumerate(names)}
    return FeatureTable(table.times, table.grid, columns, dict.fromkeys(names, about), table.left_out)


def prove_fit(
    fit: Callable[[FeatureTable], Mapping], table: FeatureTable, until: datetime, rng: np.random.Generator
) -> None:
    """Fit with all rows, without the later ones and with false later ones; raise FutureError when a number differs.

    Parameters
    ----------
    fit
        Returns what was fitted as :meth:`Scaling.to_dict` does.
    until
        End of the training period; rows of this moment and later must not matter.
    """
    later = table.times >= to_datetime64(until)
    if not later.any() or later.all():
        raise InputError(f"moments both before {until.isoformat()} and after it are needed to prove anything")
    false = {name: column.copy() for name, column in table.columns.items()}
    for column in false.values():
        column[later] = rng.normal(0, 1e6, column[later].shape)
    other = FeatureTable(table.times, table.grid, false, table.lineage, table.left_out)
    found = fit(table)
    for what, world in (("taken away", table.before(until)), ("made up", other)):
        if fit(world) != found:
            last = from_datetime64(table.times[-1])
            raise FutureError(
                f"what was fitted until {until.isoformat()} changes when rows up to {last.isoformat()} are {what}; "
                "fit on table.before(until) alone"
            )
