"""Learned models that are networks, each a set of branches under a name of its own."""

from dataclasses import dataclass
from typing import ClassVar

from houfeng.models.learned.learners import Learner
from houfeng.models.learned.model import LearnedModel
from houfeng.models.learned.networks import Network


@dataclass(frozen=True)
class NeuralModel(LearnedModel):
    """A network: so many `epochs` at most, of `width` and `depth`, with `dropout`, averaged over `members`."""

    epochs: float = 8.0
    width: int = 32
    depth: int = 2
    dropout: float = 0.2
    weight_decay: float = 0.05
    learning_rate: float = 1e-3
    members: int = 2

    def learner(self) -> Learner:
        """A network over what this model looks at."""
        return Network(
            self.looks_at,
            width=self.width,
            depth=self.depth,
            dropout=self.dropout,
            weight_decay=self.weight_decay,
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            members=self.members,
        )


@dataclass(frozen=True)
class LearnedMlp(NeuralModel):
    """Fully connected layers on the features."""

    name: ClassVar[str] = "mlp"
    reference: ClassVar[str] = "Rumelhart, Hinton & Williams (1986), doi:10.1038/323533a0"


@dataclass(frozen=True)
class LearnedCnn(NeuralModel):
    """Convolutions on maps of features around the cell."""

    name: ClassVar[str] = "cnn"
    reference: ClassVar[str] = "LeCun and others (1998), doi:10.1109/5.726791"

    @property
    def looks_at(self) -> tuple[str, ...]:
        """Maps."""
        return ("patches",)


@dataclass(frozen=True)
class LearnedRnn(NeuralModel):
    """A gated recurrent network on the last earthquakes near the cell."""

    name: ClassVar[str] = "rnn"
    reference: ClassVar[str] = "Cho and others (2014), doi:10.3115/v1/D14-1179"

    @property
    def looks_at(self) -> tuple[str, ...]:
        """Sequences."""
        return ("sequences",)


@dataclass(frozen=True)
class LearnedFusion(NeuralModel):
    """Features, maps and sequences, each by its own branch, fused by a head."""

    name: ClassVar[str] = "fusion"
    reference: ClassVar[str] = "Baltrusaitis, Ahuja & Morency (2019), doi:10.1109/TPAMI.2018.2798607"

    @property
    def looks_at(self) -> tuple[str, ...]:
        """Everything."""
        return ("features", "patches", "sequences")
