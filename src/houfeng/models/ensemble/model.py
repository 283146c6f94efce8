"""The ensemble as a forecast model.

Log-linear pools: Genest & Zidek (1986), doi:10.1214/ss/1177013825; for earthquakes, Rhoades & Gerstenberger (2009),
Mixture models for improved short-term earthquake forecasting, BSSA 99, 636-646, doi:10.1785/0120080063 (a linear
mixture), and Rhoades, Gerstenberger, Christophersen, Zechar, Schorlemmer, Werner & Jordan (2014), Regional earthquake
likelihood models II: information gains of multiplicative hybrids, BSSA 104, 3072-3083, doi:10.1785/0120140035.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import ClassVar

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError, NotEnoughDataError
from houfeng.forecasts.forecast import Forecast
from houfeng.forecasts.simulated import SimulatedForecast
from houfeng.models.base import Fitted, Model
from houfeng.models.ensemble.catalogs import joined, put_right
from houfeng.models.ensemble.learning import Learned, fit_each, learn, past_windows
from houfeng.models.ensemble.pooling import Pooled, in_words
from houfeng.models.ensemble.totals import draw_totals
from houfeng.models.gridding import simulated_from_columns
from houfeng.models.registry import create_model, model_class
from houfeng.regions import Region
from houfeng.times import Window, require_utc
from houfeng.values import Estimate

#: Who takes part where nobody says.
MEMBERS = ("smoothed", "reasenberg-jones", "etas")
#: Simulated catalogues behind a past forecast, from which weights are learned.
LEARNING_CATALOGS = 1000
#: Windows this many times shorter or longer than those of learning get a note.
OTHER_LENGTH = 3.0


@dataclass(frozen=True)
class Ensemble(Model):
    """Members pooled log-linearly, with weights learned from their past scores.

    Attributes
    ----------
    members
        Names of models in the registry.
    n_windows
        Past windows to learn from, at most.
    window_days
        Length of each.
    prior_nats
        Past score that the weights must gain before all weight goes to one member.
    n_catalogs
        Simulated catalogues behind the forecast of a member that simulates.
    start
        Begin of what members learn from; each member's own default where not given.
    """

    members: tuple[str, ...] = MEMBERS
    n_windows: int = 24
    window_days: float = 7.0
    prior_nats: float = 5.0
    n_catalogs: int = 10_000
    start: datetime | None = None

    name: ClassVar[str] = "ensemble"
    reference: ClassVar[str] = (
        "Genest & Zidek (1986), doi:10.1214/ss/1177013825; Rhoades and others (2014), doi:10.1785/0120140035"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        members = tuple(self.members)
        if isinstance(self.members, str) or not members or len(set(members)) < len(members) or self.name in members:
            raise InputError(f"members {self.members!r} must be different models, at least one, and no ensemble")
        object.__setattr__(self, "members", members)
        for member in members:
            model_class(member)
        if self.start is not None:
            object.__setattr__(self, "start", require_utc(self.start, "start of learning"))
        if not (self.n_windows >= 0 and self.window_days > 0 and self.prior_nats >= 0 and self.n_catalogs >= 1):
            raise InputError(
                f"n_windows {self.n_windows} and prior_nats {self.prior_nats} must not be negative, window_days "
                f"{self.window_days} and n_catalogs {self.n_catalogs} must be positive"
            )

    def fit(self, history: Catalog, region: Region) -> "FittedEnsemble":
        """Learn the weights on past windows, then fit the members on the whole past.

        A member that cannot be fitted is left out, with a note.

        Raises
        ------
        NotEnoughDataError
            When no member can be fitted.
        FitError
            When the weights do not settle.
        """
        fitted, left_out = fit_each(self._recipes(self.n_catalogs), history, region)
        if not fitted:
            raise NotEnoughDataError(f"no member can be fitted on '{region.name}': {_listed(left_out)}")
        recipes = self._recipes(min(self.n_catalogs, LEARNING_CATALOGS))
        windows = past_windows(history, self.n_windows, timedelta(days=self.window_days), self.start)
        learned = learn({name: recipes[name] for name in fitted}, history, region, windows, self.prior_nats)
        return FittedEnsemble(
            model=self,
            region=region,
            fitted=tuple(fitted[name] for name in learned.names),
            learned=learned,
            left_out=tuple(sorted({**left_out, **learned.left_out}.items())),
        )

    def _recipes(self, n_catalogs: int) -> dict[str, Model]:
        """Members by name, in alphabetical order, so that the order in which they were named changes nothing."""
        given = {"n_catalogs": n_catalogs, **({} if self.start is None else {"start": self.start})}
        recipes = {}
        for name in sorted(self.members):
            declared = {field.name for field in fields(model_class(name))}
            more = {key: value for key, value in given.items() if key in declared}
            recipes[name] = create_model(name, min_magnitude=self.min_magnitude, **more)
        return recipes


@dataclass(frozen=True, eq=False)
class FittedEnsemble(Fitted):
    """Fitted members and their weights.

    Attributes
    ----------
    fitted
        Members, in the order of ``learned.names``.
    learned
        Weights, and what they rest on.
    left_out
        Members that could not be fitted, each with the reason.
    """

    model: Ensemble
    fitted: tuple[Fitted, ...]
    learned: Learned
    left_out: tuple[tuple[str, str], ...] = ()

    def forecast(self, history: Catalog, window: Window, rng: np.random.Generator) -> Forecast:
        """Pool the members' forecasts of `window`."""
        issue = self.issue(history, window)
        pooled = self._pooled(history, window, rng)
        return Forecast(
            issue=issue,
            gridded=pooled.gridded,
            counts=pooled.counts(rng),
            explanation=pooled.explanation(self._notes(window)),
        )

    def simulate(
        self, history: Catalog, window: Window, rng: np.random.Generator, n_catalogs: int
    ) -> SimulatedForecast:
        """Draw catalogues of the members by their weights for places, put right in number, place and size."""
        self.issue(history, window)
        pooled = self._pooled(history, window, rng)
        totals = draw_totals(rng, pooled.log_total, n_catalogs)
        of_member = rng.choice(len(self.fitted), size=n_catalogs, p=self.learned.place)
        parts = []
        for k, member in enumerate(self.fitted):
            rows = np.flatnonzero(of_member == k)
            if len(rows):
                donors = member.simulate(history, window, rng, len(rows))
                events = put_right(rng, donors, pooled.forecasts[k].gridded, pooled, totals[rows])
                parts.append(events.numbered(rows))
        events = joined(parts)
        return simulated_from_columns(
            window,
            n_catalogs,
            catalog_id=events.catalog,
            days=events.days,
            longitude=events.longitude,
            latitude=events.latitude,
            magnitude=events.magnitude,
        )

    def parameters(self) -> dict[str, Estimate]:
        """Weights, without interval, and the b-value: the members' by their weight for places and sizes."""
        out = {}
        for kind, weights in (("number", self.learned.number), ("place", self.learned.place)):
            for name, weight in zip(self.learned.names, weights, strict=True):
                out[f"{kind}_weight_{name.replace('-', '_')}"] = Estimate(*[float(weight)] * 3)
        members = [member.parameters()["b"] for member in self.fitted]
        b = self.learned.place @ np.array([[one.value, one.low, one.high] for one in members])
        return {**out, "b": Estimate(*(float(value) for value in b))}

    def _pooled(self, history: Catalog, window: Window, rng: np.random.Generator) -> Pooled:
        seeds = rng.integers(0, 2**62, len(self.fitted))
        forecasts = [
            member.forecast(history, window, np.random.default_rng(seed))
            for member, seed in zip(self.fitted, seeds, strict=True)
        ]
        return Pooled.of(forecasts, self.learned.number, self.learned.place)

    def _notes(self, window: Window) -> tuple[str, ...]:
        learned, days = self.learned, self.model.window_days
        notes = []
        if learned.n_windows:
            number, place = (
                in_words(dict(zip(learned.names, w, strict=True))) for w in (learned.number, learned.place)
            )
            notes += [
                f"Weights learned from {learned.n_windows} past windows of {days:g} days with {learned.n_events} "
                "earthquakes, forecast as they would have been then.",
                f"Weights for how many: {number}.",
                f"Weights for where and how large: {place}.",
            ]
            if not 1 / OTHER_LENGTH <= window.days / days <= OTHER_LENGTH:
                notes.append(f"The weights may not be the best for a window as long as this one ({window.days:g} d).")
        elif len(learned.names) > 1:
            notes.append(f"The past is too short to learn weights: {', '.join(learned.names)} count alike.")
        else:
            notes.append(f"Only one member, {learned.names[0]}, takes part.")
        notes += [f"Left out of the ensemble: {name} ({_clause(reason)})." for name, reason in self.left_out]
        return tuple(notes)


def _listed(left_out: dict[str, str]) -> str:
    return "; ".join(f"{name}: {reason}" for name, reason in left_out.items())


def _clause(sentence: str) -> str:
    return sentence.rstrip(".")
