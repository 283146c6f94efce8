from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from matplotlib.image import imread

from houfeng.geodesy.noise import Noise
from houfeng.geodesy.positions import make_positions
from houfeng.geodesy.simulated import simulate_positions
from houfeng.geodesy.survey import survey
from houfeng.reports.geodesy_plots import common_mode_plot, position_plot


@pytest.fixture(scope="module")
def network():
    start = datetime(2015, 1, 1, tzinfo=UTC)
    made = [
        simulate_positions(np.random.default_rng(i), start=start, days=500, noise=Noise(0.6, 0.3), station=f"S{i}")
        for i in range(3)
    ]
    flat = make_positions("S2", made[2].time, east_mm=made[2].east_mm, north_mm=made[2].north_mm)
    return survey([*made[:2], flat], search=False)


def pixels(png, tmp_path):
    path = tmp_path / "plot.png"
    path.write_bytes(png)
    return imread(path)


def test_a_panel_for_each_station_and_component(network, tmp_path):
    image = pixels(position_plot(network), tmp_path)
    assert image.shape[1] > 1400 and image.shape[0] > 480
    # The vertical of the third station does not exist: its corner is empty.
    corner = image[int(0.75 * image.shape[0]) : int(0.9 * image.shape[0]), int(0.75 * image.shape[1]) :, :3]
    assert (corner.min(axis=2) > 0.9).mean() > 0.95


def test_simulated_stands_on_what_is(network, tmp_path):
    marked = pixels(common_mode_plot(network.common, component=0, simulated=True), tmp_path)
    plain = pixels(common_mode_plot(network.common, component=0), tmp_path)
    assert marked.shape == plain.shape and (np.abs(marked - plain).max(axis=2) > 0.05).mean() > 0.005


def test_stations_may_have_chinese_names_and_the_picture_then_needs_no_other_font(network, tmp_path):
    """No glyph is missing: that would be a warning, and warnings are errors here."""
    named = [replace(one.positions, station="灵山卫 $1$") for one in network.stations[:1]]
    assert pixels(position_plot(survey(named, search=False)), tmp_path).shape[1] > 1400
