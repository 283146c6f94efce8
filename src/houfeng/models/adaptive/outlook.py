"""From simulated catalogues of the adaptive model to a forecast: counts, map and explanation."""

from dataclasses import dataclass

import numpy as np

from houfeng.forecasts.counts import Counts
from houfeng.forecasts.forecast import Contributor, Explanation, Forecast, Issue
from houfeng.forecasts.simulated import SimulatedForecast
from houfeng.geo import from_xyz_km
from houfeng.models.adaptive import process
from houfeng.models.adaptive.laws import SpaceLaw
from houfeng.models.adaptive.simulate import AdaptiveBatch, AdaptiveSetup, simulate
from houfeng.models.etas.outlook import CONTRIBUTORS, FEWEST_CATALOGS, MOST_EVENTS, shared_out, totals
from houfeng.models.etas.preparation import Sources
from houfeng.models.etas.spread import cells_of_kernels
from houfeng.models.gridding import gridded_from_cells, magnitude_thresholds, simulated_from_columns
from houfeng.models.kernels import cell_masses
from houfeng.models.sizes import UncertainMagnitudes
from houfeng.regions import Grid, Region
from houfeng.times import Window

#: Points that stand for the kernels of past earthquakes on the map.
PAST_POINTS = 100_000
#: Kernels of which less than this lies in the region are taken as if so much did: they have hardly any events there.
LEAST_SHARE = 1e-3


