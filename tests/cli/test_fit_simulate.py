"""``houfeng fit`` and ``houfeng simulate``."""

import json

import pytest

CALL = ("--catalog", "chile", "--as-of", "2015-09-16T00:00:00Z", "--min-magnitude", "5")


def test_parameters_are_printed_with_their_intervals(houfeng, coquimbo):
    code, out, _ = houfeng("fit", "--region", coquimbo, *CALL, "--models", "poisson")
    assert code == 0
    assert "coquimbo, M>=5, data to 2015-09-16 00:00 UTC" in out and "PSEUDO-PROSPECTIVE" in out
    assert "rate_per_day" in out and " to " in out and "none" in out


def test_parameters_as_json_are_the_same_numbers(houfeng, coquimbo):
    code, out, _ = houfeng("fit", "--region", coquimbo, *CALL, "--models", "poisson", "--json")
    assert code == 0
    document = json.loads(out)
    assert (document["as_of"], document["data_end"]) == ("2015-09-16T00:00:00Z",) * 2
    assert document["min_magnitude"] == 5 and document["completeness_method"] is None
    rate = next(p for p in document["models"][0]["parameters"] if p["name"] == "rate_per_day")
    assert rate["low"] < rate["value"] < rate["high"]


def test_completeness_is_estimated_when_not_given(houfeng, coquimbo):
    options = [option for option in CALL if option not in ("--min-magnitude", "5")]
    code, out, _ = houfeng("fit", "--region", coquimbo, *options, "--models", "poisson", "--json")
    assert code == 0
    assert json.loads(out)["completeness_method"] in ("maximum_curvature", "b_stability")


@pytest.mark.parametrize("name", ["set.csv", "deep/set.parquet"])
def test_simulated_catalogues_repeat_with_the_seed(houfeng, workplace, coquimbo, name):
    call = ("simulate", "--region", coquimbo, *CALL, "--model", "poisson", "--n-simulations", "50", "--horizon", "30d")
    code, out, _ = houfeng(*call, "--seed", "3", "--out", name, "--json")
    assert code == 0
    told = json.loads(out)
    assert (told["n_catalogs"], told["state"], told["model"]) == (50, "draft", "poisson")
    nexts = told["time_to_next"]
    assert [round(one["magnitude"] - told["min_magnitude"], 1) for one in nexts] == [0, 1, 2]
    assert 1 >= nexts[0]["chance"] >= nexts[1]["chance"] >= nexts[2]["chance"] >= 0
    days = [nexts[0][name] for name in ("early_days", "median_days", "late_days") if nexts[0][name] is not None]
    assert 0 < days[0] < 30 and days == sorted(days)
    assert told["end"] == "2015-10-16T00:00:00Z" and told["n_events"] > 10
    first = (workplace / name).read_bytes()
    assert json.loads(houfeng(*call, "--seed", "3", "--out", name, "--json")[1]) == told
    assert (workplace / name).read_bytes() == first
    assert json.loads(houfeng(*call, "--seed", "4", "--out", name, "--json")[1])["n_events"] != told["n_events"]


def test_for_people_it_says_how_many_and_where(houfeng, coquimbo):
    call = ("simulate", "--region", coquimbo, *CALL, "--model", "poisson", "--n-simulations", "5")
    code, out, _ = houfeng(*call)
    assert code == 0
    assert out.startswith("simulated.csv: 5 catalogues") and "DRAFT" in out
    assert "in half " in out and "later than the window" in out
