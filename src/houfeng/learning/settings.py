"""How a network is trained: every setting of the engine, checked when it is written down."""

import math
from dataclasses import dataclass

from houfeng.errors import InputError

DEVICES = ("auto", "cpu", "cuda")
ORDERS = ("shuffled", "balanced")


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """Settings of one training.

    Attributes
    ----------
    steps, epochs
        Length: optimiser steps, or passes through the examples. Exactly one of them.
    batch_size
        Examples in one step, over all pieces and processes; no more than there are.
    accumulate
        Pieces a batch is worked through in, to save memory; the result is that of the whole batch.
    learning_rate
        Peak of AdamW's step size.
    warmup_steps, warmup_share
        Straight rise to the peak, as steps or as a share of all; the longer of the two counts.
    final_share
        Where the cosine decay ends, as a share of the peak.
    scales
        (prefix of parameter names, factor on the learning rate): gentler steps for what was trained before.
    weight_decay
        L2 shrinkage per unit learning rate, on matrices and kernels only, not on biases and norms.
    clip_norm
        Gradients longer than this are scaled down to it.
    explosion_norm
        Gradients longer than this before clipping (or not finite) end the training with an error.
    patience
        Evaluations without a better validation loss after which training stops; 0 never stops early.
    evaluate_every
        Steps between evaluations.
    order
        'shuffled': every example once an epoch; 'balanced': classes drawn evenly, with replacement.
    seed
        Root of order, dropout and augmentation.
    bf16
        Work in bfloat16 where torch finds it safe; weights stay float32.
    device
        'auto', 'cpu' or 'cuda'. No GPU was at hand: 'cuda' is untested.
    threads
        CPU threads; another number of them may change the last bits of a result.
    checkpoint_every_s, checkpoint_every_steps
        What is lost at most when killed: seconds, or (when above 0) steps.
    """

    steps: int | None = None
    epochs: float | None = None
    batch_size: int = 64
    accumulate: int = 1
    learning_rate: float = 1e-3
    warmup_steps: int = 0
    warmup_share: float = 0.05
    final_share: float = 0.05
    scales: tuple[tuple[str, float], ...] = ()
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    explosion_norm: float = 1e8
    patience: int = 10
    evaluate_every: int = 50
    order: str = "shuffled"
    seed: int = 0
    bf16: bool = False
    device: str = "auto"
    threads: int = 1
    checkpoint_every_s: float = 60.0
    checkpoint_every_steps: int = 0

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.epochs is None):
            raise InputError(
                f"give either steps or epochs, not both or none (steps={self.steps}, epochs={self.epochs})"
            )
        if self.epochs is not None and not self.epochs > 0:
            raise InputError(f"epochs={self.epochs} must be positive")
        whole = {"batch_size": 1, "accumulate": 1, "evaluate_every": 1, "threads": 1, "seed": 0, "patience": 0}
        whole |= {"warmup_steps": 0, "checkpoint_every_steps": 0} | ({} if self.steps is None else {"steps": 1})
        for name, low in whole.items():
            value = getattr(self, name)
            if not isinstance(value, int) or value < low:
                raise InputError(f"{name}={value} must be a whole number, at least {low}")
        for name in ("learning_rate", "clip_norm", "explosion_norm"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name}={getattr(self, name)} must be positive")
        for name in ("weight_decay", "checkpoint_every_s"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name}={getattr(self, name)} must not be negative")
        for name in ("warmup_share", "final_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name}={getattr(self, name)} is a share: between 0 and 1")
        if self.device not in DEVICES:
            raise InputError(f"device '{self.device}' is none of {', '.join(DEVICES)}")
        if self.order not in ORDERS:
            raise InputError(f"order '{self.order}' is none of {', '.join(ORDERS)}")

    def total_steps(self, n: int) -> int:
        """Optimiser steps on `n` examples."""
        if self.steps is not None:
            return self.steps
        return max(1, math.ceil(self.epochs * n / min(self.batch_size, n)))

    def learning_rate_at(self, step: int, total: int) -> float:
        """Learning rate of `step` (from 0) among `total`: straight up, then down a half cosine."""
        warmup = min(max(self.warmup_steps, round(self.warmup_share * total)), total)
        if step < warmup:
            return self.learning_rate * (step + 1) / warmup
        along = (step - warmup) / max(1, total - 1 - warmup)
        share = self.final_share + (1 - self.final_share) * 0.5 * (1 + math.cos(math.pi * min(along, 1.0)))
        return self.learning_rate * share
