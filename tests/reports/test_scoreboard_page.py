"""The scoreboard as a page: whole, in both languages, self-contained, and honest about what it lacks."""

import copy
import re
from datetime import datetime, timedelta
from html.parser import HTMLParser

import pytest

from houfeng.reports.messages import message
from houfeng.reports.scoreboard import _one, lead, render_scoreboard
from houfeng.reports.scoreboard_plots import count_plot, gain_plot, reliability_plot
from houfeng.values import LEGAL_NOTICE

N = 12


def tally(**changes) -> dict:
    return {"passed": 11, "of": 12, "low": 9, "high": 12, "passed_randomised": 11, "calibration_p": 0.4,
            "n_unsampled": 0, "silent_with_events": 0} | changes  # fmt: skip


def model(name: str, **changes) -> dict:
    starts = [f"2020-01-{i + 1:02d}T00:00:00Z" for i in range(N)]
    chance = {"magnitude": 3.5, "n": N, "occurred": 4, "brier": 0.2, "log_score": -0.6,
              "reliability": [{"probability": 0.3, "frequency": 0.33, "low": 0.1, "high": 0.6, "n": 12}]}  # fmt: skip
    return {
        "name": name, "model": name, "parameters": {}, "windows_scored": N, "failed": 0, "failures": [],
        "expected": 5.5, "observed": 6, "ratio": {"value": 0.92, "low": 0.6, "high": 1.4}, "log_likelihood": -9.0,
        "gain": {"value": 0.8, "low": 0.2, "high": 1.4, "against": "smoothed", "windows": N},
        "t_test": None, "w_test": None, "diebold_mariano": None,
        "tests": {"N": tally(), "S": tally(passed=4, of=4, low=2, high=4, passed_randomised=4)},
        "crps": 0.5, "count_log_score": -1.1, "chances": [chance, chance | {"magnitude": 5.0, "log_score": None}],
        "fit": {"as_of": starts[0], "parameters": {"b": {"value": 1.0, "low": 0.9, "high": 1.1}}},
        "series": {"window": list(range(N)), "start": starts, "observed": [0, 3] * 6, "expected": [0.4] * N,
                   "low": [0.0] * N, "high": [2.0] * (N - 1) + [None], "gain": [0.1] * (N - 1) + [None]},
    } | changes  # fmt: skip


@pytest.fixture
def board() -> dict:
    windows = [
        {"start": f"2020-01-{i + 1:02d}T00:00:00Z", "end": f"2020-01-{i + 2:02d}T00:00:00Z",
         "fitted_as_of": "2020-01-01T00:00:00Z", "observed": i % 3}
        for i in range(N)
    ]  # fmt: skip
    gain = {"value": 0.0, "low": 0.0, "high": 0.0, "against": "smoothed", "windows": N}
    return {
        "schema": "houfeng-scoreboard/1", "name": "trial", "houfeng_version": "0.1.0+abc",
        "region": {"name": "italy", "titles": {"en": "Italy", "zh": "意大利"}, "cell_deg": 0.1, "n_cells": 8993,
                   "depth_max_km": 30},
        "min_magnitude": 3.5, "min_magnitude_estimated": False,
        "catalog": {"source": "ISIDe", "licence": "unknown", "n_events": 100, "publication_delay_s": 1200.0},
        "data_end": "2020-06-01T00:00:00Z", "label": "PSEUDO-PROSPECTIVE (final catalogue)", "standing": "draft",
        "authority": "", "legal_notice": dict(LEGAL_NOTICE), "baseline": "smoothed", "seed": 1, "simulations": 1000,
        "tests": ["N", "S"], "training_start": None, "n_fits": 1, "windows": windows, "windows_beyond_data": 0,
        "overlap": 1, "blocks": {"windows": 2, "asked": 30},
        "models": [model("smoothed", gain=gain), model("etas")],
        "proof": {"ran": False, "passed": None, "text": "", "outcomes": []},
    }  # fmt: skip


