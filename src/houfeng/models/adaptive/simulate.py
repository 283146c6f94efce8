"""Simulated catalogues of the adaptive model, given the past."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from houfeng.errors import InputError
from houfeng.models.adaptive import laws, process
from houfeng.models.adaptive.fit import inside_share
from houfeng.models.adaptive.laws import Decay, SpaceLaw
from houfeng.models.adaptive.past import LEAST_GAP, PACED, Past
from houfeng.models.adaptive.process import Activity, Ground, History, Kinds, Places, Process, Productivity, Times
from houfeng.models.etas.batches import BATCH_CATALOGS, BATCH_EVENTS, in_batches
from houfeng.models.etas.branching import integrals_from
from houfeng.models.etas.chance import alias_table
from houfeng.models.etas.inside import plane_raster, region_raster
from houfeng.models.etas.omori import OmoriTable
from houfeng.models.etas.simulate import MOST_EVENTS, law_of_sizes
from houfeng.models.magnitudes import TaperedGutenbergRichter
from houfeng.regions import Region


@dataclass(frozen=True, eq=False)
class AdaptiveSetup:
    """All that a simulation needs.

    Attributes
    ----------
    time, space : ndarray, shapes (TIME_SIZE,), (SPACE_SIZE,)
        Parameters.
    past
        Earthquakes up to where knowledge ends, judged.
    law
        Sizes of simulated events.
    start_day, end_day
        From where knowledge ends to the end of the window, on the clock of `past`.
    region
        On the sphere. None: the plane.
    plane_km
        Only without a region: west, south, east, north of the rectangle of the evenly spread background.
    most_events
        A catalogue that reaches this number is cut off there.
    share : ndarray, shape (n,)
        Share of each past event's aftershocks that fall into the region: worked out unless another setup with the
        same past and places has it.
    """

    time: np.ndarray
    space: np.ndarray
    past: Past
    law: TaperedGutenbergRichter
    start_day: float
    end_day: float
    region: Region | None = None
    plane_km: tuple[float, float, float, float] | None = None
    most_events: int = MOST_EVENTS
    share: np.ndarray = None

    def __post_init__(self) -> None:
        if not self.start_day < self.end_day:
            raise InputError(f"the window runs from day {self.start_day} to {self.end_day}; it must have a length")
        if (self.region is None) == (self.plane_km is None):
            raise InputError("a simulation is either on the sphere, in `region`, or on the plane, in `plane_km`")
        days = self.past.data.days
        if days[-1] > self.start_day:
            raise InputError(f"the past reaches day {days[-1]}, after the window starts on {self.start_day}")
        if self.share is None:
            object.__setattr__(self, "share", inside_share(self.past, self.space))

    @property
    def spread_km2(self) -> np.ndarray:
        """Spread of the kernel of each past event, shape (n,)."""
        return SpaceLaw.from_vector(self.space).spread_km2(self.past.features.growth)

    def expected_aftershocks(self) -> np.ndarray:
        """Expected direct aftershocks of each past event in window and region, by the law of times, shape (n,)."""
        decay, days = Decay.from_vector(self.time), self.past.data.days
        integral = OmoriTable.of(decay).integral(self.start_day - days, self.end_day - days)
        return integral * self.share * np.exp(self.past.data.log_weight + self._log_productivity(self.time))

    def _log_productivity(self, vector: np.ndarray) -> np.ndarray:
        coefficients = vector[laws.FIRST_FEATURE : laws.FIRST_FEATURE + laws.FEATURES]
        return vector[laws.LN_K] + self.past.features.productivity @ coefficients

    def prepared(self) -> Process:
        """The tables of the simulation."""
        raster = region_raster(self.region) if self.region else plane_raster(*self.plane_km)
        return Process(
            start_day=float(self.start_day),
            end_day=float(self.end_day),
            activity=self._activity(),
            times=self._times(),
            places=self._places(),
            sizes=law_of_sizes(self.law),
            history=self._history(),
            latest=self._latest(),
            ground=self._ground(),
            kinds=self._kinds(),
            raster=raster,
            most=int(self.most_events),
        )

    def _activity(self) -> Activity:
        s, start = self.past.smoothing, np.array([self.start_day])
        now = float(self.past.activity(start, np.array([len(self.past.data.days)]))[0])
        return Activity(
            usual=float(np.exp(self.time[laws.LN_MU])),
            steady=s.steady_share,
            inverse_days=1.0 / s.active_days,
            independent_per_day=s.independent_per_day,
            late=now - s.steady_share,
        )

    def _times(self) -> Times:
        decay, s = Decay.from_vector(self.time), self.past.smoothing
        table = OmoriTable.of(decay)
        constant = float(self.time[laws.LN_K]) + decay.c * decay.inverse_tau
        features = self.time[laws.FIRST_FEATURE : laws.FIRST_FEATURE + laws.FEATURES]
        law = Productivity(constant, *(float(v) for v in features))
        return Times(law, decay.c, table.h, s.gap_days, s.gap_mean, s.gap_sd, LEAST_GAP, s.busiest)

    def _places(self) -> Places:
        decay, law = Decay.from_vector(self.space), SpaceLaw.from_vector(self.space)
        features = self.space[laws.FIRST_FEATURE : laws.FIRST_FEATURE + laws.FEATURES]
        productivity = Productivity(float(self.space[laws.LN_K]), *(float(v) for v in features))
        return Places(
            background=float(np.exp(self.space[laws.LN_MU])),
            productivity=productivity,
            c_days=decay.c,
            exponent=1 + decay.omega,
            inverse_tau=decay.inverse_tau,
            ln_d=law.ln_d,
            by_m=law.growth[0],
            by_spacing=law.growth[1],
            rho=law.rho,
            spacing_km=self.past.smoothing.spacing_km,
        )

    def _history(self) -> History:
        d, decay = self.past.data, Decay.from_vector(self.time)
        table, expected = OmoriTable.of(decay), self.expected_aftershocks()
        active = expected > 0
        tails = [
            integrals_from(table.h, moment - d.days[active] + decay.c) for moment in (self.start_day, self.end_day)
        ]
        keep, other = alias_table(expected[active]) if active.any() else (np.empty(0), np.empty(0, np.int32))
        productivity = np.exp(d.log_weight + self._log_productivity(self.space))
        return History(
            days=d.days,
            xyz_km=np.ascontiguousarray(d.xyz_km),
            spread_km2=self.spread_km2,
            spacing_km=self.past.kernel_km,
            summed=np.concatenate([[0.0], np.cumsum(productivity)]),
            direct=np.column_stack([d.days[active], *tails]),
            keep=keep,
            other=other,
            expected=float(expected.sum()),
        )

    def _latest(self) -> np.ndarray:
        days = self.past.data.days[self.past.inside][-PACED:]
        first = self.past.data.days[0] - 1.0
        return np.concatenate([first - np.arange(PACED - len(days))[::-1], days])

    def _ground(self) -> Ground:
        s, d = self.past.smoothing, self.past.data
        weight = self.past.independence * np.exp(-(self.start_day - d.days) / s.fade_days)
        keep, other = alias_table(weight)
        return Ground(keep, other, float(weight.sum()), 1.0 / s.fade_days, s.even_share)

    def _kinds(self) -> Kinds:
        own = np.clip(self.past.independence[self.past.inside], 1e-9, 1 - 1e-9)
        return Kinds(own, *alias_table(own), *alias_table(1 - own))


@dataclass(frozen=True, eq=False)
class AdaptiveBatch:
    """Simulated catalogues in flat columns, all events in the region, each catalogue in order of time.

    Attributes
    ----------
    first_catalog, n_catalogs
        The catalogues held, empty ones included.
    catalog_id : ndarray of int32, shape (n,), ascending
        Catalogue of each event, from ``first_catalog``.
    days, xyz_km, m : ndarray, shapes (n,), (n, 3), (n,)
        Time on the clock of the setup, place, magnitude above the smallest.
    source : ndarray of int64, shape (n,)
        Past event next to which it fell; -1: background; -2: a simulated event.
    from_past : ndarray of bool, shape (n,)
        Whether it descends, in time, from a past event.
    capped : ndarray of int32
        Catalogues cut off at the largest number of events.
    """

    first_catalog: int
    n_catalogs: int
    catalog_id: np.ndarray
    days: np.ndarray
    xyz_km: np.ndarray
    m: np.ndarray
    source: np.ndarray
    from_past: np.ndarray
    capped: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """Events of each catalogue, shape (n_catalogs,)."""
        return np.bincount(self.catalog_id - self.first_catalog, minlength=self.n_catalogs)

    def of_rows(self, keep: np.ndarray) -> "AdaptiveBatch":
        """Only some of the events; `keep` is a mask, shape (n,)."""
        columns = ("catalog_id", "days", "xyz_km", "m", "source", "from_past")
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})

    @classmethod
    def joined(cls, batches: list["AdaptiveBatch"]) -> "AdaptiveBatch":
        """Batches that follow each other, as one."""
        columns = ("catalog_id", "days", "xyz_km", "m", "source", "from_past", "capped")
        return cls(
            first_catalog=batches[0].first_catalog,
            n_catalogs=sum(b.n_catalogs for b in batches),
            **{name: np.concatenate([getattr(b, name) for b in batches]) for name in columns},
        )


def simulate(setup: AdaptiveSetup, n_catalogs: int, seed: int, *, threads: int | None = None) -> AdaptiveBatch:
    """Simulate `n_catalogs` catalogues, all in memory; see :func:`stream`."""
    return AdaptiveBatch.joined(list(stream(setup, n_catalogs, seed, threads=threads)))


def stream(
    setup: AdaptiveSetup, n_catalogs: int, seed: int, *, batch: int = BATCH_CATALOGS, threads: int | None = None
) -> Iterator[AdaptiveBatch]:
    """Simulate catalogues in bounded memory, in order; catalogue k of a seed is the same however many there are."""
    return in_batches(partial(_drawn, setup.prepared(), seed), n_catalogs, seed, batch=batch, threads=threads)


def _drawn(tables: Process, seed: int, first: int, last: int) -> AdaptiveBatch:
    rows, counts = process.draw(tables, np.uint64(seed), first, last, BATCH_EVENTS)
    numbers = np.arange(first, first + len(counts), dtype=np.int32)
    return AdaptiveBatch(
        first_catalog=first,
        n_catalogs=len(counts),
        catalog_id=np.repeat(numbers, counts),
        days=rows[:, process.DAY].copy(),
        xyz_km=rows[:, process.X : process.Z + 1].copy(),
        m=rows[:, process.M].copy(),
        source=rows[:, process.SOURCE].astype(np.int64),
        from_past=rows[:, process.FROM_PAST] > 0,
        capped=numbers[counts >= tables.most],
    )
