"""Regions are data: a polygon, its cells, and what is known of its largest earthquakes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from houfeng.errors import RegionError, SourceError, UnknownNameError
from houfeng.geo import cell_area_km2, points_in_rings, ring_area_km2, to_xyz_km, unwrap_ring, wrap_longitude

#: Corner magnitude used where a region states none: all shallow plate boundaries but oceanic ones.
DEFAULT_CORNER = (
    8.5,
    "default for an unclassified region; compare Bird & Kagan (2004), doi:10.1785/0120030107",
)


@dataclass(frozen=True, eq=False)
class Grid:
    """Longitude-latitude cells of one size.

    Attributes
    ----------
    west, south : ndarray, shape (n,), degrees
        Lower-left corners; longitude in [-180, 180).
    cell_deg
        Side of a cell in degrees.
    """

    west: np.ndarray
    south: np.ndarray
    cell_deg: float
    _first_row: int = field(init=False, repr=False)
    _numbers: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.west) == 0:
            raise RegionError(f"no cell of {self.cell_deg} degrees has its centre in the region; use smaller cells")
        column, row = self._lattice(self.west + self.cell_deg / 2, self.south + self.cell_deg / 2)
        numbers = np.full((np.ptp(row) + 1, round(360 / self.cell_deg)), -1, np.int32)
        numbers[row - row.min(), column] = np.arange(len(row))
        object.__setattr__(self, "_first_row", int(row.min()))
        object.__setattr__(self, "_numbers", numbers)

    def __len__(self) -> int:
        return len(self.west)

    def _lattice(self, longitude: np.ndarray, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Column from -180 degrees east and row from the equator, of points in degrees."""
        columns = round(360 / self.cell_deg)
        column = np.floor((wrap_longitude(longitude) + 180) / self.cell_deg + 1e-7).astype(np.int64) % columns
        row = np.floor(np.asarray(latitude, float) / self.cell_deg + 1e-7).astype(np.int64)
        return column, np.minimum(row, round(90 / self.cell_deg) - 1)

    @property
    def longitude(self) -> np.ndarray:
        """Centres, degrees east in [-180, 180)."""
        return wrap_longitude(self.west + self.cell_deg / 2)

    @property
    def latitude(self) -> np.ndarray:
        """Centres, degrees north."""
        return self.south + self.cell_deg / 2

    @property
    def area_km2(self) -> np.ndarray:
        """Areas on the sphere, km^2."""
        return cell_area_km2(south=self.south, north=self.south + self.cell_deg, width_deg=self.cell_deg)

    def index_of(self, *, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        """Number of the cell that holds each point, -1 where none does."""
        column, row = self._lattice(np.atleast_1d(longitude), np.atleast_1d(latitude))
        row = row - self._first_row
        outside = (row < 0) | (row >= len(self._numbers))
        return np.where(outside, -1, self._numbers[np.where(outside, 0, row), column]).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Region:
    """A polygon on the Earth, with the side of its cells and its corner magnitude.

    Attributes
    ----------
    name
        Short name, for commands and files.
    rings : tuple of ndarray, shape (n, 2)
        Longitude and latitude in degrees, edges straight on a longitude-latitude map, even-odd (holes count),
        unwrapped across the date line.
    cell_deg
        Side of a forecast cell in degrees.
    titles
        Name for people, by language ("en", "zh").
    depth_max_km
        Deeper earthquakes are left out.
    corner_magnitude, corner_source
        Corner of the tapered Gutenberg-Richter law, and who says so.
    source
        Where the polygon comes from.
    """

    name: str
    rings: tuple[np.ndarray, ...]
    cell_deg: float = 0.1
    titles: Mapping[str, str] = field(default_factory=dict)
    depth_max_km: float = 700.0
    corner_magnitude: float = DEFAULT_CORNER[0]
    corner_source: str = DEFAULT_CORNER[1]
    source: str = "user"

    def __post_init__(self) -> None:
        rings = tuple(unwrap_ring(_checked_ring(ring, self.name)) for ring in self.rings)
        if not rings:
            raise RegionError(f"region '{self.name}' has no polygon")
        object.__setattr__(self, "rings", rings)
        if not 0.005 <= self.cell_deg <= 10 or abs(90 / self.cell_deg - round(90 / self.cell_deg)) > 1e-6:
            raise RegionError(f"cell size {self.cell_deg} degrees does not divide 90; use for instance 0.1, 0.5 or 1")
        if self.area_km2 <= 0:
            raise RegionError(f"region '{self.name}' has no area; give at least three corners not on one line")

    @classmethod
    def named(cls, name: str) -> "Region":
        """One of the regions that ship with Houfeng (``Region.names()``)."""
        table = _region_table()
        if name not in table:
            raise UnknownNameError("region", name, table)
        entry = dict(table[name])
        return cls(name=name, rings=tuple(np.array(ring, float) for ring in entry.pop("rings")), **entry)

    @staticmethod
    def names() -> tuple[str, ...]:
        """Names of the regions that ship with Houfeng."""
        return tuple(_region_table())

    @classmethod
    def box(cls, name: str, *, west: float, south: float, east: float, north: float, **more) -> "Region":
        """A rectangle; ``east < west`` means across the date line."""
        east = east + 360 if east <= west else east
        middle = (west + east) / 2
        ring = [[west, south], [middle, south], [east, south], [east, north], [middle, north], [west, north]]
        return cls(name=name, rings=(np.array(ring, float),), **more)

    @classmethod
    def from_geojson(cls, path: str | Path, **more) -> "Region":
        """Read Polygon, MultiPolygon, Feature or FeatureCollection (RFC 7946)."""
        path = Path(path)
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SourceError(f"cannot read the region file {path}: {error.strerror or error}") from error
        except ValueError as error:
            raise RegionError(f"{path} is not GeoJSON: {error}") from error
        return cls.of_geojson(document, path.stem, where=path, **{"source": str(path.name)} | more)

    @classmethod
    def of_geojson(cls, document: object, name: str, *, where: str | Path = "the region", **more) -> "Region":
        """From a GeoJSON document already read; `where` is what errors call it."""
        return cls(name=name, rings=tuple(_geojson_rings(document, where)), **more)

    @property
    def whole_earth(self) -> bool:
        """True when the polygon covers the sphere (kernels then lose no mass outside)."""
        return self.area_km2 > 0.999 * 4 * np.pi * 6371.0**2

    @property
    def area_km2(self) -> float:
        """Area on the sphere, km^2, holes subtracted."""
        return sum(
            -ring_area_km2(ring) if self._is_hole(i) else ring_area_km2(ring) for i, ring in enumerate(self.rings)
        )

    def _is_hole(self, number: int) -> bool:
        """Whether a ring lies inside an odd number of the others."""
        ring = self.rings[number]
        others = [other for i, other in enumerate(self.rings) if i != number]
        return bool(points_in_rings(others, longitude=ring[:1, 0], latitude=ring[:1, 1])[0])

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees; east exceeds 180 when the region crosses the date line."""
        points = np.vstack(self.rings)
        west, south = points.min(axis=0)
        east, north = points.max(axis=0)
        return float(west), float(south), float(east), float(north)

    def title(self, language: str = "en") -> str:
        """Name for people."""
        return self.titles.get(language, self.titles.get("en", self.name))

    def contains(self, *, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        """Boolean mask: which points lie inside."""
        if self.whole_earth:
            return np.ones(np.atleast_1d(longitude).shape, bool)
        return points_in_rings(list(self.rings), longitude=longitude, latitude=latitude)

    def near(self, *, longitude: np.ndarray, latitude: np.ndarray, distance_km: float) -> np.ndarray:
        """Boolean mask: which points lie inside or within `distance_km` of the edge."""
        mask = self.contains(longitude=longitude, latitude=latitude)
        if mask.all() or distance_km <= 0:
            return mask
        from scipy.spatial import cKDTree

        edge = self.boundary(step_deg=0.1)
        tree = cKDTree(to_xyz_km(longitude=edge[:, 0], latitude=edge[:, 1]))
        outside = np.flatnonzero(~mask)
        points = to_xyz_km(longitude=np.asarray(longitude)[outside], latitude=np.asarray(latitude)[outside])
        distance, _ = tree.query(points, distance_upper_bound=distance_km + 10)
        mask[outside] = distance <= distance_km
        return mask

    def boundary(self, *, step_deg: float) -> np.ndarray:
        """Points along all rings, shape (n, 2) longitude and latitude, at most `step_deg` apart, closed."""
        pieces = []
        for ring in self.rings:
            closed = np.vstack([ring, ring[:1]])
            for start, end in zip(closed[:-1], closed[1:], strict=True):
                steps = max(1, int(np.ceil(np.abs(end - start).max() / step_deg)))
                pieces.append(start + (end - start) * np.linspace(0, 1, steps, endpoint=False)[:, None])
        return np.vstack(pieces)

    def grid(self) -> Grid:
        """Cells whose centres lie inside, on the lattice of multiples of ``cell_deg``."""
        west, south, east, north = self.bounds
        size = self.cell_deg
        columns = np.arange(np.floor(west / size + 1e-9), np.ceil(east / size - 1e-9))
        rows = np.arange(np.floor(south / size + 1e-9), np.ceil(north / size - 1e-9))
        x, y = np.meshgrid(columns * size, rows * size)
        x, y = x.ravel(), y.ravel()
        inside = self.contains(longitude=x + size / 2, latitude=y + size / 2)
        return Grid(west=np.round(wrap_longitude(x[inside]), 9), south=np.round(y[inside], 9), cell_deg=size)

    def to_geojson(self) -> dict:
        """The polygon as a GeoJSON Feature: a MultiPolygon when it has parts; holes stand with their part."""
        parts: list[list[np.ndarray]] = []
        for number in sorted(range(len(self.rings)), key=lambda i: -ring_area_km2(self.rings[i])):
            ring = self.rings[number]
            corner = {"longitude": ring[:1, 0], "latitude": ring[:1, 1]}
            around = [part for part in parts if points_in_rings(part[:1], **corner)[0]]
            if around and self._is_hole(number):
                around[-1].append(ring)
            else:
                parts.append([ring])
        polygons = [[[*ring.tolist(), ring[0].tolist()] for ring in part] for part in parts]
        one = len(polygons) == 1
        return {
            "type": "Feature",
            "properties": {"name": self.name, "source": self.source},
            "geometry": {
                "type": "Polygon" if one else "MultiPolygon",
                "coordinates": polygons[0] if one else polygons,
            },
        }


def _checked_ring(ring: np.ndarray, name: str) -> np.ndarray:
    ring = np.asarray(ring, float)
    if ring.ndim != 2 or ring.shape[1] < 2:
        raise RegionError(f"region '{name}': a polygon is a list of [longitude, latitude] pairs")
    ring = ring[:, :2]
    if len(ring) > 1 and np.array_equal(ring[0], ring[-1]):
        ring = ring[:-1]
    if len(ring) < 3:
        raise RegionError(f"region '{name}': a polygon needs three corners, this one has {len(ring)}")
    if not np.isfinite(ring).all() or np.abs(ring[:, 1]).max() > 90 or np.abs(ring[:, 0]).max() > 540:
        raise RegionError(f"region '{name}': corners must be longitude then latitude, in degrees, latitude within 90")
    return ring


def _geojson_rings(document: object, path: str | Path) -> list[np.ndarray]:
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "Feature":
        return _geojson_rings(document.get("geometry"), path)
    try:
        if kind == "FeatureCollection":
            return [ring for feature in document["features"] for ring in _geojson_rings(feature, path)]
        if kind == "Polygon":
            return [np.array(ring, float) for ring in document["coordinates"]]
        if kind == "MultiPolygon":
            return [np.array(ring, float) for polygon in document["coordinates"] for ring in polygon]
    except RegionError:
        raise
    except (KeyError, ValueError, TypeError) as error:
        raise RegionError(f"{path}: coordinates are not lists of [longitude, latitude] pairs") from error
    raise RegionError(f"{path} holds a {kind}; a region must be a GeoJSON Polygon or MultiPolygon")


@cache
def _region_table() -> dict[str, dict]:
    return json.loads(resources.files("houfeng.data").joinpath("regions.json").read_text(encoding="utf-8"))
