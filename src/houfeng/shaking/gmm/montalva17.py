"""Montalva, Bastias and Rodriguez-Marek (2017): subduction earthquakes of Chile."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from houfeng.shaking.gmm.bc_hydro import BCHydroForm
from houfeng.shaking.gmm.limits import Limits
from houfeng.shaking.gmm.tables import Coefficients


@dataclass(frozen=True)
class Montalva17(BCHydroForm):
    """The model of Montalva and others: the form of BC Hydro, coefficients from 3,774 records in Chile.

    Attributes
    ----------
    backarc
        Whether the sites lie behind the volcanoes. False before them or where unknown.

    Notes
    -----
    Montalva, Bastias and Rodriguez-Marek (2017), Ground-motion prediction equation for the Chilean subduction zone,
    BSSA 107, 901-911, doi:10.1785/0120160221, main model, with the erratum doi:10.1785/0120170189. The data hold the
    Illapel earthquake itself, so for that one it is no forecast. Limits are those of the data base (Bastias and
    Montalva 2016, doi:10.1193/102715EQS158DP): M4.6 to 8.8, 20 to 650 km, 110 to 1951 m/s.
    """

    backarc: bool = False

    name: ClassVar[str] = "Montalva17"
    title: ClassVar[str] = "Montalva, Bastias and Rodriguez-Marek (2017)"
    reference: ClassVar[str] = "doi:10.1785/0120160221"
    regimes: ClassVar[tuple[str, ...]] = ("interface", "slab")
    limits: ClassVar[dict[str, Limits]] = {
        "interface": Limits((4.6, 8.8), (20.0, 650.0), (110.0, 1951.0)),
        "slab": Limits((4.6, 8.8), (20.0, 650.0), (110.0, 1951.0), "rhyp_km"),
    }
    c1: ClassVar[float] = 7.2

    def scaling(self, c: Coefficients) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Each period has its own."""
        return c["t_3"], c["t_4"], c["t_5"]
