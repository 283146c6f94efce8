"""The density in space with other weights and other kernels: normalised by construction, whatever is learnt.

f(x | t) = (e^a0 mu B(x) + sum over strong j of A_j e^h_j k~_j(x) + sum over ages r of e^a_r above_r(x)) /
           (e^a0 mu + sum over strong j of A_j e^h_j + sum over ages r of e^a_r below_r)

k~_j is a power law like the champion's, its width, fall and shape changed: D e^w_j, rho e^q_j, and circles drawn out to
ellipses of the same area along the axis of the sources around. Each integrates to one over the plane for any values;
h, w, q, the elongation and a come from two small networks that see what was known at t and never x.
"""

from dataclasses import dataclass

import numpy as np

from houfeng.models.hybrid import pairs
from houfeng.models.hybrid.network import Adam, Network, Scale
from houfeng.models.hybrid.sources import AGES_DAYS, SpaceSources, Strongest

#: Largest change of ln weight, ln width, ln fall and half the log of the ratio of the axes; of ln weight of the rest.
MOST = np.array([2.0, 1.5, 0.7, 1.0], np.float32)
MOST_OF_REST = 1.0
_OF_MOMENT = [pairs.NAMES.index(name) for name in pairs.OF_MOMENT]


@dataclass(frozen=True, eq=False)
class SpaceExamples:
    """Places at moments, with the sources they may have come from.

    Attributes
    ----------
    signals : ndarray of float32, shape (m, k, signals)
    known : ndarray of bool, shape (m, k)
        Whether there is a source.
    weight, spread_km2, distance2_km2, along2_km2 : ndarray of float32, shape (m, k)
        Of each source as the champion has it; squared distance of the place, in all and along the axis.
    above, below : ndarray, shape (m, ages)
        Sums of the other sources.
    own, background : ndarray, shape (m,)
        Weight of the background, and its density at the place, per km^2.
    rho
        Fall of the kernels.
    """

    signals: np.ndarray
    known: np.ndarray
    weight: np.ndarray
    spread_km2: np.ndarray
    distance2_km2: np.ndarray
    along2_km2: np.ndarray
    above: np.ndarray
    below: np.ndarray
    own: np.ndarray
    background: np.ndarray
    rho: float

    @classmethod
    def of(
        cls,
        sources: SpaceSources,
        found: Strongest,
        seen: pairs.Pairs,
        xyz_km: np.ndarray,
        own: np.ndarray,
        background: np.ndarray,
    ) -> "SpaceExamples":
        """At places `xyz_km`, of the strongest sources `found` and what is `seen` of them."""
        j = np.maximum(found.source, 0)
        offset = xyz_km[:, None, :2] - sources.xyz_km[j][:, :, :2]
        along = (offset * seen.axis).sum(axis=-1)
        return cls(
            signals=seen.signals,
            known=found.source >= 0,
            weight=found.weight,
            spread_km2=sources.spread_km2[j].astype(np.float32),
            distance2_km2=found.distance2_km2,
            along2_km2=np.minimum((along**2).astype(np.float32), found.distance2_km2),
            above=found.above,
            below=found.below,
            own=own,
            background=background,
            rho=sources.rho,
        )

    def rows(self, chosen: np.ndarray | slice) -> "SpaceExamples":
        """Only some."""
        arrays = {name: getattr(self, name)[chosen] for name in self.__dataclass_fields__ if name != "rho"}
        return SpaceExamples(**arrays, rho=self.rho)

    def __len__(self) -> int:
        return len(self.own)


