"""Sending one message on all channels at once; a channel that fails or hangs stops no other."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime

from houfeng.alerts.channels.base import Channel, Receipt, Released
from houfeng.errors import HoufengError


def takers(channels: Sequence[Channel], *, drill: bool) -> tuple[Channel, ...]:
    """The channels that take such a message: an exercise goes only where exercises are wanted."""
    return tuple(channel for channel in channels if channel.drills or not drill)


def deliver(
    released: Released, channels: Sequence[Channel], *, record: Callable[[Receipt], None] = lambda receipt: None
) -> tuple[Receipt, ...]:
    """Send on every channel that takes it, at the same time.

    Parameters
    ----------
    record
        Called with each receipt as it comes in, in the thread of the caller.

    Returns
    -------
    tuple of Receipt
        One for each channel that takes it, in the order of `channels`; failures are receipts too.
    """
    chosen = takers(channels, drill=released.alert.drill)
    if not chosen:
        return ()
    found: dict[int, Receipt] = {}
    with ThreadPoolExecutor(len(chosen), thread_name_prefix="channel") as pool:
        waiting = {pool.submit(_attempt, channel, released): index for index, channel in enumerate(chosen)}
        for done in as_completed(waiting):
            found[waiting[done]] = done.result()
            record(found[waiting[done]])
    return tuple(found[index] for index in range(len(chosen)))


def _attempt(channel: Channel, released: Released) -> Receipt:
    try:
        return channel.send(released)
    except HoufengError as error:
        why = str(error)
    except Exception as error:  # a fault in one channel is told in its receipt and stops no other
        why = f"{type(error).__name__}: {error}"
    return Receipt(channel.name, False, " ".join(why.split()), datetime.now(UTC))