@dataclass(frozen=True, eq=False)
class AdaptiveOutlook:
    """All that is needed to look ahead over one window.

    Attributes
    ----------
    setups
        One for each draw of the parameters, equally likely.
    sources, region, sizes, window
        The past, the place, the law of magnitudes, and when.
    start_day
        Begin of the window on the sources' clock; the simulation itself begins where knowledge ends, before.
    """

    setups: list[AdaptiveSetup]
    sources: Sources
    region: Region
    sizes: UncertainMagnitudes
    window: Window
    start_day: float

    @classmethod
    def of(
        cls,
        setups: list[AdaptiveSetup],
        sources: Sources,
        region: Region,
        sizes: UncertainMagnitudes,
        window: Window,
    ) -> "AdaptiveOutlook":
        """Fit the window onto the sources' clock."""
        start_day = (window.start - sources.origin).total_seconds() / 86_400
        return cls(setups, sources, region, sizes, window, start_day)

    def forecast(self, issue: Issue, rng: np.random.Generator, n_catalogs: int, notes: tuple[str, ...]) -> Forecast:
        """Simulate, count, and explain."""
        grid, magnitudes = self.region.grid(), magnitude_thresholds(self.sizes.min_magnitude)
        n_catalogs, notes = self._affordable(n_catalogs, notes)
        samples, survival, capped, of_past = [], [], 0, 0
        near, new = np.zeros(len(self.sources.days)), np.zeros(len(grid))
        background, events = 0, 0
        for setup, size, seed in shared_out(self.setups, rng, n_catalogs):
            batch = self._kept(simulate(setup, size, seed))
            samples.append(totals(batch, np.ones(len(batch.days), bool), magnitudes - self.sizes.min_magnitude, size))
            survival.append(np.tile(setup.law.survival(magnitudes), (size, 1)))
            near += np.bincount(batch.source[batch.source >= 0], minlength=len(near))
            new += _cells(grid, batch.xyz_km[batch.source == int(process.OF_SIMULATED)])
            background += int((batch.source == int(process.OF_BACKGROUND)).sum())
            events, of_past = events + len(batch.days), of_past + int(batch.from_past.sum())
            capped += len(batch.capped)
        if capped:
            notes += (f"{capped} of {n_catalogs} simulated catalogues were cut short at the limit of events.",)
        cells = (self._background_cells(grid, background) + self._cells_of_past(grid, near, rng) + new) / n_catalogs
        samples, survival = np.concatenate(samples), np.concatenate(survival)
        expected = cells.sum() * self.sizes.survival(magnitudes)
        return Forecast(
            issue=issue,
            gridded=gridded_from_cells(grid, self.window, cells, self.sizes),
            counts=Counts(magnitudes, expected, samples, survival),
            explanation=self._explanation(of_past / max(events, 1), notes),
        )

    def simulated(self, rng: np.random.Generator, n_catalogs: int) -> SimulatedForecast:
        """Catalogues as they came, cut to the window."""
        parts, first = [], 0
        for setup, size, seed in shared_out(self.setups, rng, n_catalogs):
            batch = self._kept(simulate(setup, size, seed))
            parts.append((batch.catalog_id + first, batch.days - self.start_day, batch.xyz_km, batch.m))
            first += size
        catalog_id, days, xyz_km, m = (np.concatenate(column) for column in zip(*parts, strict=True))
        longitude, latitude = from_xyz_km(xyz_km)
        return simulated_from_columns(
            self.window,
            n_catalogs,
            catalog_id=catalog_id,
            days=days,
            longitude=longitude,
            latitude=latitude,
            magnitude=m + self.sizes.min_magnitude,
        )

    def _kept(self, batch: AdaptiveBatch) -> AdaptiveBatch:
        return batch.of_rows(batch.days >= self.start_day)

    def _affordable(self, n_catalogs: int, notes: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
        """Fewer catalogues where each is large (a few of them tell how large), with a note that says so."""
        each = max(len(simulate(self.setups[0], 20, 0).days) / 20, 1.0)
        number = int(np.clip(MOST_EVENTS / each, min(FEWEST_CATALOGS, n_catalogs), n_catalogs))
        if number < n_catalogs:
            notes += (f"{number} catalogues simulated, of about {each:,.0f} earthquakes each.",)
        return number, notes

    def _background_cells(self, grid: Grid, events: int) -> np.ndarray:
        """`events` of the background, spread as its density is at the start of the window, shape (cells,)."""
        past = self.setups[0].past
        s, kernels = past.smoothing, past.kernels
        longitude, latitude = from_xyz_km(kernels.xyz_km)
        weight = kernels.weight * np.exp(-(self.start_day - kernels.days) / s.fade_days)
        masses = cell_masses(
            grid, longitude=longitude, latitude=latitude, bandwidth_km=past.kernel_km, weight=weight, rho=1.0
        )
        share = grid.area_km2 / grid.area_km2.sum()
        if masses.sum() > 0:
            share = (1 - s.even_share) * masses / masses.sum() + s.even_share * share
        return events * share

    def _cells_of_past(self, grid: Grid, events: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """`events` next to each past earthquake, spread by its kernel and kept inside, shape (cells,).

        They were counted inside: before the region cut them there were more, the more of the kernel is outside.
        """
        total, active = events.sum(), events > 0
        if total == 0:
            return np.zeros(len(grid))
        setup = self.setups[0]
        share = np.maximum(setup.share[active], LEAST_SHARE)
        uncut = events[active] / share
        points = 1 + (PAST_POINTS * uncut / uncut.sum()).astype(int)
        rho = SpaceLaw.from_vector(setup.space).rho
        xyz, spread = self.sources.xyz_km[active], setup.spread_km2[active]
        cells = cells_of_kernels(grid, xyz, uncut, spread, rho, points=points, rng=rng)
        return cells * (total / cells.sum()) if cells.sum() > 0 else cells

    def _explanation(self, past_share: float, notes: tuple[str, ...]) -> Explanation:
        """Share of what follows from past earthquakes, split among them by their direct aftershocks."""
        direct = self.setups[0].expected_aftershocks()
        total, contributors = max(direct.sum(), 1e-300), []
        for j in np.argsort(-direct)[:CONTRIBUTORS]:
            if direct[j] > 0:
                e = self.sources.events.event(int(j))
                share = float(past_share * direct[j] / total)
                contributors.append(Contributor(e.event_id, e.time, e.longitude, e.latitude, e.magnitude, share))
        return Explanation(1.0 - past_share, tuple(contributors), notes)


def _cells(grid: Grid, xyz_km: np.ndarray) -> np.ndarray:
    """Events in each cell, shape (cells,)."""
    longitude, latitude = from_xyz_km(xyz_km)
    cell = grid.index_of(longitude=longitude, latitude=latitude)
    return np.bincount(cell[cell >= 0], minlength=len(grid)).astype(float)
