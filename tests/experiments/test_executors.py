"""No result depends on where the work is done, and nothing that happens to one unit loses another."""

import os
import signal
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from houfeng.errors import InputError, MissingExtraError, SourceError, UnknownNameError
from houfeng.experiments import (
    Dask,
    ExecutorChoice,
    Experiment,
    Inputs,
    ModelEntry,
    Processes,
    Serial,
    Unit,
    executor_of,
    executors,
)
from houfeng.experiments.work import Worker, seed_of

MODELS = (ModelEntry("smoothed"), ModelEntry("poisson"), ModelEntry("reasenberg-jones"))


@pytest.fixture(scope="module")
def inputs(experiment_of, catalog, daily) -> Inputs:
    experiment = experiment_of(models=MODELS, windows=daily(6), refit=2, n_simulations=100, thresholds=(4.0,))
    return Inputs.of(experiment, catalog)


@pytest.fixture(scope="module")
def units(inputs) -> list[Unit]:
    return [Unit(label, i) for label in inputs.experiment.labels for i in range(6)]


@pytest.fixture(scope="module")
def alone(inputs, units) -> dict:
    return told(Serial().outcomes(inputs, units))


def told(outcomes) -> dict:
    """All that an outcome says, by unit."""
    return {
        outcome.unit: (outcome.failure, outcome.digest, outcome.scores, outcome.cells.tobytes(),
                       {name: column.tobytes() for name, column in outcome.events.items()})
        for outcome in outcomes
    }  # fmt: skip


def test_every_unit_is_done_once(alone, units):
    assert set(alone) == set(units)
    assert all(failure == "" and len(digest) == 64 for failure, digest, *_ in alone.values())


def test_processes_find_what_one_process_finds(inputs, units, alone):
    assert told(Processes(3).outcomes(inputs, units)) == alone


def test_a_fit_on_many_threads_is_the_same_in_a_process_of_its_own(experiment_of, catalog, daily):
    """ETAS sums in parallel where it may; in a unit it must not, or the last digits would depend on the machine."""
    entries = (ModelEntry("etas"),)
    experiment = experiment_of(models=entries, reference="etas", windows=daily(1), n_simulations=100)
    inputs, units = Inputs.of(experiment, catalog), [Unit("etas", 0)]
    here = told(Serial().outcomes(inputs, units))
    assert here[units[0]][0] == "" and told(Processes(1).outcomes(inputs, units)) == here


def test_the_order_of_the_work_changes_nothing(inputs, units, alone):
    assert told(Serial().outcomes(inputs, units[::-1])) == alone


def test_neither_other_models_nor_other_windows_change_a_forecast(experiment_of, catalog, daily, alone):
    fewer = experiment_of(
        models=MODELS[1:], reference="poisson", windows=daily(3), refit=2, n_simulations=100, thresholds=(4.0,)
    )
    found = told(Serial().outcomes(Inputs.of(fewer, catalog), [Unit("poisson", 2)]))
    assert found[Unit("poisson", 2)] == alone[Unit("poisson", 2)]


def test_every_unit_and_purpose_has_a_seed_of_its_own(inputs, units, experiment_of):
    experiment = inputs.experiment
    seeds = {seed_of(experiment, unit, purpose) for unit in units for purpose in ("forecast", "simulate", "tests")}
    assert len(seeds) == 3 * len(units)
    other = replace(experiment, seed=experiment.seed + 1)
    assert seed_of(other, units[0], "forecast") not in seeds
    assert all(0 <= seed < 2**128 for seed in seeds)


def test_a_fit_is_made_once_for_the_windows_that_share_it(inputs, monkeypatch):
    made = []
    honest = executors.Worker.__init__.__globals__["fit"]

    def counting(inputs, unit):
        made.append(unit)
        return honest(inputs, unit)

    monkeypatch.setitem(Worker._fitted.__globals__, "fit", counting)
    worker = Worker(inputs)
    for i in range(6):
        worker.do(Unit("poisson", i))
    assert made == [Unit("poisson", i) for i in (0, 2, 4)]


def test_threads_are_given_back(inputs):
    import numba

    before = numba.get_num_threads()
    Worker(inputs).do(Unit("poisson", 0))
    assert numba.get_num_threads() == before


