"""Alerts in the store: drafts kept, approved and published by named authorities, sent, and their threads ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from houfeng.alerts import Alert, Standing, as_issued, next_message, read_cap, write_cap
from houfeng.alerts.atom import file_name
from houfeng.alerts.card import to_html, to_text
from houfeng.alerts.channels import Channel, Receipt, deliver, release, takers
from houfeng.alerts.compose import Frame, closing_infos
from houfeng.alerts.lifecycle import stale_reason
from houfeng.config import AlertSettings
from houfeng.errors import InputError
from houfeng.operations.document import time
from houfeng.operations.event_files import read_earthquake
from houfeng.operations.outputs import write_bytes, write_text
from houfeng.operations.warn import Sender
from houfeng.store import AlertRecord, Alerts, Store

#: Raised when a reader of version n could misread what is printed.
SCHEMA = "houfeng-alert/1"

UNCONFIGURED = AlertSettings().sender


@dataclass(frozen=True, slots=True)
class Delivery:
    """What publishing did, or would do.

    Attributes
    ----------
    record
        The alert with its standing.
    sent
        False for a rehearsal: nothing was published or sent.
    channels
        Name and address of each channel that takes it.
    left_out
        Names of channels that take no exercises.
    receipts
        What the channels did; empty for a rehearsal.
    """

    record: AlertRecord
    sent: bool
    channels: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    receipts: tuple[Receipt, ...]

    @property
    def failed(self) -> bool:
        """Whether a channel did not take it."""
        return any(not receipt.delivered for receipt in self.receipts)


def keep(store: Store, alert: Alert, facts: Mapping[str, object]) -> AlertRecord:
    """Keep a composed message as a draft."""
    number = store.alerts.save(
        identifier=alert.identifier,
        event=alert.event_id,
        kind=alert.kind,
        drill=alert.drill,
        sent=alert.sent,
        body=write_cap(alert).decode(),
        facts=facts,
    )
    return store.alerts.one(number)


def message_of(record: AlertRecord) -> Alert:
    """The message as composed."""
    return read_cap(record.body.encode(), f"alert {record.id}")


def issued(record: AlertRecord) -> Alert:
    """The message as it may be shown now: a draft says so."""
    return as_issued(message_of(record), Standing(record.state, record.authority))


def thread_of(alerts: Alerts, event: str, *, drill: bool) -> tuple[Alert, ...]:
    """What was published on an event, oldest first."""
    return tuple(message_of(record) for record in alerts.thread(event, drill=drill))


def warned_before(store: Store, event: str, *, drill: bool) -> Mapping[str, Sequence[str]]:
    """Names of places that the last published message warned, by rule."""
    thread = store.alerts.thread(event, drill=drill)
    return thread[-1].facts.get("warned", {}) if thread else {}


def close(
    store: Store, number: int, kind: str, *, reasons: Mapping[str, str], sender: Sender, now: datetime
) -> AlertRecord:
    """Compose a ``cancel`` or ``all-clear`` for the thread of alert `number`, as a draft like any other.

    Raises
    ------
    InputError
        When nothing was published in the thread, it has ended already, or no reason is given.
    """
    record = store.alerts.one(number)
    thread = thread_of(store.alerts, record.event, drill=record.drill)
    if not thread:
        raise InputError(
            f"nothing was published on {record.event} yet; withdraw the draft instead: houfeng warn withdraw"
        )
    facts = store.alerts.thread(record.event, drill=record.drill)[-1].facts
    if "earthquake" not in facts:
        raise InputError(
            f"alert {number} speaks of a forecast, which ends by itself when it expires; only alerts on an earthquake "
            f"take a {kind}"
        )
    earthquake = read_earthquake(facts["earthquake"])
    frame = Frame(now, sender.valid, thread[-1].infos[0].event_codes, sender.contact, bool(facts.get("simulated")))
    alert = next_message(
        kind,
        sender=sender.name,
        event_id=record.event,
        sent=now,
        infos=closing_infos(kind, earthquake, thread[-1], frame, reasons),
        thread=thread,
        drill=record.drill,
        note=next(text for text in reasons.values() if text.strip()),
    )
    kept = {name: facts[name] for name in ("earthquake", "simulated") if name in facts}
    return keep(store, alert, {**kept, "warned": {}, "reason": dict(reasons)})


def publish(
    store: Store,
    number: int,
    authority: str,
    channels: Sequence[Channel],
    *,
    now: datetime,
    send: bool = False,
    reason: str = "",
) -> Delivery:
    """Publish an approved alert in the name of `authority` and send it; without `send` only say what would happen.

    A published alert may be given again: it goes to the channels that have not taken it yet.

    Raises
    ------
    InputError
        When the sender is not configured (drills may go without), or no name is given.
    StoreError
        When the alert is not approved, has expired, or its thread has gone on.
    """
    record = store.alerts.one(number)
    alert = message_of(record)
    if alert.sender == UNCONFIGURED and not alert.drill:
        raise InputError("no sender is configured: set alerts.sender (houfeng config shows how) and compose it again")
    taken = {receipt.channel for receipt in store.alerts.receipts(number) if receipt.delivered}
    open_channels = [channel for channel in takers(channels, drill=alert.drill) if channel.name not in taken]
    left_out = tuple(channel.name for channel in channels if alert.drill and not channel.drills)
    addresses = tuple((channel.name, channel.address) for channel in open_channels)

    def objection(alerts: Alerts) -> str:
        return stale_reason(alert, thread_of(alerts, record.event, drill=record.drill), now)

    if not send:
        Standing("published", authority)  # refuses a missing name
        if record.state not in ("approved", "published"):
            raise InputError(f"alert {number} is {record.state}; approve it first: houfeng warn approve")
        if record.state != "published" and (why := objection(store.alerts)):
            raise InputError(f"alert {number} could not be published: {why}")
        return Delivery(record, False, addresses, left_out, ())
    if record.state != "published":
        record = store.alerts.move(number, "published", authority, reason=reason, objection=objection)
    released = release(alert, Standing(record.state, record.authority))

    def remember(receipt: Receipt) -> None:
        store.alerts.add_receipt(
            number, channel=receipt.channel, delivered=receipt.delivered, detail=receipt.detail, time=receipt.time
        )

    receipts = deliver(released, open_channels, record=remember)
    return Delivery(record, True, addresses, left_out, receipts)


def summary(record: AlertRecord) -> dict[str, object]:
    """A stored alert in one line, as plain values."""
    headlines: dict[str, str] = {}
    for info in issued(record).infos:
        headlines.setdefault(info.language, info.headline)  # of the strongest band
    return {
        "number": record.id,
        "identifier": record.identifier,
        "event": record.event,
        "kind": record.kind,
        "drill": record.drill,
        "state": record.state,
        "authority": record.authority,
        "sent": time(record.sent),
        "headline": headlines,
    }


def alert_document(store: Store, number: int) -> dict[str, object]:
    """Alert `number` with log, receipts, facts and CAP message, as plain values."""
    record = store.alerts.one(number)
    log = [
        {"state": entry.state, "authority": entry.authority, "reason": entry.reason, "time": time(entry.time)}
        for entry in store.alerts.history(number)
    ]
    receipts = [
        {"channel": r.channel, "delivered": r.delivered, "detail": r.detail, "time": time(r.time)}
        for r in store.alerts.receipts(number)
    ]
    cap = write_cap(issued(record)).decode()
    return {
        "schema": SCHEMA,
        **summary(record),
        "log": log,
        "receipts": receipts,
        "facts": record.facts,
        "text": to_text(issued(record)),
        "cap": cap,
    }


def write_alert(store: Store, number: int, folder: Path) -> list[Path]:
    """Write alert `number` as CAP file, text and card, all as it stands now; returns the paths.

    Raises
    ------
    SourceError
        When the folder cannot be made or written.
    """
    alert = issued(store.alerts.one(number))
    path = folder / file_name(alert)
    write_bytes(path, write_cap(alert))
    write_text(path.with_suffix(".txt"), to_text(alert))
    write_text(path.with_suffix(".html"), to_html(alert))
    return [path, path.with_suffix(".txt"), path.with_suffix(".html")]
