"""What a map of a city can show: plain columns of degrees and numbers, one small type for each layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError, UnknownNameError
from houfeng.reports.city_style import MARKERS


@dataclass(frozen=True, slots=True, eq=False)
class RoadLines:
    """Roads with their shapes.

    Attributes
    ----------
    longitude, latitude : ndarray of float, shape (p,)
        Points of all roads one after another, degrees.
    offset : ndarray of int, shape (m + 1,)
        Points ``offset[i]:offset[i + 1]`` are road i.
    road_class : ndarray of str, shape (m,)
        As in OpenStreetMap; decides width and colour.
    closed : ndarray of bool, shape (m,) or None
        Drawn red and wide; None where nothing is closed.

    Raises
    ------
    InputError
        For columns that do not fit each other.
    """

    longitude: np.ndarray
    latitude: np.ndarray
    offset: np.ndarray
    road_class: np.ndarray
    closed: np.ndarray | None = None

    def __post_init__(self) -> None:
        _same("roads", longitude=self.longitude, latitude=self.latitude)
        m = len(self.road_class)
        if len(self.offset) != m + 1 or self.offset[0] != 0 or self.offset[-1] != len(self.longitude):
            raise InputError(f"roads: offset must hold {m + 1} numbers from 0 to {len(self.longitude)}")
        if (np.diff(self.offset) < 1).any():
            raise InputError("roads: a road without points; leave it out")
        if self.closed is not None and len(self.closed) != m:
            raise InputError(f"roads: closed has {len(self.closed)} entries for {m} roads")


@dataclass(frozen=True, slots=True, eq=False)
class ZoneValues:
    """One number for each zone, shown by colour.

    Attributes
    ----------
    longitude, latitude, value : ndarray of float, shape (z,)
        Centres in degrees; NaN where nobody knows.
    title
        What the number is and its unit, in the language of the map.
    rings : sequence of ndarray of shape (n, 2), or None
        Outline of each zone in degrees; circles are drawn where it is None.
    observed : ndarray of bool, shape (z,) or None
        Where somebody has looked; those zones are drawn with a strong outline.
    """

    longitude: np.ndarray
    latitude: np.ndarray
    value: np.ndarray
    title: str
    rings: Sequence[np.ndarray] | None = None
    observed: np.ndarray | None = None

    def __post_init__(self) -> None:
        more = {name: column for name in ("rings", "observed") if (column := getattr(self, name)) is not None}
        _same("zones", longitude=self.longitude, latitude=self.latitude, value=self.value, **more)
        if (np.asarray(self.value) < 0).any():
            raise InputError("zones: a value is below zero; the scale begins at 0")


@dataclass(frozen=True, slots=True, eq=False)
class DamageCounts:
    """Buildings of light, moderate and severe damage at places, shown as stacked bars.

    Attributes
    ----------
    longitude, latitude, light, moderate, severe : ndarray of float, shape (z,)
        Degrees and numbers of buildings; NaN counts as none.
    """

    longitude: np.ndarray
    latitude: np.ndarray
    light: np.ndarray
    moderate: np.ndarray
    severe: np.ndarray

    def __post_init__(self) -> None:
        columns = {name: getattr(self, name) for name in self.__slots__}
        _same("damage", **columns)
        for name in ("light", "moderate", "severe"):
            if (np.asarray(columns[name]) < 0).any():
                raise InputError(f"damage: {name} is below zero somewhere")


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Places of one kind: ``hospital``, ``shelter``, ``depot`` or ``team``.

    Attributes
    ----------
    kind
        One of the above.
    longitude, latitude : ndarray of float, shape (k,)
        Degrees.
    names : sequence of str
        Written beside the places; none where empty.
    """

    kind: str
    longitude: np.ndarray
    latitude: np.ndarray
    names: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.kind not in MARKERS:
            raise UnknownNameError("kind of place", self.kind, MARKERS)
        more = {"names": self.names} if self.names else {}
        _same(f"places ({self.kind})", longitude=self.longitude, latitude=self.latitude, **more)


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """The way of one team or convoy: points in degrees, and its name in the legend."""

    longitude: np.ndarray
    latitude: np.ndarray
    name: str

    def __post_init__(self) -> None:
        _same(f"route {self.name}", longitude=self.longitude, latitude=self.latitude)


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """Where nothing is to be opened because a tsunami may come, as a grid.

    Attributes
    ----------
    longitude, latitude : ndarray of float, shapes (x,), (y,)
        Degrees, growing.
    inside : ndarray of bool, shape (y, x)
    """

    longitude: np.ndarray
    latitude: np.ndarray
    inside: np.ndarray

    def __post_init__(self) -> None:
        wanted = (len(self.latitude), len(self.longitude))
        if np.shape(self.inside) != wanted:
            raise InputError(f"strip: inside has shape {np.shape(self.inside)}, not (latitude, longitude) = {wanted}")


def _same(what: str, **columns: Sequence) -> None:
    lengths: Mapping[str, int] = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"{what}: columns of different lengths, {lengths}; one entry each is needed")
