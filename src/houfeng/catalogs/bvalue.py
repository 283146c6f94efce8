"""The b-value: how many small earthquakes for one large.

Magnitudes are rounded to bins; formulas for continuous magnitudes are biased on them, the ones here are not.
"""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.values import Estimate

#: Fewer magnitudes say nothing useful about a b-value.
MIN_EVENTS = 10


@dataclass(frozen=True, slots=True)
class BValue:
    """A b-value and what it rests on.

    Attributes
    ----------
    b
        Decrease of the logarithm (base 10) of the number of earthquakes per unit of magnitude.
    standard_error
        After Shi & Bolt (1982).
    n_events
        Magnitudes (or differences of magnitudes) used.
    min_magnitude
        Smallest magnitude (or difference) used.
    """

    b: float
    standard_error: float
    n_events: int
    min_magnitude: float

    @property
    def estimate(self) -> Estimate:
        """The b-value with its 95 % interval (normal)."""
        half = 1.96 * self.standard_error
        return Estimate(self.b, max(self.b - half, 0.0), self.b + half)


def to_bins(magnitudes: np.ndarray, bin_width: float) -> np.ndarray:
    """Number of the bin of each magnitude (int64): the nearest multiple of `bin_width`, halves upward."""
    if not 0 < bin_width <= 1:
        raise InputError(f"bin width {bin_width} must be above 0 and at most 1; magnitudes usually come in 0.1")
    return np.floor(np.asarray(magnitudes, float) / bin_width + 0.5 + 1e-6).astype(np.int64)


def bin_width_of(magnitudes: np.ndarray) -> float:
    """Width of the bins that magnitudes come in: 0.1 where (nearly) all are given to a tenth, else 0.01."""
    tenths = 10 * np.asarray(magnitudes, float)
    finer = np.count_nonzero(np.abs(tenths - np.round(tenths)) > 1e-6)
    return 0.01 if 10 * finer >= max(len(tenths), 1) else 0.1


def b_value(magnitudes: np.ndarray, min_magnitude: float, *, bin_width: float = 0.1) -> BValue:
    """Maximum-likelihood b-value of magnitudes in bins.

    Parameters
    ----------
    magnitudes : ndarray, shape (n,)
        In any order; rounded to multiples of `bin_width` here. Those below `min_magnitude` are left out.
    min_magnitude
        Completeness magnitude, the centre of the lowest bin used (rounded up to a bin).
    bin_width
        0.1 for most catalogues; a small one such as 0.001 for magnitudes that were never rounded.

    Raises
    ------
    NotEnoughDataError
        With fewer than ten magnitudes in range, or all of them in one bin.

    Notes
    -----
    Exact for exponential magnitudes rounded to bins (a geometric law): b = ln(1 + w / (mean - M_c)) / (w ln 10),
    Tinti & Mulargia (1987), doi:10.1785/BSSA0770062125, which goes over into Aki's (1965) formula for small
    bins w. Standard error after Shi & Bolt (1982), doi:10.1785/BSSA0720051677.
    """
    lowest = int(np.ceil(min_magnitude / bin_width - 1e-6))
    bins = to_bins(magnitudes, bin_width)
    return _from_bins(bins[bins >= lowest], lowest, bin_width, what="magnitudes")


def b_positive(magnitudes: np.ndarray, *, bin_width: float = 0.1, min_difference: float | None = None) -> BValue:
    """B-value from the positive differences of successive magnitudes.

    An earthquake larger than the one before it was recorded whatever the detection threshold was then, so this
    estimate does not suffer from the blind hours after a large shock.

    Parameters
    ----------
    magnitudes : ndarray, shape (n,)
        In order of time.
    bin_width
        Width of the magnitude bins.
    min_difference
        Smallest difference used; one bin when None.

    Raises
    ------
    NotEnoughDataError
        With fewer than ten such differences, or all of them in one bin.

    References
    ----------
    van der Elst (2021), J. Geophys. Res. 126, e2020JB021027, doi:10.1029/2020JB021027.
    """
    differences = np.diff(to_bins(magnitudes, bin_width))
    lowest = 1 if min_difference is None else max(1, int(np.ceil(min_difference / bin_width - 1e-6)))
    return _from_bins(differences[differences >= lowest], lowest, bin_width, what="positive differences")


def _from_bins(bins: np.ndarray, lowest: int, bin_width: float, *, what: str) -> BValue:
    """Estimate from bin numbers of at least `lowest`."""
    n = len(bins)
    minimum = lowest * bin_width
    if n < MIN_EVENTS:
        raise NotEnoughDataError(
            f"{n} {what} of at least {minimum:.4g} are too few for a b-value, which needs {MIN_EVENTS}"
        )
    excess = float(bins.mean() - lowest)
    if excess <= 0:
        raise NotEnoughDataError(
            f"all {n} {what} of at least {minimum:.4g} lie in one bin; a b-value needs larger ones too"
        )
    b = np.log1p(1 / excess) / (bin_width * np.log(10))
    spread = bins.std(ddof=1) * bin_width / np.sqrt(n)
    return BValue(float(b), float(np.log(10) * b**2 * spread), n, round(minimum, 6))
