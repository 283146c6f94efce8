"""Online update: a few numbers of a fitted model follow the data as they arrive, within guard rails.

Two kinds of numbers: the levels of background and aftershocks, by recursive Bayesian estimation with forgetting (West &
Harrison 1997, Bayesian forecasting and dynamic models, ch. 10; gamma and Poisson), and the weights of models that are
pooled, by fixed share (Herbster & Warmuth 1998, doi:10.1023/A:1007424614876). Everything else stays as it was fitted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FutureError, InputError
from houfeng.times import to_datetime64


@dataclass(frozen=True, slots=True)
class Guards:
    """What an update may not do.

    Attributes
    ----------
    step_per_day, most_in_all
        A level changes by no more than this in its natural log, per day of data and from what was fitted.
    belief
        Earthquakes (active cells) by which each fitted level is believed.
    forget_days
        Time after which what was seen counts 1/e.
    rollback_windows, rollback_nats
        Over so many last windows the updated model may score so much worse than the fitted one, no more.
    longest_gap_days
        Between the end of the data and the time of the update.
    implausible
        Chance below which a silence, or a lack of small earthquakes, is taken for a broken catalogue.
    most_duplicates
        Share of new earthquakes that may stand twice in the catalogue.
    share, floor, weight_step_per_day
        Of weights: what is shared out after each window, the least of each, and the most that moves in a day.
    """

    step_per_day: float = 0.05
    most_in_all: float = 0.7
    belief: float = 50.0
    forget_days: float = 730.0
    rollback_windows: int = 26
    rollback_nats: float = 3.0
    longest_gap_days: float = 14.0
    implausible: float = 1e-6
    most_duplicates: float = 0.05
    share: float = 0.01
    floor: float = 0.01
    weight_step_per_day: float = 0.05

    def __post_init__(self) -> None:
        positive = {name: value for name, value in asdict(self).items() if name not in ("share", "floor")}
        wrong = [name for name, value in positive.items() if not value > 0]
        if wrong or not (0 <= self.share < 1 and 0 <= self.floor < 0.5):
            raise InputError(f"guard rails must be positive, share and floor below one: see {wrong or 'share, floor'}")


@dataclass(frozen=True, slots=True)
class GammaLevel:
    """A level as a multiple of the fitted one: what was seen and expected since, forgetting, and what is in use.

    Attributes
    ----------
    seen, expected
        Active cells, and those expected at the fitted level, both fading.
    used
        The multiple in use, within the guard rails.
    """

    seen: float = 0.0
    expected: float = 0.0
    used: float = 1.0

    def after(self, seen: float, expected: float, days: float, guards: Guards) -> "GammaLevel":
        """After a window of `days` in which `seen` came where the fitted level expects `expected`."""
        keep = np.exp(-days / guards.forget_days)
        seen, expected = keep * self.seen + seen, keep * self.expected + expected
        wanted = np.log((guards.belief + seen) / (guards.belief + expected))
        step = guards.step_per_day * days
        moved = np.clip(wanted, np.log(self.used) - step, np.log(self.used) + step)
        return GammaLevel(seen, expected, float(np.exp(np.clip(moved, -guards.most_in_all, guards.most_in_all))))


@dataclass(frozen=True, eq=False)
class WindowOutcome:
    """One window whose end is known: what the fitted model expected in each cell, and where something came.

    Attributes
    ----------
    start, end
        datetime64.
    background, triggered : ndarray, shape (cells,)
        Parts of the expected number, the learned factor included.
    active : ndarray of bool, shape (cells,)
    """

    start: np.datetime64
    end: np.datetime64
    background: np.ndarray
    triggered: np.ndarray
    active: np.ndarray

    @property
    def days(self) -> float:
        """Length."""
        return float((self.end - self.start) / np.timedelta64(1, "us")) / 86_400e6

    def log_score(self, background: float, triggered: float) -> float:
        """Log score of all cells with both parts multiplied, nats."""
        return cells_log_score(background * self.background + triggered * self.triggered, self.active)


@dataclass(frozen=True)
class OnlineState:
    """Where an online update stands.

    Attributes
    ----------
    used_to
        End of the last window that was used; None before the first.
    background, triggered
        The levels.
    recent
        Score of the updated model less that of the fitted one, of the last windows.
    windows, rollbacks
        How many were used, and how often it went back to what was fitted.
    """

    used_to: datetime | None = None
    background: GammaLevel = field(default_factory=GammaLevel)
    triggered: GammaLevel = field(default_factory=GammaLevel)
    recent: tuple[float, ...] = ()
    windows: int = 0
    rollbacks: int = 0

    def document(self) -> dict:
        """As JSON."""
        return asdict(self) | {"used_to": None if self.used_to is None else self.used_to.isoformat(),
                               "recent": list(self.recent)}  # fmt: skip

    @classmethod
    def of(cls, document: Mapping[str, object]) -> "OnlineState":
        """From JSON."""
        used_to = document["used_to"]
        levels = {name: GammaLevel(**document[name]) for name in ("background", "triggered")}
        return cls(**{**document, **levels, "recent": tuple(document["recent"]),
                      "used_to": None if used_to is None else datetime.fromisoformat(used_to)})  # fmt: skip

    def after(self, window: WindowOutcome, end: datetime, guards: Guards) -> tuple["OnlineState", bool]:
        """The state after a window, and whether it was rolled back: first scored as it stood, then updated."""
        a, c = self.background.used, self.triggered.used
        gained = window.log_score(a, c) - window.log_score(1.0, 1.0)
        recent = (*self.recent, gained)[-guards.rollback_windows :]
        if sum(recent) < -guards.rollback_nats:
            state = OnlineState(used_to=end, windows=self.windows + 1, rollbacks=self.rollbacks + 1)
            return state, True
        rate = np.maximum(a * window.background + c * window.triggered, 1e-15)
        # A cell is active or not, however many come: of an expected rate r, 1 - e^-r active cells are expected.
        once = -np.expm1(-rate) / rate
        own = (a * window.background / rate)[window.active]
        seen = float(own.sum()), float((1 - own).sum())
        expected = float((once * window.background).sum()), float((once * window.triggered).sum())
        levels = (level.after(s, e, window.days, guards)
                  for level, s, e in zip((self.background, self.triggered), seen, expected, strict=True))  # fmt: skip
        background, triggered = levels
        return OnlineState(end, background, triggered, recent, self.windows + 1, self.rollbacks), False


@dataclass(frozen=True, eq=False)
class PoolOutcome:
    """One window whose end is known: what each member of a pool expected in each cell, and where something came.

    Attributes
    ----------
    start, end
        datetime64.
    rates : ndarray, shape (members, cells)
        Expected numbers.
    active : ndarray of bool, shape (cells,)
    """

    start: np.datetime64
    end: np.datetime64
    rates: np.ndarray
    active: np.ndarray

    @property
    def days(self) -> float:
        """Length."""
        return float((self.end - self.start) / np.timedelta64(1, "us")) / 86_400e6

    def log_score(self, weights: np.ndarray) -> float:
        """Log score of all cells with the rates mixed by `weights`, nats."""
        return cells_log_score(weights @ self.rates, self.active)


@dataclass(frozen=True)
class PoolState:
    """Where the weights of a pool stand: as :class:`OnlineState`, with weights in place of levels.

    Attributes
    ----------
    names, weights
        Members and their weights, which sum to one; equal at the start.
    used_to, recent, windows, rollbacks
        End of the last window that was used; score of the pool less that of equal weights, of the last windows; how
        many windows were used, and how often it went back to equal weights.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...]
    used_to: datetime | None = None
    recent: tuple[float, ...] = ()
    windows: int = 0
    rollbacks: int = 0

    @classmethod
    def even(cls, names: tuple[str, ...]) -> "PoolState":
        """The start."""
        return cls(names, (1 / len(names),) * len(names))

    def document(self) -> dict:
        """As JSON."""
        return asdict(self) | {"names": list(self.names), "weights": list(self.weights), "recent": list(self.recent),
                               "used_to": None if self.used_to is None else self.used_to.isoformat()}  # fmt: skip

    @classmethod
    def of(cls, document: Mapping[str, object]) -> "PoolState":
        """From JSON."""
        used_to = document["used_to"]
        rows = {name: tuple(document[name]) for name in ("names", "weights", "recent")}
        return cls(**{**document, **rows, "used_to": None if used_to is None else datetime.fromisoformat(used_to)})

    def after(self, window: PoolOutcome, end: datetime, guards: Guards) -> tuple["PoolState", bool]:
        """The state after a window, and whether it was rolled back: first scored as it stood, then updated."""
        weights, even = np.array(self.weights), self.even(self.names)
        gained = window.log_score(weights) - window.log_score(np.array(even.weights))
        recent = (*self.recent, gained)[-guards.rollback_windows :]
        if sum(recent) < -guards.rollback_nats:
            return replace(even, used_to=end, windows=self.windows + 1, rollbacks=self.rollbacks + 1), True
        said = np.array([cells_log_score(rates, window.active) for rates in window.rates])
        shared = share_weights(weights, said, window.days, guards)
        return PoolState(self.names, tuple(map(float, shared)), end, recent, self.windows + 1, self.rollbacks), False


