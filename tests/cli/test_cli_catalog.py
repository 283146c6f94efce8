"""``houfeng catalog info``, ``convert`` and ``plot``."""

import json

import pytest

from houfeng.catalogs.reading import read_catalog
from houfeng.cli.main import main

CSV = (
    "time,latitude,longitude,depth,mag,magType,id,type\n"
    "2015-09-16T22:54:32.860Z,-31.5729,-71.6744,22.44,8.3,mww,us20003k7a,earthquake\n"
    "2015-09-16T23:18:41.500Z,-31.5622,-71.4262,,7.0,mww,us20003k7w,earthquake\n"
    "2015-09-16T23:18:42.500Z,-31.5622,-71.4262,,10.2,mww,typo,earthquake\n"
    "2015-09-17T23:18:42.500Z,-31.5622,-71.4262,,2.5,ml,blast,quarry blast\n"
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "query.csv"
    path.write_text(CSV)
    return path


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_info_for_people(capsys, file):
    code, out, err = run(capsys, "catalog", "info", file)
    assert code == 0
    assert "2015-09-16 23:18:41 UTC" in out
    assert "days ago" in out
    assert "7.00 to 8.30" in out
    assert "mww 2" in out
    assert "22.44 to 22.44, 1 unknown" in out
    assert "PSEUDO-PROSPECTIVE (final catalogue)" in out
    assert "too few events to tell" in out
    assert "today" not in out + err
    assert "kept out: 1 for 'magnitude outside -5 to 9.9', first in row 4: 2015-09-16T23:18:42.500Z" in err
    assert "kept out: 1 for 'not an earthquake: quarry blast', first in row 5" in err


def test_info_for_programs(capsys, file):
    code, out, _ = run(capsys, "catalog", "info", file, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["n_events"] == 2
    assert told["data_end"] == "2015-09-16T23:18:41.500000Z"
    assert told["data_age_days"] > 3600
    assert told["magnitude_span"] == [7.0, 8.3]
    assert told["n_rejected"] == 2
    assert told["rejected_reasons"] == {
        "magnitude outside -5 to 9.9": 1,
        "not an earthquake: quarry blast": 1,
    }


def test_info_of_a_bundled_catalogue(capsys):
    code, out, err = run(capsys, "catalog", "info", "chile", "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert told["n_events"] > 30_000
    assert told["data_end"].startswith("2025-11-09")
    assert told["licence"] == "USGS, public domain"
    assert 4.0 <= told["completeness"]["magnitude"] <= 5.0
    assert 0.7 < told["b_value"]["b"] < 1.3


def test_info_of_an_empty_catalogue(capsys, tmp_path):
    (tmp_path / "none.csv").write_text(CSV.splitlines()[0] + "\n")
    code, out, err = run(capsys, "catalog", "info", tmp_path / "none.csv")
    assert (code, err) == (0, "")
    assert "events" in out


def test_naive_times_need_the_option(capsys, file):
    file.write_text(CSV.replace("Z,", ","))
    code, out, err = run(capsys, "catalog", "info", file)
    assert (code, out) == (2, "")
    assert err.startswith("error: query.csv: times have no zone")
    assert "--assume-utc" in err
    assert err.count("\n") == 1
    assert run(capsys, "catalog", "info", file, "--assume-utc")[0] == 0


def test_errors_are_one_line_and_json_where_asked(capsys, tmp_path):
    code, _, err = run(capsys, "catalog", "info", "chle")
    assert code == 2
    assert "nor a bundled catalogue of that name (chile," in err
    code, out, _ = run(capsys, "catalog", "convert", "chle", tmp_path / "x.csv", "--json")
    assert code == 2
    assert json.loads(out)["error"]["type"] == "SourceError"


@pytest.mark.parametrize("ending", ["csv", "geojson", "txt.gz", "xml", "csep", "parquet"])
def test_convert(capsys, file, tmp_path, ending):
    out_path = tmp_path / f"out.{ending}"
    code, out, err = run(capsys, "catalog", "convert", file, out_path)
    assert code == 0
    assert out.strip() == f"{out_path}: 2 events"
    assert err.count("kept out") == 2
    assert read_catalog(out_path).catalog.magnitude.tolist() == [8.3, 7.0]


def test_convert_to_a_named_format(capsys, file, tmp_path):
    code, out, _ = run(capsys, "catalog", "convert", file, tmp_path / "x.dat", "--to", "fdsn-text", "--json")
    assert code == 0
    assert json.loads(out)["n_events"] == 2
    assert (tmp_path / "x.dat").read_text().startswith("#EventID|Time|")


def test_an_unknown_format_is_told_with_the_near_one(capsys, file):
    code, _, err = run(capsys, "catalog", "info", file, "--format", "quakml")
    assert code == 2
    assert "did you mean 'quakeml'" in err


def test_convert_onto_itself(capsys, file):
    code, _, _ = run(capsys, "catalog", "convert", file, file)
    assert code == 0
    assert read_catalog(file).catalog.event_id.tolist() == ["us20003k7a", "us20003k7w"]


def test_plot(capsys, file, tmp_path):
    out_path = tmp_path / "map.png"
    code, out, _ = run(capsys, "catalog", "plot", file, "--out", out_path)
    assert (code, out.strip()) == (0, f"{out_path}: 2 events")
    assert out_path.read_bytes().startswith(b"\x89PNG")
    code, _, err = run(capsys, "catalog", "plot", file, "--out", tmp_path / "no" / "map.png")
    assert code == 2
    assert "cannot be written" in err


@pytest.mark.parametrize("verb", ["info", "convert", "plot"])
def test_help_has_an_example(capsys, verb):
    code, out, _ = run(capsys, "catalog", verb, "--help")
    assert code == 0
    assert f"Example: houfeng catalog {verb}" in out
    assert "--json" in out


def test_convert_and_plot_tell_programs_what_they_wrote(capsys, file, tmp_path):
    for verb, options in (("convert", ("out.csv",)), ("plot", ("--out", "map.png"))):
        options = tuple(str(tmp_path / one) if "." in one else one for one in options)
        code, out, err = run(capsys, "catalog", verb, file, *options, "--json")
        told = json.loads(out)
        assert code == 0 and err == "" and told["file"] == options[-1] and told["n_events"] == 2
        assert told["n_rejected"] == 2 and sum(told["rejected_reasons"].values()) == 2
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert len(read_catalog(tmp_path / "out.csv").catalog) == 2
