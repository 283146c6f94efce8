"""Abrahamson, Gregor and Addo (2016), BC Hydro: subduction earthquakes worldwide."""

from dataclasses import dataclass
from typing import ClassVar

from houfeng.shaking.gmm.bc_hydro import BCHydroForm
from houfeng.shaking.gmm.limits import Limits
from houfeng.shaking.gmm.tables import Coefficients


@dataclass(frozen=True)
class AGA16(BCHydroForm):
    """The model of Abrahamson and others, made from 63 slab and 43 interface earthquakes worldwide.

    Attributes
    ----------
    backarc
        Whether the sites lie behind the volcanoes, where waves die sooner. False before them or where unknown.

    Notes
    -----
    Abrahamson, Gregor and Addo (2016), Earthquake Spectra 32, 23-44, doi:10.1193/051712EQS188MR, central delta C1.
    The limits are those of the data (abstract); theta 3, 4 and 5 are 0.1, 0.9 and 0 at every period (table 3).
    """

    backarc: bool = False

    name: ClassVar[str] = "AGA16"
    title: ClassVar[str] = "Abrahamson, Gregor and Addo (2016), BC Hydro"
    reference: ClassVar[str] = "doi:10.1193/051712EQS188MR"
    regimes: ClassVar[tuple[str, ...]] = ("interface", "slab")
    limits: ClassVar[dict[str, Limits]] = {
        "interface": Limits((6.0, 8.4), (0.0, 300.0), (150.0, 1500.0)),
        "slab": Limits((5.0, 7.9), (0.0, 300.0), (150.0, 1500.0), "rhyp_km"),
    }
    c1: ClassVar[float] = 7.8

    def scaling(self, c: Coefficients) -> tuple[float, float, float]:
        """The same at all periods."""
        return 0.1, 0.9, 0.0
