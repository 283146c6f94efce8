"""What drives a learned model: on the page in both languages, in the document, in pictures; nothing for the others."""

import copy
import io
from dataclasses import asdict

import matplotlib.image
import numpy as np
import pytest

from houfeng.features.seismicity import standard_features
from houfeng.forecasts import CellReasons, FeatureReason
from houfeng.reports.explanation_plot import reasons_plot
from houfeng.reports.notes import note_in_both
from houfeng.reports.report import render_report

REASONS = CellReasons(
    longitude=-117.55, latitude=35.75, target_magnitude=4.0, horizon_days=7.0, log_factor=0.4, usual_log_factor=-0.1,
    strongest=(
        FeatureReason("log_count_7d_r10", "number of earthquakes of M>=3.5 within 10 km in the last 7 days",
                      "ln(1 + number)", 2.197, 0.35, 0.02),
        FeatureReason("cov_365d_r30", "coefficient of variation of the times between earthquakes of M>=3.5 within "
                      "30 km in the last 365 days", "1", 1.83, -0.07, 0.01),
        FeatureReason("maps", "maps of seismicity around the cell", "", None, 0.05),
    ),
)  # fmt: skip


def with_reasons(document: dict, reasons: CellReasons) -> dict:
    told = copy.deepcopy(document)
    for part in told["forecasts"]:
        for explanation in part["explanations"]["etas"].values():
            explanation["learned"] = asdict(reasons)
    return told


def test_the_page_tells_the_three_strongest_in_both_languages(document, pictures):
    html = render_report(with_reasons(document, REASONS), pictures)
    for words in (
        "35.75°N 117.55°W", "number of earthquakes of M&gt;=3.5 within 10 km in the last 7 days",
        "近 7 天 10 千米内 M≥3.5 地震次数", "ln(1 + 次数)", "raises\xa0↑", "升高\xa0↑", "lowers\xa0↓", "降低\xa0↓",
        "×1.42", "+0.35 ± 0.02", "-0.07 ± 0.01", "+0.05</td>", "by 1.49", "by 0.90",
        "not why earthquakes happen", "不说明地震的成因",
    ):  # fmt: skip
        assert words in html, words


def test_a_page_without_learned_models_has_nothing_of_it(document, pictures):
    html = render_report(document, pictures)
    assert "Shapley" not in html and "raises" not in html


def test_where_nothing_made_a_difference_the_page_says_so(document, pictures):
    same = CellReasons(10, 40, 4, 7, 0.0, 0.0, ())
    html = render_report(with_reasons(document, same), pictures)
    assert "nothing it looked at made a difference" in html and "Shapley" not in html


@pytest.mark.parametrize("magnitude", [3.5, 4.0])
def test_every_standard_feature_has_a_meaning_and_unit_in_chinese(magnitude):
    for feature in standard_features(magnitude):
        for name, lineage in feature.lineage.items():
            said = note_in_both(lineage.meaning)
            assert said["zh"] != said["en"], name
            numbers = sorted(part for part in lineage.meaning.replace(",", " ").split() if part.isdigit())
            assert all(number in said["zh"] for number in numbers), (name, said)
    assert note_in_both("ln(1 + number)")["zh"] == "ln(1 + 次数)"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_picture_has_a_bar_for_each_and_one_for_the_rest(language):
    png = reasons_plot(REASONS, title="California", language=language)
    image = matplotlib.image.imread(io.BytesIO(png))
    assert image.shape[1] > 800
    red, blue, grey = (np.abs(image[..., :3] - colour).max(axis=-1) < 0.02 for colour in
                       ((0.835, 0.369, 0.0), (0.0, 0.447, 0.698), (0.541, 0.576, 0.612)))  # fmt: skip
    assert red.sum() > blue.sum() > 100 and grey.sum() > 100
    # The rest is what is missing to the whole: 0.5 - 0.35 + 0.07 - 0.05.
    assert grey.sum() / red.sum() == pytest.approx(0.17 / 0.40, rel=0.35)  # axes are grey too


def test_what_is_simulated_says_so():
    plain, simulated = (reasons_plot(REASONS, title="x", simulated=flag) for flag in (False, True))
    assert plain != simulated
