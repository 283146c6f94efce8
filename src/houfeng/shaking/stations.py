"""What was observed: peak motions and intensities at stations."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from houfeng.errors import InputError
from houfeng.shaking.intensity import ln_from_mmi
from houfeng.shaking.motion import MEASURES, Motion
from houfeng.shaking.sites import Sites


@dataclass(frozen=True, eq=False)
class Stations:
    """Observed motion at n places in k measures.

    Attributes
    ----------
    code : ndarray of str, shape (n,)
    sites
        Where; places without a known Vs30 have the default.
    measures
        Names, see :data:`houfeng.shaking.motion.MEASURES`.
    ln_value : ndarray, shape (n, k)
        Natural logarithm of the value in g or cm/s; NaN where not observed.
    sigma_ln : ndarray, shape (n, k)
        Standard deviation of the observation itself; 0 for a perfect one.
    intensity : ndarray, shape (n,)
        Observed macroseismic intensity (people's reports, surveys); NaN for instruments.
    source
        For people.
    rejected
        What was left out on reading, by reason: number of records.
    simulated
        True when the observations are invented.
    """

    code: np.ndarray
    sites: Sites
    measures: tuple[str, ...]
    ln_value: np.ndarray
    sigma_ln: np.ndarray
    intensity: np.ndarray
    source: str = ""
    rejected: Mapping[str, int] = field(default_factory=dict)
    simulated: bool = False

    def __post_init__(self) -> None:
        shape = (len(self.sites), len(self.measures))
        for name in ("ln_value", "sigma_ln"):
            if getattr(self, name).shape != shape:
                raise InputError(f"{name} of the stations has shape {getattr(self, name).shape}, expected {shape}")
        if self.code.shape != shape[:1] or self.intensity.shape != shape[:1]:
            raise InputError(f"code and intensity of the stations must have {shape[0]} rows")
        if np.isinf(self.ln_value).any() or not (self.sigma_ln >= 0).all():
            raise InputError("observed logarithms must be finite or NaN, and their standard deviations not negative")

    @classmethod
    def of(
        cls, *, sites: Sites, values: Mapping[str, np.ndarray], sigma_ln: float | np.ndarray = 0.0, **more
    ) -> "Stations":
        """From values in g or cm/s by measure (NaN where not observed).

        Raises
        ------
        InputError
            When a value is zero or negative: its logarithm says nothing. Leave it out, or pass NaN.
        """
        table = np.column_stack([np.broadcast_to(values[m], len(sites)).astype(float) for m in values])
        if (table <= 0).any():
            raise InputError(
                f"{int((table <= 0).sum())} observed values are not positive; pass NaN where nothing is known"
            )
        filled = {
            "code": np.array([f"S{i}" for i in range(len(sites))]),
            "intensity": np.full(len(sites), np.nan),
        }
        sigma = np.broadcast_to(np.asarray(sigma_ln, float), table.shape).copy()
        return cls(sites=sites, measures=tuple(values), ln_value=np.log(table), sigma_ln=sigma, **(filled | more))

    def __len__(self) -> int:
        return len(self.sites)

    @property
    def observed(self) -> np.ndarray:
        """Where there is a value, boolean, shape (n, k)."""
        return np.isfinite(self.ln_value)

    def select(self, mask: np.ndarray) -> "Stations":
        """The stations that `mask` (booleans or indices) picks."""
        return replace(
            self,
            sites=self.sites.select(mask),
            **{name: getattr(self, name)[mask] for name in ("code", "ln_value", "sigma_ln", "intensity")},
        )

    def of_measures(self, measures: tuple[str, ...]) -> "Stations":
        """The columns of `measures`, in that order; a measure nobody observed is all NaN."""
        shape = (len(self), len(measures))
        values, sigmas = np.full(shape, np.nan), np.zeros(shape)
        for j, measure in enumerate(measures):
            if measure in self.measures:
                values[:, j] = self.ln_value[:, self.measures.index(measure)]
                sigmas[:, j] = self.sigma_ln[:, self.measures.index(measure)]
        return replace(self, measures=measures, ln_value=values, sigma_ln=sigmas)

    def with_noise(self, sigma_ln: float) -> "Stations":
        """With standard deviations of at least `sigma_ln`.

        Lists rarely give any; 0.1 is what two instruments side by side differ by, and keeps two records at one
        place, both said to be perfect, from contradicting each other.
        """
        return replace(self, sigma_ln=np.maximum(self.sigma_ln, sigma_ln))

    def with_reports_as(self, measure: str = "PGV") -> "Stations":
        """Intensities of people turned into `measure`, with the standard deviation of that conversion.

        Worden and others (2012). Only where nothing was measured and the intensity is 2 to 10.
        """
        if measure not in self.measures:
            return self.of_measures((*self.measures, measure)).with_reports_as(measure)
        usable = ~self.observed.any(axis=1) & (self.intensity >= 2) & (self.intensity <= 10)
        ln_value, sigma = ln_from_mmi(measure, np.where(usable, self.intensity, 5.0))
        j = self.measures.index(measure)
        values, sigmas = self.ln_value.copy(), self.sigma_ln.copy()
        values[usable, j], sigmas[usable, j] = ln_value[usable], sigma
        return replace(self, ln_value=values, sigma_ln=sigmas)

    def without_outliers(self, expected: Motion, *, reach: float = 3.0) -> "Stations":
        """Values farther than `reach` total standard deviations from `expected` removed, and counted as such.

        The median residual of each measure is taken off first, so that an earthquake stronger than expected
        as a whole makes no outliers.
        """
        measures = tuple(measure for measure in self.measures if measure in expected.measures)
        kept = self.of_measures(measures)
        columns = [expected.column(measure) for measure in measures]
        residual = kept.ln_value - expected.mean_ln[:, columns]
        middle = [np.median(column[np.isfinite(column)]) if np.isfinite(column).any() else 0.0 for column in residual.T]
        spread = np.hypot(expected.total[:, columns], kept.sigma_ln)
        out = np.abs(residual - middle) > reach * spread
        values = np.where(out, np.nan, kept.ln_value)
        rejected = dict(self.rejected) | ({"outlier": int(out.sum())} if out.any() else {})
        return replace(kept, ln_value=values, rejected=rejected)


def ordered(measures: set[str]) -> tuple[str, ...]:
    """Measures in the order of :data:`MEASURES`, others after them by name."""
    return tuple(m for m in MEASURES if m in measures) + tuple(sorted(measures - set(MEASURES)))
