"""From ground motion to what people feel and buildings show: Modified Mercalli Intensity with its uncertainty.

Worden, Gerstenberger, Rhoades and Wald (2012), *Bulletin of the Seismological Society of America* 102, 204-221,
doi:10.1785/0120110156: two straight lines in log10 of the measure (cm/s^2 or cm/s), eq. 3 and table 1, without the
terms for magnitude and distance (which take some 0.3 off the great ones) and with the standard deviations that go
with leaving them out. Below MMI 2 the line that the paper discusses and ShakeMap uses. Where PGA and PGV are both
known the two intensities are averaged, as ShakeMap does.

What is not known of one intensity given both measures is less than given either; how much less is not published, so
the mean of the two standard deviations, an upper bound, is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError, UnknownNameError
from houfeng.shaking.correlation import bradley_velocity
from houfeng.shaking.motion import Motion

#: Intensities that the relation is good for; means are cut there.
LOWEST, HIGHEST = 1.0, 10.0

_CMS2_PER_G = 981.0
_QUADRATURE = 11


@dataclass(frozen=True, slots=True)
class Relation:
    """Three straight lines in log10 of a measure in cm/s^2 or cm/s (Worden and others 2012, table 1).

    Attributes
    ----------
    lines
        Intercept and slope of the lowest, the middle and the upper line.
    breaks
        log10 of the measure where the middle and the upper line begin.
    sigma_mmi
        Standard deviation of MMI given the measure.
    sigma_log10
        Standard deviation of log10 of the measure given MMI.
    """

    lines: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    breaks: tuple[float, float]
    sigma_mmi: float
    sigma_log10: float


RELATIONS = {
    "PGA": Relation(((1.71, 2.08), (1.78, 1.55), (-1.60, 3.70)), (0.14, 1.57), 0.73, 0.35),
    "PGV": Relation(((4.62, 2.17), (3.78, 1.47), (2.89, 3.16)), (-1.21, 0.53), 0.65, 0.38),
    "SA(0.3)": Relation(((1.15, 1.92), (1.26, 1.69), (-4.15, 4.14)), (0.44, 2.21), 0.84, 0.44),
    "SA(1.0)": Relation(((2.71, 2.17), (2.50, 1.51), (0.20, 2.90)), (-0.33, 1.65), 0.80, 0.47),
    "SA(3.0)": Relation(((7.35, 3.45), (3.81, 1.17), (1.99, 3.01)), (-1.55, 0.99), 0.95, 0.64),
}


@dataclass(frozen=True, eq=False)
class Intensity:
    """Modified Mercalli Intensity at n sites.

    Attributes
    ----------
    mean : ndarray, shape (n,)
        Of the median motion, 1 to 10.
    sigma : ndarray, shape (n,)
        Standard deviation: of the motion, and of the intensity given the motion.
    """

    mean: np.ndarray
    sigma: np.ndarray

    def interval(self, level: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Low and high end of the central interval, cut at 1 and 10."""
        from scipy.special import ndtri

        reach = ndtri(0.5 + level / 2) * self.sigma
        return np.maximum(self.mean - reach, LOWEST), np.minimum(self.mean + reach, HIGHEST)


def used_for_intensity(measures: tuple[str, ...]) -> tuple[str, ...]:
    """Which of `measures` an intensity is made from: PGA and PGV where there are both, else the best there is.

    Raises
    ------
    InputError
        When there is none of :data:`RELATIONS`.
    """
    found = tuple(measure for measure in ("PGA", "PGV") if measure in measures)
    if not found:
        found = tuple(measure for measure in RELATIONS if measure in measures)[:1]
    if not found:
        raise InputError(f"no intensity can be made from {', '.join(measures)}; it needs one of {', '.join(RELATIONS)}")
    return found


