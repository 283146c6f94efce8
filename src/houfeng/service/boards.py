"""Scoreboards as tables in words: of one run against what followed, and of experiments."""

from collections.abc import Mapping, Sequence

from houfeng.operations.compare import scoreboard
from houfeng.operations.document import read_comparison, standings, time
from houfeng.operations.training import BASELINE
from houfeng.reports import wording
from houfeng.reports.headlines import both
from houfeng.service.runs import EXPERIMENT, MOMENT, SCOREBOARD, horizon_words, horizons_of, summary, titles
from houfeng.store import RunRecord, StoreReader


def of_run(store: StoreReader, id: int) -> dict:
    """The scoreboard of run `id`: that of an experiment as it registered it, else its forecasts against what came.

    Returns
    -------
    dict
        ``title``, ``intro``, ``columns`` (words), ``rows`` (``group`` in words, ``quiet``, and ``cells`` of
        ``text``, ``small`` and ``mark``: "good", "bad" or None), ``notes``, and the numbers as ``data``.
    """
    record = store.run(id)
    registered = store.result(id, SCOREBOARD)
    if registered is not None:
        return _experiment(record, registered)
    sections = [
        store.result(id, step.name) for step in store.steps(id) if step.name.startswith(MOMENT) and step.state == "done"
    ]
    board = standings(scoreboard(read_comparison(part["observed"]) for part in sections))
    return _comparison(record, board)


def experiments(store: StoreReader) -> list[dict]:
    """Finished experiments with a scoreboard, newest first."""
    ends = store.data_ends()
    return [
        summary(record, ends.get(record.catalog), ())
        for record in reversed(store.runs())
        if record.kind == EXPERIMENT and any(step.name == SCOREBOARD for step in store.steps(record.id))
    ]


def cell(text: object, *, small: str = "", mark: str | None = None) -> dict:
    """One cell of a table."""
    return {"text": text if isinstance(text, dict) else str(text), "small": small, "mark": mark}


def _comparison(record: RunRecord, board: Sequence[Mapping]) -> dict:
    """Models and windows of one run, each beside the long-term average."""
    days = horizons_of(record)
    rows = []
    for line in sorted(board, key=lambda line: days.get(line["horizon"], 0.0)):
        baseline = line["model"] == BASELINE
        gain = line["information_gain"]
        inside, checks = line["checks_inside"], line["checks"]
        rows.append(
            {
                "group": horizon_words(line["horizon"], days.get(line["horizon"], 0.0)),
                "quiet": baseline,
                "cells": [
                    cell(line["model"], small="baseline" if baseline else ""),
                    cell("0") if baseline else _gain(gain),
                    cell(f"{inside} / {checks}"),
                    cell(line["n_observed"]),
                    cell(wording.count(line["expected"])),
                    cell(line["n_forecasts"]),
                ],
            }
        )
    keys = ("col_model", "col_ig", "col_inside", "col_came", "col_expected", "col_forecasts")
    return {
        "schema": "houfeng-comparison/1",
        "title": both("scoreboard"),
        "intro": both("scoreboard_intro") if rows else both("scoreboard_none"),
        "columns": [both(key) for key in keys],
        "rows": rows,
        "notes": [both("scoreboard_caution")] if rows else [],
        "data": list(board),
    }


def _experiment(record: RunRecord, board: Mapping) -> dict:
    """Models of an experiment: gain, ratio and the consistency tests, with failures marked."""
    tests = board["tests"]
    against = board["baseline"]
    columns = [
        both("col_model"),
        both("page_col_gain", against=against),
        both("page_col_ratio"),
        *(both("page_col_test", test=test) for test in tests),
        both("page_col_windows"),
    ]
    rows = [
        {
            "group": None,
            "quiet": model["name"] == board["baseline"],
            "cells": [
                cell(model["name"], small="baseline" if model["name"] == against else ""),
                cell("0") if model["name"] == against else _gain(model["gain"]),
                _ratio(model["ratio"]),
                *(_test(model["tests"].get(test)) for test in tests),
                _windows(model),
            ],
        }
        for model in board["models"]
    ]
    return {
        "schema": board["schema"],
        "title": both(
            "page_board_title",
            name=board["name"],
            region=titles(record),
            m=f"{board['min_magnitude']:g}",
            n=len(board["windows"]),
            data_end=wording.moment(board["data_end"]),
        ),
        "intro": both("page_board_intro"),
        "columns": columns,
        "rows": rows,
        "notes": [_proof(board.get("proof")), both("page_board_marks")],
        "data": board,
        "made": time(record.finished) if record.finished else None,
    }


def _windows(model: Mapping) -> dict:
    scored, failed = model["windows_scored"], model["failed"]
    return cell(both("page_windows_failed", n=scored, failed=failed), mark="bad") if failed else cell(scored)


def _ratio(ratio: Mapping | None) -> dict:
    if not ratio or ratio["value"] is None:
        return cell("—")
    low, high = ratio["low"], ratio["high"]
    within = None if low is None or high is None else low <= 1.0 <= high
    mark = None if within is None else "good" if within else "bad"
    return cell(f"{ratio['value']:.2f}", small=_interval(low, high, "{:.2f}"), mark=mark)


def _gain(gain: Mapping | None) -> dict:
    """A gain over the baseline: bad where the whole interval lies below zero, good where it lies above."""
    if not gain or gain["value"] is None:
        return cell("—")
    low, high = gain["low"], gain["high"]
    mark = "good" if low is not None and low > 0 else "bad" if high is not None and high < 0 else None
    interval = "" if low is None else f"{wording.signed(low)} … {wording.signed(high)}"
    return cell(wording.signed(gain["value"]), small=interval, mark=mark)


def _test(test: Mapping | None) -> dict:
    """Passes beside the band they should lie in; more than that is no fault, as tests of small counts are lenient."""
    if not test or not test["of"]:
        return cell("—")
    low, high, passed = test["low"], test["high"], test["passed"]
    mark = "bad" if passed < low else "good" if passed <= high else None
    return cell(f"{passed} / {test['of']}", small=_interval(low, high, "{:g}"), mark=mark)


def _interval(low: float | None, high: float | None, form: str) -> str:
    return "" if low is None or high is None else f"{form.format(low)} … {form.format(high)}"


def _proof(proof: Mapping | None) -> wording.Both:
    """Whether it was proven that no model saw the future."""
    if not proof or proof["passed"] is None:
        return both("page_proof_none")
    if proof["passed"]:
        return both("page_proof_passed")
    failed = (outcome["model"] for outcome in proof["outcomes"] if not outcome["passed"])
    return both("page_proof_failed", models=", ".join(failed))