@dataclass(frozen=True, eq=False)
class Weighing:
    """Two networks: one looks at each source, one at the moment.

    Attributes
    ----------
    of_source, of_moment
        The networks; outputs h, w, q, elongation; and the weights of background and rest.
    scale
        Of the signals.
    changes : ndarray of float32, shape (4,)
        Which of the four outputs count: 1, else 0.
    """

    of_source: Network
    of_moment: Network
    scale: Scale
    changes: np.ndarray

    def log_densities(self, e: SpaceExamples, at_once: int = 500) -> np.ndarray:
        """Ln f(x | t) of each example."""
        parts = [self._evaluate(e.rows(slice(a, a + at_once))).value for a in range(0, len(e), at_once)]
        return np.concatenate(parts)

    def gradients(self, e: SpaceExamples) -> tuple[float, list[np.ndarray], list[np.ndarray]]:
        """Mean of minus ln f, and its gradients by the numbers of the two networks."""
        here = self._evaluate(e)
        n, k = e.weight.shape
        a, d = here.out, here.width + here.distance2
        share = here.source / here.above[:, None]
        by = np.stack(
            [
                share - here.weight / here.below[:, None],
                share * (here.rho - (1 + here.rho) * here.width / d),
                share * (1 + here.rho * np.log(here.width / d)),
                share * (1 + here.rho) * (2 * here.along2 - here.distance2) / d,
            ],
            axis=-1,
        )
        by *= -MOST * self.changes * (1 - a * a) / n
        rest = np.column_stack([here.own * e.background, here.rest_above]) / here.above[:, None]
        rest -= np.column_stack([here.own, here.rest_below]) / here.below[:, None]
        rest *= -MOST_OF_REST * (1 - here.rest**2) / n
        of_source = self.of_source.gradients(here.source_layers, by.reshape(n * k, -1))
        return -float(here.value.mean()), of_source, self.of_moment.gradients(here.moment_layers, rest)

    def _evaluate(self, e: SpaceExamples) -> "_Evaluated":
        signals = self.scale(e.signals)
        n, k, _ = signals.shape
        source_layers = self.of_source.layers(signals.reshape(n * k, -1))
        moment_layers = self.of_moment.layers(signals[:, 0, _OF_MOMENT])
        out, rest = np.tanh(source_layers[-1].reshape(n, k, -1)), np.tanh(moment_layers[-1])
        change = MOST * self.changes * out
        rho = e.rho * np.exp(change[..., 2])
        along2 = e.along2_km2 * np.exp(-change[..., 3])
        distance2 = along2 + (e.distance2_km2 - e.along2_km2) * np.exp(change[..., 3])
        width = e.spread_km2 * np.exp(change[..., 1])
        weight = e.weight * np.exp(change[..., 0])
        source = weight * rho / np.pi * np.exp(rho * np.log(width) - (1 + rho) * np.log(width + distance2))
        factor = np.exp(MOST_OF_REST * rest)
        own = e.own * factor[:, 0]
        rest_above, rest_below = e.above * factor[:, 1:], e.below * factor[:, 1:]
        above = own * e.background + source.sum(axis=1) + rest_above.sum(axis=1)
        below = own + weight.sum(axis=1, dtype=float) + rest_below.sum(axis=1)
        value = np.log(above) - np.log(below)
        names = locals()
        return _Evaluated(**{name: names[name] for name in _Evaluated.__dataclass_fields__})


@dataclass(frozen=True, eq=False)
class _Evaluated:
    """All that the gradients need."""

    value: np.ndarray
    above: np.ndarray
    below: np.ndarray
    source: np.ndarray
    weight: np.ndarray
    width: np.ndarray
    rho: np.ndarray
    distance2: np.ndarray
    along2: np.ndarray
    own: np.ndarray
    rest_above: np.ndarray
    rest_below: np.ndarray
    out: np.ndarray
    rest: np.ndarray
    source_layers: list[np.ndarray]
    moment_layers: list[np.ndarray]


def untrained(e: SpaceExamples, rng: np.random.Generator, *, hidden: int = 32, changes: str = "hwqe") -> Weighing:
    """The champion: networks that change nothing. `changes` names which of h, w, q, e (elongation) may be learnt."""
    signals = e.signals.shape[-1]
    return Weighing(
        of_source=Network.untrained((signals, hidden, hidden, 4), rng),
        of_moment=Network.untrained((len(_OF_MOMENT), 16, 2 + len(AGES_DAYS)), rng),
        scale=Scale.of(e.signals[e.known]),
        changes=np.array([name in changes for name in "hwqe"], np.float32),
    )


def learn_weighing(
    e: SpaceExamples,
    rng: np.random.Generator,
    *,
    changes: str = "hwqe",
    hidden: int = 32,
    epochs: int = 8,
    batch: int = 256,
    rate: float = 3e-3,
    decay: float = 1e-3,
) -> Weighing:
    """Maximise the mean of ln f over the examples, for a fixed number of rounds."""
    weighing = untrained(e, rng, hidden=hidden, changes=changes)
    batch = min(batch, len(e))
    steps = epochs * (len(e) // batch)
    both = [Adam(network, rate, decay, steps) for network in (weighing.of_source, weighing.of_moment)]
    for _ in range(epochs):
        order = rng.permutation(len(e))
        for first in range(0, len(e) - batch + 1, batch):
            _, *gradients = weighing.gradients(e.rows(np.sort(order[first : first + batch])))
            for optimiser, part in zip(both, gradients, strict=True):
                optimiser.step(part)
    return weighing


def mean_log_density(weighings: list[Weighing], e: SpaceExamples) -> np.ndarray:
    """Ln of the mean of the densities: a mixture of proper densities is one."""
    each = np.stack([w.log_densities(e) for w in weighings])
    most = each.max(axis=0)
    return most + np.log(np.exp(each - most).mean(axis=0))
