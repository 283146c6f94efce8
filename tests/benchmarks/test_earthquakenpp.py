"""The skill benchmark on a small invented data set of the same layout: any such file must do."""

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
MC = 2.0
SPLITS = {"aux": 200.0, "train": 900.0, "val": 1200.0, "test": 1600.0}


@pytest.fixture(scope="module")
def invented(tmp_path_factory) -> tuple[Path, Path]:
    """SIMULATED: a background around two towns, and aftershocks of every tenth event within days and a few km."""
    rng = np.random.default_rng(3)
    n, end = 700, SPLITS["test"]
    days, towns = np.sort(rng.uniform(0, end, n)), np.array([[-30.0, 10.0], [25.0, -20.0]])
    places = towns[rng.integers(0, 2, n)] + rng.normal(0, 6, (n, 2))
    m = MC + rng.exponential(0.43, n)
    for j in range(0, n, 10):
        k = rng.poisson(6)
        days = np.append(days, days[j] + 0.01 * ((1 + 3000 * rng.random(k)) - 1) ** 1.3 / 30)
        places = np.vstack([places, places[j] + rng.standard_cauchy((k, 2)).clip(-20, 20) * 0.5])
        m = np.append(m, MC + rng.exponential(0.43, k))
    keep = np.argsort(days)[: np.searchsorted(np.sort(days), end - 0.01)]
    days, places, m = days[keep], places[keep], m[keep]
    folder = tmp_path_factory.mktemp("invented")
    with gzip.open(folder / "Invented_20.csv.gz", "wt", newline="") as stream:
        write = csv.writer(stream)
        write.writerow(["id", "time", "longitude", "latitude", "magnitude", "x", "y", "split"])
        for i in range(len(days)):
            moment = np.datetime64("2001-03-05") + np.timedelta64(int(days[i] * 8.64e10), "us")
            split = next(name for name, edge in SPLITS.items() if days[i] < edge)
            x, y = places[i]
            write.writerow([i, moment, -117 + x / 92, 33 + y / 111, f"{m[i]:.2f}", x, y, split])
    np.save(folder / "shape.npy", np.array([[31.0, -119.0], [31.0, -115.0], [35.0, -115.0], [35.0, -119.0]]))
    return folder / "Invented_20.csv.gz", folder / "shape.npy"


@pytest.mark.slow
def test_any_file_of_the_layout_is_scored_and_checked(invented):
    catalog, shape = invented
    command = [sys.executable, ROOT / "benchmarks" / "earthquakenpp.py", "--catalog", catalog, "--shape", shape]
    done = subprocess.run(
        [*map(str, command), "--mc", str(MC), "--quick", "--json"], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout.splitlines()[-1])
    figures = line["figures"]
    for model in ("poisson", "etas", "adaptive", "champion"):
        total = -figures[f"{model}.temporal_ll"] - figures[f"{model}.spatial_ll"]
        assert figures[f"{model}.total_nll"] == pytest.approx(total, abs=1e-12)
    best = min(("poisson", "etas", "adaptive"), key=lambda name: figures[f"val.{name}.total_nll"])
    assert figures["champion.total_nll"] == figures[f"{best}.total_nll"], "the champion is chosen on validation"
    assert figures["adaptive.total_nll"] < figures["poisson.total_nll"] - 0.5, "the clusters of the data must show"
    limits = {"expected_relative_difference": 0.01, "space_integral_worst": 1e-3, "future_changes_past": 2e-3}
    assert {k: figures[f"check.{k}"] for k, limit in limits.items() if figures[f"check.{k}"] > limit} == {}
    assert 0.5 < figures["expected_over_observed"] < 2.0
