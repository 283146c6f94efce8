"""Carry out an experiment, top to bottom: read, forecast and score every window, tally, write.

Every model and window is a step recorded in the store: a killed experiment goes on where it stopped.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from houfeng.catalogs.catalog import Catalog
from houfeng.experiments.executors import Executor, executor_of
from houfeng.experiments.experiment import Experiment
from houfeng.experiments.log import INPUTS_STEP
from houfeng.experiments.proof import Proof, first_units, proof_record, prove_no_future
from houfeng.experiments.scoreboard import scoreboard
from houfeng.experiments.tables import write_tables
from houfeng.experiments.work import Inputs, Outcome, Unit, unit_record
from houfeng.operations.outputs import write_text
from houfeng.reports.scoreboard import render_scoreboard
from houfeng.store import Run, Store, StoreReader
from houfeng.store.packing import json_text
from houfeng.store.runs import code_version

Progress = Callable[[str], None]

#: Kind of the run in the store; name of its document, both as a file and as the last step of the run; the page.
KIND, DOCUMENT, PAGE = "experiment", "scoreboard.json", "scoreboard.html"


@dataclass(frozen=True)
class ExperimentResult:
    """A finished experiment: its folder, its scoreboard, and how many units a resumed run did not repeat."""

    folder: Path
    document: Mapping
    run: int
    kept: int

    @property
    def page(self) -> Path:
        """The page to open."""
        return self.folder / PAGE


def run_experiment(
    experiment: Experiment,
    store: Store,
    *,
    folder: Path,
    catalog: Catalog | None = None,
    prove: bool = False,
    executor: Executor | None = None,
    progress: Progress = lambda message: None,
) -> ExperimentResult:
    """Carry out `experiment`, or go on with it where a killed process stopped; one that is finished is given back.

    Parameters
    ----------
    store
        Remembers every unit, every forecast and the catalogue; the run in it is of kind "experiment".
    folder
        For scoreboard.json, scoreboard.html and the Parquet tables.
    catalog
        Instead of reading ``experiment.catalog``.
    prove
        Also prove, in the first window of every model, that it does not see the future.
    executor
        Instead of the one ``experiment.executor`` asks for.

    Raises
    ------
    HoufengError
        When nothing can be scored, or the folder or the store cannot be written. The failure of a model in a
        window is no error: it is told on the scoreboard.
    """
    catalog = experiment.catalog.read().catalog if catalog is None else catalog
    scorable = experiment.scorable(catalog)
    inputs = Inputs.of(experiment, catalog)
    executor = executor_of(experiment.executor) if executor is None else executor
    folder = Path(folder).absolute()
    snapshot = store.save_catalog(catalog)
    settings = experiment.settings | {"prove": prove, "folder": str(folder)}
    before = _finished_before(store, settings, snapshot)
    if before is not None:
        progress(f"finished before, as run {before.run}: nothing to do; delete {folder} to make it anew")
        return before
    work = store.begin_run(KIND, settings, region=experiment.region.name, catalog=snapshot)
    try:
        work.step(INPUTS_STEP, lambda: {"min_magnitude": inputs.min_magnitude, "digest": inputs.digest})
        units = [Unit(label, window) for label in experiment.labels for window in scorable]
        kept = _do_units(inputs, units, work, store, executor, progress)
        proofs = _prove(inputs, first_units(inputs, scorable), work, progress) if prove else None
        progress("writing the scoreboard")
        document, files = _finished(inputs, units, proofs, work, folder)
        work.step("files", lambda: {"folder": str(folder), "files": files})
        work.step(DOCUMENT, lambda: document)
    except BaseException:
        work.release()  # whatever it was, hours of windows are kept for the next attempt
        raise
    work.finish()
    return ExperimentResult(folder, document, work.id, kept)


def _finished(
    inputs: Inputs, units: list[Unit], proofs: list[Proof] | None, work: Run, folder: Path
) -> tuple[dict, list[str]]:
    """The document and the names of the files, from what the run remembers."""
    rows = [work.completed(step_name(inputs, unit)) | {"window": unit.window} for unit in units]
    arrays = [work.arrays(step_name(inputs, unit)) for unit in units]
    document = scoreboard(
        inputs,
        rows,
        arrays,
        proof=proof_record(proofs, inputs),
        version=code_version(),
    )
    folder.mkdir(parents=True, exist_ok=True)
    tables = write_tables(folder, inputs, rows, arrays)
    write_text(folder / DOCUMENT, json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False))
    write_text(folder / PAGE, render_scoreboard(document))
    return document, sorted([DOCUMENT, PAGE, *tables])


def _finished_before(store: Store, settings: Mapping, snapshot: str) -> ExperimentResult | None:
    """What the same code made of the same experiment and catalogue, if all its files are still there."""
    told = json.loads(json_text(dict(settings), "the settings of an experiment"))
    wanted = (KIND, "done", snapshot, code_version())
    with StoreReader.open(store.folder) as reader:
        for record in reversed(reader.runs()):
            found = record.kind, record.state, record.catalog, record.code_version
            if found != wanted or record.settings != told:
                continue
            document, folder = reader.result(record.id, DOCUMENT), Path(told["folder"])
            if document and all((folder / name).exists() for name in reader.result(record.id, "files")["files"]):
                kept = sum(model["windows_scored"] + model["failed"] for model in document["models"])
                return ExperimentResult(folder, document, record.id, kept)
    return None


def step_name(inputs: Inputs, unit: Unit) -> str:
    """Name of a unit's step in the run."""
    return f"{unit.model} {inputs.experiment.windows[unit.window].start.isoformat()} {unit.window}"


def _do_units(
    inputs: Inputs, units: list[Unit], work: Run, store: Store, executor: Executor, progress: Progress
) -> int:
    """Do and record every unit that is not recorded yet; how many were."""
    left = [unit for unit in units if work.completed(step_name(inputs, unit)) is None]
    kept = len(units) - len(left)
    if kept:
        progress(f"{kept} of {len(units)} windows done before, kept")
    for number, outcome in enumerate(executor.outcomes(inputs, left), start=kept + 1):
        _record(inputs, outcome, work, store)
        window = inputs.experiment.windows[outcome.unit.window]
        told = f"FAILED: {outcome.failure}" if outcome.failure else f"{outcome.scores.observed} came"
        progress(f"{number} of {len(units)}: {outcome.unit.model} {window.start:%Y-%m-%d %H:%M}, {told}")
    return kept


def _record(inputs: Inputs, outcome: Outcome, work: Run, store: Store) -> None:
    """Log the forecast, then the scores: a kill between the two repeats the unit and logs the forecast once."""
    record = unit_record(inputs, outcome)
    if outcome.forecast is not None:
        record["forecast"] = store.save_forecast(work, outcome.forecast)
    arrays = dict(outcome.events) | ({} if outcome.failure else {"cells": outcome.cells})
    if outcome.occurrence is not None:
        arrays["occurrence"] = outcome.occurrence
    work.record(step_name(inputs, outcome.unit), record, arrays)


def _prove(inputs: Inputs, units: tuple[Unit, ...], work: Run, progress: Progress) -> list[Proof]:
    proofs = []
    for unit in units:
        progress(f"proving that {unit.model} does not see the future")
        found = work.step(f"proof {unit.model}", lambda unit=unit: asdict(prove_no_future(inputs, unit)))
        proofs.append(Proof(**found))
    return proofs
