"""The chance of at least one target earthquake in each cell: model against model, over all windows."""

from collections.abc import Mapping, Sequence

import numpy as np

from houfeng import evaluation as ev
from houfeng.errors import NotEnoughDataError
from houfeng.evaluation.observed import bin_of
from houfeng.experiments.aggregate import Blocks
from houfeng.experiments.experiment import Experiment
from houfeng.experiments.work import Inputs

#: A rate this small stands for none: every cell is given some chance.
LEAST_RATE = 1e-12
#: Edges of the groups of the reliability diagram; the chance in one cell is small.
RELIABILITY_EDGES = (0.0, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)


def active_cells(inputs: Inputs, windows: Sequence[int]) -> np.ndarray:
    """Where at least one target earthquake came, shape (windows, cells)."""
    experiment, catalog = inputs.experiment, inputs.catalog
    grid = experiment.region.grid()
    found = np.zeros((len(windows), len(grid)), bool)
    large = catalog.above(experiment.occurrence)
    large = large.select(~(large.depth_km > experiment.region.depth_max_km))
    for row, number in enumerate(windows):
        happened = large.between(experiment.windows[number].start, experiment.windows[number].end)
        where = {"longitude": happened.longitude, "latitude": happened.latitude, "magnitude": happened.magnitude}
        cell = bin_of(grid, np.array([experiment.occurrence]), **where)
        found[row, cell[cell >= 0]] = True
    return found


def occurrence_lines(
    inputs: Inputs, rows: Sequence[Mapping], arrays: Sequence[Mapping], blocks: Blocks
) -> dict[str, dict]:
    """For each model, its chances against those of the reference: nothing where no cell was active.

    Parameters
    ----------
    rows
        Units as the run remembers them.
    arrays
        For each, what was recorded with it: ``occurrence`` holds the rates of the cells.
    """
    experiment = inputs.experiment
    chances = {label: {} for label in experiment.labels}
    for row, columns in zip(rows, arrays, strict=True):
        if "occurrence" in columns:
            chances[row["label"]][row["window"]] = columns["occurrence"]
    reference, found = chances[experiment.reference], {}
    for label in experiment.labels:
        shared = sorted(set(chances[label]) & set(reference))
        if not shared:
            continue
        measure = _stacked(reference, shared)
        active = active_cells(inputs, shared)
        try:
            model, other = (
                ev.occurrence_scores(_stacked(some, shared), active, measure) for some in (chances[label], reference)
            )
        except NotEnoughDataError:
            continue
        rng = np.random.default_rng(experiment.seed)
        skill = ev.occurrence_skill(model, other, block=max(1, blocks.windows), rng=rng)
        chance = -np.expm1(-_stacked(chances[label], shared).ravel())
        curve = ev.reliability(chance, active.ravel(), edges=np.array(RELIABILITY_EDGES))
        found[label] = _document(skill, model, curve, len(shared), experiment)
    return found


def _stacked(rates: Mapping[int, np.ndarray], windows: Sequence[int]) -> np.ndarray:
    return np.maximum(np.stack([rates[number] for number in windows]).astype(float), LEAST_RATE)


def _document(
    skill: ev.OccurrenceSkill, model: ev.OccurrenceScores, curve: ev.Reliability, windows: int, experiment: Experiment
) -> dict:
    numbers = {
        name: {end: _number(getattr(getattr(skill, name), end)) for end in ("value", "low", "high")}
        for name in ("log_gain", "brier_skill", "auc", "molchan", "expected_ratio")
    }
    names = ("probability", "frequency", "low", "high", "n")
    columns = [getattr(curve, name).tolist() for name in names]
    return {
        "magnitude": experiment.occurrence,
        "windows": windows,
        "active": skill.n_active,
        "against": experiment.reference,
        "log_score": float(model.log_score.mean()),
        "brier": float(model.brier.mean()),
        **numbers,
        "reliability": [dict(zip(names, map(float, row), strict=True)) for row in zip(*columns, strict=True)],
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