def test_a_model_that_breaks_is_an_outcome(inputs, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("of course")

    monkeypatch.setattr("houfeng.models.poisson.Poisson.fit", broken)
    outcome = Worker(inputs).do(Unit("poisson", 0))
    assert outcome.scores is None and outcome.forecast is None
    assert outcome.failure.startswith("ZeroDivisionError: of course (in broken, test_executors.py line ")
    assert Worker(inputs).do(Unit("smoothed", 0)).failure == ""


@dataclass(frozen=True)
class Dying(executors.Inputs):
    """Inputs whose units kill the process that does them, at one window."""

    at: int = 2
    once: str = ""
    kind: ClassVar[str] = "test"


def _begin_dying(inputs) -> None:
    executors._here.clear()
    executors._here["inputs"] = _DyingWorker(inputs)


class _DyingWorker(Worker):
    def do(self, unit: Unit):
        inputs = self._inputs
        if unit == Unit("poisson", inputs.at) and not (inputs.once and os.path.exists(inputs.once)):
            if inputs.once:
                open(inputs.once, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().do(unit)


@pytest.fixture
def dying(inputs, monkeypatch):
    """Inputs that are deadly at one unit: always, or the first time only."""

    def make(once: str = "") -> Dying:
        return Dying(inputs.experiment, inputs.catalog, inputs.min_magnitude, once=once)

    monkeypatch.setattr(executors, "_begin_process", _begin_dying)
    return make


def test_a_worker_that_dies_loses_no_other_unit(dying, units, alone):
    found = told(Processes(2).outcomes(dying(), units))
    assert set(found) == set(units)
    failed = {unit: outcome for unit, outcome in found.items() if outcome[0]}
    assert list(failed) == [Unit("poisson", 2)] and "the process died 2 times" in failed[Unit("poisson", 2)][0]
    assert {unit: outcome for unit, outcome in found.items() if not outcome[0]} == {
        unit: outcome for unit, outcome in alone.items() if unit != Unit("poisson", 2)
    }


def test_a_unit_whose_worker_died_by_chance_is_done_again(dying, units, alone, tmp_path):
    some = [unit for unit in units if unit.model == "poisson"]
    found = told(Processes(1).outcomes(dying(str(tmp_path / "died")), some))
    assert found == {unit: alone[unit] for unit in some}


def _never_begin(inputs) -> None:
    os._exit(3)


def test_processes_that_cannot_start_fail_no_unit(inputs, units, monkeypatch):
    monkeypatch.setattr(executors, "_begin_process", _never_begin)
    with pytest.raises(SourceError, match="if __name__ == '__main__'"):
        list(Processes(2).outcomes(inputs, units))


def test_no_units_is_no_work(inputs):
    assert list(Processes(2).outcomes(inputs, [])) == [] and list(Serial().outcomes(inputs, [])) == []


def test_dask_finds_what_one_process_finds(inputs, units, alone):
    pytest.importorskip("distributed", reason="distributed is not installed: pip install 'houfeng[cluster]'")
    some = units[:2] + units[-2:]
    found = told(Dask(scheduler="", workers=2).outcomes(inputs, some))
    assert found == {unit: alone[unit] for unit in some}


@dataclass(frozen=True)
class DeadlyExperiment(Experiment):
    """Kills every process but the one it was made in that asks for its poisson model."""

    home: int = 0

    def recipe(self, entry, min_magnitude):
        if entry.name == "poisson" and self.home and os.getpid() != self.home:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().recipe(entry, min_magnitude)


@pytest.mark.slow
def test_a_dask_worker_that_dies_loses_no_other_unit(inputs, units, alone):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    import dask

    parts = {name: getattr(inputs.experiment, name) for name in Experiment.__dataclass_fields__}
    deadly = replace(inputs, experiment=DeadlyExperiment(**parts, home=os.getpid()))
    some = [unit for unit in units if unit.window == 0]
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1, "distributed.logging.distributed": "critical"}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        found = told(Dask(scheduler=cluster.scheduler_address, workers=2).outcomes(deadly, some))
    assert "Dask workers died at this unit" in found[Unit("poisson", 0)][0]
    del found[Unit("poisson", 0)]
    assert found == {unit: alone[unit] for unit in some if unit.model != "poisson"}


def test_a_cluster_that_breaks_ends_the_attempt_and_fails_no_unit(inputs):
    pytest.importorskip("distributed", reason="distributed is not installed")

    class Gone:
        def result(self):
            raise ModuleNotFoundError("No module named 'houfeng'")

    with pytest.raises(SourceError, match="No module named 'houfeng'.*start again: the windows that are recorded"):
        Dask(scheduler="", workers=1)._answer(Gone())


@pytest.mark.parametrize(
    ("choice", "kind"),
    [
        (ExecutorChoice("serial"), Serial),
        (ExecutorChoice("processes", 3), Processes),
        (ExecutorChoice(), Processes),
    ],
)
def test_the_executor_is_the_one_asked_for(choice, kind):
    made = executor_of(choice)
    assert isinstance(made, kind)
    if choice.workers:
        assert made.workers == choice.workers


def test_without_distributed_the_way_out_is_told(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'houfeng\[cluster\]'"):
        executor_of(ExecutorChoice("dask"))


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ({"kind": "dusk"}, UnknownNameError, "did you mean 'dask'"),
        ({"workers": 0}, InputError, "0 workers can do no work"),
        ({"scheduler": "tcp://127.0.0.1:1"}, InputError, "goes with the executor dask"),
    ],
)
def test_an_impossible_choice_is_refused(words, error, message):
    with pytest.raises(error, match=message):
        ExecutorChoice(**words)


def test_a_scheduler_that_does_not_answer_is_told(inputs, units, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")

    def deaf(*_, **__):
        raise OSError("Timed out trying to connect")

    monkeypatch.setattr(distributed, "Client", deaf)
    with pytest.raises(SourceError, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        list(Dask(scheduler="tcp://127.0.0.1:9", workers=1).outcomes(inputs, units[:1]))


def test_what_travels_to_workers_is_small(inputs):
    import pickle

    outcome = Worker(replace(inputs, experiment=replace(inputs.experiment, keep_forecasts=False))).do(
        Unit("poisson", 1)
    )
    assert len(pickle.dumps(outcome)) < 20_000
    assert np.isfinite(outcome.cells).all()