class Page(HTMLParser):
    """Texts by language, and everything a page would fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts, self.fetched, self._open = {"en": [], "zh-Hans": [], None: []}, [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.fetched += [attrs[name] for name in ("src", "href", "srcset") if name in attrs]
        if tag not in ("meta", "img", "br"):
            self._open.append(attrs.get("lang") if tag == "span" else None)

    def handle_endtag(self, tag):
        self._open.pop()

    def handle_data(self, data):
        language = next((language for language in reversed(self._open) if language), None)
        self.texts[language].append(data)


def test_the_page_is_whole_and_fetches_nothing(board):
    html = render_scoreboard(board)
    page = Page(html)
    assert not page._open, "every element is closed"
    assert page.fetched and all(source.startswith("data:image/png;base64,") for source in page.fetched)
    assert not re.search(r"https?://", html)
    assert "{" not in "".join(page.texts["en"]) and "None" not in "".join(page.texts["en"])


def test_both_languages_say_the_same_numbers(board):
    texts = Page(render_scoreboard(board)).texts
    english, chinese = "".join(texts["en"]), "".join(texts["zh-Hans"])
    assert re.search("[一-鿿]", chinese) and not re.search("[一-鿿]", english.replace("中文", ""))
    for shown in ("+0.80", "+0.20", "+1.40", "5.50"):
        assert shown in english and shown in chinese
    assert "italy" not in english and "Italy" in english and "意大利" in chinese


def test_standing_notice_and_label_stand_first_and_last(board):
    html = render_scoreboard(board)
    for text in ("DRAFT", "草稿", "PSEUDO-PROSPECTIVE (final catalogue)", "伪前瞻性（使用最终地震目录）"):
        assert html.count(f">{text}<") >= 2
    assert html.count(LEGAL_NOTICE["zh"]) >= 2


@pytest.mark.parametrize(
    ("gain", "keys"),
    [
        ((0.8, 0.2, 1.4), ("sb_lead_gain", "sb_lead_sure")),
        ((0.8, -0.2, 1.4), ("sb_lead_gain", "sb_lead_unsure")),
        ((0.8, None, None), ("sb_lead_gain", "sb_lead_no_interval")),
        ((-0.8, -1.2, -0.4), ("sb_lead_no_gain", "sb_lead_sure")),
    ],
)
def test_the_answer_is_as_sure_as_the_interval(board, gain, keys):
    board["models"][1]["gain"] |= dict(zip(("value", "low", "high"), gain, strict=True))
    said = lead(board)
    for sentence, key in zip(said, keys, strict=False):
        begin = message(key, "en", model="etas", baseline="smoothed", gain="", low="", high="").split(" ")[0]
        assert sentence["en"].startswith(begin)
    assert ("excludes zero" in said[1]["en"]) == (keys[1] == "sb_lead_sure")
    assert ("includes zero" in said[1]["en"]) == (keys[1] == "sb_lead_unsure")


def test_numbers_that_are_wrong_and_the_runner_up_are_not_passed_over(board):
    assert not any("excludes 1" in s["en"] or "Next comes" in s["en"] for s in lead(board))
    board["models"][1]["ratio"] = {"value": 0.5, "low": 0.3, "high": 0.9}
    board["models"].append(model("poisson", gain=board["models"][1]["gain"] | {"value": 0.7}))
    said = " ".join(s["en"] for s in lead(board))
    assert "The interval of their ratio excludes 1" in said and "Next comes poisson with +0.70" in said


def test_without_an_earthquake_nothing_is_claimed(board):
    for one in board["models"]:
        one["gain"] = {"value": None, "low": None, "high": None, "against": "smoothed", "windows": N}
        one["ratio"] = None
    assert [s["en"] for s in lead(board)] == [message("sb_lead_nothing", "en")]
    assert "—" in render_scoreboard(board)


def test_failures_are_told_with_their_reasons(board):
    board["models"][1] |= {
        "failed": 2,
        "failures": [{"reason": "FitError: <no> luck", "windows": 2, "first": "2020-01-03T00:00:00Z"}],
    }
    html = render_scoreboard(board)
    assert "FitError: &lt;no&gt; luck" in html and "+ 2 failed" in html and "2 forecasts failed" in html
    assert "2 个时段，首个始于 2020-01-03 00:00 UTC" in html


def test_a_model_that_was_never_scored_has_a_row(board):
    empty = {"window": [], "start": [], "observed": [], "expected": [], "low": [], "high": [], "gain": []}
    board["models"].append(
        model("broken", windows_scored=0, failed=N, ratio=None, crps=None, count_log_score=None, chances=[], fit=None,
              series=empty, expected=0.0, observed=0,
              gain={"value": None, "low": None, "high": None, "against": "smoothed", "windows": 0},
              tests={"N": tally(of=0, passed=0, low=0, high=0, passed_randomised=0, calibration_p=None),
                     "S": tally(of=0, passed=0, low=0, high=0, passed_randomised=0, calibration_p=None)},
              failures=[{"reason": "FitError: never", "windows": N, "first": "2020-01-01T00:00:00Z"}])
    )  # fmt: skip
    html = render_scoreboard(board)
    assert html.count(">broken<") >= 3 and "no window with an earthquake to test" in html


def test_nothing_scored_at_all_is_a_page_without_plots(board):
    for one in board["models"]:
        one |= {"windows_scored": 0, "failed": N, "chances": [], "fit": None, "ratio": None}
        one["gain"] |= {"value": None, "low": None, "high": None}
    for window in board["windows"]:
        window["observed"] = None
    assert "<img" not in render_scoreboard(board)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"blocks": {"windows": 30, "asked": 30}}, "blocks of 30 consecutive windows with replacement"),
        ({"blocks": {"windows": 2, "asked": 30}}, "the intervals may be too narrow"),
        ({"blocks": {"windows": 2, "asked": 2}}, "Only about 6 such blocks fit"),
        ({"blocks": {"windows": 0, "asked": 30}}, "too few windows for any interval"),
        ({"overlap": 7}, "Up to 7 windows overlap"),
        ({"simulations": 0}, "take cells as independent and Poisson"),
        ({"windows_beyond_data": 3}, "3 windows end after the data do"),
    ],
)
def test_assumptions_are_stated(board, changes, words):
    assert words in render_scoreboard(board | changes)


def test_a_test_outside_its_band_is_marked(board):
    html = render_scoreboard(board)
    assert not re.search(r'<span class="out">\d+</span>', html)
    board["models"][1]["tests"]["N"] = tally(passed=3, passed_randomised=3, calibration_p=1e-9, n_unsampled=4)
    html = render_scoreboard(board)
    assert '<span class="out">3</span>' in html and '<span class="out">1.0×10⁻⁹</span>' in html
    assert "0 windows, 4 earthquakes" in html


@pytest.mark.parametrize(
    ("passed", "failure", "words"),
    [
        (True, "", "the same to the byte"),
        (False, "", "DIFFERENT: the model saw the future"),
        (False, "FitError: x", "FitError: x"),
    ],
)
def test_the_proof_is_told(board, passed, failure, words):
    outcome = {"model": "etas", "window": 0, "start": "2020-01-01T00:00:00Z", "passed": passed, "digest": "ab" * 32,
               "failure": failure}  # fmt: skip
    html = render_scoreboard(board | {"proof": {"ran": True, "passed": passed, "outcomes": [outcome]}})
    assert words in html and ("NOT VALID" in html) == (not passed)


@pytest.mark.parametrize("plot", [gain_plot, count_plot, reliability_plot])
def test_plots_are_pictures_and_depend_on_the_numbers(plot, board):
    first = plot(board)
    assert first.startswith(b"\x89PNG") and plot(copy.deepcopy(board)) == first
    other = copy.deepcopy(board)
    other["models"][1]["series"] |= {"gain": [0.5] * N, "expected": [2.0] * N}
    other["models"][1]["chances"][0]["reliability"][0]["frequency"] = 0.9
    assert plot(other) != first


@pytest.mark.parametrize("step_days", [1 / 24, 1, 7, 30, 122, 365, 1500])
def test_plots_have_ticks_for_every_span_of_time(board, step_days):
    """Matplotlib warns, and a warning is an error here, where no interval of ticks suits."""
    starts = [f"{datetime(2010, 1, 1) + i * timedelta(days=step_days):%Y-%m-%dT%H:%M:%SZ}" for i in range(N)]
    for one in board["models"]:
        one["series"]["start"] = starts
    for window, start in zip(board["windows"], starts, strict=True):
        window["start"] = start
    assert gain_plot(board) != count_plot(board)


def test_windows_that_lie_apart_are_not_joined(board):
    """A band from one window to the next would say something of the time between."""
    together = count_plot(board)
    for window in board["windows"]:
        window["end"] = window["start"].replace("T00", "T12")
    assert count_plot(board) != together


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(0.6, 1.4, "in"), (0.3, 0.9, "out"), (1.1, 1.4, "out"), (0.0, None, ""), (1.2, None, "out"), (None, None, "")],
)
def test_a_ratio_without_bounds_is_no_verdict(low, high, shown):
    assert _one({"value": 0.9, "low": low, "high": high}) == shown
