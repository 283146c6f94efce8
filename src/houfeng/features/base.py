"""The contract of a feature: numbers per cell, from what had been issued by a moment and nothing else."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.regions import Grid
from houfeng.times import require_utc

#: Source of a column that comes from the catalogue; a table puts the name and licence of the catalogue there.
CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a column comes from.

    Attributes
    ----------
    source, meaning, unit, licence
        For people.
    latest_issued
        When the last thing that the column rests on was issued; None where that is not known (yet).
    """

    source: str
    meaning: str
    unit: str
    licence: str = ""
    latest_issued: datetime | None = None

    def __post_init__(self) -> None:
        if self.latest_issued is not None:
            object.__setattr__(self, "latest_issued", require_utc(self.latest_issued, "latest issue time"))


@runtime_checkable
class Feature(Protocol):
    """Some columns of a table.

    Attributes
    ----------
    names
        Of the k columns.
    lineage
        By name, with a source of ``CATALOGUE`` where it is the catalogue.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        ...

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """By column, in order."""
        ...

    def compute(self, known: Catalog, at: datetime, grid: Grid) -> np.ndarray:
        """Values at the moment `at` in each cell from `known`, which ends there; shape (cells, k), NaN = missing."""
        ...


@runtime_checkable
class Layer(Protocol):
    """Columns from elsewhere than the catalogue: weather, faults, stations.

    Attributes
    ----------
    name
        Of the layer.
    names, lineage
        Of its k columns, and by column.
    """

    name: str

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        ...

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """By column, in order."""
        ...

    def on(self, grid: Grid) -> Callable[[datetime], "LayerValues"]:
        """Prepare for a grid; what comes back tells what had been issued by a moment."""
        ...


@dataclass(frozen=True, eq=False)
class LayerValues:
    """A layer at one moment.

    Attributes
    ----------
    values : ndarray, shape (cells, k)
        NaN where missing.
    latest_issued
        Of what they rest on; None where nothing was used or it always was.
    why
        Why all values are missing, in a few words; empty where some are there.
    """

    values: np.ndarray
    latest_issued: datetime | None = None
    why: str = ""


class Sweep(ABC):
    """A feature on its way through time: told of earthquakes as they are issued, asked at moments that ascend."""

    @abstractmethod
    def add(self, new: Catalog) -> None:
        """Learn of earthquakes, each of them once; their origins may lie before those already known."""

    @abstractmethod
    def at(self, moment: datetime) -> np.ndarray:
        """Values at `moment`, by which all that was added had been issued; shape (cells, k), NaN = missing."""


@dataclass(frozen=True)
class SweepingFeature(ABC):
    """A feature that need not look at all the past again for every moment."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(self.lineage)

    @property
    @abstractmethod
    def lineage(self) -> Mapping[str, Lineage]:
        """By column, in order."""

    @abstractmethod
    def sweep(self, grid: Grid) -> Sweep:
        """Begin with nothing known."""

    def compute(self, known: Catalog, at: datetime, grid: Grid) -> np.ndarray:
        """The same values as a sweep gives, at one moment from all that was known; shape (cells, k)."""
        begun = self.sweep(grid)
        begun.add(known)
        return begun.at(at)


def from_catalogue(meaning: str, unit: str) -> Lineage:
    """Lineage of a column that comes from the catalogue."""
    return Lineage(CATALOGUE, meaning, unit)


def last_days(days: float) -> str:
    """A window that ends now, in words."""
    return "the last day" if days == 1 else f"the last {days:g} days"
