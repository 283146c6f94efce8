import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.response.closures import Closures
from houfeng.response.isochrones import edges_geojson, isochrones, reach_change
from houfeng.response.travel import Router
from tests.response.road_cases import networks, ring

ZONES = {"zone_nodes": np.array([0, 1, 2, 3, 4]), "population": np.array([10, 20, 30, 40, 50.0])}


def around(closed=(), facilities=(0,), minutes=(1, 2, 4), **more):
    router = Router.of(ring()).under(Closures.of_edges(5, closed, source="test"))
    return isochrones(router, np.array(facilities), minutes=minutes, **(ZONES | more))


def test_people_within_bands_of_one_facility():
    reach = around()
    assert reach.node_s.tolist() == [0, 100, 200, 100, 200]
    assert reach.people.tolist() == [10, 70, 150] and reach.people_cut_off == 0
    assert reach.zones_within(2).tolist() == [True, True, False, True, False]


def test_the_nearest_of_several_facilities_counts_once():
    reach = around(facilities=(0, 4))
    assert reach.facility.tolist() == [0, 0, 0, 0, 1] and reach.people.tolist() == [60, 120, 150]
    assert reach.people_by_facility.tolist() == [[10, 70, 150], [50, 90, 130]]


def test_the_walk_to_the_road_is_added():
    assert around(access_m=120.0).zone_s[0] == pytest.approx([100, 200, 300, 200, 300])


def test_before_and_after_a_closure():
    change = reach_change(around(), around(closed=[3]))
    assert change.before.tolist() == [10, 70, 150] and change.after.tolist() == [10, 30, 60]
    assert change.slower_s.tolist() == [0, 0, 0, 200, 200] and not change.newly_cut_off.any()


def test_zones_cut_off_are_named():
    after = around(closed=[4])
    change = reach_change(around(), after)
    assert change.newly_cut_off.tolist() == [False] * 4 + [True] and np.isinf(change.slower_s[4])
    assert after.people_cut_off == 50 and after.facility[4] == -1
    twice = reach_change(after, after)
    assert not twice.newly_cut_off.any() and np.isnan(twice.slower_s[4]), "it never could"


def test_one_way_streets_tell_there_from_back():
    router = Router.of(ring(one_way=[True, True, True, True, False]))
    there = isochrones(router, [0], **ZONES)
    back = isochrones(router, [0], towards=False, **ZONES)
    assert there.node_s.tolist() == [0, 300, 200, 100, 200] and back.node_s.tolist() == [0, 100, 200, 300, 400]


@given(networks(), st.data())
def test_closing_roads_never_brings_people_nearer(network, data):
    zones = {"zone_nodes": np.arange(network.n_nodes), "population": np.arange(network.n_nodes, dtype=float)}
    edges = data.draw(st.lists(st.integers(0, network.n_edges - 1), max_size=5))
    router = Router.of(network)
    before = isochrones(router, [0], minutes=(0.1, 1, 10), **zones)
    after = isochrones(
        router.under(Closures.of_edges(network.n_edges, edges, source="")), [0], minutes=(0.1, 1, 10), **zones
    )
    change = reach_change(before, after)
    assert (change.after <= change.before).all() and (np.diff(change.after) >= 0).all()
    assert after.people_cut_off >= before.people_cut_off
    assert before.people[-1] + before.people_cut_off <= zones["population"].sum() + 1e-9


def test_roads_by_band_are_geojson_that_says_what_is_simulated():
    network, reach = ring(source="somebody"), around(closed=[3, 4])
    document = json.loads(json.dumps(edges_geojson(network, reach, closed=[0, 0, 0, 1, 1], simulated=True)))
    assert document["credit"] == "somebody" and len(document["features"]) == 5
    told = [feature["properties"] for feature in document["features"]]
    assert [road["band_min"] for road in told] == [1, 2, 4, 1, None]
    assert [road["minutes"] for road in told] == [0, 1.7, 3.3, 0, 5.0]
    assert [road["closed"] for road in told] == [False] * 3 + [True] * 2 and all(road["simulated"] for road in told)
    assert document["features"][0]["geometry"]["coordinates"] == [[0, 0], [0.01, 0]]


def test_a_road_nobody_reaches_has_no_minutes():
    reach = around(closed=range(5), facilities=(1,))
    told = [feature["properties"] for feature in edges_geojson(ring(), reach)["features"]]
    assert [road["minutes"] for road in told] == [0, 0, None, None, None]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"facilities": ()}, "no facility"),
        ({"population": np.array([1, 2, 3, 4, -5.0])}, "0 or more"),
        ({"population": np.ones(4)}, "every zone"),
        ({"minutes": (15, 15)}, "rise"),
        ({"minutes": ()}, "rise"),
        ({"minutes": (0, 15)}, "above zero"),
        ({"facilities": (9,)}, "0 to 4"),
    ],
)
def test_questions_that_make_no_sense(change, message):
    with pytest.raises(InputError, match=message):
        around(**change)


def test_different_questions_are_not_compared():
    with pytest.raises(InputError, match="same facilities"):
        reach_change(around(), around(minutes=(1, 2)))
