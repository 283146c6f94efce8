"""Closures from shapes of every kind, bridges and rubble by hand, reach and clearing at their boundaries."""

import json
import math

import numpy as np
import pytest

from houfeng.errors import InputError
from houfeng.response.bridges import (
    BRIDGE_MEDIANS_G,
    BRIDGE_STATES,
    UNKNOWN_CLASS,
    bridge_chance,
    bridge_sites,
    bridge_state_probability,
)
from houfeng.response.clearance import clearance_order
from houfeng.response.closure_files import read_closures
from houfeng.response.closures import ClosureChance, Closures
from houfeng.response.debris import Roadside, built_up_share, debris_chance
from houfeng.response.isochrones import edges_geojson, isochrones
from houfeng.response.roads import RoadNetwork, columns_of
from houfeng.response.snapping import EdgeFinder
from houfeng.response.travel import Router
from tests.response.road_cases import ring

#: A metre of latitude in degrees.
M = 1 / 111_195
WEB = {"type": "name", "properties": {"name": "EPSG:3857"}}
GOOD = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [-0.005, 0.01]}}


def feature(kind, coordinates, **properties) -> dict:
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


def read(tmp_path, *features, network=None, **more) -> Closures:
    path = tmp_path / "closures.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features} | more), encoding="utf-8")
    return read_closures(path, ring() if network is None else network)


def closed(closures) -> list[int]:
    return np.flatnonzero(closures.closed).tolist()


def mercator(points) -> list:
    """Degrees as metres of Web Mercator, by its definition."""
    return [[6378137 * math.radians(x), 6378137 * math.asinh(math.tan(math.radians(y)))] for x, y in points]


@pytest.mark.parametrize(
    "bad",
    [
        "words",
        None,
        7,
        {"type": "Feature", "properties": {}, "geometry": "words"},
        {"type": "Feature", "properties": {}, "geometry": {"type": "GeometryCollection", "geometries": ["words"]}},
        feature("LineString", [[0, 0], [math.inf, 0]]),
        feature("LineString", [[0, 0], [1e12, 0]]),
        feature("Point", [math.nan, 0]),
        feature("Point", [300000, 6690000]),
        feature("Polygon", [[[0, 0], [0, 91], [1, 1], [0, 0]]]),
        feature("Polygon", []),
        feature("LineString", []),
        feature("Circle", [0, 0]),
    ],
    ids=lambda bad: json.dumps(bad)[:60],
)
def test_an_entry_that_makes_no_sense_is_named_and_the_others_hold(tmp_path, bad):
    closures = read(tmp_path, bad, GOOD)
    assert closed(closures) == [4] and len(closures.notes) == 1 and closures.notes[0].startswith("feature 0: ")


def test_properties_that_are_no_object_are_none(tmp_path):
    assert closed(read(tmp_path, {**GOOD, "properties": ["edge_id"]})) == [4]


def test_every_kind_of_shape_may_be_in_metres_of_a_map(tmp_path):
    (point,) = mercator([(0.004, 5 * M)])
    along = mercator([(0.01, 0.002), (0.01, 0.006)])
    corner = mercator([(-0.011, 0.009), (-0.009, 0.009), (-0.009, 0.011), (-0.011, 0.011), (-0.011, 0.009)])
    for shape, edges in ((feature("Point", point), [0]), (feature("LineString", along), [1]),
                         (feature("Polygon", [corner]), [4])):  # fmt: skip
        assert closed(read(tmp_path, shape, crs=WEB)) == edges


def test_all_parts_of_a_collection_count(tmp_path):
    parts = [{"type": "Point", "coordinates": [0.005, 0]}, {"type": "Point", "coordinates": [0.01, 0.005]}]
    both = {"type": "Feature", "properties": {}, "geometry": {"type": "GeometryCollection", "geometries": parts}}
    assert closed(read(tmp_path, both)) == [0, 1]
    lines = feature("MultiLineString", [[[0.002, 0], [0.004, 0]], [[0.002, 0.01], [0.004, 0.01]]])
    assert closed(read(tmp_path, lines)) == [0, 2]


def test_of_two_slowdowns_the_larger_holds_and_one_is_allowed(tmp_path):
    slow = [feature("Point", [0.005, 0], slowdown=by) for by in (3, 2, 1)]
    closures = read(tmp_path, *slow)
    assert closures.slowdown.tolist() == [3, 1, 1, 1, 1] and closures.notes == () and closures.n_closed == 0


