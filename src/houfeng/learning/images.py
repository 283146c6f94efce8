"""Pictures in class folders: reading them, a small network on them, and telling the class of new ones.

A folder holds ``train/CLASS/*.jpg`` and ``val/CLASS/*`` with the same classes. Two classes make one output, a logit of
the second class in the order of the alphabet, and one sigmoid over it; more classes make one logit each.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import InputError, SourceError
from houfeng.learning.extra import require
from houfeng.learning.inference import OnnxPredictor
from houfeng.learning.networks import Fusion, FusionConfig, MapCnnConfig, network_of

torch = require("torch")

#: Pixels of a side, least and most: more would fill the memory with detail no network here can use.
SIDES = (16, 1024)

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
MODEL_FILE, NETWORK_FILE = "model.json", "model.onnx"


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures of one part of a folder.

    Attributes
    ----------
    classes
        Names, in the order of the alphabet.
    pixels
        (n, 3, side, side) uint8: red, green, blue.
    labels
        (n,) index of the class.
    paths
        (n,) files, in order.
    quarantined
        (file, reason) of those that could not be read.
    """

    classes: tuple[str, ...]
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    paths: tuple[Path, ...]
    quarantined: tuple[tuple[Path, str], ...]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says of one picture: a probability for every class, summing to one."""

    path: Path
    probabilities: dict[str, float]

    @property
    def best(self) -> str:
        """The likeliest class."""
        return max(self.probabilities, key=self.probabilities.get)


def read_part(folder: str | Path, part: str, *, side: int, strict: bool = False) -> Pictures:
    """Read ``folder/part/CLASS/*``, each picture brought to side x side pixels.

    Parameters
    ----------
    folder, part
        Of the data set, and ``train`` or ``val`` (or another name).
    side
        Pixels; pictures are squeezed into the square.
    strict
        Whether an unreadable picture ends the reading; otherwise it is set apart and counted.

    Raises
    ------
    SourceError
        When a folder is missing, or a picture is unreadable and `strict` is on; the message names it.
    InputError
        When there are fewer than two classes, a class has no readable picture, or `side` is not within `SIDES`.
    """
    if not SIDES[0] <= side <= SIDES[1]:
        raise InputError(f"side={side}: pictures are brought to squares of {SIDES[0]} to {SIDES[1]} pixels")
    root = Path(folder) / part
    if not root.is_dir():
        raise SourceError(f"there is no folder {root}; expected {root}/CLASS/*.jpg, one folder a class")
    classes = tuple(sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")))
    if len(classes) < 2:
        found = f"only '{classes[0]}'" if classes else "none"
        raise InputError(f"{root} needs at least two class folders, it has {found}")
    pixels, labels, paths, quarantined = [], [], [], []
    for label, name in enumerate(classes):
        files = sorted(
            path for path in (root / name).iterdir() if path.suffix.lower() in SUFFIXES and not path.is_dir()
        )
        for path in files:
            try:
                pixels.append(read_picture(path, side=side))
            except SourceError as error:
                if strict:
                    raise
                quarantined.append((path, str(error)))
                continue
            labels.append(label)
            paths.append(path)
        if label not in labels:
            unreadable = f"; {len(files)} could not be read, the first is {files[0]}" if files else ""
            raise InputError(f"class folder {root / name} has no readable picture ({', '.join(SUFFIXES)}){unreadable}")
    return Pictures(classes, np.stack(pixels), np.array(labels), tuple(paths), tuple(quarantined))


def read_picture(path: str | Path, *, side: int) -> NDArray[np.uint8]:
    """One picture, (3, side, side) uint8; grey ones of 16 bits keep their upper 8.

    Raises
    ------
    SourceError
        When the file is missing, empty, cut short or no picture; the message names it.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            if picture.mode in ("I", "F"):
                raise SourceError(
                    f"{path} has {picture.mode} pixels whose white is not known: save it with 8 or 16 bits"
                )
            if picture.mode.startswith("I;16"):  # Pillow would cut 16 bits off at 255
                picture = Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
            square = picture.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    except FileNotFoundError as error:
        raise SourceError(f"there is no picture {path}") from error
    except UnidentifiedImageError as error:
        raise SourceError(f"{path} is no picture that can be read") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise SourceError(f"{path} is corrupt: {error}") from error
    return np.asarray(square).transpose(2, 0, 1).copy()


@dataclass(frozen=True, slots=True)
class PictureConfig:
    """A small convolutional network on pixels 0..255.

    Attributes
    ----------
    mean, scale
        Of the training pixels, three each: the normalisation is part of the network.
    width, depth, dropout
        As in `MapCnnConfig`.
    outputs, prior
        As in `FusionConfig`.
    """

    mean: tuple[float, ...] = (127.0, 127.0, 127.0)
    scale: tuple[float, ...] = (128.0, 128.0, 128.0)
    width: int = 16
    depth: int = 4
    dropout: float = 0.1
    outputs: int = 1
    prior: float = 0.0


@network_of(PictureConfig)
class PictureCnn(torch.nn.Module):
    """See `PictureConfig`; the input is named ``image``."""

    def __init__(self, config: PictureConfig) -> None:
        super().__init__()
        self.config = config
        branch = MapCnnConfig(len(config.mean), config.width, config.depth, config.dropout)
        head = FusionConfig((("image", branch),), dropout=config.dropout, outputs=config.outputs, prior=config.prior)
        self.fusion = Fusion(head)
        for name in ("mean", "scale"):
            values = torch.tensor(getattr(config, name), dtype=torch.float32)[None, :, None, None]
            self.register_buffer(name, values)

    def forward(self, inputs):
        """Dict with image (b, 3, h, w) -> logits (b,) or (b, outputs)."""
        return self.fusion({"image": (inputs["image"] - self.mean) / self.scale})


def probabilities_of(raw: NDArray[np.floating]) -> NDArray[np.float64]:
    """Chances of each class, (n, classes): one sigmoid over (n,) logits, a softmax over (n, classes)."""
    raw = np.asarray(raw, dtype=float)
    if raw.ndim == 1:
        second = 0.5 * (1 + np.tanh(0.5 * raw))
        return np.stack([1 - second, second], axis=1)
    shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def scores_of(labels: NDArray[np.integer], chances: NDArray[np.floating]) -> dict[str, float]:
    """Accuracy, log loss and, for two classes, area under ROC and average precision, each beside its baseline.

    Parameters
    ----------
    labels
        (n,) index of the class.
    chances
        (n, classes).

    Returns
    -------
    dict
        ``accuracy`` beside ``majority_accuracy``, ``log_loss`` beside ``prevalence_log_loss``; of two classes ``auc``
        (baseline 0.5) and ``average_precision`` beside ``prevalence``.
    """
    metrics = require("sklearn.metrics")
    counts = np.bincount(labels, minlength=chances.shape[1])
    shares = counts[counts > 0] / len(labels)
    taken = np.clip(chances[np.arange(len(labels)), labels], 1e-12, None)
    scores = {
        "n": len(labels),
        "accuracy": float((chances.argmax(axis=1) == labels).mean()),
        "majority_accuracy": float(counts.max() / len(labels)),
        "log_loss": float(-np.log(taken).mean()),
        "prevalence_log_loss": float(-(shares * np.log(shares)).sum()),
    }
    if chances.shape[1] == 2:
        scores["auc"] = float(metrics.roc_auc_score(labels, chances[:, 1]))
        scores["average_precision"] = float(metrics.average_precision_score(labels, chances[:, 1]))
        scores["prevalence"] = float(labels.mean())
    return scores


def classify(model_folder: str | Path, paths: Sequence[str | Path]) -> tuple[Answer, ...]:
    """Tell the class of pictures by a model that ``houfeng train images`` wrote; needs no torch network.

    Raises
    ------
    SourceError
        When the folder holds no model, or a picture cannot be read; the message names it.
    """
    folder = Path(model_folder)
    try:
        card = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
        classes, side = card["classes"], card["side"]
    except FileNotFoundError as error:
        raise SourceError(
            f"{folder} holds no {MODEL_FILE}; make one: houfeng train images DIR --out {folder}"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{folder / MODEL_FILE} is no model of pictures ({error})") from error
    if not paths:
        raise InputError("no pictures to classify")
    pixels = np.stack([read_picture(path, side=side) for path in paths])
    chances = probabilities_of(OnnxPredictor(folder / NETWORK_FILE).predict({"image": pixels}, batch_size=64))
    return tuple(
        Answer(Path(path), {name: float(chance) for name, chance in zip(classes, row, strict=True)})
        for path, row in zip(paths, chances, strict=True)
    )
