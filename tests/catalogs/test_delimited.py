"""Lines of fields: which column is which, what a torn line costs, and that nothing is counted twice or not at all."""

import csv
import io
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.delimited import (
    ALIASES,
    BATCH_ROWS,
    REQUIRED,
    Dialect,
    find_columns,
    numbered_lines,
    read_rows,
    require_columns,
    split_header,
    write_rows,
    written_numbers,
    written_times,
)
from houfeng.errors import CatalogError
from houfeng.values import Provenance

NAMES = ["time", "longitude", "latitude", "magnitude"]
GOOD = "2020-01-01T00:00:00Z,10,20,5.5"
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=12)


def rows(*lines: str, names=NAMES, dialect=None, **named):
    numbered = enumerate(lines, start=2)
    return list(read_rows(iter(numbered), names=names, dialect=dialect or Dialect(), assume_utc=True, **named))


# Columns


@pytest.mark.parametrize("key", ALIASES)
def test_every_alias_finds_its_column_in_any_case_and_with_blanks(key):
    for alias in ALIASES[key]:
        for name in (alias, alias.upper(), f"  {alias.title()} "):
            assert find_columns(["other", name])[key] == 1


def test_the_preferred_name_wins_and_the_first_of_two_alike():
    assert find_columns(["m", "mag", "magnitude", "mw"])["magnitude"] == 2
    assert find_columns(["lat", "LAT", "lat "])["latitude"] == 0


def test_names_that_mean_nothing_find_nothing():
    assert find_columns(["foo", "", "time zone", "magnitude error"]) == {}


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_missing_column_is_named_with_what_is_there(missing):
    found = dict.fromkeys(set(REQUIRED) - {missing}, 0)
    with pytest.raises(CatalogError, match=rf"no column for the {missing} \(called {ALIASES[missing][0]}.* are: a, b"):
        require_columns(found, ["a ", "b"])


def test_a_header_with_an_open_quote_is_told():
    with pytest.raises(CatalogError, match="header cannot be cut into columns"):
        split_header('time,"longitude', Dialect())
    assert split_header(" time ;lon", Dialect(";")) == ["time", "lon"]
    assert split_header('"a,b",c', Dialect(quotes=False)) == ['"a', 'b"', "c"]


# Lines


def test_lines_keep_their_numbers_past_blanks_and_comments():
    stream = io.BytesIO(b"\xef\xbb\xbfa\n\n  \n# no\nb\r\n#c\nlast")
    assert list(numbered_lines(stream, comment="#")) == [(1, "a"), (5, "b"), (7, "last")]


def test_bytes_that_are_not_utf8_tell_the_line_and_the_cure():
    stream = io.BytesIO(b"one\ntwo\n\xe9t\xe9\n")
    with pytest.raises(CatalogError, match=r"not UTF-8 text \(byte 0xe9 after line \d\); .*iconv -f latin1"):
        list(numbered_lines(stream))


@given(st.lists(st.sampled_from([GOOD, "torn", GOOD + ",extra", '2020,"open', GOOD + ",,", "a,b,c,d"]), max_size=30))
def test_every_line_is_a_row_or_a_rejection_and_never_both(lines):
    batches = rows(*lines)
    kept = [int(n) for batch in batches for n in batch.row]
    rejected = [one.row for batch in batches for one in batch.rejected]
    assert sorted(kept + rejected) == list(range(2, len(lines) + 2))
    for number, line in enumerate(lines, start=2):
        if line in (GOOD, GOOD + ",,", "a,b,c,d"):  # the last has the right width: what it says is judged later
            assert number in kept
        else:
            assert number in rejected
    reasons = {one.text: one.reason for batch in batches for one in batch.rejected}
    known = {"torn": "too few columns", GOOD + ",extra": "too many columns", '2020,"open': "broken quotes"}
    assert reasons.items() <= known.items()


def test_an_open_quote_does_not_swallow_the_lines_after_it():
    (batch,) = rows(GOOD, '"' + GOOD, GOOD, GOOD)
    assert batch.row.tolist() == [2, 4, 5]
    assert [(one.row, one.reason) for one in batch.rejected] == [(3, "broken quotes")]


