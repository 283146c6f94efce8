"""What a training needs to go on after it was killed, written so that a half-written file cannot exist."""

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path

import numpy as np

from houfeng.errors import InputError, StoreError
from houfeng.learning.examples import Examples
from houfeng.learning.extra import require
from houfeng.learning.losses import Loss
from houfeng.learning.settings import TrainSettings

torch = require("torch")

#: Settings that change how often a checkpoint is written, not what is learned.
_CADENCE = ("checkpoint_every_s", "checkpoint_every_steps")


@dataclass
class Progressed:
    """Everything of a training that changes from step to step.

    The randomness of a step is a function of seed and step number, so no generator has a state to keep.
    """

    step: int
    network: dict
    optimiser: dict
    history: list[tuple[float, ...]]
    best: dict
    best_loss: float
    best_step: int
    waited: int
    running: tuple[float, float]
    stopped: str


def fingerprint(
    network: "torch.nn.Module",
    examples: Examples,
    validation: Examples | None,
    loss: Loss,
    settings: TrainSettings,
    augment: Callable | None,
) -> dict[str, str]:
    """What a training is of, part by part: two trainings with the same parts give the same weights."""
    kept = {name: value for name, value in asdict(settings).items() if name not in _CADENCE}
    parameters = [(name, list(p.shape), p.requires_grad) for name, p in network.named_parameters()]
    name = f"{getattr(augment, '__module__', '')}.{getattr(augment, '__qualname__', type(augment).__qualname__)}"
    return {
        "examples": digest_examples(examples),
        "validation examples": digest_examples(validation) if validation is not None else "none",
        "network": _digest(f"{network}{parameters}".encode()),
        "first weights": digest_weights(network),
        "loss": repr(loss),
        "settings": json.dumps(kept, sort_keys=True),
        "augmentation": repr(augment) if augment is None or is_dataclass(augment) else name,
        "torch": str(torch.__version__),
    }


def digest_examples(examples: Examples) -> str:
    """Fingerprint of all numbers of `examples`."""
    digest = hashlib.sha256()
    for name, values in {**examples.inputs, " target": examples.target, " weight": examples.weight}.items():
        digest.update(f"{name} {values.dtype.str} {values.shape}".encode())
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()


def digest_weights(network: "torch.nn.Module") -> str:
    """Fingerprint of all weights and buffers of `network`."""
    digest = hashlib.sha256()
    for name, values in network.state_dict().items():
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode())
        digest.update(values.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def check_writable(path: Path) -> None:
    """Learn before the first step, not after the first hour, that no checkpoint can be written to `path`.

    Raises
    ------
    StoreError
        When its folder cannot be made, or holds nothing new.
    """
    probe = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def save(path: Path, progressed: Progressed, parts: dict[str, str]) -> None:
    """Write a checkpoint beside `path`, then put it in its place at once.

    Raises
    ------
    StoreError
        When it cannot be written; the last one still stands.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            torch.save({"parts": parts, **vars(progressed)}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        for left in path.parent.glob(f"{path.name}.*.part"):  # of processes killed while they wrote
            left.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def load(path: Path, parts: dict[str, str]) -> Progressed | None:
    """The checkpoint in `path`, or None where there is none.

    Raises
    ------
    InputError
        When it cannot be read, or is of another training; the message says which parts differ.
    """
    if not path.exists():
        return None
    try:
        kept = torch.load(path, weights_only=True, map_location="cpu")
        found = kept.pop("parts")
        progressed = Progressed(**kept)
    except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is not a checkpoint that can be read ({type(error).__name__}): remove it to start again"
        ) from error
    differing = [name for name in parts if parts[name] != found.get(name)]
    if differing:
        raise InputError(
            f"{path} is the checkpoint of another training (different: {', '.join(differing)}): give another folder, "
            "or remove it to start again"
        )
    return progressed


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"no checkpoint could be written to {path} ({error}): make room and leave to write there, or give another "
        "folder; a training that had begun goes on from its last checkpoint"
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
