"""QuickQuakeBuildings, optical pictures only, official five folds: transfer learning against its frozen floor.

Run: python benchmarks/quickquake.py [--seeds 1] [--side 160] [--data FOLDER]

Every choice is made inside the training folds: the strength of the logistic by an inner cross-validation over the
four of them, the end of fine-tuning on one of the four. What the frozen stages say is kept in the temporary folder.
Post-event pictures, one city: this says nothing about another earthquake. Pictures: Maxar, CC BY-NC; no weight
trained on them is kept or shipped.
"""

import argparse
import csv
import io
import os
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from houfeng.learning.augment import pick_view
from houfeng.learning.backbones import (
    UNITS,
    TransferConfig,
    efficientnet_lite0,
    fine_tune,
    frozen_features,
    stage_outputs,
)
from houfeng.learning.engine import predict
from houfeng.learning.examples import Examples
from houfeng.learning.networks import build
from houfeng.learning.settings import TrainSettings

DATA = Path(os.environ.get("HOUFENG_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
CACHE = Path(tempfile.gettempdir()) / "houfeng-quickquake"
#: Last unit that is never trained: the end of the stage of 112 channels.
CUT = 11
STRENGTHS = (3e-5, 1e-4, 3e-4, 1e-3, 1e-2)


def read(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures (n, 3, 96, 96) uint8, damaged or not (n,), official fold (n,)."""
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("labels.csv").decode())))
        pictures = [
            np.asarray(Image.open(io.BytesIO(archive.read(f"{row['path']}_opt.jpg"))).convert("RGB")) for row in rows
        ]
    labels, folds = (np.array([int(row[name]) for row in rows]) for name in ("label", "fold"))
    return np.stack(pictures).transpose(0, 3, 1, 2).copy(), labels, folds


def views_of(pictures: np.ndarray) -> list[np.ndarray]:
    """Four of the eight ways to lay a picture: as it is, turned by 90 degrees, mirrored, and both."""
    turned = np.rot90(pictures, axes=(2, 3))
    return [np.ascontiguousarray(view) for view in (pictures, turned, pictures[..., ::-1], turned[..., ::-1])]


def cached(name: str, make) -> np.ndarray:
    """An array of the temporary folder, made on first use."""
    CACHE.mkdir(exist_ok=True)
    path = CACHE / f"{name}.npy"
    if not path.is_file():
        np.save(path, make())
    return np.load(path)


def logistic(features: np.ndarray, labels: np.ndarray, strength: float):
    """Standardised features, L2 penalty 1 / strength."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000)).fit(features, labels)


def out_of_fold(features: np.ndarray, labels: np.ndarray, folds: np.ndarray, strengths: tuple[float, ...]):
    """Logits of each building from the other folds; the strength by average precision inside those."""
    logits = np.zeros(len(labels))
    for fold in np.unique(folds):
        outer, best = folds != fold, strengths[0]
        if len(strengths) > 1:
            scores = []
            for strength in strengths:
                inner = np.zeros(len(labels))
                for held in np.unique(folds[outer]):
                    kept = outer & (folds != held)
                    inner[folds == held] = logistic(features[kept], labels[kept], strength).decision_function(
                        features[folds == held]
                    )
                scores.append(average_precision_score(labels[outer], inner[outer]))
            best = strengths[int(np.argmax(scores))]
        model = logistic(features[outer], labels[outer], best)
        logits[~outer] = model.decision_function(features[~outer])
        print(f"  fold {fold}: strength {best:g}", flush=True)
    return logits


def tuned(stages: np.ndarray, labels: np.ndarray, folds: np.ndarray, seed: int) -> np.ndarray:
    """Logits of each building by units above the cut, fine-tuned on three folds, ended on the fourth."""
    logits, official = np.zeros(len(labels)), np.unique(folds)
    for fold in official:
        held = official[(np.flatnonzero(official == fold)[0] + 1 + seed) % len(official)]
        if held == fold:
            held = official[(np.flatnonzero(official == fold)[0] + 1) % len(official)]
        rows, inner, outer = (folds != fold) & (folds != held), folds == held, folds == fold
        base = labels[rows].mean()
        network = build(TransferConfig(start=CUT + 1, dropout=0.3), seed=seed).load_backbone()
        # Classes are drawn evenly in training; the inner fold is weighted alike, so both speak of the same odds.
        weight = np.where(labels == 1, 0.5 / base, 0.5 / (1 - base))
        settings = TrainSettings(
            steps=60,
            batch_size=32,
            learning_rate=4e-4,
            weight_decay=0.05,
            order="balanced",
            evaluate_every=15,
            patience=0,
            seed=seed,
        )
        done = fine_tune(
            network,
            Examples({"image": stages[rows]}, labels[rows]),
            Examples({"image": stages[inner][:, :1]}, labels[inner], weight[inner]),
            loss="binary",
            settings=settings,
            unfreeze=(UNITS, CUT + 1),
            augment=pick_view,
            factor=0.8,
        )
        logits[outer] = predict(network, {"image": stages[outer]}, batch_size=16)
        print(
            f"  fold {fold}, seed {seed}: kept step {done[-1].best_step}, inner loss {done[-1].best_loss:.3f}, "
            f"AP {average_precision_score(labels[outer], logits[outer]):.3f}",
            flush=True,
        )
    return logits


def standard(logits: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Logits on the scale of their own fold (labels are not looked at), so that folds and models can be mixed."""
    z = np.zeros(len(logits))
    for fold in np.unique(folds):
        rows = folds == fold
        z[rows] = (logits[rows] - logits[rows].mean()) / logits[rows].std()
    return z


def bootstrap(labels: np.ndarray, models: dict[str, np.ndarray], floor: str, draws: int = 1000) -> None:
    """Print AUC and AP over all buildings with 95 % intervals (buildings drawn within class) and paired differences."""
    rng = np.random.default_rng(20230206)
    classes = [np.flatnonzero(labels == value) for value in (0, 1)]
    samples = [np.concatenate([rng.choice(rows, len(rows)) for rows in classes]) for _ in range(draws)]
    measures = {"AUC": roc_auc_score, "AP": average_precision_score}
    drawn = {
        name: {m: np.array([score(labels[s], logits[s]) for s in samples]) for m, score in measures.items()}
        for name, logits in models.items()
    }
    print(f"\n{'model':34s} {'AUC':>22s} {'AP':>22s} {'AUC - floor':>24s} {'AP - floor':>24s}")
    for name, logits in models.items():
        cells = []
        for measure, score in measures.items():
            low, high = np.quantile(drawn[name][measure], [0.025, 0.975])
            cells.append(f"{score(labels, logits):.3f} [{low:.3f}, {high:.3f}]")
        for measure, score in measures.items():
            low, high = np.quantile(drawn[name][measure] - drawn[floor][measure], [0.025, 0.975])
            gain = score(labels, logits) - score(labels, models[floor])
            cells.append(f"{gain:+.3f} [{low:+.3f}, {high:+.3f}]")
        print(f"{name:34s} {cells[0]:>22s} {cells[1]:>22s} {cells[2]:>24s} {cells[3]:>24s}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA / "damage" / "quickquakebuildings.zip")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--side", type=int, default=160, help="pixels of the pictures that are fine-tuned on")
    options = parser.parse_args()
    started = time.process_time()
    pictures, labels, folds = read(options.data)
    print(f"{len(labels)} buildings, {labels.sum()} damaged; prevalence (AP of no skill) {labels.mean():.3f}")
    backbone, models = efficientnet_lite0(), {}
    for name, side, strengths in (("floor: 96 px, frozen, C=1", 96, (1.0,)), ("frozen, 224 px", 224, STRENGTHS)):
        features = cached(f"head{side}", lambda side=side: frozen_features(backbone, pictures, side=side))
        models[name] = standard(out_of_fold(features, labels, folds, strengths), folds)
    floor, frozen = models
    views = [
        cached(
            f"unit{CUT}-{options.side}-view{i}", lambda v=view: stage_outputs(backbone, v, unit=CUT, side=options.side)
        )
        for i, view in enumerate(views_of(pictures))
    ]
    stages = np.stack(views, axis=1)
    print(f"frozen stages ready, {time.process_time() - started:.0f} CPU-s", flush=True)
    runs = [
        standard(cached(f"tuned-{options.side}-{s}", lambda s=s: tuned(stages, labels, folds, s)), folds)
        for s in range(options.seeds)
    ]
    models[f"fine-tuned, {options.side} px, {options.seeds} seed(s)"] = np.mean(runs, axis=0)
    models["mean of frozen 224 and fine-tuned"] = standard(models[frozen] + np.mean(runs, axis=0), folds)
    bootstrap(labels, models, floor)
    print(f"\n{time.process_time() - started:.0f} CPU-s in this run")


if __name__ == "__main__":
    main()
