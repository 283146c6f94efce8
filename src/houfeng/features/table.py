"""The as-of table: features and layers in every cell at every moment, none of which has seen what came later.

How the future is kept out: moments ascend, and earthquakes are handed over in the order in which they were issued. At
each moment a feature has been handed those issued by then, and no other; a layer is asked for what had been issued.
:func:`houfeng.features.proof.prove` checks from outside that nothing came in another way.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FutureError, InputError, SourceError, UnknownNameError
from houfeng.features.base import CATALOGUE, Feature, Layer, Lineage, Sweep, SweepingFeature
from houfeng.features.layer_notes import LayerNotes
from houfeng.regions import Grid
from houfeng.times import from_datetime64, parse_time, to_datetime64

_FORMAT = "houfeng-features-1"


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Columns of numbers by moment and cell.

    Attributes
    ----------
    times : ndarray of datetime64[us], shape (n_t,)
        Ascending, UTC: each row rests on what had been issued by its moment.
    grid
        The n_c cells.
    columns : dict of ndarray of float32, shape (n_t, n_c)
        By name; NaN where missing.
    lineage
        By name.
    left_out
        What is missing wholly or in part, and why, for people.

    Raises
    ------
    InputError
        When shapes do not fit, times do not ascend, a value is infinite or a column has no lineage.
    FutureError
        When a column rests on something issued after the last moment.
    """

    times: np.ndarray
    grid: Grid
    columns: Mapping[str, np.ndarray]
    lineage: Mapping[str, Lineage]
    left_out: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        times = ascending(self.times)
        object.__setattr__(self, "times", times)
        shape = (len(times), len(self.grid))
        columns = {name: np.asarray(column, np.float32) for name, column in self.columns.items()}
        for name, column in columns.items():
            if column.shape != shape:
                raise InputError(f"column {name} has shape {column.shape}, expected {shape}: moments by cells")
            if np.isinf(column).any():
                raise InputError(f"column {name} has infinite values; a missing value is NaN")
            if name not in self.lineage:
                raise InputError(f"column {name} has no lineage: say where it comes from, in which unit")
            issued = self.lineage[name].latest_issued
            if issued is not None and len(times) and to_datetime64(issued) > times[-1]:
                raise FutureError(
                    f"column {name} rests on something issued {issued.isoformat()}, after the last moment "
                    f"{times[-1]}Z of the table"
                )
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "lineage", {name: self.lineage[name] for name in columns})
        object.__setattr__(self, "left_out", tuple(self.left_out))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns, in order."""
        return tuple(self.columns)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Moments, cells, columns."""
        return len(self.times), len(self.grid), len(self.columns)

    def matrix(self, names: Sequence[str] | None = None) -> np.ndarray:
        """Rows for a learner, shape (n_t * n_c, k) float32: all cells of the first moment, then of the second."""
        names = self.names if names is None else self._checked(names)
        out = np.empty((len(self.times) * len(self.grid), len(names)), np.float32)
        for k, name in enumerate(names):
            out[:, k] = self.columns[name].ravel()
        return out

    def select(self, names: Sequence[str]) -> "FeatureTable":
        """The columns `names` alone, in that order."""
        names = self._checked(names)
        return replace(self, columns={name: self.columns[name] for name in names})

    def rows(self, chosen: np.ndarray) -> "FeatureTable":
        """Some of the moments: a boolean mask, a slice or ascending row numbers."""
        times = self.times[chosen]
        last = from_datetime64(times[-1]) if len(times) else None
        lineage = {
            name: replace(entry, latest_issued=min(entry.latest_issued, last))
            if last is not None and entry.latest_issued is not None
            else entry
            for name, entry in self.lineage.items()
        }
        columns = {name: column[chosen] for name, column in self.columns.items()}
        return replace(self, times=times, columns=columns, lineage=lineage)

    def before(self, moment: datetime) -> "FeatureTable":
        """Moments earlier than `moment`; columns are views, not copies."""
        return self.rows(slice(None, int(np.searchsorted(self.times, to_datetime64(moment)))))

    def since(self, moment: datetime) -> "FeatureTable":
        """`moment` and later; columns are views, not copies."""
        return self.rows(slice(int(np.searchsorted(self.times, to_datetime64(moment))), None))

    def names_with_values(self) -> tuple[str, ...]:
        """Columns that are not missing everywhere: what can be learned from, asked of ``table.before(...)``."""
        return tuple(name for name, column in self.columns.items() if not np.isnan(column).all())

    def joined(self, other: "FeatureTable") -> "FeatureTable":
        """With the columns of `other`, which has the same moments and cells and no column of the same name."""
        if not np.array_equal(self.times, other.times):
            raise InputError("tables of different moments cannot be joined; build both for the same times")
        if not same_cells(self.grid, other.grid):
            raise InputError("tables of different cells cannot be joined; build both on the same grid")
        twice = sorted(set(self.columns) & set(other.columns))
        if twice:
            raise InputError(f"both tables have the columns {', '.join(twice)}; select the ones to keep first")
        return replace(
            self,
            columns={**self.columns, **other.columns},
            lineage={**self.lineage, **other.lineage},
            left_out=self.left_out + other.left_out,
        )

    def _checked(self, names: Sequence[str]) -> tuple[str, ...]:
        for name in names:
            if name not in self.columns:
                raise UnknownNameError("column", name, self.columns)
        return tuple(names)

    def save(self, path: str | Path) -> None:
        """Write as ``.npz`` (uncompressed), whole or not at all."""
        path = Path(path)
        lineage = {
            name: [e.source, e.meaning, e.unit, e.licence, e.latest_issued and e.latest_issued.isoformat()]
            for name, e in self.lineage.items()
        }
        header = {
            "format": _FORMAT,
            "names": self.names,
            "lineage": lineage,
            "left_out": self.left_out,
            "cell_deg": self.grid.cell_deg,
        }
        arrays = {f"column{k}": self.columns[name] for k, name in enumerate(self.names)}
        part = path.with_name(path.name + ".part")
        try:
            with part.open("wb") as stream:
                np.savez(stream, header=np.array(json.dumps(header, ensure_ascii=False)), times=self.times,
                         west=self.grid.west, south=self.grid.south, **arrays)  # fmt: skip
            part.replace(path)
        except OSError as error:
            raise SourceError(f"cannot write the table of features {path}: {error.strerror or error}") from error

    @classmethod
    def load(cls, path: str | Path) -> "FeatureTable":
        """Read what :meth:`save` wrote.

        Raises
        ------
        SourceError
            When the file is missing, damaged or something else.
        """
        try:
            with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                header = json.loads(str(file["header"]))
                if header["format"] != _FORMAT:
                    raise KeyError(header["format"])
                columns = {name: file[f"column{k}"] for k, name in enumerate(header["names"])}
                grid = Grid(west=file["west"], south=file["south"], cell_deg=header["cell_deg"])
                times = file["times"]
        except OSError as error:
            raise SourceError(f"cannot read the table of features {path}: {error.strerror or error}") from error
        except (ValueError, KeyError, EOFError, TypeError, BadZipFile) as error:
            raise SourceError(f"{path} is no table of features, or damaged: {error}; build it again") from error
        lineage = {
            name: Lineage(*words, latest_issued=issued and parse_time(issued))
            for name, (*words, issued) in header["lineage"].items()
        }
        return cls(times, grid, columns, lineage, tuple(header["left_out"]))


