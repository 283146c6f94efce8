"""The tsunami banner: never silent where one is possible, never a model."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.earthquake import Earthquake
from houfeng.errors import UnknownNameError
from houfeng.geo import great_circle_km, points_in_rings
from houfeng.reports.coastline import land
from houfeng.warning import tsunami_notice
from houfeng.warning.coast import coast_distance_km, on_land


def earthquake(longitude: float, latitude: float, magnitude: float = 8.0, depth_km: float = 20.0) -> Earthquake:
    return Earthquake("e", datetime(2015, 9, 16, tzinfo=UTC), longitude, latitude, depth_km, magnitude)


@pytest.mark.parametrize(
    ("name", "longitude", "latitude", "magnitude", "depth_km", "centre"),
    [
        ("Illapel 2015", -71.674, -31.573, 8.3, 22.4, "CL"),
        ("Tohoku 2011", 142.373, 38.297, 9.1, 29, "JP"),
        ("Sumatra 2004", 95.98, 3.30, 9.1, 30, ""),
        ("Alaska 1964", -147.34, 60.91, 9.2, 25, "US"),
        ("Kalapana 1975", -155.0, 19.35, 7.7, 10, "US-HI"),
        ("Messina 1908", 15.5, 38.1, 7.1, 10, "IT"),
        ("Kaikoura 2016, on land near the coast", 173.05, -42.74, 7.8, 15, ""),
    ],
)
def test_where_tsunamis_came_the_banner_stands_and_names_the_centre(
    name, longitude, latitude, magnitude, depth_km, centre
):
    notice = tsunami_notice(earthquake(longitude, latitude, magnitude, depth_km))
    assert notice is not None, name
    assert notice.centre == centre
    assert "TSUNAMI POSSIBLE" in notice.banner["en"] and "可能发生海啸" in notice.banner["zh"]
    assert "Houfeng does not model tsunamis" in notice.banner["en"] and "候风不模拟海啸" in notice.banner["zh"]


@pytest.mark.parametrize(
    ("name", "longitude", "latitude", "magnitude", "depth_km"),
    [
        ("Wenchuan 2008, far inland", 103.36, 31.0, 7.9, 14),
        ("Gorkha 2015, far inland", 84.73, 28.23, 7.8, 8),
        ("Okhotsk 2013, deep", 153.22, 54.89, 8.3, 598),
        ("too small", -71.674, -31.573, 6.9, 22.4),
        ("at 100 km", -71.674, -31.573, 8.3, 100.0),
    ],
)
def test_where_none_is_due_there_is_none(name, longitude, latitude, magnitude, depth_km):
    assert tsunami_notice(earthquake(longitude, latitude, magnitude, depth_km)) is None, name


def test_the_spanish_name_of_the_centre_is_kept_in_both_languages():
    notice = tsunami_notice(earthquake(-71.674, -31.573))
    for text in (*notice.banner.values(), *notice.instruction.values()):
        assert "SHOA" in text and "Servicio Hidrográfico y Oceanográfico de la Armada de Chile" in text


def test_the_country_may_be_chosen():
    notice = tsunami_notice(earthquake(-71.674, -31.573), country="cn")
    assert notice.centre == "CN" and "自然资源部海啸预警中心" in notice.banner["en"]
    with pytest.raises(UnknownNameError, match="tsunami warning centre"):
        tsunami_notice(earthquake(103.4, 31.0, 5.0), country="XX")
    assert "your national tsunami warning centre" in tsunami_notice(earthquake(96, 3.3)).banner["en"]


@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(7.0, 9.5), st.floats(0, 99.9))
@settings(max_examples=40)
def test_a_large_shallow_shock_at_sea_always_has_the_banner(longitude, latitude, magnitude, depth_km):
    notice = tsunami_notice(earthquake(longitude, latitude, magnitude, depth_km))
    if notice is None:
        assert on_land(longitude=longitude, latitude=latitude)
        assert coast_distance_km(longitude=longitude, latitude=latitude) > 100


def test_land_is_the_land_of_the_maps():
    rng = np.random.default_rng(3)
    longitude, latitude = rng.uniform(-180, 180, 150), rng.uniform(-89, 89, 150)
    drawn = points_in_rings(list(land()), longitude=longitude, latitude=latitude)
    mine = [on_land(longitude=x, latitude=y) for x, y in zip(longitude, latitude, strict=True)]
    assert drawn.tolist() == mine and 0.1 < drawn.mean() < 0.5


@pytest.mark.parametrize(
    ("name", "longitude", "latitude", "low_km", "high_km"),
    [
        ("Coquimbo harbour", -71.34, -29.95, 0, 6),
        ("Santiago", -70.65, -33.45, 80, 105),
        ("Chengdu", 104.07, 30.67, 900, 1100),
        ("the Pacific, from Pitcairn and Easter Island", -118.0, -48.9, 1500, 2900),
        ("inland Chukotka at the date line", 180.0, 67.3, 100, 250),
        ("the South Pole", 0.0, -90.0, 400, 1400),
    ],
)
def test_distances_to_coasts(name, longitude, latitude, low_km, high_km):
    assert low_km <= coast_distance_km(longitude=longitude, latitude=latitude) <= high_km, name


@given(st.floats(-180, 180), st.floats(-85, 85))
@settings(max_examples=25)
def test_no_vertex_of_the_coast_is_nearer_than_the_coast(longitude, latitude):
    vertices = np.concatenate([ring for ring in land() if np.abs(ring[:, 0]).max() < 179.5 and ring[:, 1].min() > -89])
    nearest = great_circle_km(
        longitude=vertices[:, 0], latitude=vertices[:, 1], to_longitude=longitude, to_latitude=latitude
    ).min()
    assert coast_distance_km(longitude=longitude, latitude=latitude) <= nearest + 0.01
