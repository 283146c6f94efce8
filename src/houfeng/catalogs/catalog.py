"""The catalogue: a frozen class around columns, always sorted by time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from houfeng.errors import CatalogError, MissingExtraError
from houfeng.geo import wrap_longitude
from houfeng.lexicon import CATALOG
from houfeng.regions import Region
from houfeng.times import Window, from_datetime64, require_utc, to_datetime64
from houfeng.values import Provenance

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = tuple(term.name for term in CATALOG)


@dataclass(frozen=True, slots=True)
class Event:
    """One earthquake, for people; arithmetic is done on the columns of a :class:`Catalog`."""

    event_id: str
    time: datetime
    longitude: float
    latitude: float
    depth_km: float
    magnitude: float
    magnitude_type: str


@dataclass(frozen=True, eq=False)
class Catalog:
    """Earthquakes as columns of equal length, sorted by time (ties keep their order).

    Attributes
    ----------
    event_id, magnitude_type : ndarray of str (object)
    time, issued : ndarray of datetime64[us], UTC
        Origin time, and when the event became known (never before its origin).
    longitude, latitude, depth_km, magnitude : ndarray of float64
        Degrees in [-180, 180), degrees, km positive down (NaN where unknown), magnitude.
    provenance
        Source, licence, end of the data, publication delay.

    Raises
    ------
    CatalogError
        When columns differ in length or a value is outside the lexicon's range (with its row).
    """

    event_id: np.ndarray
    time: np.ndarray
    longitude: np.ndarray
    latitude: np.ndarray
    depth_km: np.ndarray
    magnitude: np.ndarray
    magnitude_type: np.ndarray
    issued: np.ndarray
    provenance: Provenance

    def __post_init__(self) -> None:
        columns = {}
        for term in CATALOG:
            column = np.asarray(getattr(self, term.name)).astype(term.dtype)
            if column.shape != (len(self.event_id),):
                raise CatalogError(f"column {term.name} has shape {column.shape}, expected ({len(self.event_id)},)")
            columns[term.name] = column
        columns["longitude"] = wrap_longitude(columns["longitude"])
        _check_ranges(columns)
        if len(columns["time"]) and (np.diff(columns["time"]) < np.timedelta64(0)).any():
            order = np.argsort(columns["time"], kind="stable")
            columns = {name: column[order] for name, column in columns.items()}
        for name, column in columns.items():
            column.flags.writeable = False
            object.__setattr__(self, name, column)

    @classmethod
    def of(
        cls,
        *,
        time: np.ndarray,
        longitude: np.ndarray,
        latitude: np.ndarray,
        magnitude: np.ndarray,
        provenance: Provenance,
        depth_km: np.ndarray | None = None,
        event_id: np.ndarray | None = None,
        magnitude_type: np.ndarray | None = None,
        issued: np.ndarray | None = None,
    ) -> "Catalog":
        """Build from the columns at hand; the others get their "unknown" value.

        Without `issued`, events are taken as issued ``provenance.publication_delay_s`` after their origin.
        """
        time = np.asarray(time).astype("datetime64[us]")
        n = len(time)
        delay = np.timedelta64(round(provenance.publication_delay_s * 1e6), "us")
        return cls(
            event_id=np.array([f"event{i}" for i in range(n)], object) if event_id is None else event_id,
            time=time,
            longitude=longitude,
            latitude=latitude,
            depth_km=np.full(n, np.nan) if depth_km is None else depth_km,
            magnitude=magnitude,
            magnitude_type=np.full(n, "", object) if magnitude_type is None else magnitude_type,
            issued=time + delay if issued is None else issued,
            provenance=provenance,
        )

    @classmethod
    def empty(cls, provenance: Provenance) -> "Catalog":
        """A catalogue of no earthquakes."""
        return cls.of(time=np.array([], "datetime64[us]"), longitude=[], latitude=[], magnitude=[],
                      provenance=provenance)  # fmt: skip

    def __len__(self) -> int:
        return len(self.time)

    def __iter__(self) -> Iterator[Event]:
        for i in range(len(self)):
            yield self.event(i)

    def __repr__(self) -> str:
        if not len(self):
            return f"Catalog(0 events, {self.provenance.source})"
        return (
            f"Catalog({len(self)} events, M{self.magnitude.min():.1f} to M{self.magnitude.max():.1f}, "
            f"{self.time[0]}Z to {self.time[-1]}Z, {self.provenance.source})"
        )

    @property
    def columns(self) -> Mapping[str, np.ndarray]:
        """The columns by lexicon name, in lexicon order."""
        return {name: getattr(self, name) for name in COLUMNS}

    def event(self, index: int) -> Event:
        """Row `index` as an :class:`Event`."""
        return Event(
            event_id=str(self.event_id[index]),
            time=from_datetime64(self.time[index]),
            longitude=float(self.longitude[index]),
            latitude=float(self.latitude[index]),
            depth_km=float(self.depth_km[index]),
            magnitude=float(self.magnitude[index]),
            magnitude_type=str(self.magnitude_type[index]),
        )

    def select(self, rows: np.ndarray) -> "Catalog":
        """New catalogue of `rows`: a boolean mask or an array of row numbers."""
        return replace(self, **{name: column[rows] for name, column in self.columns.items()})

    def above(self, magnitude: float) -> "Catalog":
        """Events of at least `magnitude` (to 1e-9, so that 4.5 stored as 4.4999999999 counts)."""
        return self.select(self.magnitude >= magnitude - 1e-9)

    def within(self, region: Region) -> "Catalog":
        """Events inside `region`, no deeper than it reaches; an unknown depth counts as shallow."""
        inside = region.contains(longitude=self.longitude, latitude=self.latitude)
        return self.select(inside & ~(self.depth_km > region.depth_max_km))

    def between(self, start: datetime, end: datetime) -> "Catalog":
        """Events with ``start <= time < end``."""
        return self.select(Window(start, end).contains(self.time))

    def before(self, moment: datetime) -> "Catalog":
        """Events with ``time < moment``."""
        return self.select(self.time < to_datetime64(moment))

    def as_of(self, moment: datetime) -> "Catalog":
        """What was known at `moment`: events issued no later, and a data end no later."""
        moment = require_utc(moment, "as-of")
        known = self.select(self.issued <= to_datetime64(moment))
        return replace(known, provenance=replace(self.provenance, data_end=min(moment, self.provenance.data_end)))

    def delayed(self, delay: timedelta) -> "Catalog":
        """The same events, each issued `delay` after its origin."""
        provenance = replace(self.provenance, publication_delay_s=delay.total_seconds())
        issued = self.time + np.timedelta64(round(delay.total_seconds() * 1e6), "us")
        return replace(self, issued=issued, provenance=provenance)

    def to_pandas(self) -> "pd.DataFrame":
        """The columns as a DataFrame with aware times.

        Raises
        ------
        MissingExtraError
            Without pandas, which Houfeng itself does not need.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtraError("pandas is not installed; install it: pip install pandas") from error
        frame = pd.DataFrame(dict(self.columns))
        for name in ("time", "issued"):
            frame[name] = frame[name].dt.tz_localize("UTC")
        return frame


def _check_ranges(columns: Mapping[str, np.ndarray]) -> None:
    for term in CATALOG:
        column = columns[term.name]
        if term.dtype == "float64":
            bad = ~((column >= term.low) & (column <= term.high))
            if term.name == "depth_km":
                bad &= ~np.isnan(column)
        elif term.dtype.startswith("datetime64"):
            bad = np.isnat(column)
        else:
            continue
        if bad.any():
            row = int(np.argmax(bad))
            allowed = f"{term.low:g} to {term.high:g}" if term.dtype == "float64" else "a real UTC time"
            raise CatalogError(
                f"{term.name} of row {row} ({columns['event_id'][row]}) is {column[row]}; allowed: {allowed}"
            )
    early = columns["issued"] < columns["time"]
    if early.any():
        row = int(np.argmax(early))
        raise CatalogError(f"event {columns['event_id'][row]} (row {row}) was issued before it happened")
