"""The form that two subduction models share: that of BC Hydro (Abrahamson, Gregor and Addo 2016)."""

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

import numpy as np

from houfeng.errors import InputError
from houfeng.shaking.conditional_pgv import PGV_PERIODS, pgv_given_spectrum, pgv_period_s
from houfeng.shaking.distances import Distances
from houfeng.shaking.gmm.base import GroundMotionModel, Source
from houfeng.shaking.gmm.tables import Coefficients
from houfeng.shaking.motion import Motion
from houfeng.shaking.rupture import Rupture
from houfeng.shaking.sites import Sites

#: C4 and theta 9 of the saturation with distance, c and n of the site term: the same at all periods in both models.
_C4_KM, _THETA9, _C, _N = 10.0, 0.4, 1.88, 1.18

#: Vs30 of the reference rock, and above which ground is as hard as it gets, m/s.
_ROCK_MPS = 1000.0

#: Interface events break their scaling with magnitude at C1 + delta C1: delta C1 at periods in s (table 4 of
#: Abrahamson and others), constant beyond, in between linear in ln T. Slab events: -0.3.
_DELTA_PERIODS_S, _DELTAS, _DELTA_SLAB = (0.3, 0.5, 1.0, 2.0, 3.0), (0.2, 0.1, 0.0, -0.1, -0.2), -0.3


class BCHydroForm(GroundMotionModel):
    """Interface events by distance from the rupture, slab events by distance from the hypocentre.

    Notes
    -----
    Equations 1 to 8 of Abrahamson, Gregor and Addo (2016), BC Hydro ground motion prediction equations for subduction
    earthquakes, Earthquake Spectra 32, 23-44, doi:10.1193/051712EQS188MR.

    Neither model gives PGV: it is taken from their spectrum by :mod:`houfeng.shaking.conditional_pgv`, a model of
    crustal earthquakes, and its standard deviations with it.
    """

    backarc: bool
    c1: ClassVar[float]

    @abstractmethod
    def scaling(self, c: Coefficients) -> tuple[np.ndarray | float, np.ndarray | float, np.ndarray | float]:
        """Theta 3, theta 4 and theta 5 at the periods of `c`."""

    def motion(self, source: Rupture | Source, distances: Distances, sites: Sites, measures: tuple[str, ...]) -> Motion:
        """Ground motion at `sites`, PGV from the spectrum; see :meth:`GroundMotionModel.motion`.

        Raises
        ------
        InputError
            When the earthquake is neither interface nor slab, or the model has no such measure.
        """
        if source.regime not in self.regimes:
            raise InputError(f"{self.name} is for {' and '.join(self.regimes)} earthquakes, not for {source.regime}")
        if "PGV" not in measures:
            return super().motion(source, distances, sites, measures)
        proxy = f"SA({np.clip(pgv_period_s(source.magnitude), *PGV_PERIODS):.4f})"
        spectrum = super().motion(
            source, distances, sites, tuple(proxy if measure == "PGV" else measure for measure in measures)
        )
        found = replace(spectrum, measures=tuple(measures))
        reach = distances.rhyp_km if source.regime == "slab" else distances.rrup_km
        return pgv_given_spectrum(found, measures.index("PGV"), source.magnitude, reach, sites.vs30_mps)

    def ln_motion(
        self, source: Rupture | Source, distances: Distances, vs30_mps: np.ndarray, c: Coefficients, pga: Coefficients
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Equation 1 (interface) or 2 (slab), with the site."""
        reach = distances.rhyp_km if source.regime == "slab" else distances.rrup_km
        ln_reach = np.log(reach + _C4_KM * np.exp(_THETA9 * (source.magnitude - 6.0)))
        linear_rock = (pga["t_12"] + pga["b"] * _N) * (np.log(_ROCK_MPS) - np.log(pga["v_lin"]))
        pga_rock = np.exp(self._source_and_path(source, reach, ln_reach, pga) + linear_rock)
        ln_ratio = np.log(np.minimum(vs30_mps, _ROCK_MPS)) - np.log(c["v_lin"])
        softened = (pga_rock + _C * np.exp(_N * ln_ratio)) / (pga_rock + _C)
        site = c["t_12"] * ln_ratio + c["b"] * np.where(ln_ratio < 0.0, np.log(softened), _N * ln_ratio)
        mean = self._source_and_path(source, reach, ln_reach, c) + site
        return mean, np.broadcast_to(c["tau"], mean.shape), np.broadcast_to(c["phi"], mean.shape)

    def _source_and_path(
        self, source: Rupture | Source, reach: np.ndarray, ln_reach: np.ndarray, c: Coefficients
    ) -> np.ndarray:
        """Magnitude (equation 3), distance, depth (4) and back-arc (5) terms, shape (k, n)."""
        slab, m = source.regime == "slab", source.magnitude
        theta3, theta4, theta5 = self.scaling(c)
        delta = (
            _DELTA_SLAB if slab else np.interp(np.log(np.maximum(c["period"], 0.01)), np.log(_DELTA_PERIODS_S), _DELTAS)
        )
        above = m - (self.c1 + delta)
        event = c["t_1"] + theta4 * delta + np.where(above <= 0.0, theta4, theta5) * above
        if "t_13" in c:
            event = event + c["t_13"] * (10.0 - m) ** 2
        slope = c["t_2"] + theta3 * (m - self.c1)
        if slab:
            slope = slope + c["t_14"]
            event = event + c["t_10"] + c["t_11"] * (min(source.hypocentre_depth_km, 120.0) - 60.0)
        path = event + slope * ln_reach + c["t_6"] * reach
        if not self.backarc:
            return path
        start, by_distance, floor_km = ("t_7", "t_8", 85.0) if slab else ("t_15", "t_16", 100.0)
        return path + c[start] + c[by_distance] * np.log(np.maximum(reach, floor_km) / 40.0)
