"""Which learning rate, batch, length, shrinkage, dropout, depth and width: a search that can be killed and goes on.

Every trial is judged on folds in the order of time, never on the test. The draws of a trial depend on the seed and
on the number of trials finished before it, so an interrupted search ends where an uninterrupted one would.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from houfeng.errors import FitError, InputError
from houfeng.learning.engine import train
from houfeng.learning.examples import Examples
from houfeng.learning.extra import require
from houfeng.learning.folds import Fold
from houfeng.learning.losses import Loss, loss_of
from houfeng.learning.settings import TrainSettings
from houfeng.learning.tensors import seed_of


@dataclass(frozen=True, slots=True)
class Choice:
    """One point of the search: what a trial is trained with."""

    learning_rate: float
    batch_size: int
    steps: int
    weight_decay: float
    dropout: float
    depth: int
    width: int

    def settings(self, base: TrainSettings) -> TrainSettings:
        """`base` with this choice in it."""
        chosen = {"learning_rate": self.learning_rate, "batch_size": self.batch_size, "steps": self.steps}
        return replace(base, epochs=None, weight_decay=self.weight_decay, **chosen)


@dataclass(frozen=True, slots=True)
class Space:
    """What is searched: (low, high) of each; equal ends fix it. Learning rate, decay and width on a log scale."""

    learning_rate: tuple[float, float] = (3e-4, 1e-2)
    batch_size: tuple[int, int] = (32, 256)
    steps: tuple[int, int] = (200, 2000)
    weight_decay: tuple[float, float] = (1e-4, 0.3)
    dropout: tuple[float, float] = (0.0, 0.5)
    depth: tuple[int, int] = (1, 3)
    width: tuple[int, int] = (8, 128)

    def __post_init__(self) -> None:
        for field in fields(self):
            low, high = getattr(self, field.name)
            least = 0 if field.name in ("dropout", "depth") else 1e-12
            if not least <= low <= high:
                raise InputError(f"{field.name} from {low} to {high}: give (low, high), low <= high, not below {least}")


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: mean validation loss over the folds it was judged on, and whether it was given up before the last.

    `loss` is NaN where the training failed; `why` then says how.
    """

    choice: Choice
    loss: float
    pruned: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: all trials in order, and the best of those judged on every fold."""

    best: Choice
    best_loss: float
    trials: tuple[Trial, ...]


def judge(
    build_network: Callable[[Choice], object],
    choice: Choice,
    examples: Examples,
    folds: Sequence[Fold],
    loss: str | Loss,
    base: TrainSettings,
    goes_on: Callable[[int, float], bool] = lambda number, mean: True,
) -> Trial:
    """Train once a fold and average the best validation losses, while `goes_on(fold number, mean so far)`.

    Raises
    ------
    InputError
        When a fold has one class only, to learn from or to be judged on.
    """
    losses = []
    for number, fold in enumerate(folds):
        learned, unseen = examples.select(fold.train), examples.select(fold.validation)
        for part, rows in (("training", learned), ("validation", unseen)):
            try:
                loss_of(loss).check(rows.target)
            except InputError as error:
                raise InputError(f"fold {number + 1} of {len(folds)}, {part}: {error}") from error
        try:
            done = train(build_network(choice), learned, unseen, loss=loss, settings=choice.settings(base))
        except FitError as error:
            return Trial(choice, math.nan, False, str(error))
        losses.append(done.best_loss)
        if not goes_on(number, float(np.mean(losses))) and number < len(folds) - 1:
            return Trial(choice, float(np.mean(losses)), True)
    return Trial(choice, float(np.mean(losses)), False)


def search(
    build_network: Callable[[Choice], object],
    examples: Examples,
    folds: Sequence[Fold],
    *,
    loss: str | Loss,
    settings: TrainSettings,
    trials: int = 20,
    space: Space | None = None,
    seed: int = 0,
    storage: str | Path | None = None,
    name: str = "search",
    client: object | None = None,
    at_once: int = 1,
    progress: Callable[[Trial], None] | None = None,
) -> Found:
    """Search with optuna (tree-structured Parzen estimator, Bergstra et al. 2011; median pruning).

    Parameters
    ----------
    build_network
        Builds the network of a `Choice` (with `client`: picklable).
    examples, folds, loss, settings
        What is trained and judged; see `forward_folds`. A choice replaces its part of `settings`.
    trials
        How many in all, those kept in `storage` included.
    storage, name
        A SQLite file that keeps the trials, and the name of this search in it; a killed search goes on from there.
        Give another name when data, folds or settings change.
    client, at_once
        A Dask client whose machines train `at_once` trials side by side (without pruning, which needs to look at
        trials as they run). The result depends on `at_once`, not on the machines.
    progress
        Told of every finished trial.

    Raises
    ------
    FitError
        When no trial could be trained on every fold.
    """
    if trials < 1 or at_once < 1:
        raise InputError(f"trials={trials}, at_once={at_once}: both at least 1")
    if not folds:
        raise InputError("no folds to judge by: see forward_folds")
    optuna, space = require("optuna"), space or Space()
    state, given = optuna.trial.TrialState, (examples, tuple(folds), loss, settings)
    study = _study(optuna, storage, f"{name} {seed} {space}")
    while (done := sum("result" in trial.user_attrs for trial in study.trials)) < trials:
        asked = []
        for number in range(min(at_once, trials - done)):
            study.sampler = optuna.samplers.TPESampler(seed=seed_of(seed, 4, done, number) % 2**32, n_startup_trials=8)
            trial = study.ask()
            asked.append((trial, _choice(trial, space)))
        if client is None:
            judged = [_judge_here(trial, choice, build_network, given) for trial, choice in asked]
        else:
            futures = [client.submit(judge, build_network, choice, *given, pure=False) for _, choice in asked]
            judged = client.gather(futures)
        for (trial, _), result in zip(asked, judged, strict=True):
            loss = None if math.isnan(result.loss) else result.loss
            trial.set_user_attr("result", {"loss": loss, "pruned": result.pruned, "why": result.why})
            _close(study, trial.number, state)
            if progress is not None:
                progress(result)
    return _found(study)


def _study(optuna, storage, name):
    """The study of that name; trials that were running when it was killed are closed."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if storage is not None:
        Path(storage).parent.mkdir(parents=True, exist_ok=True)
    url = None if storage is None else f"sqlite:///{Path(storage).absolute()}"
    pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=0)
    study = optuna.create_study(storage=url, study_name=name, load_if_exists=True, pruner=pruner)
    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        _close(study, trial.number, optuna.trial.TrialState)
    return study


