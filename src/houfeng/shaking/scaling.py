"""How large the plane that breaks is, from the magnitude.

References
----------
Leonard (2014), Self-consistent earthquake fault-scaling relations: update and extension to stable continental
strike-slip faults, BSSA 104, 2953-2965, doi:10.1785/0120140087: interplate faults, area from moment magnitude
and W = C1 L^(2/3), after Leonard (2010), BSSA 100, 1971-1988, doi:10.1785/0120090189.

Strasser, Arango and Bommer (2010), Scaling of the source dimensions of interface and intraslab subduction-zone
earthquakes with moment magnitude, SRL 81, 941-950, doi:10.1785/gssrl.81.6.941, tables 1 and 2.
"""

import math
from dataclasses import dataclass

#: Leonard: Mw = b + log10(area in km^2), and C1 of W = C1 L^(2/3) with both in m, by kind of slip.
_LEONARD = {"strike": (3.99, 15.0), "dip": (4.00, 17.5)}

#: Strike-slip ruptures longer than 45 km do not grow wider (Leonard 2010, table 5), km.
_WIDEST_STRIKE_SLIP_KM = 19.0

#: Strasser and others: log10 L and log10 W in km as a + b Mw.
_STRASSER = {"interface": ((-2.477, 0.585), (-0.882, 0.351)), "slab": ((-2.350, 0.562), (-1.058, 0.356))}


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Median length along strike and width down the dip, km."""

    length_km: float
    width_km: float

    @property
    def area_km2(self) -> float:
        """Length times width."""
        return self.length_km * self.width_km


def is_strike_slip(rake_deg: float) -> bool:
    """Whether the slip is nearer to horizontal than to up or down the dip; False where the rake is unknown (NaN)."""
    return abs(rake_deg) < 45.0 or abs(rake_deg) > 135.0


def rupture_dimensions(magnitude: float, regime: str, rake_deg: float = math.nan) -> Dimensions:
    """Median size of the plane that breaks in an earthquake of moment magnitude `magnitude`.

    Parameters
    ----------
    magnitude
        Moment magnitude.
    regime
        ``crustal`` (Leonard 2014), ``interface`` or ``slab`` (Strasser and others 2010).
    rake_deg
        Decides between strike slip and dip slip in the crust; dip slip where it is NaN.
    """
    if regime in _STRASSER:
        (a, b), (c, d) = _STRASSER[regime]
        return Dimensions(10 ** (a + b * magnitude), 10 ** (c + d * magnitude))
    kind = "strike" if is_strike_slip(rake_deg) else "dip"
    b, c1 = _LEONARD[kind]
    area_m2 = 1e6 * 10 ** (magnitude - b)
    length_m = (area_m2 / c1) ** 0.6
    width_km = area_m2 / length_m / 1e3
    if kind == "strike":
        width_km = min(width_km, _WIDEST_STRIKE_SLIP_KM)
    return Dimensions(area_m2 / 1e6 / width_km, width_km)
