"""What compression costs and gains: one CNN on images, one RNN on seismograms; size, speed on one thread, score.

CNN: damaged or not, from 4,029 grey 64 x 64 crops of QuickQuakeBuildings (CC BY-NC; official folds: 1 is the test,
2 the validation, 3 to 5 the training). RNN: a P arrival or noise in 4 s of three-component seismograms of NCEDC
(105 hand-labelled records; whole records in training, validation and test).

A variant is adopted where, on the VALIDATION, its AUC is at most 0.01 below that of the plain network on ONNX Runtime
and it is at most half as large or at least a quarter faster one by one. The test is reported, never chosen on.
"""

import gzip
import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from harness import Figure, arguments, report
from PIL import Image
from sklearn.metrics import average_precision_score, roc_auc_score

from houfeng.learning.compress import Bf16, distil, prune, quantise
from houfeng.learning.engine import predict, train
from houfeng.learning.examples import Examples
from houfeng.learning.export import to_onnx
from houfeng.learning.inference import OnnxPredictor
from houfeng.learning.networks import FusionConfig, MapCnnConfig, SequenceRnnConfig, build
from houfeng.learning.settings import TrainSettings
from houfeng.learning.slimming import slim

WINDOW, FRAME = 400, 8


@dataclass(frozen=True)
class Task:
    """Data and networks of one task; `groups` are what the bootstrap of the test resamples."""

    name: str
    train: Examples
    validation: Examples
    test: Examples
    groups: np.ndarray
    config: FusionConfig
    student: FusionConfig
    settings: TrainSettings
    augment: Callable | None = None


def flipped(inputs, generator):
    """Crops from above have no up and no right: mirror and turn each batch."""
    x = inputs["image"]
    turns, mirror = torch.randint(0, 4, (2,), generator=generator).tolist()
    x = torch.rot90(x, turns, (2, 3))
    return {"image": x.flip(3) if mirror % 2 else x}


def buildings(data: Path) -> Task:
    with zipfile.ZipFile(data / "damage" / "quickquakebuildings.zip") as archive:
        lines = archive.read("labels.csv").decode().split()[1:]
        rows = [line.split(",") for line in lines]
        pixels = np.empty((len(rows), 1, 64, 64), dtype=np.float32)
        for row, (path, *_) in enumerate(rows):
            with Image.open(io.BytesIO(archive.read(f"{path}_opt.jpg"))) as image:
                grey = np.asarray(image.convert("L").resize((64, 64), Image.Resampling.BILINEAR), dtype=np.float32)
            pixels[row, 0] = (grey - grey.mean()) / (grey.std() + 1.0)
    labels, folds = np.array([int(row[1]) for row in rows]), np.array([int(row[2]) for row in rows])
    examples = Examples({"image": pixels}, labels)
    config = FusionConfig((("image", MapCnnConfig(1, width=12, depth=4, dropout=0.1)),), width=32, dropout=0.2)
    student = FusionConfig((("image", MapCnnConfig(1, width=6, depth=3)),), width=16)
    return Task(
        "CNN, buildings",
        examples.select(folds > 2),
        examples.select(folds == 2),
        examples.select(folds == 1),
        np.arange((folds == 1).sum()),
        config,
        student,
        TrainSettings(steps=800, batch_size=48, learning_rate=2e-3, evaluate_every=100, patience=0, weight_decay=0.05),
        flipped,
    )


