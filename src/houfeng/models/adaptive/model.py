"""The adaptive model as a forecast model."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import ClassVar

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FitError, InputError
from houfeng.forecasts.forecast import Forecast
from houfeng.forecasts.simulated import SimulatedForecast
from houfeng.models.adaptive import laws
from houfeng.models.adaptive.fit import AdaptiveFit, branching_when_busiest, fit_adaptive, inside_share
from houfeng.models.adaptive.laws import FEATURE_NAMES, FEATURES, FIRST_FEATURE, LOWER, TIME_SIZE, UPPER, Decay
from houfeng.models.adaptive.outlook import AdaptiveOutlook
from houfeng.models.adaptive.past import Past, Smoothing, extended
from houfeng.models.adaptive.sequences import followed
from houfeng.models.adaptive.simulate import AdaptiveSetup
from houfeng.models.base import Fitted, Model
from houfeng.models.etas.omori import OmoriTable
from houfeng.models.etas.preparation import Sources, learning_data
from houfeng.models.etas.space_time import check_simulation
from houfeng.models.etas.vigour import FOLLOWED_DAYS, Attributed
from houfeng.models.magnitudes import TaperedGutenbergRichter
from houfeng.models.sizes import UncertainMagnitudes, fit_sizes
from houfeng.regions import Region
from houfeng.times import DAYS_PER_YEAR, Window
from houfeng.values import Estimate

#: Draws of the parameters of times; each simulates its share of the catalogues.
PARAMETER_DRAWS = 40


@dataclass(frozen=True)
class AdaptiveEtas(Model):
    """When, and where given when: ETAS with separate parameters for both, and a background that adapts.

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

    name: ClassVar[str] = "etas-adaptive"
    reference: ClassVar[str] = "Ogata (1998), doi:10.1023/A:1003403601725; Zhuang and others (2002); this project"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_simulation(self.location_error_km, self.n_catalogs)
        if not self.margin_km >= 0:
            raise InputError(f"margin {self.margin_km} km must not be negative")

    def fit(self, history: Catalog, region: Region) -> "FittedAdaptiveEtas":
        """Fit places, then times, by maximum likelihood.

        Raises
        ------
        NotEnoughDataError
            With fewer than 50 earthquakes to predict.
        FitError
            When a fit does not settle, or every earthquake would trigger more than one within a year.
        """
        sources = Sources.of(history, region, self.min_magnitude, self.margin_km)
        magnitudes = sources.quiet_magnitudes(self.min_magnitude, since=self.start)
        sizes = fit_sizes(magnitudes, self.min_magnitude, region)
        data = learning_data(sources, region, self.min_magnitude, sizes.law.b, start=self.start)
        fit = fit_adaptive(data, sources.inside, Smoothing(region.area_km2, self.location_error_km))
        year = branching_ratio(fit.time, fit.past, sizes.law)
        if year >= 1:
            raise FitError(
                f"the adaptive ETAS on '{region.name}' is supercritical: one earthquake triggers {year:.2f} within a "
                "year; raise the minimum magnitude or lengthen the catalogue"
            )
        shape = followed(fit.past, fit.time, fit.space, since_day=data.start_day).shape()
        return FittedAdaptiveEtas(
            model=self, region=region, result=fit, sizes=sizes, branching=year, vigour_shape=shape
        )


