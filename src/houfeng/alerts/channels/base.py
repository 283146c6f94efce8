"""What a channel is. It takes nothing but a :class:`Released` message, and only :func:`release` makes one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from houfeng.alerts.alert import Alert
from houfeng.alerts.cap import write_cap
from houfeng.alerts.lifecycle import Standing, as_issued
from houfeng.errors import InputError


@dataclass(frozen=True, slots=True)
class Released:
    """A published message on its way out.

    Attributes
    ----------
    alert
        As issued: with the authority's name and, in an exercise, the mark in every text.
    cap
        Its CAP 1.2 XML.
    standing
        Published, and by whom.
    """

    alert: Alert
    cap: bytes
    standing: Standing

    def __post_init__(self) -> None:
        if self.standing.state != "published" or self.alert.status == "Draft":
            raise InputError(
                f"{self.alert.identifier} is {self.standing.state}; only what a named authority has published goes out"
            )


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one message on one channel.

    Attributes
    ----------
    channel
        Name of the channel.
    delivered
        Whether the channel took it; that somebody read it nobody knows.
    detail
        Where to, or why not.
    time
        When that was known, UTC.
    """

    channel: str
    delivered: bool
    detail: str
    time: datetime


class Channel(Protocol):
    """A way out.

    Attributes
    ----------
    name
        Unique among the channels, for people.
    drills
        Whether it takes exercises; a channel to the public should not.
    address
        Where it leads, without secrets, for people.
    """

    name: str
    drills: bool
    address: str

    def send(self, released: Released) -> Receipt:
        """Hand the message over.

        Raises
        ------
        HoufengError
            When it was not taken; says why.
        """
        ...


def release(alert: Alert, standing: Standing) -> Released:
    """Make `alert`, as composed, ready to go out.

    Raises
    ------
    InputError
        When nobody has published it.
    """
    issued = as_issued(alert, standing)
    return Released(issued, write_cap(issued), standing)


def receipt(channel: Channel, detail: str) -> Receipt:
    """The receipt of a message that was taken."""
    return Receipt(channel.name, True, detail, datetime.now(UTC))
