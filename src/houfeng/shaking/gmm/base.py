"""The contract of every ground-motion model."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from houfeng.errors import InputError
from houfeng.shaking.distances import Distances
from houfeng.shaking.gmm.limits import Limits, Outside
from houfeng.shaking.gmm.styles import style_of
from houfeng.shaking.gmm.tables import Coefficients, read_table
from houfeng.shaking.motion import Motion
from houfeng.shaking.rupture import Rupture
from houfeng.shaking.sites import Sites

#: Sites worked on at a time, so that all in between stays in the processor's cache.
_BLOCK = 2048


@dataclass(frozen=True, slots=True)
class Source:
    """What models ask of an earthquake, without its place; a :class:`Rupture` has the same names.

    Attributes
    ----------
    magnitude, regime
        Moment magnitude; ``crustal``, ``interface`` or ``slab``.
    dip_deg, rake_deg
        Rake NaN where unknown.
    ztor_km, width_km, hypocentre_depth_km
        Depth of the top edge, length down the dip, depth of the hypocentre.
    """

    magnitude: float
    regime: str = "crustal"
    dip_deg: float = 90.0
    rake_deg: float = math.nan
    ztor_km: float = 0.0
    width_km: float = 10.0
    hypocentre_depth_km: float = 10.0


class GroundMotionModel(ABC):
    """One published model. A subclass is a frozen dataclass that holds choices only (region, ...)."""

    name: ClassVar[str]  # as people write it, and the name of its coefficient table
    title: ClassVar[str]
    reference: ClassVar[str]
    regimes: ClassVar[tuple[str, ...]]  # kinds of earthquake it was made for
    limits: ClassVar[dict[str, Limits]]  # by regime
    largest: ClassVar[dict[str, float]] = {}  # magnitude, for styles of slip with a lower limit than `limits` says

    @abstractmethod
    def ln_motion(
        self, source: Rupture | Source, distances: Distances, vs30_mps: np.ndarray, c: Coefficients, pga: Coefficients
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean of the logarithm, tau and phi at n sites for k rows of the table, each spreadable to shape (k, n).

        Parameters
        ----------
        source, distances, vs30_mps
            The earthquake; distances of the n sites; their Vs30, shape (n,), m/s.
        c, pga
            Coefficients of the rows, shape (k, 1), and those of PGA, shape (1, 1).
        """

    def motion(self, source: Rupture | Source, distances: Distances, sites: Sites, measures: tuple[str, ...]) -> Motion:
        """Ground motion at `sites`.

        Parameters
        ----------
        source
            What broke, or its parameters.
        distances
            Of the sites, see :meth:`Rupture.distances`.
        sites
            Their Vs30 is used; basins have the depth usual for it.
        measures
            ``PGA``, ``PGV``, ``SA(T)``; between tabulated periods mean and standard deviations are interpolated
            in ln T.

        Raises
        ------
        InputError
            When the model has no such measure, or distances and sites differ in number.
        """
        if len(distances) != len(sites):
            raise InputError(f"{len(distances)} distances for {len(sites)} sites; take rupture.distances(sites)")
        table = read_table(self.name.lower())
        rows, weights = table.plan(tuple(measures))
        c, pga = table.take(rows), table.take(np.flatnonzero(table.period == 0.0))
        plain = len(rows) == len(weights) and bool((weights == np.eye(len(rows))).all())
        parts = np.empty((3, len(sites), len(measures)))
        for start in range(0, len(sites), _BLOCK):
            block = slice(start, start + _BLOCK)
            found = self.ln_motion(source, distances.select(block), sites.vs30_mps[block], c, pga)
            for part, values in zip(parts, found, strict=True):
                part[block] = (values if plain else weights @ values).T
        return Motion(tuple(measures), *parts)

    def outside(self, source: Rupture | Source, distances: Distances, sites: Sites) -> tuple[Outside, ...]:
        """Where `source` and `sites` leave what the authors vouch for; empty when they do not."""
        if source.regime not in self.regimes:
            return (Outside(self.name, "regime", found=source.regime, allowed=" ".join(self.regimes)),)
        limits = self.limits[source.regime]
        low, high = limits.magnitude
        limits = replace(limits, magnitude=(low, self.largest.get(style_of(source.rake_deg), high)))
        return limits.exceeded(self.name, source.magnitude, distances, sites)
