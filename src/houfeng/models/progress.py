"""How a long fit tells how far it is, to whoever listens: nobody, unless :func:`heard_by` says who.

A fit is called through ``Model.fit``, which knows nothing of screens; so the listener belongs to the context of the
call (and of its thread), not to the arguments on the way.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LISTENER: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


def tell(message: str) -> None:
    """Say how far the work is, in a few words."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(message)


@contextmanager
def heard_by(listener: Callable[[str], None]) -> Iterator[None]:
    """Pass what is told inside the block to `listener`, in place of whoever listened before."""
    before = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(before)
