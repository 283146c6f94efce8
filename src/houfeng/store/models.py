"""The registry: model files in the store, which of them is champion, and the log of how it came to that."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from houfeng.errors import InputError, StoreError, UnknownNameError
from houfeng.store.artifacts import Artifacts, Packed
from houfeng.store.database import Database
from houfeng.store.model_cards import ModelCard
from houfeng.store.model_files import ModelFile, read_card, read_model
from houfeng.store.packing import json_text, utc_text
from houfeng.times import parse_time

#: What a model may be; retired is for good.
MODEL_STATES = ("challenger", "champion", "retired")


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model of the registry.

    Attributes
    ----------
    id, name, slot
        Number, name, and what it competes for.
    card
        What it is.
    state, reason, run
        What it is now, why, and the run of the experiment that decided it, if one did.
    artifact
        Of its file.
    created
        When it was added, UTC.
    """

    id: int
    name: str
    slot: str
    card: ModelCard
    state: str
    reason: str
    run: int | None
    artifact: str
    created: datetime


@dataclass(frozen=True, slots=True)
class ModelStanding:
    """One entry of the log: what a model became, why, by which run, and when (UTC)."""

    state: str
    reason: str
    run: int | None
    time: datetime


@dataclass(frozen=True, slots=True)
class UpdateRecord:
    """One online update of a model: what came of it, the state after it, and from what it was computed."""

    id: int
    outcome: str
    reason: str
    as_of: datetime
    data_end: datetime
    state: Mapping[str, object]
    inputs: Mapping[str, object]
    time: datetime


