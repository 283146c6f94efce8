"""``houfeng gnss``."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.cli.main import main
from houfeng.geodesy.noise import Noise
from houfeng.geodesy.simulated import simulate_positions

START = datetime(2015, 1, 1, tzinfo=UTC)
STEP = START + timedelta(days=400)
PLACES = "station,longitude,latitude\nA,-118.0,36.1\nB,-117.6,35.9\nC,-118.3,35.8\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three files of SIMULATED positions with a step, and a list of places."""
    folder = tmp_path_factory.mktemp("gnss")
    for i, name in enumerate("ABC"):
        p = simulate_positions(
            np.random.default_rng(i), start=START, days=600, noise=Noise(0.6, 0.3), steps=((STEP, (12.0, 0.0, 0.0)),)
        )
        rows = [f"{str(t)[:10]},{n:.2f},{e:.2f}" for t, n, e in zip(p.time, p.north_mm, p.east_mm, strict=True)]
        (folder / f"{name}.csv").write_text("\n".join(["Date,North (mm),East (mm)", *rows, "2020-99-99,1,1\n"]))
    (folder / "places.csv").write_text(PLACES)
    return folder


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = main(["gnss", *(str(argument) for argument in arguments)])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_tables_and_pictures(capsys, folder, tmp_path):
    files = sorted(folder.glob("[ABC].csv"))
    plot, common = tmp_path / "p.png", tmp_path / "c.png"
    code, out, err = run(capsys, *files, "--places", folder / "places.csv", "--plot", plot, "--plot-common", common)
    assert code == 0
    assert "velocities" in out and "found" in out and "2016-02-05" in out and "strain rate at" in out
    assert err.count("kept out on reading: 1 lines") == 3
    for picture in (plot, common):
        assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_json_holds_intervals(capsys, folder):
    code, out, _ = run(capsys, folder / "A.csv", "--step", "2016-02-05T00:00:00Z", "--no-search", "--json")
    assert code == 0
    told = json.loads(out)
    (step,) = told["stations"][0]["steps"]
    value, low, high = step["size"]["east"]
    assert low <= value <= high and low <= 12 <= high
    assert told["stations"][0]["longitude"] is None and told["rejected_lines"] == {str(folder / "A.csv"): 1}
    assert told["notes"] == ["common mode and strain need 3 stations, not 1"]


def test_the_past_is_all_that_is_used(capsys, folder):
    code, out, _ = run(capsys, folder / "A.csv", "--as-of", "2016-01-01T00:00:00Z", "--delay-days", "3", "--json")
    told = json.loads(out)
    assert code == 0 and not told["stations"][0]["offsets"]
    assert told["stations"][0]["end"] == "2015-12-28T12:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("none.csv",), "no file"),
        (("A.csv", "--step", "2016-02-05"), "time zone"),
        (("A.csv", "--delay-days", "-1"), "negative"),
        (("A.csv", "--as-of", "2015-01-01T00:00:00Z"), "no positions"),
        (("A.csv", "--no-search", "--plot-common", "c.png"), "at least three"),
    ],
)
def test_mistakes_are_told_in_one_line(capsys, folder, monkeypatch, arguments, word):
    monkeypatch.chdir(folder)
    code, _, err = run(capsys, *arguments)
    assert code == 2 and word in err and err.count("\n") == 1


def test_a_station_that_is_given_twice_is_refused(folder, tmp_path, capsys):
    again = tmp_path / "A.csv"
    again.write_bytes((folder / "A.csv").read_bytes())
    assert main(["gnss", str(folder / "A.csv"), str(again)]) == 2
    told = capsys.readouterr().err
    assert "station A is in" in told and str(again) in told and "give each station once" in told
