"""The scoreboard: all that an experiment found, as one JSON document, "houfeng-scoreboard/1".

Everything a person sees on the page is in it; docs/concepts/experiments.md describes its keys.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime

import numpy as np

from houfeng.experiments.aggregate import (
    Blocks,
    Comparison,
    Series,
    Tally,
    chance_scores,
    compare,
    ratio_interval,
    reliability_rows,
)
from houfeng.experiments.occurrence import occurrence_lines
from houfeng.experiments.work import Inputs
from houfeng.times import parse_time
from houfeng.values import LEGAL_NOTICE, Estimate

SCHEMA = "houfeng-scoreboard/1"

#: Tests whose disagreement lies in both tails; the others reject low statistics, but M of simulated catalogues.
BOTH_TAILS = ("N", "N-rates", "MLL")

#: One unit as the run remembers it, with the log rates of its earthquakes.
Row = Mapping


def scoreboard(inputs: Inputs, rows: Sequence[Row], arrays: Sequence[Mapping], *, proof: Mapping, version: str) -> dict:
    """The document.

    Parameters
    ----------
    inputs
        Of the experiment.
    rows
        One for each model and window that was to be scored, as :func:`houfeng.experiments.work.unit_record` makes
        them, with ``window``, the number of the window.
    arrays
        For each row, what was recorded with it: ``log_rate`` at each of its earthquakes (nothing where it failed).
    proof
        What :func:`houfeng.experiments.proof.proof_record` says.
    version
        Of the code.
    """
    experiment, provenance = inputs.experiment, inputs.catalog.provenance
    log_rates = [columns.get("log_rate", np.empty(0)) for columns in arrays]
    series = {label: _series(label, rows, log_rates) for label in experiment.labels}
    windows = sorted({row["window"] for row in rows})
    blocks = Blocks.of(
        n_windows=len(windows),
        block_days=experiment.block_days,
        step_days=experiment.step_days,
        overlap=experiment.overlap,
    )
    lines = [_line(inputs, label, rows, series, blocks) for label in experiment.labels]
    if experiment.occurrence is not None:
        found = occurrence_lines(inputs, rows, arrays, blocks)
        lines = [line | {"occurrence": found.get(line["name"])} for line in lines]
    return {
        "schema": SCHEMA,
        "name": experiment.name,
        "houfeng_version": version,
        "region": {
            "name": experiment.region.name,
            "titles": {language: experiment.region.title(language) for language in ("en", "zh")},
            "cell_deg": experiment.region.cell_deg,
            "n_cells": len(experiment.region.grid()),
            "depth_max_km": experiment.region.depth_max_km,
        },
        "min_magnitude": inputs.min_magnitude,
        "min_magnitude_estimated": experiment.min_magnitude is None,
        "catalog": {
            "source": provenance.source,
            "licence": provenance.licence,
            "n_events": len(inputs.catalog),
            "publication_delay_s": provenance.publication_delay_s,
        },
        "data_end": time(provenance.data_end),
        "label": provenance.label,
        "standing": "draft",
        "authority": "",
        "legal_notice": dict(LEGAL_NOTICE),
        "baseline": experiment.reference,
        "seed": experiment.seed,
        "simulations": experiment.n_simulations,
        "tests": list(experiment.tests),
        "training_start": None if experiment.training_start is None else time(experiment.training_start),
        "n_fits": len({experiment.fit_times[i] for i in windows}),
        "windows": _windows(inputs, rows, windows),
        "windows_beyond_data": len(experiment.windows) - len(windows),
        "overlap": experiment.overlap,
        "blocks": {"windows": blocks.windows, "asked": blocks.asked},
        "models": lines,
        "proof": dict(proof),
    }


def time(moment: datetime) -> str:
    """ISO 8601 in UTC with Z."""
    return moment.isoformat().replace("+00:00", "Z")


def _again(text: str) -> str:
    """A time as the store writes it, as the document does."""
    return time(parse_time(text))


def number(value: float | None) -> float | None:
    """A number as JSON has it: NaN and infinities become null."""
    return None if value is None or not math.isfinite(value) else float(value)


def _windows(inputs: Inputs, rows: Sequence[Row], windows: Sequence[int]) -> list[dict]:
    observed = {row["window"]: row["scores"]["observed"] for row in rows if row["scores"] is not None}
    every, times = inputs.experiment.windows, inputs.experiment.fit_times
    return [
        {
            "start": time(every[i].start),
            "end": time(every[i].end),
            "fitted_as_of": time(times[i]),
            "observed": observed.get(i),
        }
        for i in windows
    ]


def _series(label: str, rows: Sequence[Row], log_rates: Sequence[np.ndarray]) -> Series:
    chosen = [
        (row, logs)
        for row, logs in zip(rows, log_rates, strict=True)
        if row["label"] == label and row["scores"] is not None
    ]
    chosen.sort(key=lambda pair: pair[0]["window"])
    return Series(
        windows=np.array([row["window"] for row, _ in chosen], int),
        observed=np.array([row["scores"]["observed"] for row, _ in chosen], float),
        expected=np.array([row["scores"]["expected"] for row, _ in chosen], float),
        log_rates=tuple(logs for _, logs in chosen),
    )


def _line(inputs: Inputs, label: str, rows: Sequence[Row], series: Mapping[str, Series], blocks: Blocks) -> dict:
    """One model of the scoreboard."""
    experiment = inputs.experiment
    entry = experiment.entry(label)
    mine = sorted((row for row in rows if row["label"] == label), key=lambda row: row["window"])
    scored = [row for row in mine if row["scores"] is not None]
    own = series[label]
    fitting = replace(blocks, windows=min(blocks.windows, len(scored) // 5))
    rng = np.random.default_rng(experiment.seed)
    against = compare(own, series[experiment.reference], fitting, overlap=experiment.overlap, rng=rng)
    failures = [row for row in mine if row["scores"] is None]
    return {
        "name": label,
        "model": entry.name,
        "parameters": {name: _plain(value) for name, value in entry.parameters.items()},
        "windows_scored": len(scored),
        "failed": len(failures),
        "failures": _reasons(failures),
        "expected": float(own.expected.sum()),
        "observed": int(own.observed.sum()),
        "ratio": _estimate(ratio_interval(own, fitting, rng)),
        "log_likelihood": number(sum(row["scores"]["log_likelihood"] for row in scored)),
        "gain": _gain(against, experiment.reference),
        "t_test": _paired(against.t),
        "w_test": None if against.w is None else {"p_value": against.w.p_value, "n": against.w.n},
        "diebold_mariano": _paired(against.diebold_mariano),
        "tests": {test: _tally(test, inputs, scored) for test in experiment.tests},
        "crps": _mean(scored, "crps"),
        "count_log_score": _mean(scored, "count_log_score"),
        "chances": _chances(scored),
        "fit": _last_fit(scored),
        "series": _per_window(scored, against),
    }


def _tally(test: str, inputs: Inputs, scored: Sequence[Row]) -> dict:
    tally = Tally.of_scores(
        [row["scores"]["tests"][test] for row in scored],
        both_tails=test in BOTH_TAILS,
        high_tail=test == "M" and inputs.experiment.n_simulations > 0,
    )
    eventful = sum(row["scores"]["tests"][test] is None and row["scores"]["observed"] > 0 for row in scored)
    return asdict(tally) | {"calibration_p": number(tally.calibration_p), "silent_with_events": eventful}


def _gain(against: Comparison, reference: str) -> dict:
    found = _estimate(against.gain) or {"value": None, "low": None, "high": None}
    return found | {"against": reference, "windows": len(against.windows)}


def _per_window(scored: Sequence[Row], against: Comparison) -> dict[str, list]:
    """What the plots show: one entry for each window scored, gains summed up in time."""
    gains = dict(zip(against.windows.tolist(), against.by_window.tolist(), strict=True))
    return {
        "window": [row["window"] for row in scored],
        "start": [_again(row["start"]) for row in scored],
        "observed": [row["scores"]["observed"] for row in scored],
        "expected": [row["scores"]["expected"] for row in scored],
        "low": [number(row["scores"]["count_low"]) for row in scored],
        "high": [number(row["scores"]["count_high"]) for row in scored],
        "gain": [number(gains.get(row["window"])) for row in scored],
    }


def _chances(scored: Sequence[Row]) -> list[dict]:
    if not scored:
        return []
    found = []
    for k, first in enumerate(scored[0]["scores"]["chances"]):
        cases = [row["scores"]["chances"][k] for row in scored]
        probability = np.array([case["probability"] for case in cases])
        occurred = np.array([case["occurred"] for case in cases])
        scores = {name: number(value) for name, value in chance_scores(probability, occurred).items()}
        found.append(
            {
                "magnitude": first["magnitude"],
                "n": len(cases),
                "occurred": int(occurred.sum()),
                **scores,
                "reliability": reliability_rows(probability, occurred),
            }
        )
    return found


def _mean(scored: Sequence[Row], name: str) -> float | None:
    return number(float(np.mean([row["scores"][name] for row in scored]))) if scored else None


def _last_fit(scored: Sequence[Row]) -> dict | None:
    if not scored:
        return None
    names = ("value", "low", "high")
    last = scored[-1]
    return {
        "as_of": _again(last["fitted_as_of"]),
        "parameters": {
            name: dict(zip(names, map(number, values), strict=True)) for name, values in last["fit"].items()
        },
    }


def _reasons(failures: Sequence[Row]) -> list[dict]:
    """Why windows failed, the same reasons together."""
    counts: dict[str, list[str]] = {}
    for row in failures:
        counts.setdefault(row["failure"], []).append(_again(row["start"]))
    return [{"reason": reason, "windows": len(starts), "first": starts[0]} for reason, starts in counts.items()]


def _estimate(estimate: Estimate | None) -> dict | None:
    if estimate is None:
        return None
    return {name: number(getattr(estimate, name)) for name in ("value", "low", "high")}


def _paired(result) -> dict | None:
    if result is None:
        return None
    return {name: number(getattr(result, name)) for name in ("difference", "low", "high", "p_value")} | {"n": result.n}


def _plain(value: object) -> object:
    return time(value) if isinstance(value, datetime) else list(value) if isinstance(value, tuple) else value
