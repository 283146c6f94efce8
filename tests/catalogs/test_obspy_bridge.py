"""ObsPy as the independent reader: ours and its tell the same of every file."""

import builtins
import io
import subprocess
import sys
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.catalogs.catalog import COLUMNS, Catalog
from houfeng.catalogs.formats import FORMATS, format_named, format_of_content
from houfeng.catalogs.obspy_bridge import from_obspy, to_obspy
from houfeng.catalogs.reading import parse_catalog, read_catalog, write_catalog
from houfeng.cli.main import main
from houfeng.errors import CatalogError, MissingExtraError, UnknownNameError
from houfeng.values import Provenance

#: ObsPy warns of what it finds in the files, and on import of what it uses itself.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:obspy"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def obspy():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("obspy", reason="ObsPy is not installed: pip install 'houfeng[obspy]'")


@pytest.fixture
def without_obspy(monkeypatch):
    """An installation without the extra."""
    real = builtins.__import__

    def refuse(name, *rest, **named):
        if name.split(".")[0] == "obspy":
            raise ImportError("No module named 'obspy'")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)


def samples(obspy) -> list[Path]:
    """The QuakeML files that come with ObsPy: from agencies, from the schema's authors, from its writers."""
    found = [path for path in sorted((Path(obspy.__file__).parent / "io").glob("*/tests/data/*.*ml"))
             if b"quakeml.org/xmlns/bed" in path.read_bytes()]  # fmt: skip
    if not found:
        pytest.skip("this ObsPy comes without its sample files")
    return found


def same(one: Catalog, other: Catalog, *, but: tuple[str, ...] = ()) -> None:
    for name in set(COLUMNS) - set(but):
        mine, theirs = one.columns[name], other.columns[name]
        assert mine.dtype == theirs.dtype
        assert np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f"), name


def test_both_readers_find_the_same_in_what_we_write(obspy, some_events, tmp_path):
    path = tmp_path / "events.xml"
    write_catalog(some_events, path)
    ours, theirs = read_catalog(path), read_catalog(path, format="obspy")
    assert not ours.rejected and not theirs.rejected
    same(ours.catalog, theirs.catalog)
    same(ours.catalog, some_events, but=("issued",))


def test_both_readers_find_the_same_in_files_of_agencies(obspy):
    """Every QuakeML file that ships with ObsPy, but one in which it passes over an event of unknown type."""
    compared = 0
    for path in samples(obspy):
        if path.name == "usgs_event.xml":
            continue
        try:
            ours = read_catalog(path)
        except CatalogError as error:
            with pytest.raises(CatalogError, match="none of its|ObsPy cannot read it"):
                read_catalog(path, format="obspy")
            assert "none of its" in str(error) or "not QuakeML" in str(error), path
            continue
        theirs = read_catalog(path, format="obspy")
        same(ours.catalog, theirs.catalog)
        assert [(one.row, one.reason) for one in ours.rejected] == [(one.row, one.reason) for one in theirs.rejected]
        compared += len(ours.catalog)
    assert compared >= 10


def test_what_obspy_writes_from_our_objects_is_the_same_catalogue_again(obspy, some_events):
    stream = io.BytesIO()
    to_obspy(some_events).write(stream, format="QUAKEML", nsmap={"catalog": "http://anss.org/xmlns/catalog/0.1"})
    again = parse_catalog(io.BytesIO(stream.getvalue()), name="x", format="quakeml").catalog
    same(again, some_events, but=("issued",))


numbers = st.floats(-5, 9.9).map(lambda x: round(x, 3))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.datetimes(min_value=datetime(1500, 1, 1)),
            st.floats(-180, 180, exclude_max=True),
            st.floats(-90, 90),
            st.one_of(st.just(float("nan")), st.floats(-10, 800).map(lambda x: round(x, 6))),
            numbers,
        ),
        max_size=4,
    )
)
def test_there_and_back_every_digit_is_kept(obspy, some_events, rows):
    """Depths to the millimetre; ObsPy holds metres as floats, which rounds the last bit."""
    columns = list(zip(*rows, strict=True)) or [[]] * 5
    catalog = Catalog.of(
        time=np.array(columns[0], "datetime64[us]"),
        longitude=columns[1],
        latitude=columns[2],
        depth_km=np.array(columns[3], float),
        magnitude=columns[4],
        magnitude_type=np.array(["mb"] * len(rows), object),
        provenance=some_events.provenance,
    )
    back = from_obspy(to_obspy(catalog), provenance=catalog.provenance)
    assert not back.rejected
    same(back.catalog, catalog)
    assert back.catalog.provenance == catalog.provenance


def event(obspy, number: int, **named):
    from obspy.core.event import Event, Magnitude, Origin, ResourceIdentifier

    def name(part):
        return ResourceIdentifier(f"smi:local/{part}")

    origins = [
        Origin(resource_id=name(f"o{number}/{i}"), time=obspy.UTCDateTime(2020, 1, 1, number, i), longitude=10 + i,
               latitude=50, depth=1000.0 * i)
        for i in range(3)
    ]  # fmt: skip
    magnitudes = [
        Magnitude(resource_id=name(f"m{number}/{i}"), mag=4 + i / 10, magnitude_type=kind, origin_id=name(origin))
        for i, (kind, origin) in enumerate([("ML", f"o{number}/0"), ("mb", f"o{number}/2"), ("Mw", f"o{number}/2")])
    ]
    parts = {"event_type": "earthquake", "origins": origins, "magnitudes": magnitudes} | named
    return Event(resource_id=name(f"event/{number}"), **parts)


