"""Learned models on tables, each a learner under a name of its own."""

from dataclasses import dataclass
from typing import ClassVar

from houfeng.models.learned.learners import Boosting, Forest, Learner, Logistic, SupportVectors
from houfeng.models.learned.model import LearnedModel


@dataclass(frozen=True)
class LearnedLogistic(LearnedModel):
    """Logistic regression; `penalty` is its L2 penalty."""

    penalty: float = 1e-3

    name: ClassVar[str] = "logistic"
    reference: ClassVar[str] = "Cox (1958), doi:10.1111/j.2517-6161.1958.tb00292.x"

    def learner(self) -> Learner:
        """Logistic regression."""
        return Logistic(self.penalty)


@dataclass(frozen=True)
class LearnedForest(LearnedModel):
    """Random forest of so many `trees`, no leaf of fewer rows than `least_leaf`."""

    trees: int = 200
    least_leaf: int = 50

    name: ClassVar[str] = "forest"
    reference: ClassVar[str] = "Breiman (2001), doi:10.1023/A:1010933404324"

    def learner(self) -> Learner:
        """Random forest."""
        return Forest(self.trees, self.least_leaf)


@dataclass(frozen=True)
class LearnedSvm(LearnedModel):
    """Support vector machine with a Gaussian kernel and this `cost` of a row on the wrong side, calibrated."""

    cost: float = 0.3

    name: ClassVar[str] = "svm"
    reference: ClassVar[str] = "Cortes & Vapnik (1995), doi:10.1007/BF00994018; Platt (1999)"

    def learner(self) -> Learner:
        """Support vector machine."""
        return SupportVectors(self.cost)


@dataclass(frozen=True)
class LearnedBoosting(LearnedModel):
    """Boosted trees of so many `rounds`, with this `rate` of learning and number of `leaves`."""

    rounds: int = 150
    rate: float = 0.03
    leaves: int = 8

    name: ClassVar[str] = "boosting"
    reference: ClassVar[str] = "Friedman (2001), doi:10.1214/aos/1013203451"

    def learner(self) -> Learner:
        """Boosted trees for the ratio to the prior."""
        return Boosting(self.rounds, self.rate, self.leaves)