def mmi_of(values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Median Modified Mercalli Intensity, 1 to 10, from measures in g or cm/s; any shape, float32 stays so.

    Examples
    --------
    >>> mmi_of({"PGA": np.array([0.2]), "PGV": np.array([20.0])}).round(2)
    array([6.94])
    """
    used = used_for_intensity(tuple(values))
    # A motion of exactly zero (a map rounded it away) is not felt; its logarithm would be minus infinity.
    parts = [mmi_from_ln(measure, np.log(np.maximum(values[measure], 1e-9))) for measure in used]
    mean = parts[0] if len(parts) == 1 else (parts[0] + parts[1]) * parts[0].dtype.type(0.5)
    return np.clip(mean, LOWEST, HIGHEST)


def mmi_from_ln(measure: str, ln_value: np.ndarray) -> np.ndarray:
    """MMI by the lines of one measure, not cut, from the natural logarithm of g or cm/s."""
    relation = _relation(measure)
    ln_value = np.asarray(ln_value)
    shift = 0.0 if measure == "PGV" else np.log10(_CMS2_PER_G)
    x = ln_value * np.float32(np.log10(np.e)) if ln_value.dtype == np.float32 else ln_value * np.log10(np.e)
    x = x + x.dtype.type(shift)
    low, middle, high = (x * x.dtype.type(slope) + x.dtype.type(start) for start, slope in relation.lines)
    return np.where(x < relation.breaks[0], low, np.where(x < relation.breaks[1], middle, high))


def ln_from_mmi(measure: str, mmi: np.ndarray) -> tuple[np.ndarray, float]:
    """Natural logarithm of a measure (g or cm/s) given MMI, and its standard deviation (the paper's own)."""
    relation = _relation(measure)
    mmi = np.asarray(mmi, float)
    low, middle, high = ((mmi - start) / slope for start, slope in relation.lines)
    # Lines meet at their breaks only nearly; the intensity there tells which one holds.
    (start, slope), (upper_start, upper_slope) = relation.lines[1], relation.lines[2]
    first = start + slope * relation.breaks[0]
    second = (start + slope * relation.breaks[1] + upper_start + upper_slope * relation.breaks[1]) / 2
    x = np.where(mmi < first, low, np.where(mmi < second, middle, high))
    shift = 0.0 if measure == "PGV" else np.log10(_CMS2_PER_G)
    return (x - shift) * np.log(10), relation.sigma_log10 * float(np.log(10))


def conversion_sigma(measures: tuple[str, ...]) -> float:
    """Standard deviation of MMI given the measures it is made from."""
    return float(np.mean([RELATIONS[measure].sigma_mmi for measure in used_for_intensity(measures)]))


def intensity_of(motion: Motion) -> Intensity:
    """Intensity of the median motion and its whole uncertainty, by quadrature over the motion."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_QUADRATURE)
    weights = weights / weights.sum()
    means = _along(motion, nodes)
    variance = np.maximum(weights @ means**2 - (weights @ means) ** 2, 0) + _rest_variance(motion)
    return Intensity(np.clip(_along(motion, np.zeros(1))[0], LOWEST, HIGHEST), np.sqrt(variance))


def chance_of_at_least(motion: Motion, levels: np.ndarray) -> np.ndarray:
    """Chance that MMI at each site is at least each level.

    Parameters
    ----------
    motion
        With PGA or PGV (both are averaged), or a spectral acceleration of :data:`RELATIONS`.
    levels : ndarray, shape (m,)
        For instance 6 for VI.

    Returns
    -------
    ndarray, shape (n, m)
        The uncertainty of the motion (between and within) and of MMI given the motion, both in it.

    Notes
    -----
    The two residuals of PGA and PGV (correlation 0.73, Bradley 2012) are split into their common and their opposite
    half. The integral runs over the common half, through the bend of the lines; the opposite half, which nearly
    cancels in the average, adds its variance to that of the conversion.
    """
    from scipy.special import ndtr

    nodes, weights = np.polynomial.hermite_e.hermegauss(_QUADRATURE)
    weights = weights / weights.sum()
    means, sigma = _along(motion, nodes), np.sqrt(_rest_variance(motion))
    levels = np.atleast_1d(np.asarray(levels, float))
    chance = np.zeros((means.shape[1], len(levels)))
    for weight, mean in zip(weights, means, strict=True):
        chance += weight * ndtr((mean[:, None] - levels) / sigma[:, None])
    return np.minimum(chance, 1.0)  # weights sum to one but for rounding


def with_scatter(mmi: np.ndarray, measures: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    """Median intensities with the scatter of single places about them drawn in, 1 to 10.

    The scatter is independent from place to place: it is for one building or block, not for the mean of a city.
    """
    noise = rng.standard_normal(mmi.shape, dtype=np.float32) * np.float32(conversion_sigma(measures))
    return np.clip(mmi + noise, LOWEST, HIGHEST)


def _relation(measure: str) -> Relation:
    if measure not in RELATIONS:
        raise UnknownNameError("measure with a relation to intensity", measure, RELATIONS)
    return RELATIONS[measure]


def _along(motion: Motion, nodes: np.ndarray) -> np.ndarray:
    """MMI where the residuals common to the measures used are `nodes` standard deviations, shape (nodes, n)."""
    used = used_for_intensity(motion.measures)
    share = np.sqrt((1 + bradley_velocity(0.01)) / 2) if len(used) == 2 else 1.0
    total = 0.0
    for measure in used:
        j = motion.column(measure)
        total = total + mmi_from_ln(measure, motion.mean_ln[:, j] + share * nodes[:, None] * motion.total[:, j])
    return total / len(used)


def _rest_variance(motion: Motion) -> np.ndarray:
    """Variance of MMI that does not run along :func:`_along`: of the conversion, and of PGA against PGV."""
    used = used_for_intensity(motion.measures)
    rest = np.full(len(motion.mean_ln), conversion_sigma(motion.measures) ** 2)
    if len(used) == 2:
        pull = [_slope(motion, measure) * motion.total[:, motion.column(measure)] for measure in used]
        rest += (1 - bradley_velocity(0.01)) / 2 * ((pull[0] - pull[1]) / 2) ** 2
    return rest


def _slope(motion: Motion, measure: str) -> np.ndarray:
    mean = motion.mean_ln[:, motion.column(measure)]
    return (mmi_from_ln(measure, mean + 0.5) - mmi_from_ln(measure, mean - 0.5)) / 1.0