def test_a_line_of_one_place_is_a_point(tmp_path):
    assert closed(read(tmp_path, feature("LineString", [[0.005, 0], [0.005, 0]]))) == [0]


@pytest.mark.parametrize(("share", "edges"), [(0.3, []), (0.45, []), (0.55, [0]), (0.7, [0])])
def test_a_line_must_run_along_half_of_the_shorter(tmp_path, share, edges):
    """A line as long as the road, this share of it on the road and the rest straight away from it."""
    length = 0.01
    shape = feature("LineString", [[share * length, 0], [0, 0], [0, -(1 - share) * length]])
    network = ring(length_m=np.full(5, 1112.0)).select(np.array([0, 1]))
    closures = read(tmp_path, shape, feature("Point", [0.01, 0.005]), network=network)
    assert closed(closures) == [*edges, 1]


def bent() -> RoadNetwork:
    """The ring, its first street with three bends."""
    columns = columns_of(ring())
    extra = np.array([[0.0025, -0.001], [0.005, -0.002], [0.0075, -0.001]])
    return RoadNetwork(
        **columns
        | {
            "geometry_offset": np.array([0, 5, 7, 9, 11, 13]),
            "geometry_longitude": np.insert(columns["geometry_longitude"], 1, extra[:, 0]),
            "geometry_latitude": np.insert(columns["geometry_latitude"], 1, extra[:, 1]),
        }
    )


def test_roads_are_found_by_their_shape_and_not_by_their_ends():
    finder = EdgeFinder(bent())
    found = finder.nearest(longitude=[0.005, 0.01, 0.005], latitude=[-0.002, 0.005, 0.0], within_m=50.0)
    assert found.index.tolist() == [0, 1, -1] and found.distance_m[:2] == pytest.approx([0, 0], abs=1e-6)
    assert np.isinf(found.distance_m[2])


@pytest.mark.parametrize(("east_m", "found"), [(24.0, 0), (26.0, -1)])
def test_metres_to_the_east_are_metres_at_sixty_degrees_north(east_m, found):
    network = RoadNetwork.from_edges(
        node_longitude=[20.0, 20.0], node_latitude=[59.99, 60.01], edge_from=[0], edge_to=[1]
    )
    near = EdgeFinder(network).nearest(longitude=20.0 + east_m * M / 0.5, latitude=60.0, within_m=25.0)
    assert near.index.tolist() == [found]


def test_closures_that_join_keep_the_larger_slowdown_and_that_they_are_simulated():
    seen = Closures(np.array([True, False]), np.array([1.0, 3.0]), "seen", False)
    made_up = Closures(np.zeros(2, bool), np.array([2.0, 2.0]), "model", True)
    for both in (seen | made_up, made_up | seen):
        assert both.simulated and both.slowdown.tolist() == [2, 3]
    assert not (seen | seen).simulated and (seen | seen).source == "seen"
    assert seen.reopened([0]).slowdown.tolist() == [1, 3] and seen.reopened([0]).n_closed == 0
    one, two = (ClosureChance(np.zeros(2), name, np.array(by)) for name, by in (("a", [1.0, 3.0]), ("b", [2.0, 1.0])))
    assert (one | two).slowdown.tolist() == [2, 3] and (one | two).source == "a; b"


def test_what_is_just_as_likely_as_the_threshold_is_closed():
    chance = ClosureChance(np.array([0.5, np.nextafter(0.5, 0)]), "model", np.ones(2))
    assert closed(chance.most_likely()) == [0] and closed(chance.most_likely(1.0)) == []


def test_hazus_classes_of_one_kind_have_one_curve():
    """Hazus 5.1, table of medians: classes for California share the curves of those elsewhere, and so on."""
    kinds = [{1}, {2}, {3, 4, 28}, {5, 12, 17, 24}, {6, 13, 18, 25}, {7, 14, 19}, {8, 20}, {9, 21}, {10, 22},
             {11, 16, 23}, {15, 26, 27}]  # fmt: skip
    curves = [{BRIDGE_MEDIANS_G[f"HWB{number}"] for number in kind} for kind in kinds]
    assert all(len(curve) == 1 for curve in curves) and len(set.union(*curves)) == len(kinds)
    assert sorted(number for kind in kinds for number in kind) == list(range(1, 29))
    assert UNKNOWN_CLASS == "HWB17" and BRIDGE_MEDIANS_G["HWB17"] == (0.25, 0.35, 0.45, 0.70)


