"""Learning curves become a picture, with and without a validation."""

import math

import pytest
from PIL import Image

from houfeng.learning.curves import draw_curves
from houfeng.learning.engine import Point, Training


@pytest.mark.parametrize("validated", [True, False])
def test_a_picture_of_the_curves(tmp_path, validated):
    losses = [0.7, 0.5, 0.6] if validated else [math.nan] * 3
    points = tuple(Point(10 * i + 10, 1e-3 / (i + 1), 0.8 - 0.1 * i, losses[i], 1.5 - i / 2) for i in range(3))
    best = (20, 0.5) if validated else (30, math.nan)
    path = draw_curves(Training(None, points, *best, "all steps done"), tmp_path / "curves.png", "Test")
    with Image.open(path) as picture:
        assert picture.size == (960, 660)
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    assert ((192, 57, 43) in colours) == validated  # the mark of the best step
    assert (153, 153, 153) in colours
