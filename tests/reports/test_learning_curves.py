"""Learning curves become a picture, with and without a validation, in both languages."""

import io
import math

import pytest
from PIL import Image

from houfeng.learning.engine import Point, Training
from houfeng.reports.learning_curves import curves_plot


def training(validated=True, stopped="all steps done", n=3):
    losses = [0.7, 0.5, 0.6] if validated else [math.nan] * 3
    points = tuple(Point(10 * i + 10, 1e-3 / (i + 1), 0.8 - 0.1 * i, losses[i], 1.5 - i / 2) for i in range(n))
    best = (20, 0.5) if validated else (30, math.nan)
    return Training(None, points, *best, stopped)


def colours(png):
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG" and picture.size == (880, 605)
        return {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}


@pytest.mark.parametrize("validated", [True, False])
def test_a_picture_of_the_curves(validated):
    seen = colours(curves_plot(training(validated), title="Test"))
    assert ((192, 57, 43) in seen) == validated  # the mark of the best step
    assert (138, 147, 156) in seen


def test_one_evaluation_is_enough():
    assert (11, 110, 153) in colours(curves_plot(training(n=1), title="Test"))


def test_names_in_chinese_and_signs_of_mathematics_are_drawn_as_they_are():
    """No glyph is missing (that would be a warning, and warnings are errors here)."""
    for language in ("en", "zh"):
        curves_plot(training(), title="SIMULATED 建筑 $x$ a_b", language=language)


def test_why_it_ended_is_said_in_the_language_of_the_picture():
    told = [curves_plot(training(stopped="no better validation loss in 5 evaluations"), title="T", language=one)
            for one in ("en", "zh", "zh")]  # fmt: skip
    assert told[0] != told[1] == told[2]
