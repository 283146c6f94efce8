"""``houfeng run`` and ``houfeng forecast``, end to end on the bundled data."""

import json
import re

import pytest

from houfeng.reports.notes import note_in_both
from houfeng.values import LEGAL_NOTICE

CHEAP = ("--models", "smoothed,poisson", "--n-simulations", "20")
MOMENT = ("--as-of", "2015-09-17T00:00:00Z")


@pytest.mark.slow
def test_the_default_replays_illapel_and_compares_with_what_followed(houfeng, workplace):
    code, out, err = houfeng("run", "--models", "reasenberg-jones,smoothed,poisson", "--n-simulations", "20")
    assert code == 0
    folder = workplace / "runs" / "illapel-2015"
    assert f"report: {folder.relative_to(workplace)}/report.html" in out
    assert "On 2015-09-16 00:00 UTC the chance of M≥8 in Chile over the next week was 0.0" in out
    assert LEGAL_NOTICE["en"] in out and "PSEUDO-PROSPECTIVE" in out
    assert "fitting reasenberg-jones on the past" in err and "Traceback" not in err
    document = json.loads((folder / "forecast.json").read_text())
    assert [part["as_of"] for part in document["forecasts"]] == [
        "2015-09-16T00:00:00Z",
        "2015-09-16T23:54:32.860000Z",
        "2015-09-17T22:54:32.860000Z",
        "2015-09-23T22:54:32.860000Z",
    ]
    assert [h["name"] for h in document["horizons"]] == ["day", "week", "month", "year"]
    first = document["forecasts"][0]["observed"]["horizons"]["day"]["strongest"][0]
    assert first["magnitude"] == pytest.approx(8.3) and first["time"].startswith("2015-09-16T22:54:32")
    for part in document["forecasts"]:
        assert set(part["observed"]["horizons"]) == {"day", "week", "month", "year"}
    for row in document["forecasts"][0]["table"]:
        if (row["horizon"], row["magnitude"]) == ("week", 8.0):
            assert 1e-4 < row["probability"] < 3e-3
    for part in document["forecasts"]:
        for explanation in (e for model in part["explanations"].values() for e in model.values()):
            assert all(note_in_both(note)["zh"] != note for note in explanation["notes"]), explanation["notes"]
    after = {row["magnitude"]: row for row in document["forecasts"][2]["table"] if row["horizon"] == "week"}
    assert after[5.0]["baseline_number"]["value"] < 3
    gains = {(row["model"], row["horizon"]): row["information_gain"]["value"] for row in document["scoreboard"]}
    assert gains["reasenberg-jones", "week"] > 1 > gains["smoothed", "week"] == 0 > gains["poisson", "week"]
    page = (folder / "report.html").read_text()
    assert "23 h before the M8.3" in page and "M8.3 地震后 7 天" in page
    assert page.count("data:image/png") == 2 + 4 * 3 + 3 * 2, (
        "overview, maps of four moments, maps of the chain in two languages"
    )
    everything = page + json.dumps(document) + out
    assert not re.search(r"\btoday\b|今天", everything, re.IGNORECASE)


def test_one_moment_of_any_polygon_prints_a_table_to_paste(houfeng, workplace, coquimbo):
    code, out, _ = houfeng("forecast", "--region", coquimbo, "--catalog", "chile", *MOMENT, "--horizon", "week", *CHEAP)
    assert code == 0
    assert out.startswith("Earthquake forecast for coquimbo by smoothed\nState: DRAFT")
    assert re.search(r"M≥5 +\d", out) and LEGAL_NOTICE["en"] in out
    assert "files:  runs/coquimbo-2015-09-17T000000Z/2015-09-17T000000Z/" in out
    assert (workplace / "runs" / "coquimbo-2015-09-17T000000Z" / "report.html").exists()


@pytest.mark.parametrize("verb", ["run", "forecast"])
def test_json_is_one_document_on_stdout(houfeng, workplace, coquimbo, verb):
    call = (verb, "--region", coquimbo, "--catalog", "chile", *MOMENT, "--horizon", "day", *CHEAP, "--seed", "5")
    code, out, err = houfeng(*call, "--json", "--out", workplace / "here")
    assert code == 0 and "fitting" in err
    document = json.loads(out)
    assert document["schema"] == "houfeng-forecast/1" and document["seed"] == 5
    assert document["folder"] == str(workplace / "here")
    assert document["state"] == "draft" and document["legal_notice"] == LEGAL_NOTICE
    assert document["models_asked"] == ["smoothed", "poisson"]
    assert {row["horizon"] for row in document["forecasts"][0]["table"]} == {"day"}
    assert json.loads((workplace / "here" / "forecast.json").read_text()).items() <= document.items()


def test_without_a_time_it_is_the_end_of_the_data_and_nothing_follows(houfeng, workplace, coquimbo):
    code, out, _ = houfeng("run", "--region", coquimbo, "--catalog", "chile", "--horizon", "week", *CHEAP)
    assert code == 0
    assert "On 2025-11-09 23:44 UTC" in out and "What came is not in the data." in out
    (folder,) = (workplace / "runs").iterdir()
    assert "nothing that follows this forecast is known" in (folder / "report.html").read_text()


def test_data_that_end_before_the_forecast_are_warned_of(houfeng, workplace, coquimbo):
    call = ("--region", coquimbo, "--catalog", "chile", "--as-of", "2025-12-09T23:44:25Z", "--horizon", "week")
    code, out, err = houfeng("forecast", *call, *CHEAP)
    assert code == 0
    warning = "The data end at 2025-11-09 23:44 UTC, 30.0 days before the moment of this forecast"
    assert f"warning: {warning}" in err and "30.0 days earlier" in out
    (folder,) = (workplace / "runs").iterdir()
    page = (folder / "report.html").read_text()
    assert warning in page and "早 30.0 天" in page


def test_a_polygon_across_the_date_line_works_and_takes_the_global_catalogue(houfeng, workplace, across):
    call = ("--region", across, "--as-of", "2018-08-20T00:00:00Z", "--horizon", "week", "--models", "smoothed")
    code, out, _ = houfeng("run", *call, "--json")
    assert code == 0
    document = json.loads(out)
    assert "'global'" in document["catalog"]["source"]
    assert document["forecasts"][0]["n_history"] > 100
    assert document["forecasts"][0]["observed"]["horizons"]["week"]["n"] >= 1
    outline = document["region"]["outline"]["geometry"]["coordinates"][0]
    assert max(x for x, _ in outline) - min(x for x, _ in outline) == 6


def test_more_than_a_year_is_the_long_term_average(houfeng, coquimbo):
    call = ("--region", coquimbo, "--catalog", "chile", *MOMENT, "--horizon", "10y", "--models", "poisson")
    code, out, _ = houfeng("forecast", *call, "--json")
    assert code == 0
    rows = [row for row in json.loads(out)["forecasts"][0]["table"] if row["model"] == "poisson"]
    assert all(row["gain"] == pytest.approx(1) for row in rows)


def test_several_moments_may_be_given_in_any_order(houfeng, coquimbo):
    times = ("--as-of", "2015-09-18T00:00:00Z", "--as-of", "2015-09-16T21:00:00-03:00")
    code, out, _ = houfeng(
        "run", "--region", coquimbo, "--catalog", "chile", *times, "--horizon", "day", *CHEAP, "--json"
    )
    assert code == 0
    document = json.loads(out)
    assert [part["as_of"] for part in document["forecasts"]] == ["2015-09-17T00:00:00Z", "2015-09-18T00:00:00Z"]
    assert document["fitted_as_of"] == "2015-09-17T00:00:00Z"
