"""Forecasts of several models made one: numbers, places and sizes, each pooled by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.forecasts.counts import Counts
from houfeng.forecasts.forecast import Contributor, Explanation, Forecast
from houfeng.forecasts.gridded import GriddedForecast
from houfeng.models.ensemble.totals import log_count_law, spread_totals
from houfeng.models.ensemble.weights import log_pool
from houfeng.models.gridding import N_SAMPLES, thinned

#: Chances smaller than this count as this: a logarithm must be finite.
LEAST = 1e-300
#: Past earthquakes named in the explanation.
CONTRIBUTORS = 10


def log_cell_shares(gridded: GriddedForecast) -> np.ndarray:
    """Log of the chance that an earthquake falls in each cell, shape (n,)."""
    cells = gridded.rates.sum(axis=1)
    return np.log(np.maximum(cells / cells.sum(), LEAST))


def log_count_laws(totals: Sequence[np.ndarray], at_least: int = 0) -> np.ndarray:
    """Log of each member's chance of every total, up to twice the most in any sample, and beyond `at_least`.

    Parameters
    ----------
    totals : sequence of ndarray of int, shape (n,)
        Equally likely totals by member.

    Returns
    -------
    ndarray, shape (k, m)
    """
    size = max(2 * max(int(column.max()) for column in totals), at_least) + 10
    return np.stack([log_count_law(column, size) for column in totals])


@dataclass(frozen=True, eq=False)
class Pooled:
    """The members' forecasts of one window as one.

    Attributes
    ----------
    forecasts
        Of the members.
    number, place : ndarray, shape (k,)
        Weights of the members for how many, and for where and how large.
    log_total : ndarray, shape (m,)
        Log of the chance of each total number of at least the smallest magnitude.
    expected
        Their mean.
    cell_share : ndarray, shape (n,)
        Chance that an earthquake falls in each cell.
    bin_share : ndarray, shape (b,)
        Chance that it falls in each bin of magnitude, the same in all cells.
    """

    forecasts: tuple[Forecast, ...]
    number: np.ndarray
    place: np.ndarray
    log_total: np.ndarray
    expected: float
    cell_share: np.ndarray
    bin_share: np.ndarray

    @classmethod
    def of(cls, forecasts: Sequence[Forecast], number: np.ndarray, place: np.ndarray) -> "Pooled":
        """Pool forecasts of the same window, cells and bins.

        The mean of the pooled totals carries Monte-Carlo noise; where a member knows its mean exactly, the noise
        is taken back: by the product of (exact mean / mean of its law of totals)^weight.
        """
        laws = log_count_laws([forecast.counts.samples[:, 0] for forecast in forecasts])
        log_total = log_pool(laws, number)
        numbers = np.arange(len(log_total))
        exact = np.log([max(float(forecast.counts.expected[0]), LEAST) for forecast in forecasts])
        noise = number @ (exact - np.log(np.exp(laws) @ numbers))
        bins = np.stack([_log_bin_shares(forecast.gridded) for forecast in forecasts])
        cells = np.stack([log_cell_shares(forecast.gridded) for forecast in forecasts])
        return cls(
            forecasts=tuple(forecasts),
            number=number,
            place=place,
            log_total=log_total,
            expected=float(np.exp(log_total) @ numbers * np.exp(noise)),
            cell_share=np.exp(log_pool(cells, place)),
            bin_share=np.exp(log_pool(bins, place)),
        )

    @property
    def gridded(self) -> GriddedForecast:
        """Expected number by cell and magnitude bin."""
        first = self.forecasts[0].gridded
        rates = self.expected * np.outer(self.cell_share, self.bin_share)
        return GriddedForecast(grid=first.grid, window=first.window, magnitudes=first.magnitudes, rates=rates)

    @property
    def survival(self) -> np.ndarray:
        """Chance to reach the lower edge of each bin of magnitude, shape (b,)."""
        return np.cumsum(self.bin_share[::-1])[::-1]

    def counts(self, rng: np.random.Generator) -> Counts:
        """Totals at evenly spaced quantiles of the pooled law, thinned by the chance to reach each magnitude.

        How uncertain that chance is comes from the members: each sample takes it from one of them, drawn by its
        weight, at the same quantile of the total, scaled so that its mean is the pooled one.
        """
        first = self.forecasts[0]
        magnitudes = first.counts.magnitudes
        columns = np.searchsorted(first.gridded.magnitudes, magnitudes - 1e-6)
        pooled = self.survival[columns] / self.survival[0]
        totals = spread_totals(self.log_total, N_SAMPLES)
        donor = np.searchsorted(np.cumsum(self.place)[:-1], rng.random(N_SAMPLES), side="right")
        survival = np.empty((N_SAMPLES, len(magnitudes)))
        for k, forecast in enumerate(self.forecasts):
            rows = np.flatnonzero(donor == k)
            own = np.broadcast_to(forecast.counts.survival, forecast.counts.samples.shape)
            order = np.argsort(forecast.counts.samples[:, 0], kind="stable")
            at = order[((rows + 0.5) / N_SAMPLES * len(order)).astype(int)]
            survival[rows] = own[at] * (pooled / np.maximum(own.mean(axis=0), LEAST))
        survival = np.minimum.accumulate(np.minimum(survival, 1.0), axis=1)
        shuffled = rng.permutation(N_SAMPLES)
        totals, survival = totals[shuffled], np.maximum(survival[shuffled], LEAST)
        return Counts(magnitudes, self.expected * pooled, thinned(rng, totals, survival), survival)

    def explanation(self, notes: tuple[str, ...]) -> Explanation:
        """Shares of the expected number as the members tell them, averaged by their weight for the number."""
        background, shares, known = 0.0, {}, {}
        for weight, forecast in zip(self.number, self.forecasts, strict=True):
            background += weight * forecast.explanation.background_share
            for one in forecast.explanation.contributors:
                shares[one.event_id] = shares.get(one.event_id, 0.0) + float(weight * one.share)
                known[one.event_id] = one
        first = sorted(shares, key=lambda event_id: (-shares[event_id], event_id))[:CONTRIBUTORS]
        contributors = tuple(_with_share(known[event_id], shares[event_id]) for event_id in first)
        return Explanation(float(background), contributors, notes)


def in_words(weights: Mapping[str, float]) -> str:
    """Weights as people read them, largest first.

    Examples
    --------
    >>> in_words({"smoothed": 0.25, "etas": 0.75})
    'etas 75 %, smoothed 25 %'
    """
    ranked = sorted(weights, key=lambda name: (-weights[name], name))
    return ", ".join(f"{name} {100 * weights[name]:.0f} %" for name in ranked)


def _with_share(one: Contributor, share: float) -> Contributor:
    return Contributor(one.event_id, one.time, one.longitude, one.latitude, one.magnitude, share)


def _log_bin_shares(gridded: GriddedForecast) -> np.ndarray:
    bins = gridded.rates.sum(axis=0)
    return np.log(np.maximum(bins / bins.sum(), LEAST))