class Models:
    """The models of a store; get it from ``store.models``."""

    def __init__(self, database: Database, artifacts: Artifacts) -> None:
        self._database, self._artifacts = database, artifacts

    def add(self, content: bytes, *, where: str, reason: str = "added") -> ModelRecord:
        """Add a model file as challenger; the same file added again is the same model.

        Raises
        ------
        StoreError
            When it cannot be read, or another model has its name.
        """
        read_model(content, where=where)
        card = read_card(content, where=where)
        artifact = self._artifacts.put(Packed({"kind": "model"}, {"content": np.frombuffer(content, np.uint8)}))
        row = (card.name, card.slot, json_text(card.document(), "the card of a model"), artifact, _now())
        with self._database.write() as connection:
            found = connection.execute("SELECT artifact FROM models WHERE name = ?", (card.name,)).fetchone()
            if found and found["artifact"] != artifact:
                raise StoreError(f"there is another model called {card.name}; give this one another name")
            if not found:
                number = connection.execute(
                    "INSERT INTO models (name, slot, card, artifact, created) VALUES (?, ?, ?, ?, ?)", row
                ).lastrowid
                _append(connection, number, "challenger", reason, None)
        return self.one(card.name)

    def one(self, name: str) -> ModelRecord:
        """The model of that name; UnknownNameError when there is none."""
        rows = self._database.read("SELECT * FROM models_now WHERE name = ?", (name,))
        if not rows:
            known = [row["name"] for row in self._database.read("SELECT name FROM models")]
            raise UnknownNameError("model file", name, known or ["none yet: houfeng train forecast makes some"])
        return _record(rows[0])

    def select(self, *, state: str | None = None, slot: str | None = None) -> tuple[ModelRecord, ...]:
        """Models in the order they were added, of one state or slot where given."""
        if state is not None and state not in MODEL_STATES:
            raise InputError(f"a model is {', '.join(MODEL_STATES)}, not '{state}'")
        records = map(_record, self._database.read("SELECT * FROM models_now ORDER BY id"))
        return tuple(r for r in records if state in (None, r.state) and slot in (None, r.slot))

    def champion(self, slot: str) -> ModelRecord | None:
        """The champion of a slot, if a model of this store is."""
        return next(iter(self.select(state="champion", slot=slot)), None)

    def content(self, name: str) -> bytes:
        """The bytes of the model's file."""
        return self._artifacts.get(self.one(name).artifact).arrays["content"].tobytes()

    def load(self, name: str) -> ModelFile:
        """The model, ready to forecast as it was trained; online updates are not in it."""
        return read_model(self.content(name), where=f"model {name}")

    def history(self, name: str) -> tuple[ModelStanding, ...]:
        """Everything the model has been, oldest first."""
        rows = self._database.read("SELECT * FROM model_states WHERE model = ? ORDER BY id", (self.one(name).id,))
        return tuple(ModelStanding(row["state"], row["reason"], row["run"], parse_time(row["time"])) for row in rows)

    def promote(self, name: str, *, run: int, reason: str) -> ModelRecord:
        """Make a challenger champion by the verdict of `run`; the champion before it becomes a challenger.

        Whether the verdict bears it out is for :func:`houfeng.operations.models.promote` to say.

        Raises
        ------
        StoreError
            When it is no challenger.
        """
        with self._database.write() as connection:
            record = self._challenger(name)
            self._step_down(connection, record.slot, f"succeeded by {name}: {reason}", run)
            _append(connection, record.id, "champion", reason, run)
        return self.one(name)

    def rollback(self, slot: str, *, reason: str) -> ModelRecord:
        """Make the champion before this one champion again, by the verdict that it had.

        Raises
        ------
        StoreError
            When the slot has no champion, or none before it that is not retired.
        """
        with self._database.write() as connection:
            now = self.champion(slot)
            if now is None:
                raise StoreError(f"'{slot}' has no champion to roll back")
            rows = connection.execute(
                "SELECT models.name, s.run FROM model_states AS s JOIN models ON models.id = s.model WHERE "
                "s.state = 'champion' AND models.slot = ? AND models.name <> ? ORDER BY s.id DESC", (slot, now.name)
            ).fetchall()  # fmt: skip
            former = next((row for row in rows if self.one(row["name"]).state == "challenger"), None)
            if former is None:
                raise StoreError(
                    f"before {now.name} no model was champion of '{slot}'; retire it instead: houfeng models retire"
                )
            self._step_down(connection, slot, f"rolled back: {reason}", None)
            why = f"champion again after {now.name} was rolled back: {reason}"
            _append(connection, self.one(former["name"]).id, "champion", why, former["run"])
        return self.one(former["name"])

    def retire(self, name: str, *, reason: str) -> ModelRecord:
        """Retire a model, for good; a reason is needed.

        Raises
        ------
        StoreError
            When it is retired already.
        """
        if not reason.strip():
            raise InputError("a model is retired for a reason; give it")
        with self._database.write() as connection:
            record = self.one(name)
            if record.state == "retired":
                raise StoreError(f"{name} is retired already: {record.reason}")
            _append(connection, record.id, "retired", reason.strip(), None)
        return self.one(name)

    def updates(self, name: str) -> tuple[UpdateRecord, ...]:
        """Online updates of the model, oldest first."""
        rows = self._database.read("SELECT * FROM model_updates WHERE model = ? ORDER BY id", (self.one(name).id,))
        return tuple(
            UpdateRecord(row["id"], row["outcome"], row["reason"], parse_time(row["as_of"]),
                         parse_time(row["data_end"]), json.loads(row["state"]), json.loads(row["inputs"]),
                         parse_time(row["time"]))
            for row in rows
        )  # fmt: skip

    def add_update(
        self, name: str, *, outcome: str, reason: str, as_of: datetime, data_end: datetime,
        state: Mapping[str, object], inputs: Mapping[str, object], after: int | None,
    ) -> None:  # fmt: skip
        """Log an online update.

        Parameters
        ----------
        after
            Number of the update it was computed from; another one since then refuses it.
        """
        number = self.one(name).id
        with self._database.write() as connection:
            last = connection.execute("SELECT max(id) FROM model_updates WHERE model = ?", (number,)).fetchone()[0]
            if last != after:
                raise StoreError(f"{name} was updated by another process meanwhile; start again")
            connection.execute(
                "INSERT INTO model_updates (model, outcome, reason, as_of, data_end, state, inputs, time) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (number, outcome, reason, utc_text(as_of), utc_text(data_end), json_text(state, "a state"),
                 json_text(inputs, "the inputs of an update"), _now()),
            )  # fmt: skip

    def _challenger(self, name: str) -> ModelRecord:
        record = self.one(name)
        if record.state != "challenger":
            raise StoreError(f"{name} is {record.state}; only a challenger can become champion")
        return record

    def _step_down(self, connection: sqlite3.Connection, slot: str, reason: str, run: int | None) -> None:
        now = self.champion(slot)
        if now is not None:
            _append(connection, now.id, "challenger", reason, run)


def _record(row: sqlite3.Row) -> ModelRecord:
    return ModelRecord(row["id"], row["name"], row["slot"], ModelCard.of(json.loads(row["card"])), row["state"],
                       row["reason"], row["run"], row["artifact"], parse_time(row["created"]))  # fmt: skip


def _append(connection: sqlite3.Connection, number: int, state: str, reason: str, run: int | None) -> None:
    connection.execute(
        "INSERT INTO model_states (model, state, reason, run, time) VALUES (?, ?, ?, ?, ?)",
        (number, state, reason, run, _now()),
    )


def _now() -> str:
    return utc_text(datetime.now(UTC))
