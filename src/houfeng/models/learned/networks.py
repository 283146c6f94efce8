"""Networks as learners: features, maps around the cell, the last earthquakes, and all three fused.

A network gives the log of the ratio to the prior and is trained by the Poisson likelihood of what followed, the prior
being the exposure. Its last layer starts at zero: a network that learns nothing leaves the champion as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.models.learned.learners import believed, bounded, folds
from houfeng.models.learned.rows import Rows

#: What a network may look at; each is an input of its own.
BRANCHES = ("features", "patches", "sequences")


@dataclass(frozen=True, eq=False)
class Standard:
    """Numbers to mean zero and spread one over the rows learned from; missing ones at zero, marked in a column each.

    Attributes
    ----------
    mean, spread : ndarray, shape (k,)
    holed : ndarray of int
        Columns that miss values somewhere.
    """

    mean: np.ndarray
    spread: np.ndarray
    holed: np.ndarray

    @classmethod
    def of(cls, table: np.ndarray, axes: tuple[int, ...] = (0,)) -> "Standard":
        """From rows; `axes` are those averaged over."""
        missing = np.isnan(table)
        count = np.maximum((~missing).sum(axis=axes), 1)
        filled = np.where(missing, 0.0, table)
        mean = filled.sum(axis=axes) / count
        shape = [1 if i in axes else -1 for i in range(table.ndim)]
        square = np.where(missing, 0.0, (table - mean.reshape(shape)) ** 2).sum(axis=axes) / count
        return cls(mean, np.sqrt(square) + 1e-6, np.flatnonzero(missing.any(axis=axes)))

    def __call__(self, table: np.ndarray, axis: int = 1) -> np.ndarray:
        """Scaled, float32; for plain rows with the columns that say what is missing."""
        shape = [-1 if i == axis else 1 for i in range(table.ndim)]
        scaled = (table - self.mean.reshape(shape)) / self.spread.reshape(shape)
        missing = np.isnan(scaled)
        scaled = np.clip(np.where(missing, 0.0, scaled), -8, 8).astype(np.float32)
        if table.ndim > 2 or not len(self.holed):
            return scaled
        return np.concatenate([scaled, missing[:, self.holed].astype(np.float32)], axis=1)

    @property
    def size(self) -> int:
        """Columns after scaling."""
        return len(self.mean) + len(self.holed)


@dataclass(frozen=True)
class Network:
    """A network over some of the branches.

    Attributes
    ----------
    branches
        Of :data:`BRANCHES`.
    width, depth, dropout, weight_decay
        Of the network.
    learning_rate, epochs, batch_size, patience
        Of the training; on each fold it stops early by what follows.
    members
        Networks from different first weights, whose outputs are averaged.
    progress
        Told how far the training is.
    """

    branches: tuple[str, ...] = ("features",)
    width: int = 32
    depth: int = 2
    dropout: float = 0.2
    weight_decay: float = 0.05
    learning_rate: float = 1e-3
    epochs: float = 8.0
    batch_size: int = 256
    patience: int = 6
    members: int = 2
    progress: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        strange = [name for name in self.branches if name not in BRANCHES]
        if strange or not self.branches:
            raise InputError(f"a network looks at some of {', '.join(BRANCHES)}, not at {strange or 'nothing'}")

    def fit(self, rows: Rows, rng: np.random.Generator) -> "NetworkRule":
        """Train one member on each fold, stopped by what follows it, then all on everything for as many steps.

        A network is believed as far as the members of the folds bear out on what follows them. That also told them when
        to stop, so that they are believed a little too readily; half of it for each did no better.
        """
        seeds = [int(seed) for seed in rng.integers(2**31, size=self.members)]
        shares, parts = [], []
        for early, later in folds(rows):
            scales = _scales(early, self.branches)
            done, share = self._trained(early, later, scales, seeds[0])
            parts.append((later, NetworkRule(self.branches, scales, (done,), 1.0).score(later)))
            shares.append(share)
        share = believed(Rows.joined([part[0] for part in parts]), np.concatenate([part[1] for part in parts]))
        scales, stop = _scales(rows, self.branches), float(np.median(shares))
        members = tuple(self._trained(rows, None, scales, seed, stop)[0] for seed in seeds)
        return NetworkRule(self.branches, scales, members, share)

    def _trained(
        self, learning: Rows, holding: Rows | None, scales: dict[str, Standard], seed: int, stop: float = 1.0
    ) -> tuple[object, float]:
        """A network, and after what share of its steps it was best; without rows to hold it, it ends at `stop`."""
        from houfeng.learning.engine import train
        from houfeng.learning.networks import build
        from houfeng.learning.settings import TrainSettings

        steps = max(1, int(np.ceil(stop * self.epochs * len(learning) / self.batch_size)))
        settings = TrainSettings(
            steps=steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warmup_share=0.1,
            evaluate_every=max(1, steps // 25),
            patience=self.patience,
            seed=seed,
            device="cpu",
        )
        network = build(self.config(scales, learning), seed)
        hook = None
        if self.progress is not None:
            hook = lambda told: self.progress(f"step {told.point.step} of {told.steps}")  # noqa: E731
        done = train(
            network,
            _examples(learning, self.branches, scales),
            None if holding is None else _examples(holding, self.branches, scales),
            loss="poisson",
            settings=settings,
            progress=hook,
        )
        return done.network, max(done.best_step / steps, 0.02)

    def config(self, scales: dict[str, Standard], rows: Rows) -> object:
        """What :func:`houfeng.learning.networks.build` makes the network from."""
        from houfeng.learning.networks import FusionConfig, MapCnnConfig, MlpConfig, SequenceRnnConfig

        made = {
            "features": lambda: MlpConfig(scales["features"].size, self.width, self.depth, self.dropout),
            "patches": lambda: MapCnnConfig(rows.patches.shape[1], self.width // 2, self.depth, self.dropout),
            "sequences": lambda: SequenceRnnConfig(rows.sequences.shape[2], self.width, 1, self.dropout),
        }
        branches = tuple((name, made[name]()) for name in self.branches)
        return FusionConfig(branches, width=self.width, depth=1, dropout=self.dropout)


@dataclass(frozen=True, eq=False)
class NetworkRule:
    """Trained networks, and how far they are believed.

    Attributes
    ----------
    branches, scales
        What they look at, and how it is scaled.
    members
        Networks.
    share
        Of their log ratio.
    """

    branches: tuple[str, ...]
    scales: dict[str, Standard]
    members: tuple[object, ...]
    share: float

    def inputs(self, rows: Rows) -> dict[str, np.ndarray]:
        """What the networks are given, by branch."""
        return _inputs(rows, self.branches, self.scales)

    def score(self, rows: Rows) -> np.ndarray:
        """Log of the ratio to the prior, shape (n,)."""
        from houfeng.learning.engine import predict

        inputs = self.inputs(rows)
        return np.mean([predict(member, inputs) for member in self.members], axis=0, dtype=float)

    def log_rate(self, rows: Rows) -> np.ndarray:
        """The prior times the ratio."""
        return bounded(rows.log_prior + self.share * self.score(rows), rows.log_prior)


def _scales(rows: Rows, branches: tuple[str, ...]) -> dict[str, Standard]:
    made = {
        "features": lambda: Standard.of(_numbers(rows)),
        "patches": lambda: Standard.of(rows.patches, (0, 2, 3)),
        "sequences": lambda: Standard.of(np.where(rows.sequences[:, :, -1:] > 0, rows.sequences, np.nan), (0, 1)),
    }
    return {name: made[name]() for name in branches}


def _numbers(rows: Rows) -> np.ndarray:
    return np.column_stack([rows.features, rows.log_prior])


def _inputs(rows: Rows, branches: tuple[str, ...], scales: dict[str, Standard]) -> dict[str, np.ndarray]:
    inputs = {}
    if "features" in branches:
        inputs["features"] = scales["features"](_numbers(rows))
    if "patches" in branches:
        inputs["patches"] = scales["patches"](rows.patches)
    if "sequences" in branches:
        there = rows.sequences[:, :, -1:] > 0
        inputs["sequences"] = np.where(there, scales["sequences"](rows.sequences, axis=2), np.float32(0))
    return inputs


def _examples(rows: Rows, branches: tuple[str, ...], scales: dict[str, Standard]) -> object:
    from houfeng.learning.examples import Examples

    exposure = np.exp(rows.log_prior) * rows.weight
    return Examples(_inputs(rows, branches, scales), np.column_stack([rows.active, exposure]))