#: Where an update stands: levels of a learned model, or weights of a pool.
State = OnlineState | PoolState


def cells_log_score(rates: np.ndarray, active: np.ndarray) -> float:
    """Log score of all cells, nats: of the chance 1 - e^-rate where something came, of e^-rate where nothing did."""
    rates = np.maximum(rates, 1e-15)
    return float(np.log(-np.expm1(-rates[active])).sum() - rates[~active].sum())


def share_weights(weights: np.ndarray, log_likelihood: np.ndarray, days: float, guards: Guards) -> np.ndarray:
    """Weights of models after one window: Bayes' rule, then a share for all, a floor, and no more than the step.

    Parameters
    ----------
    weights : ndarray, shape (models,)
        Positive, sum 1.
    log_likelihood : ndarray, shape (models,)
        What each gave the window, nats.
    days
        Length of the window.

    Returns
    -------
    ndarray, shape (models,)
        Sum 1.
    """
    n = len(weights)
    if n < 1 or np.shape(log_likelihood) != (n,) or abs(weights.sum() - 1) > 1e-9 or (weights <= 0).any():
        raise InputError("weights must be positive and sum to one, with a log likelihood for each")
    if not np.isfinite(log_likelihood).all():
        raise InputError("a log likelihood is not finite; a model that gives no chance cannot be weighted")
    if guards.floor * n > 1:
        raise InputError(f"a floor of {guards.floor:g} is too much for {n} models")
    posterior = np.log(weights) + log_likelihood
    posterior = np.exp(posterior - posterior.max())
    wanted = (1 - guards.share) * posterior / posterior.sum() + guards.share / n
    wanted = guards.floor + (1 - n * guards.floor) * wanted
    moved = 0.5 * float(np.abs(wanted - weights).sum())
    part = min(1.0, guards.weight_step_per_day * days / moved) if moved > 0 else 1.0
    return weights + part * (wanted - weights)


