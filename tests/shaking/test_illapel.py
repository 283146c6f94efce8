"""The plane of the demo: where it lies, what it says of itself."""

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from houfeng.shaking.illapel import illapel_notice, illapel_rupture
from houfeng.shaking.motion import MEASURES
from houfeng.shaking.regimes import choose_models, mixture, outside_limits
from houfeng.shaking.sites import Sites


def test_it_is_the_earthquake_of_the_demo():
    quake = illapel_rupture().earthquake
    assert (quake.event_id, quake.magnitude, quake.regime, quake.status) == ("us20003k7a", 8.3, "interface", "actual")
    assert quake.time.replace(microsecond=0) == datetime(2015, 9, 16, 22, 54, 32, tzinfo=UTC)
    assert quake.name("zh") == "智利伊亚佩尔"


def test_its_extent_is_the_published_one():
    rupture = illapel_rupture()
    corners = rupture.geometry.corners[0]
    # Li and others (2016): 30.0 S to 31.6 S; Ye and others (2016): 180 to 240 km; trench 85 km west of the epicentre.
    assert corners[:, 1].max() == pytest.approx(-30.0, abs=0.05)
    assert -32.0 < corners[:, 1].min() < -31.6
    assert corners[:, 0].min() > rupture.earthquake.longitude - 85 / 94.5
    (piece,) = rupture.geometry.rectangles
    assert (piece.length_km, piece.width_km) == pytest.approx((200, 100), rel=1e-3)
    assert 3 < rupture.ztor_km < 8 and corners[2, 2] < 45


def test_it_calls_itself_simplified():
    assert illapel_notice()["en"].startswith("SIMPLIFIED")
    assert illapel_notice()["zh"].startswith("简化")


def test_the_city_is_shaken_as_it_was_felt():
    # La Serena felt intensity VII to VIII: 0.1 to 0.7 g and 8 to 60 cm/s (Worden and others 2012), medians inside.
    rupture = illapel_rupture()
    city = Sites.of(longitude=-71.25, latitude=-29.95, vs30_mps=400.0)
    distances = rupture.distances(city)
    assert 180 < distances.repi_km[0] < 190 and distances.rrup_km[0] < 50
    weights = choose_models("interface", "chile")
    motion = mixture(weights, rupture, distances, city, MEASURES)
    assert 0.1 < motion.median("PGA")[0] < 0.7
    assert 8 < motion.median("PGV")[0] < 60
    assert np.isfinite(motion.total).all()
    assert outside_limits(weights, rupture, distances, city) == ()


def test_the_code_of_the_page_on_ground_motion_runs(capsys):
    page = Path(__file__).parents[2] / "docs" / "concepts" / "ground-motion.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, str(page), "exec"), {})
    shown = capsys.readouterr().out
    assert shown.startswith("[0.") and shown.endswith("[]\n")
