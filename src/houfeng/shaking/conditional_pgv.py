"""Peak ground velocity from a spectrum, for models that have none of their own.

Abrahamson and Bhasin (2020), Conditional ground-motion model for peak ground velocity for active crustal regions,
PEER Report 2020/05, equations 3.1 to 3.6 and table 3.2. Made from crustal earthquakes of M3 to 8; for subduction, and
above M8, it is extrapolated. Held against Parker, Stewart, Boore, Atkinson and Hassani (2020, PEER Report 2020/03), who
fitted PGV and spectra of interface earthquakes, with their terms for South America, at 30 to 200 km and 250 to 760 m/s,
PGV comes out 2.3 times too high at M6, 1.7 at M7, 1.2 at M8, 1.07 at M8.3 and 0.8 at M8.8 (medians).
"""

import numpy as np

from houfeng.shaking.motion import Motion

#: Periods in s at which the spectrum may be asked for.
PGV_PERIODS = (0.02, 10.0)

_A1, _A2, _A3, _A4, _A5, _A6, _A7, _A8 = 5.39, 0.799, 0.654, 0.479, -0.062, -0.359, -0.134, 0.023
_PHI, _TAU = 0.29, 0.16


def pgv_period_s(magnitude: float) -> float:
    """Period whose spectral acceleration says most of PGV (equation 3.6), s."""
    return float(np.exp(-4.09 + 0.66 * magnitude))


def pgv_given_spectrum(
    motion: Motion, column: int, magnitude: float, rrup_km: np.ndarray, vs30_mps: np.ndarray
) -> Motion:
    """`motion` with one column, which holds spectral acceleration at :func:`pgv_period_s`, turned into PGV.

    The standard deviations are those of the spectrum, as far as PGV follows it, and those of the relation together.
    """
    slope = _A2 + (_A3 - _A2) * min(max((magnitude - 5.0) / 2.5, 0.0), 1.0)
    constant = _A1 + _A4 * (magnitude - 6.0) + _A5 * (8.5 - magnitude) ** 2
    far = np.log(rrup_km + 5.0 * np.exp(0.4 * (magnitude - 6.0)))
    soft = np.log(vs30_mps / 425.0)
    mean, between, within = (part.copy() for part in (motion.mean_ln, motion.between, motion.within))
    mean[:, column] = constant + slope * mean[:, column] + _A6 * far + (_A7 + _A8 * (magnitude - 5.0)) * soft
    between[:, column] = np.hypot(slope * between[:, column], _TAU)
    within[:, column] = np.hypot(slope * within[:, column], _PHI)
    return Motion(motion.measures, mean, between, within)
