"""What examples without labels are worth: supervised alone, self-training and a mean teacher as labels shrink.

Run: python benchmarks/semi_supervised.py [--seeds 5] [--picture FILE.png] [--data FOLDER]

(a) windows of P, S and noise cut from SIMULATED seismograms: each seed simulates its own earthquakes, labels, and first
weights; judged by balanced accuracy on earthquakes of their own. (b) QuickQuakeBuildings, frozen features of
EfficientNet-Lite0 (224 px), official folds, linear: average precision over all buildings, each from the other folds.
Settings are the same for all shares and methods (those of (b) were chosen by supervised training with all labels,
folds 3 to 5 judged on fold 2); each training has the same number of steps. Intervals: Student's t over seeds, of the
score and of the paired difference from supervised alone. Scores of a seed are kept in the temporary folder.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from quickquake import CACHE, DATA, cached, read, standard
from scipy.stats import t as student
from sklearn.metrics import average_precision_score

from houfeng.learning.augment import WaveformAugment
from houfeng.learning.engine import predict, train
from houfeng.learning.examples import Examples
from houfeng.learning.networks import FusionConfig, MlpConfig, build
from houfeng.learning.semi import UNLABELLED, hide_labels, mean_teacher, self_train
from houfeng.learning.settings import TrainSettings
from houfeng.learning.simulated_waveforms import simulate_records
from houfeng.learning.waveform_classifier import WaveformConfig, balanced_accuracy, cut_windows

SHARES = (0.01, 0.05, 0.2, 1.0)
METHODS = ("supervised", "self-training", "mean teacher")
AUGMENT = WaveformAugment(shift_samples=20, noise=0.1, channel_drop=0.15, polarity=0.5)


def trained(method: str, config, examples: Examples, settings: TrainSettings, augment, threshold: float):
    """The network that `method` makes of partly labelled examples."""
    make = partial(build, config, seed=settings.seed)
    if method == "supervised":
        known = examples.select(examples.target != UNLABELLED)
        return train(make(), known, None, loss="categorical", settings=settings, augment=augment).network
    if method == "self-training":
        return self_train(make, examples, settings=settings, threshold=threshold, augment=augment).training.network
    return mean_teacher(make(), examples, settings=settings, augment=augment).network


def on_waveforms(seed: int, count: int = 300) -> np.ndarray:
    """Balanced accuracy, (shares, methods), of one seed."""
    rng = np.random.default_rng([seed, 41])
    (examples, _), (judged, _) = (cut_windows(simulate_records(n, rng), rng, each=2) for n in (count, 150))
    scores = np.zeros((len(SHARES), len(METHODS)))
    for i, share in enumerate(SHARES):
        part = Examples(examples.inputs, hide_labels(examples.target, share, rng))
        for j, method in enumerate(METHODS):
            settings = TrainSettings(
                steps=250, batch_size=64, learning_rate=2e-3, patience=0, evaluate_every=250, seed=seed
            )
            network = trained(method, WaveformConfig(), part, settings, AUGMENT, threshold=0.95)
            guess = predict(network, judged.inputs).argmax(axis=1)
            scores[i, j] = balanced_accuracy(judged.target, guess)
        print(f"  waveforms, seed {seed}, {share:.0%} of labels: {np.round(scores[i], 3)}", flush=True)
    return scores


def drop_features(inputs: dict, generator) -> dict:
    """A third of the features set to zero, their mean; other ones for each example and for student and teacher."""
    x = inputs["features"]
    kept = torch.rand(x.shape, generator=generator) >= 1 / 3
    return {**inputs, "features": x * kept * 1.5}


def on_buildings(seed: int, features: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Average precision, (shares, methods), of one seed."""
    rng, scores = np.random.default_rng([seed, 43]), np.zeros((len(SHARES), len(METHODS)))
    config = FusionConfig((("features", MlpConfig(features.shape[1], depth=0)),), depth=0, outputs=2)  # linear
    for i, share in enumerate(SHARES):
        logits = np.zeros((len(METHODS), len(labels)))
        for fold in np.unique(folds):
            outer = folds == fold
            mean, deviation = features[~outer].mean(0), features[~outer].std(0) + 1e-6
            scaled = ((features - mean) / deviation).astype(np.float32)
            part = Examples({"features": scaled[~outer]}, hide_labels(labels[~outer], share, rng))
            for j, method in enumerate(METHODS):
                settings = TrainSettings(
                    steps=300, batch_size=64, learning_rate=3e-4, weight_decay=1.0, order="balanced",
                    patience=0, evaluate_every=300, seed=seed,
                )  # fmt: skip
                raw = predict(
                    trained(method, config, part, settings, drop_features, threshold=0.95), {"features": scaled[outer]}
                )
                logits[j, outer] = raw[:, 1] - raw[:, 0]
        scores[i] = [average_precision_score(labels, standard(one, folds)) for one in logits]
        print(f"  buildings, seed {seed}, {share:.0%} of labels: {np.round(scores[i], 3)}", flush=True)
    return scores


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean and 95 % interval over seeds, (seeds,)."""
    half = student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def tell(title: str, scores: np.ndarray, no_skill: float) -> None:
    """Print a table in Markdown; scores (seeds, shares, methods)."""
    print(f"\n{title}; no skill {no_skill:.3f}; {len(scores)} seeds\n")
    print("| labels | supervised | self-training | gain | mean teacher | gain |\n|---|---|---|---|---|---|")
    for i, share in enumerate(SHARES):
        cells = ["{:.3f} [{:.3f}, {:.3f}]".format(*interval(scores[:, i, 0]))]
        for j in (1, 2):
            cells.append("{:.3f} [{:.3f}, {:.3f}]".format(*interval(scores[:, i, j])))
            cells.append("{:+.3f} [{:+.3f}, {:+.3f}]".format(*interval(scores[:, i, j] - scores[:, i, 0])))
        print(f"| {share:.0%} | " + " | ".join(cells) + " |", flush=True)


def draw(path: Path, panels: list[tuple[str, str, np.ndarray, float]]) -> None:
    """Score against the share of labels, one panel for each (title, score, scores, no skill)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(panels), 4.2), dpi=120, layout="constrained")
    for axes, (title, score, scores, no_skill) in zip(
        np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True
    ):
        for j, (method, colour) in enumerate(zip(METHODS, ("#555555", "#c0392b", "#0b6e99"), strict=True)):
            middle, low, high = np.transpose([interval(scores[:, i, j]) for i in range(len(SHARES))])
            place = np.array(SHARES) * 100 * (1 + 0.08 * (j - 1))
            axes.errorbar(
                place, middle, [middle - low, high - middle], color=colour, marker="o", ms=4, capsize=3, label=method
            )
        axes.axhline(no_skill, color="#999999", lw=1, ls=":")
        axes.text(100, no_skill, "no skill ", ha="right", va="bottom", color="#777777", fontsize=8)
        axes.set_xscale("log")
        axes.set_xticks([1, 5, 20, 100], ["1 %", "5 %", "20 %", "100 %"])
        axes.minorticks_off()
        axes.set_xlabel("share of labels kept")
        axes.set_ylabel(score)
        axes.set_title(title, loc="left", fontsize=10)
        axes.legend(frameon=False, fontsize=8, loc="upper left")
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--picture", type=Path, default=None)
    parser.add_argument("--data", type=Path, default=DATA / "damage" / "quickquakebuildings.zip")
    options = parser.parse_args()
    if options.seeds < 2:
        parser.error("--seeds: an interval needs at least two")
    started = time.process_time()
    panels = []
    scores = np.stack([cached(f"semi-waveforms-{s}", partial(on_waveforms, s)) for s in range(options.seeds)])
    tell("P, S and noise on SIMULATED seismograms, balanced accuracy", scores, 1 / 3)
    panels.append(("P, S, noise (SIMULATED seismograms)", "balanced accuracy", scores, 1 / 3))
    if (CACHE / "head224.npy").is_file() and options.data.is_file():
        _, labels, folds = read(options.data)
        features = np.load(CACHE / "head224.npy")
        work = partial(on_buildings, features=features, labels=labels, folds=folds)
        scores = np.stack([cached(f"semi-buildings-{s}", partial(work, s)) for s in range(options.seeds)])
        tell("QuickQuakeBuildings, frozen features, average precision", scores, labels.mean())
        panels.append(("QuickQuakeBuildings (frozen features)", "average precision", scores, float(labels.mean())))
    else:
        print("\nbuildings left out: run benchmarks/quickquake.py first, it makes the frozen features")
    if options.picture:
        draw(options.picture, panels)
    print(f"\n{time.process_time() - started:.0f} CPU-s")


if __name__ == "__main__":
    main()
