"""Integrated gradients: how much each input of a network moved its output away from that of a baseline.

The gradient of the output is averaged along the straight line from the baseline to the input, and multiplied by the
difference of the two. Summed over all inputs that is the difference of the outputs (completeness), but for the error of
the average, which is told with the result.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import InputError
from houfeng.learning.extra import require
from houfeng.learning.tensors import tensor

torch = require("torch")


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each input did to the output of each example.

    Attributes
    ----------
    values : dict of ndarray
        By input, shaped as the input: (n, ...).
    output, baseline_output : ndarray, shape (n,)
        Of the network, for the inputs and for the baseline.
    """

    values: Mapping[str, NDArray[np.float64]]
    output: NDArray[np.float64]
    baseline_output: NDArray[np.float64]

    @property
    def total(self) -> NDArray[np.float64]:
        """All values of each example summed, shape (n,)."""
        return sum(value.reshape(len(value), -1).sum(axis=1) for value in self.values.values())

    @property
    def gap(self) -> NDArray[np.float64]:
        """What is missing to the difference of the outputs, shape (n,): the error of the average, near 0."""
        return self.output - self.baseline_output - self.total


def integrated_gradients(
    network: "torch.nn.Module",
    inputs: Mapping[str, NDArray],
    baseline: Mapping[str, NDArray] | None = None,
    *,
    output: int | None = None,
    steps: int = 64,
) -> Attribution:
    """Attribute the raw output of `network` to its inputs.

    Parameters
    ----------
    network
        Takes a dict of tensors, (n, ...), and gives (n,) or, with `output`, (n, outputs). Its weights, its mode and
        its gradients are left as they are.
    inputs
        By name; numbers. All take part, so lengths of sequences cannot be among them.
    baseline
        What says nothing, shaped as one example or as all of them; zeros where None, which is the mean of standardised
        inputs.
    output
        Which of several outputs.
    steps
        Points of the Gauss-Legendre rule along the line.

    Raises
    ------
    InputError
        When shapes do not fit, or inputs are not finite.

    References
    ----------
    Sundararajan, Taly & Yan (2017), "Axiomatic attribution for deep networks", arXiv:1703.01365.
    """
    if steps < 1 or not inputs:
        raise InputError(f"at least one step and one input are needed, not {steps} and {len(inputs)}")
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    ends = {name: tensor(np.asarray(values), device).float() for name, values in inputs.items()}
    starts = {name: _start(name, end, baseline, device) for name, end in ends.items()}
    place, weight = np.polynomial.legendre.leggauss(steps)
    summed = {name: torch.zeros_like(end, dtype=torch.float64) for name, end in ends.items()}
    before = network.training
    network.eval()
    try:
        for along, share in zip((place + 1) / 2, weight / 2, strict=True):
            points = {
                name: (starts[name] + float(along) * (end - starts[name])).requires_grad_(True)
                for name, end in ends.items()
            }
            # Examples do not see each other in evaluation mode: the sum has the gradient of each.
            told = _told(network(points), output)
            gradients = torch.autograd.grad(told.sum(), list(points.values()), allow_unused=True)
            for name, gradient in zip(points, gradients, strict=True):
                if gradient is not None:
                    summed[name] += float(share) * gradient.double()
        with torch.no_grad():
            last, first = (_told(network(side), output).double().cpu().numpy() for side in (ends, starts))
    finally:
        network.train(before)
    values = {name: (summed[name] * (end - starts[name])).cpu().numpy() for name, end in ends.items()}
    return Attribution(values, last, first)


def _start(name: str, end: "torch.Tensor", baseline: Mapping[str, NDArray] | None, device) -> "torch.Tensor":
    if not torch.isfinite(end).all():
        raise InputError(f"input {name} has missing or infinite values; fill them as the network was trained")
    if baseline is None:
        return torch.zeros_like(end)
    if name not in baseline:
        raise InputError(f"the baseline has no {name}; it has {', '.join(sorted(baseline)) or 'nothing'}")
    start = tensor(np.asarray(baseline[name]), device).float()
    if start.shape not in (end.shape, end.shape[1:]):
        raise InputError(f"the baseline of {name} is {tuple(start.shape)}; the input is {tuple(end.shape)}")
    return start.expand_as(end).clone()


def _told(raw: "torch.Tensor", output: int | None) -> "torch.Tensor":
    """One number for each example."""
    if output is not None:
        if raw.ndim != 2 or not 0 <= output < raw.shape[1]:
            raise InputError(f"there is no output {output} in {tuple(raw.shape)}")
        return raw[:, output]
    if raw.ndim != 1:
        raise InputError(f"the network gives {tuple(raw.shape)}: say which output is meant")
    return raw
