"""A small network with gradients by hand: enough for a handful of numbers, with nothing to install.

Its last layer starts at zero, so that an untrained network says zero.
"""

from dataclasses import dataclass, field

import numpy as np

#: Decay of the running means of the gradient and of its square (Kingma & Ba 2015, arXiv:1412.6980).
_FIRST, _SECOND = 0.9, 0.999
#: Gradients smaller than this are zero: arithmetic on denormal numbers is slow.
_NOTHING = 1e-12


@dataclass(frozen=True, eq=False)
class Network:
    """Fully connected layers with rectifiers between them.

    Attributes
    ----------
    weights, biases : tuple of ndarray of float32
        One of each per layer, shapes (inputs, outputs), (outputs,).
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]

    @classmethod
    def untrained(cls, sizes: tuple[int, ...], rng: np.random.Generator) -> "Network":
        """Layers of `sizes`, inputs first, outputs last."""
        pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
        weights = [rng.normal(0.0, np.sqrt(2.0 / a), (a, b)).astype(np.float32) for a, b in pairs]
        weights[-1][:] = 0.0
        return cls(tuple(weights), tuple(np.zeros(b, np.float32) for _, b in pairs))

    def layers(self, inputs: np.ndarray) -> list[np.ndarray]:
        """Inputs, what each hidden layer gives, and the outputs; shapes (n, size of the layer)."""
        values = [inputs]
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            out = values[-1] @ weight + bias
            values.append(np.maximum(out, 0.0) if k < len(self.weights) - 1 else out)
        return values

    def gradients(self, layers: list[np.ndarray], by_output: np.ndarray) -> list[np.ndarray]:
        """Gradients by weights, then by biases, of something whose gradient by the outputs is given."""
        by_weight, by_bias = [], []
        by_output = np.where(np.abs(by_output) < _NOTHING, 0.0, by_output).astype(np.float32)
        for weight, below in zip(self.weights[::-1], layers[-2::-1], strict=True):
            by_weight.append(below.T @ by_output)
            by_bias.append(by_output.sum(axis=0))
            by_output = (by_output @ weight.T) * (below > 0)
        return by_weight[::-1] + by_bias[::-1]


@dataclass(eq=False)
class Adam:
    """Steps of a network's numbers, in place, with decoupled weight decay.

    Attributes
    ----------
    network
        Whose arrays are changed.
    rate, decay
        Length of a step at its largest, and share of a weight taken away per unit of step.
    total
        Steps in all: the length rises over the first fifty and then falls like a cosine to zero.
    """

    network: Network
    rate: float
    decay: float
    total: int
    _step: int = 0
    _means: list[np.ndarray] = field(default_factory=list)
    _squares: list[np.ndarray] = field(default_factory=list)

    def step(self, gradients: list[np.ndarray]) -> None:
        """One step down."""
        numbers = [*self.network.weights, *self.network.biases]
        if not self._means:
            self._means, self._squares = ([np.zeros_like(p) for p in numbers] for _ in range(2))
        length = self.rate * min(1.0, (self._step + 1) / 50) * 0.5 * (1 + np.cos(np.pi * self._step / self.total))
        self._step += 1
        for p, g, mean, square in zip(numbers, gradients, self._means, self._squares, strict=True):
            mean += (1 - _FIRST) * (g - mean)
            square += (1 - _SECOND) * (g * g - square)
            usual = np.sqrt(square / (1 - _SECOND**self._step)) + 1e-8
            p -= length * (mean / (1 - _FIRST**self._step) / usual + self.decay * p)


@dataclass(frozen=True, eq=False)
class Scale:
    """Mean and spread of each signal, as they were where the network learned; shapes (signals,)."""

    mean: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, signals: np.ndarray) -> "Scale":
        """Of rows of signals."""
        return cls(signals.mean(axis=0), signals.std(axis=0) + np.float32(1e-3))

    def __call__(self, signals: np.ndarray) -> np.ndarray:
        """Signals less the mean, over the spread; none further out than it makes sense to trust."""
        return np.clip((signals - self.mean) / self.spread, -6.0, 6.0)
