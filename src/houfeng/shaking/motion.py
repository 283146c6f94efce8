"""Ground motion at sites: the mean of its logarithm and how far one earthquake and one site stray from it."""

import re
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError

#: Measures of shaking, as written everywhere: peak acceleration and 5 %-damped spectral acceleration at a period in
#: seconds, both in g, and peak velocity in cm/s.
MEASURES = ("PGA", "PGV", "SA(0.3)", "SA(1.0)", "SA(3.0)")


def unit_of(measure: str) -> str:
    """``g`` or ``cm/s``."""
    return "cm/s" if measure == "PGV" else "g"


def period_of(measure: str) -> float:
    """Period in s of ``SA(T)``; 0 for ``PGA``.

    Raises
    ------
    InputError
        When it is no measure, or has no period (``PGV``).
    """
    if measure == "PGA":
        return 0.0
    found = re.fullmatch(r"SA\((\d+(?:\.\d+)?)\)", measure)
    if not found:
        raise InputError(f"'{measure}' has no period; write PGA or SA(T) with T in seconds, for instance SA(0.3)")
    return float(found[1])


@dataclass(frozen=True, eq=False)
class Motion:
    """What a model says of ground motion at n sites in k measures.

    Attributes
    ----------
    measures
        Names, see :data:`MEASURES`.
    mean_ln : ndarray, shape (n, k)
        Mean of the natural logarithm of the measure in its unit (g or cm/s).
    between, within : ndarray, shape (n, k)
        Standard deviations of the logarithm: between earthquakes (tau; one draw for all sites) and within one (phi).
    """

    measures: tuple[str, ...]
    mean_ln: np.ndarray
    between: np.ndarray
    within: np.ndarray

    def __post_init__(self) -> None:
        for name in ("mean_ln", "between", "within"):
            shape = getattr(self, name).shape
            if len(shape) != 2 or shape[1] != len(self.measures) or shape != self.mean_ln.shape:
                raise InputError(f"{name} has shape {shape}, expected (sites, {len(self.measures)})")

    @property
    def total(self) -> np.ndarray:
        """Standard deviation of the logarithm, both parts together, shape (n, k)."""
        return np.hypot(self.between, self.within)

    def column(self, measure: str) -> int:
        """Which column holds `measure`."""
        if measure not in self.measures:
            raise InputError(f"no {measure} here; there are {', '.join(self.measures)}")
        return self.measures.index(measure)

    def median(self, measure: str) -> np.ndarray:
        """Median in g or cm/s, shape (n,)."""
        return np.exp(self.mean_ln[:, self.column(measure)])
