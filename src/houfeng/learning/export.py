"""From torch to ONNX, with the proof that both say the same."""

import io
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import FitError, InputError
from houfeng.learning.engine import predict
from houfeng.learning.extra import require
from houfeng.learning.inference import OnnxPredictor
from houfeng.learning.tensors import evaluating, tensors

torch = require("torch")

#: What torch says on every export by tracing; its newer exporter needs one more package and gains nothing here.
_KNOWN = (
    (DeprecationWarning, "You are using the legacy TorchScript-based ONNX export"),
    (DeprecationWarning, "The feature will be removed. Please remove usage of this function"),
    (UserWarning, "Exporting a model to ONNX with a batch_size other than 1"),
    (torch.jit.TracerWarning, "Converting a tensor to a Python"),
)


class _ByPosition(torch.nn.Module):
    """A network of named inputs as one of inputs in order, which is what ONNX has."""

    def __init__(self, network: "torch.nn.Module", names: tuple[str, ...]) -> None:
        super().__init__()
        self.network, self.names = network, names

    def forward(self, *values):
        return self.network(dict(zip(self.names, values, strict=True)))


def to_onnx(
    network: "torch.nn.Module",
    inputs: Mapping[str, NDArray],
    path: str | Path | None = None,
    tolerance: float = 1e-4,
) -> bytes:
    """Export `network`, and check on all of `inputs` that ONNX Runtime gives the same raw outputs.

    Parameters
    ----------
    network
        Takes a dict of tensors; the number of examples stays free, all other sizes are those of `inputs`.
    inputs
        Some real examples, (n, ...), at least two.
    path
        Where to write it as well.
    tolerance
        Largest allowed difference, relative to the largest output (at least 1); the rounding of ONNX Runtime over a
        recurrent network of fifty items reaches 4e-5.

    Returns
    -------
    bytes
        The ONNX file.

    Raises
    ------
    FitError
        When the exported network says something else.
    """
    names, n = tuple(inputs), len(next(iter(inputs.values())))
    if n < 2:
        raise InputError("an export is checked on at least two examples")
    network = network.to("cpu")
    batch = tensors(inputs, np.arange(2), torch.device("cpu"))
    wrapped, content = _ByPosition(network, names), io.BytesIO()
    with warnings.catch_warnings(), evaluating(network):
        wrapped.training = False
        for kind, message in _KNOWN:
            warnings.filterwarnings("ignore", message=message, category=kind)
        torch.onnx.export(
            wrapped,
            tuple(batch[name] for name in names),
            content,
            input_names=list(names),
            output_names=["raw"],
            dynamic_axes={name: {0: "examples"} for name in (*names, "raw")},
            dynamo=False,
        )
    expected, found = predict(network, inputs), OnnxPredictor(content.getvalue()).predict(inputs)
    worst = float(np.abs(found - expected).max()) if found.shape == expected.shape else float("inf")
    if not worst <= tolerance * max(1.0, float(np.abs(expected).max())):
        raise FitError(f"the exported network differs from the trained one by {worst:g}: not written")
    if path is not None:
        Path(path).write_bytes(content.getvalue())
    return content.getvalue()