def objection(
    history: Catalog, *, as_of: datetime, used_to: datetime | None, min_magnitude: float, guards: Guards
) -> str:
    """Why the catalogue looks broken at `as_of`; empty when it does not.

    Looked for: an end long before `as_of`; the same earthquake twice; a silence, or a lack of the smallest earthquakes,
    that the past makes implausible.

    Parameters
    ----------
    history
        What was known at `as_of`, of the region.
    used_to
        What came since then is new; the last tenth where None.

    Raises
    ------
    FutureError
        When it holds anything issued after `as_of`.
    """
    from scipy.stats import binom

    end = history.provenance.data_end
    if end > as_of or (len(history) and history.issued.max() > to_datetime64(as_of)):
        raise FutureError(f"the history reaches beyond {as_of.isoformat()}; take history.as_of of that time")
    gap = (as_of - end).total_seconds() / 86_400
    if gap > guards.longest_gap_days:
        return f"the data end {end.isoformat()}, {gap:.1f} days before the update; at most {guards.longest_gap_days:g}"
    counted = history.above(min_magnitude)
    if len(counted) < 30:
        return f"only {len(counted)} earthquakes of M>={min_magnitude:g} are known"
    since = to_datetime64(used_to) if used_to is not None else counted.time[-max(1, len(counted) // 10)]
    new, old = counted.select(counted.time >= since), counted.select(counted.time < since)
    if len(new) and (twice := _twice(new)) / len(new) > guards.most_duplicates:
        return f"{twice} of {len(new)} new earthquakes stand twice in the catalogue"
    days = float((to_datetime64(end) - counted.time[-1]) / np.timedelta64(1, "s")) / 86_400
    gaps = np.diff(counted.time.astype("datetime64[us]").astype(np.int64)) / 86_400e6
    # Between clusters earthquakes come more rarely than on average: the rate is that of the longer half of all gaps.
    rate = 1 / max(float(np.sort(gaps)[len(gaps) // 2 :].mean()), 1e-9)
    longest = float(gaps.max()) if len(gaps) else 0.0
    if days > 1.5 * longest and rate * days > -np.log(guards.implausible):
        return f"no earthquake for {days:.1f} days, where the longest silence was {longest:.1f}: reports may be missing"
    small = min_magnitude + 0.3
    if len(new) >= 30 and len(old) >= 30:
        share, few = float((old.magnitude < small).mean()), int((new.magnitude < small).sum())
        if binom.cdf(few, len(new), share) < guards.implausible:
            return (
                f"only {few} of {len(new)} new earthquakes are below M{small:g}, where {share:.0%} were before: the "
                "catalogue is no longer complete"
            )
    return ""


def _twice(catalog: Catalog) -> int:
    """Earthquakes within 2 s, 0.02 degrees and 0.1 magnitudes of the one before."""
    near = np.diff(catalog.time) <= np.timedelta64(2, "s")
    near &= np.abs(np.diff(catalog.longitude)) <= 0.02
    near &= np.abs(np.diff(catalog.latitude)) <= 0.02
    return int((near & (np.abs(np.diff(catalog.magnitude)) <= 0.1)).sum())


def advance(
    state: State, windows: Iterator[WindowOutcome | PoolOutcome], guards: Guards
) -> Iterator[tuple[State, bool]]:
    """The state after each of `windows`, in order of time, each used once, and whether it was rolled back.

    Raises
    ------
    InputError
        When a window begins before the end of the one used last: its data were used already.
    """
    from houfeng.times import from_datetime64

    for window in windows:
        if state.used_to is not None and window.start < to_datetime64(state.used_to):
            raise InputError(f"the window from {window.start} was used already, up to {state.used_to.isoformat()}")
        state, back = state.after(window, from_datetime64(window.end), guards)
        yield state, back