def test_skew_lowers_all_medians_but_that_of_slight_damage():
    """At 60 degrees the median is that of the square bridge times the root of cos 60, 0.7071."""
    for state, median in zip(BRIDGE_STATES, (0.25, 0.35, 0.45, 0.70), strict=True):
        factor = 1.0 if state == "slight" else math.sqrt(0.5)
        assert bridge_state_probability(median * factor, state, skew_deg=60.0) == pytest.approx(0.5)


def test_a_bridge_is_slowed_from_even_odds_of_moderate_damage():
    network = ring(bridge=[True, True, False, False, False])
    chance = bridge_chance(network, np.array([0.35, 0.349]))
    assert chance.slowdown.tolist() == [2, 1, 1, 1, 1]


def test_a_bridge_stands_in_the_middle_of_its_shape():
    columns = columns_of(bent()) | {"bridge": np.array([True, True, False, False, False])}
    edges, longitude, latitude = bridge_sites(RoadNetwork(**columns))
    assert edges.tolist() == [0, 1] and longitude == pytest.approx([0.005, 0.01])
    assert latitude == pytest.approx([-0.002, 0.005])


def phi(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


def test_rubble_by_hand():
    """Eight storeys of 3 m, 10 m deep, half the volume at 45 degrees: 8.439 m beyond the wall. A residential street
    is shut by 4 m of setback and 7 - 3 m of carriageway; 120 m have 20 fronts of 12 m on both sides together."""
    roadside = Roadside(storey_share={8: 1.0})
    reach = math.sqrt(10**2 + 2 * 0.5 * 10 * 24) - 10
    share = phi(math.log(reach / (4 + 7 - 3)) / 0.4)
    assert roadside.blocking_share(carriageway_m=7.0, setback_m=4.0) == pytest.approx(share)
    network = ring(length_m=np.full(5, 120.0), road_class="residential")
    alone = debris_chance(network, np.full(5, 0.1), roadside=roadside).probability
    assert alone == pytest.approx(np.full(5, 1 - math.exp(-0.1 * 20 * share)))
    half = debris_chance(network, np.full(5, 0.1), built_up=0.5, roadside=roadside).probability
    assert half == pytest.approx(np.full(5, 1 - math.exp(-0.1 * 10 * share)))
    fields = debris_chance(network, np.array([np.zeros(5), np.full(5, 0.2)]), roadside=roadside).probability
    assert fields == pytest.approx(np.full(5, (1 - math.exp(-0.2 * 20 * share)) / 2)), "averaged over the fields"


def test_a_link_is_as_wide_as_its_class_and_an_unknown_road_as_a_residential_one():
    kinds = np.array(["primary", "primary_link", "residential", "alley", "motorway"])
    chance = debris_chance(ring(road_class=kinds), np.full(5, 0.1)).probability
    assert chance[0] == chance[1] < chance[2] == chance[3] and chance[4] < chance[0]


def test_fronts_stand_on_both_sides():
    network = ring(length_m=np.full(5, 60.0))
    share = built_up_share(network, np.arange(5), np.array([5, 10, 20, 0, 1]), roadside=Roadside(frontage_m=6.0))
    assert share == pytest.approx([0.25, 0.5, 1.0, 0.0, 0.05])


def reach_on_ring(facilities=(0,), *, closures=(), minutes=(5,), network=None, **more):
    network = ring() if network is None else network
    router = Router.of(network).under(Closures.of_edges(5, closures, source="test"))
    zones = {"zone_nodes": np.arange(5), "population": np.array([1, 2, 4, 8, 16.0])}
    return isochrones(router, np.array(facilities), minutes=minutes, **zones | more)


def test_a_zone_just_at_the_end_of_a_band_is_within_it():
    reach = reach_on_ring(closures=[3])  # 0 to 4: 0, 100, 200, 300, 400 s
    assert reach.zones_within(5).tolist() == [True, True, True, True, False] and reach.people.tolist() == [15]
    bands = [road["properties"]["band_min"] for road in edges_geojson(ring(), reach)["features"]]
    assert bands == [5, 5, 5, 5, 5]
    near = edges_geojson(ring(), reach_on_ring((4,), minutes=(3,)))  # nodes 0 and 2 are 200 s away, 1 is 300 s
    assert [road["properties"]["band_min"] for road in near["features"]] == [None, None, 3, 3, 3]


def test_who_reaches_one_of_two_facilities_is_not_cut_off():
    reach = reach_on_ring((0, 4), closures=[4])
    assert reach.cut_off.tolist() == [False] * 5 and reach.people_cut_off == 0
    alone = reach_on_ring((4,), closures=[4])
    assert alone.cut_off.tolist() == [True] * 4 + [False] and alone.people_cut_off == 15


def test_roads_of_a_made_up_town_say_so_and_keep_five_digits():
    network = ring(simulated=True, node_longitude=[0.0, 0.012345678, 0.01, 0.0, -0.01])
    document = edges_geojson(network, reach_on_ring(network=network))
    assert all(road["properties"]["simulated"] for road in document["features"])
    assert document["features"][0]["geometry"]["coordinates"] == [[0, 0], [0.01235, 0]]
    assert not any(road["properties"]["simulated"] for road in edges_geojson(ring(), reach_on_ring())["features"])


def net(edges, seconds) -> RoadNetwork:
    """A network of these edges and times, at 1 m/s."""
    start, end = np.array(edges).T
    nodes = int(max(start.max(), end.max())) + 1
    return RoadNetwork.from_edges(
        node_longitude=np.arange(nodes) * 0.01, node_latitude=np.zeros(nodes), edge_from=start, edge_to=end,
        length_m=np.array(seconds, float), speed_kmh=3.6,
    )  # fmt: skip


def test_the_quicker_way_is_the_one_whose_clearing_and_driving_take_less_together():
    """From 0 to 4 by 1 (10 + 10 min of clearing, 10 of driving) or by 3 (60 + 60 of clearing, 1 of driving)."""
    network = net([(0, 1), (1, 4), (0, 3), (3, 4)], [300, 300, 30, 30])
    shut = Closures.of_edges(4, range(4), source="test")
    found = clearance_order(
        Router.of(network), shut, [np.array([e]) for e in range(4)], facilities=[0], places=[4],
        work_min=[10, 10, 60, 60],
    )  # fmt: skip
    assert set(found.order[:2]) == {0, 1} and found.done_min.tolist()[:2] == [10, 20]
    assert found.burden.tolist()[:3] == pytest.approx([60, 60, 10])


def test_the_way_is_opened_from_the_facility_that_is_nearer():
    """Facility 0 is two blockages of 50 min away from place 4, facility 5 two of 5 min."""
    network = net([(0, 1), (1, 4), (5, 6), (6, 4)], [60, 60, 60, 60])
    shut = Closures.of_edges(4, range(4), source="test")
    found = clearance_order(
        Router.of(network), shut, [np.array([e]) for e in range(4)], facilities=[0, 5], places=[4],
        work_min=[50, 50, 5, 5],
    )  # fmt: skip
    assert sorted(found.order) == [2, 3] and found.reached.tolist() == [0, 0, 1]


def test_a_road_closed_for_another_reason_stays_closed_and_the_cap_is_the_one_given():
    network = net([(0, 1), (1, 2), (0, 3)], [60, 60, 60])
    shut = Closures.of_edges(3, [0, 1, 2], source="test")
    found = clearance_order(
        Router.of(network), shut, [np.array([0])], facilities=[0], places=[1, 2, 3], weight=[1, 10, 100], cap_min=20.0
    )
    assert found.order == (0,) and found.reached.tolist() == [0, 1]
    assert found.burden.tolist() == pytest.approx([20 * 111, 1 + 20 * 110])


def test_no_blockage_leaves_nothing_to_order():
    network = net([(0, 1)], [60])
    found = clearance_order(Router.of(network), Closures.of_edges(1, [0], source="t"), [], facilities=[0], places=[1])
    assert found.order == () and found.burden.tolist() == [60.0] and len(found.done_min) == 0


@pytest.mark.parametrize("population", [[1, 2, 4, 8, np.nan], [1, 2, 4, 8]])
def test_populations_with_gaps_are_refused(population):
    with pytest.raises(InputError, match="population"):
        reach_on_ring(population=np.array(population))
