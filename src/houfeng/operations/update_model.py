"""``houfeng models update``: levels or weights of a kept model follow what came, and every step is logged."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FutureError, InputError
from houfeng.features.seismicity import standard_features
from houfeng.forecasts.forecast import Forecast
from houfeng.models.learned.gathering import moments_of
from houfeng.models.learned.model import FittedLearned, scaled_counts
from houfeng.models.learned.pool import FittedPool
from houfeng.operations.online import (
    Guards,
    OnlineState,
    PoolOutcome,
    PoolState,
    State,
    WindowOutcome,
    advance,
    objection,
)
from houfeng.operations.training import known
from houfeng.store import Store
from houfeng.store.packing import pack_catalog
from houfeng.times import Window, to_datetime64


@dataclass(frozen=True, eq=False)
class OnlineLearned(FittedLearned):
    """A learned model whose two levels were updated; what was learned sees the fitted levels still.

    Attributes
    ----------
    state
        Of the update.
    """

    state: OnlineState

    @classmethod
    def of(cls, fitted: FittedLearned, state: OnlineState) -> "OnlineLearned":
        """`fitted` with the levels of `state`."""
        names = ("model", "region", "prior", "rule", "level", "rows_seen", "active_seen")
        return cls(**{name: getattr(fitted, name) for name in names}, state=state)

    def forecast(self, history: Catalog, window: Window, rng: np.random.Generator) -> Forecast:
        """The forecast at the fitted levels, every cell multiplied by what the update makes of it."""
        made = super().forecast(history, window, rng)
        rates = made.gridded.rates * self._updated(history, window.start)[:, None]
        overall = float(rates.sum()) / made.gridded.expected if made.gridded.expected > 0 else 1.0
        a, c = self.state.background.used, self.state.triggered.used
        note = (
            f"Levels updated by {self.state.windows} windows since the training: background by {a:.2f}, aftershocks by "
            f"{c:.2f}, by {overall:.2f} in all."
        )
        return replace(
            made,
            gridded=replace(made.gridded, rates=rates),
            counts=scaled_counts(made.counts, overall, rng),
            explanation=replace(made.explanation, notes=(*made.explanation.notes, note)),
        )

    def factors(self, history: Catalog, moment: datetime) -> np.ndarray:
        """What each cell of the champion's forecast is multiplied by, shape (cells,)."""
        return super().factors(history, moment) * self._updated(history, moment)

    def rates(self, history: Catalog, moment: datetime) -> np.ndarray:
        """Expected number of target earthquakes in each cell within the horizon, shape (cells,)."""
        return super().rates(history, moment) * self._updated(history, moment)

    def _updated(self, history: Catalog, moment: datetime) -> np.ndarray:
        prior = self.moment(history, moment).prior
        background = self.level.background * prior.background
        triggered = self.level.triggered * prior.triggered
        updated = self.state.background.used * background + self.state.triggered.used * triggered
        return updated / np.maximum(background + triggered, 1e-15)


@dataclass(frozen=True)
class Updated:
    """What an update came to.

    Attributes
    ----------
    name, outcome, reason
        Of the model; ``updated``, ``rolled back``, ``refused`` or ``nothing new``; why.
    before, after
        States.
    windows
        How many were used.
    """

    name: str
    outcome: str
    reason: str
    before: State
    after: State
    windows: int

    def document(self) -> dict:
        """As JSON."""
        return {"name": self.name, "outcome": self.outcome, "reason": self.reason, "windows": self.windows,
                "before": self.before.document(), "after": self.after.document()}  # fmt: skip


