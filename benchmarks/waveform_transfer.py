"""A classifier of windows trained on SIMULATED seismograms, asked about real ones (NCEDC, 105 hand-labelled records).

Run: python benchmarks/waveform_transfer.py [--seeds 3] [--count 600] [--data FOLDER]

Balanced accuracy on windows of P, S and noise of all records, and of the 80 with three live components; intervals by
bootstrap over records. The rule (STA/LTA and polarisation) has its thresholds from the same SIMULATED windows. Beside
them, what five-fold training on the real records gives, split by record.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from quickquake import DATA

from houfeng.learning.engine import predict, train
from houfeng.learning.examples import Examples
from houfeng.learning.networks import build
from houfeng.learning.settings import TrainSettings
from houfeng.learning.simulated_waveforms import CLASSES
from houfeng.learning.waveform_classifier import WaveformConfig, balanced_accuracy, cut_windows, read_records
from houfeng.operations.train_waveforms import USUAL_AUGMENT, train_waveforms


def with_interval(labels: np.ndarray, guess: np.ndarray, event: np.ndarray, other: np.ndarray | None = None) -> str:
    """Balanced accuracy, or its difference from that of `other`, with its interval over records."""

    def score(rows: np.ndarray) -> float:
        value = balanced_accuracy(labels[rows], guess[rows])
        return value if other is None else value - balanced_accuracy(labels[rows], other[rows])

    rng, names = np.random.default_rng(1), np.unique(event)
    members = {name: np.flatnonzero(event == name) for name in names}
    drawn = [score(np.concatenate([members[n] for n in rng.choice(names, len(names))])) for _ in range(500)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{score(np.arange(len(labels))):+.3f} [{low:+.3f}, {high:+.3f}]"


def on_real(examples: Examples, event: np.ndarray, seed: int) -> np.ndarray:
    """Classes by networks trained on the real records of the other four folds, with a fixed number of steps."""
    fold = np.random.default_rng(5).permutation(event.max() + 1)[event] % 5
    guess = np.zeros(len(event), dtype=int)
    settings = TrainSettings(steps=250, batch_size=64, learning_rate=2e-3, patience=0, evaluate_every=250, seed=seed)
    for k in range(5):
        network = build(WaveformConfig(), seed=seed)
        train(network, examples.select(fold != k), None, loss="categorical", settings=settings, augment=USUAL_AUGMENT)
        guess[fold == k] = predict(network, examples.select(fold == k).inputs).argmax(axis=1)
    return guess


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--count", type=int, default=600, help="SIMULATED earthquakes to learn from")
    parser.add_argument("--data", type=Path, default=DATA / "waveforms" / "ncedc")
    options = parser.parse_args()
    started, records = time.process_time(), read_records(options.data)
    examples, event = cut_windows(records, np.random.default_rng(17), each=4)
    labels, windows = examples.target, examples.inputs["waveform"]
    live = (records.data.std(axis=2) > 0).all(axis=1)[event]
    print(f"{len(records)} real records, {len(np.unique(event[live]))} with three live components; windows: "
          + ", ".join(f"{(labels == value).sum()} {name}" for value, name in enumerate(CLASSES)))  # fmt: skip
    found = {}
    for design in ("cnn", "gru"):
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as folder:
                trained = train_waveforms(folder, count=options.count, design=design, seed=seed)
            found[f"{design}, SIMULATED, seed {seed}"] = predict(trained.network, {"waveform": windows}).argmax(axis=1)
            found.setdefault("rule, SIMULATED", trained.rule.classes(windows))
            on_simulated = {k: round(v, 3) for k, v in trained.card["scores"].items()}
            print(f"  {design}, seed {seed}, on SIMULATED earthquakes not seen: {on_simulated}", flush=True)
    found["cnn, real records, five folds"] = on_real(examples, event, 0)
    print(f"\n{'':32s} {'all records':>26s} {'three live':>26s} {'minus the rule, all':>26s}   right of each class")
    for name, guess in found.items():
        told = [f"{CLASSES[value]} {(guess[labels == value] == value).mean():.2f}" for value in range(3)]
        alone = with_interval(labels[live], guess[live], event[live])
        beside = with_interval(labels, guess, event, found["rule, SIMULATED"])
        print(f"{name:32s} {with_interval(labels, guess, event):>26s} {alone:>26s} {beside:>26s}   {', '.join(told)}")
    print(f"\nno skill 0.333; {time.process_time() - started:.0f} CPU-s")


if __name__ == "__main__":
    main()