def ascending(times: np.ndarray) -> np.ndarray:
    """`times` as datetime64[us]; InputError when they do not ascend strictly."""
    times = np.atleast_1d(np.asarray(times)).astype("datetime64[us]")
    if times.ndim != 1 or np.isnat(times).any() or (np.diff(times) <= np.timedelta64(0)).any():
        raise InputError("the moments of a table must be real times (UTC), one after another, none of them twice")
    return times


def same_cells(one: Grid, other: Grid) -> bool:
    """Whether two grids have the same cells in the same order."""
    return (
        one.cell_deg == other.cell_deg
        and np.array_equal(one.west, other.west)
        and np.array_equal(one.south, other.south)
    )


def build_table(
    catalog: Catalog,
    grid: Grid,
    times: np.ndarray,
    features: Sequence[Feature],
    layers: Sequence[Layer] = (),
    progress: Callable[[int, int], None] | None = None,
) -> FeatureTable:
    """Compute features and layers at each of `times` from what had been issued by then.

    Parameters
    ----------
    catalog
        All there is; each moment sees its own part of it.
    times : ndarray of datetime64[us], shape (n_t,)
        Ascending, UTC.
    features, layers
        What to compute; no name twice.
    progress
        Called with the number of moments done and of all.

    Raises
    ------
    InputError
        When times do not ascend, a name stands twice, or a feature returns the wrong shape.
    """
    times = ascending(times)
    names = [name for part in (*features, *layers) for name in part.names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"the names {', '.join(twice)} stand twice among the features and layers")
    columns = {name: np.full((len(times), len(grid)), np.nan, np.float32) for name in names}
    running = [_running(feature, grid) for feature in features]
    placed = [layer.on(grid) for layer in layers]
    notes = LayerNotes(layers, len(times))
    for row, (moment, new, known) in enumerate(_unfolding(catalog, times)):
        for feature, run in zip(features, running, strict=True):
            _fill(columns, feature.names, row, run(moment, new, known), len(grid))
        for layer, at in zip(layers, placed, strict=True):
            found = at(moment)
            notes.take(layer, found, moment)
            _fill(columns, layer.names, row, found.values, len(grid))
        if progress is not None:
            progress(row + 1, len(times))
    latest = _latest_issued(catalog, times)
    lineage: dict[str, Lineage] = {}
    for feature in features:
        for name, entry in feature.lineage.items():
            here = {"source": catalog.provenance.source, "licence": catalog.provenance.licence}
            lineage[name] = replace(entry, latest_issued=latest, **(here if entry.source == CATALOGUE else {}))
    for layer in layers:
        issued = notes.latest.get(layer.name)
        lineage |= {name: replace(entry, latest_issued=issued) for name, entry in layer.lineage.items()}
    for name in notes.absent_columns():
        del columns[name]
    return FeatureTable(times, grid, columns, lineage, notes.messages())


