"""Faults as a layer: how far the nearest is, how fast it slips, and what kind it is."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from houfeng.errors import InputError, SourceError
from houfeng.features.base import LayerValues, Lineage
from houfeng.geo import EARTH_RADIUS_KM, to_xyz_km
from houfeng.regions import Grid

#: Farthest apart of the points that stand for a trace while the nearest piece of it is looked for.
STEP_KM = 1.0


@dataclass(frozen=True, eq=False)
class Fault:
    """A trace on the ground.

    Attributes
    ----------
    line : ndarray, shape (n, 2), degrees
        Longitude and latitude of its corners.
    slip_mm_per_year
        NaN where unknown.
    kind
        Of slip or of regime, in the words of the file; empty where unknown.
    """

    line: np.ndarray
    slip_mm_per_year: float = float("nan")
    kind: str = ""


@dataclass(frozen=True, eq=False)
class NearestFault:
    """Of each cell: distance along the surface in km, and the number of the fault; shapes (cells,)."""

    distance_km: np.ndarray
    fault: np.ndarray


def nearest_fault(faults: Sequence[Fault], *, longitude: np.ndarray, latitude: np.ndarray) -> NearestFault:
    """Find the nearest trace of each point.

    Pieces between corners are straight through the Earth: 2 m below the surface at most for one of 10 km.

    Raises
    ------
    InputError
        When there is no fault, or a trace has fewer than two corners.
    """
    for number, fault in enumerate(faults):
        if np.ndim(fault.line) != 2 or len(fault.line) < 2 or not np.isfinite(fault.line).all():
            raise InputError(f"fault {number} has no line: give two corners or more, longitude and latitude in degrees")
    if not faults:
        raise InputError("there is no fault to be near to")
    pieces = [_pieces(fault.line) for fault in faults]
    start, end = (np.concatenate([piece[side] for piece in pieces]) for side in (0, 1))
    owner = np.repeat(np.arange(len(faults)), [len(piece[0]) for piece in pieces])
    points = to_xyz_km(longitude=np.atleast_1d(longitude), latitude=np.atleast_1d(latitude))
    chord, piece = _nearest_piece(points, start, end)
    along = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / (2 * EARTH_RADIUS_KM), 1))
    return NearestFault(along, owner[piece])


def _nearest_piece(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Straight-line distance of each point to the nearest piece, km, and its number; shapes (n,).

    Pieces are tried in the order of their middles, until the next middle is so far that its piece, which reaches no
    farther than half of STEP_KM from there, cannot be nearer.
    """
    from scipy.spatial import cKDTree

    middles = cKDTree((start + end) / 2)
    distance, piece = np.full(len(points), np.inf), np.zeros(len(points), np.int64)
    open_, k = np.arange(len(points)), 8
    while len(open_):
        k = min(k, len(start))
        away, tried = middles.query(points[open_], k=range(1, k + 1))
        each = _to_pieces(points[open_, None], start[tried], end[tried])
        best = np.argmin(each, axis=1)
        rows = np.arange(len(open_))
        distance[open_], piece[open_] = each[rows, best], tried[rows, best]
        unsure = (away[:, -1] < distance[open_] + STEP_KM / 2) & (k < len(start))
        open_, k = open_[unsure], 4 * k
    return distance, piece


