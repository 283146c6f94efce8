"""Boore, Stewart, Seyhan and Atkinson (2014): shallow crustal earthquakes, Joyner-Boore distance."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from houfeng.shaking.distances import Distances
from houfeng.shaking.gmm.base import GroundMotionModel, Source
from houfeng.shaking.gmm.limits import Limits
from houfeng.shaking.gmm.styles import require_region, style_of
from houfeng.shaking.gmm.tables import Coefficients
from houfeng.shaking.rupture import Rupture

#: Anelastic attenuation by region (table 2 of the paper); the others have that of California.
_ATTENUATION = {"china": "dc_3ct", "turkey": "dc_3ct", "italy": "dc_3ij", "japan": "dc_3ij"}

_STYLE = {"unknown": "e_0", "strike": "e_1", "normal": "e_2", "reverse": "e_3"}


@dataclass(frozen=True)
class BSSA14(GroundMotionModel):
    """The model of Boore and others.

    Attributes
    ----------
    region
        One of :data:`houfeng.shaking.gmm.styles.REGIONS`: high Q in China and Turkey, low Q in Italy and Japan.

    Notes
    -----
    Equations 1 to 17 of Boore, Stewart, Seyhan and Atkinson (2014), NGA-West2 equations for predicting PGA, PGV, and
    5 % damped PSA for shallow crustal earthquakes, Earthquake Spectra 30, 1057-1085, doi:10.1193/070113EQS184M. The
    depth of the basin is the one usual for the Vs30, where the basin term (equations 9 and 10) is zero.
    """

    region: str = "global"

    name: ClassVar[str] = "BSSA14"
    title: ClassVar[str] = "Boore, Stewart, Seyhan and Atkinson (2014)"
    reference: ClassVar[str] = "doi:10.1193/070113EQS184M"
    regimes: ClassVar[tuple[str, ...]] = ("crustal",)
    limits: ClassVar[dict[str, Limits]] = {"crustal": Limits((3.0, 8.5), (0.0, 400.0), (150.0, 1500.0), "rjb_km")}
    largest: ClassVar[dict[str, float]] = {"normal": 7.0}

    def __post_init__(self) -> None:
        require_region(self.region)

    def ln_motion(
        self, source: Rupture | Source, distances: Distances, vs30_mps: np.ndarray, c: Coefficients, pga: Coefficients
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Equation 1: event, path and site."""
        rjb2 = distances.rjb_km**2
        ln_vs30 = np.log(vs30_mps)
        pga_rock = np.exp(self._rock(source, rjb2, pga)[0])
        linear = c["c"] * (np.minimum(ln_vs30, np.log(c["V_c"])) - np.log(c["V_ref"]))
        # Equation 8; f1 is 0 and f3 0.1 g at every period.
        soft = np.exp(c["f_5"] * (np.minimum(vs30_mps, 760.0) - 360.0)) - np.exp(c["f_5"] * 400.0)
        strong = np.log1p(pga_rock / pga["f_3"][0])
        mean = self._rock(source, rjb2, c) + linear + (c["f_1"] + c["f_4"] * soft * strong)
        return mean, *self._deviations(source.magnitude, distances.rjb_km, ln_vs30, c)

    def _rock(self, source: Rupture | Source, rjb2: np.ndarray, c: Coefficients) -> np.ndarray:
        """Event and path (equations 2 to 4): the mean at 760 m/s, shape (k, n)."""
        above = source.magnitude - c["M_h"]
        event = c[_STYLE[style_of(source.rake_deg)]] + np.where(
            above <= 0, c["e_4"] * above + c["e_5"] * above**2, c["e_6"] * above
        )
        distance = np.sqrt(rjb2 + c["h"] ** 2)
        slope = c["c_1"] + c["c_2"] * (source.magnitude - c["M_ref"])
        attenuation = c["c_3"] + c[_ATTENUATION.get(self.region, "dc_3global")]
        constant = event - slope * np.log(c["R_ref"]) - attenuation * c["R_ref"]
        return constant + slope * np.log(distance) + attenuation * distance

    @staticmethod
    def _deviations(
        magnitude: float, rjb_km: np.ndarray, ln_vs30: np.ndarray, c: Coefficients
    ) -> tuple[np.ndarray, np.ndarray]:
        """Equations 14 to 17."""
        large = min(max(magnitude - 4.5, 0.0), 1.0)
        ln_r1, ln_v2 = np.log(c["R_1"]), np.log(c["V_2"])
        far = np.clip((np.log(np.maximum(rjb_km, 0.1)) - ln_r1) / (np.log(c["R_2"]) - ln_r1), 0.0, 1.0)
        soft = np.clip((ln_v2 - ln_vs30) / (ln_v2 - np.log(c["V_1"])), 0.0, 1.0)
        tau = c["tau_1"] + (c["tau_2"] - c["tau_1"]) * large
        phi = c["phi_1"] + (c["phi_2"] - c["phi_1"]) * large + c["dphi_R"] * far - c["dphi_V"] * soft
        return np.broadcast_to(tau, phi.shape), phi
