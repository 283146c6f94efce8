"""What the model knows of each earthquake at the moment it happens, from earlier ones alone.

*Independence* is the probability that an earthquake was not triggered: its share of background in the model's own
density at its place. It depends on the independence of all earlier ones, through the background (of which they are
the weights) and through their productivity, so that it is found by going over the catalogue a few times; since each
value depends on earlier ones only, the passes settle from the past to the present.
"""

from dataclasses import dataclass, replace

import numpy as np

from houfeng.models.adaptive.likelihood import Features, Points, SpaceLikelihood
from houfeng.models.adaptive.smoothing import FadingKernels, fading_totals, past_neighbour_km
from houfeng.models.etas.likelihood import EtasData

#: Added to gaps between earthquakes, as a share of the mean gap, before the logarithm.
LEAST_GAP = 0.02
#: Gaps are taken to spread at least so much (natural log): even ones say nothing.
LEAST_SPREAD = 0.1
#: Earthquakes over which the pace is taken.
PACED = 10
#: The background is summed as if at least this share of it were even.
LEAST_EVEN = 0.005
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
    spacing_km
        Median distance to that neighbour.
    gap_days, gap_mean, gap_sd
        Mean gap between earthquakes; mean and spread of the log of gaps over it, by which quiet and pace are scaled.
    busiest
        Quiet and pace never count as less: in a swarm as dense as can be, one earthquake still triggers less than one.
    active_days, steady_share
        The background goes on at the rate of independent earthquakes in about this time, but for a steady share.
    independent_per_day
        That rate over the learning window.
    """

    area_km2: float
    smallest_km: float
    neighbours: int = 3
    fade_days: float = 3652.5
    even_share: float = 0.005
    spacing_km: float = 1.0
    gap_days: float = 1.0
    gap_mean: float = 0.0
    gap_sd: float = 1.0
    busiest: float = -2.0
    active_days: float = 365.25
    steady_share: float = 0.1
    independent_per_day: float = 1.0

    def scaled(self, days: np.ndarray) -> np.ndarray:
        """Log of gaps over the mean gap, less its mean, over its spread."""
        return np.maximum((np.log(days / self.gap_days + LEAST_GAP) - self.gap_mean) / self.gap_sd, self.busiest)


@dataclass(frozen=True, eq=False)
class Past:
    """Earthquakes and what was known of each when it happened.

    Attributes
    ----------
    data
        The earthquakes.
    inside : ndarray of bool, shape (n,)
        In the region: quiet and pace are of these.
    smoothing
        How the background is made.
    kernel_km : ndarray, shape (n,)
        Width of the background kernel of each.
    quiet, pace : ndarray, shape (n,)
        Log of the days since the one before, and of the mean of the last ten such gaps, scaled.
    independence : ndarray, shape (n,)
        Probability that it was not triggered.
    background : ndarray, shape (n,)
        Density of the background at its time and place, per km^2, of earlier ones.
    """

    data: EtasData
    inside: np.ndarray
    smoothing: Smoothing
    kernel_km: np.ndarray
    quiet: np.ndarray
    pace: np.ndarray
    independence: np.ndarray
    background: np.ndarray

    @classmethod
    def unjudged(cls, data: EtasData, inside: np.ndarray, smoothing: Smoothing, *, scale: bool) -> "Past":
        """All earthquakes count as independent, and the background as even; `scale` sets the scales by `data`."""
        distance = past_neighbour_km(data.xyz_km, smoothing.neighbours)
        known = np.isfinite(distance)
        usual = smoothing.spacing_km
        if scale and known.any():
            usual = np.median(distance[known])
        distance = np.maximum(np.where(known, distance, usual), smoothing.smallest_km)
        gaps, means = _gaps(data.days, inside)
        if scale:
            usual_days = float(gaps[data.target].mean())
            learnt = np.log(gaps[data.target] / usual_days + LEAST_GAP)
            smoothing = replace(
                smoothing,
                spacing_km=float(np.median(distance)),
                gap_days=usual_days,
                gap_mean=float(learnt.mean()),
                gap_sd=float(max(learnt.std(), LEAST_SPREAD)),
            )
        quiet, pace, one = smoothing.scaled(gaps), smoothing.scaled(means), np.ones(len(gaps))
        return cls(data, inside, smoothing, distance, quiet, pace, one, one / smoothing.area_km2)

    def no_busier_than(self, busiest: float) -> "Past":
        """With quiet and pace never less than `busiest`."""
        smoothing = replace(self.smoothing, busiest=busiest)
        quiet, pace = np.maximum(self.quiet, busiest), np.maximum(self.pace, busiest)
        return replace(self, smoothing=smoothing, quiet=quiet, pace=pace)

    def until(self, n: int, end_day: float) -> "Past":
        """The first `n` earthquakes, as known on `end_day`: nothing that was said of them used a later one."""
        names = ("inside", "kernel_km", "quiet", "pace", "independence", "background")
        return replace(self, data=self.data.until(n, end_day), **{name: getattr(self, name)[:n] for name in names})

    @property
    def features(self) -> Features:
        """As the likelihoods take them."""
        m = self.data.m
        return Features(
            np.column_stack([m, self.independence - 0.5, self.quiet, self.pace]),
            np.column_stack([m, np.log(self.kernel_km / self.smoothing.spacing_km)]),
        )

    @property
    def kernels(self) -> FadingKernels:
        """The background before it is normalised."""
        d, spread = self.data, self.kernel_km**2
        return FadingKernels(d.days, d.xyz_km, self.independence, spread, self.smoothing.fade_days)

    def judged(self, vector: np.ndarray, first: int = 0, passes: int = 1) -> "Past":
        """Independence and background of all from number `first` on, by a model of places `vector`."""
        past, n = self, len(self.data.days)
        rows = np.arange(first, n)
        for _ in range(passes if len(rows) else 0):
            share = SpaceLikelihood(past.data, past.features, vector, past.points(rows)).own_share(vector)
            independence = past.independence.copy()
            independence[first:] = share
            past = replace(past, independence=independence).smoothed(first)
        return past

    def with_usual_activity(self) -> "Past":
        """With the rate of independent earthquakes over the learning window as the usual one."""
        d = self.data
        rate = float(self.independence[d.target].sum()) / (d.end_day - d.start_day)
        return replace(self, smoothing=replace(self.smoothing, independent_per_day=rate))

    def activity(self, days: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Rate of independent earthquakes of late over the usual, after the first `before` earthquakes, shape (m,).

        (1 - s) (sum of p_j e^(-(t - t_j) / T) / (T r) + e^(-(t - t_0) / T)) + s: before the catalogue begins at t_0
        the rate is taken as usual.
        """
        s, d = self.smoothing, self.data
        weight = self.independence * self.inside
        total = np.append(fading_totals(d.days, weight, 1.0 / s.active_days), 0.0)
        total[-1] = total[-2] + weight[-1]
        since = days - np.append(d.days, d.days[-1])[before]
        late = total[before] * np.exp(-since / s.active_days) / (s.active_days * s.independent_per_day)
        return (1 - s.steady_share) * (late + np.exp(-(days - d.days[0]) / s.active_days)) + s.steady_share

    def activity_integral(self, start_day: float, end_day: float) -> float:
        """Integral of :meth:`activity` from one day to another, days."""
        s, d = self.smoothing, self.data
        late = np.exp(-np.maximum(start_day - d.days, 0.0) / s.active_days)
        late = late - np.exp(-np.maximum(end_day - d.days, 0.0) / s.active_days)
        late = float((self.independence * self.inside) @ late) / s.independent_per_day
        usual = np.exp(-(start_day - d.days[0]) / s.active_days) - np.exp(-(end_day - d.days[0]) / s.active_days)
        varying = late + s.active_days * float(usual)
        return (1 - s.steady_share) * varying + s.steady_share * (end_day - start_day)

    def points(self, rows: np.ndarray) -> Points:
        """Earthquakes number `rows` as points at which a density is asked for."""
        d = self.data
        xyz = np.ascontiguousarray(d.xyz_km[rows])
        return Points(d.days[rows], xyz, rows, self.background[rows], self.activity(d.days[rows], rows))

    def smoothed(self, first: int = 0) -> "Past":
        """With the background at all from number `first` on, of the independence as it is."""
        density, n = self.background.copy(), len(self.data.days)
        if first < n:
            rows = slice(first, n)
            density[rows] = self.background_at(self.data.days[rows], self.data.xyz_km[rows], np.arange(first, n))
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
        known = np.maximum(total, 1e-9)
        floor = LEAST_EVEN * known * even
        density = kernels.at(days, xyz_km, before, floor) / known
        return np.where(total > 1e-9, (1 - s.even_share) * density + s.even_share * even, even)


def _gaps(days: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since the last earthquake inside, and mean gap of the last ten of them, this one included; shapes (n,).

    Before the first there is taken to have been one a day.
    """
    came = np.concatenate([days[0] - 1.0 - np.arange(PACED)[::-1], days[inside]])
    before = PACED + np.cumsum(inside) - inside
    return days - came[before - 1], (days - came[before - PACED]) / PACED


def extended(past: Past, data: EtasData, inside: np.ndarray, vector: np.ndarray) -> Past:
    """Take later earthquakes in: those that `past` knows already are not judged again.

    Where the beginning of `data` is not what `past` knows (a catalogue was revised), all are judged anew.
    """
    start = Past.unjudged(data, inside, past.smoothing, scale=False)
    n = len(past.data.days)
    same = len(data.days) >= n and all(
        np.array_equal(getattr(data, name)[:n], getattr(past.data, name)) for name in ("days", "xyz_km", "m")
    )
    if not same:
        return start.smoothed().judged(vector, 0, 2 * PASSES)
    independence, background = start.independence.copy(), start.background.copy()
    independence[:n], background[:n] = past.independence, past.background
    start = replace(start, independence=independence, background=background)
    return start.smoothed(n).judged(vector, n, PASSES)