Known = Callable[[], Catalog]


def _unfolding(catalog: Catalog, times: np.ndarray) -> Iterator[tuple[datetime, Catalog, Known]]:
    """Each moment, what was issued since the one before, and how to get all that was issued by it."""
    order = np.argsort(catalog.issued, kind="stable")
    ends = np.searchsorted(catalog.issued[order], times, side="right")
    begin = 0
    for moment, end in zip(times, ends, strict=True):
        at = from_datetime64(moment)
        yield at, catalog.select(np.sort(order[begin:end])), lambda at=at: catalog.as_of(at)
        begin = end


def _running(feature: Feature, grid: Grid) -> Callable[[datetime, Catalog, Known], np.ndarray]:
    """How to get the values of a feature at one moment after another."""
    if not isinstance(feature, SweepingFeature):
        return lambda at, new, known: feature.compute(known(), at, grid)
    sweep: Sweep = feature.sweep(grid)

    def step(at: datetime, new: Catalog, known: Known) -> np.ndarray:
        sweep.add(new)
        return sweep.at(at)

    return step


def _fill(columns: dict[str, np.ndarray], names: Sequence[str], row: int, values: np.ndarray, cells: int) -> None:
    if np.shape(values) != (cells, len(names)):
        raise InputError(f"{', '.join(names)}: values of shape {np.shape(values)}, expected {(cells, len(names))}")
    for k, name in enumerate(names):
        columns[name][row] = values[:, k]


def _latest_issued(catalog: Catalog, times: np.ndarray) -> datetime | None:
    """Issue time of the last earthquake that the table knows."""
    if not len(times):
        return None
    issued = catalog.issued[catalog.issued <= times[-1]]
    return from_datetime64(issued.max()) if len(issued) else None
