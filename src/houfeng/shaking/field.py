"""A field of shaking: what one earthquake does at many sites, and equally likely realisations of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.earthquake import Earthquake
from houfeng.errors import InputError
from houfeng.shaking.correlation import Correlation, correlation_of
from houfeng.shaking.motion import Motion
from houfeng.shaking.simulation import within_residuals
from houfeng.shaking.sites import Sites


@dataclass(frozen=True, eq=False)
class ShakingField:
    """Ground motion of one earthquake at n sites.

    Attributes
    ----------
    earthquake, sites, motion
        What, where, and how strong: ``motion`` has one row for each site.
    source
        Where the numbers come from, for people: the model, or the map that was read.
    n_stations
        Observed places the field was conditioned on; 0 means a model alone.
    simulated
        True when anything in it is invented (an exercise, simulated stations); whatever is made from it says so.
    """

    earthquake: Earthquake
    sites: Sites
    motion: Motion
    source: str
    n_stations: int = 0
    simulated: bool = False

    def __post_init__(self) -> None:
        if len(self.motion.mean_ln) != len(self.sites):
            raise InputError(f"a field has motion at {len(self.motion.mean_ln)} places for {len(self.sites)} sites")

    def realisations(
        self, n: int, rng: np.random.Generator, *, measures: Sequence[str] = (), method: str = "auto"
    ) -> dict[str, np.ndarray]:
        """Draw equally likely fields, correlated in space and across measures.

        Parameters
        ----------
        n
            How many.
        measures
            Which, of those in ``motion``; all when empty.
        method
            See :func:`houfeng.shaking.simulation.within_residuals`.

        Returns
        -------
        dict of measure to ndarray of float32, shape (n, n_sites)
            In g or cm/s.

        Raises
        ------
        InputError
            When `n` is not positive, the field has no site, or a measure is not in it.
        """
        motion = chosen(self.motion, tuple(measures) or self.motion.measures)
        drawn = draw_ln(motion, correlation_of(motion.measures), self.sites, n, rng, method=method)
        return in_units(motion.measures, drawn)


def chosen(motion: Motion, measures: tuple[str, ...]) -> Motion:
    """`motion` of some of its measures only, in the order given."""
    if measures == motion.measures:
        return motion
    columns = [motion.column(measure) for measure in measures]
    return Motion(measures, motion.mean_ln[:, columns], motion.between[:, columns], motion.within[:, columns])


def draw_ln(
    motion: Motion, correlation: Correlation, sites: Sites, n: int, rng: np.random.Generator, *, method: str = "auto"
) -> np.ndarray:
    """Draw the natural logarithm of each measure, shape (k, n, n_sites) float32."""
    k = len(motion.measures)
    factor = np.linalg.cholesky(correlation.between + 1e-9 * np.eye(k))
    event = (factor @ rng.standard_normal((k, n))).astype(np.float32)
    drawn = within_residuals(
        correlation, longitude=sites.longitude, latitude=sites.latitude, n=n, rng=rng, method=method
    )
    mean, between, within = (part.T.astype(np.float32) for part in (motion.mean_ln, motion.between, motion.within))
    for j in range(k):
        for i in range(n):  # row by row stays in the cache
            drawn[j, i] *= within[j]
            drawn[j, i] += mean[j]
            drawn[j, i] += event[j, i] * between[j]
    return drawn


def in_units(measures: tuple[str, ...], ln_values: np.ndarray) -> dict[str, np.ndarray]:
    """Logarithms, shape (k, n, n_sites), to g or cm/s by measure; the array given is overwritten."""
    for row in ln_values.reshape(-1, ln_values.shape[-1]):
        np.exp(row, out=row)
    return dict(zip(measures, ln_values, strict=True))


def summary(samples: Mapping[str, np.ndarray], level: float = 0.9) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Central interval of realisations at each site, by measure: two arrays of shape (n_sites,)."""
    tail = (1 - level) / 2
    return {measure: tuple(np.quantile(values, [tail, 1 - tail], axis=0)) for measure, values in samples.items()}
