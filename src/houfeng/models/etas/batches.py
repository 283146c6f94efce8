"""Simulated catalogues in batches, several drawn at once, handed on in order and in bounded memory."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from houfeng.errors import InputError

#: Catalogues of a batch, and events after which a batch ends early: together they bound the memory.
BATCH_CATALOGS, BATCH_EVENTS = 500, 1_000_000


class Numbered(Protocol):
    """Some consecutive catalogues."""

    @property
    def first_catalog(self) -> int:
        """Number of the first."""
        ...

    @property
    def n_catalogs(self) -> int:
        """How many there are."""
        ...


B = TypeVar("B", bound=Numbered)


def in_batches(
    draw: Callable[[int, int], B], n_catalogs: int, seed: int, *, batch: int, threads: int | None
) -> Iterator[B]:
    """Draw catalogues 0 to `n_catalogs`, keeping one batch more in the making than there are threads.

    Parameters
    ----------
    draw
        Draws catalogues from one number to before another; it may stop early. It must let other threads run.
    n_catalogs, seed, batch, threads
        Checked here; `threads` is one per processor by default.

    Raises
    ------
    InputError
        When a number makes no sense.
    """
    workers = threads if threads is not None else os.cpu_count() or 1
    for name, value in (("n_catalogs", n_catalogs), ("batch", batch), ("threads", workers)):
        if not 1 <= value < 2**31:
            raise InputError(f"{name} is {value}; it must be from 1 to 2^31 - 1")
    if not 0 <= seed < 2**64:
        raise InputError(f"the seed is {seed}; it must be from 0 to 2^64 - 1")
    return _in_order(draw, n_catalogs, batch, workers)


def _in_order(draw: Callable[[int, int], B], n_catalogs: int, batch: int, workers: int) -> Iterator[B]:
    pool = ThreadPoolExecutor(workers, thread_name_prefix="simulate")
    pending: deque[tuple[int, Future[B]]] = deque()
    begun = 0
    try:
        while begun < n_catalogs or pending:
            while begun < n_catalogs and len(pending) <= workers:
                last = min(begun + batch, n_catalogs)
                pending.append((last, pool.submit(draw, begun, last)))
                begun = last
            last, future = pending.popleft()
            part = future.result()
            done = part.first_catalog + part.n_catalogs
            if done < last:
                pending.appendleft((last, pool.submit(draw, done, last)))
            yield part
    finally:
        pool.shutdown(cancel_futures=True)