def update_model(
    store: Store, name: str, catalog: Catalog, *, as_of: datetime, guards: Guards | None = None
) -> Updated:
    """Update learned model `name` by all whole horizons that ended since it was last updated.

    Of a pool the weights are updated, of any other learned model the levels of background and aftershocks.

    Only what was issued by `as_of` is looked at, and each window is forecast from what was issued by its
    start. The same data again change nothing.

    Raises
    ------
    FutureError
        When `as_of` lies in the future, or before the last update.
    InputError
        When the model has no levels, being no learned model, or is retired.
    """
    guards = Guards() if guards is None else guards
    record, fitted = store.models.one(name), store.models.load(name).fitted
    if record.state == "retired":
        raise InputError(f"{name} is retired ({record.reason}); it is not updated")
    if not isinstance(fitted, FittedLearned):
        raise InputError(f"{name} is a {fitted.model.name}, which has no levels to update; fit it again")
    if as_of > datetime.now(UTC):
        raise FutureError(f"--as-of {as_of.isoformat()} lies in the future; take a time that has passed")
    updates = store.models.updates(name)
    if updates and as_of < updates[-1].as_of:
        raise FutureError(f"{name} was updated as of {updates[-1].as_of.isoformat()}, later than {as_of.isoformat()}")
    before = _state(fitted, updates[-1].state if updates else None)
    history = known(catalog, fitted.region, as_of)
    used_to = record.card.trained_to if before.used_to is None else before.used_to
    if _count(fitted, history, used_to) < 1:
        why = f"no whole horizon has ended between {used_to.isoformat()} and {history.provenance.data_end.isoformat()}"
        return Updated(name, "nothing new", why, before, before, 0)
    why = objection(history.within(fitted.region), as_of=as_of, used_to=used_to,
                    min_magnitude=fitted.model.min_magnitude, guards=guards)  # fmt: skip
    if why:
        done = Updated(name, "refused", why, before, before, 0)
    else:
        done = _advanced(name, fitted, history, used_to, before, guards)
    inputs = {"catalog": pack_catalog(history).digest, "source": history.provenance.source, "guards": asdict(guards),
              "windows": done.windows, "before": before.document()}  # fmt: skip
    store.models.add_update(name, outcome=done.outcome, reason=done.reason, as_of=as_of,
                            data_end=history.provenance.data_end, state=done.after.document(), inputs=inputs,
                            after=updates[-1].id if updates else None)  # fmt: skip
    return done


def load_updated(store: Store, name: str) -> FittedLearned:
    """The learned model with the levels, or weights, of its last update."""
    fitted, updates = store.models.load(name).fitted, store.models.updates(name)
    if not updates:
        return fitted
    state = _state(fitted, updates[-1].state)
    if isinstance(state, PoolState):
        return fitted.weighted(np.array(state.weights))
    return OnlineLearned.of(fitted, state)


def outcomes(fitted: FittedLearned, history: Catalog, used_to: datetime) -> Iterator[WindowOutcome | PoolOutcome]:
    """Every whole horizon between `used_to` and the end of the data: what was expected of it, and what came."""
    step = np.timedelta64(round(fitted.model.horizon_days * 86_400e6), "us")
    times = to_datetime64(used_to) + np.arange(_count(fitted, history, used_to)) * step
    features = standard_features(fitted.model.min_magnitude)
    inside, grid = history.within(fitted.region), fitted.region.grid()
    question, level = fitted.model.question, fitted.level
    moments = moments_of(fitted.prior, history, times, question.horizon_days, features, fitted.model.layers)
    for moment in moments:
        rows = fitted.rows(history, moment)
        end, active = moment.time + step, question.active(inside, moment.time, grid)
        if isinstance(fitted, FittedPool):
            yield PoolOutcome(moment.time, end, fitted.rule.rates(rows), active)
            continue
        factor = np.exp(fitted.rule.log_rate(rows) - rows.log_prior)
        background = factor * level.background * moment.prior.background
        triggered = factor * level.triggered * moment.prior.triggered
        yield WindowOutcome(moment.time, end, background, triggered, active)


def _state(fitted: FittedLearned, document: Mapping[str, object] | None) -> State:
    """The state written down, or the start."""
    if isinstance(fitted, FittedPool):
        return PoolState.even(fitted.rule.names) if document is None else PoolState.of(document)
    return OnlineState() if document is None else OnlineState.of(document)


def _count(fitted: FittedLearned, history: Catalog, used_to: datetime) -> int:
    """Whole horizons in the data since `used_to`."""
    return int((history.provenance.data_end - used_to) / timedelta(days=fitted.model.horizon_days))


def _advanced(
    name: str, fitted: FittedLearned, history: Catalog, used_to: datetime, before: State, guards: Guards
) -> Updated:
    steps = list(advance(before, outcomes(fitted, history, used_to), guards))
    after, backs = steps[-1][0], sum(back for _, back in steps)
    pool = isinstance(after, PoolState)
    start = "equal weights" if pool else "the fitted levels"
    if backs:
        why = f"what was updated scored worse than {start} over the last windows, {backs} times: went back"
        return Updated(name, "rolled back", why, before, after, len(steps))
    if pool:
        told = "weights " + ", ".join(f"{n} {w:.3f}" for n, w in zip(after.names, after.weights, strict=True))
    else:
        told = f"background x {after.background.used:.3f}, aftershocks x {after.triggered.used:.3f} of what was fitted"
    gained = sum(after.recent)
    why = f"{told}; over the last {len(after.recent)} windows {gained:+.2f} nats against {start}"
    return Updated(name, "updated", why, before, after, len(steps))
