import gzip

import numpy as np
import pytest

from houfeng.errors import InputError, NotEnoughDataError, SourceError, UnknownNameError
from houfeng.geodesy.reading import FORMATS, read_places, read_positions

TENV3 = (
    "site YYMMMDD yyyy.yyyy __MJD week d reflon _e0(m) __east(m) ____n0(m) _north(m) u0(m) ____up(m) _ant(m) "
    "sig_e(m) sig_n(m) sig_u(m) __corr_en __corr_eu __corr_nu _latitude(deg) _longitude(deg) __height(m)\n"
    "TEST 20JAN01 2020.0000 58849 2086 3 -118.8 4781 0.500000 4010706 0.999000 104 0.839 0.0 0.0008 0.0007 0.0036 "
    "0.05 0.02 0.01 36.2311 -478.7665 700.1\n"
    "TEST 20JAN02 2020.0027 58850 2086 4 -118.8 4781 0.502000 4010707 0.001000 104 0.830 0.0 0.0008 0.0007 0.0036 "
    "0.05 0.02 0.01 36.2311 -478.7665 700.1\n"
    "TEST 20JAN03 broken\n"
    "TEST 20JAN04 2020.0082 58852 2086 6 -118.8 4781 0.503000 4010707 0.001000 104 0.830 0.0 -1.0 0.0007 0.0036 "
    "0.05 0.02 0.01 36.2311 -478.7665 700.1\n"
)
POS = (
    "PBO Station Position Time Series. Reference Frame : IGS14\nFormat Version: 1.1.0\n4-character ID: TEST\n"
    "NEU Reference position :     36.2311       241.2335   700.1 (IGS14/WGS84)\nStart Field Description\n"
    "End Field Description\n*YYYYMMDD HHMMSS JJJJJ.JJJJ         X             Y             Z\n"
    " 20200101 120000 58849.5000 1 2 3 0.1 0.1 0.1 0 0 0 36.2 241.2 700 -0.04854 -0.06055 0.00506 "
    "0.00471 0.00314 0.01320 0.163 -0.115 -0.095 repro\n"
    " 20200102 000000 58850.5000 1 2 3 0.1 0.1 0.1 0 0 0 36.2 241.2 700 -0.04754 -0.06255 0.00706 "
    "0.00471 0.00314 0.01320 0.163 -0.115 -0.095 repro\n"
)
CSV = "Date,North (mm),East (mm)\n2020-01-01,1.00,5.00\n2020-01-02,2.50,x\n2020-01-03,2.50,4.00\n"


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_tenv3_by_the_names_of_its_columns(tmp_path):
    reading = read_positions(write(tmp_path, "TEST.IGS14.tenv3", TENV3))
    p = reading.positions
    assert (reading.format, p.station, p.frame) == ("tenv3", "TEST", "IGS14")
    assert p.longitude == pytest.approx(-118.7665) and p.latitude == pytest.approx(36.2311)
    assert p.time[0] == np.datetime64("2020-01-01T12:00")
    # A metre of the whole number goes over to the fraction: 2 mm, not a metre.
    np.testing.assert_allclose(p.east_mm, [0, 2], atol=1e-6)
    np.testing.assert_allclose(p.north_mm, [0, 2], atol=1e-6)
    np.testing.assert_allclose(p.up_mm, [0, -9], atol=1e-6)
    np.testing.assert_allclose(p.sigma_mm[:, 0], [0.8, 0.7, 3.6])
    assert [(r.line, r.reason) for r in reading.rejected] == [
        (4, "3 columns, 17 needed"),
        (5, "standard deviation not above 0"),
    ]


def test_pos_in_the_order_north_east(tmp_path):
    p = read_positions(write(tmp_path, "TEST.pbo.igs14.pos", POS)).positions
    assert (p.station, p.frame) == ("TEST", "IGS14")
    assert p.longitude == pytest.approx(-118.7665)
    np.testing.assert_allclose(p.north_mm, [0, 1], atol=1e-9)
    np.testing.assert_allclose(p.east_mm, [0, -2], atol=1e-9)
    np.testing.assert_allclose(p.up_mm, [0, 2], atol=1e-9)
    np.testing.assert_allclose(p.sigma_mm[:, 0], [3.14, 4.71, 13.2])
    np.testing.assert_array_equal(p.time, np.array(["2020-01-01T12", "2020-01-02T12"], "datetime64[us]"))


