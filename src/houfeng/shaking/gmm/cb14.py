"""Campbell and Bozorgnia (2014): shallow crustal earthquakes, rupture distance, hanging wall, depth, sediments."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from houfeng.shaking.distances import Distances
from houfeng.shaking.gmm.base import GroundMotionModel, Source
from houfeng.shaking.gmm.limits import Limits
from houfeng.shaking.gmm.styles import require_region, style_of
from houfeng.shaking.gmm.tables import Coefficients
from houfeng.shaking.rupture import Rupture

_C, _N = 1.88, 1.18

#: Vs30 of the reference rock, m/s.
_ROCK_MPS = 1100.0

#: Anelastic attenuation by region (p. 1101); the others have that of California.
_ATTENUATION = {"japan": "dc_20jp", "italy": "dc_20jp", "china": "dc_20ch", "turkey": "dc_20ch"}


@dataclass(frozen=True)
class CB14(GroundMotionModel):
    """The model of Campbell and Bozorgnia.

    Attributes
    ----------
    region
        One of :data:`houfeng.shaking.gmm.styles.REGIONS`; China, Italy, Japan and Turkey attenuate in their own way,
        and the sites of Japan amplify in theirs.

    Notes
    -----
    Equations 1 to 33 of Campbell and Bozorgnia (2014), NGA-West2 ground motion model for the average horizontal
    components of PGA, PGV, and 5 % damped linear acceleration response spectra, Earthquake Spectra 30, 1087-1115,
    doi:10.1193/062913EQS175M. The depth to 2.5 km/s is the one usual for the Vs30 (equations 33 and 34). Below 0.25 s
    the spectrum never falls below PGA. A style that is unknown counts as strike slip.
    """

    region: str = "global"

    name: ClassVar[str] = "CB14"
    title: ClassVar[str] = "Campbell and Bozorgnia (2014)"
    reference: ClassVar[str] = "doi:10.1193/062913EQS175M"
    regimes: ClassVar[tuple[str, ...]] = ("crustal",)
    limits: ClassVar[dict[str, Limits]] = {"crustal": Limits((3.3, 8.5), (0.0, 300.0), (150.0, 1500.0))}
    largest: ClassVar[dict[str, float]] = {"reverse": 8.0, "normal": 7.5}

    def __post_init__(self) -> None:
        require_region(self.region)

    def ln_motion(
        self, source: Rupture | Source, distances: Distances, vs30_mps: np.ndarray, c: Coefficients, pga: Coefficients
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Equation 1."""
        pga_base = self._source_and_path(source, distances, pga)
        pga_rock = np.exp(pga_base + self._site(np.array([_ROCK_MPS]), None, pga))
        mean = self._source_and_path(source, distances, c) + self._site(vs30_mps, pga_rock, c)
        short = (c["period"] > 0.0) & (c["period"] < 0.25)
        if short.any():
            pga_here = pga_base + self._site(vs30_mps, pga_rock, pga)
            mean = np.where(short, np.maximum(mean, pga_here), mean)
        return mean, *_deviations(source.magnitude, vs30_mps, pga_rock, c, pga)

    def _source_and_path(self, source: Rupture | Source, distances: Distances, c: Coefficients) -> np.ndarray:
        """Equations 2 to 16 and 21 to 25 but for the site, shape (k, n)."""
        m, rrup = source.magnitude, distances.rrup_km
        event = c["c_0"] + c["c_1"] * m
        for start, slope in ((4.5, "c_2"), (5.5, "c_3"), (6.5, "c_4")):
            event = event + c[slope] * max(m - start, 0.0)
        style = style_of(source.rake_deg)
        if style in ("reverse", "normal"):
            event = event + c["c_8" if style == "reverse" else "c_9"] * min(max(m - 4.5, 0.0), 1.0)
        deep = min(max(source.hypocentre_depth_km - 7.0, 0.0), 13.0)
        event = event + deep * (c["c_17"] + (c["c_18"] - c["c_17"]) * min(max(m - 5.5, 0.0), 1.0))
        event = event + c["c_19"] * source.dip_deg * min(max(5.5 - m, 0.0), 1.0)
        attenuation = c["c_20"] + c[_ATTENUATION.get(self.region, "dc_20ca")]
        spreading = 0.5 * (c["c_5"] + c["c_6"] * m) * np.log(rrup**2 + c["c_7"] ** 2)
        path = event + spreading + attenuation * np.maximum(rrup - 80.0, 0.0)
        return path + _hanging_wall(source, distances, c)

    def _site(self, vs30_mps: np.ndarray, pga_rock: np.ndarray | None, c: Coefficients) -> np.ndarray:
        """Shallow site (equations 17 to 19) and sediments (20); `pga_rock` in g, shape (1, n), None on rock itself."""
        ln_ratio = np.log(vs30_mps) - np.log(c["k_1"])
        term = (c["c_11"] + c["k_2"] * _N) * ln_ratio
        if pga_rock is not None:
            softened = (pga_rock + _C * np.exp(_N * ln_ratio)) / (pga_rock + _C)
            term = np.where(ln_ratio <= 0.0, c["c_11"] * ln_ratio + c["k_2"] * np.log(softened), term)
        if self.region == "japan":
            softest = np.log(200.0) - np.log(c["k_1"])
            very_soft = (c["c_12"] + c["k_2"] * _N) * (ln_ratio - softest)
            term = term + np.where(vs30_mps <= 200.0, very_soft, (c["c_13"] + c["k_2"] * _N) * ln_ratio)
        return term + self._sediments(vs30_mps, c)

    def _sediments(self, vs30_mps: np.ndarray, c: Coefficients) -> np.ndarray:
        """Equation 20 at the depth to 2.5 km/s usual for the Vs30 (equations 33 and 34)."""
        japan = self.region == "japan"
        a, b = (5.359, 1.102) if japan else (7.089, 1.144)
        depth_km = np.exp(a - b * np.log(vs30_mps))
        shallow = (c["c_14"] + (c["c_15"] if japan else 0.0)) * np.minimum(depth_km - 1.0, 0.0)
        deep = c["c_16"] * c["k_3"] * np.exp(-0.75) * (1.0 - np.exp(-0.25 * np.maximum(depth_km - 3.0, 0.0)))
        return shallow + deep


