"""Stored forecasts as documents: what they say is what was stored, under the standing of the moment."""

import json
import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from houfeng.errors import SourceError, StoreError
from houfeng.forecasts.parquet import read_gridded, read_issue
from houfeng.operations.forecast import forecast
from houfeng.operations.issued import horizon_of, issue_document, issue_text, summary, write_issue
from houfeng.operations.training import train
from houfeng.store import Store
from houfeng.times import Window
from houfeng.values import STATES, legal_notice

OFFICE = "National Seismological Centre"
HORIZONS = {"day": timedelta(days=1), "month": timedelta(days=30), "36h": timedelta(hours=36)}


@pytest.fixture(scope="module")
def product(catalog, region):
    from houfeng.times import parse_time

    as_of = parse_time("2020-01-01T00:00:00Z")
    trained = train(catalog, region, as_of=as_of, models=("poisson",), min_magnitude=3.0)
    return forecast(catalog, region, as_of=as_of, horizons=HORIZONS, trained=trained, seed=1)


@pytest.fixture
def store(tmp_path, product):
    """Forecasts 1 to 3 are those of the Poisson model for a day, a month and 36 hours."""
    with Store.open(tmp_path / "store") as store:
        run = store.begin_run("run", {})
        for horizon in HORIZONS:
            store.save_forecast(run, product.forecasts["poisson", horizon])
        yield store


def test_the_length_of_the_window_has_its_usual_name_or_its_days(store):
    assert [horizon_of(record) for record in store.forecasts()] == ["day", "month", "1.5d"]
    record = store.forecast(1)
    for days, name in ((1 / 24, "hour"), (7, "week"), (365.25, "year"), (365, "365d"), (0.5, "0.5d")):
        window = Window.after(record.window.start, timedelta(days=days))
        assert horizon_of(replace(record, window=window)) == name


def test_a_summary_has_the_numbers_of_the_forecast(store, product):
    told, made = summary(store.forecast(2)), product.forecasts["poisson", "month"]
    assert (told["number"], told["run"], told["model"], told["region"]) == (2, 1, "poisson", "small")
    assert (told["start"], told["end"]) == ("2020-01-01T00:00:00Z", "2020-01-31T00:00:00Z")
    assert told["data_end"] == "2020-01-01T00:00:00Z" and told["data_age_days"] == 0
    assert [line["magnitude"] for line in told["counts"]] == made.counts.magnitudes.tolist()
    for line in told["counts"]:
        number = made.counts.number(line["magnitude"])
        assert (line["expected"], line["low"], line["high"]) == (number.value, number.low, number.high)
        assert line["probability"] == made.counts.probability(line["magnitude"])
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_what_json_cannot_hold_is_null(store):
    record = store.forecast(1)
    open_ended = replace(record, counts=(replace(record.counts[0], high=math.inf),))
    assert summary(open_ended)["counts"][0]["high"] is None


@pytest.mark.parametrize("state", STATES)
def test_documents_follow_the_standing(store, state):
    way = {"draft": (), "approved": ("approved",), "published": ("approved", "published"), "withdrawn": ("withdrawn",)}
    for step in way[state]:
        store.move([1], step, OFFICE, reason=f"to be {step}")
    told, text = issue_document(store, 1), issue_text(store, 1)
    assert (told["schema"], told["state"], told["legal_notice"]) == ("houfeng-issue/1", state, legal_notice(state))
    assert told["authority"] == ("" if state == "draft" else OFFICE)
    assert [entry["state"] for entry in told["log"]] == ["draft", *way[state]]
    for notice in legal_notice(state).values():
        assert notice in text
    for step in way[state]:
        assert f"{step}, {OFFICE}: to be {step}" in text
    for other in set(STATES) - {state}:
        assert legal_notice(other)["en"] not in text


def test_the_others_keep_their_standing(store):
    store.move([1], "approved", OFFICE)
    assert [issue_document(store, n)["state"] for n in (1, 2, 3)] == ["approved", "draft", "draft"]
    assert "DRAFT" in issue_text(store, 2)


def test_the_files_hold_the_forecast_that_was_stored(store, product, tmp_path):
    store.move([2], "approved", OFFICE)
    paths = write_issue(store, 2, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == [f"forecast-2.{end}" for end in ("txt", "json", "geojson", "parquet")]
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(path.name for path in paths)
    made = product.forecasts["poisson", "month"]
    assert paths[0].read_text(encoding="utf-8") == issue_text(store, 2)
    assert json.loads(paths[1].read_text(encoding="utf-8")) == issue_document(store, 2)
    np.testing.assert_array_equal(read_gridded(paths[3]).rates, made.gridded.rates)
    assert read_issue(paths[3]) == replace(made.issue, state="approved", authority=OFFICE)
    cells = json.loads(paths[2].read_text(encoding="utf-8"))
    assert cells["properties"]["magnitudes"] == [3.0, 5.0, 6.0, 7.0]
    expected = [feature["properties"]["expected_3.0"] for feature in cells["features"]]
    np.testing.assert_allclose(expected, made.gridded.above(3.0), rtol=1e-5)


def test_writing_again_replaces_what_was_a_draft(store, tmp_path):
    first = write_issue(store, 1, tmp_path)[1].read_text(encoding="utf-8")
    store.move([1], "withdrawn", OFFICE, reason="wrong catalogue")
    again = write_issue(store, 1, tmp_path)[1].read_text(encoding="utf-8")
    assert json.loads(first)["state"] == "draft" and json.loads(again)["state"] == "withdrawn"
    assert "wrong catalogue" in again and len([p for p in tmp_path.iterdir() if p.is_file()]) == 4


def test_a_forecast_that_is_not_there_writes_nothing(store, tmp_path):
    for use in (issue_document, issue_text, lambda s, n: write_issue(s, n, tmp_path / "out")):
        with pytest.raises(StoreError, match="there is no forecast 8"):
            use(store, 8)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_is_told(store, tmp_path):
    (tmp_path / "taken").write_text("x")
    with pytest.raises(SourceError, match="cannot write"):
        write_issue(store, 1, tmp_path / "taken")
