"""Temporal ETAS as a forecast model: when, with the place taken from where the past weighs most.

Ogata (1988), doi:10.1080/01621459.1988.10478560. It is space-time ETAS with all earthquakes in one place and a
spatial kernel of one: with d = 1, gamma = 0 and rho = pi both the kernel there and its integral are one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.forecasts.counts import Counts
from houfeng.forecasts.forecast import Contributor, Explanation, Forecast
from houfeng.forecasts.simulated import SimulatedForecast
from houfeng.models.base import Fitted, Model
from houfeng.models.etas.background import Background
from houfeng.models.etas.branching import OF_PAST
from houfeng.models.etas.edges import KernelMass
from houfeng.models.etas.fit import EtasFit, default_start, fit_etas
from houfeng.models.etas.outlook import CONTRIBUTORS, STRONGEST, affordable, shared_out, totals
from houfeng.models.etas.parameters import GAMMA, LN_D, LN_RHO
from houfeng.models.etas.preparation import Sources, learning_data, unseen_companions
from houfeng.models.etas.simulate import Batch, Setup, simulate
from houfeng.models.etas.space_time import (
    PARAMETER_DRAWS,
    check_simulation,
    draw_parameters,
    readable,
    refuse_supercritical,
)
from houfeng.models.gridding import draw_points, gridded_from_cells, magnitude_thresholds, simulated_from_columns
from houfeng.models.kernels import cell_masses
from houfeng.models.magnitudes import TaperedGutenbergRichter
from houfeng.models.sequences import rupture_length_km
from houfeng.models.sizes import UncertainMagnitudes, fit_sizes
from houfeng.models.smoothed import Smoothed
from houfeng.models.stationary import FittedStationary
from houfeng.regions import Region
from houfeng.times import Window
from houfeng.values import Estimate


@dataclass(frozen=True)
class TemporalEtas(Model):
    """Epidemic-type aftershock sequences in time; the map is smoothed from the past.

    Attributes
    ----------
    start
        Begin of the learning window; where not given, after the first fifth of the catalogue, at most ten years.
    location_error_km
        No kernel of the map is narrower.
    n_catalogs
        Simulated catalogues behind a forecast.
    """

    start: datetime | None = None
    location_error_km: float = 5.0
    n_catalogs: int = 10_000

    name: ClassVar[str] = "etas-temporal"
    reference: ClassVar[str] = "Ogata (1988), doi:10.1080/01621459.1988.10478560"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_simulation(self.location_error_km, self.n_catalogs)

    def fit(self, history: Catalog, region: Region) -> "FittedTemporalEtas":
        """Fit by maximum likelihood.

        Raises
        ------
        NotEnoughDataError
            With fewer than 50 earthquakes to predict.
        FitError
            When the fit does not settle, or every earthquake would trigger more than one within a year.
        """
        sources = Sources.of(history, region, self.min_magnitude, 0.0)
        magnitudes = sources.quiet_magnitudes(self.min_magnitude, since=self.start)
        sizes = fit_sizes(magnitudes, self.min_magnitude, region)
        data = learning_data(sources, region, self.min_magnitude, sizes.law.b, start=self.start)
        n = len(data.days)
        pointlike = replace(data, xyz_km=np.zeros((n, 3)), mass=KernelMass.everywhere(n), background=np.ones(n))
        start = replace(default_start(data), ln_d=0.0, gamma=0.0, ln_rho=float(np.log(np.pi)))
        fit = fit_etas(pointlike, 1.0, start=start, fixed=(LN_D, GAMMA, LN_RHO), decluster=False)
        year = refuse_supercritical(fit.parameters, sizes.law, region)
        smoothing = Smoothed(min_magnitude=self.min_magnitude, min_bandwidth_km=self.location_error_km)
        return FittedTemporalEtas(
            model=self, region=region, result=fit, sizes=sizes, branching=year, average=smoothing.fit(history, region)
        )


@dataclass(frozen=True, eq=False)
class FittedTemporalEtas(Fitted):
    """A fitted temporal ETAS.

    Attributes
    ----------
    result
        Parameters and covariance; the spatial ones are those of a point.
    sizes
        Law of magnitudes.
    branching
        Earthquakes that one earthquake triggers within a year, on average.
    average
        Smoothed seismicity: where the background falls.
    """

    model: TemporalEtas
    result: EtasFit
    sizes: UncertainMagnitudes
    branching: float
    average: FittedStationary

    def forecast(self, history: Catalog, window: Window, rng: np.random.Generator) -> Forecast:
        """Simulate the number of events; place them where the past weighs most."""
        issue = self.issue(history, window)
        sources = Sources.of(history, self.region, self.model.min_magnitude, 0.0)
        setups = self._setups(sources, window, rng)
        magnitudes = magnitude_thresholds(self.sizes.min_magnitude)
        ratio = f"One earthquake triggers {self.branching:.2f} within a year on average."
        n_catalogs, notes = affordable(setups[0], self.model.n_catalogs, (ratio,))
        start_day = (window.start - sources.origin).total_seconds() / 86_400
        samples, survival, from_past = [], [], 0
        for setup, size, seed in shared_out(setups, rng, n_catalogs):
            batch = simulate(setup, size, seed)
            kept = batch.days >= start_day
            samples.append(totals(batch, kept, magnitudes - self.sizes.min_magnitude, size))
            survival.append(np.tile(setup.law.survival(magnitudes), (size, 1)))
            from_past += int((kept & (batch.descent >= OF_PAST)).sum())
        counts = np.concatenate(samples)
        expected = counts[:, 0].mean()
        past = from_past / n_catalogs
        cells = (expected - past) * self.average.cell_share + past * self._past_cells(sources, setups[0])
        return Forecast(
            issue=issue,
            gridded=gridded_from_cells(self.average.grid, window, cells, self.sizes),
            counts=Counts(magnitudes, expected * self.sizes.survival(magnitudes), counts, np.concatenate(survival)),
            explanation=self._explanation(sources, setups[0], past / expected if expected > 0 else 0.0, notes),
        )

    def simulate(
        self, history: Catalog, window: Window, rng: np.random.Generator, n_catalogs: int
    ) -> SimulatedForecast:
        """Draw catalogues; places are drawn from the map of the background or of the past."""
        self.issue(history, window)
        sources = Sources.of(history, self.region, self.model.min_magnitude, 0.0)
        setups = self._setups(sources, window, rng)
        start_day = (window.start - sources.origin).total_seconds() / 86_400
        parts, first = [], 0
        for setup, size, seed in shared_out(setups, rng, n_catalogs):
            batch: Batch = simulate(setup, size, seed)
            kept = batch.days >= start_day
            parts.append((batch.catalog_id[kept] + first, batch.days[kept], batch.m[kept], batch.descent[kept]))
            first += size
        catalog_id, days, m, descent = (np.concatenate(column) for column in zip(*parts, strict=True))
        grid, of_past = self.average.grid, descent >= OF_PAST
        longitude, latitude = np.empty(len(days)), np.empty(len(days))
        maps = ((~of_past, self.average.cell_share), (of_past, self._past_cells(sources, setups[0])))
        for rows, cells in maps:
            longitude[rows], latitude[rows] = draw_points(rng, grid, cells, int(rows.sum()))
        return simulated_from_columns(
            window, n_catalogs, catalog_id=catalog_id, days=days - start_day, longitude=longitude, latitude=latitude,
            magnitude=m + self.sizes.min_magnitude,
        )  # fmt: skip

    def parameters(self) -> dict[str, Estimate]:
        """Maximum-likelihood parameters in trade units, the branching ratio and the b-value."""
        return {
            **readable(self.result),
            "branching_ratio_1y": Estimate(self.branching, self.branching, self.branching),
            "b": self.sizes.b_estimate(),
        }

    def _setups(self, sources: Sources, window: Window, rng: np.random.Generator) -> list[Setup]:
        end_day = (window.end - sources.origin).total_seconds() / 86_400
        draws = draw_parameters(self.result, self.sizes.law, rng, PARAMETER_DRAWS)
        slopes = self.sizes.draw_b(rng, len(draws))
        corner, n = self.sizes.law.corner_magnitude, len(sources.days)
        return [
            Setup(
                parameters=parameters,
                law=TaperedGutenbergRichter(float(b), self.model.min_magnitude, corner),
                background=Background.even(1.0),
                plane_km=(0.0, 0.0, 1.0, 1.0),
                days=sources.days,
                xyz_km=np.zeros((n, 3)),
                m=sources.m,
                log_weight=unseen_companions(sources, self.model.min_magnitude, parameters.alpha, float(b)),
                start_day=sources.known_until_day,
                end_day=end_day,
            )
            for parameters, b in zip(draws, slopes, strict=True)
        ]

    def _past_cells(self, sources: Sources, setup: Setup) -> np.ndarray:
        """Share of the aftershocks of the past in each cell: around the strongest sources, as wide as they are."""
        direct = setup.expected_aftershocks()
        strong = np.argsort(-direct)[:STRONGEST]
        events = sources.events
        masses = cell_masses(
            self.average.grid,
            longitude=events.longitude[strong],
            latitude=events.latitude[strong],
            bandwidth_km=np.maximum(rupture_length_km(events.magnitude[strong]) / 3, self.model.location_error_km),
            weight=direct[strong] + 1e-300,
            rho=1.0,
        )
        return masses / masses.sum()

    def _explanation(self, sources: Sources, setup: Setup, past_share: float, notes: tuple[str, ...]) -> Explanation:
        direct = setup.expected_aftershocks()
        total = max(direct.sum(), 1e-300)
        contributors = []
        for j in np.argsort(-direct)[:CONTRIBUTORS]:
            event = sources.events.event(int(j))
            share = float(past_share * direct[j] / total)
            contributors.append(
                Contributor(event.event_id, event.time, event.longitude, event.latitude, event.magnitude, share)
            )
        place = "The model knows no place: the map is smoothed from the past, weighted by what each event contributes."
        return Explanation(1.0 - past_share, tuple(contributors), (*notes, place))
