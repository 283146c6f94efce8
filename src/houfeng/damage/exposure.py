"""Exposure: what stands where, who is in it, and what it is worth."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from houfeng.damage.fragility import hazus_fragilities
from houfeng.errors import InputError, UnknownNameError
from houfeng.geo import wrap_longitude

#: Columns of text, and of numbers with what each means and its smallest value.
TEXT_COLUMNS = ("asset_id", "zone_id", "taxonomy")
NUMBER_COLUMNS: Mapping[str, tuple[str, float]] = {
    "longitude": ("degrees east", -180.0),
    "latitude": ("degrees north", -90.0),
    "buildings": ("number of buildings", 0.0),
    "occupants_day": ("people inside in the middle of a working day", 0.0),
    "occupants_night": ("people inside at night", 0.0),
    "area_m2": ("floor area of all buildings of the asset, m2", 0.0),
    "replacement_usd": ("cost of building all of them anew, US dollars", 0.0),
}


@dataclass(frozen=True, eq=False)
class Exposure:
    """Assets as columns of equal length; an asset is one building or many of one type at one place.

    Attributes
    ----------
    asset_id, zone_id, taxonomy : ndarray of str (object), shape (n,)
        Its name (unique), the district it is counted in, its building type (see :mod:`houfeng.damage.fragility`).
    longitude, latitude : ndarray of float64, shape (n,)
        Degrees, longitude in [-180, 180).
    buildings, occupants_day, occupants_night, area_m2, replacement_usd : ndarray of float64, shape (n,)
        Of all buildings of the asset together; none is negative.
    simulated
        True where the stock is invented; everything computed from it says SIMULATED.
    source
        Where it comes from, for people.
    """

    asset_id: np.ndarray
    zone_id: np.ndarray
    longitude: np.ndarray
    latitude: np.ndarray
    taxonomy: np.ndarray
    buildings: np.ndarray
    occupants_day: np.ndarray
    occupants_night: np.ndarray
    area_m2: np.ndarray
    replacement_usd: np.ndarray
    simulated: bool
    source: str

    def __post_init__(self) -> None:
        n = len(self.asset_id)
        for name in (*TEXT_COLUMNS, *NUMBER_COLUMNS):
            column = np.array(getattr(self, name), object if name in TEXT_COLUMNS else float)
            if column.shape != (n,):
                raise InputError(f"column {name} of the exposure has shape {column.shape}, expected ({n},)")
            if name == "longitude":
                column = wrap_longitude(column)
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        for name in NUMBER_COLUMNS:
            bad = number_faults(name, getattr(self, name))
            if bad.any():
                row = int(np.argmax(bad))
                raise InputError(
                    f"{fault_of(name, float(getattr(self, name)[row]))} in asset '{self.asset_id[row]}' (row {row}); "
                    f"{int(bad.sum())} of {n} assets"
                )
        values, counts = np.unique(self.asset_id.astype(str), return_counts=True)
        if (counts > 1).any():
            raise InputError(f"asset '{values[np.argmax(counts)]}' occurs {counts.max()} times; names must be unique")

    def __len__(self) -> int:
        return len(self.asset_id)

    def __repr__(self) -> str:
        kind = "SIMULATED, " if self.simulated else ""
        return (
            f"Exposure({kind}{len(self)} assets in {len(set(self.zone_id))} zones, "
            f"{self.buildings.sum():,.0f} buildings, {self.occupants_night.sum():,.0f} people at night, {self.source})"
        )

    def select(self, rows: np.ndarray) -> "Exposure":
        """The assets of a boolean mask or of row numbers."""
        columns = (*TEXT_COLUMNS, *NUMBER_COLUMNS)
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def require_types(self, known: Collection[str] | None = None) -> None:
        """Check that every building type has a fragility (the Hazus ones unless `known` is given).

        Raises
        ------
        UnknownNameError
            Naming the first type that has none and listing those that exist.
        """
        known = hazus_fragilities() if known is None else known
        for taxonomy in dict.fromkeys(self.taxonomy):
            if taxonomy not in known:
                raise UnknownNameError("building type", str(taxonomy), known)

    def indoors(self, local_hour: float) -> np.ndarray:
        """People inside at an hour of local time, shape (n,); see :func:`day_share`."""
        share = day_share(local_hour)
        return share * self.occupants_day + (1 - share) * self.occupants_night


def day_share(local_hour: float) -> float:
    """How much of the daytime occupancy holds at `local_hour`, 0 to 24: 1 from 10 to 17 h, 0 from 22 to 5 h.

    Straight lines between, over the two times of transit of the PAGER semi-empirical model.
    """
    if not 0 <= local_hour <= 24:
        raise InputError(f"local hour {local_hour} is not between 0 and 24; give local time, not UTC")
    return float(np.interp(local_hour, [0, 5, 10, 17, 22, 24], [0, 0, 1, 1, 0, 0]))


def number_faults(name: str, column: np.ndarray) -> np.ndarray:
    """Which values of a number column cannot be, as booleans."""
    low = NUMBER_COLUMNS[name][1]
    high = {"longitude": 360.0, "latitude": 90.0}.get(name, np.inf)
    return ~(np.isfinite(column) & (column >= low) & (column <= high))


def fault_of(name: str, value: float) -> str:
    """What is wrong with one value, in words that are the same for every row with that fault."""
    meaning, low = NUMBER_COLUMNS[name]
    if np.isnan(value):
        return f"missing {name} ({meaning})"
    if name in ("longitude", "latitude"):
        return f"{name} outside {low:g} to {-low:g} degrees (are the coordinates in metres?)"
    return f"negative {name} ({meaning})" if value < 0 else f"infinite {name} ({meaning})"


#: Every column in the order it is written.
COLUMNS = tuple(field.name for field in fields(Exposure) if field.name in (*TEXT_COLUMNS, *NUMBER_COLUMNS))