def test_csv_names_its_station_in_the_file_name(tmp_path):
    path = write(tmp_path, "position.P571.cwu.nam14.csv", CSV)
    reading = read_positions(path, longitude=-118.8, latitude=36.2)
    p = reading.positions
    assert (p.station, p.frame, p.located) == ("P571", "nam14", True)
    np.testing.assert_allclose(p.east_mm, [0, -1])
    np.testing.assert_allclose(p.north_mm, [0, 1.5])
    assert p.time[1] == np.datetime64("2020-01-03T12:00")
    assert [r.line for r in reading.rejected] == [3]


def test_csv_with_a_clock_units_and_deviations(tmp_path):
    text = (
        "# a remark\nStation, P1\nDatetime, delta E (m), delta N (cm), delta v (mm), Std Dev E (mm)\n"
        "2020-01-01T12:00:00Z,0.001,0.1,3,0.5\n2020-01-02T12:00:00+00:00,0.002,0.3,,0.5\n"
        "2020-01-03T12:00:00+08:00,0.002,0.3,,0.5\n"
    )
    reading = read_positions(write(tmp_path, "P1.csv", text))
    np.testing.assert_allclose(reading.positions.east_mm, [0, 1])
    np.testing.assert_allclose(reading.positions.north_mm, [0, 2])
    assert np.isnan(reading.positions.up_mm[1]) and reading.positions.sigma_mm[0, 0] == 0.5
    assert reading.rejected[0].line == 6 and "zone" in reading.rejected[0].reason


def test_of_a_day_given_twice_the_last_is_kept_and_order_does_not_matter(tmp_path):
    text = "Date,North (mm),East (mm)\n2020-01-02,1,1\n2020-01-01,0,0\n2020-01-02,3,3\n"
    reading = read_positions(write(tmp_path, "X.csv", text))
    np.testing.assert_allclose(reading.positions.east_mm, [0, 3])
    assert [r.line for r in reading.rejected] == [2]


def test_gzip_is_read(tmp_path):
    path = tmp_path / "X.csv.gz"
    path.write_bytes(gzip.compress(CSV.encode()))
    assert read_positions(path).positions.station == "X"


def test_bytes_that_are_no_text_are_an_error_not_a_crash(tmp_path):
    path = tmp_path / "X.csv"
    path.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(InputError, match="no file of positions"):
        read_positions(path)
    path.write_bytes(b"\x1f\x8b broken")
    with pytest.raises(SourceError, match="cannot be read"):
        read_positions(path)


@pytest.mark.parametrize(
    ("text", "format", "kind", "word"),
    [
        ("hello\n", None, InputError, "no file of positions"),
        ("", None, InputError, "no file of positions"),
        ("Date,North,East\n2020-01-01,1,1\n", None, InputError, "no unit"),
        (CSV, "rinex", UnknownNameError, "csv, pos, tenv3"),
        (CSV, "pos", InputError, "YYYYMMDD"),
        (CSV, "tenv3", InputError, "header"),
        ("site YYMMMDD x\n", None, InputError, "lacks"),
        ("Date,North (mm),East (mm)\n2020-13-01,1,1\n", None, NotEnoughDataError, "first fault"),
        ("Date,North (mm),East (mm)\n2020-01-01,inf,1\n", None, NotEnoughDataError, "beyond"),
    ],
)
def test_mistakes_are_named(tmp_path, text, format, kind, word):
    with pytest.raises(kind, match=word):
        read_positions(write(tmp_path, "X.txt", text), format=format)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match="no file"):
        read_positions(tmp_path / "none.csv")


def test_places(tmp_path):
    path = write(tmp_path, "places.csv", "station,longitude,latitude\nP571,-118.8,36.2\n")
    assert read_places(path) == {"P571": (-118.8, 36.2)}
    for text in ("station,longitude\nP571,1\n", "station,longitude,latitude\nP571,x,1\n",
                 "station,longitude,latitude\nP571,1,95\n"):  # fmt: skip
        with pytest.raises(InputError, match="line 2"):
            read_places(write(tmp_path, "bad.csv", text))


@pytest.mark.shared
def test_the_daily_files_are_read_whole(shared_data):
    files = sorted((shared_data / "geodesy" / "daily").glob("*.csv"))
    assert len(files) == 8
    for file in files:
        reading = read_positions(file)
        assert not reading.rejected and len(reading.positions) > 5000
    assert set(FORMATS) == {"csv", "pos", "tenv3"}
