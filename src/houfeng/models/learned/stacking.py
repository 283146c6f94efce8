"""A stack: what several learners say on moments none of them has seen, weighted by what it was worth there."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from houfeng.models.learned.calibration import log_likelihood
from houfeng.models.learned.learners import Boosting, Forest, Learner, Logistic, Rule, bounded, folds
from houfeng.models.learned.model import LearnedModel
from houfeng.models.learned.rows import Rows

#: Shares of the moments where the outer folds end.
OUTER = (0.6, 0.8, 1.0)
#: Steps of the climb of the weights, and how large the first is.
STEPS, FIRST_STEP = 400, 0.25


@dataclass(frozen=True, eq=False)
class StackedRule:
    """Rules and the weight of each log ratio to the prior; weights are not negative and sum to no more than one."""

    rules: tuple[Rule, ...]
    weights: np.ndarray

    def log_rate(self, rows: Rows) -> np.ndarray:
        """The prior times the weighted ratios."""
        return bounded(rows.log_prior + _ratios(self.rules, rows) @ self.weights, rows.log_prior)


@dataclass(frozen=True)
class Stack:
    """Learners to be stacked (Wolpert 1992, doi:10.1016/S0893-6080(05)80023-1), by folds in order of time."""

    learners: tuple[Learner, ...]

    def fit(self, rows: Rows, rng: np.random.Generator) -> StackedRule:
        """Fit all on each outer fold, find the weights on what followed, and fit all on everything."""
        unseen, ratios = [], []
        for early, later in folds(rows, OUTER):
            rules = tuple(learner.fit(early, rng) for learner in self.learners)
            unseen.append(later)
            ratios.append(_ratios(rules, later))
        weights = best_weights(Rows.joined(unseen), np.concatenate(ratios))
        return StackedRule(tuple(learner.fit(rows, rng) for learner in self.learners), weights)


def _ratios(rules: tuple[Rule, ...], rows: Rows) -> np.ndarray:
    """Log ratio of each rule to the prior, bounded, shape (n, rules)."""
    return np.column_stack([bounded(rule.log_rate(rows), rows.log_prior) - rows.log_prior for rule in rules])


def best_weights(rows: Rows, ratios: np.ndarray) -> np.ndarray:
    """Weights of log ratios, shape (rules,): not negative, sum at most one, of the highest likelihood of `rows`.

    Found by exponentiated gradient with a slack for the prior, from equal weights; the step is halved where it fails.
    """
    size = ratios.shape[1]
    shares = np.full(size + 1, 1 / (size + 1))  # the last is the prior's
    value, step = log_likelihood(rows, rows.log_prior + ratios @ shares[:size]), FIRST_STEP
    count = max(int(rows.active.sum()), 1)
    for _ in range(STEPS):
        rate = np.exp(rows.log_prior + ratios @ shares[:size])
        slope = np.where(rows.active, rate / np.expm1(np.maximum(rate, 1e-300)), -rate) * rows.weight
        gradient = np.append(ratios.T @ slope, 0.0) / count
        tried = shares * np.exp(step * (gradient - gradient.max()))
        tried /= tried.sum()
        better = log_likelihood(rows, rows.log_prior + ratios @ tried[:size])
        if better >= value:
            gained, shares, value, step = better - value, tried, better, step * 1.5
            if gained < 1e-7 * count:
                break
        else:
            step /= 2
    return np.where(shares[:size] > 1e-3, shares[:size], 0.0)


@dataclass(frozen=True)
class LearnedStack(LearnedModel):
    """Logistic regression, a small forest and boosted trees, stacked."""

    trees: int = 60

    name: ClassVar[str] = "stack"
    reference: ClassVar[str] = "Wolpert (1992), doi:10.1016/S0893-6080(05)80023-1"

    def learner(self) -> Stack:
        """The stack."""
        return Stack((Logistic(), Forest(self.trees), Boosting()))
