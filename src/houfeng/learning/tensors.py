"""From numpy rows to torch tensors, and torch's own state kept as it was found."""

import contextlib
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import InputError
from houfeng.learning.examples import as_network_sees
from houfeng.learning.extra import require

torch = require("torch")


def tensors(inputs: Mapping[str, NDArray], rows: NDArray, device: "torch.device") -> dict[str, "torch.Tensor"]:
    """The `rows` of all inputs, (b, ...) each."""
    return {name: tensor(values[rows], device) for name, values in inputs.items()}


def tensor(values: NDArray, device: "torch.device", pixels: bool = True) -> "torch.Tensor":
    """As `houfeng.learning.examples.as_network_sees`, on `device`."""
    return torch.from_numpy(as_network_sees(values, pixels)).to(device)


def weights_of(network: "torch.nn.Module") -> dict[str, "torch.Tensor"]:
    """A copy of all weights and buffers."""
    return {name: values.detach().clone() for name, values in network.state_dict().items()}


def device_of(name: str) -> "torch.device":
    """The device of that name ('auto': a GPU if there is one).

    Raises
    ------
    InputError
        When 'cuda' is asked for where torch finds no GPU.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("device 'cuda' was asked for and torch finds no GPU: use 'cpu' or 'auto'")
    return torch.device(name)


def seed_of(*parts: int) -> int:
    """A seed for torch from several whole numbers, without pattern from one to the next."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)


@contextlib.contextmanager
def seeded(seed: int, device: "torch.device | None" = None) -> Iterator[None]:
    """Dropout and first weights draw from torch's own generator: seed it here, and put it back as it was."""
    with torch.random.fork_rng(devices=[device] if device is not None and device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


@contextlib.contextmanager
def threads(number: int) -> Iterator[None]:
    """At most `number` CPU threads inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def evaluating(network: "torch.nn.Module") -> Iterator[None]:
    """`network` in evaluation mode and without gradients inside; its mode is put back."""
    before = network.training
    network.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        network.train(before)
