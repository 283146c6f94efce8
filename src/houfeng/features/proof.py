"""Proof that no feature sees the future: change the future, and not a byte of the table may change."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FutureError
from houfeng.features.base import Feature
from houfeng.features.table import FeatureTable, ascending, build_table
from houfeng.regions import Grid
from houfeng.times import from_datetime64

#: Fabricated earthquakes after a moment, and before it but published after it.
AFTER, UNPUBLISHED = 40, 20

Features = Sequence[Feature] | Callable[[Catalog], Sequence[Feature]]


def prove(catalog: Catalog, grid: Grid, times: np.ndarray, features: Features, rng: np.random.Generator) -> None:
    """Build the table in worlds that differ only in what was not issued by a moment, and compare.

    For each of `times` there are three: the catalogue as it is; without everything issued later; and with great
    earthquakes fabricated in the cells, some of which happen later, some of which happened before and are issued
    later, and with other magnitudes and issue times of the real ones that were not yet issued.

    Parameters
    ----------
    times : ndarray of datetime64[us]
        A few are enough; each costs two tables.
    features
        Or a function that makes them of a catalogue, which also catches those that carry a catalogue in themselves.

    Raises
    ------
    FutureError
        When a column differs anywhere at a moment or before it: it depends on what was issued later.
    """
    times = ascending(times)
    real = _table(catalog, grid, times, features)
    for row, moment in enumerate(times):
        past = catalog.as_of(from_datetime64(moment))
        for what, world in (("taken away", past), ("made up", with_false_future(catalog, grid, moment, rng))):
            other = _table(world, grid, times[: row + 1], features)
            for name, column in other.columns.items():
                if not np.array_equal(column, real.columns[name][: row + 1], equal_nan=True):
                    raise FutureError(
                        f"the feature {name} at or before {moment}Z changes when what was issued later is {what}; "
                        "it must be computed from the catalogue it is handed, and from nothing else"
                    )


def with_false_future(catalog: Catalog, grid: Grid, moment: np.datetime64, rng: np.random.Generator) -> Catalog:
    """`catalog` with another world after `moment`, of which nobody knew then.

    Earthquakes are added, later ones and earlier ones issued later; those that are issued later anyway get other
    magnitudes, and issue times up to ten days later still.
    """
    n = AFTER + UNPUBLISHED
    offset = rng.integers(1, 30 * 86_400_000_000, n).astype("timedelta64[us]")
    offset[AFTER:] *= -1
    time = moment + offset
    cell = rng.integers(len(grid), size=n)
    added = {
        "event_id": np.array([f"fabricated-{i}" for i in range(n)], object),
        "time": time,
        "longitude": grid.longitude[cell],
        "latitude": grid.latitude[cell],
        "depth_km": rng.uniform(0, 30, n),
        "magnitude": np.round(rng.uniform(5, 8.5, n), 1),
        "magnitude_type": np.full(n, "", object),
        "issued": np.maximum(time, moment) + rng.integers(1, 10**12, n).astype("timedelta64[us]"),
    }
    real, unknown = dict(catalog.columns), catalog.issued > moment
    revised = rng.integers(0, 10 * 86_400_000_000, len(catalog)).astype("timedelta64[us]")
    real["issued"] = np.where(unknown, catalog.issued + revised, catalog.issued)
    real["magnitude"] = np.where(unknown, rng.permutation(catalog.magnitude), catalog.magnitude)
    columns = {name: np.concatenate([column, added[name]]) for name, column in real.items()}
    end = max(catalog.provenance.data_end, from_datetime64(columns["issued"].max()))
    return Catalog(**columns, provenance=replace(catalog.provenance, data_end=end))


def _table(catalog: Catalog, grid: Grid, times: np.ndarray, features: Features) -> FeatureTable:
    made = features(catalog) if callable(features) else features
    return build_table(catalog, grid, times, made)
