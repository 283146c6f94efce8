"""Every format gives back what was written, except the columns it says it loses."""

import gzip
import io
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.catalogs.catalog import COLUMNS, Catalog
from houfeng.catalogs.formats import FORMATS, format_named
from houfeng.catalogs.reading import parse_catalog, read_catalog, write_catalog
from houfeng.errors import CatalogError, TimeError
from houfeng.values import Provenance

NAMES = [known.name for known in FORMATS]
SOURCE = Provenance(
    source="Observatorio d'Andaluz {α} <b>&</b> 地震",
    licence="CC BY 4.0; 'quoted'",
    data_end=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    publication_delay_s=90.5,
    final=False,
)

# Letters and marks that occur in identifiers; | and , are in their own test.
IDS = st.text(st.sampled_from("abzXYZ0189-_./:;'\"<>&%=+*#?[]()é地"), min_size=1, max_size=12).filter(
    lambda word: not word.startswith("#")
)
TYPES = st.sampled_from(["", "Mw", "mb", "ML", "Mwc", "Mw(mB)", "'M'"])
MICROS = st.integers(-8 * 10**15, 8 * 10**15)  # the years 1716 to 2223


@st.composite
def catalogs(draw, provenance: Provenance = SOURCE) -> Catalog:
    n = draw(st.integers(0, 8))

    def column(values: st.SearchStrategy) -> list:
        return draw(st.lists(values, min_size=n, max_size=n))

    time = np.array(column(MICROS), "int64").view("datetime64[us]")
    wait = np.array(column(st.integers(0, 10**12)), "int64").view("timedelta64[us]")
    return Catalog.of(
        event_id=np.array(draw(st.lists(IDS, min_size=n, max_size=n, unique=True)), object),
        time=time,
        issued=time + wait,
        longitude=column(st.floats(-180, 179.999)),
        latitude=column(st.floats(-90, 90)),
        depth_km=column(st.floats(-10, 800) | st.just(np.nan)),
        magnitude=column(st.floats(-5, 9.9)),
        magnitude_type=np.array(column(TYPES), object),
        provenance=provenance,
    )


def written(catalog: Catalog, name: str) -> bytes:
    stream = io.BytesIO()
    format_named(name).codec.write(catalog, stream)
    return stream.getvalue()


def assert_same(found: Catalog, expected: Catalog, columns=COLUMNS) -> None:
    for column in columns:
        a, b = getattr(found, column), getattr(expected, column)
        assert a.dtype == b.dtype
        assert np.array_equal(a, b, equal_nan=column == "depth_km"), (column, a, b)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(catalog=catalogs())
def test_what_is_written_is_read_back(name, catalog):
    known = format_named(name)
    reading = parse_catalog(io.BytesIO(written(catalog, name)), name="x", provenance=SOURCE)
    assert reading.rejected == ()
    assert_same(reading.catalog, catalog, [column for column in COLUMNS if column not in known.loses])
    if "magnitude_type" in known.loses:
        assert set(reading.catalog.magnitude_type) <= {""}
    if "issued" in known.loses:
        assert_same(reading.catalog, replace(catalog, issued=catalog.time + np.timedelta64(90_500_000)), ["issued"])


@settings(max_examples=25, deadline=None)
@given(catalog=catalogs())
def test_writing_twice_gives_the_same_bytes(catalog):
    for name in set(NAMES) - {"parquet"}:
        assert written(catalog, name) == written(catalog, name)


@settings(max_examples=15, deadline=None)
@given(catalog=catalogs())
def test_parquet_keeps_the_provenance(catalog):
    found = parse_catalog(io.BytesIO(written(catalog, "parquet")), name="x").catalog
    assert found.provenance == SOURCE
    assert_same(found, catalog)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("zipped", [False, True])
def test_the_same_through_files(tmp_path, name, zipped, some_events):
    path = tmp_path / f"a[1]'s catalog.{name}{'.gz' if zipped else ''}"
    write_catalog(some_events, path, format=name)
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == zipped
    known = format_named(name)
    found = read_catalog(path, provenance=SOURCE).catalog
    assert_same(found, some_events, [column for column in COLUMNS if column not in known.loses])


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_catalogue_stays_empty(name):
    empty = Catalog.empty(SOURCE)
    reading = parse_catalog(io.BytesIO(written(empty, name)), name="x")
    assert len(reading.catalog) == 0
    assert reading.rejected == ()


