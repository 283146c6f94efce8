"""Space-time ETAS as a forecast model."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FitError, InputError
from houfeng.forecasts.forecast import Forecast
from houfeng.forecasts.simulated import SimulatedForecast
from houfeng.models.base import Fitted, Model
from houfeng.models.etas.criticality import branching_ratio, is_usable
from houfeng.models.etas.fit import EtasFit, fit_etas
from houfeng.models.etas.outlook import Outlook
from houfeng.models.etas.parameters import LOWER, UPPER, EtasParameters
from houfeng.models.etas.preparation import Sources, learning_data, unseen_companions
from houfeng.models.etas.simulate import Setup
from houfeng.models.etas.vigour import LARGE, attribute, recent
from houfeng.models.magnitudes import TaperedGutenbergRichter
from houfeng.models.sizes import UncertainMagnitudes, fit_sizes
from houfeng.regions import Region
from houfeng.times import DAYS_PER_YEAR, Window
from houfeng.values import Estimate

#: Draws of the parameters from what the data leave possible; each simulates its share of the catalogues.
PARAMETER_DRAWS = 100
#: Fewer simulated catalogues give no interval.
FEWEST_ASKED = 100


@dataclass(frozen=True)
class SpaceTimeEtas(Model):
    """Epidemic-type aftershock sequences in time and space.

    Attributes
    ----------
    start
        Begin of the learning window; earlier events only serve as history. Where not given, after the first
        fifth of the catalogue, at most ten years.
    margin_km
        Events up to this far outside the region serve as sources.
    location_error_km
        No background kernel is narrower.
    n_catalogs
        Simulated catalogues behind a forecast.
    """

    start: datetime | None = None
    margin_km: float = 300.0
    location_error_km: float = 5.0
    n_catalogs: int = 10_000

    name: ClassVar[str] = "etas"
    reference: ClassVar[str] = "Ogata (1998), doi:10.1023/A:1003403601725; Ogata & Zhuang (2006)"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_simulation(self.location_error_km, self.n_catalogs)
        if not self.margin_km >= 0:
            raise InputError(f"margin {self.margin_km} km must not be negative")

    def fit(self, history: Catalog, region: Region) -> "FittedSpaceTimeEtas":
        """Fit by maximum likelihood with a declustered background.

        Raises
        ------
        NotEnoughDataError
            With fewer than 50 earthquakes to predict.
        FitError
            When the fit does not settle, or every earthquake would trigger more than one within a year.
        """
        sources = Sources.of(history, region, self.min_magnitude, self.margin_km)
        magnitudes = sources.quiet_magnitudes(self.min_magnitude, since=self.start)
        sizes = fit_sizes(magnitudes, self.min_magnitude, region)
        data = learning_data(sources, region, self.min_magnitude, sizes.law.b, start=self.start)
        fit = fit_etas(data, region.area_km2, smallest_km=self.location_error_km)
        year = refuse_supercritical(fit.parameters, sizes.law, region)
        shocks = np.flatnonzero(data.m >= LARGE)
        followed = attribute(data, fit.parameters, fit.target_rates, shocks, data.mass.of_rows(shocks))
        return FittedSpaceTimeEtas(
            model=self, region=region, result=fit, sizes=sizes, branching=year, vigour_shape=followed.shape()
        )


@dataclass(frozen=True, eq=False)
class FittedSpaceTimeEtas(Fitted):
    """A fitted space-time ETAS.

    Attributes
    ----------
    result
        Parameters, covariance, background.
    sizes
        Law of magnitudes, with the uncertainty of its slope.
    branching
        Earthquakes that one earthquake triggers within a year, on average.
    vigour_shape
        Shape of the gamma law by which the productivity of large shocks varies.
    """

    model: SpaceTimeEtas
    result: EtasFit
    sizes: UncertainMagnitudes
    branching: float
    vigour_shape: float

    def forecast(self, history: Catalog, window: Window, rng: np.random.Generator) -> Forecast:
        """Simulate `window` many times, with parameters drawn anew for each batch of catalogues."""
        issue = self.issue(history, window)
        return self._outlook(history, window, rng).forecast(issue, rng, self.model.n_catalogs, self._notes())

    def simulate(
        self, history: Catalog, window: Window, rng: np.random.Generator, n_catalogs: int
    ) -> SimulatedForecast:
        """Draw catalogues, each batch with parameters of its own."""
        self.issue(history, window)
        return self._outlook(history, window, rng).simulated(rng, n_catalogs)

    def parameters(self) -> dict[str, Estimate]:
        """Maximum-likelihood parameters in trade units, the branching ratio and the b-value."""
        return {
            **readable(self.result),
            "branching_ratio_1y": Estimate(self.branching, self.branching, self.branching),
            "vigour_shape": Estimate(self.vigour_shape, self.vigour_shape, self.vigour_shape),
            "b": self.sizes.b_estimate(),
        }

    def _outlook(self, history: Catalog, window: Window, rng: np.random.Generator) -> Outlook:
        """One setup for each draw of the parameters, all from the moment up to which everything is known."""
        sources = Sources.of(history, self.region, self.model.min_magnitude, self.model.margin_km)
        end_day = (window.end - sources.origin).total_seconds() / 86_400
        draws = draw_parameters(self.result, self.sizes.law, rng, PARAMETER_DRAWS)
        slopes = self.sizes.draw_b(rng, len(draws))
        fitted = self.result
        shocks = recent(sources, self.region, self.sizes.law, fitted.parameters, fitted.background)
        setups = []
        for parameters, b in zip(draws, slopes, strict=True):
            log_weight = unseen_companions(sources, self.model.min_magnitude, parameters.alpha, float(b))
            log_weight[shocks.shock] += np.log(shocks.draw_factors(self.vigour_shape, rng))
            setups.append(self._setup(sources, end_day, parameters, float(b), log_weight))
        return Outlook.of(setups, sources, self.region, self.sizes, window)

    def _setup(
        self, sources: Sources, end_day: float, parameters: EtasParameters, b: float, log_weight: np.ndarray
    ) -> Setup:
        return Setup(
            parameters=parameters,
            law=TaperedGutenbergRichter(b, self.model.min_magnitude, self.sizes.law.corner_magnitude),
            background=self.result.background,
            region=self.region,
            days=sources.days,
            xyz_km=sources.xyz_km,
            m=sources.m,
            log_weight=log_weight,
            start_day=sources.known_until_day,
            end_day=end_day,
        )

    def _notes(self) -> tuple[str, ...]:
        ratio = f"One earthquake triggers {self.branching:.2f} within a year on average."
        return (ratio, *(note[0].upper() + note[1:] + "." for note in self.result.notes))


def check_simulation(location_error_km: float, n_catalogs: int) -> None:
    """Raise :class:`InputError` for settings no ETAS model can work with."""
    if not location_error_km > 0:
        raise InputError(f"location error {location_error_km} km must be positive")
    if n_catalogs < FEWEST_ASKED:
        raise InputError(f"{n_catalogs} simulated catalogues say too little; ask for at least {FEWEST_ASKED}")


def refuse_supercritical(parameters: EtasParameters, law: TaperedGutenbergRichter, region: Region) -> float:
    """Earthquakes that one triggers within a year, or :class:`FitError` when they are one or more."""
    year = branching_ratio(parameters, law, DAYS_PER_YEAR)
    if year >= 1:
        raise FitError(
            f"ETAS on '{region.name}' is supercritical: one earthquake triggers {year:.2f} within a year; such a "
            "fit cannot be forecast with; raise the minimum magnitude or lengthen the catalogue"
        )
    return year


def draw_parameters(
    fit: EtasFit, law: TaperedGutenbergRichter, rng: np.random.Generator, size: int
) -> list[EtasParameters]:
    """Draw parameters from the normal approximation around the maximum, inside the box and not supercritical.

    In mirrored pairs, so that their mean hardly depends on the seed.
    """
    centre = fit.parameters.vector()
    spread = np.isfinite(centre)
    draws: list[EtasParameters] = []
    for _ in range(10 * size):
        step = rng.multivariate_normal(np.zeros(int(spread.sum())), fit.covariance[np.ix_(spread, spread)])
        for sign in (1.0, -1.0):
            vector = centre.copy()
            vector[spread] = np.clip(centre[spread] + sign * step, LOWER[spread], UPPER[spread])
            candidate = EtasParameters.from_vector(vector)
            if is_usable(candidate, law):
                draws.append(candidate)
        if len(draws) >= size:
            return draws[:size]
    raise FitError("nearly all parameters the data leave possible are supercritical; raise the minimum magnitude")


def readable(fit: EtasFit) -> dict[str, Estimate]:
    """Parameters out of their logarithms, with units in the names."""
    names = {
        "ln_mu": "mu_per_day", "ln_k0": "k0", "a": "a", "ln_c": "c_days", "omega": "omega",
        "ln_tau": "tau_days", "ln_d": "d_km2", "gamma": "gamma", "ln_rho": "rho",
    }  # fmt: skip
    out = {}
    for name, estimate in fit.intervals.items():
        values = np.array([estimate.value, estimate.low, estimate.high])
        value, low, high = (float(v) for v in (np.exp(values) if name.startswith("ln_") else values))
        out[names[name]] = Estimate(value, low, high, estimate.level)
    return out
