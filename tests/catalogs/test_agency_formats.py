"""ZMAP, NDK, JMA, HORUS and CENC: golden rows, found by content, and damage that is told."""

import gzip
import io
import random

import numpy as np
import pytest
from agency_samples import CENC, HORUS, HORUS_HEADER, ZMAP, jma_record, ndk_event
from hypothesis import given
from hypothesis import strategies as st

from houfeng import load_bundled, parse_time
from houfeng.catalogs.formats import FORMATS, READ_ONLY, format_of_content
from houfeng.catalogs.reading import parse_catalog, read_catalog, write_catalog
from houfeng.errors import CatalogError, HoufengError, TimeError, UnknownNameError

SAMPLES = {
    "zmap": ZMAP,
    "ndk": "\n".join(ndk_event()) + "\n",
    "jma": jma_record() + "\n",
    "horus": HORUS,
    "cenc": CENC,
}


def read(text: str | bytes, name: str | None = None, **more):
    data = text.encode() if isinstance(text, str) else text
    return parse_catalog(io.BytesIO(data), name="sample", format=name, **more)


def only(text: str | bytes, name: str | None = None):
    (event,) = read(text, name).catalog
    return event


def when(text: str):
    return parse_time(text)


def test_every_read_only_format_has_a_sample_and_cannot_be_written(tmp_path, some_events):
    assert set(SAMPLES) == {known.name for known in READ_ONLY} - {"obspy"}  # a door to other formats
    assert not set(SAMPLES) & {known.name for known in FORMATS}
    for known in READ_ONLY:
        assert known.codec.__doc__ and not hasattr(known.codec, "write")
        with pytest.raises(UnknownNameError, match="catalogue format to write"):
            write_catalog(some_events, tmp_path / "a.csv", format=known.name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_the_content_tells_the_format(tmp_path, name):
    content = SAMPLES[name].encode()
    assert format_of_content(content).name == name
    expected = read(content, name, assume_utc=True).catalog
    assert len(expected)
    for i, data in enumerate((gzip.compress(content), content.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + content)):
        path = tmp_path / f"file{i}.csv"
        path.write_bytes(data)
        found = read_catalog(path, assume_utc=True).catalog
        assert found.time.tolist() == expected.time.tolist()
        assert found.magnitude.tolist() == expected.magnitude.tolist()
        assert found.magnitude_type.tolist() == expected.magnitude_type.tolist()


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("seed", range(4))
def test_damaged_bytes_never_give_anything_but_our_errors(name, seed):
    dice = random.Random(seed)
    for _ in range(40):
        data = bytearray(SAMPLES[name].encode())
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            reading = read(bytes(data[: dice.randint(1, len(data))]), name, assume_utc=True)
        except HoufengError as error:
            assert "\n" not in str(error)
        else:
            assert len(reading.catalog) <= 3


def test_zmap_takes_the_whole_year_and_ten_columns():
    first, second = read(ZMAP, assume_utc=True).catalog
    assert first.time == when("2015-09-16T22:54:32.860Z")
    assert (first.longitude, first.latitude, first.depth_km, first.magnitude) == (-71.6744, -31.5729, 22.44, 8.3)
    assert first.magnitude_type == "" and first.event_id == "row2"
    assert second.time == when("2015-09-17T03:55:14Z") and np.isnan(second.depth_km)


def test_zmap_has_no_zone_and_says_so():
    with pytest.raises(TimeError, match="--assume-utc"):
        read(ZMAP)


def test_zmap_without_seconds_with_commas_and_with_more_columns():
    reading = read("1,2,2000,1,2,3.5,10,4,5\n1,2,2000.0,1,2,3.5,10,4,5,6.5,0.1,0.2,0.3\n1,2\n", "zmap", assume_utc=True)
    assert [event.time for event in reading.catalog] == [when("2000-01-02T04:05:00Z"), when("2000-01-02T04:05:06.5Z")]
    assert reading.reasons == {"too few columns": 1}


def test_zmap_impossible_dates_are_rejected_and_sixty_seconds_carry_over():
    rows = "1 2 2001 2 29 4 5 0 0 0\n1 2 2001 2 28 4 5 24 0 0\n1 2 2001 2 28 4 5 23 59 60\n1 2 2001 x 28 4 5 0 0 0\n"
    reading = read(rows, "zmap", assume_utc=True)
    assert [event.time for event in reading.catalog] == [when("2001-03-01T00:00:00Z")]
    assert reading.reasons == {"unreadable time": 2, "unreadable month": 1}


def test_ndk_golden_event():
    event = only("\n".join(ndk_event()))
    assert event.event_id == "C201509162254A"
    assert event.time == when("2015-09-16T22:54:32.900Z")
    assert (event.latitude, event.longitude, event.depth_km) == (-31.57, -71.67, 22.4)
    assert (event.magnitude, event.magnitude_type) == (8.27, "Mwc")  # 2/3 (log10 3.23e28 - 16.1)


@pytest.mark.parametrize(
    ("exponent", "moment", "mw"), [("23", "  1.312", 4.68), ("26", "  1.000", 6.6), ("29", "  5.310", 9.08)]
)
def test_ndk_magnitude_from_the_moment(exponent, moment, mw):
    assert only("\n".join(ndk_event(exponent=exponent, moment=moment))).magnitude == mw


def test_ndk_torn_events_do_not_shift_the_others():
    whole, torn, strange = ndk_event(), ndk_event(name="TORN".ljust(16))[:3], ndk_event(name="NOMOMENT".ljust(16))
    strange[4] = strange[4][:49]
    later = ndk_event(name="C201509171200A  ", date="2015/09/17")
    reading = read("\n".join([*torn, *whole, *strange, *later]), "ndk")
    assert reading.catalog.event_id.tolist() == ["C201509162254A", "C201509171200A"]
    assert [(one.row, one.reason) for one in reading.rejected] == [
        (1, "torn event: not five lines from a date on"),
        (9, "missing magnitude"),
    ]


def test_ndk_without_the_name_of_the_reference_catalogue():
    assert only("\n".join(ndk_event(catalog="    "))).event_id == "C201509162254A"


def test_jma_golden_record():
    event = only(jma_record())
    assert event.time == when("2023-05-05T05:42:04.100Z")  # Japan Standard Time less nine hours
    assert event.latitude == pytest.approx(37 + 32.34 / 60, abs=1e-12)
    assert event.longitude == pytest.approx(137 + 18.27 / 60, abs=1e-12)
    assert (event.depth_km, event.magnitude, event.magnitude_type) == (12.14, 6.5, "MJ(D)")


def test_jma_other_agencies_write_signs_before_degrees_and_whole_depths():
    event = only(
        jma_record(
            kind="U", lat_deg="- 7", lat_min="0352", lon_deg="-178", lon_min="3969", depth="105  ",
            mag1="71", type1="B",
            mag2="  ", type2=" ", info=" ",
        )
    )  # fmt: skip
    assert event.latitude == pytest.approx(-(7 + 3.52 / 60), abs=1e-12)
    assert event.longitude == pytest.approx(-(178 + 39.69 / 60), abs=1e-12)
    assert (event.depth_km, event.magnitude, event.magnitude_type) == (105.0, 7.1, "mb")


def test_jma_south_of_the_equator_by_less_than_a_degree():
    assert only(jma_record(lat_deg="- 0", lat_min="3000")).latitude == -0.5


def test_jma_old_records_with_blanks_for_decimals_and_seconds():
    """Minutes "06  " are six minutes: read as hundredths they would move the Kanto earthquake by 11 km."""
    event = only(
        jma_record(
            year="1923", month="09", day="01", hour="12", minute="03", second="    ", lat_deg=" 35", lat_min="06  ",
            lon_deg=" 139", lon_min="30  ", depth="  0  ", mag1="73", type1="J", mag2="  ", type2=" ", info="2",
        )
    )  # fmt: skip
    assert event.time == when("1923-09-01T03:03:00Z")
    assert event.latitude == pytest.approx(35.1, abs=1e-12) and event.longitude == 139.5
    assert (event.depth_km, event.magnitude, event.magnitude_type) == (0.0, 7.3, "MJ")


@pytest.mark.parametrize(
    ("code", "magnitude"),
    [("03", 0.3), ("-6", -0.6), ("A0", -1.0), ("A9", -1.9), ("B1", -2.1), ("C5", -3.5), (" 4", 0.4)],
)
def test_jma_magnitude_codes(code, magnitude):
    assert only(jma_record(mag1=code, type1="v")).magnitude == magnitude


def test_jma_second_magnitude_where_there_is_no_first_and_none_where_there_is_neither():
    event = only(jma_record(mag1="  ", type1=" "))
    assert (event.magnitude, event.magnitude_type) == (6.2, "Mw")
    none = jma_record(mag1="  ", type1=" ", mag2="  ", type2=" ", minute="43")
    assert read(f"{jma_record()}\n{none}\n").reasons == {"missing magnitude": 1}


def test_jma_artificial_volcanic_and_low_frequency_events_are_kept_out_and_counted():
    lines = [jma_record(info=info, minute=f"{i:02d}") for i, info in enumerate("12345 ")]
    reading = read("\n".join([*lines, "C comment", jma_record()[:40]]))
    assert len(reading.catalog) == 3
    assert reading.reasons == {
        "no hypocentre record": 2,
        "not an earthquake: artificial event": 1,
        "not an earthquake: eruption": 1,
        "not an earthquake: low-frequency event": 1,
    }


def test_jma_trailing_blanks_may_be_lost():
    line = jma_record(name=" " * 24)
    assert only(line.rstrip()).time == only(line).time


def test_horus_golden_rows():
    reading = read(HORUS)
    first, second = reading.catalog
    assert first.time == when("2009-04-06T01:32:40.400Z")
    assert (first.latitude, first.longitude, first.depth_km) == (42.342, 13.38, 8.3)
    assert (first.magnitude, first.magnitude_type) == (6.29, "Mw")
    assert np.isnan(second.depth_km)
    assert reading.reasons == {"not an earthquake: marked x by HORUS": 1}


def test_horus_torn_rows_and_a_wrong_table():
    assert read(HORUS + "2009\t4\n").reasons["too few columns"] == 1
    with pytest.raises(CatalogError, match="no HORUS table: no column year, mo"):
        read("a\tb\n1\t2\n", "horus")
    assert len(read(HORUS_HEADER, "horus").catalog) == 0


def test_cenc_times_are_beijing_times_as_comcat_confirms():
    (event,) = read(CENC).catalog
    assert event.time == when("2015-05-01T08:06:03Z")
    assert (event.latitude, event.longitude, event.depth_km) == (-5.15, 151.8, 50.0)
    assert (event.magnitude, event.magnitude_type) == (6.8, "Ms")
    world = load_bundled("global")
    near = world.between(when("2015-05-01T08:05:30Z"), when("2015-05-01T08:06:30Z"))
    assert abs((near.event(0).time - event.time).total_seconds()) < 5 and near.magnitude.tolist() == [6.8]


def test_cenc_other_events_are_kept_out_by_their_code():
    assert read(CENC).reasons == {"not an earthquake: type ep": 1}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", ["\t", ",", " "])
def test_cenc_encodings_and_delimiters(encoding, delimiter):
    rows = [
        ["日期", "时间", "纬度", "经度", "深度", "震级类型", "震级值", "参考地名"],
        ["2008-05-12", "14:28:04", "31.01", "103.42", "14", "Ms", "8.0", "四川汶川县"],
        ["2008/5/13", "07:54:38.5", "31.35", "103.22", "-", "Ms", "5.2", "四川汶川 余震"],
    ]
    data = "\n".join(delimiter.join(row) for row in rows).encode(encoding)
    assert format_of_content(data).name == "cenc"
    first, second = read(data).catalog
    assert first.time == when("2008-05-12T06:28:04Z") and first.magnitude == 8.0
    assert second.time == when("2008-05-12T23:54:38.500Z") and np.isnan(second.depth_km)


def test_cenc_rapid_reports_with_one_column_of_time():
    data = (
        "震级(M),发震时刻(UTC+8),纬度(°),经度(°),深度(千米),参考位置\n"
        "6.8,2022-09-05 12:52:18,29.59,102.08,16,四川甘孜州泸定县\n"
    )
    event = only(data)
    assert event.time == when("2022-09-05T04:52:18Z") and event.magnitude_type == ""
    assert only(data.replace("UTC+8", "UTC")).time == when("2022-09-05T12:52:18Z")


def test_cenc_faults_are_told():
    bad = "2015-13-01\t16:06:03\t1\t2\t3\tMs\t5\teq\tA\n2015-05-01\tnoon\t1\t2\t3\tMs\t5\teq\tA\n2015-05-01\t1:2:3\n"
    assert read(CENC + bad).reasons == {
        "not an earthquake: type ep": 1,
        "unreadable time": 2,
        "too few columns": 1,
    }
    with pytest.raises(CatalogError, match="no table of CENC: no column 时间, 经度"):
        read("日期,纬度,震级\n1,2,3\n", "cenc")
    with pytest.raises(CatalogError, match="neither UTF-8 nor GB18030"):
        read("日期\n".encode("gb18030") + b"\xff\xff", "cenc")


@given(
    st.datetimes(min_value=when("1900-01-02T00:00:00Z").replace(tzinfo=None)),
    st.floats(-89, 89),
    st.floats(-179, 179),
)
def test_jma_and_cenc_give_back_any_time_and_place(moment, latitude, longitude):
    """Both clocks are ahead of UTC, also over the ends of days and years."""
    moment = moment.replace(microsecond=moment.microsecond // 10_000 * 10_000)

    def parts(value: float, width: int) -> tuple[str, str]:
        degrees, minutes = divmod(round(abs(value) * 6000), 6000)
        return ("-" if value < 0 else " ") + f"{degrees:{width - 1}d}", f"{minutes:04d}"

    (lat_deg, lat_min), (lon_deg, lon_min) = parts(latitude, 3), parts(longitude, 4)
    record = jma_record(
        year=f"{moment:%Y}", month=f"{moment:%m}", day=f"{moment:%d}", hour=f"{moment:%H}", minute=f"{moment:%M}",
        second=f"{moment.second:02d}{moment.microsecond // 10_000:02d}", lat_deg=lat_deg, lat_min=lat_min,
        lon_deg=lon_deg, lon_min=lon_min,
    )  # fmt: skip
    table = (
        CENC.splitlines()[0]
        + f"\n{moment:%Y-%m-%d}\t{moment:%H:%M:%S.%f}\t{latitude!r}\t{longitude!r}\t5\tMs\t5\teq\t-\n"
    )
    for text, name, hours, resolution in ((record, "jma", 9, 1 / 12_000), (table, "cenc", 8, 0.0)):
        catalog = read(text, name).catalog
        assert catalog.time[0] == np.datetime64(moment, "us") - np.timedelta64(hours, "h")
        assert abs(catalog.latitude[0] - latitude) <= resolution + 1e-9
        assert abs(catalog.longitude[0] - longitude) <= resolution + 1e-9
