"""The probability card says what the store holds, in both languages."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from service_samples import REAL, board, board_model, copy_of_store

from houfeng.errors import UnknownNameError
from houfeng.regions import Region
from houfeng.reports import wording
from houfeng.service.cards import LARGEST, card
from houfeng.service.observed import observed
from houfeng.service.runs import detail, horizon_name, region_of, state_of
from houfeng.store import Store, StoreReader
from houfeng.values import LEGAL_NOTICE

#: Numbers of the forecasts of the real run: each model for the day and the week.
WEEK = {"reasenberg-jones": 2, "smoothed": 4, "poisson": 6}


def test_every_number_is_that_of_the_store(reader):
    made, record = card(reader, WEEK["reasenberg-jones"]), reader.forecast(WEEK["reasenberg-jones"])
    usual = {line.magnitude: line for line in reader.forecast(WEEK["smoothed"]).counts}
    assert [line["magnitude"] for line in made["magnitudes"]] == [
        line.magnitude for line in record.counts if line.magnitude <= LARGEST
    ]
    for shown, stored in zip(made["magnitudes"], record.counts, strict=False):
        assert shown["probability"] == stored.probability
        assert shown["shown"] == wording.percent(stored.probability)
        assert shown["number"] == {"value": stored.expected, "low": stored.low, "high": stored.high}
        baseline = usual[stored.magnitude]
        assert shown["baseline_probability"] == baseline.probability
        assert shown["ratio"] == pytest.approx(stored.probability / baseline.probability)
        assert wording.percent(baseline.probability) in shown["compared"]["en"]


def test_it_speaks_of_the_largest_magnitude_to_reckon_with(reader):
    made = card(reader, WEEK["reasenberg-jones"])
    lines = {line["magnitude"]: line for line in made["magnitudes"]}
    first = made["first_magnitude"]
    assert first == int(first) and lines[first]["probability"] >= 0.05
    assert all(p["probability"] < 0.05 for m, p in lines.items() if m > first and m == int(m))


def test_how_sure_shows_every_model_and_what_came(reader):
    made = card(reader, WEEK["reasenberg-jones"])
    five = next(line for line in made["magnitudes"] if line["magnitude"] == 5.0)
    assert {entry["model"]: entry["probability"] for entry in five["models"]} == {
        name: next(c.probability for c in reader.forecast(id).counts if c.magnitude == 5.0) for name, id in WEEK.items()
    }
    chances = [entry["probability"] for entry in five["models"]]
    assert (five["spread"]["low"], five["spread"]["high"]) == (min(chances), max(chances))
    assert "3 models" in five["spread"]["words"]["en"] and "3 个模型" in five["spread"]["words"]["zh"]
    checks = reader.result(REAL, "forecast 2022-09-05T06:00:00Z")["observed"]["checks"]
    (check,) = [c for c in checks if (c["model"], c["horizon"], c["magnitude"]) == ("reasenberg-jones", "week", 5.0)]
    assert five["came"]["n"] == check["observed"] and five["came"]["inside"] == check["inside"]


def test_standing_label_data_and_notice(reader):
    made = card(reader, WEEK["poisson"])
    assert made["state"] == "draft" and made["authority"] == ""
    assert made["stamp"] == {"en": "DRAFT", "zh": "草稿"}
    assert made["label"] == made["label_words"]["en"] == "PSEUDO-PROSPECTIVE (final catalogue)"
    assert made["label_words"]["zh"].startswith("伪前瞻性")
    assert made["legal_notice"] == LEGAL_NOTICE and made["simulated"] is False
    assert made["as_of"] == made["data_end"] == "2022-09-05T06:00:00Z" and made["data_age_days"] == 0
    assert made["window"]["name"] == "week" and made["window"]["end"] == "2022-09-12T06:00:00Z"
    assert made["region"]["titles"]["zh"] == "川滇地区"


def test_why_names_the_share_of_the_background_and_contributors(reader):
    made = card(reader, WEEK["reasenberg-jones"])["why"]
    explanation = reader.load_forecast(WEEK["reasenberg-jones"]).explanation
    assert made["background_share"] == explanation.background_share
    assert 0 < len(made["contributors"]) <= 3
    assert f"M{explanation.contributors[0].magnitude:.1f} · 2022-09-05 04:52 UTC" in made["contributors"][0]["shown"]
    assert made["notes"]["zh"] != made["notes"]["en"]


def test_the_baseline_is_once_itself(reader):
    made = card(reader, WEEK["smoothed"])
    assert all(line["ratio"] == 1.0 for line in made["magnitudes"] if line["probability"] > 0)
    assert made["baseline"] == "smoothed"


def test_an_approval_is_shown_at_once_with_its_authority(tmp_path):
    folder = copy_of_store(tmp_path)
    with StoreReader.open(folder) as reader:
        assert card(reader, 1)["state"] == "draft"
        with Store.open(folder) as store:
            store.approve(1, "Sichuan Earthquake Agency")
        made = card(reader, 1)
        assert (made["state"], made["authority"]) == ("approved", "Sichuan Earthquake Agency")
        assert made["stamp"]["en"] == "APPROVED by Sichuan Earthquake Agency"
        with Store.open(folder) as store:
            store.withdraw(1, "Sichuan Earthquake Agency")
        assert card(reader, 1)["stamp"]["zh"] == "已由Sichuan Earthquake Agency撤回"


def _saved(folder, change, **settings) -> int:
    """Save a changed copy of forecast 1 in a run of its own; its number."""
    with Store.open(folder) as store, store.begin_run("script", settings, region="box") as run:
        return store.save_forecast(run, change(store.load_forecast(1)))


def test_simulated_data_are_called_so(tmp_path):
    folder = copy_of_store(tmp_path)
    issue = {"source": "SIMULATED by ETAS", "label": "PROSPECTIVE (as issued)"}
    id = _saved(folder, lambda forecast: replace(forecast, issue=replace(forecast.issue, **issue)))
    with StoreReader.open(folder) as reader:
        made = card(reader, id)
    assert made["simulated"] is True and made["label_words"]["en"] == "PROSPECTIVE (as issued)"


def test_a_run_of_another_kind_without_baseline_or_header(tmp_path):
    folder = copy_of_store(tmp_path)
    id = _saved(folder, lambda forecast: forecast)
    with StoreReader.open(folder) as reader:
        made = card(reader, id)
    line = made["magnitudes"][0]
    assert made["baseline"] is None and line["ratio"] is None and line["ratio_words"] is None
    assert "no long-term average" in line["compared"]["en"] and line["came"] is None
    assert made["region"]["titles"] == {"en": "box", "zh": "box"} and made["warnings"] == []
    assert made["window"]["words"]["en"] == "the next day"


def test_old_data_are_called_old(tmp_path):
    folder = copy_of_store(tmp_path)
    earlier = datetime(2022, 9, 1, 6, tzinfo=UTC)
    id = _saved(folder, lambda forecast: replace(forecast, issue=replace(forecast.issue, data_end=earlier)))
    with StoreReader.open(folder) as reader:
        made = card(reader, id)
    assert made["data_age_days"] == 4.0 and made["data_age"] == {"en": "4 days", "zh": "4 天"}


def test_windows_are_called_as_the_run_called_them(reader):
    record = reader.forecast(WEEK["poisson"])
    assert horizon_name(record, {"a week": 7.0}) == "a week"
    assert horizon_name(record, {}) == "week"
    assert horizon_name(record, {"day": 1.0}) == "7d"


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"state": "done"}, "done"),
        ({"state": "failed"}, "failed"),
        ({"state": "running", "host": "elsewhere"}, "running"),
        ({"state": "running", "pid": 1}, "running"),
        ({"state": "running", "pid": 2**22 + 1}, "interrupted"),
    ],
)
def test_a_run_whose_process_is_gone_is_interrupted(reader, change, state):
    import socket

    record = replace(reader.run(REAL), **({"host": socket.gethostname()} | change))
    assert state_of(record) == state


@pytest.fixture
def labelled(tmp_path):
    """A store with an experiment whose two labels are of one model; the reader, and the numbers by label."""
    folder, numbers = copy_of_store(tmp_path), {}
    with Store.open(folder) as store:
        told = {"name": "labels", "reference": "slow", "region": Region.named("sichuan-yunnan").to_geojson()}
        told |= {"cell_deg": 0.2, "depth_max_km": 5.0}
        with store.begin_run("experiment", told, region="sichuan-yunnan", catalog=store.runs()[0].catalog) as work:
            for label, id in (("slow", WEEK["poisson"]), ("quick", WEEK["reasenberg-jones"])):
                forecast = store.load_forecast(id)
                forecast = replace(forecast, issue=replace(forecast.issue, model="etas"))
                numbers[label] = store.save_forecast(work, forecast)
                work.record(f"{label} 2022 0", {"forecast": numbers[label], "label": label})
            lines = [board_model("slow", gain=None), board_model("quick"), board_model("never stored")]
            work.record("scoreboard.json", board(models=lines))
    with StoreReader.open(folder) as reader:
        yield reader, work.id, numbers


def test_models_of_an_experiment_go_by_their_labels(labelled):
    reader, _, numbers = labelled
    made = card(reader, numbers["quick"])
    assert made["model"] == "quick" and made["baseline"] == "slow"
    line = made["magnitudes"][0]
    assert {entry["model"] for entry in line["models"]} == {"quick", "slow"}
    assert line["baseline_probability"] == reader.forecast(numbers["slow"]).counts[0].probability
    assert "quick" in made["why"]["words"]["en"]


def test_an_experiment_offers_its_best_model_first(labelled):
    reader, run, numbers = labelled
    made = detail(reader, run)
    assert made["models"] == ["quick", "slow"] and made["baseline"] == "slow" and made["run"]["name"] == "labels"
    assert {forecast["id"]: forecast["model"] for forecast in made["forecasts"]} == {
        number: label for label, number in numbers.items()
    }


def test_what_followed_is_counted_as_deep_as_the_experiment_reaches(labelled):
    reader, run, numbers = labelled
    record = reader.forecast(numbers["quick"])
    shallow, whole = observed(reader, record), observed(reader, reader.forecast(WEEK["reasenberg-jones"]))
    assert shallow.after.depth_km.max(initial=0) <= 5.0 < whole.after.depth_km.max()
    assert card(reader, numbers["quick"])["magnitudes"][0]["came"]["n"] == len(shallow.after)
    assert region_of(reader.run(run), "sichuan-yunnan").depth_max_km == 5.0
    assert region_of(reader.run(REAL), "sichuan-yunnan").depth_max_km == 70.0


def test_a_region_that_nobody_knows_is_an_error_of_its_own(reader):
    record = replace(reader.run(REAL), settings={})
    with pytest.raises(UnknownNameError, match="unknown region 'atlantis'"):
        region_of(record, "atlantis")
    assert region_of(record, "japan").name == "japan"
