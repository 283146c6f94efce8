"""The one training loop of the house: forecasting networks, images and waveforms all learn through it.

Read it from `train` down. A network takes a dict of tensors and gives raw outputs; a loss compares them with the
target; AdamW follows a warm-up and a cosine; the weights with the best validation loss are kept.

The randomness of a step (its rows, its augmentation, its dropout) is a function of seed and step number alone.
That is why a training killed anywhere resumes to the same bits: a checkpoint needs no generator's state.
"""

import contextlib
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import FitError, InputError
from houfeng.learning import checkpoint
from houfeng.learning.examples import Examples
from houfeng.learning.extra import require
from houfeng.learning.losses import Loss, loss_of
from houfeng.learning.sampling import BalancedOrder, ShuffledOrder
from houfeng.learning.settings import TrainSettings
from houfeng.learning.tensors import device_of, evaluating, seed_of, seeded, tensor, tensors, threads, weights_of

torch = require("torch")
log = logging.getLogger(__name__)

Augment = Callable[[dict[str, "torch.Tensor"], "torch.Generator"], dict[str, "torch.Tensor"]]


@dataclass(frozen=True, slots=True)
class Point:
    """One evaluation: `step` steps done, losses (training: mean since the last point), norm of the last gradient."""

    step: int
    learning_rate: float
    train_loss: float
    validation_loss: float
    gradient_norm: float


