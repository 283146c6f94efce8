"""Alerts as the store remembers them: what was composed, who approved it, where it went. Nothing is ever changed."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from houfeng.errors import InputError, StoreError
from houfeng.store.database import Database
from houfeng.store.forecasts import Standing
from houfeng.store.packing import json_text, utc_text
from houfeng.times import parse_time
from houfeng.values import STATES

#: From which states an alert may come to each; what was published is cancelled by another message, never withdrawn.
MOVES = {
    "approved": ("draft",),
    "published": ("approved",),
    "withdrawn": ("draft", "approved"),
}


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """One stored alert.

    Attributes
    ----------
    id
        Its number in this store.
    identifier
        That of the message, unique.
    event
        The earthquake, whose messages make one thread.
    kind
        ``new``, ``update``, ``cancel`` or ``all-clear``.
    drill
        Whether it belongs to an exercise.
    sent
        When the message was composed, by itself.
    body
        The message as composed, CAP 1.2 XML.
    facts
        What it was made from.
    state, authority
        Its standing at the time asked about.
    created
        When it was stored, UTC.
    """

    id: int
    identifier: str
    event: str
    kind: str
    drill: bool
    sent: datetime
    body: str
    facts: Mapping[str, object]
    state: str
    authority: str
    created: datetime

    @classmethod
    def of(cls, row: sqlite3.Row) -> "AlertRecord":
        """From a row of ``alerts`` with state and authority."""
        return cls(
            id=row["id"],
            identifier=row["identifier"],
            event=row["event"],
            kind=row["kind"],
            drill=bool(row["drill"]),
            sent=parse_time(row["sent"]),
            body=row["body"],
            facts=json.loads(row["facts"]),
            state=row["state"],
            authority=row["authority"],
            created=parse_time(row["created"]),
        )


@dataclass(frozen=True, slots=True)
class ReceiptRecord:
    """What one channel did with a published alert, and when (UTC)."""

    alert: int
    channel: str
    delivered: bool
    detail: str
    time: datetime


class Alerts:
    """The alerts of a store; get it from ``store.alerts``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(
        self, *, identifier: str, event: str, kind: str, drill: bool, sent: datetime, body: str,
        facts: Mapping[str, object]
    ) -> int:  # fmt: skip
        """Keep a draft and return its number; the same message saved again keeps the number it has.

        Raises
        ------
        StoreError
            When another message has this identifier.
        """
        row = (identifier, event, kind, int(drill), utc_text(sent), body, json_text(facts, "the facts of an alert"))
        with self._database.write() as connection:
            found = connection.execute("SELECT id, body FROM alerts WHERE identifier = ?", (identifier,)).fetchone()
            if found and found["body"] == body:
                return found["id"]
            if found:
                raise StoreError(
                    f"alert {found['id']} has the identifier {identifier} and other words; compose the new one at "
                    "another second"
                )
            number = connection.execute(
                "INSERT INTO alerts (identifier, event, kind, drill, sent, body, facts, created) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, utc_text(datetime.now(UTC))),
            ).lastrowid
            _append(connection, number, "draft", "", "")
        return number

    def one(self, number: int) -> AlertRecord:
        """Alert `number` with its present standing."""
        rows = self._database.read("SELECT * FROM alerts_now WHERE id = ?", (number,))
        if not rows:
            raise StoreError(f"there is no alert {number} in {self._database.path}; `houfeng warn list` lists them")
        return AlertRecord.of(rows[0])

    def select(
        self,
        *,
        event: str | None = None,
        state: str | None = None,
        drill: bool | None = None,
        as_of: datetime | None = None,
    ) -> tuple[AlertRecord, ...]:
        """Alerts in the order they were stored, narrowed by whatever is not None.

        Parameters
        ----------
        as_of
            Nothing stored later is seen, and standings are those of that time.
        """
        if state is not None and state not in STATES:
            raise InputError(f"an alert is {', '.join(STATES)}, not '{state}'")
        limit = "9999" if as_of is None else utc_text(as_of)
        rows = self._database.read(
            "SELECT alerts.*, last.state, last.authority FROM alerts JOIN alert_states AS last "
            "ON last.alert = alerts.id WHERE last.id = "
            "(SELECT max(id) FROM alert_states WHERE alert = alerts.id AND time <= ?) "
            "AND alerts.created <= ? ORDER BY alerts.id",
            (limit, limit),
        )
        wanted = {"event": event, "state": state, "drill": drill}
        return tuple(
            record
            for record in map(AlertRecord.of, rows)
            if all(value is None or getattr(record, name) == value for name, value in wanted.items())
        )

    def thread(self, event: str, *, drill: bool) -> tuple[AlertRecord, ...]:
        """What was published on an event, in the order of publication; drills have a thread of their own."""
        rows = self._database.read(
            "SELECT alerts_now.* FROM alerts_now JOIN alert_states ON alert_states.alert = alerts_now.id "
            "AND alert_states.state = 'published' WHERE event = ? AND drill = ? ORDER BY alert_states.id",
            (event, int(drill)),
        )
        return tuple(map(AlertRecord.of, rows))

    def move(
        self,
        number: int,
        state: str,
        authority: str,
        *,
        reason: str = "",
        objection: Callable[["Alerts"], str] = lambda alerts: "",
    ) -> AlertRecord:
        """Record that by `authority` an alert becomes `state`.

        Parameters
        ----------
        objection
            Asked within the same transaction; a sentence from it stops the move, so that two who publish in one
            thread at once cannot both succeed.

        Raises
        ------
        InputError
            When there is no such state, or no name.
        StoreError
            When there is no such alert, its state does not lead there, or there is an objection.
        """
        if state not in MOVES:
            raise InputError(f"an alert becomes {', '.join(MOVES)}, not '{state}'")
        authority = authority.strip()
        if not any(character.isalnum() for character in authority):
            raise InputError(
                f"an alert is {state} by a named authority; give the name of the office or person that answers for it"
            )
        self.one(number)
        with self._database.write() as connection:
            now = self.one(number).state
            if now not in MOVES[state]:
                raise StoreError(
                    f"alert {number} is {now} and cannot become {state}; only what is {' or '.join(MOVES[state])} can"
                )
            if why := objection(self):
                raise StoreError(f"alert {number} cannot become {state}: {why}")
            _append(connection, number, state, authority, reason.strip())
        return self.one(number)

    def history(self, number: int) -> tuple[Standing, ...]:
        """Everything alert `number` has been, oldest first."""
        self.one(number)
        rows = self._database.read("SELECT * FROM alert_states WHERE alert = ? ORDER BY id", (number,))
        return tuple(Standing(row["state"], row["authority"], parse_time(row["time"]), row["reason"]) for row in rows)

    def add_receipt(self, number: int, *, channel: str, delivered: bool, detail: str, time: datetime) -> None:
        """Remember what a channel did; the database refuses it for what was not published."""
        self.one(number)
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO alert_receipts (alert, channel, delivered, detail, time) VALUES (?, ?, ?, ?, ?)",
                (number, channel, int(delivered), detail, utc_text(time)),
            )

    def receipts(self, number: int) -> tuple[ReceiptRecord, ...]:
        """What the channels did with alert `number`, oldest first."""
        self.one(number)
        rows = self._database.read("SELECT * FROM alert_receipts WHERE alert = ? ORDER BY id", (number,))
        return tuple(
            ReceiptRecord(row["alert"], row["channel"], bool(row["delivered"]), row["detail"], parse_time(row["time"]))
            for row in rows
        )


def _append(connection: sqlite3.Connection, number: int, state: str, authority: str, reason: str) -> None:
    connection.execute(
        "INSERT INTO alert_states (alert, state, authority, time, reason) VALUES (?, ?, ?, ?, ?)",
        (number, state, authority, utc_text(datetime.now(UTC)), reason),
    )
