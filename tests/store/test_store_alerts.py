"""Alerts in the store: append-only, as-of, moved forward by named authorities, delivered only when published."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError, StoreError
from houfeng.store import Store
from houfeng.store.alerts import MOVES

SENT = datetime(2015, 9, 16, 22, 58, tzinfo=UTC)
ANA = "Dr Ana Rojas"


def save(store: Store, identifier: str = "houfeng-1", **more) -> int:
    fields = {
        "event": "us1",
        "kind": "new",
        "drill": False,
        "sent": SENT,
        "body": "<alert/>",
        "facts": {"a": [1, "二"]},
    }
    return store.alerts.save(identifier=identifier, **fields | more)


def test_a_draft_comes_back_as_it_was(store):
    record = store.alerts.one(save(store))
    assert (record.identifier, record.event, record.kind, record.drill) == ("houfeng-1", "us1", "new", False)
    assert (record.sent, record.body, record.facts) == (SENT, "<alert/>", {"a": [1, "二"]})
    assert (record.state, record.authority) == ("draft", "")


def test_the_same_message_is_kept_once_and_another_under_its_name_refused(store):
    assert save(store) == save(store) == 1
    with pytest.raises(StoreError, match="has the identifier houfeng-1 and other words"):
        save(store, body="<other/>")
    with pytest.raises(StoreError, match="there is no alert 7"):
        store.alerts.one(7)


def test_the_way_to_publication_is_a_log(store):
    number = save(store)
    store.alerts.move(number, "approved", ANA, reason="agrees")
    record = store.alerts.move(number, "published", "Centre")
    assert (record.state, record.authority) == ("published", "Centre")
    log = store.alerts.history(number)
    assert [(entry.state, entry.authority, entry.reason) for entry in log] == [
        ("draft", "", ""),
        ("approved", ANA, "agrees"),
        ("published", "Centre", ""),
    ]


@given(st.lists(st.sampled_from(["approved", "published", "withdrawn"]), max_size=5))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_the_moves_of_the_table_are_made(store, moves):
    number = save(store, identifier=f"houfeng-{len(store.alerts.select())}")
    state = "draft"
    for move in moves:
        if state in MOVES[move]:
            state = store.alerts.move(number, move, ANA).state
            assert state == move
        else:
            with pytest.raises(StoreError, match=f"is {state} and cannot become {move}"):
                store.alerts.move(number, move, ANA)
    assert store.alerts.one(number).state == state


def test_moves_need_a_name_and_a_known_state(store):
    number = save(store)
    for name in ("", "  ", "..."):
        with pytest.raises(InputError, match="by a named authority"):
            store.alerts.move(number, "approved", name)
    with pytest.raises(InputError, match="an alert becomes approved, published, withdrawn"):
        store.alerts.move(number, "draft", ANA)


def test_an_objection_stops_a_move_and_leaves_no_trace(store):
    number = save(store)
    with pytest.raises(StoreError, match="cannot become approved: the thread has gone on"):
        store.alerts.move(number, "approved", ANA, objection=lambda alerts: "the thread has gone on")
    assert store.alerts.one(number).state == "draft" and len(store.alerts.history(number)) == 1


def test_a_thread_holds_what_was_published_in_the_order_of_publication(store):
    first, second, draft = save(store, "a"), save(store, "b", kind="update"), save(store, "c", kind="update")
    drill, other = save(store, "d", drill=True), save(store, "e", event="us2")
    for number in (second, first, drill, other):
        store.alerts.move(number, "approved", ANA)
    for number in (first, second, drill, other):
        store.alerts.move(number, "published", ANA)
    assert [record.id for record in store.alerts.thread("us1", drill=False)] == [first, second]
    assert [record.id for record in store.alerts.thread("us1", drill=True)] == [drill]
    assert store.alerts.one(draft).state == "draft"


def test_alerts_are_narrowed_and_seen_as_they_were(store):
    number = save(store)
    before = datetime.now(UTC)
    store.alerts.move(number, "approved", ANA)
    later = save(store, "b", event="us2", drill=True)

    def found(**more):
        return [(record.id, record.state) for record in store.alerts.select(**more)]

    assert found() == [(number, "approved"), (later, "draft")]
    assert found(as_of=before) == [(number, "draft")]
    assert found(as_of=before - timedelta(days=1)) == []
    assert found(state="draft", as_of=before) == [(number, "draft")] and found(state="draft") == [(later, "draft")]
    assert found(event="us2") == found(drill=True) == [(later, "draft")]
    with pytest.raises(InputError, match="an alert is draft, approved"):
        store.alerts.select(state="secret")


def test_receipts_are_kept_for_published_alerts_alone(store):
    number = save(store)

    def receive(delivered: bool):
        store.alerts.add_receipt(number, channel="web", delivered=delivered, detail="there", time=SENT)

    for state in ("draft", "approved"):
        with pytest.raises(StoreError, match="only what was published is delivered"):
            receive(True)
        store.alerts.move(number, {"draft": "approved", "approved": "published"}[state], ANA)
    receive(False)
    receive(True)
    assert [(r.channel, r.delivered, r.detail, r.time) for r in store.alerts.receipts(number)] == [
        ("web", False, "there", SENT),
        ("web", True, "there", SENT),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alerts SET body = 'x'",
        "DELETE FROM alerts",
        "UPDATE alert_states SET state = 'published' WHERE state = 'draft'",
        "DELETE FROM alert_states",
        "INSERT OR REPLACE INTO alerts SELECT * FROM alerts",
        "INSERT INTO alert_states (alert, state, authority, time) VALUES (1, 'published', 'X', '2026')",
        "INSERT INTO alert_states (alert, state, authority, time) VALUES (1, 'approved', ' ', '2026')",
        "INSERT INTO alert_receipts (alert, channel, delivered, detail, time) VALUES (1, 'x', 1, '', '2026')",
    ],
)
def test_no_program_can_rewrite_history_or_skip_approval(store, statement):
    save(store)
    with (
        closing(sqlite3.connect(store.folder / "houfeng.db")) as connection,
        pytest.raises(sqlite3.IntegrityError),
    ):
        connection.execute("PRAGMA recursive_triggers=ON")
        connection.execute(statement)


def test_what_was_published_cannot_be_taken_back_by_any_program(store):
    number = save(store)
    store.alerts.move(number, "approved", ANA)
    store.alerts.move(number, "published", ANA)
    with pytest.raises(StoreError, match="is published and cannot become withdrawn"):
        store.alerts.move(number, "withdrawn", ANA)
    with (
        closing(sqlite3.connect(store.folder / "houfeng.db")) as connection,
        pytest.raises(sqlite3.IntegrityError, match="only moves forward"),
    ):
        connection.execute("INSERT INTO alert_states (alert, state, authority, time) VALUES (1, 'withdrawn', 'X', '2')")
    assert store.problems() == ()
