"""``houfeng train waveforms``, top to bottom: records simulated or read, windows cut, a network trained and judged."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from houfeng import __version__
from houfeng.errors import InputError
from houfeng.learning.augment import WaveformAugment
from houfeng.learning.engine import Progress, predict, train
from houfeng.learning.examples import Examples
from houfeng.learning.export import to_onnx
from houfeng.learning.networks import build, config_to_json
from houfeng.learning.settings import TrainSettings
from houfeng.learning.simulated_waveforms import CLASSES, simulate_records
from houfeng.learning.waveform_classifier import (
    Rule,
    WaveformConfig,
    balanced_accuracy,
    by_event,
    cut_windows,
    fit_rule,
    read_records,
)
from houfeng.operations.outputs import write_text
from houfeng.reports.learning_curves import curves_plot
from houfeng.reports.messages import message

#: Earthquakes without which a class would be missing among those learned from, stopped by or judged on.
FEWEST_EVENTS = 5

#: What is done to training windows.
USUAL_AUGMENT = WaveformAugment(shift_samples=20, noise=0.1, channel_drop=0.15, polarity=0.5)


@dataclass(frozen=True, eq=False)
class TrainedWaveforms:
    """A classifier of windows, where it lies, and what it is worth.

    Attributes
    ----------
    folder
        Holds ``model.onnx``, ``model.json``, ``curve.png`` and the checkpoint.
    card
        As in ``model.json``.
    network
        The trained network; input ``waveform`` (n, 3, samples), output logits of `CLASSES`.
    rule
        The baseline, fitted on the same windows.
    """

    folder: Path
    card: dict
    network: object
    rule: Rule


def train_waveforms(
    folder: str | Path,
    *,
    records: str | Path | None = None,
    count: int = 600,
    design: str = "cnn",
    window_samples: int = 200,
    epochs: float = 20.0,
    seed: int = 0,
    device: str = "auto",
    language: str = "en",
    progress: Callable[[Progress], None] | None = None,
) -> TrainedWaveforms:
    """Train on windows of SIMULATED records, or of a folder of real ones; judged on earthquakes it has not seen.

    Parameters
    ----------
    folder
        Where the model goes; a training that was killed there goes on.
    records
        Folder of .npz files (see `read_records`); None simulates `count` earthquakes.
    design
        ``cnn`` or ``gru``.
    window_samples
        Length of a window, at 100 Hz.
    epochs
        Passes through the windows, at most.
    language
        Of the curve: ``en`` or ``zh``.

    Raises
    ------
    SourceError, InputError
        For records that cannot be used; the message names the file.
    """
    if window_samples < 64:
        raise InputError(f"window_samples={window_samples}: at least 64 are needed")
    folder, rng = Path(folder), np.random.default_rng([seed, 7])
    kept = simulate_records(count, rng) if records is None else read_records(records)
    examples, event = cut_windows(kept, rng, samples=window_samples, each=2)
    _check_windows(examples, event, records, window_samples)
    judged = by_event(event, 0.2, rng)
    rest = np.flatnonzero(~judged)
    ending = rest[by_event(event[rest], 0.2, rng)]
    learned = examples.select(np.setdiff1d(rest, ending))
    config = WaveformConfig(design=design)
    network = build(config, seed=seed)
    batch = min(64, len(learned))
    settings = TrainSettings(
        epochs=epochs, batch_size=batch, learning_rate=2e-3, seed=seed, device=device, patience=5,
        evaluate_every=max(1, -(-len(learned) // batch)), checkpoint_every_s=10.0,
    )  # fmt: skip
    training = train(
        network, learned, examples.select(ending),
        loss="categorical", settings=settings, augment=USUAL_AUGMENT, folder=folder, progress=progress,
    )  # fmt: skip
    rule = fit_rule(learned)
    folder.mkdir(parents=True, exist_ok=True)
    to_onnx(network, {"waveform": examples.inputs["waveform"][:4]}, folder / "model.onnx", tolerance=1e-4)
    what = message("curves_windows", language, name=design)
    what = message("curves_simulated", language, what=what) if kept.simulated else what
    (folder / "curve.png").write_bytes(curves_plot(training, title=what, language=language))
    card = {
        "kind": "waveforms",
        "simulated": kept.simulated,
        "records": "SIMULATED by Houfeng" if records is None else str(records),
        "earthquakes": len(kept),
        "classes": list(CLASSES),
        "window_samples": window_samples,
        "sampling_hz": 100.0,
        "normalisation": "each window: minus the mean of each component, over the standard deviation of all",
        "network": config_to_json(config),
        "seed": seed,
        "kept_step": training.best_step,
        "stopped": training.stopped,
        "scores": window_scores(network, rule, examples.select(judged)),
        "split": "by earthquake: 64 % learned from, 16 % chose the step, 20 % judged",
        "houfeng": __version__,
        "trained": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    write_text(folder / "model.json", json.dumps(card, indent=2) + "\n")
    return TrainedWaveforms(folder, card, network, rule)


def _check_windows(windows: Examples, event: np.ndarray, records: str | Path | None, window_samples: int) -> None:
    """Refuse what cannot be shared between learning, stopping and judging, or lacks a class."""
    source = "the SIMULATED records" if records is None else str(records)
    for label, name in enumerate(CLASSES):
        found = len(np.unique(event[windows.target == label]))
        if found < FEWEST_EVENTS:
            raise InputError(
                f"{source}: {found} earthquakes have a window of {window_samples} samples of the class '{name}', "
                f"at least {FEWEST_EVENTS} are needed: give shorter windows, or more and longer records"
            )


def window_scores(network: object, rule: Rule, windows: Examples) -> dict[str, float]:
    """Balanced accuracy of network and rule, the share of each class told right by the network, and no skill."""
    labels = windows.target
    guess = predict(network, windows.inputs).argmax(axis=1)
    told = {f"{CLASSES[value]}_right": float((guess[labels == value] == value).mean()) for value in np.unique(labels)}
    return {
        "n": len(labels),
        "balanced_accuracy": balanced_accuracy(labels, guess),
        "rule_balanced_accuracy": balanced_accuracy(labels, rule.classes(windows.inputs["waveform"])),
        "no_skill": 1 / len(np.unique(labels)),
        **told,
    }
