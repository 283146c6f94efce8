"""Learning from few labels and many examples without one: self-training, and a mean teacher.

Self-training (Lee 2013, Pseudo-Label, ICML workshop): train on the labelled, take what the network is sure of as
labels, train again. Mean teacher (Tarvainen and Valpola 2017, arXiv:1703.01780): the student's answers are drawn
towards those of a teacher whose weights are the running mean of the student's, on labelled and unlabelled alike.
Both run on the one training engine. Whether they gain anything over the labelled alone is a question to measure: see
docs/concepts/semi-supervised.md, where they often do not.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import InputError
from houfeng.learning.engine import Training, predict, train
from houfeng.learning.examples import Examples
from houfeng.learning.extra import require
from houfeng.learning.losses import Loss
from houfeng.learning.settings import TrainSettings

torch = require("torch")
functional = torch.nn.functional

#: The target of an example without a label.
UNLABELLED = -1


@dataclass(frozen=True, eq=False)
class SelfTraining:
    """What self-training gives.

    Attributes
    ----------
    training
        The last round.
    taken
        How many pseudo-labels each round took; short where none was sure.
    """

    training: Training
    taken: tuple[int, ...]


def hide_labels(
    target: NDArray[np.integer], share: float, rng: np.random.Generator, *, least: int = 2
) -> NDArray[np.int64]:
    """Keep `share` of the labels of every class (at least `least` each), the others become `UNLABELLED`; (n,)."""
    target = np.asarray(target)
    if not 0 < share <= 1 or least < 1:
        raise InputError(f"share={share} lies above 0 and up to 1, least={least} is at least 1")
    hidden = np.full(len(target), UNLABELLED, dtype=np.int64)
    for value in np.unique(target):
        rows = np.flatnonzero(target == value)
        count = min(len(rows), max(least, round(share * len(rows))))
        kept = rng.choice(rows, count, replace=False)
        hidden[kept] = value
    return hidden


def self_train(
    make: Callable[[], "torch.nn.Module"],
    examples: Examples,
    *,
    settings: TrainSettings,
    threshold: float = 0.95,
    pseudo_weight: float = 0.5,
    rounds: int = 2,
    augment: Callable | None = None,
) -> SelfTraining:
    """Train on the labelled, then `rounds` times from the start with what the last network was sure of.

    Parameters
    ----------
    make
        Gives a new network, logits (b, classes).
    examples
        Target (n,): the class, or `UNLABELLED`.
    threshold
        Chance above which an answer is taken for a label.
    pseudo_weight
        Weight of such an example; a labelled one keeps its own.

    Raises
    ------
    InputError
        When nothing is labelled, or a setting is out of range.
    """
    labelled = _labelled(examples)
    if not 0 < threshold <= 1 or not pseudo_weight > 0 or rounds < 1:
        raise InputError(f"threshold={threshold}, pseudo_weight={pseudo_weight} and rounds={rounds} must be positive")
    training = _fit(make(), examples.select(labelled), settings, augment)
    taken: list[int] = []
    for _ in range(rounds):
        if labelled.all():
            break
        raw = torch.from_numpy(predict(training.network, examples.inputs))
        chances = functional.softmax(raw, dim=1).numpy()
        sure = ~labelled & (chances.max(axis=1) >= threshold)
        taken.append(int(sure.sum()))
        if not sure.any():
            break
        target = np.where(labelled, examples.target, chances.argmax(axis=1))
        weight = np.where(labelled, examples.weight, pseudo_weight)
        both = Examples(examples.inputs, target, weight).select(labelled | sure)
        training = _fit(make(), both, settings, augment)
    return SelfTraining(training, tuple(taken))


def mean_teacher(
    student: "torch.nn.Module",
    examples: Examples,
    *,
    settings: TrainSettings,
    decay: float = 0.98,
    consistency: float = 4.0,
    ramp_share: float = 0.3,
    augment: Callable | None = None,
) -> Training:
    """Train a student, and give the teacher: the running mean of its weights, to which it is drawn.

    Parameters
    ----------
    student
        Logits (b, classes). Its dropout, and `augment` drawn twice, make its view differ from the teacher's.
    examples
        Target (n,): the class, or `UNLABELLED`. Labelled examples are repeated until they are about half of a batch.
    decay
        Of the running mean, a step.
    consistency
        Weight of the mean squared difference of the chances, at full ramp.
    ramp_share
        Share of the steps over which that weight rises, as exp(-5 (1 - t)²).

    Returns
    -------
    Training
        Its network is the teacher alone.
    """
    labelled = _labelled(examples)
    if not 0 <= decay < 1 or not consistency >= 0 or not 0 < ramp_share <= 1:
        raise InputError(
            f"decay={decay} lies from 0 to below 1, consistency={consistency} is not negative, "
            f"ramp_share={ramp_share} above 0 and up to 1"
        )
    if settings.accumulate != 1:
        raise InputError(f"accumulate={settings.accumulate}: the teacher follows once a step, so batches stay whole")
    rows = np.flatnonzero(labelled)
    repeats = max(1, round((~labelled).sum() / len(rows)))
    mixed = examples.select(np.concatenate([np.tile(rows, repeats), np.flatnonzero(~labelled)]))
    pair = _Pair(student, decay, consistency, max(1, round(ramp_share * settings.total_steps(len(mixed)))))
    twice = None if augment is None else _TwoViews(augment)
    training = train(pair, mixed, None, loss=Consistent(), settings=settings, augment=twice)
    return Training(pair.teacher.eval(), training.history, training.best_step, training.best_loss, training.stopped)


@dataclass(frozen=True)
class Consistent(Loss):
    """Cross-entropy of the student where there is a label, and its difference from the teacher everywhere.

    The raw output is (b, 3, classes): student, teacher, and the weight of the difference.
    """

    def per_example(self, raw, target):
        """Cross-entropy where the target is a class, plus the weighted squared difference of the chances: (b,)."""
        student, teacher, weight = raw.unbind(1)
        labelled = target >= 0
        told = functional.cross_entropy(student, target.clamp(min=0), reduction="none") * labelled
        apart = (functional.softmax(student, 1) - functional.softmax(teacher, 1)).square().mean(1)
        return told + weight[:, 0] * apart

    def check(self, target):
        """Refuse labels of fewer than two classes."""
        known = np.unique(target[target >= 0])
        if len(known) < 2:
            raise InputError(f"labels of {len(known)} class(es): two are needed to tell apart")


class _Pair(torch.nn.Module):
    """Student and teacher as one network, so that a checkpoint holds both."""

    def __init__(self, student: "torch.nn.Module", decay: float, consistency: float, ramp_steps: int) -> None:
        super().__init__()
        self.student, self.teacher = student, copy.deepcopy(student).requires_grad_(False)
        self.decay, self.consistency, self.ramp_steps = decay, consistency, ramp_steps
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def forward(self, inputs: Mapping[str, "torch.Tensor"]) -> "torch.Tensor":
        """Dict of (b, ...) -> (b, 3, classes)."""
        if self.training:
            self._follow()
        mine = {name: x for name, x in inputs.items() if not name.startswith(_TEACHER)}
        theirs = {name: inputs.get(_TEACHER + name, x) for name, x in mine.items()}
        raw = self.student(mine)
        with torch.no_grad():
            said = self.teacher(theirs)
        along = min(float(self.step) / self.ramp_steps, 1.0)
        weight = self.consistency * float(np.exp(-5 * (1 - along) ** 2))
        return torch.stack([raw, said, torch.full_like(raw, weight)], 1)

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the teacher towards the student, faster in the first steps, when the mean would remember the start."""
        keep = min(self.decay, 1 - 1 / (float(self.step) + 1))
        for theirs, mine in zip(self.teacher.parameters(), self.student.parameters(), strict=True):
            theirs.lerp_(mine, 1 - keep)
        for theirs, mine in zip(self.teacher.buffers(), self.student.buffers(), strict=True):
            theirs.copy_(mine)
        self.step += 1


_TEACHER = "teacher_"


@dataclass(frozen=True)
class _TwoViews:
    """The same augmentation drawn twice: for the student, and under another name for the teacher."""

    augment: Callable

    def __call__(self, inputs: dict, generator: "torch.Generator") -> dict:
        theirs = self.augment(inputs, generator)
        return {**self.augment(inputs, generator), **{_TEACHER + name: x for name, x in theirs.items()}}


def _labelled(examples: Examples) -> NDArray[np.bool_]:
    labelled = np.asarray(examples.target) != UNLABELLED
    if len(np.unique(examples.target[labelled])) < 2:
        raise InputError(f"{int(labelled.sum())} of {len(examples)} examples are labelled: two classes need labels")
    return labelled


def _fit(network: "torch.nn.Module", examples: Examples, settings: TrainSettings, augment: Callable | None) -> Training:
    return train(network, examples, None, loss="categorical", settings=settings, augment=augment)
