"""A pool: the champion and several learners mixed by weights that sum to one.

A fit gives all the same weight; online update moves them as data arrive (:mod:`houfeng.operations.online`). Rates are
mixed, cell by cell: Bates & Granger (1969), The combination of forecasts, doi:10.1057/jors.1969.103.
"""

from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.forecasts.forecast import Forecast
from houfeng.models.learned.learners import Learner, Prior, Rule
from houfeng.models.learned.model import FittedLearned, LearnedModel
from houfeng.models.learned.rows import Rows
from houfeng.models.registry import create_model, model_class
from houfeng.regions import Region
from houfeng.times import Window
from houfeng.values import Estimate

#: Name of the prior among the members.
CHAMPION = "champion"


@dataclass(frozen=True, eq=False)
class PooledRule:
    """Rules and their weights.

    Attributes
    ----------
    names, rules
        The champion is the first.
    weights : ndarray, shape (rules,)
        Positive, sum 1.
    """

    names: tuple[str, ...]
    rules: tuple[Rule, ...]
    weights: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.names)
        if len(set(self.names)) < n or len(self.rules) != n or np.shape(self.weights) != (n,):
            raise InputError(f"a pool needs different members with one weight each, not {', '.join(self.names)}")
        if not ((self.weights > 0).all() and abs(self.weights.sum() - 1) < 1e-9):
            raise InputError("the weights of a pool must be positive and sum to one")

    @classmethod
    def even(cls, names: tuple[str, ...], rules: tuple[Rule, ...]) -> "PooledRule":
        """The champion and `rules`, all with the same weight."""
        return cls((CHAMPION, *names), (Prior(), *rules), np.full(len(names) + 1, 1 / (len(names) + 1)))

    def log_rate(self, rows: Rows) -> np.ndarray:
        """Ln of the weighted mean of the members' rates, shape (n,)."""
        return np.log(self.weights @ self.rates(rows))

    def rates(self, rows: Rows) -> np.ndarray:
        """Of each member, shape (rules, n)."""
        return np.exp(np.stack([rule.log_rate(rows) for rule in self.rules]))


@dataclass(frozen=True)
class Pool:
    """Learners that learn apart and count alike."""

    names: tuple[str, ...]
    learners: tuple[Learner, ...]

    def fit(self, rows: Rows, rng: np.random.Generator) -> PooledRule:
        """Fit each."""
        return PooledRule.even(self.names, tuple(learner.fit(rows, rng) for learner in self.learners))


@dataclass(frozen=True)
class LearnedPool(LearnedModel):
    """The champion and learned models, pooled.

    Attributes
    ----------
    members
        Names of learned models in the registry, as they are without settings.
    kept
        Names of the kept models that it was made of instead (``houfeng models pool``).
    """

    members: tuple[str, ...] = ("logistic", "boosting")
    kept: tuple[str, ...] = ()

    name: ClassVar[str] = "pool"
    reference: ClassVar[str] = (
        "Bates & Granger (1969), doi:10.1057/jors.1969.103; Herbster & Warmuth (1998), doi:10.1023/A:1007424614876"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        members = tuple(self.members)
        if isinstance(self.members, str) or not members or self.name in members:
            raise InputError(f"members {self.members!r} must be learned models, at least one, and no pool")
        for member in members:
            if not issubclass(model_class(member), LearnedModel):
                raise InputError(f"{member} learns nothing from features; members of a pool do")
        object.__setattr__(self, "members", members)

    @property
    def looks_at(self) -> tuple[str, ...]:
        """Whatever a member looks at."""
        return tuple(dict.fromkeys(view for member in self._recipes() for view in member.looks_at))

    def learner(self) -> Pool:
        """The members' learners."""
        if self.kept:
            raise InputError(f"a pool of kept models ({', '.join(self.kept)}) is not fitted: houfeng models pool")
        return Pool(self.members, tuple(member.learner() for member in self._recipes()))

    def fit(self, history: Catalog, region: Region) -> "FittedPool":
        """Fit the champion and the members; all count alike.

        Raises
        ------
        NotEnoughDataError, FitError
            As any learned model.
        """
        return FittedPool.of(super().fit(history, region))

    def _recipes(self) -> list[LearnedModel]:
        return [create_model(member, min_magnitude=self.min_magnitude) for member in self.members]


@dataclass(frozen=True, eq=False)
class FittedPool(FittedLearned):
    """A fitted pool."""

    model: LearnedPool
    rule: PooledRule

    @classmethod
    def of(cls, fitted: FittedLearned) -> "FittedPool":
        """A fitted model whose rule is pooled."""
        return cls(**{item.name: getattr(fitted, item.name) for item in fields(FittedLearned)})

    def weighted(self, weights: np.ndarray) -> "FittedPool":
        """The same members with other weights."""
        return replace(self, rule=replace(self.rule, weights=weights))

    def forecast(self, history: Catalog, window: Window, rng: np.random.Generator) -> Forecast:
        """As any learned model, with a note of the weights."""
        made = super().forecast(history, window, rng)
        weights = ", ".join(f"{name} {w:.2f}" for name, w in zip(self.rule.names, self.rule.weights, strict=True))
        notes = (*made.explanation.notes, f"Weights of the pool: {weights}.")
        return replace(made, explanation=replace(made.explanation, notes=notes))

    def parameters(self) -> dict[str, Estimate]:
        """Of the champion, both levels, and the weights."""
        weights = zip(self.rule.names, map(float, self.rule.weights), strict=True)
        own = {f"weight_{name.replace('-', '_')}": Estimate(w, w, w) for name, w in weights}
        return {**super().parameters(), **own}
