"""What broke, as planes that are known or as one whose direction is not."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from houfeng.errors import InputError
from houfeng.geo import from_xyz_km, great_circle_km, to_xyz_km
from houfeng.shaking.distances import Distances, FlatRectangle, along_trace, flat_km

#: How far a quadrilateral may be from a rectangle, as a share of its width.
_TOLERANCE = 0.15

#: Directions, places of the hypocentre along the strike and down the dip over which an unknown plane is averaged.
_STRIKES_DEG = np.arange(0.0, 360.0, 15.0)
_ALONG = (0.1, 0.3, 0.5, 0.7, 0.9)
_DOWN = (0.3, 0.5, 0.7)

#: Epicentral distances at which the average is worked out, km; between them it is interpolated.
_TABLE_KM = np.concatenate([[0.0], np.geomspace(1.0, 3000.0, 90)])


@dataclass(frozen=True, eq=False)
class Planes:
    """Rectangles in the ground.

    Attributes
    ----------
    corners : ndarray of float64, shape (q, 4, 3)
        Longitude, latitude in degrees and depth in km of start and end of the top edge, then end and start of the
        bottom edge; the plane dips to the right of the top edge. Rectangles follow one another along the strike.
    """

    corners: np.ndarray

    def __post_init__(self) -> None:
        corners = np.asarray(self.corners, float)
        object.__setattr__(self, "corners", corners)
        if corners.ndim != 3 or corners.shape[1:] != (4, 3) or not len(corners):
            raise InputError(f"a rupture needs corners of shape (rectangles, 4, 3), got {corners.shape}")
        if not np.isfinite(corners).all() or (np.abs(corners[..., 1]) > 90).any() or (corners[..., 2] < 0).any():
            raise InputError("corners of a rupture need finite longitude, latitude within 90 degrees and depth >= 0 km")
        self.rectangles  # noqa: B018 - refuses what is no rectangle

    @cached_property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of the middle of all corners."""
        lon, lat = self.corners[..., 0].ravel(), self.corners[..., 1].ravel()
        longitude, latitude = from_xyz_km(to_xyz_km(longitude=lon, latitude=lat).mean(axis=0)[None])
        return float(longitude[0]), float(latitude[0])

    @cached_property
    def rectangles(self) -> tuple[FlatRectangle, ...]:
        """The rectangles on the flat Earth around their middle."""
        east, north = self._flat(self.corners[..., 0], self.corners[..., 1])
        return tuple(
            _rectangle(np.column_stack([east[i], north[i], self.corners[i, :, 2]]), i) for i in range(len(east))
        )

    def distances(
        self, *, longitude: np.ndarray, latitude: np.ndarray, hypocentre: tuple[float, float, float]
    ) -> Distances:
        """Distances of sites from the planes, and from the hypocentre (longitude, latitude, depth in km)."""
        east, north = self._flat(longitude, latitude)
        coordinates = [piece.along_across(east, north) for piece in self.rectangles]
        rrup, rjb = self.rectangles[0].rupture_distances(*coordinates[0])
        for piece, place in zip(self.rectangles[1:], coordinates[1:], strict=True):
            further = piece.rupture_distances(*place)
            rrup, rjb = np.minimum(rrup, further[0]), np.minimum(rjb, further[1])
        rx, ry0 = along_trace(self.rectangles, coordinates)
        repi = great_circle_km(
            longitude=longitude, latitude=latitude, to_longitude=hypocentre[0], to_latitude=hypocentre[1]
        )
        return Distances(rrup, rjb, rx, ry0, np.hypot(repi, hypocentre[2]), repi)

    def _flat(self, longitude: np.ndarray, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return flat_km(
            longitude=longitude, latitude=latitude, centre_longitude=self.centre[0], centre_latitude=self.centre[1]
        )


def _rectangle(corners: np.ndarray, number: int) -> FlatRectangle:
    """Rectangle nearest to four corners (east, north, depth in km)."""
    start, end, far_end, far_start = corners
    top, down = end - start, ((far_start - start) + (far_end - end)) / 2
    length, width = float(np.hypot(top[0], top[1])), float(np.linalg.norm(down))
    where = f"rectangle {number} of the rupture"
    if not (length > 0 and width > 0):
        raise InputError(f"{where} has no area; its corners are top start, top end, bottom end, bottom start")
    strike = np.degrees(np.arctan2(top[0], top[1])) % 360.0
    across = down[0] * np.cos(np.radians(strike)) - down[1] * np.sin(np.radians(strike))
    if down[2] < 0:
        raise InputError(f"{where}: the bottom edge lies above the top edge; give the top edge first")
    if across < -1e-3 * width:
        raise InputError(f"{where} dips to the left of its top edge; start the top edge at its other end")
    along = down[0] * np.sin(np.radians(strike)) + down[1] * np.cos(np.radians(strike))
    misfits = (abs(top[2]), abs(along), float(np.linalg.norm((far_end - end) - (far_start - start))))
    if max(misfits) > _TOLERANCE * width:
        raise InputError(
            f"{where} is no rectangle with a level top edge: its corners are off by {max(misfits):.1f} km of "
            f"{width:.1f} km width; split it into smaller ones"
        )
    dip = float(np.degrees(np.arctan2(down[2], max(across, 0.0))))
    ztor = float((start[2] + end[2]) / 2)
    return FlatRectangle(float(start[0]), float(start[1]), ztor, float(strike), dip, length, width)


@dataclass(frozen=True, eq=False)
class UnknownPlane:
    """A plane whose size is known from the magnitude, but neither its direction nor where in it the hypocentre lies.

    Distances are means over all directions and places, after Thompson and Worden (2018), Estimating rupture distances
    without a rupture, BSSA 108, 371-379, doi:10.1785/0120170174. They depend on the epicentral distance alone.
    Nothing is known of the hanging wall: every site counts as lying on the other side.

    Attributes
    ----------
    length_km, width_km, dip_deg
        The plane.
    depth_km
        Of the hypocentre, at least 0; the plane stays below the ground.
    """

    length_km: float
    width_km: float
    dip_deg: float
    depth_km: float

    @cached_property
    def ztor_km(self) -> float:
        """Mean depth of the top edge."""
        return float(np.mean([self._above(share)[0] for share in _DOWN]))

    def _above(self, share: float) -> tuple[float, float]:
        """Depth of the top edge, and km down the dip from there to the hypocentre, `share` of the width if it fits."""
        sine = np.sin(np.radians(self.dip_deg))
        up = min(share * self.width_km, self.depth_km / sine)
        return max(self.depth_km - up * sine, 0.0), up

    @cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean Rrup and Rjb at the epicentral distances of the table."""
        sums = np.zeros((2, len(_TABLE_KM)))
        for share in _DOWN:
            ztor, up = self._above(share)
            across = up * np.cos(np.radians(self.dip_deg))
            plane = FlatRectangle(0.0, 0.0, ztor, 0.0, self.dip_deg, self.length_km, self.width_km)
            for along in _ALONG:
                # The plane runs north from the origin; the site moves around the epicentre instead of the plane.
                azimuth = np.radians(_STRIKES_DEG)[:, None]
                place = along * self.length_km + _TABLE_KM * np.cos(azimuth), across + _TABLE_KM * np.sin(azimuth)
                sums += [np.mean(column, axis=0) for column in plane.rupture_distances(*place)]
        rrup, rjb = sums / (len(_DOWN) * len(_ALONG))
        return rrup, rjb

    def distances(
        self, *, longitude: np.ndarray, latitude: np.ndarray, hypocentre: tuple[float, float, float]
    ) -> Distances:
        """Mean distances of sites, and those from the hypocentre (longitude, latitude, depth in km)."""
        repi = great_circle_km(
            longitude=longitude, latitude=latitude, to_longitude=hypocentre[0], to_latitude=hypocentre[1]
        )
        beyond = np.maximum(repi - _TABLE_KM[-1], 0.0)
        rrup, rjb = (np.interp(repi, _TABLE_KM, column) + beyond for column in self._table)
        return Distances(rrup, rjb, -rjb, np.zeros_like(rjb), np.hypot(repi, hypocentre[2]), repi)
