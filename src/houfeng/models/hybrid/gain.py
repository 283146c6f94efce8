"""The correction g of the rate, learnt as a Poisson regression whose exposure is what the champion expects.

On a piece with exposure dA (the integral of the champion's rate) and y earthquakes, minus the log-likelihood is
dA e^g - y g, exactly: g is constant there. It is bounded, so that no forecast is multiplied by more than e^1.5.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from houfeng.errors import MissingExtraError
from houfeng.models.hybrid.network import Adam, Network, Scale

#: Largest correction, nats.
MOST = 1.5


class Learner(Protocol):
    """Anything that says g from signals."""

    def __call__(self, signals: np.ndarray) -> np.ndarray:
        """The correction of each row, nats, shape (m,)."""


def bounded(g: np.ndarray, most: float = MOST) -> np.ndarray:
    """Within `most` of zero, smoothly."""
    return most * np.tanh(g / most)


@dataclass(frozen=True, eq=False)
class BoostedGain:
    """Boosted trees."""

    trees: object

    def __call__(self, signals: np.ndarray) -> np.ndarray:
        """See :class:`Learner`."""
        return bounded(np.log(self.trees.predict(signals)))


def learn_boosted(
    signals: np.ndarray,
    count: np.ndarray,
    exposure: np.ndarray,
    seed: int,
    *,
    rounds: int = 250,
    rate: float = 0.03,
    leaves: int = 8,
    in_leaf: int = 2000,
    shrinkage: float = 50.0,
) -> BoostedGain:
    """Trees of ``leaves`` leaves by the Poisson likelihood of `count` with `exposure`, shapes (m,).

    Raises
    ------
    MissingExtraError
        Where scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise MissingExtraError("boosted trees need scikit-learn: pip install houfeng[learn]") from error
    trees = HistGradientBoostingRegressor(
        loss="poisson",
        learning_rate=rate,
        max_iter=rounds,
        max_leaf_nodes=leaves,
        min_samples_leaf=in_leaf,
        l2_regularization=shrinkage,
        max_features=0.3,
        early_stopping=False,
        random_state=seed,
    )
    with threadpool_limits(1):  # threads that wait for each other on a loaded machine cost more than they bring
        return BoostedGain(trees.fit(signals, count / exposure, sample_weight=exposure))


@dataclass(frozen=True, eq=False)
class NetworkGain:
    """A small network."""

    network: Network
    scale: Scale

    def __call__(self, signals: np.ndarray) -> np.ndarray:
        """See :class:`Learner`."""
        return bounded(self.network.layers(self.scale(signals))[-1][:, 0])


def learn_network(
    signals: np.ndarray,
    count: np.ndarray,
    exposure: np.ndarray,
    rng: np.random.Generator,
    *,
    hidden: int = 32,
    epochs: int = 6,
    batch: int = 1024,
    rate: float = 1e-3,
    decay: float = 0.1,
) -> NetworkGain:
    """A network of two hidden layers by the same likelihood, for a fixed number of rounds."""
    scale = Scale.of(signals)
    network = Network.untrained((signals.shape[1], hidden, hidden, 1), rng)
    batch = min(batch, len(count))
    adam = Adam(network, rate, decay, epochs * (len(count) // batch))
    usual = float(count.mean())
    for _ in range(epochs):
        order = rng.permutation(len(count))
        for first in range(0, len(count) - batch + 1, batch):
            rows = order[first : first + batch]
            layers = network.layers(scale(signals[rows]))
            raw = layers[-1][:, 0]
            g = bounded(raw)
            slope = (exposure[rows] * np.exp(g) - count[rows]) * (1 - np.tanh(raw / MOST) ** 2)
            adam.step(network.gradients(layers, (slope / (batch * usual))[:, None]))
    return NetworkGain(network, scale)


def log_likelihood(count: np.ndarray, exposure: np.ndarray, g: np.ndarray) -> float:
    """What `g` adds to the log-likelihood, nats."""
    return float((count * g).sum() - (exposure * np.expm1(g)).sum())
