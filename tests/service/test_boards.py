"""Scoreboards as tables: nothing recomputed, failures marked by more than a colour."""

import pytest
from service_samples import EXPERIMENT, FAILED, MODELS, REAL, board, board_model, plain

from houfeng.service import boards
from houfeng.store import Store, StoreReader


def cells(made: dict, name: str) -> list[dict]:
    (row,) = [row for row in made["rows"] if row["cells"][0]["text"] == name]
    return row["cells"]


def made_of(tmp_path, document: dict) -> dict:
    with Store.open(tmp_path) as store, store.begin_run("experiment", {"name": "x"}, region="italy") as run:
        run.record("scoreboard.json", document)
    with StoreReader.open(tmp_path) as reader:
        return boards.of_run(reader, 1)


def test_a_run_is_scored_by_its_own_comparison(reader):
    made = boards.of_run(reader, REAL)
    assert made["title"] == {"en": "Scoreboard", "zh": "评分表"}
    assert [(row["group"]["en"], row["cells"][0]["text"]) for row in made["rows"]] == [
        (window, model) for window in ("the next day", "the next week") for model in MODELS
    ]
    assert all(len(row["cells"]) == len(made["columns"]) for row in made["rows"])
    week = next(line for line in made["data"] if (line["model"], line["horizon"]) == ("reasenberg-jones", "week"))
    row = made["rows"][3]["cells"]
    assert row[3]["text"] == str(week["n_observed"]) and row[2]["text"] == f"{week['checks_inside']} / {week['checks']}"
    assert [row["quiet"] for row in made["rows"]] == [False, True, False] * 2
    assert "does not prove" in made["notes"][0]["en"]


def test_a_run_with_nothing_to_score_says_so(reader):
    made = boards.of_run(reader, FAILED)
    assert made["rows"] == [] and "Nothing to score" in made["intro"]["en"]


def test_an_experiment_shows_what_it_registered(reader):
    made = boards.of_run(reader, EXPERIMENT)
    assert made["data"] == plain(board())
    assert made["title"]["en"] == "italy-days: Italy (CSEP), M≥4, 10 windows, data to 2020-01-01 00:00 UTC"
    assert [column["en"] for column in made["columns"]] == [
        "Model",
        "Information gain over smoothed",
        "Expected / observed",
        "N-test passed",
        "S-test passed",
        "Windows",
    ]
    assert [row["cells"][0]["text"] for row in made["rows"]] == ["etas", "smoothed", "poisson", "silent"]
    assert all(len(row["cells"]) == 6 and row["group"] is None for row in made["rows"])
    assert [row["quiet"] for row in made["rows"]] == [False, True, False, False]
    assert cells(made, "smoothed")[:2] == [boards.cell("smoothed", small="baseline"), boards.cell("0")]


def test_what_holds_and_what_fails_is_marked(reader):
    made = boards.of_run(reader, EXPERIMENT)
    name, gain, ratio, number, space, windows = cells(made, "etas")
    assert (name["mark"], windows["text"], windows["mark"]) == (None, "100", None)
    assert ratio == {"text": "0.95", "small": "0.80 … 1.10", "mark": "good"}
    assert gain == {"text": "+0.52", "small": "+0.31 … +0.77", "mark": "good"}
    assert number == {"text": "94 / 100", "small": "88 … 99", "mark": "good"}
    assert space == {"text": "80 / 100", "small": "88 … 99", "mark": "bad"}


def test_failed_windows_and_bad_scores_are_marked(reader):
    _, gain, ratio, number, space, windows = cells(boards.of_run(reader, EXPERIMENT), "poisson")
    assert windows["mark"] == "bad" and windows["text"]["en"] == "97 scored, 3 failed"
    assert ratio["mark"] == gain["mark"] == "bad" and gain["text"] == "−0.40"
    assert number["mark"] is None  # more passes than the band are no fault
    assert space == {"text": "—", "small": "", "mark": None}


def test_what_could_not_be_computed_is_a_dash(reader):
    _, gain, ratio, number, _, _ = cells(boards.of_run(reader, EXPERIMENT), "silent")
    assert {ratio["text"], gain["text"], number["text"]} == {"—"}
    assert {ratio["mark"], gain["mark"], number["mark"]} == {None}


def test_a_gain_that_may_be_zero_has_no_mark(tmp_path):
    gain = {"value": 0.1, "low": -0.2, "high": 0.4, "against": "smoothed", "windows": 10}
    made = made_of(tmp_path, board(models=[board_model("etas", gain=gain)]))
    assert cells(made, "etas")[1] == {"text": "+0.10", "small": "−0.20 … +0.40", "mark": None}


def test_an_interval_that_could_not_be_had_gives_no_mark(tmp_path):
    line = board_model(
        "etas",
        ratio={"value": 1.2, "low": None, "high": None},
        gain={"value": 0.1, "low": None, "high": None, "against": "smoothed", "windows": 2},
    )
    _, gain, ratio, *_ = cells(made_of(tmp_path, board(models=[line])), "etas")
    assert ratio == {"text": "1.20", "small": "", "mark": None}
    assert gain == {"text": "+0.10", "small": "", "mark": None}


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        ({"ran": True, "passed": True, "text": "", "outcomes": []}, "Proven: no model saw the future"),
        ({"ran": False, "passed": None, "text": "", "outcomes": []}, "was not tested"),
        (
            {
                "ran": True,
                "passed": False,
                "outcomes": [{"model": "a", "passed": True}, {"model": "b", "passed": False}],
            },
            "NOT VALID: these models saw the future: b.",
        ),
    ],
)
def test_the_proof_is_told(tmp_path, proof, said):
    notes = made_of(tmp_path, board(proof=proof))["notes"]
    assert said in notes[0]["en"] and "✗" in notes[1]["zh"]


def test_only_experiments_with_a_scoreboard_are_listed(tmp_path):
    with Store.open(tmp_path) as store:
        store.begin_run("experiment", {"name": "not yet"}).release()
        store.begin_run("run", {}).finish()
        with store.begin_run("experiment", {"name": "there"}, region="italy") as run:
            run.record("scoreboard.json", board())
    with StoreReader.open(tmp_path) as reader:
        (found,) = boards.experiments(reader)
    assert found["id"] == 3 and found["titles"]["en"] == "Italy (CSEP)"
