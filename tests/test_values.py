"""The small frozen values."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError, TimeError
from houfeng.values import LEGAL_NOTICE, STATES, Estimate, Provenance, legal_notice

END = datetime(2025, 11, 9, tzinfo=UTC)
NUMBERS = st.floats(allow_nan=False)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_an_interval_is_never_reversed(value, one, two):
    low, high = sorted((one, two))
    assert Estimate(value, low, high).level == 0.95
    if low < high:
        with pytest.raises(InputError, match="reversed"):
            Estimate(value, high, low)


def test_an_interval_may_be_open_but_not_undefined():
    assert Estimate(1.0, float("-inf"), float("inf")).high == float("inf")
    with pytest.raises(InputError):
        Estimate(1.0, float("nan"), 2.0)


def test_a_final_catalogue_says_so():
    final = Provenance("USGS", "public domain", END)
    assert final.final
    assert final.publication_delay_s == 1200
    assert final.label == "PSEUDO-PROSPECTIVE (final catalogue)"
    assert replace(final, final=False).label == "PROSPECTIVE (as issued)"


def test_the_end_of_the_data_is_held_in_utc():
    local = datetime(2025, 11, 9, 8, tzinfo=timezone(timedelta(hours=8)))
    assert Provenance("a", "b", local).data_end == END
    assert Provenance("a", "b", local).data_end.tzinfo is UTC
    with pytest.raises(TimeError, match="data_end"):
        Provenance("a", "b", datetime(2025, 11, 9))


@pytest.mark.parametrize("delay", [-1, float("nan")])
def test_a_negative_delay_is_refused(delay):
    with pytest.raises(InputError, match="negative"):
        Provenance("a", "b", END, publication_delay_s=delay)


def test_values_are_frozen_and_comparable():
    estimate = Estimate(1.0, 0.5, 2.0)
    with pytest.raises(FrozenInstanceError):
        estimate.value = 2.0
    assert {estimate, Estimate(1.0, 0.5, 2.0)} == {estimate}


@pytest.mark.parametrize(("state", "en", "zh"), [
    ("draft", "DRAFT for expert use.", "供专家使用的草稿。"),
    ("approved", "APPROVED by the named authority", "已由所列机构或人员批准"),
    ("published", "PUBLISHED by the named authority.", "由所列机构发布。"),
    ("withdrawn", "WITHDRAWN by the named authority", "已由所列机构或人员撤回"),
])  # fmt: skip
def test_every_state_has_a_notice_of_its_own_that_never_predicts(state, en, zh):
    notice = legal_notice(state)
    assert list(notice) == ["en", "zh"]
    assert notice["en"].startswith(en) and notice["zh"].startswith(zh)
    for other in set(STATES) - {state}:
        assert other.upper() not in notice["en"]
    assert (
        "Not a prediction and not a public warning." in notice["en"]
        and "不是地震预报，也不是公开预警。" in notice["zh"]
    )
    assert "reserved to the competent authority" in notice["en"] and "发布权属于主管机关" in notice["zh"]


def test_a_state_that_is_none_has_no_notice():
    with pytest.raises(InputError, match="a forecast is draft, approved, published, withdrawn, not 'secret'"):
        legal_notice("secret")
    assert {state: legal_notice(state)["en"] for state in STATES}["draft"] == LEGAL_NOTICE["en"]


def test_the_legal_notice_is_there_in_both_languages_and_never_predicts():
    assert set(LEGAL_NOTICE) == {"en", "zh"}
    assert LEGAL_NOTICE["en"].startswith("DRAFT")
    assert "Not a prediction" in LEGAL_NOTICE["en"]
    assert "草稿" in LEGAL_NOTICE["zh"]
    assert "不是地震预报" in LEGAL_NOTICE["zh"]
    assert STATES[0] == "draft"
