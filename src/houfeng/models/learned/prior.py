"""What the adaptive ETAS expects in every cell at many moments, without simulating: what learned models start from.

At each moment only earthquakes issued by then count. The expected number of a window has two parts: the background,
and the direct aftershocks of known earthquakes. Aftershocks of earthquakes still to come are not in it: they belong to
the factor that a learned model finds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.geo import from_xyz_km
from houfeng.models.adaptive import laws
from houfeng.models.adaptive.fit import inside_share
from houfeng.models.adaptive.laws import Decay, SpaceLaw
from houfeng.models.adaptive.model import FittedAdaptiveEtas
from houfeng.models.adaptive.past import Past
from houfeng.models.etas.omori import OmoriTable
from houfeng.models.etas.preparation import Sources
from houfeng.models.etas.spread import cells_of_kernels
from houfeng.models.kernels import cell_masses
from houfeng.regions import Grid
from houfeng.times import to_datetime64

#: Points that stand for the kernels of all past earthquakes at one moment.
POINTS = 20_000
#: Seed of the spirals: the same moment has the same points, whatever moments were asked for before.
SEED = 132


@dataclass(frozen=True, eq=False)
class PriorRates:
    """Expected numbers of one moment and window, shape (cells,): of the background, and of direct aftershocks."""

    background: np.ndarray
    triggered: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Both."""
        return self.background + self.triggered


def prior_rates(
    fitted: FittedAdaptiveEtas, history: Catalog, times: np.ndarray, horizon_days: float, grid: Grid
) -> Iterator[PriorRates]:
    """Rates of the window of `horizon_days` after each of `times`, from what had been issued by then.

    Parameters
    ----------
    fitted
        Its parameters may have been learned later than `times`; nothing else of it is used.
    history
        All that is known by the last of `times`, or later.
    times : ndarray of datetime64[us]
        Ascending.

    Raises
    ------
    InputError
        When `times` do not ascend, or the horizon is not positive.
    """
    if len(times) > 1 and not (np.diff(times) > np.timedelta64(0)).all():
        raise InputError("the moments at which rates are asked for must ascend")
    if not horizon_days > 0:
        raise InputError(f"a horizon of {horizon_days} days has no length")
    sources = fitted.sources(history)
    past = fitted.judged(sources)
    expect = _Expectation(fitted, sources, past, grid, horizon_days)
    for moment in times:
        yield expect.at(moment)


class _Expectation:
    """Goes through the moments in order: the background is summed up as earthquakes become known."""

    def __init__(
        self, fitted: FittedAdaptiveEtas, sources: Sources, past: Past, grid: Grid, horizon_days: float
    ) -> None:
        self._fitted, self._past, self._grid, self._horizon = fitted, past, grid, horizon_days
        self._origin, events = to_datetime64(sources.origin), sources.events
        # Row j and all before it are known from here on: revised issue times may not be in order of origin.
        self._known_from = np.maximum.accumulate(events.issued)
        time, space = fitted.result.time, fitted.result.space
        first = laws.FIRST_FEATURE
        weights = [past.features.productivity @ v[first : first + laws.FEATURES] + v[laws.LN_K] for v in (time, space)]
        self._in_time, self._in_space = (np.exp(weight) for weight in weights)
        self._share = inside_share(past, space)
        self._tables = [OmoriTable.of(Decay.from_vector(v)) for v in (time, space)]
        law = SpaceLaw.from_vector(space)
        self._spread, self._rho = law.spread_km2(past.features.growth), law.rho
        self._ground, self._n, self._day = np.zeros(len(grid)), 0, 0.0

    def at(self, moment: np.datetime64) -> PriorRates:
        """Rates of the window that begins at `moment`."""
        n = int(np.searchsorted(self._known_from, moment, side="right"))
        day = float((moment - self._origin) / np.timedelta64(1, "us")) / 86_400e6
        ground = self._background(n, day)
        if n == 0:
            return PriorRates(np.zeros(len(self._grid)), np.zeros(len(self._grid)))
        known = self._past.until(n, day)
        days = self._past.data.days[:n]
        active = known.activity_integral(day, day + self._horizon)
        aftershocks = [
            weight[:n] * self._share[:n] * table.integral(day - days, day + self._horizon - days)
            for weight, table in zip((self._in_time, self._in_space), self._tables, strict=True)
        ]
        mu_time, mu_space = (
            np.exp(v[laws.LN_MU]) * active for v in (self._fitted.result.time, self._fitted.result.space)
        )
        total = mu_time + float(aftershocks[0].sum())
        independent = mu_space / (mu_space + float(aftershocks[1].sum()))
        triggered = self._cells(aftershocks[1], n, moment)
        scale = total * (1 - independent) / max(float(aftershocks[1].sum()), 1e-300)
        return PriorRates(total * independent * ground, scale * triggered)

    def _background(self, n: int, day: float) -> np.ndarray:
        """Share of the background in each cell, of the first `n` earthquakes; what was known before has faded."""
        s, kernels = self._past.smoothing, self._past.kernels
        self._ground *= np.exp(-(day - self._day) / s.fade_days)
        if n > self._n:
            new = slice(self._n, n)
            longitude, latitude = from_xyz_km(kernels.xyz_km[new])
            self._ground += cell_masses(
                self._grid,
                longitude=longitude,
                latitude=latitude,
                bandwidth_km=self._past.kernel_km[new],
                weight=kernels.weight[new] * np.exp(-(day - kernels.days[new]) / s.fade_days),
                rho=1.0,
            )
        self._n, self._day = n, day
        even = self._grid.area_km2 / self._grid.area_km2.sum()
        if not self._ground.sum() > 0:
            return even
        return (1 - s.even_share) * self._ground / self._ground.sum() + s.even_share * even

    def _cells(self, expected: np.ndarray, n: int, moment: np.datetime64) -> np.ndarray:
        """Direct aftershocks in each cell; each earthquake is as many points as its share of them."""
        rng = np.random.default_rng([SEED, int(moment.astype("datetime64[s]").astype(np.int64)) & 0xFFFFFFFF])
        total = float(expected.sum())
        uncut = expected / np.maximum(self._share[:n], 1e-3)
        if not total > 0:
            return np.zeros(len(self._grid))
        each = uncut.sum() / POINTS
        points = np.floor(uncut / each + rng.random(n)).astype(np.int64)
        used = np.flatnonzero(points)
        cells = cells_of_kernels(
            self._grid,
            self._past.data.xyz_km[used],
            points[used] * each,
            self._spread[used],
            self._rho,
            points=points[used],
            rng=rng,
        )
        return cells * (total / cells.sum()) if cells.sum() > 0 else cells


def rates_at(fitted: FittedAdaptiveEtas, history: Catalog, moment: datetime, horizon_days: float) -> PriorRates:
    """The rates of one window, on the cells of the model's region."""
    times = np.array([to_datetime64(moment)])
    return next(prior_rates(fitted, history, times, horizon_days, fitted.region.grid()))
