"""From a catalogue to what the likelihood and the simulator take."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from houfeng.catalogs.bvalue import bin_width_of
from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.completeness import ShortTermIncompleteness, usual_incompleteness
from houfeng.errors import FitError, NotEnoughDataError
from houfeng.geo import to_xyz_km
from houfeng.models.etas.edges import KernelMass
from houfeng.models.etas.likelihood import Early, EtasData
from houfeng.regions import Region
from houfeng.times import days_since, from_datetime64, to_datetime64

#: Share of the catalogue that only serves as history, at most, and its length in days, at most.
AUXILIARY_SHARE, AUXILIARY_DAYS = 0.2, 3652.5
#: From how many days after a large shock its aftershocks are counted, and steps of the sum up to completeness.
EARLIEST_DAYS, EARLY_NODES = 1e-3, 48
#: Half the width of the bins of magnitudes in tenths.
HALF_BIN = 0.05
#: More earthquakes than this would take longer than anybody waits: an hour and tens of gigabytes for a million.
MOST_SOURCES = 200_000


@dataclass(frozen=True, eq=False)
class Sources:
    """Earthquakes that may have aftershocks in the region.

    Attributes
    ----------
    events
        Above the completeness magnitude, in and around the region, no deeper than it reaches.
    origin
        Day zero.
    days, m : ndarray, shape (n,)
        Days since `origin`, and magnitude above completeness: where magnitudes come in tenths, from the lower edge of
        the lowest bin to the middle of each event's bin, as simulated magnitudes are counted.
    xyz_km : ndarray, shape (n, 3)
    inside : ndarray of bool, shape (n,)
        In the region.
    """

    events: Catalog
    origin: datetime
    days: np.ndarray
    m: np.ndarray
    xyz_km: np.ndarray
    inside: np.ndarray

    @classmethod
    def of(cls, history: Catalog, region: Region, min_magnitude: float, margin_km: float) -> "Sources":
        """Take the sources out of `history`."""
        events = history.above(min_magnitude)
        near = region.near(longitude=events.longitude, latitude=events.latitude, distance_km=margin_km)
        events = events.select(near & ~(events.depth_km > region.depth_max_km))
        if not len(events):
            raise NotEnoughDataError(
                f"no earthquake of M>={min_magnitude:g} in or near '{region.name}' in {history.provenance.source}"
            )
        if len(events) > MOST_SOURCES:
            enough = np.ceil(10 * np.sort(events.magnitude)[-MOST_SOURCES]) / 10 + 0.1
            raise FitError(
                f"{len(events):,} earthquakes of M>={min_magnitude:g} in and near '{region.name}' are more than ETAS "
                f"takes ({MOST_SOURCES:,}); set the minimum magnitude to {enough:.1f}, or use a smaller region"
            )
        origin = from_datetime64(events.time[0])
        above = np.maximum(events.magnitude - min_magnitude, 0.0)
        return cls(
            events=events,
            origin=origin,
            days=days_since(events.time, origin),
            m=above + HALF_BIN * (bin_width_of(events.magnitude) == 0.1),
            xyz_km=to_xyz_km(longitude=events.longitude, latitude=events.latitude),
            inside=region.contains(longitude=events.longitude, latitude=events.latitude),
        )

    def quiet_magnitudes(self, min_magnitude: float, *, since: datetime | None = None) -> np.ndarray:
        """Magnitudes in the region, from `since` on, outside the blind hours after large shocks: for a b-value."""
        keep = self.inside & ~usual_incompleteness(min_magnitude).hidden(self.events, min_magnitude)
        if since is not None:
            keep &= self.events.time >= to_datetime64(since)
        return self.events.magnitude[keep]

    @property
    def known_until_day(self) -> float:
        """The last day of which everything published is known: end of the data less the publication delay."""
        provenance = self.events.provenance
        known = provenance.data_end - timedelta(seconds=provenance.publication_delay_s)
        return max((known - self.origin).total_seconds() / 86_400, float(self.days[-1]))


def learning_data(
    sources: Sources, region: Region, min_magnitude: float, b: float, *, start: datetime | None
) -> EtasData:
    """Targets, blind times and kernel masses for a fit; the background still even.

    The first fifth of the catalogue, at most ten years, only serves as history, unless `start` says otherwise.
    """
    end = sources.known_until_day
    if start is None:
        start_day = min(AUXILIARY_SHARE * end, AUXILIARY_DAYS)
    else:
        start_day = max((start - sources.origin).total_seconds() / 86_400, 0.0)
    mass = KernelMass.of(region, longitude=sources.events.longitude, latitude=sources.events.latitude)
    density = np.full(len(sources.days), 1 / region.area_km2)
    return observed(sources, min_magnitude, b, start_day=start_day, mass=mass, background=density)


def observed(
    sources: Sources, min_magnitude: float, b: float, *, start_day: float, mass: KernelMass, background: np.ndarray
) -> EtasData:
    """What was seen in the region from `start_day` to where knowledge ends; `b` says what share was not."""
    events = sources.events
    incompleteness = usual_incompleteness(min_magnitude)
    end_day = sources.known_until_day
    in_window = (sources.days >= start_day) & (sources.days < end_day)
    return EtasData(
        days=sources.days,
        xyz_km=sources.xyz_km,
        m=sources.m,
        target=sources.inside & in_window & incompleteness.surely_recorded(events, min_magnitude),
        start_day=start_day,
        end_day=end_day,
        log_weight=np.zeros(len(events)),
        blind_days=incompleteness.until_days(events.magnitude, min_magnitude),
        mass=mass,
        background=background,
        early=_early(sources, incompleteness, min_magnitude, b, start_day, end_day),
    )


def _early(
    sources: Sources,
    incompleteness: ShortTermIncompleteness,
    min_magnitude: float,
    b: float,
    start_day: float,
    end_day: float,
) -> Early:
    """Of its aftershocks at s days, 10^(-b (Mc(s) - Mmin)) are recorded after each shock that blinds for long."""
    magnitude = sources.events.magnitude
    until = incompleteness.until_days(magnitude, min_magnitude)
    rows = np.flatnonzero((until > 2 * EARLIEST_DAYS) & (sources.days >= start_day) & (sources.days < end_day))
    edges = EARLIEST_DAYS * (until[rows, None] / EARLIEST_DAYS) ** np.linspace(0, 1, EARLY_NODES + 1)
    nodes = np.sqrt(edges[:, 1:] * edges[:, :-1])
    complete = incompleteness.completeness_after(magnitude[rows, None], nodes)
    recorded = 10.0 ** (-b * np.maximum(complete - min_magnitude, 0.0))
    past = nodes < (end_day - sources.days[rows])[:, None]
    return Early(rows, nodes, np.diff(edges, axis=1) * recorded * past)


def unseen_companions(sources: Sources, min_magnitude: float, alpha: float, b: float) -> np.ndarray:
    """Log of how many events each source stands for, shape (n,): more than one in the hours after a large shock.

    Where only magnitudes from s up were recorded, the aftershocks of those below are as many as
    e^((beta - alpha) s) says of an exponential law of sizes and an exponential productivity, as in Mizrahi and
    others (2021), doi:10.1785/0220200231, with beta = b ln 10 and s above `min_magnitude`.
    """
    seen = usual_incompleteness(min_magnitude).magnitude_seen(sources.events, min_magnitude)
    return max(b * np.log(10) - alpha, 0.0) * (seen - min_magnitude)
