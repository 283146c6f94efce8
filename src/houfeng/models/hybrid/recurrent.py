"""The correction of the rate by a recurrent network over the last earthquakes, beside the signals of the piece."""

from dataclasses import dataclass

import numpy as np

from houfeng.models.adaptive.past import Past
from houfeng.models.hybrid.gain import MOST, bounded
from houfeng.models.hybrid.network import Scale
from houfeng.models.hybrid.rate import ChampionRate

#: Earthquakes in a sequence.
LAST = 20


def sequences(past: Past, rate: ChampionRate, known: np.ndarray, *, champion: bool = True) -> np.ndarray:
    """The last earthquakes of each piece, oldest first, float32, shape (m, LAST, 5).

    Of each: log of the gap before it, magnitude, log of the distance from the one before, and what the champion says
    of it (log of the number expected in the gap, independence): zero where not `champion`.
    """
    d, s = past.data, past.smoothing
    gap = np.diff(d.days, prepend=d.days[0] - s.gap_days)
    step = np.append(0.0, np.linalg.norm(np.diff(d.xyz_km, axis=0), axis=1))
    expected = np.diff(rate.at(d.days).integral, prepend=-1.0)
    columns = [
        np.log(gap / s.gap_days + 1e-3),
        d.m,
        np.log(step / s.spacing_km + 0.1),
        champion * np.log(expected + 1e-3),
        champion * past.independence,
    ]
    table = np.column_stack(columns).astype(np.float32)
    rows = np.maximum(known[:, None] - LAST + np.arange(LAST), 0)
    return Scale.of(table[: known[0]])(table)[rows]


@dataclass(frozen=True, eq=False)
class RecurrentGain:
    """A gated recurrent network and the signals, fused."""

    network: object
    scale: Scale
    most: float = MOST

    def __call__(self, signals: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Correction of each piece, nats, shape (m,); `last` as :func:`sequences` gives them."""
        from houfeng.learning.engine import predict

        raw = predict(self.network, {"signals": self.scale(signals), "last": last}, batch_size=4096)
        return bounded(raw.astype(float).reshape(-1), self.most)


def learn_recurrent(
    signals: np.ndarray,
    last: np.ndarray,
    count: np.ndarray,
    exposure: np.ndarray,
    seed: int,
    *,
    epochs: float = 4,
    width: int = 16,
    batch: int = 1024,
    most: float = MOST,
) -> RecurrentGain:
    """Learn by the Poisson likelihood of `count` with `exposure`, for a fixed number of rounds.

    Raises
    ------
    MissingExtraError
        Where torch is not installed.
    """
    from houfeng.learning.engine import train
    from houfeng.learning.examples import Examples
    from houfeng.learning.networks import FusionConfig, MlpConfig, SequenceRnnConfig, build
    from houfeng.learning.settings import TrainSettings

    scale = Scale.of(signals)
    branches = (("signals", MlpConfig(signals.shape[1], width=32, depth=1)), ("last", SequenceRnnConfig(5, width)))
    network = build(FusionConfig(branches, width=32, depth=1), seed)
    examples = Examples({"signals": scale(signals), "last": last}, np.column_stack([count, exposure]))
    settings = TrainSettings(
        epochs=epochs, batch_size=min(batch, len(count)), learning_rate=1e-3, weight_decay=0.1, seed=seed
    )
    return RecurrentGain(train(network, examples, None, loss="poisson", settings=settings).network, scale, most)
