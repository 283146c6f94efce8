"""The bundled catalogues: what is promised of them, and what happens when a file is damaged."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from houfeng.catalogs import bundled
from houfeng.catalogs.bundled import (
    CUT_OFF,
    DATA_END,
    bundled_names,
    load_bundled,
    provenance_of,
    verify_bundled,
)
from houfeng.errors import SourceError, UnknownNameError
from houfeng.geo import great_circle_km
from houfeng.regions import Region

FOLDER = Path(bundled.__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def catalogs():
    return {name: load_bundled(name) for name in bundled_names()}


def test_names_have_a_region_each():
    assert set(bundled_names()) == {"chile", "california", "sichuan-yunnan", "global"}
    assert set(bundled_names()) <= set(Region.names())


@pytest.mark.parametrize(
    ("name", "rows"), [("chile", 34466), ("california", 14877), ("sichuan-yunnan", 4071), ("global", 87340)]
)
def test_size_and_span(catalogs, name, rows):
    catalog = catalogs[name]
    assert len(catalog) == rows
    assert catalog.magnitude.min() == CUT_OFF[name]
    assert catalog.time[0] >= np.datetime64("1973-01-01")
    assert catalog.time[-1] <= np.datetime64("2025-11-09T23:44:25.067")
    assert len(set(catalog.event_id)) == rows
    assert np.isnan(catalog.depth_km).sum() == (3 if name == "california" else 0)


def test_data_end_is_the_last_event(catalogs):
    last = max(catalog.time[-1] for catalog in catalogs.values())
    assert datetime(2025, 11, 9, 23, 44, 25, 67000, UTC) == DATA_END
    assert last == np.datetime64("2025-11-09T23:44:25.067")


@pytest.mark.parametrize("name", ["chile", "california", "sichuan-yunnan", "global"])
def test_provenance_says_pseudo_prospective(catalogs, name):
    provenance = catalogs[name].provenance
    assert provenance == provenance_of(name)
    assert provenance.final
    assert provenance.publication_delay_s == 1200
    assert provenance.label.startswith("PSEUDO-PROSPECTIVE")
    assert "public domain" in provenance.licence
    assert (catalogs[name].issued - catalogs[name].time == np.timedelta64(1200, "s")).all()


def test_as_of_before_the_delay_hides_the_mainshock(catalogs):
    origin = datetime(2015, 9, 16, 22, 54, 32, 860000, UTC)
    early = catalogs["chile"].as_of(origin + timedelta(minutes=19))
    late = catalogs["chile"].as_of(origin + timedelta(minutes=20))
    assert "us20003k7a" not in early.event_id
    assert "us20003k7a" in late.event_id
    assert early.provenance.data_end == origin + timedelta(minutes=19)


def test_illapel_as_the_usgs_has_it(catalogs):
    """Golden: origin, epicentre and Mww of the 2015-09-16 Illapel earthquake (USGS event us20003k7a)."""
    event = catalogs["chile"].select(catalogs["chile"].event_id == "us20003k7a").event(0)
    assert event.time == datetime(2015, 9, 16, 22, 54, 32, 860000, UTC)
    assert (event.longitude, event.latitude, event.depth_km) == (-71.6744, -31.5729, 22.44)
    assert (event.magnitude, event.magnitude_type) == (8.3, "mww")


@pytest.mark.parametrize(
    ("name", "day", "magnitude"),
    [("chile", "2010-02-27", 8.8), ("chile", "2014-04-01", 8.2), ("chile", "1985-03-03", 8.0),
     ("california", "1992-06-28", 7.3), ("california", "2019-07-06", 7.1),
     ("sichuan-yunnan", "2008-05-12", 7.9), ("sichuan-yunnan", "2025-03-28", 7.7),
     ("global", "2011-03-11", 9.1), ("global", "2004-12-26", 9.1)],
)  # fmt: skip
def test_great_earthquakes_are_there(catalogs, name, day, magnitude):
    catalog = catalogs[name]
    that_day = catalog.time.astype("datetime64[D]") == np.datetime64(day)
    assert catalog.magnitude[that_day].max() == magnitude


def test_coordinates_keep_four_decimals_and_no_more(catalogs):
    for catalog in catalogs.values():
        for column in (catalog.longitude, catalog.latitude):
            assert np.abs(column * 1e4 - np.rint(column * 1e4)).max() < 1e-6
        assert np.abs(catalog.latitude * 1e3 - np.rint(catalog.latitude * 1e3)).max() > 0.05


@pytest.mark.parametrize("name", ["chile", "california", "sichuan-yunnan"])
def test_the_extract_has_a_margin_around_its_region(catalogs, name):
    west, south, east, north = Region.named(name).bounds
    catalog = catalogs[name]
    assert catalog.longitude.min() < west - 2
    assert catalog.longitude.max() > east + 2
    assert catalog.latitude.min() < south - 2
    assert catalog.latitude.max() > north + 2


def test_no_earthquake_is_counted_twice(catalogs):
    for catalog in catalogs.values():
        close = np.flatnonzero(np.diff(catalog.time) <= np.timedelta64(2, "s"))
        distance = great_circle_km(
            longitude=catalog.longitude[close],
            latitude=catalog.latitude[close],
            to_longitude=catalog.longitude[close + 1],
            to_latitude=catalog.latitude[close + 1],
        )
        assert (distance > 100).all()


def test_the_extracts_agree_where_they_overlap(catalogs):
    large = catalogs["chile"].above(5)
    assert set(large.event_id) <= set(catalogs["global"].event_id)


def test_unknown_name_lists_the_known():
    with pytest.raises(UnknownNameError, match=r"unknown bundled catalogue 'chili'; did you mean 'chile'"):
        load_bundled("chili")
    with pytest.raises(UnknownNameError):
        provenance_of("mars")


def test_everything_verifies_and_stays_small():
    assert verify_bundled() == ()
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 8_000_000


@pytest.fixture
def other_folder(tmp_path, monkeypatch):
    """A copy of the bundled folder that a test may damage."""
    for path in (FOLDER / "catalogs").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(bundled, "_folder", lambda: tmp_path)
    bundled._checksums.cache_clear()
    yield tmp_path
    bundled._checksums.cache_clear()


def test_a_damaged_file_is_refused(other_folder):
    path = other_folder / "chile.parquet"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(SourceError, match="'chile' is damaged.*reinstall Houfeng"):
        load_bundled("chile")
    assert [problem for problem in verify_bundled() if "'chile'" in problem]
    assert len(load_bundled("sichuan-yunnan")) == 4071


def test_a_missing_file_is_reported(other_folder):
    (other_folder / "global.parquet").unlink()
    with pytest.raises(SourceError, match="'global' cannot be read"):
        load_bundled("global")
    assert len(verify_bundled()) == 1


def test_sources_tell_the_checksums():
    text = (FOLDER / "SOURCES.md").read_text(encoding="utf-8")
    for digest in bundled._checksums().values():
        assert digest in text
