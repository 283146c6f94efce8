"""Which format a file is of: by its content alone, and what is said of strangers."""

import gzip
import inspect
import io
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.catalogs.catalog import COLUMNS
from houfeng.catalogs.formats import (
    FORMATS,
    READ_ONLY,
    format_named,
    format_of_content,
    format_of_name,
    format_to_write,
)
from houfeng.catalogs.reading import parse_catalog, write_catalog
from houfeng.errors import CatalogError, HoufengError, UnknownNameError

ALL = (*FORMATS, *READ_ONLY)


def written(catalog, name: str, tmp_path) -> bytes:
    path = tmp_path / "file"
    write_catalog(catalog, path, format=name)
    return path.read_bytes()


# The table


def test_names_and_endings_are_said_once():
    assert len({known.name for known in ALL}) == len(ALL)
    endings = [ending for known in FORMATS for ending in known.suffixes]
    assert len(set(endings)) == len(endings) and all(e.startswith(".") and e == e.lower() for e in endings)
    assert not any(known.suffixes for known in READ_ONLY)


@pytest.mark.parametrize("known", ALL, ids=lambda known: known.name)
def test_every_format_has_a_module_that_keeps_the_contract(known):
    codec = known.codec
    assert codec is import_module(f"houfeng.catalogs.{known.module}") and codec.__doc__
    assert list(inspect.signature(codec.read).parameters) == ["stream", "assume_utc"]
    assert hasattr(codec, "write") == (known in FORMATS)
    if known in FORMATS:
        assert list(inspect.signature(codec.write).parameters) == ["catalog", "stream"]
    assert known.title and set(known.loses) <= set(COLUMNS)


def test_names_lead_to_their_formats_and_strange_ones_to_the_list():
    for known in ALL:
        assert format_named(known.name) is known
    with pytest.raises(UnknownNameError, match="unknown catalogue format 'quakemll'; did you mean 'quakeml'"):
        format_named("quakemll")
    with pytest.raises(UnknownNameError, match=r"format to write 'ndk'.* There are: comcat-csv, csep, csv, fdsn-text"):
        format_to_write("ndk")


@pytest.mark.parametrize("known", [known for known in FORMATS if known.suffixes], ids=lambda known: known.name)
def test_endings_tell_the_format_in_any_case_zipped_or_not(known):
    for ending in known.suffixes:
        for name in (f"a{ending}", f"a.b{ending.upper()}", f"a{ending}.gz", f"A{ending.upper()}.GZ"):
            assert format_of_name(Path(name)) is known


@pytest.mark.parametrize("name", ["catalog", "a.gz", "a.zip", ".hidden", "a.csvx"])
def test_other_endings_are_told_which_there_are(name):
    with pytest.raises(CatalogError, match=r"no format goes with this name; end it in one of \.csv, \.geojson"):
        format_of_name(Path(name))


# The content


@pytest.mark.parametrize("name", [known.name for known in FORMATS])
def test_what_we_write_is_known_by_its_first_bytes(name, some_events, tmp_path):
    content = written(some_events, name, tmp_path)
    assert format_of_content(content[:8192]).name == name
    if name != "parquet":
        for disguised in (b"\xef\xbb\xbf" + content, b"\n\n  " + content, content.replace(b"\n", b"\r\n")):
            assert format_of_content(disguised[:8192]).name == name


@pytest.mark.parametrize(("name", "other"), [("csv", "quakeml"), ("quakeml", "geojson"), ("parquet", "csv")])
def test_the_content_counts_and_not_the_name(name, other, some_events, tmp_path):
    content = written(some_events, name, tmp_path)
    path = tmp_path / f"lies{format_named(other).suffixes[0]}"
    path.write_bytes(gzip.compress(content))
    with path.open("rb") as stream:
        found = parse_catalog(stream, name=path.name).catalog
    assert found.event_id.tolist() == some_events.event_id.tolist()


@pytest.mark.parametrize(("content", "words"), [
    (b"PK\x03\x04rest", "a ZIP or Excel file; unpack it, or save the sheet as CSV"),
    ("time,lon".encode("utf-16"), "UTF-16 text; convert it: iconv -f utf-16"),
    (b"", "is empty: not even a header"),
    (b" \n\t\n", "is empty: not even a header"),
    (b"\xef\xbb\xbf", "is empty"),
    (b"a\0b\0c", "is binary, and not Parquet"),
    (b"Dear colleague,\nplease find attached", "is not a catalogue in a known format; it begins"),
    (b"a,b,c\n1,2,3\n", "known formats: csv, comcat-csv"),
])  # fmt: skip
def test_strangers_are_told_what_they_look_like(content, words):
    with pytest.raises(CatalogError) as caught:
        format_of_content(content)
    assert words in str(caught.value)


@given(st.binary(max_size=300))
def test_no_bytes_at_all_give_anything_but_a_format_or_our_error(content):
    try:
        assert format_of_content(content) in ALL
    except HoufengError as error:
        assert "\n" not in str(error) and len(str(error)) < 500


@given(st.text(st.sampled_from('0123456789.,;|-+ \t\n:eE/NSTZabc<>{}[]"#%'), max_size=200))
def test_no_text_that_resembles_a_table_gives_anything_but_a_catalogue_or_our_error(text):
    try:
        reading = parse_catalog(io.BytesIO(text.encode()), name="x", assume_utc=True)
    except HoufengError as error:
        assert str(error).startswith("x: ")
    else:
        assert len(reading.catalog) + len(reading.rejected) <= text.count("\n") + 1
