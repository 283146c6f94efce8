"""Smaller and faster networks: masks, eight-bit numbers, bfloat16, and students of a larger network.

Whether one of them is worth it is measured, not assumed: `benchmarks/compression.py`.
"""

import copy
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import InputError
from houfeng.learning.engine import Augment, Training, train
from houfeng.learning.examples import Examples, as_network_sees
from houfeng.learning.extra import require
from houfeng.learning.losses import Binary, Categorical, Loss, Poisson, loss_of
from houfeng.learning.settings import TrainSettings

torch = require("torch")


def prune(
    network: "torch.nn.Module",
    share: float,
    examples: Examples,
    validation: Examples | None,
    *,
    loss: str | Loss,
    settings: TrainSettings,
    augment: Augment | None = None,
) -> Training:
    """Set the smallest weights to zero, everywhere at once, and train the others on (unstructured pruning).

    The result is as large and as fast as before on ordinary hardware; only a packed file is smaller. To get a
    smaller network see `houfeng.learning.slimming`.

    Parameters
    ----------
    network
        Trained; left as it is.
    share
        Part of the weights (matrices and kernels) set to zero, in (0, 1).
    examples, validation, loss, settings, augment
        Of the fine-tuning, as in `train`.
    """
    _share(share)
    masks = require("torch.nn.utils.prune")
    pruned = copy.deepcopy(network)
    places = [
        (module, name)
        for module in pruned.modules()
        for name, parameter in module.named_parameters(recurse=False)
        if parameter.ndim >= 2 and parameter.requires_grad
    ]
    masks.global_unstructured(places, pruning_method=masks.L1Unstructured, amount=share)
    training = train(pruned, examples, validation, loss=loss, settings=settings, augment=augment)
    for module, name in places:
        masks.remove(module, name)
    return training


def zeros_share(network: "torch.nn.Module") -> float:
    """Part of the weights (matrices and kernels) that are exactly zero."""
    kept = [parameter for parameter in network.parameters() if parameter.ndim >= 2]
    return float(sum((p == 0).sum() for p in kept) / sum(p.numel() for p in kept))


class Bf16(torch.nn.Module):
    """A network with weights and work in bfloat16: half the memory; faster only where the processor has it."""

    def __init__(self, network: "torch.nn.Module") -> None:
        super().__init__()
        self.network = copy.deepcopy(network).to(torch.bfloat16)

    def forward(self, inputs):
        """As the network, raw outputs in float32."""
        halved = {name: x.to(torch.bfloat16) if x.is_floating_point() else x for name, x in inputs.items()}
        return self.network(halved).float()


def quantise(onnx: bytes, calibration: Mapping[str, NDArray], batch_size: int = 32) -> bytes:
    """An exported network with eight-bit weights and activations (static, per channel).

    The ranges of the activations are those seen on `calibration`. ONNX Runtime quantises convolutions and matrix
    products; recurrent layers stay in float32.

    Parameters
    ----------
    onnx
        What `to_onnx` gave.
    calibration
        Inputs of some hundred typical examples, (n, ...): of the training, never of the test.

    Returns
    -------
    bytes
        The ONNX file.
    """
    tools = require("onnxruntime.quantization")
    preprocess = require("onnxruntime.quantization.shape_inference").quant_pre_process
    n = len(next(iter(calibration.values())))
    if n == 0:
        raise InputError("no calibration examples: give inputs of some hundred training examples")
    batches = [
        {name: as_network_sees(np.asarray(values[start : start + batch_size])) for name, values in calibration.items()}
        for start in range(0, n, batch_size)
    ]

    class Reader(tools.CalibrationDataReader):
        """The batches, one after the other."""

        def __init__(self) -> None:
            self.left = iter(batches)

        def get_next(self):
            """The next batch, or None."""
            return next(self.left, None)

    with tempfile.TemporaryDirectory(prefix="houfeng-") as folder:
        plain, ready, small = (Path(folder) / name for name in ("plain.onnx", "ready.onnx", "int8.onnx"))
        plain.write_bytes(onnx)
        preprocess(str(plain), str(ready), skip_symbolic_shape=True)
        tools.quantize_static(
            str(ready),
            str(small),
            Reader(),
            quant_format=tools.QuantFormat.QDQ,
            activation_type=tools.QuantType.QUInt8,
            weight_type=tools.QuantType.QInt8,
            per_channel=True,
        )
        return small.read_bytes()


def distil(
    student: "torch.nn.Module",
    teacher: Callable[[Mapping[str, NDArray]], NDArray],
    examples: Examples,
    validation: Examples | None,
    *,
    loss: str | Loss,
    settings: TrainSettings,
    share: float = 0.7,
    augment: Augment | None = None,
) -> Training:
    """Train `student` on what `teacher` says as well as on the truth (Hinton et al. 2015, arXiv:1503.02531).

    Parameters
    ----------
    student
        Usually a smaller network.
    teacher
        Gives raw outputs for inputs: ``functools.partial(predict, network)`` or ``predictor.predict``.
    share
        Weight of the teacher's word, in (0, 1); the rest is the target's.
    examples, validation, loss, settings, augment
        As in `train`; the validation keeps the truth alone. The teacher is taken to have learned with this `loss`,
        and sees the examples as they are.
    """
    _share(share)
    loss = loss_of(loss)
    told = soften(examples.target, teacher(examples.inputs), loss, share)
    return train(student, replace(examples, target=told), validation, loss=loss, settings=settings, augment=augment)


def soften(target: NDArray, raw: NDArray, loss: Loss, share: float) -> NDArray:
    """`target` mixed with what the raw outputs of a teacher mean.

    All our losses but Huber's are straight in the target (squares up to a constant), so learning from the mixture
    is learning from both. Class weights shift what a teacher says; the shift is taken back before it is mixed in,
    because the same weights act on the student.
    """
    raw = np.asarray(raw, dtype=float)
    if isinstance(loss, Poisson):
        counts, exposure = target[..., 0], target[..., 1]
        return np.stack([(1 - share) * counts + share * exposure * np.exp(raw), exposure], -1)
    if isinstance(loss, Categorical):
        weights = np.asarray(loss.class_weights or np.ones(raw.shape[1]))
        raw = raw - np.log(weights).reshape(-1, *[1] * (raw.ndim - 2))
        shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
        taught = shifted / shifted.sum(axis=1, keepdims=True)  # (n, k, ...)
        hard = np.moveaxis(np.eye(raw.shape[1])[target], -1, 1) if target.dtype.kind in "iu" else target
        return (1 - share) * hard + share * taught
    taught = np.exp(-np.logaddexp(0, np.log(loss.pos_weight) - raw)) if isinstance(loss, Binary) else raw
    return (1 - share) * target + share * taught


def _share(share: float) -> None:
    if not 0 < share < 1:
        raise InputError(f"share={share} must be between 0 and 1, both excluded")
