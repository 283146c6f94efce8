"""The laws of the adaptive model and the vectors the optimiser works on."""

import math
from dataclasses import dataclass

import numpy as np

#: What the productivity of a source depends on: magnitude, how likely it was independent, quiet before it, pace of the
#: last ten.
FEATURE_NAMES = ("magnitude", "independence", "quiet", "pace")
FEATURES = len(FEATURE_NAMES)
#: Features that the spread of its kernel depends on: magnitude, log of the distance between earthquakes.
GROWTHS = 2

#: Layout of the vectors: log background, log productivity, features, ln c, omega, ln tau | ln d, growths, ln rho.
LN_MU, LN_K, FIRST_FEATURE, INDEPENDENCE = 0, 1, 2, 3
LN_C, OMEGA, LN_TAU = 2 + FEATURES, 3 + FEATURES, 4 + FEATURES
TIME_SIZE = 5 + FEATURES
LN_D, FIRST_GROWTH, LN_RHO = TIME_SIZE, TIME_SIZE + 1, TIME_SIZE + 1 + GROWTHS
SPACE_SIZE = TIME_SIZE + 2 + GROWTHS

_LOW = [-20.0, -30.0, -1.0, -4.0, -2.0, -2.0, -16.0, -0.9, 1.0, -14.0, -2.0, -1.0, -3.0]
_HIGH = [14.0, 12.0, 5.0, 4.0, 2.0, 2.0, 3.0, 2.0, 14.0, 8.0, 4.0, 3.0, 2.5]
LOWER, UPPER = np.array(_LOW), np.array(_HIGH)


#: What is held likely before any data, as a Gaussian: it keeps a few hundred earthquakes from saying absurd things, and
#: does not count beside thousands. Background, productivity and d are free.
_BELIEFS = {
    FIRST_FEATURE: (1.4, 0.5), INDEPENDENCE: (-0.5, 1.0), FIRST_FEATURE + 2: (0.0, 0.5), FIRST_FEATURE + 3: (0.0, 0.5),
    LN_C: (-6.0, 2.0), OMEGA: (0.0, 0.3), LN_TAU: (6.0, 3.0),
    FIRST_GROWTH: (0.9, 0.4), FIRST_GROWTH + 1: (0.5, 0.5), LN_RHO: (-0.5, 0.4),
}  # fmt: skip
PRIOR_MEAN, PRIOR_INFORMATION = np.zeros(SPACE_SIZE), np.zeros(SPACE_SIZE)
for _i, (_mean, _sd) in _BELIEFS.items():
    PRIOR_MEAN[_i], PRIOR_INFORMATION[_i] = _mean, _sd**-2


@dataclass(frozen=True, slots=True)
class Decay:
    """Omori-Utsu decay with an exponential taper: c and tau in days, exponent 1 + omega."""

    ln_c: float
    omega: float
    ln_tau: float

    @classmethod
    def from_vector(cls, vector: np.ndarray) -> "Decay":
        """The part of the optimiser's vector."""
        return cls(*(float(v) for v in vector[LN_C : LN_TAU + 1]))

    @property
    def c(self) -> float:
        """Days."""
        return math.exp(self.ln_c)

    @property
    def inverse_tau(self) -> float:
        """Per day."""
        return 0.0 if math.isinf(self.ln_tau) else math.exp(-self.ln_tau)


@dataclass(frozen=True, slots=True)
class SpaceLaw:
    """Spatial kernel: spread D = d e^(growth . features) in km^2, exponent 1 + rho."""

    ln_d: float
    growth: tuple[float, ...]
    ln_rho: float

    @classmethod
    def from_vector(cls, vector: np.ndarray) -> "SpaceLaw":
        """The part of the optimiser's vector."""
        growth = tuple(float(v) for v in vector[FIRST_GROWTH:LN_RHO])
        return cls(float(vector[LN_D]), growth, float(vector[LN_RHO]))

    @property
    def rho(self) -> float:
        """Exponent of the kernel less one."""
        return math.exp(self.ln_rho)

    def spread_km2(self, growths: np.ndarray) -> np.ndarray:
        """D of sources with the given growth features, shape (n, GROWTHS)."""
        return np.exp(self.ln_d + growths @ np.array(self.growth))
