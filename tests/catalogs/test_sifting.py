"""Judging rows: every row ends in the catalogue or beside it, with the first reason, in the order of the file."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.catalogs.sifting import (
    DUPLICATE,
    EARTHQUAKE_TYPES,
    ISSUED_EARLY,
    NAIVE,
    NOT_EARTHQUAKE,
    UNKNOWN_END,
    Batch,
    reject,
    sift,
)
from houfeng.errors import CatalogError, TimeError
from houfeng.values import Provenance

TIME = np.datetime64("2020-01-01", "us")
NAT = np.datetime64("NaT", "us")

#: What can be wrong with a row, and what is then said; None is a good row.
FAULTS = {
    None: None,
    "time": "missing time",
    "longitude": "missing coordinates",
    "far": "longitude outside -180 to 360",
    "pole": "latitude outside -90 to 90",
    "magnitude": "missing magnitude",
    "huge": "magnitude outside -5 to 9.9",
    "deep": "depth_km outside -10 to 800",
    "early": ISSUED_EARLY,
    "blast": NOT_EARTHQUAKE + "quarry blast",
    "unreadable": "unreadable depth_km",
}


def batch_of(faults, *, first=1, ids=None, provenance=None) -> Batch:
    n = len(faults)
    seconds = np.arange(first, first + n).astype("timedelta64[s]")
    columns = {
        "time": TIME + seconds, "longitude": np.full(n, 10.0), "latitude": np.full(n, 20.0),
        "magnitude": np.full(n, 5.0), "depth_km": np.full(n, 7.0), "issued": TIME + seconds + np.timedelta64(60, "s"),
        "event_id": np.array([f"e{first + i}" for i in range(n)] if ids is None else ids, object),
        "event_type": np.full(n, "earthquake", object),
    }  # fmt: skip
    unreadable = {}
    for i, fault in enumerate(faults):
        if fault == "time":
            columns["time"][i] = NAT
        elif fault in ("longitude", "magnitude"):
            columns[fault][i] = np.nan
        elif fault == "unreadable":
            unreadable[i] = FAULTS[fault]
        elif fault is not None:
            name, value = {
                "far": ("longitude", 361.0), "pole": ("latitude", -90.5), "huge": ("magnitude", 9.95),
                "deep": ("depth_km", 800.5), "early": ("issued", TIME), "blast": ("event_type", "quarry blast"),
            }[fault]  # fmt: skip
            columns[name][i] = value
    return Batch(np.arange(first, first + n), columns, lambda i: f"text of {first + i}", unreadable, (), provenance)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from(list(FAULTS)), max_size=8), max_size=4))
def test_every_row_is_kept_or_kept_aside_with_its_own_reason(parts):
    faults = [fault for part in parts for fault in part]
    firsts = np.cumsum([1, *map(len, parts)]).tolist()
    batches = [batch_of(part, first=first) for part, first in zip(parts, firsts[:-1], strict=True)]
    wrong = [fault for fault in faults if fault not in (None, "blast")]
    if None not in faults and wrong:
        with pytest.raises(CatalogError, match=f"none of its {len(faults)} rows is usable"):
            sift(batches, name="f")
        return
    reading = sift(batches, name="f")
    assert reading.catalog.event_id.tolist() == [f"e{i}" for i, fault in enumerate(faults, 1) if fault is None]
    assert [(one.row, one.reason, one.text) for one in reading.rejected] == [
        (i, FAULTS[fault], f"text of {i}") for i, fault in enumerate(faults, 1) if fault
    ]
    assert sum(reading.reasons.values()) + len(reading.catalog) == len(faults)
    assert list(reading.reasons.values()) == sorted(reading.reasons.values(), reverse=True)


def test_of_several_faults_the_unreadable_one_counts_first():
    batch = batch_of(["time", None])
    batch.columns["magnitude"][0] = np.nan
    batch.columns["event_type"][0] = "blast"
    assert sift([batch], name="f").rejected[0].reason == "missing time"
    told = Batch(batch.row, batch.columns, batch.text, {0: "unreadable time"})
    assert sift([told], name="f").rejected[0].reason == "unreadable time"


def test_limits_themselves_are_allowed():
    batch = batch_of([None] * 4)
    batch.columns["longitude"][:] = [-180, 360, 180, 0]
    batch.columns["magnitude"][:] = [-5, 9.9, 0, 5]
    batch.columns["depth_km"][:] = [-10, 800, np.nan, 0]
    batch.columns["latitude"][:] = [-90, 90, 0, 0]
    reading = sift([batch], name="f")
    assert not reading.rejected and reading.catalog.longitude.tolist() == [-180, 0, -180, 0]


@pytest.mark.parametrize("kind", sorted(EARTHQUAKE_TYPES))
def test_words_for_earthquakes_are_taken_in_any_case(kind):
    batch = batch_of([None, None])
    batch.columns["event_type"][:] = [kind.upper(), f" {kind} "]
    assert len(sift([batch], name="f").catalog) == 2


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.integers(1, 12))
def test_the_first_of_each_identifier_is_kept_across_batches(ids, cut):
    parts = [ids[:cut], ids[cut:]]
    firsts = (1, 1 + len(parts[0]))
    reading = sift([batch_of([None] * len(p), first=f, ids=p) for p, f in zip(parts, firsts, strict=True)], name="f")
    assert reading.catalog.event_id.tolist() == list(dict.fromkeys(ids))
    seen: set[str] = set()
    expected = [i for i, one in enumerate(ids, 1) if one in seen or seen.add(one)]
    assert [one.row for one in reading.rejected] == expected
    assert {one.reason for one in reading.rejected} <= {DUPLICATE}


def test_an_event_without_a_name_is_called_after_its_row():
    reading = sift([batch_of([None, "huge", None], first=7, ids=["", "x", "y"])], name="f")
    assert reading.catalog.event_id.tolist() == ["row7", "y"]


def test_without_types_ids_depths_and_issue_times_there_is_still_a_catalogue():
    whole = batch_of([None])
    bare = {key: whole.columns[key] for key in ("time", "longitude", "latitude", "magnitude")}
    one = sift([Batch(whole.row, bare, whole.text)], name="f").catalog
    assert (one.event_id[0], one.magnitude_type[0]) == ("row1", "") and np.isnan(one.depth_km[0])
    assert one.issued[0] - one.time[0] == np.timedelta64(1200, "s")


def test_a_missing_time_of_issue_is_the_usual_delay():
    batch = batch_of([None, None])
    batch.columns["issued"][1] = NAT
    catalog = sift([batch], name="f").catalog
    assert ((catalog.issued - catalog.time) / np.timedelta64(1, "s")).tolist() == [60, 1200]


def test_provenance_is_that_given_else_that_of_the_file_else_the_name():
    mine = Provenance("mine", "CC0", datetime(2021, 1, 1, tzinfo=UTC))
    files = Provenance("the file's", "?", datetime(2022, 1, 1, tzinfo=UTC))
    batches = [batch_of([None]), batch_of([None], first=2, provenance=files)]
    assert sift(batches, name="f", provenance=mine).catalog.provenance == mine
    assert sift(batches, name="f").catalog.provenance == files
    plain = sift(batches[:1], name="f").catalog.provenance
    assert (plain.source, plain.licence, plain.data_end) == ("f", "unknown", datetime(2020, 1, 1, 0, 0, 1, tzinfo=UTC))


def test_nothing_at_all_claims_nothing():
    for batches in ([], [batch_of([])]):
        reading = sift(batches, name="f")
        assert len(reading.catalog) == 0 and reading.catalog.provenance.data_end == UNKNOWN_END


def test_only_other_events_is_an_empty_catalogue_and_not_an_error():
    reading = sift([batch_of(["blast", "blast"])], name="f")
    assert len(reading.catalog) == 0 and reading.reasons == {NOT_EARTHQUAKE + "quarry blast": 2}


def test_times_without_a_zone_are_an_error_that_says_what_to_do():
    batch = batch_of(["time", "blast"])
    with pytest.raises(TimeError, match=r"no zone \(row 1: text of 1\); write them with Z .* --assume-utc"):
        sift([Batch(batch.row, batch.columns, batch.text, {0: NAIVE})], name="f")


def test_the_commonest_reason_is_the_one_that_is_told():
    with pytest.raises(CatalogError, match=r"3 rows is usable; 2 for 'missing magnitude', as row 2: text of 2"):
        sift([batch_of(["time", "magnitude", "magnitude"])], name="f")


@given(st.text(max_size=500))
def test_a_rejected_text_is_cut_to_what_a_person_will_look_at(text):
    kept = reject(3, "why", text).text
    assert len(kept) <= 200 and (kept == text or (kept.endswith("…") and text.startswith(kept[:-1])))
