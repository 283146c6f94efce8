"""Where the work is done: this process, a pool of processes, or a Dask cluster; no result depends on which.

An executor takes units and gives outcomes as they come, in any order. Nothing that happens to one unit loses
another: a worker that dies is replaced, its unit tried once more, and then told as failed.
"""

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from typing import Protocol

from houfeng.errors import MissingExtraError, SourceError
from houfeng.experiments.experiment import ExecutorChoice
from houfeng.experiments.work import Inputs, Outcome, Unit, Worker

#: How often a unit is tried whose worker dies.
ATTEMPTS = 2


class Executor(Protocol):
    """Whoever does units."""

    def outcomes(self, inputs: Inputs, units: Iterable[Unit]) -> Iterator[Outcome]:
        """Outcome of each of `units`, each once, as they are done."""
        ...


def executor_of(choice: ExecutorChoice) -> Executor:
    """The executor that is asked for.

    Raises
    ------
    MissingExtraError
        When it is Dask and ``distributed`` is not installed.
    """
    workers = choice.workers or os.cpu_count() or 1
    if choice.kind == "serial":
        return Serial()
    if choice.kind == "dask":
        _import_distributed()
        return Dask(scheduler=choice.scheduler, workers=workers)
    return Processes(workers)


@dataclass(frozen=True)
class Serial:
    """One unit after the other, in the process at hand."""

    def outcomes(self, inputs: Inputs, units: Iterable[Unit]) -> Iterator[Outcome]:
        """See :class:`Executor`."""
        worker = Worker(inputs)
        for unit in units:
            yield worker.do(unit)


@dataclass(frozen=True)
class Processes:
    """A pool of processes, each with the inputs and its own fitted models.

    A process gets a unit whose fit it has, where there is one, so that each fit is made about once.
    """

    workers: int

    def outcomes(self, inputs: Inputs, units: Iterable[Unit]) -> Iterator[Outcome]:
        """See :class:`Executor`."""
        queue = _Queue(inputs, units)
        hands = [_Hand(inputs) for _ in range(min(self.workers, max(1, len(queue))))]
        try:
            running: dict[Future, _Hand] = {}
            for hand in hands:
                self._feed(hand, queue, running)
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    hand = running.pop(future)
                    outcome = hand.take(future)
                    self._feed(hand, queue, running)
                    if outcome is not None:
                        yield outcome
        finally:
            for hand in hands:
                hand.dismiss()

    @staticmethod
    def _feed(hand: "_Hand", queue: "_Queue", running: dict[Future, "_Hand"]) -> None:
        unit = hand.again or queue.next_for(hand)
        if unit is not None:
            running[hand.begin(unit)] = hand


@dataclass(frozen=True)
class Dask:
    """A Dask cluster: a scheduler that is there, or one with local workers.

    Attributes
    ----------
    scheduler
        Its address; a local cluster is made where empty.
    workers
        Of the local cluster.
    """

    scheduler: str
    workers: int

    def outcomes(self, inputs: Inputs, units: Iterable[Unit]) -> Iterator[Outcome]:
        """See :class:`Executor`."""
        distributed = _import_distributed()
        with self._client(distributed) as client:
            # A task, not scattered data: when all workers that hold it have died, Dask makes it again.
            shared = client.submit(_as_it_is, inputs, pure=False)

            def begin(unit: Unit):
                return client.submit(_do_remotely, shared, inputs.digest, unit, pure=False)

            suspects = []
            futures = {begin(unit): unit for unit in units}
            for future in distributed.as_completed(list(futures)):
                unit = futures.pop(future)
                try:
                    yield self._answer(future)
                except distributed.KilledWorker:
                    suspects.append(unit)
                future.release()
            for unit in suspects:  # Dask blames all that a worker had when it died: one by one the guilty shows
                try:
                    yield self._answer(begin(unit))
                except distributed.KilledWorker as error:
                    text = " ".join(str(error).split())
                    yield Outcome(unit, failure=f"Dask workers died at this unit (killed, or out of memory): {text}")

    def _answer(self, future) -> Outcome:
        """What a worker gives back; whatever is wrong with the cluster itself ends the attempt, not the unit."""
        distributed = _import_distributed()
        try:
            return future.result()
        except distributed.KilledWorker:
            raise
        except Exception as error:
            raise SourceError(
                f"the Dask cluster gave no answer ({type(error).__name__}: {error}); see that its workers have the "
                "same Houfeng, and start again: the windows that are recorded are kept"
            ) from error

    @contextmanager
    def _client(self, distributed) -> Iterator:
        if self.scheduler:
            try:
                client = distributed.Client(self.scheduler, timeout="30s")
            except OSError as error:
                raise SourceError(f"no Dask scheduler answers at {self.scheduler}: {error}") from error
            with client:
                yield client
            return
        cluster = distributed.LocalCluster(
            n_workers=self.workers, threads_per_worker=1, processes=True, dashboard_address=None
        )
        with cluster, distributed.Client(cluster) as client:
            yield client


