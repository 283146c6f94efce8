"""How large, when the b-value itself is uncertain."""

from dataclasses import dataclass

import numpy as np

from houfeng.catalogs.bvalue import b_value, bin_width_of
from houfeng.errors import FitError, InputError
from houfeng.forecasts.gridded import TOP
from houfeng.models.magnitudes import TaperedGutenbergRichter, moment_nm
from houfeng.regions import Region
from houfeng.values import Estimate


@dataclass(frozen=True, slots=True)
class UncertainMagnitudes:
    """A tapered Gutenberg-Richter law whose slope was estimated from a finite number of earthquakes.

    With magnitudes exponential above the threshold and a scale-free prior, the slope given the data follows
    a gamma law with as many degrees as there are events. Averaging the law over it has a closed form,
    (1 + beta x / n)^-n, a little heavier in the tail than the law at the best slope.

    Attributes
    ----------
    law
        The law at the estimated slope.
    b_sd
        Standard deviation of the b-value; 0 when it is taken as known.
    """

    law: TaperedGutenbergRichter
    b_sd: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.b_sd < self.law.b:
            raise InputError(f"standard deviation {self.b_sd:.3g} of b = {self.law.b:.3g} makes no sense")

    @property
    def min_magnitude(self) -> float:
        """Smallest magnitude."""
        return self.law.min_magnitude

    def survival(self, magnitude: np.ndarray | float) -> np.ndarray:
        """Chance to reach `magnitude`, averaged over the uncertainty of b; shape as given."""
        m = np.maximum(np.asarray(magnitude, float), self.min_magnitude)
        if self.b_sd == 0:
            return self.law.survival(m)
        degrees = (self.law.b / self.b_sd) ** 2
        decay = self.law.b * np.log(10) * (m - self.min_magnitude)
        return np.exp(-degrees * np.log1p(decay / degrees)) * self._taper(m)

    def draw_b(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Draw b-values from what the data leave possible, shape (size,)."""
        if self.b_sd == 0:
            return np.full(size, self.law.b)
        degrees = (self.law.b / self.b_sd) ** 2
        return rng.gamma(degrees, self.law.b / degrees, size)

    def survival_given(self, b: np.ndarray, magnitudes: np.ndarray) -> np.ndarray:
        """Chance to reach each of `magnitudes` (k,) for each slope `b` (n,); shape (n, k)."""
        m = np.maximum(np.asarray(magnitudes, float), self.min_magnitude)
        return 10.0 ** (-b[:, None] * (m - self.min_magnitude)) * self._taper(m)

    def b_estimate(self, level: float = 0.95) -> Estimate:
        """The b-value with its central interval."""
        if self.b_sd == 0:
            return Estimate(self.law.b, self.law.b, self.law.b, level)
        from scipy.special import gammaincinv

        degrees, tail = (self.law.b / self.b_sd) ** 2, (1 - level) / 2
        low, high = gammaincinv(degrees, np.array([tail, 1 - tail])) * self.law.b / degrees
        return Estimate(self.law.b, float(low), float(high), level)

    def sample(self, rng: np.random.Generator, b: np.ndarray) -> np.ndarray:
        """Draw one magnitude for each slope in `b` (n,), capped at the highest bin of a forecast; shape (n,).

        The smaller of a Pareto and a shifted exponential moment has this law (Vere-Jones and others 2001,
        doi:10.1046/j.1365-246x.2001.01348.x).
        """
        low = moment_nm(self.min_magnitude)
        pareto = low * (1.0 - rng.random(len(b))) ** (-1.5 / b)
        taper = low + moment_nm(self.law.corner_magnitude) * rng.exponential(size=len(b))
        return np.minimum((np.log10(np.minimum(pareto, taper)) - 9.05) / 1.5, TOP)

    def _taper(self, m: np.ndarray) -> np.ndarray:
        corner = moment_nm(self.law.corner_magnitude)
        return np.exp((moment_nm(self.min_magnitude) - moment_nm(m)) / corner)


def fit_sizes(magnitudes: np.ndarray, min_magnitude: float, region: Region) -> UncertainMagnitudes:
    """Law of sizes of the earthquakes of `region`: b-value of `magnitudes`, corner of the region.

    Parameters
    ----------
    magnitudes : ndarray, shape (n,)
        From times and places where the catalogue is complete from `min_magnitude` on, in tenths or finer.

    Raises
    ------
    NotEnoughDataError
        With too few events for a b-value.
    FitError
        When the b-value is outside 0.2 to 3.
    """
    # Finer magnitudes must not be rounded to tenths: of the lowest bin a catalogue cut at its centre holds only half.
    fit = b_value(magnitudes, min_magnitude, bin_width=bin_width_of(magnitudes))
    if not 0.2 <= fit.b <= 3:
        raise FitError(
            f"the b-value above M{min_magnitude:g} in '{region.name}' is {fit.b:.2f}, outside 0.2 to 3; "
            "check the magnitudes and the completeness magnitude"
        )
    law = TaperedGutenbergRichter(fit.b, min_magnitude, region.corner_magnitude)
    return UncertainMagnitudes(law, min(fit.standard_error, fit.b / 2))