def _pieces(line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Beginnings and ends of pieces of at most STEP_KM, Earth-centred km, shapes (m, 3)."""
    corners = to_xyz_km(longitude=line[:, 0], latitude=line[:, 1])
    points = [corners[:1]]
    for a, b in zip(corners[:-1], corners[1:], strict=True):
        n = max(1, int(np.ceil(np.linalg.norm(b - a) / STEP_KM)))
        between = a + (b - a) * (np.arange(1, n + 1) / n)[:, None]
        points.append(between * (EARTH_RADIUS_KM / np.linalg.norm(between, axis=1, keepdims=True)))
    points = np.concatenate(points)
    return points[:-1], points[1:]


def _to_pieces(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Straight-line distances of points to pieces, km, over the last axis."""
    along = end - start
    length2 = np.maximum((along**2).sum(axis=-1), 1e-30)
    share = np.clip(((points - start) * along).sum(axis=-1) / length2, 0, 1)
    return np.linalg.norm(points - start - share[..., None] * along, axis=-1)


@dataclass(frozen=True, eq=False)
class FaultLayer:
    """Distance to the nearest fault, its slip rate, and one column for each kind: 1 where it is of that kind, else 0.

    Attributes
    ----------
    faults
        At least one.
    kinds
        Those that get a column ``fault_is_KIND``.
    source, licence
        For people.
    issued
        When the map was published; None takes it as always known, which a map of faults never was: earthquakes that a
        back-test is about may have put faults on it.
    name
        Of the layer.
    """

    faults: Sequence[Fault]
    source: str
    licence: str
    kinds: tuple[str, ...] = ()
    issued: datetime | None = None
    name: str = "faults"

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(self.lineage)

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """By column."""
        about = {
            "fault_log_distance": ("distance along the surface to the nearest fault", "ln(1 + km)"),
            "fault_slip_rate": ("slip rate of the nearest fault (missing where unknown)", "mm/year"),
        }
        about |= {
            f"fault_is_{kind}": (f"1 where the nearest fault is of the kind '{kind}'", "1") for kind in self.kinds
        }
        return {name: Lineage(self.source, *words, self.licence) for name, words in about.items()}

    def on(self, grid: Grid) -> Callable[[datetime], LayerValues]:
        """Measure once."""
        found = nearest_fault(self.faults, longitude=grid.longitude, latitude=grid.latitude)
        slip = np.array([fault.slip_mm_per_year for fault in self.faults], float)[found.fault]
        kind = np.array([fault.kind for fault in self.faults], object)[found.fault]
        values = np.column_stack([np.log1p(found.distance_km), slip, *[kind == one for one in self.kinds]]).astype(
            float
        )
        missing = np.full(values.shape, np.nan)

        def at(moment: datetime) -> LayerValues:
            if self.issued is not None and self.issued > moment:
                return LayerValues(missing, why=f"the map of faults was published {self.issued:%Y-%m-%d} only")
            return LayerValues(values, self.issued)

        return at


def read_faults(path: str | Path, *, slip: str | None = None, kind: str | None = None) -> tuple[Fault, ...]:
    """Read LineString and MultiLineString features of a GeoJSON file (RFC 7946).

    Parameters
    ----------
    slip, kind
        Properties that hold the slip rate in mm/year (a number, or text that begins with one as in "(1.2,0.5,2)") and
        the kind.

    Raises
    ------
    SourceError
        When the file cannot be read.
    InputError
        When it is not GeoJSON, or holds no line.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        features = document["features"] if document["type"] == "FeatureCollection" else [document]
        faults = [
            Fault(np.array(line, float)[:, :2], _number(_property(feature, slip)), str(_property(feature, kind) or ""))
            for feature in features
            for line in _lines(feature["geometry"])
        ]
    except OSError as error:
        raise SourceError(f"cannot read the file of faults {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(f"{path} is no GeoJSON file of lines [longitude, latitude]: {error}") from error
    if not faults:
        raise InputError(f"{path} holds no LineString and no MultiLineString")
    return tuple(faults)


def _lines(geometry: Mapping | None) -> list:
    kind = geometry["type"] if geometry else ""
    if kind == "LineString":
        return [geometry["coordinates"]]
    return geometry["coordinates"] if kind == "MultiLineString" else []


def _property(feature: Mapping, name: str | None) -> object:
    return None if name is None else (feature.get("properties") or {}).get(name)


def _number(value: object) -> float:
    """The number, or the first in the text; NaN where there is none."""
    try:
        return float(str(value).strip("()[] ").split(",")[0])
    except ValueError:
        return float("nan")