def seismograms(data: Path) -> Task:
    paths = sorted((data / "waveforms" / "ncedc").glob("*.npz"))
    rng = np.random.default_rng(0)
    part = rng.permutation(len(paths)) % 7  # 0, 1: test, 2: validation, others: training
    windows, labels, records = [], [], []
    for record, path in enumerate(paths):
        with np.load(path) as kept:
            wave, onset = kept["data"].astype(np.float64), int(kept["itp"])
        for number in range(24):
            label = number % 2
            # A P lies 1 to 3 s into its window; noise ends before it.
            start = onset - rng.integers(100, 300) if label else rng.integers(0, onset - WINDOW - 20)
            window = wave[start : start + WINDOW]
            window = (window - window.mean(0)) / (window.std() + 1e-9)
            windows.append(window.reshape(WINDOW // FRAME, FRAME * 3))
            labels.append(label)
            records.append(record)
    labels, records = np.array(labels), np.array(records)
    examples, which = Examples({"wave": np.array(windows, dtype=np.float32)}, labels), part[records]
    config = FusionConfig((("wave", SequenceRnnConfig(24, width=64, dropout=0.1)),), width=32)
    student = FusionConfig((("wave", SequenceRnnConfig(24, width=20)),), width=16)
    return Task(
        "RNN, seismograms",
        examples.select(which > 2),
        examples.select(which == 2),
        examples.select(which < 2),
        records[which < 2],
        config,
        student,
        TrainSettings(steps=600, batch_size=64, learning_rate=3e-3, evaluate_every=25, patience=0),
    )


def milliseconds(call: Callable, inputs: dict, batch: int) -> float:
    """Milliseconds an example, median of repeated calls with `batch` examples."""
    given = {name: values[:batch] for name, values in inputs.items()}
    for _ in range(3):
        call(given)
    spent = []
    while len(spent) < 15 or sum(spent) < 0.6:
        start = time.perf_counter()
        call(given)
        spent.append(time.perf_counter() - start)
    return 1e3 * float(np.median(spent)) / batch


def variants(task: Task) -> dict[str, tuple[Callable, bytes]]:
    """Every variant as a call from inputs to raw outputs, and its file."""
    kept = {"loss": "binary", "settings": task.settings, "augment": task.augment}
    shorter = {**kept, "settings": replace(task.settings, steps=task.settings.steps // 2, learning_rate=1e-3)}
    network = train(build(task.config), task.train, task.validation, **kept).network
    sample = {name: values[:64] for name, values in task.train.inputs.items()}

    def run(network) -> tuple[Callable, bytes]:
        exported = to_onnx(network, sample)
        return OnnxPredictor(exported).predict, exported

    def weights(network) -> bytes:
        content = io.BytesIO()
        torch.save(network.state_dict(), content)
        return content.getvalue()

    plain = run(network)
    rng = np.random.default_rng(1)
    typical = task.train.select(rng.choice(len(task.train), 300, replace=False)).inputs
    small = quantise(plain[1], typical)
    half = Bf16(network)
    told = distil(build(task.student), plain[0], task.train, task.validation, share=0.7, **kept).network
    alone = train(build(task.student), task.train, task.validation, **kept).network
    return {
        "torch float32": (partial(predict, network), weights(network)),
        "ONNX Runtime float32": plain,
        "int8, static": (OnnxPredictor(small).predict, small),
        "80 % of weights zero": run(prune(network, 0.8, task.train, task.validation, **shorter).network),
        "half the units": run(train(slim(network, 0.5), task.train, task.validation, **shorter).network),
        "bfloat16 (torch)": (partial(predict, half), weights(half)),
        "student, distilled": run(told),
        "student, alone": run(alone),
    }


def difference(task: Task, one: np.ndarray, other: np.ndarray) -> list[float]:
    """95 % interval of the difference in AUC on the test: groups drawn again, both scored on the same."""
    rng, names = np.random.default_rng(2), np.unique(task.groups)
    members = [np.flatnonzero(task.groups == name) for name in names]
    found = []
    for _ in range(500):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(names), len(names))])
        target = task.test.target[rows]
        if 0 < target.sum() < len(target):
            found.append(roc_auc_score(target, one[rows]) - roc_auc_score(target, other[rows]))
    return [round(float(value), 3) for value in np.quantile(found, [0.025, 0.975])]


def measure(task: Task) -> list[dict]:
    calls = variants(task)
    plain, rows = calls["ONNX Runtime float32"], []
    reference = plain[0](task.test.inputs)
    floor = roc_auc_score(task.validation.target, plain[0](task.validation.inputs))
    base = milliseconds(plain[0], task.test.inputs, 1)
    for name, (call, content) in calls.items():
        raw, held = call(task.test.inputs), call(task.validation.inputs)
        size, single = len(content), milliseconds(call, task.test.inputs, 1)
        good = roc_auc_score(task.validation.target, held) >= floor - 0.01
        wins = size <= 0.5 * len(plain[1]) or single <= 0.75 * base
        rows.append(
            {
                "task": task.name,
                "variant": name,
                "kB": round(size / 1e3, 1),
                "gzip kB": round(len(gzip.compress(content)) / 1e3, 1),
                "ms, one": round(single, 3),
                "ms, of 64": round(milliseconds(call, task.test.inputs, 64), 3),
                "AUC val": round(float(roc_auc_score(task.validation.target, held)), 3),
                "AUC test": round(float(roc_auc_score(task.test.target, raw)), 3),
                "AP test": round(float(average_precision_score(task.test.target, raw)), 3),
                "AUC - plain": difference(task, raw, reference),
                "adopt": "yes" if good and wins else "no",
            }
        )
    return rows


def main() -> None:
    given = arguments(__doc__.splitlines()[0], images="images only", seismograms="seismograms only")
    torch.set_num_threads(1)
    figures: list[Figure] = []
    chosen = [buildings] * (not given.seismograms) + [seismograms] * (not given.images)
    for task in chosen:
        rows = measure(task(given.shared))
        print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
        for row in rows:
            print("| " + " | ".join(str(value) for value in row.values()) + " |", flush=True)
            figures.append(Figure(f"{row['task']}, {row['variant']}: one example", row["ms, one"], "ms"))
    report("compression", figures, given.json)


if __name__ == "__main__":
    main()
