"""``houfeng train images``, top to bottom: class folders read, a network trained, its worth written beside it."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from houfeng import __version__
from houfeng.errors import InputError, UnknownNameError
from houfeng.learning.augment import ImageAugment
from houfeng.learning.backbones import PIXEL_MEAN, PIXEL_SCALE, TransferConfig, fine_tune
from houfeng.learning.engine import Progress, Training, predict, train
from houfeng.learning.examples import Examples
from houfeng.learning.export import to_onnx
from houfeng.learning.images import (
    MODEL_FILE,
    NETWORK_FILE,
    PictureConfig,
    Pictures,
    probabilities_of,
    read_part,
    scores_of,
)
from houfeng.learning.networks import build, config_to_json
from houfeng.learning.settings import TrainSettings
from houfeng.operations.outputs import write_text
from houfeng.reports.learning_curves import curves_plot
from houfeng.reports.messages import message

BACKBONES = ("none", "efficientnet-lite0")

#: What is done to training pictures unless said otherwise.
USUAL_AUGMENT = ImageAugment(rotate_degrees=20.0, shear_degrees=10.0, zoom=0.15, flip=True)

#: First trained unit in each stage of fine-tuning: the head alone, its last units, its last third.
UNFREEZE = (18, 16, 12)


@dataclass(frozen=True, eq=False)
class TrainedImages:
    """A model of pictures and where it lies.

    Attributes
    ----------
    folder
        Holds ``model.onnx``, ``model.json``, ``curve.png`` (one a stage) and the checkpoints.
    card
        As written in ``model.json``: classes, side, normalisation, settings, scores with their baselines.
    """

    folder: Path
    card: dict


def train_images(
    data: str | Path,
    folder: str | Path,
    *,
    backbone: str = "none",
    frozen: bool = False,
    side: int = 96,
    epochs: float = 30.0,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    seed: int = 0,
    device: str = "auto",
    strict: bool = False,
    augment: ImageAugment = USUAL_AUGMENT,
    simulated: bool = False,
    language: str = "en",
    progress: Callable[[Progress], None] | None = None,
) -> TrainedImages:
    """Train on ``data/train``, end by ``data/val``, score on ``data/test`` too where there is one.

    Parameters
    ----------
    data
        ``train/CLASS/*.jpg`` and ``val/CLASS/*``; see `houfeng.learning.images`.
    folder
        Where the model goes; a training that was killed there goes on.
    backbone
        ``none`` (a small network from scratch) or ``efficientnet-lite0`` (ImageNet weights, fine-tuned in stages).
    frozen
        Whether the backbone stays as it came, and only the head over its features is trained.
    side
        Pixels of the squares that pictures are brought to.
    epochs
        Passes through the training pictures, in each stage.
    strict
        Whether an unreadable picture is an error; otherwise it is set apart, counted and named on the card.
    simulated
        Whether the pictures are SIMULATED; the card and the curve say so.
    language
        Of the curve: ``en`` or ``zh``.

    Raises
    ------
    SourceError, InputError
        For folders and pictures that cannot be used; the message names them.
    MissingExtraError
        When the weights of the backbone are not installed.
    """
    if backbone not in BACKBONES:
        raise UnknownNameError("backbone", backbone, BACKBONES)
    if frozen and backbone == "none":
        raise InputError("a frozen backbone needs one: backbone 'efficientnet-lite0'")
    folder = Path(folder)
    learned, held = (read_part(data, part, side=side, strict=strict) for part in ("train", "val"))
    _same_classes(data, learned.classes, "val", held.classes)
    config = _config(learned, backbone)
    network = build(config, seed=seed)
    asked = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    every = max(1, -(-len(learned) // batch_size))
    settings = TrainSettings(**asked, device=device, evaluate_every=every, checkpoint_every_s=10.0)
    loss = "binary" if config.outputs == 1 else "categorical"
    rows = (
        Examples({"image": part.pixels}, part.labels, names=tuple(map(str, part.paths))) for part in (learned, held)
    )
    if backbone == "none":
        done = (train(network, *rows, loss=loss, settings=settings, augment=augment, folder=folder, progress=progress),)
    else:
        network.load_backbone()
        done = fine_tune(
            network, *rows,
            loss=loss, settings=settings, unfreeze=UNFREEZE[:1] if frozen else UNFREEZE, augment=augment,
            folder=folder, progress=progress,
        )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    to_onnx(network, {"image": _two_at_least(held.pixels)}, folder / NETWORK_FILE, tolerance=1e-4)
    _draw(done, folder, Path(data).resolve().name, simulated, language)
    card = {
        "kind": "images",
        "simulated": simulated,
        "data": str(data),
        "backbone": backbone,
        "frozen": frozen,
        "settings": asked,
        "augmentation": asdict(augment),
        "kept_step": [training.best_step for training in done],
        "stopped": [training.stopped for training in done],
        "scores": {part: _scores(network, kept) for part, kept in _judged(data, held, side, strict).items()},
        **_described(learned, held, config),
    }
    write_text(folder / MODEL_FILE, json.dumps(card, indent=2, ensure_ascii=False) + "\n")
    return TrainedImages(folder, card)


def _draw(done: tuple[Training, ...], folder: Path, name: str, simulated: bool, language: str) -> None:
    """The learning curve of each stage."""
    what = message("curves_pictures", language, name=name)
    what = message("curves_simulated", language, what=what) if simulated else what
    for number, training in enumerate(done, start=1):
        stage = "" if len(done) == 1 else " · " + message("curves_stage", language, stage=number, stages=len(done))
        path = folder / ("curve.png" if len(done) == 1 else f"curve-{number}.png")
        path.write_bytes(curves_plot(training, title=what + stage, language=language))


def _described(learned: Pictures, held: Pictures, config: PictureConfig | TransferConfig) -> dict:
    """What the card says of pictures and network."""
    two = len(learned.classes) == 2
    return {
        "classes": list(learned.classes),
        "output": f"one sigmoid: chance of '{learned.classes[1]}'" if two else "softmax",
        "side": learned.pixels.shape[-1],
        "network": config_to_json(config),
        "normalisation": _normalisation(config),
        "counts": {
            part: dict(zip(kept.classes, np.bincount(kept.labels).tolist(), strict=True))
            for part, kept in (("train", learned), ("val", held))
        },
        "quarantined": [{"file": str(path), "reason": why} for path, why in learned.quarantined + held.quarantined],
        "note": "val chose the step that was kept, so its scores are a little too good; those of test are not",
        "houfeng": __version__,
        "trained": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _config(learned: Pictures, backbone: str) -> PictureConfig | TransferConfig:
    """The network that fits these classes, starting at their base rate."""
    two = len(learned.classes) == 2
    share = float(np.clip(learned.labels.mean(), 1e-3, 1 - 1e-3)) if two else 0.5
    common = {"outputs": 1 if two else len(learned.classes), "prior": float(np.log(share / (1 - share)))}
    if backbone != "none":
        return TransferConfig(**common)
    values = learned.pixels.transpose(1, 0, 2, 3).reshape(3, -1)
    mean, deviation = (tuple(float(v) for v in kind(axis=1)) for kind in (values.mean, values.std))
    return PictureConfig(mean=mean, scale=tuple(max(v, 1.0) for v in deviation), **common)


def _normalisation(config: PictureConfig | TransferConfig) -> dict:
    """How pixels are scaled inside the network: (x - mean) / scale."""
    if isinstance(config, TransferConfig):
        return {"mean": [PIXEL_MEAN] * 3, "scale": [PIXEL_SCALE] * 3}
    return {"mean": list(config.mean), "scale": list(config.scale)}


def _same_classes(data: str | Path, classes: tuple[str, ...], part: str, others: tuple[str, ...]) -> None:
    if classes != others:
        odd = sorted(set(classes) ^ set(others))
        raise InputError(f"{data}/train has classes {', '.join(classes)}, {part} differs in {', '.join(odd)}")


def _judged(data: str | Path, held: Pictures, side: int, strict: bool) -> dict[str, Pictures]:
    """Parts to score on: val, and test where there is one."""
    if not (Path(data) / "test").is_dir():
        return {"val": held}
    test = read_part(data, "test", side=side, strict=strict)
    _same_classes(data, held.classes, "test", test.classes)
    return {"val": held, "test": test}


def _scores(network, pictures: Pictures) -> dict[str, float]:
    return scores_of(pictures.labels, probabilities_of(predict(network, {"image": pictures.pixels}, batch_size=64)))


def _two_at_least(pixels: np.ndarray) -> np.ndarray:
    """A few pictures on which the export is checked."""
    return pixels[:4] if len(pixels) > 1 else np.repeat(pixels, 2, axis=0)
