"""Abrahamson, Silva and Kamai (2014): shallow crustal earthquakes, rupture distance, hanging wall."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from houfeng.shaking.distances import Distances
from houfeng.shaking.gmm.base import GroundMotionModel, Source
from houfeng.shaking.gmm.limits import Limits
from houfeng.shaking.gmm.styles import require_region, style_of
from houfeng.shaking.gmm.tables import Coefficients
from houfeng.shaking.rupture import Rupture

#: Vs30 of the reference rock, m/s.
_ROCK_MPS = 1180.0

#: Vs30 in m/s at which the extra site term of Japan is given (table 5), and its coefficients.
_JAPAN_MPS = (150.0, 250.0, 350.0, 450.0, 600.0, 850.0, 1150.0)
_JAPAN = ("a36", "a37", "a38", "a39", "a40", "a41", "a42")

#: Large-distance terms by region (equation 20 and what follows).
_ATTENUATION = {"taiwan": "a25", "china": "a28", "japan": "a29"}

#: What is known of the amplification itself, period by period (p. 1048).
_PHI_AMPLIFICATION = 0.4


@dataclass(frozen=True)
class ASK14(GroundMotionModel):
    """The model of Abrahamson and others.

    Attributes
    ----------
    region
        One of :data:`houfeng.shaking.gmm.styles.REGIONS`; Taiwan, China and Japan have terms of their own.
    vs30_measured
        Whether the Vs30 were measured; estimated ones have a larger phi.

    Notes
    -----
    Equations 1 to 34 of Abrahamson, Silva and Kamai (2014), Summary of the ASK14 ground motion relation for active
    crustal regions, Earthquake Spectra 30, 1025-1055, doi:10.1193/070913EQS198M. The depth to 1 km/s is the one
    usual for the Vs30, where the basin term (equation 17) is zero; the earthquake is taken for a main shock, so the
    aftershock term (equation 7) is zero. A style that is unknown counts as strike slip.
    """

    region: str = "global"
    vs30_measured: bool = False

    name: ClassVar[str] = "ASK14"
    title: ClassVar[str] = "Abrahamson, Silva and Kamai (2014)"
    reference: ClassVar[str] = "doi:10.1193/070913EQS198M"
    regimes: ClassVar[tuple[str, ...]] = ("crustal",)
    limits: ClassVar[dict[str, Limits]] = {"crustal": Limits((3.0, 8.5), (0.0, 300.0), (180.0, 1000.0))}

    def __post_init__(self) -> None:
        require_region(self.region)

    def ln_motion(
        self, source: Rupture | Source, distances: Distances, vs30_mps: np.ndarray, c: Coefficients, pga: Coefficients
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Equation 1: source and path, then the site, whose amplification depends on the motion of rock."""
        base = self._source_and_path(source, distances, c) + c["a13"] * _hanging_wall(source, distances)
        rock = base + self._site(np.array([_ROCK_MPS]), None, c)
        shaken = np.exp(rock)
        mean = base + self._site(vs30_mps, shaken, c)
        return mean, *self._deviations(source.magnitude, distances.rrup_km, vs30_mps, shaken, c)

    def _source_and_path(self, source: Rupture | Source, distances: Distances, c: Coefficients) -> np.ndarray:
        """Basic form (equations 2 to 4), depth of the top (equation 16), style (5, 6), attenuation, shape (k, n)."""
        m, rrup = source.magnitude, distances.rrup_km
        at_least = np.maximum(m, c["m2"])
        break_slope = np.where(at_least > c["m1"], c["a5"], c["a4"])
        below = np.minimum(m - c["m2"], 0.0)
        event = (
            c["a1"]
            + break_slope * (at_least - c["m1"])
            + c["a8"] * (8.5 - at_least) ** 2
            + c["a6"] * below
            + c["a7"] * below**2
            + c["a15"] * min(max(source.ztor_km / 20.0, 0.0), 1.0)
        )
        style = style_of(source.rake_deg)
        if style in ("reverse", "normal"):
            event = event + c["a11" if style == "reverse" else "a12"] * min(max(m - 4.0, 0.0), 1.0)
        saturation = c["c4"] - (c["c4"] - 1.0) * min(max(5.0 - m, 0.0), 1.0)
        slope = c["a2"] + c["a3"] * (at_least - c["m1"])
        attenuation = c["a17"] + (c[_ATTENUATION[self.region]] if self.region in _ATTENUATION else 0.0)
        return event + 0.5 * slope * np.log(rrup**2 + saturation**2) + attenuation * rrup

    def _site(self, vs30_mps: np.ndarray, shaken: np.ndarray | None, c: Coefficients) -> np.ndarray:
        """Equations 7 to 9, and the extra terms of Taiwan and Japan; `shaken` is the motion of rock in g, shape (k, n).

        Without it the site is linear, as rock is.
        """
        highest = 1500.0 * (np.clip(c["period"], 0.5, 3.0) / 0.5) ** -0.35
        ln_ratio = np.log(np.minimum(vs30_mps, highest)) - np.log(c["v_lin"])
        term = (c["a10"] + c["b"] * c["n"]) * ln_ratio
        if shaken is not None:
            ratio = np.exp(c["n"] * ln_ratio)
            soft = c["a10"] * ln_ratio + c["b"] * np.log((shaken + c["c"] * ratio) / (shaken + c["c"]))
            term = np.where(ln_ratio < 0.0, soft, term)
        if self.region == "taiwan":
            term = term + c["a31"] * ln_ratio
        if self.region == "japan":
            steps = np.hstack([c[name] for name in _JAPAN])
            term = term + np.array([np.interp(vs30_mps, _JAPAN_MPS, row) for row in steps])
        return term

    def _deviations(
        self, magnitude: float, rrup_km: np.ndarray, vs30_mps: np.ndarray, shaken: np.ndarray, c: Coefficients
    ) -> tuple[np.ndarray, np.ndarray]:
        """Equations 24 to 34: soft ground that gives way under strong shaking damps the differences.

        Ground softer than the authors vouch for counts as the softest of theirs: the equations would let tau vanish.
        """
        if self.region == "japan":
            linear = c["s5"] + (c["s6"] - c["s5"]) * np.clip((rrup_km - 30.0) / 50.0, 0.0, 1.0)
        else:
            small, large = ("s1m", "s2m") if self.vs30_measured else ("s1e", "s2e")
            linear = c[small] + (c[large] - c[small]) * min(max((magnitude - 4.0) / 2.0, 0.0), 1.0)
        tau = c["s3"] + (c["s4"] - c["s3"]) * min(max((magnitude - 5.0) / 2.0, 0.0), 1.0)
        softest = self.limits["crustal"].vs30_mps[0]
        softened = c["c"] * np.exp(c["n"] * (np.log(np.maximum(vs30_mps, softest)) - np.log(c["v_lin"])))
        change = c["b"] * shaken * (1.0 / (shaken + softened) - 1.0 / (shaken + c["c"]))
        change = 1.0 + np.where(vs30_mps < c["v_lin"], change, 0.0)
        rock2 = np.maximum(linear**2 - _PHI_AMPLIFICATION**2, 0.0)
        return tau * change, np.sqrt(rock2 * change**2 + _PHI_AMPLIFICATION**2)


def _hanging_wall(source: Rupture | Source, distances: Distances) -> np.ndarray | float:
    """Product of the five tapers of equations 10 to 15, without a13; 0 on the other wall."""
    if source.dip_deg >= 90.0 or source.magnitude <= 5.5:
        return 0.0
    dip, size = np.radians(source.dip_deg), 1.0 + 0.2 * (source.magnitude - 6.5)
    if source.magnitude < 6.5:
        size -= 0.8 * (source.magnitude - 6.5) ** 2
    rx, edge = distances.rx_km, source.width_km * np.cos(dip)
    share = rx / edge
    across = np.where(share < 1.0, 0.25 + 1.5 * share - 0.75 * share**2, np.maximum(1.0 - (share - 1.0) / 2.0, 0.0))
    depth = max(1.0 - source.ztor_km**2 / 100.0, 0.0)
    ends = np.clip(1.0 - (distances.ry0_km - rx * np.tan(np.radians(20.0))) / 5.0, 0.0, 1.0)
    tapers = min(90.0 - source.dip_deg, 60.0) / 45.0 * size * across * depth * ends
    return np.where(rx < 0.0, 0.0, tapers)
