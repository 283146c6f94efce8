"""Catalogues of the ensemble: those of its members, put right in number, place and size."""

from dataclasses import dataclass, replace

import numpy as np

from houfeng.forecasts.gridded import GriddedForecast
from houfeng.forecasts.simulated import SimulatedForecast
from houfeng.models.ensemble.pooling import Pooled
from houfeng.models.gridding import draw_points
from houfeng.times import days_since

#: Magnitudes rarer than this keep their size.
RAREST = 1e-12


@dataclass(frozen=True, eq=False)
class Events:
    """Simulated events in columns; `catalog` numbers catalogues, `days` count from the start of the window."""

    catalog: np.ndarray
    days: np.ndarray
    longitude: np.ndarray
    latitude: np.ndarray
    magnitude: np.ndarray

    def select(self, rows: np.ndarray) -> "Events":
        """Some of them."""
        return Events(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def numbered(self, numbers: np.ndarray) -> "Events":
        """The same events, catalogue c now called ``numbers[c]``."""
        return replace(self, catalog=numbers[self.catalog])


def events_of(simulated: SimulatedForecast) -> Events:
    """Columns of simulated catalogues."""
    days = days_since(simulated.time, simulated.window.start)
    return Events(simulated.catalog_id, days, simulated.longitude, simulated.latitude, simulated.magnitude)


def put_right(
    rng: np.random.Generator, donors: SimulatedForecast, donor_map: GriddedForecast, pooled: Pooled, wanted: np.ndarray
) -> Events:
    """Catalogues of one member with the totals, the map and the sizes of the ensemble.

    The catalogue with the i-th most events takes the i-th largest of the wanted totals. Events too many are dropped
    at random; events too few are added by themselves, from the pooled map and even in time. An event in a cell that
    the member favours more than the ensemble does stays with the chance (ensemble's share / member's share), else
    it moves to a cell that the ensemble favours more: the fewest moves that give the pooled map (a maximal
    coupling). Sizes keep their rank. So clusters in time stay whole, and in space where the members agree.

    Parameters
    ----------
    donors
        As many catalogues as `wanted` has numbers.
    donor_map
        The member's forecast of the same window.
    wanted : ndarray of int, shape (c,)
        Totals, in the order of the catalogues that are returned.
    """
    events = events_of(donors)
    counts = np.bincount(events.catalog, minlength=donors.n_catalogs)
    place = np.empty(donors.n_catalogs, int)
    place[np.argsort(counts, kind="stable")] = np.argsort(wanted, kind="stable")
    kept = events.select(_at_random(rng, events.catalog, wanted[place]))
    missing = np.empty(len(wanted), int)
    missing[place] = np.maximum(wanted[place] - counts, 0)
    longitude, latitude = _moved(rng, kept, donor_map, pooled)
    magnitude = _same_rank(kept.magnitude, donor_map, pooled)
    kept = Events(place[kept.catalog], kept.days, longitude, latitude, magnitude)
    extra = added(rng, pooled, np.repeat(np.arange(len(wanted)), missing))
    return joined([kept, extra])


def added(rng: np.random.Generator, pooled: Pooled, catalog: np.ndarray) -> Events:
    """Independent events of the pooled map and sizes, even in time, one for each number in `catalog`."""
    gridded = pooled.forecasts[0].gridded
    n = len(catalog)
    longitude, latitude = draw_points(rng, gridded.grid, pooled.cell_share, n)
    edges, log_survival = _log_survival(gridded.magnitudes, pooled.survival)
    magnitude = np.interp(rng.exponential(size=n), -log_survival, edges)
    return Events(catalog, rng.random(n) * gridded.window.days, longitude, latitude, magnitude)


def joined(parts: list[Events]) -> Events:
    """All events of several sets."""
    return Events(*(np.concatenate([getattr(part, name) for part in parts]) for name in Events.__dataclass_fields__))


def _at_random(rng: np.random.Generator, catalog: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Rows of at most ``most[c]`` events of each catalogue c, drawn at random, in their order."""
    order = np.lexsort((rng.random(len(catalog)), catalog))
    rank = np.arange(len(catalog)) - np.searchsorted(catalog, catalog)  # `catalog` is sorted
    return np.sort(order[rank < most[catalog]])


def _moved(
    rng: np.random.Generator, events: Events, donor_map: GriddedForecast, pooled: Pooled
) -> tuple[np.ndarray, np.ndarray]:
    """Places of the events, those too many in their cell moved to cells that lack some."""
    grid, own = donor_map.grid, donor_map.rates.sum(axis=1)
    own = own / own.sum()
    cell = grid.index_of(longitude=events.longitude, latitude=events.latitude)
    stays = rng.random(len(cell)) * own[cell] <= pooled.cell_share[cell]
    lack = np.maximum(pooled.cell_share - own, 0.0)
    # Where the maps agree but for rounding there is nothing to move, and nowhere to.
    moves = np.flatnonzero((cell >= 0) & ~stays & (lack.sum() > 1e-9))
    longitude, latitude = events.longitude.copy(), events.latitude.copy()
    longitude[moves], latitude[moves] = draw_points(rng, grid, lack, len(moves))
    return longitude, latitude


def _same_rank(magnitude: np.ndarray, donor_map: GriddedForecast, pooled: Pooled) -> np.ndarray:
    """Magnitudes as rare in the ensemble as they were in the member."""
    bins = donor_map.rates.sum(axis=0)
    own = np.cumsum(bins[::-1])[::-1] / bins.sum()
    edges, log_own = _log_survival(donor_map.magnitudes, own)
    _, log_pooled = _log_survival(donor_map.magnitudes, pooled.survival)
    n = min(len(log_own), len(log_pooled))
    rarity = np.interp(magnitude, edges[:n], -log_own[:n])
    moved = np.interp(rarity, -log_pooled[:n], edges[:n])
    return np.where((magnitude > edges[0]) & (magnitude < edges[n - 1]), moved, magnitude)


def _log_survival(edges: np.ndarray, survival: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = survival > RAREST * survival[0]
    return edges[known], np.log(survival[known] / survival[0])