@dataclass(frozen=True, eq=False)
class FittedAdaptiveEtas(Fitted):
    """A fitted adaptive ETAS.

    Attributes
    ----------
    result
        Parameters, and the past as it was judged.
    sizes
        Law of magnitudes, with the uncertainty of its slope.
    branching
        Earthquakes that one earthquake triggers within a year, on average.
    vigour_shape
        Shape of the gamma law by which the productivity of large shocks varies.
    """

    model: AdaptiveEtas
    result: AdaptiveFit
    sizes: UncertainMagnitudes
    branching: float
    vigour_shape: float

    def forecast(self, history: Catalog, window: Window, rng: np.random.Generator) -> Forecast:
        """Simulate `window` many times, with parameters of times drawn anew for each batch of catalogues."""
        issue = self.issue(history, window)
        notes = (f"One earthquake triggers {self.branching:.2f} within a year on average.",)
        return self._outlook(history, window, rng).forecast(issue, rng, self.model.n_catalogs, notes)

    def simulate(
        self, history: Catalog, window: Window, rng: np.random.Generator, n_catalogs: int
    ) -> SimulatedForecast:
        """Draw catalogues, each batch with parameters of its own."""
        self.issue(history, window)
        return self._outlook(history, window, rng).simulated(rng, n_catalogs)

    def parameters(self) -> dict[str, Estimate]:
        """Parameters of times with their intervals, those of places, the branching ratio and the b-value."""
        sd = np.sqrt(np.diag(self.result.time_covariance))
        out = {}
        for i, (name, is_log) in enumerate(_TIME_NAMES.items()):
            ends = self.result.time[i] + sd[i] * np.array([0.0, -1.96, 1.96])
            out[name] = Estimate(*(float(v) for v in (np.exp(ends) if is_log else ends)))
        for i, (name, is_log) in _SPACE_NAMES.items():
            value = float(np.exp(self.result.space[i]) if is_log else self.result.space[i])
            out[name] = Estimate(value, value, value)
        return {
            **out,
            "branching_ratio_1y": Estimate(self.branching, self.branching, self.branching),
            "vigour_shape": Estimate(self.vigour_shape, self.vigour_shape, self.vigour_shape),
            "b": self.sizes.b_estimate(),
        }

    def _outlook(self, history: Catalog, window: Window, rng: np.random.Generator) -> AdaptiveOutlook:
        return self.outlook(*_known(self, history), window, rng)

    def sources(self, history: Catalog) -> Sources:
        """The earthquakes of `history` that count."""
        return Sources.of(history, self.region, self.model.min_magnitude, self.model.margin_km)

    def judged(self, sources: Sources) -> Past:
        """What is known of each; those learnt from are not judged again."""
        data = learning_data(sources, self.region, self.model.min_magnitude, self.sizes.law.b, start=self.model.start)
        return extended(self.result.past, data, sources.inside, self.result.space)

    def outlook(self, sources: Sources, past: Past, window: Window, rng: np.random.Generator) -> AdaptiveOutlook:
        """One setup for each draw of the parameters of times, from the moment up to which everything is known.

        `past` is of the same earthquakes as `sources`.
        """
        shocks, share = self._followed(sources, past), inside_share(past, self.result.space)
        draws = self._draw_times(rng)
        setups = []
        for time, b in zip(draws, self.sizes.draw_b(rng, len(draws)), strict=True):
            log_weight = np.zeros(len(sources.days))
            log_weight[shocks.shock] += np.log(shocks.draw_factors(self.vigour_shape, rng))
            setups.append(self._setup(sources, past, window, time, float(b), log_weight, share))
        return AdaptiveOutlook.of(setups, sources, self.region, self.sizes, window)

    def best_setup(self, sources: Sources, past: Past, window: Window) -> AdaptiveSetup:
        """The setup of the most likely parameters, with the mean vigour of each sequence."""
        shocks, log_weight = self._followed(sources, past), np.zeros(len(sources.days))
        mean = (self.vigour_shape + shocks.found) / (self.vigour_shape + shocks.expected)
        log_weight[shocks.shock] += np.log(mean)
        share = inside_share(past, self.result.space)
        return self._setup(sources, past, window, self.result.time, self.sizes.law.b, log_weight, share)

    def _followed(self, sources: Sources, past: Past) -> Attributed:
        since_day = sources.known_until_day - FOLLOWED_DAYS
        return followed(past, self.result.time, self.result.space, since_day=since_day)

    def _setup(
        self,
        sources: Sources,
        past: Past,
        window: Window,
        time: np.ndarray,
        b: float,
        log_weight: np.ndarray,
        share: np.ndarray,
    ) -> AdaptiveSetup:
        return AdaptiveSetup(
            time=time,
            space=self.result.space,
            past=replace(past, data=replace(past.data, log_weight=log_weight)),
            law=TaperedGutenbergRichter(b, self.model.min_magnitude, self.sizes.law.corner_magnitude),
            start_day=sources.known_until_day,
            end_day=(window.end - sources.origin).total_seconds() / 86_400,
            region=self.region,
            share=share,
        )

    def _draw_times(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Draw parameters of times from the normal approximation, inside the box, in pairs.

        None is supercritical, be it on average or in the densest swarm: a few such would outweigh all others.
        """
        fit, draws = self.result, []
        for _ in range(10 * PARAMETER_DRAWS):
            step = rng.multivariate_normal(np.zeros(TIME_SIZE), fit.time_covariance)
            for sign in (1.0, -1.0):
                vector = np.clip(fit.time + sign * step, LOWER[:TIME_SIZE], UPPER[:TIME_SIZE])
                average = branching_ratio(vector, fit.past, self.sizes.law)
                if max(average, branching_when_busiest(vector, fit.past)) < 1:
                    draws.append(vector)
            if len(draws) >= PARAMETER_DRAWS:
                return draws[:PARAMETER_DRAWS]
        raise FitError("nearly all parameters the data leave possible are supercritical; raise the minimum magnitude")


@lru_cache(maxsize=1)  # the horizons of one moment share what is known; compared by identity
def _known(fitted: FittedAdaptiveEtas, history: Catalog) -> tuple[Sources, Past]:
    sources = fitted.sources(history)
    return sources, fitted.judged(sources)


_TIME_NAMES = {
    "mu_per_day": True,
    "k": True,
    **{f"by_{name}": False for name in FEATURE_NAMES},
    "c_days": True,
    "omega": False,
    "tau_days": True,
}
_SPACE_NAMES = {
    laws.LN_D: ("place_d_km2", True),
    laws.FIRST_GROWTH: ("place_by_magnitude", False),
    laws.FIRST_GROWTH + 1: ("place_by_spacing", False),
    laws.LN_RHO: ("place_rho", True),
}


def branching_ratio(time: np.ndarray, past: Past, law: TaperedGutenbergRichter) -> float:
    """Mean number of direct aftershocks of one earthquake within a year, over magnitudes and past circumstances."""
    edges = np.linspace(law.min_magnitude, 9.9, 2000)
    middles = edges + (edges[1] - edges[0]) / 2 - law.min_magnitude
    by_size = float(np.exp(time[FIRST_FEATURE] * middles) @ law.bin_shares(edges))
    others = past.features.productivity[past.data.target, 1:] @ time[FIRST_FEATURE + 1 : FIRST_FEATURE + FEATURES]
    integral = OmoriTable.of(Decay.from_vector(time)).integral(np.zeros(1), np.array([DAYS_PER_YEAR]))[0]
    return float(np.exp(time[laws.LN_K]) * by_size * np.exp(others).mean() * integral)