@pytest.mark.parametrize("name", ["csv", "comcat-csv", "fdsn-text", "csep"])
def test_a_line_break_in_an_id_is_refused_where_a_line_is_an_event(name, some_events):
    bad = replace(some_events, event_id=np.array(["a\nb", "c", "d"], object))
    with pytest.raises(ValueError, match=r"'a\\nb' does not fit on one line"):
        written(bad, name)


def test_a_delimiter_in_an_id_is_quoted_or_refused(some_events):
    odd = replace(some_events, event_id=np.array(["a|b", "a,b", 'a"b'], object))
    for name in ("csv", "comcat-csv", "csep", "geojson", "quakeml", "parquet"):
        found = parse_catalog(io.BytesIO(written(odd, name)), name="x").catalog
        assert found.event_id.tolist() == ["a|b", "a,b", 'a"b'], name
    with pytest.raises(ValueError, match=r"a\|b"):
        written(odd, "fdsn-text")


def test_quakeml_refuses_what_xml_cannot_hold(some_events):
    bad = replace(some_events, event_id=np.array(["a\x00b", "c", "d"], object))
    with pytest.raises(ValueError, match="character that XML does not allow"):
        written(bad, "quakeml")


def test_gzip_files_do_not_depend_on_the_hour(tmp_path, some_events):
    for name in ("one.csv.gz", "two.csv.gz"):
        write_catalog(some_events, tmp_path / name)
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "one.csv.gz").read_bytes()).startswith(b"event_id,time,")


def test_other_tools_read_the_parquet_file(tmp_path, some_events):
    import duckdb

    path = tmp_path / "c.parquet"
    write_catalog(some_events, path)
    with duckdb.connect() as database:
        rows = database.execute(
            "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(?))", [str(path)]
        ).fetchall()
    types = dict(rows)
    assert list(types) == list(COLUMNS)
    assert types["time"] == types["issued"] == "TIMESTAMP WITH TIME ZONE"
    assert types["magnitude"] == "DOUBLE"
    assert types["event_id"] == "VARCHAR"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("TIMESTAMP", "2015-09-16T22:54:32.860000"),
        ("TIMESTAMP_MS", "2015-09-16T22:54:32.860000"),
        ("TIMESTAMP WITH TIME ZONE", "2015-09-16T22:54:32.860000"),
        ("VARCHAR", "2015-09-16T22:54:32.860000"),
        ("DATE", "2015-09-16T00:00:00.000000"),
    ],
)
def test_parquet_of_other_programs_may_hold_times_of_any_kind(tmp_path, kind, expected):
    import duckdb

    path = tmp_path / "theirs.parquet"
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(
            f"COPY (SELECT CAST('2015-09-16 22:54:32.86' AS {kind}) AS time, -71.7 AS lon, -31.6 AS lat, 8.3 AS mag) "
            f"TO '{path}' (FORMAT parquet)"
        )
    catalog = read_catalog(path, assume_utc=True).catalog
    assert (str(catalog.time[0]), catalog.magnitude[0]) == (expected, 8.3)
    if kind == "TIMESTAMP WITH TIME ZONE":
        assert len(read_catalog(path).catalog) == 1
    else:
        with pytest.raises(TimeError, match="no zone"):
            read_catalog(path)


def test_parquet_with_a_number_for_a_time_is_refused_by_name(tmp_path):
    import duckdb

    path = tmp_path / "theirs.parquet"
    with duckdb.connect() as database:
        columns = "1442444072 AS time, 1.0 AS lon, 2.0 AS lat, 5.0 AS mag"
        database.execute(f"COPY (SELECT {columns}) TO '{path}' (FORMAT parquet)")
    with pytest.raises(CatalogError, match="column time has the type INTEGER; a time must be a timestamp or ISO 8601"):
        read_catalog(path, assume_utc=True)


def test_long_geojson_comes_in_batches_without_a_seam(tmp_path):
    from houfeng.catalogs.comcat_geojson import BATCH_ROWS

    n = 2 * BATCH_ROWS
    many = Catalog.of(
        time=np.datetime64("2000-01-01", "us") + np.arange(n) * np.timedelta64(60, "s"), longitude=np.zeros(n),
        latitude=np.zeros(n), magnitude=np.round(np.arange(n) % 50 / 10, 1),
        provenance=Provenance("x", "y", datetime(2020, 1, 1, tzinfo=UTC)),
    )  # fmt: skip
    path = tmp_path / "many.geojson"
    write_catalog(many, path)
    back = read_catalog(path)
    assert not back.rejected and np.array_equal(back.catalog.time, many.time)
    assert np.array_equal(back.catalog.magnitude, many.magnitude)
