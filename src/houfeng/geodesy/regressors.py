"""Columns of the trajectory model, and the steps and decays they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from houfeng.errors import InputError
from houfeng.geodesy.positions import Positions, days_between
from houfeng.times import DAYS_PER_YEAR, require_utc, to_datetime64

if TYPE_CHECKING:
    from houfeng.catalogs.catalog import Catalog
    from houfeng.geodesy.trajectory import TrajectoryModel

#: Positions needed on either side of a step, and between two.
MIN_SIDE = 5


@dataclass(frozen=True, slots=True)
class Step:
    """A jump at a known time.

    Attributes
    ----------
    time : datetime
        Aware.
    name : str
    kind : str
        earthquake, equipment or unknown.
    issued : datetime, optional
        When it became known; by default at its time.
    """

    time: datetime
    name: str = ""
    kind: str = "earthquake"
    issued: datetime | None = None

    def __post_init__(self) -> None:
        require_utc(self.time, "time of a step")
        if self.kind not in ("earthquake", "equipment", "unknown"):
            raise InputError(f"a step is of kind earthquake, equipment or unknown, not '{self.kind}'")
        if self.issued is not None and require_utc(self.issued, "issue time of a step") < self.time:
            raise InputError(f"the step of {self.time:%Y-%m-%d} was known before it happened")

    @property
    def known_at(self) -> datetime:
        """When it became known."""
        return self.issued or self.time


@dataclass(frozen=True, slots=True)
class StepGroup:
    """Steps that the positions cannot tell apart; one without company stands alone."""

    steps: tuple[Step, ...]

    @property
    def first(self) -> datetime:
        """Time of the first."""
        return self.steps[0].time

    @property
    def last(self) -> datetime:
        """Time of the last."""
        return self.steps[-1].time

    @property
    def name(self) -> str:
        """Their names, or days."""
        return " + ".join(step.name or f"{step.time:%Y-%m-%d}" for step in self.steps)


@dataclass(frozen=True, slots=True)
class Decay:
    """Motion after an earthquake that slows: log(1 + t/tau) or 1 - exp(-t/tau); tau None is searched."""

    time: datetime
    form: str = "log"
    tau_days: float | None = None

    def __post_init__(self) -> None:
        require_utc(self.time, "time of a decay")
        if self.form not in ("log", "exp"):
            raise InputError(f"a decay has the form log or exp, not '{self.form}'")
        if self.tau_days is not None and not self.tau_days > 0:
            raise InputError(f"the time of a decay is {self.tau_days} days; it must be above 0")

    def after(self, time: np.ndarray) -> np.ndarray:
        """Days since the start, 0 before it."""
        return np.maximum(days_between(to_datetime64(self.time), time), 0.0)

    def column(self, time: np.ndarray) -> np.ndarray:
        """Its shape, shape (n,)."""
        scaled = self.after(time) / self.tau_days
        return np.log1p(scaled) if self.form == "log" else -np.expm1(-scaled)


@dataclass(frozen=True, eq=False)
class Regressors:
    """The columns of a model: how they are computed at any time."""

    middle: np.datetime64
    degree: int
    annual: bool
    semiannual: bool
    steps: tuple[StepGroup, ...]
    decays: tuple[Decay, ...]
    span_days: float

    @classmethod
    def of(cls, model: TrajectoryModel, steps: tuple[StepGroup, ...], positions: Positions) -> Regressors:
        """Columns of `model` for the span of the positions."""
        middle = positions.time[0] + (positions.time[-1] - positions.time[0]) // 2
        return cls(middle, model.degree, model.annual, model.semiannual, steps, model.decays, positions.span_days)

    @property
    def names(self) -> tuple[str, ...]:
        """One for each column."""
        seasons = ["annual cos", "annual sin"] * self.annual + ["semiannual cos", "semiannual sin"] * self.semiannual
        return (
            "constant",
            *(f"trend {k}" for k in range(1, self.degree + 1)),
            *seasons,
            *(f"step {i}" for i in range(len(self.steps))),
            *(f"decay {i}" for i in range(len(self.decays))),
        )

    def design(self, time: np.ndarray) -> np.ndarray:
        """Columns at `time`, shape (n, p); years for the trend, a day that holds a step counts its part after it."""
        years = days_between(self.middle, time) / DAYS_PER_YEAR
        turn = 2 * np.pi * days_between(np.datetime64("2000-01-01", "us"), time) / DAYS_PER_YEAR
        columns = [years**k for k in range(self.degree + 1)]
        for wanted, multiple in ((self.annual, 1), (self.semiannual, 2)):
            if wanted:
                columns += [np.cos(multiple * turn), np.sin(multiple * turn)]
        columns += [self._after(group.last, time) for group in self.steps]
        columns += [decay.column(time) for decay in self.decays]
        return np.stack(columns, axis=1)

    def between_steps(self, time: np.ndarray) -> np.ndarray:
        """Positions of days that lie in a group of several steps: neither before nor after."""
        inside = np.zeros(len(time), bool)
        for group in self.steps:
            if len(group.steps) > 1:
                inside |= (self._after(group.first, time) > 0) & (self._after(group.last, time) < 1)
        return inside

    def _after(self, moment: datetime, time: np.ndarray) -> np.ndarray:
        since = days_between(to_datetime64(moment), time)
        return np.clip(since / self.span_days + 0.5, 0.0, 1.0) if self.span_days > 0 else (since >= 0).astype(float)


def group_steps(steps: Sequence[Step], positions: Positions) -> tuple[tuple[StepGroup, ...], list[str]]:
    """Steps with positions on both sides; those with fewer than 5 positions in between become one group."""
    groups: list[list[Step]] = []
    left_out = []
    time = positions.time
    for step in sorted(steps, key=lambda s: s.time):
        at = to_datetime64(step.time)
        if min((time < at).sum(), (time >= at).sum()) < MIN_SIDE:
            left_out.append(f"step of {step.time:%Y-%m-%d}: fewer than {MIN_SIDE} positions before or after it")
        elif groups and ((time > to_datetime64(groups[-1][-1].time)) & (time < at)).sum() < MIN_SIDE:
            groups[-1].append(step)
        else:
            groups.append([step])
    return tuple(StepGroup(tuple(group)) for group in groups), left_out


def steps_from_catalog(
    catalog: Catalog, *, longitude: float, latitude: float, min_magnitude: float = 5.5
) -> tuple[Step, ...]:
    """Earthquakes that may have moved a station: nearer than 10^(M/2 - 0.79) km.

    The rule of the Nevada Geodetic Laboratory for its list of possible steps (Blewitt, Hammond & Kreemer 2018,
    doi:10.1029/2018EO104623). The issue times of the catalogue come along.
    """
    from houfeng.geo import great_circle_km
    from houfeng.times import from_datetime64

    large = catalog.above(min_magnitude)
    distance = great_circle_km(
        longitude=longitude, latitude=latitude, to_longitude=large.longitude, to_latitude=large.latitude
    )
    near = np.flatnonzero(distance < 10 ** (large.magnitude / 2 - 0.79))
    return tuple(
        Step(
            from_datetime64(large.time[i]),
            f"M{large.magnitude[i]:.1f} {distance[i]:.0f} km",
            "earthquake",
            max(from_datetime64(large.issued[i]), from_datetime64(large.time[i]) + timedelta(0)),
        )
        for i in near
    )
