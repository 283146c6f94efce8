"""What the model knows of each earthquake at the moment it happens, from earlier ones alone.

*Independence* is the probability that an earthquake was not triggered: its share of background in the model's own
density at its place. It depends on the independence of all earlier ones, through the background (of which they are
the weights) and through their productivity, so that it is found by going over the catalogue a few times; since each
value depends on earlier ones only, the passes settle from the past to the present.
"""

from dataclasses import dataclass, replace

import numpy as np

from houfeng.models.adaptive.likelihood import Features, SpaceLikelihood
from houfeng.models.adaptive.smoothing import FadingKernels, fading_totals, past_neighbour_km
from houfeng.models.etas.likelihood import EtasData

#: Added to the days between two earthquakes before the logarithm.
SHORTEST_QUIET_DAYS = 1e-3
#: Times the new part of a catalogue is gone over.
PASSES = 3


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How the background is made, and how features are scaled.

    Attributes
    ----------
    area_km2
        Of the region.
    smallest_km
        Location error: no kernel of the background is narrower.
    neighbours
        A kernel is as wide as the distance to this nearest of the earlier earthquakes.
    fade_days
        In this time an earthquake loses all but 1/e of its weight in the background.
    even_share
        Of the background, spread evenly over the region.
    spacing_km, quiet_mean, quiet_sd
        Median distance to that neighbour; mean and spread of the log of the days since the last earthquake.
    """

    area_km2: float
    smallest_km: float
    neighbours: int = 3
    fade_days: float = 3652.5
    even_share: float = 0.005
    spacing_km: float = 1.0
    quiet_mean: float = 0.0
    quiet_sd: float = 1.0


@dataclass(frozen=True, eq=False)
class Past:
    """Earthquakes and what was known of each when it happened.

    Attributes
    ----------
    data
        The earthquakes.
    smoothing
        How the background is made.
    kernel_km : ndarray, shape (n,)
        Width of the background kernel of each.
    quiet : ndarray, shape (n,)
        Log of the days since the one before, scaled.
    independence : ndarray, shape (n,)
        Probability that it was not triggered.
    background : ndarray, shape (n,)
        Density of the background at its time and place, per km^2, of earlier ones.
    """

    data: EtasData
    smoothing: Smoothing
    kernel_km: np.ndarray
    quiet: np.ndarray
    independence: np.ndarray
    background: np.ndarray

    @classmethod
    def unjudged(cls, data: EtasData, smoothing: Smoothing, *, scale: bool) -> "Past":
        """All earthquakes count as independent for now; `scale` sets the scales by those of `data`."""
        distance = past_neighbour_km(data.xyz_km, smoothing.neighbours)
        known = np.isfinite(distance)
        distance = np.maximum(np.where(known, distance, np.median(distance[known])), smoothing.smallest_km)
        quiet = np.log(np.diff(data.days, prepend=data.days[0] - 1.0) + SHORTEST_QUIET_DAYS)
        if scale:
            learnt = quiet[data.target]
            smoothing = replace(
                smoothing,
                spacing_km=float(np.median(distance)),
                quiet_mean=float(learnt.mean()),
                quiet_sd=float(max(learnt.std(), 1e-3)),
            )
        one = np.ones(len(quiet))
        quiet = (quiet - smoothing.quiet_mean) / smoothing.quiet_sd
        return cls(data, smoothing, distance, quiet, one, one / smoothing.area_km2)._smoothed(slice(None))

    @property
    def features(self) -> Features:
        """As the likelihoods take them."""
        m = self.data.m
        return Features(
            np.column_stack([m, self.independence - 0.5, self.quiet]),
            np.column_stack([m, np.log(self.kernel_km / self.smoothing.spacing_km)]),
        )

    @property
    def kernels(self) -> FadingKernels:
        """The background before it is normalised."""
        d, spread = self.data, self.kernel_km**2
        weight = self.independence * np.exp(d.log_weight)
        return FadingKernels(d.days, d.xyz_km, weight, spread, self.smoothing.fade_days)

    def judged(self, vector: np.ndarray, first: int = 0, passes: int = 1) -> "Past":
        """Independence and background of all from number `first` on, by a model of places `vector`."""
        past, n = self, len(self.data.days)
        rows = np.arange(first, n)
        for _ in range(passes if len(rows) else 0):
            picked = replace(past.data, target=np.arange(n) >= first)
            share = SpaceLikelihood(picked, past.features, vector, past.background).own_share(vector)
            independence = past.independence.copy()
            independence[first:] = share
            past = replace(past, independence=independence)._smoothed(slice(first, None))
        return past

    def _smoothed(self, rows: slice) -> "Past":
        """The background at `rows`, of the independence as it is."""
        density = self.background.copy()
        density[rows] = self.background_at(
            self.data.days[rows], self.data.xyz_km[rows], np.arange(len(self.data.days))[rows]
        )
        return replace(self, background=density)

    def background_at(self, days: np.ndarray, xyz_km: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Density of the background at times and places in the region, of the first `before` earthquakes, per km^2."""
        s, kernels, d = self.smoothing, self.kernels, self.data
        inside = d.mass.shares(self.kernel_km**2, 1.0)[0]
        even = 1.0 / s.area_km2
        total = np.append(fading_totals(d.days, kernels.weight * inside, 1.0 / s.fade_days), 0.0)
        last = len(d.days) - 1
        total[-1] = total[-2] + kernels.weight[last] * inside[last]
        since = days - np.append(d.days, d.days[last])[before]
        total = total[before] * np.exp(-since / s.fade_days)
        density = kernels.at(days, xyz_km, before) / np.maximum(total, 1e-300)
        return np.where(total > 1e-9, (1 - s.even_share) * density + s.even_share * even, even)


def extended(past: Past, data: EtasData, vector: np.ndarray) -> Past:
    """Take later earthquakes in: those that `past` knows already are not judged again.

    Where the beginning of `data` is not what `past` knows (a catalogue was revised), all are judged anew.
    """
    fresh = Past.unjudged(data, past.smoothing, scale=False)
    n = len(past.data.days)
    same = len(data.days) >= n and all(
        np.array_equal(getattr(data, name)[:n], getattr(past.data, name)) for name in ("days", "xyz_km", "m")
    )
    first = n if same else 0
    independence, background = fresh.independence.copy(), fresh.background.copy()
    if same:
        independence[:n], background[:n] = past.independence, past.background
    start = replace(fresh, independence=independence, background=background)
    return start.judged(vector, first, PASSES if same else 2 * PASSES)
