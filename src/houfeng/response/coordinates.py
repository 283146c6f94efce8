"""Coordinates of files as degrees: WGS 84 as it is, Web Mercator and UTM by formula, all else refused.

References
----------
Karney, C. F. F. (2011). Transverse Mercator with an accuracy of a few nanometers. Journal of Geodesy 85, 475-485,
doi:10.1007/s00190-011-0445-3: Krüger's series, equations 7, 11, 19 to 21 and 36, here to the third order (error
below a centimetre within a zone). Web Mercator: EPSG method 1024.
"""

import re
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError

#: Geographic references within a metre or two of WGS 84: themselves, OGC CRS84, and those tied to the ITRF.
_GEOGRAPHIC = {4326, 4979, 4258, 4490, 4674, 4269, 5360, 9989}
_WEB_MERCATOR = {3857, 900913, 3785}
_ALLOWED = "WGS 84 (EPSG:4326), Web Mercator (EPSG:3857) or WGS 84 / UTM (EPSG:32601-32660, 32701-32760)"

#: Ellipsoid WGS 84, and the scale and false coordinates of UTM.
_AXIS_M, _FLATTENING, _SCALE, _FALSE_EAST_M, _FALSE_NORTH_M = 6378137.0, 1 / 298.257223563, 0.9996, 5e5, 1e7


@dataclass(frozen=True, slots=True)
class Reference:
    """A coordinate reference system that can be turned into degrees.

    Attributes
    ----------
    epsg : int
    """

    epsg: int

    def degrees(self, points: np.ndarray) -> np.ndarray:
        """Longitude and latitude in degrees of points, shape (k, 2 or more); heights are dropped."""
        x, y = points[:, 0], points[:, 1]
        if self.epsg in _GEOGRAPHIC:
            return np.column_stack([x, y])
        if self.epsg in _WEB_MERCATOR:
            return np.column_stack([np.degrees(x / _AXIS_M), np.degrees(np.arctan(np.sinh(y / _AXIS_M)))])
        zone, south = self.epsg % 100, self.epsg // 100 == 327
        return _from_utm(x, y - _FALSE_NORTH_M if south else y, zone)


def reference_of(epsg: int, where: str) -> Reference:
    """The reference of an EPSG number.

    Raises
    ------
    InputError
        When it is not one that can be converted here.
    """
    utm = 32601 <= epsg <= 32660 or 32701 <= epsg <= 32760
    if epsg in _GEOGRAPHIC or epsg in _WEB_MERCATOR or utm:
        return Reference(epsg)
    raise InputError(
        f"{where} is in EPSG:{epsg}, which cannot be converted here; allowed are {_ALLOWED}. "
        f"Convert it first, for example with: ogr2ogr -t_srs EPSG:4326 out.gpkg in.gpkg"
    )


def geojson_reference(document: dict, where: str) -> Reference:
    """The reference a GeoJSON document states in the old member ``crs``; without one it is WGS 84 (RFC 7946)."""
    stated = document.get("crs")
    if not stated:
        return Reference(4326)
    properties = stated.get("properties") if isinstance(stated, dict) else None
    name = str(properties.get("name", "") if isinstance(properties, dict) else stated)
    if name.upper().endswith("CRS84"):
        return Reference(4326)
    number = re.search(r"EPSG:(?:[\d.]*:)?(\d+)$", name, re.IGNORECASE)
    if not number:
        raise InputError(
            f"{where} states the coordinate reference '{name}', which is not understood; allowed are {_ALLOWED}"
        )
    return reference_of(int(number[1]), where)


def _from_utm(east_m: np.ndarray, north_m: np.ndarray, zone: int) -> np.ndarray:
    """Inverse transverse Mercator by Krüger's series (Karney 2011)."""
    n = _FLATTENING / (2 - _FLATTENING)
    radius = _AXIS_M / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    beta = (n / 2 - 2 * n**2 / 3 + 37 * n**3 / 96, n**2 / 48 + n**3 / 15, 17 * n**3 / 480)
    xi, eta = north_m / (_SCALE * radius), (east_m - _FALSE_EAST_M) / (_SCALE * radius)
    xi0 = xi - sum(b * np.sin(2 * (j + 1) * xi) * np.cosh(2 * (j + 1) * eta) for j, b in enumerate(beta))
    eta0 = eta - sum(b * np.cos(2 * (j + 1) * xi) * np.sinh(2 * (j + 1) * eta) for j, b in enumerate(beta))
    conformal = np.arcsin(np.sin(xi0) / np.cosh(eta0))
    delta = (2 * n - 2 * n**2 / 3 - 2 * n**3, 7 * n**2 / 3 - 8 * n**3 / 5, 56 * n**3 / 15)
    latitude = conformal + sum(d * np.sin(2 * (j + 1) * conformal) for j, d in enumerate(delta))
    longitude = np.radians(6 * zone - 183) + np.arctan2(np.sinh(eta0), np.cos(xi0))
    return np.degrees(np.column_stack([longitude, latitude]))
