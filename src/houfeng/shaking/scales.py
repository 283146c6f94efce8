"""Intensities of China and Japan from ground motion, and how intensities are written.

China: instrumental intensity of GB/T 17742-2020, appendix A, from peak acceleration (m/s^2) and velocity (m/s):
I_A = 3.17 lg PGA + 6.59, I_V = 3.00 lg PGV + 9.77; I_V where both reach 6, else the mean; 1.0 to 12.0. The standard
takes the vector sum of three components filtered to 0.1 to 10 Hz; ground-motion models give one horizontal
component, so what is computed from them is a little low, and stands for the standard only as an estimate.

Japan: instrumental intensity of the JMA from peak velocity in cm/s, I = 2.68 + 1.72 lg PGV, standard deviation 0.21,
fitted for intensities 4 to 7: Midorikawa, Fujimoto and Muramatsu (1999), *Journal of the Institute of Social Safety
Science* 1, 51-56 (in Japanese).
"""

import numpy as np

from houfeng.errors import InputError

_MPS2_PER_G = 9.80665

#: Classes of the JMA with the instrumental intensity they begin at.
JMA_CLASSES = (
    ("0", -np.inf),
    ("1", 0.5),
    ("2", 1.5),
    ("3", 2.5),
    ("4", 3.5),
    ("5-lower", 4.5),
    ("5-upper", 5.0),
    ("6-lower", 5.5),
    ("6-upper", 6.0),
    ("7", 6.5),
)

JMA_SIGMA = 0.21

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


def china_intensity(*, pga_g: np.ndarray, pgv_cms: np.ndarray) -> np.ndarray:
    """Instrumental intensity of GB/T 17742-2020, 1.0 to 12.0, one decimal (appendix A).

    Examples
    --------
    >>> china_intensity(pga_g=np.array([0.01, 0.3]), pgv_cms=np.array([0.5, 30.0]))
    array([3.1, 8.2])
    """
    pga, pgv = np.maximum(pga_g, 1e-9) * _MPS2_PER_G, np.maximum(pgv_cms, 1e-9) / 100
    by_acceleration, by_velocity = 3.17 * np.log10(pga) + 6.59, 3.00 * np.log10(pgv) + 9.77
    both = (by_acceleration >= 6.0) & (by_velocity >= 6.0)
    value = np.where(both, by_velocity, (by_acceleration + by_velocity) / 2)
    return np.clip(np.round(value, 1), 1.0, 12.0)


def jma_intensity(*, pgv_cms: np.ndarray) -> np.ndarray:
    """Instrumental intensity of the JMA from peak velocity in cm/s (Midorikawa and others 1999), not below 0.

    Examples
    --------
    >>> jma_intensity(pgv_cms=np.array([100.0])).round(2)
    array([6.12])
    """
    return np.maximum(2.68 + 1.72 * np.log10(np.maximum(pgv_cms, 1e-9)), 0.0)


def jma_class(intensity: np.ndarray) -> np.ndarray:
    """Class names ``0`` to ``4``, ``5-lower`` ... ``6-upper``, ``7`` of instrumental intensities.

    As the JMA does: rounded to two decimals, then cut to one.

    Examples
    --------
    >>> jma_class(np.array([0.4, 4.96, 6.12])).tolist()
    ['0', '5-lower', '6-upper']
    """
    tenths = np.floor(np.round(np.asarray(intensity, float) * 100, 6).round() / 10) / 10
    starts = np.array([start for _, start in JMA_CLASSES[1:]])
    return np.array([name for name, _ in JMA_CLASSES])[np.searchsorted(starts, tenths + 1e-9, side="right")]


def roman(level: float) -> str:
    """A level of a twelve-step scale, in Roman figures.

    Examples
    --------
    >>> roman(6.4), roman(7.5)
    ('VI', 'VIII')
    """
    step = int(np.floor(level + 0.5))
    if not 1 <= step <= len(_ROMAN):
        raise InputError(f"intensity {level} is not on a scale from 1 to 12")
    return _ROMAN[step - 1]