def test_of_several_origins_and_magnitudes_the_preferred_count(obspy):
    chosen = {"preferred_origin_id": "smi:local/o1/2", "preferred_magnitude_id": "smi:local/m1/0"}
    catalog = from_obspy([event(obspy, 1, **chosen)]).catalog
    assert (catalog.longitude[0], catalog.depth_km[0]) == (12, 2)
    assert (catalog.magnitude[0], catalog.magnitude_type[0]) == (4.0, "ML")


def test_without_a_preferred_magnitude_the_first_of_the_origin_counts(obspy):
    catalog = from_obspy([event(obspy, 1, preferred_origin_id="smi:local/o1/2"), event(obspy, 2)]).catalog
    assert catalog.magnitude_type.tolist() == ["mb", "ML"]
    assert catalog.event_id.tolist() == ["1", "2"]


def test_what_cannot_be_used_is_kept_aside_and_numbered(obspy):
    bad = [
        event(obspy, 1),
        event(obspy, 2, event_type="quarry blast"),
        event(obspy, 3, magnitudes=[]),
        event(obspy, 4, origins=[]),
        event(obspy, 1),
    ]
    reading = from_obspy(bad)
    assert reading.catalog.event_id.tolist() == ["1"]
    assert [(one.row, one.reason) for one in reading.rejected] == [
        (2, "not an earthquake: quarry blast"),
        (3, "missing magnitude"),
        (4, "missing time"),
        (5, "duplicate event id"),
    ]
    with pytest.raises(CatalogError, match="none of its 1 rows is usable; 1 for 'missing magnitude'"):
        from_obspy([event(obspy, 3, magnitudes=[])])


def test_events_of_one_origin_are_known_by_the_part_before_the_word_event(obspy):
    """ObsPy names events ``smi:local/ndk/C200604092050A/event``; all of a file would be called "event"."""
    from obspy.core.event import ResourceIdentifier

    events = [event(obspy, 1), event(obspy, 2)]
    for one, name in zip(events, ("A", "B"), strict=True):
        one.resource_id = ResourceIdentifier(f"smi:local/ndk/{name}/event")
    assert from_obspy(events).catalog.event_id.tolist() == ["A", "B"]


def test_the_source_is_obspy_unless_named(obspy):
    told = from_obspy([event(obspy, 1)]).catalog.provenance
    assert (told.source, told.licence, told.final) == ("ObsPy", "unknown", True)
    named = Provenance("ISC", "CC-BY", told.data_end)
    assert from_obspy([event(obspy, 1)], provenance=named).catalog.provenance == named


NORDIC = (
    " 2013  9 1 0411 15.7 L -43.340 170.376  8.5  VUW  8 0.2 0.6LVUW 0.6WVUW        1\n"
    " ACTION:ARG 14-11-11 10:53 OP:CALU STATUS:               ID:20130901041115     I\n"
    " 2013-09-01-0410-35.DFDPC_024_00                                               6\n"
    " STAT SP IPHASW D HRMM SECON CODA AMPLIT PERI AZIMU VELO AIN AR TRES W  DIS CAZ7\n"
    + " " * 80 + "\n"
)  # fmt: skip


def test_a_format_only_obspy_knows_is_read_by_name_alone(obspy, tmp_path, capsys):
    path = tmp_path / "sfile.out"
    path.write_text(NORDIC)
    with pytest.raises(CatalogError, match="is not a catalogue in a known format"):
        read_catalog(path)
    assert main(["catalog", "info", str(path), "--format", "obspy", "--json"]) == 0
    assert '"n_events": 1' in capsys.readouterr().out
    one = read_catalog(path, format="obspy").catalog.event(0)
    assert (one.longitude, one.latitude, one.depth_km, one.magnitude) == (170.376, -43.34, 8.5, 0.6)
    assert f"{one.time:%Y-%m-%d %H:%M:%S.%f}" == "2013-09-01 04:11:15.700000"


def test_what_obspy_cannot_read_is_said_in_one_sentence(obspy):
    with pytest.raises(CatalogError, match=r"f: ObsPy cannot read it \(no format it knows\); name the format"):
        parse_catalog(io.BytesIO(b"once upon a time\n"), name="f", format="obspy")
    with pytest.raises(CatalogError, match=r"ObsPy cannot read it \(UnicodeDecodeError"):
        parse_catalog(io.BytesIO(b"\x00\x00\x00\x06RSSD\xc2\xff" * 9), name="f", format="obspy")


def test_without_the_extra_the_message_gives_the_command(without_obspy, some_events, tmp_path, capsys):
    with pytest.raises(MissingExtraError, match=r"pip install 'houfeng\[obspy\]'"):
        to_obspy(some_events)
    path = tmp_path / "a.xml"
    write_catalog(some_events, path)
    assert main(["catalog", "info", str(path), "--format", "obspy"]) == 2
    assert "ObsPy is not installed; install it" in capsys.readouterr().err
    assert len(read_catalog(path).catalog) == 3


def test_the_format_is_never_guessed_and_never_written(some_events, tmp_path):
    assert format_named("obspy").module == "obspy_bridge"
    assert "obspy" not in {known.name for known in FORMATS}
    with pytest.raises(UnknownNameError, match="format to write"):
        write_catalog(some_events, tmp_path / "x.xml", format="obspy")
    with pytest.raises(CatalogError, match="known formats"):
        format_of_content(NORDIC.encode())


def test_reading_without_the_name_loads_no_obspy(tmp_path, some_events):
    path = tmp_path / "a.xml"
    write_catalog(some_events, path)
    code = (
        "import sys; from houfeng.catalogs.reading import read_catalog; import houfeng.catalogs.obspy_bridge\n"
        f"assert len(read_catalog({str(path)!r}).catalog) == 3; assert 'obspy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
