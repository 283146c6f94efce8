"""The roads of Kahramanmaraş: numbers of the data set that any change of the readers or the noding would move."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def benchmark():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        spec = importlib.util.spec_from_file_location("kahramanmaras", BENCHMARKS / "kahramanmaras.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules["kahramanmaras"] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return module


@pytest.mark.shared
def test_hospitals_are_reached_by_all_before_and_not_by_all_after(benchmark, shared_data):
    folder = shared_data / benchmark.FOLDER
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    roads, buildings = benchmark.read_layer(folder, "transportationL"), benchmark.read_layer(folder, "builtUpP")
    kinds = [row["obj_type"][:3] for row, _ in roads]
    assert (kinds.count("211"), kinds.count("212")) == (7830, 13)
    assert sum(row["damage_gra"] == "Damaged" for row, _ in roads) == 134
    crisis = benchmark.read_layer(folder, "ancillaryCrisisInfoP")
    barriers = benchmark.points_of(crisis, lambda row: row["obj_type"] == "Physical Barrier")
    assert len(barriers) == 81
    scene = benchmark.scene_of(roads, buildings, barriers)
    assert (len(scene.hospitals), len(scene.places), len(scene.blockages)) == (9, 471, 80)
    assert not (scene.router.network.road_class == "railway").any()
    assert np.isfinite(scene.before).all() and 450 < np.isfinite(scene.after).sum() < 471
    assert (scene.after >= scene.before - 1e-3).all()
