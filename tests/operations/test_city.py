"""The city that ships with Houfeng: real people and roads, the rest SIMULATED and said to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.geo import great_circle_km
from houfeng.operations.city import City, coquimbo, shore_distance_km, shore_of


@pytest.fixture(scope="module")
def city() -> City:
    return coquimbo()


def test_its_people_and_roads(city):
    assert city.population.sum() == pytest.approx(451_899, rel=1e-6) and len(city.zone_id) == 133
    assert city.roads.n_edges > 19_000 and "OpenStreetMap" in city.roads.source
    assert (city.country, city.region, city.utc_offset_h) == ("CL", "chile", -3.0)
    assert set(city.exposure.zone_id) <= set(city.zone_id)


def test_what_is_invented_says_so(city):
    assert city.exposure.simulated
    assert all(places.simulated for places in (city.hospitals, city.shelters, city.field_hospitals, city.depots))
    told = " ".join(words["en"] for words in city.simulated)
    assert all(word in told for word in ("buildings", "hospitals", "shelters", "rescue teams", "roads are closed"))
    assert all(words["zh"] for words in city.simulated)


def test_nothing_is_planned_in_the_coastal_strip_that_is_not_marked(city):
    for places in (city.hospitals, city.shelters, city.field_hospitals, city.depots):
        km = shore_distance_km(city.shore, places.longitude, places.latitude)
        assert (places.in_coastal_strip == (km <= city.coastal_strip_km)).all()
    assert city.shelters.in_coastal_strip.any() and not city.hospitals.in_coastal_strip.any()
    wet = city.in_coastal_strip(longitude=city.teams.longitude, latitude=city.teams.latitude)
    assert not wet.any(), "teams set out from dry ground"


def test_a_wider_strip_holds_more(city):
    wider = coquimbo(coastal_strip_km=3.0)
    assert (wider.hospitals.longitude == city.hospitals.longitude).all(), "places do not move with the planner's strip"
    assert wider.shelters.in_coastal_strip.sum() > city.shelters.in_coastal_strip.sum()
    assert (wider.shelters.in_coastal_strip | ~city.shelters.in_coastal_strip).all()


def test_it_is_the_same_city_each_time(city):
    again = coquimbo()
    assert (again.exposure.buildings == city.exposure.buildings).all() and again.teams.team_id == city.teams.team_id


def test_the_middle_of_its_people_lies_between_the_towns(city):
    longitude, latitude = city.centre
    assert -71.4 < longitude < -71.2 and -30.05 < latitude < -29.85


def test_the_middle_of_a_city_where_nobody_lives_is_that_of_its_zones(city):
    from dataclasses import replace

    empty = replace(city, population=np.zeros(len(city.zone_id)))
    assert empty.centre == pytest.approx((city.zone_longitude.mean(), city.zone_latitude.mean()))


def test_its_shore_follows_the_west_of_its_roads(city):
    shore = shore_of(city.roads)
    assert len(shore) > 50
    for longitude, latitude in shore[::20]:
        assert longitude >= city.roads.geometry_longitude.min() and latitude >= city.roads.geometry_latitude.min()


@given(
    shore=st.lists(st.tuples(st.floats(-179, 179), st.floats(-85, 85)), min_size=1, max_size=8),
    longitude=st.floats(-179, 179),
    latitude=st.floats(-85, 85),
)
def test_the_distance_to_a_shore_is_that_to_its_nearest_point(shore, longitude, latitude):
    points = np.array(shore)
    each = great_circle_km(longitude=longitude, latitude=latitude, to_longitude=points[:, 0], to_latitude=points[:, 1])
    found = shore_distance_km(points, np.array([longitude]), np.array([latitude]))
    assert found[0] == pytest.approx(each.min(), abs=1e-3)


def test_far_from_any_sea_nothing_is_in_a_strip():
    assert np.isinf(shore_distance_km(np.zeros((0, 2)), np.zeros(3), np.zeros(3))).all()
    assert len(shore_distance_km(np.ones((2, 2)), np.zeros(0), np.zeros(0))) == 0