@dataclass(frozen=True, slots=True)
class Progress:
    """What a progress hook (and the log) is told at each evaluation."""

    point: Point
    steps: int
    elapsed_s: float
    stage: int = 1
    stages: int = 1

    def __str__(self) -> str:
        point = self.point
        stage = f"stage {self.stage} of {self.stages}, " if self.stages > 1 else ""
        return (
            f"{stage}step {point.step} of {self.steps} after {self.elapsed_s:.0f} s: loss {point.train_loss:.4g}, "
            f"validation {point.validation_loss:.4g}, learning rate {point.learning_rate:.2g}, "
            f"gradient {point.gradient_norm:.2g}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """What a training gives: the network with its best weights, and how it came to them.

    Attributes
    ----------
    network
        The network that was handed in, now with its best weights and in evaluation mode.
    history
        Evaluations in order.
    best_step, best_loss
        Steps behind the best weights and their validation loss (without validation: the last, and NaN).
    stopped
        Why it ended, for people.
    """

    network: "torch.nn.Module"
    history: tuple[Point, ...]
    best_step: int
    best_loss: float
    stopped: str


class Solo:
    """The team of one process; `houfeng.learning.parallel` has the team of several."""

    rank, size = 0, 1

    def wrap(self, network: "torch.nn.Module") -> "torch.nn.Module":
        """The network as it is called in training."""
        return network

    def piece(self, network: "torch.nn.Module", last: bool) -> contextlib.AbstractContextManager:
        """Context of one piece of a batch; gradients are exchanged in the last."""
        return contextlib.nullcontext()

    def total(self, values: "torch.Tensor") -> "torch.Tensor":
        """Sum over the processes."""
        return values


def train(
    network: "torch.nn.Module",
    examples: Examples,
    validation: Examples | None,
    *,
    loss: str | Loss,
    settings: TrainSettings,
    augment: Augment | None = None,
    folder: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    team: Solo | None = None,
) -> Training:
    """Train `network` in place; see the module's head.

    Parameters
    ----------
    network
        Takes a dict of tensors by name, (b, ...), and returns raw outputs. Parameters with `requires_grad` off
        stay as they are.
    examples, validation
        What is learned from, and what early stopping looks at; None trains to the end.
    loss
        'binary', 'categorical', 'poisson', 'mse', 'huber', or a `Loss`.
    settings
        See `TrainSettings`.
    augment
        Changes the inputs of a training batch, with a generator of its own: ``augment(inputs, generator)``.
    folder
        Where the checkpoint goes. If it holds one of the same training, that is resumed, to the same bits.
    progress
        Called at each evaluation.
    team
        The processes that share the work; one, unless `train_distributed` says otherwise.

    Raises
    ------
    InputError
        For a target this loss cannot be learned from (one class only, say), or a checkpoint of another training.
    FitError
        When the loss is not a number or the gradients explode; the message names step, rate, row and remedy.
    StoreError
        When a checkpoint cannot be written.
    """
    loss, team = loss_of(loss), team or Solo()
    _check(examples, validation, loss, settings, team)
    device = device_of(settings.device)
    path = None if folder is None else Path(folder) / "checkpoint.pt"
    parts = checkpoint.fingerprint(network, examples, validation, loss, settings, augment) if path else {}
    with threads(settings.threads):
        run = _Run(network.to(device), examples, validation, loss, settings, augment, team, device)
        if path:
            run.resume(checkpoint.load(path, parts))
            checkpoint.check_writable(path)
        started = written = time.monotonic()
        while not run.state.stopped:
            run.step()
            if run.evaluate_if_due() and team.rank == 0:
                now = Progress(run.points[-1], run.total, time.monotonic() - started)
                log.info("%s", now)
                if progress is not None:
                    progress(now)
            every = settings.checkpoint_every_steps
            due = run.state.step % every == 0 if every else time.monotonic() - written >= settings.checkpoint_every_s
            if path and team.rank == 0 and (due or run.state.stopped):
                checkpoint.save(path, run.progressed(), parts)
                written = time.monotonic()
        network.load_state_dict(run.state.best)
    network.eval()
    return Training(network, tuple(run.points), run.state.best_step, run.state.best_loss, run.state.stopped)


def predict(network: "torch.nn.Module", inputs: Mapping[str, NDArray], batch_size: int = 1024) -> NDArray[np.float32]:
    """Raw outputs of `network` for n examples, (n, ...): logits or log-rates, not probabilities."""
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    n = len(next(iter(inputs.values())))
    with evaluating(network):
        raws = [
            network(tensors(inputs, np.arange(start, min(start + batch_size, n)), device)).float().cpu().numpy()
            for start in range(0, n, batch_size)
        ]
    if not raws:
        raise InputError("no rows to predict")
    return np.concatenate(raws)


class _Run:
    """The state of one training, and its single step."""

    def __init__(self, network, examples, validation, loss, settings, augment, team, device) -> None:
        self.network, self.examples, self.validation = network, examples, validation
        self.loss, self.settings, self.augment, self.team, self.device = loss, settings, augment, team, device
        self.wrapped = team.wrap(network)
        self.total = settings.total_steps(len(examples))
        self.trained = [p for p in network.parameters() if p.requires_grad]
        self.optimiser = _optimiser(network, settings)
        if settings.order == "balanced":
            self.order = BalancedOrder(examples.target, settings.batch_size, settings.seed)
        else:
            self.order = ShuffledOrder(len(examples), settings.batch_size, settings.seed)
        self.points: list[Point] = []
        self.norm = math.nan
        self.state = checkpoint.Progressed(0, {}, {}, [], weights_of(network), math.inf, 0, 0, (0.0, 0.0), "")

    def resume(self, kept: "checkpoint.Progressed | None") -> None:
        """Go on where `kept` was written."""
        if kept is None:
            return
        self.network.load_state_dict(kept.network)
        self.optimiser.load_state_dict(kept.optimiser)
        self.points = [Point(int(step), *rest) for step, *rest in kept.history]
        self.state = kept

    def progressed(self) -> "checkpoint.Progressed":
        """All that a later process needs."""
        self.state.network, self.state.optimiser = self.network.state_dict(), self.optimiser.state_dict()
        self.state.history = [
            (p.step, p.learning_rate, p.train_loss, p.validation_loss, p.gradient_norm) for p in self.points
        ]
        return self.state

    def step(self) -> None:
        """One optimiser step on one batch, worked through in pieces."""
        step, team = self.state.step, self.team
        rate = self.settings.learning_rate_at(step, self.total)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["scale"]
        rows = self.order.rows(step)
        weight = max(float(self.examples.weight[rows].sum()), 1e-12)
        pieces = np.array_split(rows, self.settings.accumulate * team.size)[team.rank :: team.size]
        self.network.train()
        self.optimiser.zero_grad(set_to_none=True)
        summed = 0.0
        for number, piece in enumerate(pieces):
            with team.piece(self.wrapped, number == len(pieces) - 1):
                value = self._loss(piece, step, number, rate)
                # Gradients are averaged over the team, so each member's share counts size-fold.
                (value * (team.size / weight)).backward()
            summed += float(value.detach())
        norm = float(torch.nn.utils.clip_grad_norm_(self.trained, self.settings.clip_norm))
        if not norm <= self.settings.explosion_norm:
            raise FitError(
                f"the gradient exploded at step {step} (norm {norm:g}, learning rate {rate:g}): lower the learning "
                f"rate (now {self.settings.learning_rate:g}), lengthen the warm-up, or scale the inputs to about 1"
            )
        self.optimiser.step()
        self.norm = norm
        summed = float(team.total(torch.tensor(summed, dtype=torch.float64)))
        self.state.running = (self.state.running[0] + summed, self.state.running[1] + weight)
        self.state.step += 1

    def _loss(self, rows: NDArray, step: int, number: int, rate: float) -> "torch.Tensor":
        """Weighted sum of the losses of `rows`, with the graph behind it."""
        inputs = tensors(self.examples.inputs, rows, self.device)
        place = (self.settings.seed, step, number, self.team.rank)
        if self.augment is not None:
            inputs = self.augment(inputs, torch.Generator().manual_seed(seed_of(*place, 0)))
        target = tensor(self.examples.target[rows], self.device, pixels=False)
        with seeded(seed_of(*place, 1), self.device), self._precision():
            raw = self.wrapped(inputs)
        each = self.loss.per_example(raw.float() if torch.is_tensor(raw) else raw, target)
        value = (each * tensor(self.examples.weight[rows], self.device)).sum()
        if not torch.isfinite(value):
            raise FitError(_offender(each, inputs, self.examples, rows, step, rate))
        return value

    def evaluate_if_due(self) -> bool:
        """At every `evaluate_every` steps and at the end: validation loss, best weights, whether to stop."""
        state, settings = self.state, self.settings
        if state.step % settings.evaluate_every and state.step < self.total:
            return False
        loss = self._validate() if self.validation is not None else math.nan
        rate = settings.learning_rate_at(state.step - 1, self.total)
        self.points.append(Point(state.step, rate, state.running[0] / state.running[1], loss, self.norm))
        state.running = (0.0, 0.0)
        if self.validation is None or loss < state.best_loss:
            state.best, state.best_loss, state.best_step = weights_of(self.network), loss, state.step
            state.waited = 0
        else:
            state.waited += 1
        if settings.patience and state.waited >= settings.patience:
            state.stopped = f"no better validation loss in {settings.patience} evaluations"
        elif state.step >= self.total:
            state.stopped = "all steps done"
        return True

    def _validate(self) -> float:
        """Weighted mean loss on the validation examples, shared among the team."""
        kept, sums, odd = self.validation, torch.zeros(2, dtype=torch.float64), ""
        mine = np.arange(self.team.rank, len(kept), self.team.size)
        with evaluating(self.network):
            for start in range(0, len(mine), self.settings.batch_size):
                rows = mine[start : start + self.settings.batch_size]
                with self._precision():
                    raw = self.network(tensors(kept.inputs, rows, self.device))
                target = tensor(kept.target[rows], self.device, pixels=False)
                each = self.loss.per_example(raw.float() if torch.is_tensor(raw) else raw, target).double().cpu()
                if not odd and not torch.isfinite(each).all():
                    odd = f", first in {kept.row_named(int(rows[int(torch.argmin(torch.isfinite(each).int()))]))}"
                weight = torch.from_numpy(kept.weight[rows])
                sums += torch.stack([(each * weight).sum(), weight.sum()])
        summed, weight = self.team.total(sums).tolist()
        value = summed / weight
        if not math.isfinite(value):
            raise FitError(
                f"the validation loss is {value} after {self.state.step} steps{odd}: lower the learning rate "
                f"(now {self.settings.learning_rate:g}), or look for validation inputs far from the training ones"
            )
        return value

    def _precision(self) -> contextlib.AbstractContextManager:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.settings.bf16)


def _check(examples, validation, loss, settings, team) -> None:
    """Refuse before the first step what cannot end well."""
    for name, kept in {"training": examples, "validation": validation}.items():
        if kept is None:
            continue
        if len(kept) == 0 or not kept.weight.any():
            raise InputError(f"no {name} examples with a weight above zero")
    loss.check(examples.target[examples.weight > 0])
    if validation is not None and set(validation.inputs) != set(examples.inputs):
        raise InputError(f"validation has inputs {sorted(validation.inputs)}, training {sorted(examples.inputs)}")
    pieces, batch = settings.accumulate * team.size, min(settings.batch_size, len(examples))
    if batch < pieces:
        raise InputError(f"a batch of {batch} cannot be cut into {pieces} pieces: lower accumulate or processes")


def _optimiser(network: "torch.nn.Module", settings: TrainSettings) -> "torch.optim.Optimizer":
    """AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101); vectors (biases, norms) are not shrunk."""
    groups: dict[tuple[float, float], list] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            decay = settings.weight_decay if parameter.ndim >= 2 else 0.0
            scale = math.prod(factor for prefix, factor in settings.scales if name.startswith(prefix))
            groups.setdefault((decay, scale), []).append(parameter)
    if not groups:
        raise InputError("the network has no parameter left to train: all are frozen")
    listed = [{"params": kept, "weight_decay": decay, "scale": scale} for (decay, scale), kept in groups.items()]
    return torch.optim.AdamW(listed, lr=settings.learning_rate, betas=(0.9, 0.99))


def _offender(each: "torch.Tensor", inputs: dict, examples: Examples, rows: NDArray, step: int, rate: float) -> str:
    """What to say of a loss that is not finite."""
    place = int(torch.argmin(torch.isfinite(each).int()))
    reach = {name: float(values[place].detach().float().abs().max()) for name, values in inputs.items()}
    name = max(reach, key=lambda name: math.inf if math.isnan(reach[name]) else reach[name])
    return (
        f"the loss is not finite at step {step} (learning rate {rate:g}): first in "
        f"{examples.row_named(int(rows[place]))}, whose input '{name}' reaches {reach[name]:g}; lower the learning "
        "rate, or scale that input to about 1"
    )
