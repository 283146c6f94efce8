"""Simulated catalogues of space-time ETAS, given the past: millions of events a second, the same for the same seed.

Catalogue number k of seed s is always the same, whatever the number of catalogues, the batches and the threads.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from houfeng.errors import InputError
from houfeng.forecasts.gridded import TOP
from houfeng.geo import EARTH_RADIUS_KM, from_xyz_km
from houfeng.models.etas.background import EVEN_SHARE, Background
from houfeng.models.etas.batches import BATCH_CATALOGS, BATCH_EVENTS, in_batches
from houfeng.models.etas.branching import Aftershocks, Kernels, Past, Process, Sizes, draw, integrals_from, pilot
from houfeng.models.etas.chance import alias_table
from houfeng.models.etas.inside import Raster, mark_inside, plane_raster, region_raster
from houfeng.models.etas.omori import OmoriTable
from houfeng.models.etas.parameters import LN_MU, LN_TAU, EtasParameters
from houfeng.models.magnitudes import TaperedGutenbergRichter, moment_nm
from houfeng.regions import Region

#: Events at which a single catalogue is cut off.
MOST_EVENTS = 200_000
#: The background's kernels must reach the region at least this often.
PILOT_TRIES, PILOT_HITS = 4096, 4


@dataclass(frozen=True, eq=False)
class Setup:
    """All that a simulation needs.

    Attributes
    ----------
    parameters
        Of the ETAS model; ``ln_mu`` may be minus infinity (no background).
    law
        Sizes of simulated events; its smallest magnitude is where `m` starts.
    background
        Where events start of their own accord.
    region
        On the sphere. None: the plane, `xyz_km` with z = 0.
    plane_km
        Only without a region: west, south, east, north of the rectangle of the evenly spread background.
    days, xyz_km, m, log_weight : ndarray, shapes (n,), (n, 3), (n,), (n,)
        The past: time, place, magnitude above ``law.min_magnitude``, log of the number of events that a source
        stands for.
    start_day, end_day
        The window, on the same clock as `days`.
    most_events
        A catalogue that reaches this number is cut off there, and named in :attr:`Batch.capped`.
    """

    parameters: EtasParameters
    law: TaperedGutenbergRichter
    background: Background
    days: np.ndarray
    xyz_km: np.ndarray
    m: np.ndarray
    log_weight: np.ndarray
    start_day: float
    end_day: float
    region: Region | None = None
    plane_km: tuple[float, float, float, float] | None = None
    most_events: int = MOST_EVENTS

    def __post_init__(self) -> None:
        if not self.start_day < self.end_day:
            raise InputError(f"the window runs from day {self.start_day} to {self.end_day}; it must have a length")
        if (self.region is None) == (self.plane_km is None):
            raise InputError("a simulation is either on the sphere, in `region`, or on the plane, in `plane_km`")
        if self.plane_km and not (self.plane_km[0] < self.plane_km[2] and self.plane_km[1] < self.plane_km[3]):
            raise InputError(f"plane_km is {self.plane_km}; it must be west, south, east, north, in km")
        if self.most_events < 1:
            raise InputError(f"most_events is {self.most_events}; it must be at least 1")
        vector = self.parameters.vector()
        known = np.isfinite(vector)
        known[LN_MU] |= vector[LN_MU] == -np.inf
        known[LN_TAU] |= vector[LN_TAU] == np.inf
        if not known.all():
            raise InputError(f"parameters that are not numbers: {self.parameters}")
        self._check_past()

    def _check_past(self) -> None:
        n = len(self.days)
        if self.xyz_km.shape != (n, 3) or self.m.shape != (n,) or self.log_weight.shape != (n,):
            raise InputError(f"the past has {n} times; xyz_km, m and log_weight must have as many rows")
        for name in ("days", "xyz_km", "m", "log_weight"):
            if not np.isfinite(getattr(self, name)).all():
                raise InputError(f"{name} of the past holds values that are not numbers")
        if n and self.days.max() > self.start_day:
            raise InputError(f"the past reaches day {self.days.max()}, after the window starts on {self.start_day}")
        places = np.vstack([self.xyz_km, self.background.xyz_km])
        off = np.abs(np.linalg.norm(places, axis=1) - EARTH_RADIUS_KM) if self.region else np.abs(places[:, 2])
        if off.max(initial=0.0) > 1.0:
            raise InputError("xyz_km must lie on the sphere of 6371 km with a region, and have z = 0 without")

    @property
    def expected_background(self) -> float:
        """Expected number of background events."""
        return float(np.exp(self.parameters.ln_mu) * (self.end_day - self.start_day))

    def expected_aftershocks(self) -> np.ndarray:
        """Expected number of direct aftershocks, in the window, of each past event, shape (n,)."""
        integral = OmoriTable.of(self.parameters).integral(self.start_day - self.days, self.end_day - self.days)
        return integral * np.exp(self.parameters.log_productivity(self.m) + self.log_weight)


@dataclass(frozen=True, eq=False)
class Batch:
    """Simulated catalogues in flat columns, events of a catalogue in no order of time.

    Attributes
    ----------
    first_catalog, n_catalogs
        The catalogues held, empty ones included.
    catalog_id : ndarray of int32, shape (n,), ascending
        Catalogue of each event, from ``first_catalog``.
    days : ndarray, shape (n,)
        On the clock of the setup.
    xyz_km : ndarray, shape (n, 3)
    m : ndarray, shape (n,)
        Magnitude above the smallest.
    descent : ndarray of int8, shape (n,)
        Where each event comes from, as listed in :mod:`houfeng.models.etas.branching`.
    inside : ndarray of bool, shape (n,)
        Whether the event lies in the region; on the plane always.
    capped : ndarray of int32
        Catalogues cut off at the largest number of events: they, and means over them, are too small.
    """

    first_catalog: int
    n_catalogs: int
    catalog_id: np.ndarray
    days: np.ndarray
    xyz_km: np.ndarray
    m: np.ndarray
    descent: np.ndarray
    inside: np.ndarray
    capped: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """Events of each catalogue, shape (n_catalogs,)."""
        return np.bincount(self.catalog_id - self.first_catalog, minlength=self.n_catalogs)

    def kept(self) -> "Batch":
        """Only the events inside the region."""
        keep = self.inside
        return replace(
            self, catalog_id=self.catalog_id[keep], days=self.days[keep], xyz_km=self.xyz_km[keep], m=self.m[keep],
            descent=self.descent[keep], inside=keep[keep],
        )  # fmt: skip

    def longitude_latitude(self) -> tuple[np.ndarray, np.ndarray]:
        """Places in degrees (with a region)."""
        return from_xyz_km(self.xyz_km)

    @classmethod
    def joined(cls, batches: list["Batch"]) -> "Batch":
        """Batches that follow each other, as one."""
        columns = ("catalog_id", "days", "xyz_km", "m", "descent", "inside", "capped")
        return cls(
            first_catalog=batches[0].first_catalog,
            n_catalogs=sum(b.n_catalogs for b in batches),
            **{name: np.concatenate([getattr(b, name) for b in batches]) for name in columns},
        )


def simulate(setup: Setup, n_catalogs: int, seed: int, *, threads: int | None = None) -> Batch:
    """Simulate `n_catalogs` catalogues, all in memory (about 50 bytes an event); see :func:`stream`."""
    return Batch.joined(list(stream(setup, n_catalogs, seed, threads=threads)))


def stream(
    setup: Setup, n_catalogs: int, seed: int, *, batch: int = BATCH_CATALOGS, threads: int | None = None
) -> Iterator[Batch]:
    """Simulate catalogues in bounded memory, in order.

    Parameters
    ----------
    setup
        What to simulate.
    n_catalogs
        How many catalogues; number k does not depend on how many there are.
    seed
        Any whole number, 0 to 2^64 - 1.
    batch
        Most catalogues in a batch; a batch of more than a million events ends early.
    threads
        Batches drawn at once; one per processor by default.

    Yields
    ------
    Batch

    Raises
    ------
    InputError
        When a number makes no sense, or hardly any of the background falls into the region.
    """
    process = _prepared(setup)
    return in_batches(partial(_drawn, process, seed), n_catalogs, seed, batch=batch, threads=threads)


def _drawn(process: Process, seed: int, first: int, last: int) -> Batch:
    rows, counts = draw(process, np.uint64(seed), first, last, BATCH_EVENTS)
    numbers = np.arange(first, first + len(counts), dtype=np.int32)
    return Batch(
        first_catalog=first, n_catalogs=len(counts), catalog_id=np.repeat(numbers, counts), days=rows[:, 0].copy(),
        xyz_km=rows[:, 1:4].copy(), m=rows[:, 4].copy(), descent=rows[:, 5].astype(np.int8),
        inside=mark_inside(process.raster, rows), capped=numbers[counts >= process.most],
    )  # fmt: skip


def _prepared(setup: Setup) -> Process:
    """The tables of a simulation, in time proportional to the past."""
    p, table = setup.parameters, OmoriTable.of(setup.parameters)
    raster = region_raster(setup.region) if setup.region else plane_raster(*setup.plane_km)
    aftershocks = Aftershocks(
        log_number=float(p.log_productivity(0.0)) + p.c * p.inverse_tau,
        alpha=p.alpha, c_days=p.c, h=table.h, spread_km2=p.d, gamma=p.gamma, rho=p.rho,
    )  # fmt: skip
    kernels = _kernels(setup, raster)
    return Process(
        start_day=float(setup.start_day), end_day=float(setup.end_day), aftershocks=aftershocks,
        sizes=law_of_sizes(setup.law), kernels=kernels, past=_past(setup, table), raster=raster,
        most=int(setup.most_events),
    )  # fmt: skip


def law_of_sizes(law: TaperedGutenbergRichter) -> Sizes:
    """The law of magnitudes, for compiled code."""
    ratio = float(moment_nm(law.min_magnitude) / moment_nm(law.corner_magnitude))
    return Sizes(
        beta=law.b * np.log(10.0),
        top=TOP - law.min_magnitude,
        ratio=ratio,
        plain=float(np.log1p(1e-3 / ratio) / (1.5 * np.log(10.0))),
    )


def _kernels(setup: Setup, raster: Raster) -> Kernels:
    """The background; kernels are drawn by weight and kept where they fall in the region, which is their density."""
    b = setup.background
    rows = np.column_stack([b.xyz_km, b.spread_km2])
    smooth = len(rows) > 0 and float(b.weight.sum()) > 0
    keep, other = alias_table(b.weight) if smooth else (np.empty(0), np.empty(0, np.int32))
    kernels = Kernels(rows, keep, other, EVEN_SHARE if smooth else 1.0, setup.expected_background)
    if setup.expected_background > 0 and pilot(kernels, raster, PILOT_TRIES) < PILOT_HITS:
        raise InputError(
            f"of {PILOT_TRIES} background events fewer than {PILOT_HITS} fell into the region; "
            "smooth the epicentres inside it, or give a region that is not a sliver"
        )
    return kernels


def _past(setup: Setup, table: OmoriTable) -> Past:
    """Sources that can still have an aftershock in the window."""
    p, expected = setup.parameters, setup.expected_aftershocks()
    active = expected > 0
    if not active.any():
        return Past(np.empty((0, 7)), np.empty(0), np.empty(0, np.int32), 0.0)
    days, m = setup.days[active], setup.m[active]
    spread = p.d * np.exp(p.gamma * m)
    tails = [integrals_from(table.h, moment - days + p.c) for moment in (setup.start_day, setup.end_day)]
    rows = np.column_stack([days, setup.xyz_km[active], spread, *tails])
    keep, other = alias_table(expected[active])
    return Past(rows, keep, other, float(expected.sum()))
