"""How far a ground-motion model may be trusted, and what to say beyond."""

from dataclasses import dataclass

import numpy as np

from houfeng.shaking.distances import Distances
from houfeng.shaking.sites import Sites

_WORDS = {
    "regime": {"en": "kind of earthquake", "zh": "地震类型"},
    "magnitude": {"en": "magnitude", "zh": "震级"},
    "distance": {"en": "distance (km)", "zh": "距离（公里）"},
    "vs30": {"en": "Vs30 (m/s)", "zh": "Vs30（米/秒）"},
}


@dataclass(frozen=True, slots=True)
class Outside:
    """One thing beyond the limits of one model.

    Attributes
    ----------
    model
        Its name.
    quantity
        ``regime``, ``magnitude``, ``distance`` or ``vs30``.
    found, allowed
        What there is, and what the model is made for, as text.
    sites
        How many sites it concerns; 0 for all.
    """

    model: str
    quantity: str
    found: str
    allowed: str
    sites: int = 0

    def text(self, language: str) -> str:
        """A sentence in ``en`` or ``zh``."""
        what = _WORDS[self.quantity][language]
        if language == "zh":
            where = f"（{self.sites} 个场点）" if self.sites else ""
            return f"{self.model} 适用的{what}为 {self.allowed}，此处为 {self.found}{where}：属外推。"
        where = f" at {self.sites} sites" if self.sites else ""
        return f"{self.model} is made for {what} {self.allowed}, here {self.found}{where}: extrapolated."


@dataclass(frozen=True, slots=True)
class Limits:
    """Ranges that the authors vouch for, ends included.

    Attributes
    ----------
    magnitude
        Moment magnitude.
    distance_km
        In the distance the model uses, named in `distance`.
    vs30_mps
        m/s.
    distance
        A name of :class:`Distances`.
    """

    magnitude: tuple[float, float]
    distance_km: tuple[float, float]
    vs30_mps: tuple[float, float]
    distance: str = "rrup_km"

    def exceeded(self, model: str, magnitude: float, distances: Distances, sites: Sites) -> tuple[Outside, ...]:
        """What lies beyond, one entry a quantity."""
        found = []
        low, high = self.magnitude
        if not low <= magnitude <= high:
            found.append(Outside(model, "magnitude", f"{magnitude:g}", f"{low:g} - {high:g}"))
        for quantity, values, (low, high) in (
            ("distance", getattr(distances, self.distance), self.distance_km),
            ("vs30", sites.vs30_mps, self.vs30_mps),
        ):
            beyond = values[~((values >= low) & (values <= high))]
            if len(beyond):
                span = f"{np.min(beyond):.0f} - {np.max(beyond):.0f}"
                found.append(Outside(model, quantity, span, f"{low:g} - {high:g}", len(beyond)))
        return tuple(found)