class _Queue:
    """Units that wait, by the fit they share."""

    def __init__(self, inputs: Inputs, units: Iterable[Unit]) -> None:
        times = inputs.experiment.fit_times
        self._stretches: dict[tuple, deque[Unit]] = {}
        for unit in units:
            self._stretches.setdefault((unit.model, times[unit.window]), deque()).append(unit)
        self._busy: dict[tuple, int] = {}

    def __len__(self) -> int:
        return sum(map(len, self._stretches.values()))

    def next_for(self, hand: "_Hand") -> Unit | None:
        """A unit of the stretch the hand is at, else of one with the fewest at work on it; None when all are out."""
        if not self._stretches.get(hand.stretch):
            self._leave(hand)
            left = [key for key, waiting in self._stretches.items() if waiting]
            if not left:
                return None
            hand.stretch = min(left, key=lambda key: self._busy.get(key, 0))
            self._busy[hand.stretch] = self._busy.get(hand.stretch, 0) + 1
        return self._stretches[hand.stretch].popleft()

    def _leave(self, hand: "_Hand") -> None:
        if hand.stretch is not None:
            self._busy[hand.stretch] -= 1
            hand.stretch = None


class _Hand:
    """One process, made anew when it dies."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._pool: ProcessPoolExecutor | None = None
        self._ready: Future | None = None
        self._unit: Unit | None = None
        self._attempts = 0
        self.again: Unit | None = None
        self.stretch: tuple | None = None

    def begin(self, unit: Unit) -> Future:
        """Start `unit`."""
        self._attempts = self._attempts + 1 if unit is self.again else 1
        self._unit, self.again = unit, None
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1, mp_context=get_context("spawn"), initializer=_begin_process, initargs=(self._inputs,)
            )
            self._ready = self._pool.submit(_stand_ready)
        return self._pool.submit(_do_here, unit)

    def take(self, future: Future) -> Outcome | None:
        """The outcome; None when the process died and the unit is to be tried again."""
        unit = self._unit
        try:
            return future.result()
        except BrokenProcessPool as error:
            self.dismiss()
            if self._ready.exception() is not None:
                raise SourceError(
                    "no worker process could be started: in a script, keep what starts the experiment under "
                    "if __name__ == '__main__':, or take the executor serial"
                ) from error
        if self._attempts < ATTEMPTS:
            self.again = unit
            return None
        return Outcome(
            unit,
            failure=f"the process died {self._attempts} times at this unit (killed, or out of memory); "
            "the others went on without it",
        )

    def dismiss(self) -> None:
        """End the process."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


#: What a process of the pool works with, and Dask workers by digest of the inputs.
_here: dict[str, Worker] = {}


def _begin_process(inputs: Inputs) -> None:
    os.environ["NUMBA_NUM_THREADS"] = "1"  # before the models import numba
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _here.clear()
    _here["inputs"] = Worker(inputs)


def _end_with_parent() -> None:
    """A killed parent says no farewell: wait for its end, and end too."""
    connection.wait([parent_process().sentinel])
    os._exit(1)


def _stand_ready() -> None:
    """Done as soon as the process is: one that dies before was never able to work."""


def _do_here(unit: Unit) -> Outcome:
    return _here["inputs"].do(unit)


def _as_it_is(inputs: Inputs) -> Inputs:
    return inputs


def _do_remotely(inputs: Inputs, digest: str, unit: Unit) -> Outcome:
    if digest not in _here:
        _here.clear()
        _here[digest] = Worker(inputs)
    return _here[digest].do(unit)


def _import_distributed():
    try:
        import distributed
    except ImportError as error:
        raise MissingExtraError(
            "the executor dask needs the package distributed: pip install 'houfeng[cluster]'"
        ) from error
    return distributed
