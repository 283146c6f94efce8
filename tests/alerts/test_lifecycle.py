"""Who may say what next, identifiers, and how standing and drills mark a message."""

from dataclasses import replace
from datetime import timedelta

import pytest
from alert_samples import ILLAPEL, SENT, STANDINGS, frame, illapel, info, message
from hypothesis import given
from hypothesis import strategies as st

from houfeng.alerts import Standing, as_issued, next_message
from houfeng.alerts.compose import closing_infos
from houfeng.alerts.lifecycle import DRAFT_MARK, EXERCISE_MARK, FOLLOWING, stale_reason
from houfeng.errors import InputError, UnknownNameError

TEXTS = ("event", "headline", "description", "instruction")


def test_the_same_input_has_the_same_identifier():
    assert message().identifier == message().identifier
    assert message() == message()


def test_identifiers_do_not_depend_on_language_or_words():
    english = message(infos=(info(),))
    chinese = message(infos=(info("zh-CN", event="地震", headline="强烈震动", description="", instruction=""),))
    both = message(infos=(info(), info("zh-CN", event="地震")))
    assert english.identifier == chinese.identifier == both.identifier


@pytest.mark.parametrize(
    "other",
    [
        {"sender": "others@csn.example"},
        {"event_id": "us2"},
        {"after": 1},
        {"drill": True},
        {"infos": (info(severity="Extreme"),)},
        {"infos": (info(parameters=(("houfeng:mmi", "8"),)),)},
        {"infos": (info(areas=()),)},
        {"infos": (info(expires=SENT + timedelta(days=2)),)},
    ],
)
def test_other_facts_have_another_identifier(other):
    assert message(**other).identifier != message().identifier


@given(st.lists(st.sampled_from(["new", "update", "cancel", "all-clear"]), min_size=1, max_size=7))
def test_a_thread_only_takes_what_may_follow_and_refers_to_all_before(kinds):
    thread = ()
    for minute, kind in enumerate(kinds):
        last = thread[-1].kind if thread else ""
        if kind not in FOLLOWING[last]:
            with pytest.raises(InputError, match="may not follow"):
                message(kind, thread=thread, after=minute)
            continue
        alert = message(kind, thread=thread, after=minute)
        assert alert.kind == kind
        assert alert.references == tuple(earlier.reference for earlier in thread)
        assert {reference.identifier for reference in alert.references} == {earlier.identifier for earlier in thread}
        thread = (*thread, alert)
    assert len({alert.identifier for alert in thread}) == len(thread)
    assert not thread or thread[0].message_type == "Alert"


def test_an_all_clear_is_an_update_that_says_so():
    ended = message("all-clear", thread=(message(),), after=1)
    assert ended.message_type == "Update" and {info.responses for info in ended.infos} == {("AllClear",)}


def test_drills_and_the_real_thing_never_share_a_thread():
    with pytest.raises(InputError, match="a drill one of its own"):
        message("cancel", thread=(message(drill=True),), after=1)
    with pytest.raises(InputError, match="belongs to another thread"):
        message("update", thread=(message(event_id="other"),), after=1)


def test_time_does_not_run_backwards_and_empty_messages_are_refused():
    with pytest.raises(InputError, match="after 2015"):
        message("update", thread=(message(after=9),), after=1)
    with pytest.raises(InputError, match="no block of information"):
        message(infos=())
    with pytest.raises(UnknownNameError, match="did you mean 'all-clear'"):
        message("allclear")


@given(st.sampled_from(STANDINGS), st.booleans())
def test_unpublished_messages_are_drafts_in_status_and_words(standing, drill):
    shown = as_issued(illapel(drill=drill), standing)
    if standing.state == "published":
        assert shown.status == ("Exercise" if drill else "Actual")
        assert {info.sender_name for info in shown.infos} == {standing.authority}
        assert "DRAFT" not in repr(shown) and "草稿" not in repr(shown)
    else:
        assert shown.status == "Draft"
        assert not any(info.sender_name for info in shown.infos)
    if standing.state == "draft":
        for info_ in shown.infos:
            mark = DRAFT_MARK["zh" if info_.language == "zh-CN" else "en"]
            assert all(mark in getattr(info_, name) for name in TEXTS)


@given(st.sampled_from(STANDINGS), st.sampled_from(["new", "update", "cancel", "all-clear"]))
def test_every_text_of_a_drill_is_marked_in_every_standing(standing, kind):
    first = illapel(drill=True)
    if kind == "new":
        alert = first
    elif kind == "update":
        alert = message(kind, thread=(first,), after=3, drill=True)
    else:
        infos = closing_infos(kind, ILLAPEL, first, frame(), {"en": "over", "zh": ""})
        alert = message(kind, thread=(first,), after=3, drill=True, infos=infos)
    shown = as_issued(alert, standing)
    for block in shown.infos:
        mark = EXERCISE_MARK["zh" if block.language == "zh-CN" else "en"]
        assert all(mark in getattr(block, name) for name in TEXTS), block
    assert EXERCISE_MARK["en"] in shown.note
    assert shown.status in ("Draft", "Exercise")


def test_a_real_message_has_no_mark_of_a_drill():
    assert "EXERCISE" not in repr(as_issued(illapel(), STANDINGS[2]))
    assert "演习" not in repr(as_issued(illapel(), STANDINGS[2]))


def test_publishing_needs_a_name():
    with pytest.raises(InputError, match="by a named authority"):
        Standing("published", "  ")
    with pytest.raises(UnknownNameError, match="state of an alert"):
        Standing("secret")


def test_what_went_stale_may_not_be_published():
    first = message()
    update = message("update", thread=(first,), after=1)
    assert stale_reason(first, (), SENT) == "" == stale_reason(update, (first,), SENT)
    assert "has gone on" in stale_reason(first, (update,), SENT)
    assert "has gone on" in stale_reason(update, (), SENT)
    assert "expired at 2015-09-17T22:58" in stale_reason(first, (), SENT + timedelta(days=1))
    assert stale_reason(message(drill=True), (), SENT + timedelta(days=9999)) == ""


def test_acknowledgements_have_no_place():
    odd = replace(message(), message_type="Ack", references=(message().reference,))
    with pytest.raises(InputError, match="is an Ack message"):
        _ = odd.kind


def test_next_message_keeps_the_note():
    assert (
        next_message(
            "cancel", sender="a@b", event_id="us20003k7a", sent=SENT, infos=(info(),), thread=(message(),), note="wrong"
        ).note
        == "wrong"
    )
