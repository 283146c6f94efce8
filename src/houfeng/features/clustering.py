"""How clustered earthquakes around a cell are: in time alone, and by nearest neighbours in time, space and size."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.nearest_neighbour import Metric
from houfeng.catalogs.proximity import EventTree, nearest
from houfeng.features.base import Lineage, Sweep, SweepingFeature, from_catalogue, last_days
from houfeng.features.discs import DAY_US, Known, Lately, Members
from houfeng.features.rates import check_radii, microseconds
from houfeng.regions import Grid
from houfeng.times import DAYS_PER_YEAR

#: Fewer intervals than this have no coefficient of variation.
MIN_INTERVALS = 3


@dataclass(frozen=True)
class Regularity(SweepingFeature):
    """Coefficient of variation of the times between successive earthquakes around each cell.

    1 for a Poisson process, more for clusters, less for something regular; Kagan & Jackson (1991), Geophys. J. Int.
    104, 117-133. Missing with fewer than three intervals.
    """

    min_magnitude: float
    radius_km: float = 30.0
    days: float = 365.0

    def __post_init__(self) -> None:
        check_radii((self.radius_km,))

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """One column."""
        return {
            f"cov_{self.days:g}d_r{self.radius_km:g}": from_catalogue(
                f"coefficient of variation of the times between earthquakes of M>={self.min_magnitude:g} within "
                f"{self.radius_km:g} km in {last_days(self.days)}",
                "1",
            )
        }

    def sweep(self, grid: Grid) -> Sweep:
        """Begin with nothing known."""
        return _RegularitySweep(self, grid)


class _RegularitySweep(Sweep):
    def __init__(self, feature: Regularity, grid: Grid) -> None:
        self._feature, self._lately = feature, Lately(grid, feature.radius_km, 0)

    def add(self, new: Catalog) -> None:
        new = new.above(self._feature.min_magnitude)
        self._lately.add(Members.of(new, np.zeros((len(new), 0))))

    def at(self, moment: datetime) -> np.ndarray:
        sums = self._lately.intervals(microseconds(moment) - round(self._feature.days * DAY_US))
        usable = (sums[:, 0] >= MIN_INTERVALS) & (sums[:, 1] > 0)
        n, total, squares = np.where(usable, sums.T, 1.0)
        spread = np.sqrt(np.maximum(squares / n - (total / n) ** 2, 0))
        return np.where(usable, spread / (total / n), np.nan)[:, None].astype(np.float32)


@dataclass(frozen=True)
class Clustering(SweepingFeature):
    """Share of the recent earthquakes around each cell that are clustered, and how near neighbours are on average.

    An earthquake is clustered when log10 eta, its proximity to its nearest earlier neighbour among all that are known,
    is at most `threshold`. A fixed threshold sees no future; take it from
    :func:`houfeng.catalogs.nearest_neighbour.two_modes` on the training period, or the usual -5 of California.

    References
    ----------
    Zaliapin & Ben-Zion (2013), J. Geophys. Res. 118, 2847-2864, doi:10.1002/jgrb.50179.
    """

    min_magnitude: float
    radius_km: float = 50.0
    days: float = 365.0
    threshold: float = -5.0
    metric: Metric = Metric()

    def __post_init__(self) -> None:
        check_radii((self.radius_km,))

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """Two columns."""
        who = f"earthquakes of M>={self.min_magnitude:g} within {self.radius_km:g} km in {last_days(self.days)}"
        where = f"{self.days:g}d_r{self.radius_km:g}"
        return {
            f"clustered_share_{where}": from_catalogue(
                f"share of the {who} that have a neighbour at log10 eta <= {self.threshold:g}", "1"
            ),
            f"log_eta_{where}": from_catalogue(
                f"mean proximity of the {who} to their nearest neighbours", "log10(years km^d)"
            ),
        }

    def sweep(self, grid: Grid) -> Sweep:
        """Begin with nothing known."""
        return _ClusteringSweep(self, grid)


class _ClusteringSweep(Sweep):
    """Keeps the nearest neighbour of every known earthquake; one that is issued late may be nearer than the last."""

    def __init__(self, feature: Clustering, grid: Grid) -> None:
        self._feature, self._neighbours = feature, GrowingNeighbours(feature.metric)
        self._lately = Lately(grid, feature.radius_km, 3)

    def add(self, new: Catalog) -> None:
        new = new.above(self._feature.min_magnitude)
        if len(new):
            members = Members.of(new, np.zeros((len(new), 3)))
            self._lately.add(members)
            self._neighbours.add(members, new.magnitude)

    def at(self, moment: datetime) -> np.ndarray:
        known = self._lately.known
        since_us = microseconds(moment) - round(self._feature.days * DAY_US)
        log_eta = self._neighbours.log10_eta(since_us)
        linked = np.isfinite(log_eta)
        values = known.values[known.first_row(since_us) :]
        values[:, 0], values[:, 1] = linked, log_eta <= self._feature.threshold
        values[:, 2] = np.where(linked, log_eta, 0)
        number, clustered, total = self._lately.sums(since_us).T
        mean = np.column_stack([clustered, total]) / np.maximum(number, 1)[:, None]
        return np.where(number[:, None] > 0, mean, np.nan).astype(np.float32)


class GrowingNeighbours:
    """The nearest earlier neighbour of each of a growing number of earthquakes; those added may be earlier ones too.

    Trees of what was added stand in a row and are merged like the digits of a binary number, so that all of the
    building costs n log n.
    """

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._known = Known(1)  # log10 eta, NaN until somebody asks
        self._trees: list[tuple[EventTree, np.ndarray, np.ndarray, np.ndarray]] = []

    def log10_eta(self, since_us: int) -> np.ndarray:
        """Of every earthquake since, in order of origin; infinite where nothing was earlier."""
        first = self._known.first_row(since_us)
        values = self._known.values[first:, 0]
        new = np.flatnonzero(np.isnan(values))
        years, xyz_km = _years(self._known.time_us[first:][new]), self._known.places[first:, 2:][new]
        eta = np.full(len(new), np.inf)
        for tree, *_ in self._trees:
            eta = np.minimum(eta, self._nearest(tree, years, xyz_km))
        values[new] = eta
        return values

    def add(self, new: Members, magnitude: np.ndarray) -> None:
        """Learn of earthquakes in order of origin."""
        years, xyz_km = _years(new.time_us), new.places[:, 2:]
        tree = EventTree.of(years, xyz_km, magnitude)
        later = self._known.first_row(int(new.time_us[0]))
        values = self._known.values[later:, 0]
        found = np.flatnonzero(~np.isnan(values))  # late reports may be nearer to these than any that was known
        places = self._known.places[later:, 2:][found]
        nearer = self._nearest(tree, _years(self._known.time_us[later:][found]), places)
        values[found] = np.minimum(values[found], nearer)
        self._known.insert(new.time_us, new.places, np.full((len(years), 1), np.nan))
        self._plant(tree, years, xyz_km, magnitude)

    def _nearest(self, tree: EventTree, years: np.ndarray, xyz_km: np.ndarray) -> np.ndarray:
        m = self._metric
        return nearest(tree, years, xyz_km, m.fractal_dimension, m.b, m.min_distance_km)[1]

    def _plant(self, tree: EventTree, *columns: np.ndarray) -> None:
        while self._trees and len(self._trees[-1][1]) < 2 * len(columns[0]):
            _, *older = self._trees.pop()
            columns = tuple(np.concatenate(pair) for pair in zip(older, columns, strict=True))
            tree = EventTree.of(*columns)
        self._trees.append((tree, *columns))


def _years(time_us: np.ndarray) -> np.ndarray:
    """Since 1970."""
    return time_us / (DAY_US * DAYS_PER_YEAR)