def _close(study, number: int, state) -> None:
    """Tell the study how a trial ended; without a result it died."""
    result = study.trials[number].user_attrs.get("result")
    if result is None or result["loss"] is None:
        study.tell(number, state=state.FAIL)
    elif result["pruned"]:
        study.tell(number, state=state.PRUNED)
    else:
        study.tell(number, result["loss"])


def _choice(trial, space: Space) -> Choice:
    """Draw a choice."""
    values = {}
    for field in fields(Space):
        low, high = getattr(space, field.name)
        if field.name in ("learning_rate", "weight_decay", "dropout"):
            values[field.name] = trial.suggest_float(field.name, low, high, log=field.name != "dropout")
        else:
            values[field.name] = trial.suggest_int(field.name, low, high, log=field.name != "depth")
    return Choice(**values)


def _judge_here(trial, choice: Choice, build_network, given) -> Trial:
    """Judge in this process, where optuna may give up a trial that is worse than the median of those before."""

    def goes_on(number: int, mean: float) -> bool:
        trial.report(mean, number)
        return not trial.should_prune()

    return judge(build_network, choice, *given, goes_on)


def _found(study) -> Found:
    """All finished trials and the best of the complete ones."""
    told = []
    for trial in study.trials:
        if "result" in trial.user_attrs:
            result = trial.user_attrs["result"]
            loss = math.nan if result["loss"] is None else result["loss"]
            told.append(Trial(Choice(**trial.params), loss, result["pruned"], result["why"]))
    complete = [trial for trial in told if not trial.pruned and not math.isnan(trial.loss)]
    if not complete:
        raise FitError(f"none of {len(told)} trials could be trained on every fold; the last: {told[-1].why}")
    best = min(complete, key=lambda trial: trial.loss)
    return Found(best.choice, best.loss, tuple(told))
