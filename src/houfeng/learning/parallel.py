"""One training shared among processes of this machine: each works on its part of every batch (torch DDP over gloo).

Two processes give what one gives with the same batch, to rounding, as long as the network has no dropout (its
draws differ from process to process) and no batch norm (it would see another batch).
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from houfeng.errors import FitError, HoufengError, InputError
from houfeng.learning.engine import Augment, Point, Solo, Training, train
from houfeng.learning.examples import Examples
from houfeng.learning.extra import require
from houfeng.learning.losses import Loss
from houfeng.learning.settings import TrainSettings

torch = require("torch")
spawning = require("torch.multiprocessing.spawn")


class Gloo(Solo):
    """The team of several processes; must be built inside an initialised process group."""

    def __init__(self) -> None:
        self.rank, self.size = torch.distributed.get_rank(), torch.distributed.get_world_size()

    def wrap(self, network: "torch.nn.Module") -> "torch.nn.Module":
        """The network whose gradients are averaged over the processes."""
        return torch.nn.parallel.DistributedDataParallel(network)

    def piece(self, network: "torch.nn.Module", last: bool) -> contextlib.AbstractContextManager:
        """Gradients are exchanged once a batch, with its last piece."""
        return contextlib.nullcontext() if last else network.no_sync()

    def total(self, values: "torch.Tensor") -> "torch.Tensor":
        """Sum over the processes."""
        summed = values.clone()
        torch.distributed.all_reduce(summed)
        return summed


def train_distributed(
    build_network: Callable[[], "torch.nn.Module"],
    examples: Examples,
    validation: Examples | None,
    *,
    loss: str | Loss,
    settings: TrainSettings,
    processes: int = 2,
    augment: Augment | None = None,
    folder: str | Path | None = None,
) -> Training:
    """As `train`, in `processes` processes of this machine.

    Parameters
    ----------
    build_network
        Builds the network, the same in every process: ``functools.partial(build, config, seed)``. Like `loss` and
        `augment` it must be picklable, that is, live in a module.
    examples, validation, loss, settings, augment, folder
        As in `train`; a batch of ``settings.batch_size`` is shared among the processes.
    processes
        How many, at least 1.

    Raises
    ------
    InputError, FitError
        As `train`; the first process that stops stops all.
    """
    if processes < 1:
        raise InputError(f"processes={processes}: at least one is needed")
    with tempfile.TemporaryDirectory(prefix="houfeng-") as shared:
        job = (processes, shared, build_network, examples, validation, loss, settings, augment, folder)
        try:
            spawning.start_processes(_work, job, nprocs=processes, start_method="spawn")
        except spawning.ProcessException as error:
            raise _told(Path(shared), error) from error
        kept = torch.load(Path(shared) / "trained.pt", weights_only=True)
    network = build_network()
    network.load_state_dict(kept["network"])
    points = tuple(Point(int(step), *rest) for step, *rest in kept["history"])
    return Training(network.eval(), points, kept["best_step"], kept["best_loss"], kept["stopped"])


def _work(rank, processes, shared, build_network, examples, validation, loss, settings, augment, folder) -> None:
    """What each process does; the first leaves the result in `shared`."""
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # they are all on this machine
    meeting = f"file://{shared}/meeting"
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=processes)
    try:
        done = train(
            build_network(),
            examples,
            validation,
            loss=loss,
            settings=settings,
            augment=augment,
            folder=folder,
            team=Gloo(),
        )
        if rank == 0:
            history = [
                (p.step, p.learning_rate, p.train_loss, p.validation_loss, p.gradient_norm) for p in done.history
            ]
            kept = {"history": history, "best_step": done.best_step, "best_loss": done.best_loss}
            kept |= {"stopped": done.stopped, "network": done.network.state_dict()}
            torch.save(kept, Path(shared) / "trained.pt")
    except HoufengError as error:
        told = {"kind": type(error).__name__, "message": str(error)}
        (Path(shared) / f"error-{rank}.json").write_text(json.dumps(told), encoding="utf-8")
        raise
    finally:
        torch.distributed.destroy_process_group()


def _told(shared: Path, error: Exception) -> HoufengError:
    """The error a process left, or that it died without a word."""
    for path in sorted(shared.glob("error-*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        return (FitError if told["kind"] == "FitError" else InputError)(told["message"])
    return FitError(f"a training process died: {error}")