def test_what_stands_in_a_row_is_given_back_for_the_report():
    (batch,) = rows(GOOD, "2020-01-01T00:00:01Z,x,20,5.5")
    assert batch.text(1) == "2020-01-01T00:00:01Z,x,20,5.5" and batch.faults == {1: "unreadable longitude"}


def test_a_column_whose_name_says_utc_needs_no_zone():
    lines = iter([(2, "2020-01-01 00:00:00,10,20,5")])
    (batch,) = read_rows(lines, names=["time_utc", *NAMES[1:]], dialect=Dialect(), assume_utc=False)
    assert not batch.faults and batch.columns["time"][0] == np.datetime64("2020-01-01")
    lines = iter([(2, "2020-01-01 00:00:00,10,20,5")])
    (batch,) = read_rows(lines, names=NAMES, dialect=Dialect(), assume_utc=False)
    assert batch.faults == {0: "time without a zone"}


def test_further_columns_of_numbers_can_be_kept():
    (batch,) = rows(GOOD + ",7", names=[*NAMES, "catalog_id"], extra=["catalog_id", "not there"])
    assert batch.columns["catalog_id"].tolist() == [7.0] and "not there" not in batch.columns


def test_long_files_come_in_batches_that_join_without_a_seam():
    batches = rows(*[GOOD] * (2 * BATCH_ROWS + 3))
    assert [len(batch.row) for batch in batches] == [BATCH_ROWS, BATCH_ROWS, 3]
    assert np.concatenate([batch.row for batch in batches]).tolist() == list(range(2, 2 * BATCH_ROWS + 5))


def test_no_lines_no_batches():
    assert rows() == []


# Written


@given(st.lists(st.floats(allow_nan=True), max_size=8))
def test_numbers_read_back_as_the_same_numbers(numbers):
    texts = written_numbers(np.array(numbers, float), missing="-")
    for number, text in zip(numbers, texts, strict=True):
        assert text == "-" if number != number else float(text) == number


@given(st.lists(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)), min_size=1, max_size=5))
def test_times_read_back_and_are_no_longer_than_needed(moments):
    times = np.array(moments, "datetime64[us]")
    texts = written_times(times)
    assert [datetime.fromisoformat(text[:-1]) for text in texts] == moments and all(t.endswith("Z") for t in texts)
    assert all(len(text) == (24 if all(m.microsecond % 1000 == 0 for m in moments) else 27) for text in texts)
    assert written_times(times, zone=False) == [text[:-1] for text in texts]


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6), st.sampled_from([",", ";", "\t"]))
def test_any_words_survive_between_quotes(words, delimiter):
    catalog = Catalog.of(
        time=np.arange(len(words)).astype("datetime64[us]"), longitude=np.zeros(len(words)),
        latitude=np.zeros(len(words)), magnitude=np.full(len(words), 5.0),
        event_id=np.array([one for one, _ in words], object),
        magnitude_type=np.array([two for _, two in words], object),
        provenance=Provenance("x", "y", datetime(2020, 1, 1, tzinfo=UTC)),
    )  # fmt: skip
    stream = io.BytesIO()
    write_rows(catalog, stream, header="a" + delimiter + "b", columns=lambda part: (part.event_id, part.magnitude_type),
               dialect=Dialect(delimiter))  # fmt: skip
    read = list(csv.reader(io.StringIO(stream.getvalue().decode(), newline=""), delimiter=delimiter))
    assert [tuple(row) for row in read[1:] if row] == [pair for pair in words if any(pair) or len(pair) > 1]


@pytest.mark.parametrize(("word", "quotes"), [("a\nb", True), ("a\rb", True), ("a|b", False)])
def test_a_word_that_does_not_fit_on_a_line_is_refused_by_name(word, quotes):
    catalog = Catalog.of(
        time=np.array(["2020-01-01"], "M8[us]"), longitude=[0.0], latitude=[0.0], magnitude=[5.0],
        event_id=np.array([word], object), provenance=Provenance("x", "y", datetime(2020, 1, 1, tzinfo=UTC)),
    )  # fmt: skip
    with pytest.raises(CatalogError, match="the event_id .* does not fit on one line"):
        write_rows(
            catalog, io.BytesIO(), header="", columns=lambda part: (part.event_id,), dialect=Dialect("|", quotes)
        )