def _hanging_wall(source: Rupture | Source, distances: Distances, c: Coefficients) -> np.ndarray | float:
    """Equations 7 to 16; 0 on the other wall."""
    m = source.magnitude
    if source.dip_deg >= 90.0 or m <= 5.5 or source.ztor_km >= 16.66:
        return 0.0
    rx, rrup, rjb = distances.rx_km, distances.rrup_km, distances.rjb_km
    edge = source.width_km * np.cos(np.radians(source.dip_deg))
    share, beyond = rx / edge, (rx - edge) / (62.0 * m - 350.0 - edge)
    over = c["h_1"] + c["h_2"] * share + c["h_3"] * share**2
    past = np.maximum(c["h_4"] + c["h_5"] * beyond + c["h_6"] * beyond**2, 0.0)
    across = np.where(rx < 0.0, 0.0, np.where(rx < edge, over, past))
    near = np.divide(rrup - rjb, rrup, out=np.ones_like(rrup), where=rrup > 0.0)
    size = min(m - 5.5, 1.0) * (1.0 + c["a_2"] * (m - 6.5))
    rest = size * (1.0 - 0.06 * source.ztor_km) * ((90.0 - source.dip_deg) / 45.0)
    return c["c_10"] * rest * across * near


def _deviations(
    magnitude: float, vs30_mps: np.ndarray, pga_rock: np.ndarray, c: Coefficients, pga: Coefficients
) -> tuple[np.ndarray, np.ndarray]:
    """Equations 26 to 31: what soft ground that gives way makes of the differences on rock."""
    small = min(max(5.5 - magnitude, 0.0), 1.0)
    tau, phi, tau_pga, phi_pga = (
        rows[f"{name}_2"] + (rows[f"{name}_1"] - rows[f"{name}_2"]) * small
        for rows in (c, pga)
        for name in ("tau", "phi")
    )
    softened = _C * np.exp(_N * (np.log(vs30_mps) - np.log(c["k_1"])))
    alpha = c["k_2"] * pga_rock * (1.0 / (pga_rock + softened) - 1.0 / (pga_rock + _C))
    alpha = np.where(vs30_mps < c["k_1"], alpha, 0.0)
    rock2, rock_pga2 = phi**2 - c["phi_lnAF"] ** 2, phi_pga**2 - pga["phi_lnAF"] ** 2
    shared = 2.0 * alpha * c["rho_lnPGAlnY"]
    return (
        np.sqrt(tau**2 + alpha**2 * tau_pga**2 + shared * tau * tau_pga),
        np.sqrt(phi**2 + alpha**2 * rock_pga2 + shared * np.sqrt(rock2 * rock_pga2)),
    )
