"""Experiments: models x windows x tests, from one file to a scoreboard."""

from houfeng.experiments.executors import Dask, Executor, Processes, Serial, executor_of
from houfeng.experiments.experiment import CatalogFile, ExecutorChoice, Experiment, ModelEntry
from houfeng.experiments.log import inputs_of_run, reissue
from houfeng.experiments.proof import Proof, prove_no_future
from houfeng.experiments.run import ExperimentResult, run_experiment
from houfeng.experiments.work import Inputs, Issued, Outcome, Unit, issue

__all__ = [
    "CatalogFile",
    "Dask",
    "Executor",
    "ExecutorChoice",
    "Experiment",
    "ExperimentResult",
    "Inputs",
    "Issued",
    "ModelEntry",
    "Outcome",
    "Processes",
    "Proof",
    "Serial",
    "Unit",
    "executor_of",
    "inputs_of_run",
    "issue",
    "prove_no_future",
    "reissue",
    "run_experiment",
]
