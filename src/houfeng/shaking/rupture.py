"""An earthquake together with what broke in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.earthquake import Earthquake
from houfeng.errors import InputError
from houfeng.geo import EARTH_RADIUS_KM, from_xyz_km, to_xyz_km
from houfeng.shaking.distances import Distances
from houfeng.shaking.geometry import Planes, UnknownPlane
from houfeng.shaking.scaling import is_strike_slip, rupture_dimensions
from houfeng.shaking.sites import Sites

#: Dip where none is known: the slope of megathrusts at the depths where they lock, steep breaks within slabs, and in
#: the crust by style after Kaklamanos, Baise and Boore (2011), Earthquake Spectra 27, 1219-1235,
#: doi:10.1193/1.3650372, table 2 (reverse 40, normal 50, strike slip 90), between them where the style is unknown.
DEFAULT_DIP_DEG = {"interface": 20.0, "slab": 50.0, "crustal": 60.0, "reverse": 40.0, "normal": 50.0, "strike": 90.0}

#: Sites worked on at a time, so that all in between stays in the processor's cache.
_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Rupture:
    """What broke, as ground-motion models ask for it.

    Attributes
    ----------
    earthquake
        Size, hypocentre, regime.
    geometry
        Known planes, or one of unknown direction.
    strike_deg, dip_deg, rake_deg
        Strike and dip of the longest rectangle (strike NaN where unknown); rake NaN where unknown.
    ztor_km, width_km
        Depth of the top edge; length down the dip.
    """

    earthquake: Earthquake
    geometry: Planes | UnknownPlane
    strike_deg: float
    dip_deg: float
    rake_deg: float
    ztor_km: float
    width_km: float

    @property
    def magnitude(self) -> float:
        """Of the earthquake."""
        return self.earthquake.magnitude

    @property
    def regime(self) -> str:
        """``crustal``, ``interface`` or ``slab``."""
        return self.earthquake.regime

    @property
    def hypocentre_depth_km(self) -> float:
        """Positive down; at least 0."""
        return max(self.earthquake.depth_km, 0.0)

    @classmethod
    def point(cls, earthquake: Earthquake, *, rake_deg: float = math.nan, dip_deg: float | None = None) -> "Rupture":
        """What is known minutes after: a hypocentre and a magnitude.

        The plane has the median size for the magnitude (:func:`houfeng.shaking.scaling.rupture_dimensions`); distances
        are means over all its directions (:class:`houfeng.shaking.geometry.UnknownPlane`).

        Parameters
        ----------
        earthquake
            Regime and magnitude decide the size.
        rake_deg
            -180 to 180; NaN where unknown.
        dip_deg
            None for a usual one, :data:`DEFAULT_DIP_DEG`.
        """
        size = rupture_dimensions(earthquake.magnitude, earthquake.regime, rake_deg)
        dip = _usual_dip(earthquake.regime, rake_deg) if dip_deg is None else dip_deg
        _check_angles(dip_deg=dip, rake_deg=rake_deg)
        plane = UnknownPlane(size.length_km, size.width_km, dip, max(earthquake.depth_km, 0.0))
        return cls(earthquake, plane, math.nan, dip, rake_deg, plane.ztor_km, size.width_km)

    @classmethod
    def plane(
        cls,
        earthquake: Earthquake,
        *,
        strike_deg: float,
        dip_deg: float,
        rake_deg: float,
        length_km: float | None = None,
        width_km: float | None = None,
        hypocentre_along: float = 0.5,
        hypocentre_down: float = 0.5,
    ) -> "Rupture":
        """One rectangle through the hypocentre.

        Parameters
        ----------
        earthquake
            Its hypocentre lies in the plane.
        strike_deg, dip_deg, rake_deg
            0 to 360; above 0 to 90, down to the right of the strike; -180 to 180 or NaN.
        length_km, width_km
            None for the median size for the magnitude.
        hypocentre_along, hypocentre_down
            Share of the length before the hypocentre, and of the width above it, 0 to 1. Where the plane would stick
            out of the ground it slides down its dip until its top edge is at the surface.

        Raises
        ------
        InputError
            When an angle, a size or a share is out of its range.
        """
        _check_angles(dip_deg=dip_deg, rake_deg=rake_deg)
        size = rupture_dimensions(earthquake.magnitude, earthquake.regime, rake_deg)
        length = size.length_km if length_km is None else length_km
        width = size.width_km if width_km is None else width_km
        for name, value, low, high in (
            ("strike_deg", strike_deg, 0.0, 360.0),
            ("length_km", length, 0.01, 2000.0),
            ("width_km", width, 0.01, 500.0),
            ("hypocentre_along", hypocentre_along, 0.0, 1.0),
            ("hypocentre_down", hypocentre_down, 0.0, 1.0),
        ):
            if not low <= value <= high:
                raise InputError(f"{name} of a rupture must be within {low:g} to {high:g}, got {value}")
        dip, depth = math.radians(dip_deg), max(earthquake.depth_km, 0.0)
        up = min(hypocentre_down * width, depth / math.sin(dip))
        across = np.array([-up, -up, width - up, width - up]) * math.cos(dip)
        along = np.array([-hypocentre_along, 1 - hypocentre_along, 1 - hypocentre_along, -hypocentre_along]) * length
        strike = math.radians(strike_deg)
        longitude, latitude = _places(
            earthquake,
            east_km=along * math.sin(strike) + across * math.cos(strike),
            north_km=along * math.cos(strike) - across * math.sin(strike),
        )
        top = depth - up * math.sin(dip)
        depths = np.maximum(top + np.array([0.0, 0.0, width, width]) * math.sin(dip), 0.0)
        planes = Planes(np.column_stack([longitude, latitude, depths])[None])
        return cls(earthquake, planes, strike_deg % 360.0, dip_deg, rake_deg, max(top, 0.0), width)

    @classmethod
    def from_quads(
        cls, earthquake: Earthquake, quads: Sequence | np.ndarray, *, rake_deg: float = math.nan
    ) -> "Rupture":
        """One or more rectangles given by their corners, in the order of the trace.

        Parameters
        ----------
        quads : array_like, shape (q, 4, 3)
            Longitude, latitude (degrees) and depth (km) of start and end of the top edge, end and start of the bottom
            edge; each dips to the right of its top edge.
        rake_deg
            -180 to 180; NaN where unknown.

        Raises
        ------
        InputError
            When a quadrilateral is no rectangle with a level top edge, within 15 % of its width.
        """
        planes = Planes(np.asarray(quads, float))
        longest = max(planes.rectangles, key=lambda piece: piece.length_km)
        _check_angles(dip_deg=longest.dip_deg, rake_deg=rake_deg)
        return cls(
            earthquake,
            planes,
            longest.strike_deg,
            longest.dip_deg,
            rake_deg,
            min(piece.ztor_km for piece in planes.rectangles),
            longest.width_km,
        )

    def distances(self, sites: Sites) -> Distances:
        """Every distance of every site from what broke."""
        quake = self.earthquake
        parts = [
            self.geometry.distances(
                longitude=sites.longitude[block],
                latitude=sites.latitude[block],
                hypocentre=(quake.longitude, quake.latitude, self.hypocentre_depth_km),
            )
            for block in (slice(start, start + _BLOCK) for start in range(0, max(len(sites), 1), _BLOCK))
        ]
        return Distances.joined(parts)


def _usual_dip(regime: str, rake_deg: float) -> float:
    if regime != "crustal" or math.isnan(rake_deg):
        return DEFAULT_DIP_DEG[regime]
    if is_strike_slip(rake_deg):
        return DEFAULT_DIP_DEG["strike"]
    return DEFAULT_DIP_DEG["reverse" if rake_deg > 0 else "normal"]


def _check_angles(*, dip_deg: float, rake_deg: float) -> None:
    if not 1.0 <= dip_deg <= 90.0:
        raise InputError(f"dip_deg of a rupture must be within 1 to 90 degrees, got {dip_deg}")
    if not (math.isnan(rake_deg) or -180.0 <= rake_deg <= 180.0):
        raise InputError(f"rake_deg of a rupture must be within -180 to 180 degrees or NaN, got {rake_deg}")


def _places(earthquake: Earthquake, *, east_km: np.ndarray, north_km: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude at distances from the epicentre, along great circles from there."""
    lon, lat = math.radians(earthquake.longitude), math.radians(earthquake.latitude)
    up = to_xyz_km(longitude=earthquake.longitude, latitude=earthquake.latitude) / EARTH_RADIUS_KM
    east = np.array([-math.sin(lon), math.cos(lon), 0.0])
    north = np.array([-math.sin(lat) * math.cos(lon), -math.sin(lat) * math.sin(lon), math.cos(lat)])
    far = np.hypot(east_km, north_km)
    angle = far / EARTH_RADIUS_KM
    direction = (east_km[:, None] * east + north_km[:, None] * north) / np.maximum(far, 1e-9)[:, None]
    return from_xyz_km(np.cos(angle)[:, None] * up + np.sin(angle)[:, None] * direction)
