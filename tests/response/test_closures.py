import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError, UnknownNameError
from houfeng.response.bridges import (
    BRIDGE_MEDIANS_G,
    BRIDGE_STATES,
    bridge_chance,
    bridge_sites,
    bridge_state_probability,
)
from houfeng.response.closure_files import read_closures
from houfeng.response.closures import ClosureChance, Closures
from houfeng.response.debris import Roadside, built_up_share, debris_chance, zone_of_edges
from houfeng.response.snapping import EdgeFinder
from tests.response.road_cases import ring

#: A metre of latitude in degrees.
M = 1 / 111_195


def feature(kind, coordinates, **properties) -> dict:
    geometry = {"type": kind, "coordinates": coordinates} if kind else None
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def geojson(tmp_path, *features, **more):
    path = tmp_path / "closures.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features} | more), encoding="utf-8")
    return path


def closed(closures) -> list[int]:
    return np.flatnonzero(closures.closed).tolist()


def test_identifiers_in_a_table(tmp_path):
    path = tmp_path / "closures.csv"
    path.write_text("edge_id,slowdown,why\n7,,rubble\n9,2.5,cracks\nx,,\n8,0.5,\n", encoding="utf-8")
    closures = read_closures(path, ring(edge_id=["7", "7#1", "8", "9", "10"]))
    assert closed(closures) == [0, 1] and closures.slowdown.tolist() == [1, 1, 1, 2.5, 1]
    assert not closures.simulated and closures.source == "closures.csv"
    assert closures.notes == (
        "line 4: no road has the identifier 'x'",
        "line 5: slowdown '0.5' is not a number of 1 or more",
    )


def test_a_point_closes_the_nearest_road_and_no_other(tmp_path):
    path = geojson(tmp_path, feature("Point", [0.004, 5 * M]), feature("MultiPoint", [[0.01, 0.004], [0.01, 0.005]]))
    assert closed(read_closures(path, ring())) == [0, 1]


def test_what_lies_off_every_road_is_named_and_the_rest_kept(tmp_path):
    path = geojson(
        tmp_path,
        feature("Point", [0.005, 40 * M]),
        feature("Point", [0.005, 20 * M]),
        feature("Point", None),
        feature(None, None),
        feature("Point", [0, 0], edge_id="3"),
    )
    closures = read_closures(path, ring())
    assert closed(closures) == [0, 3]
    assert [note.split(":")[0] for note in closures.notes] == ["feature 0", "feature 2", "feature 3"]
    assert "no road within 25 m" in closures.notes[0]
    assert closed(read_closures(path, ring(), tolerance_m=50.0)) == [0, 3]
    assert len(read_closures(path, ring(), tolerance_m=50.0).notes) == 2


def test_a_line_closes_the_roads_it_runs_along_not_those_it_crosses(tmp_path):
    along = feature("LineString", [[0.002, 3 * M], [0.004, 3 * M]])
    assert closed(read_closures(geojson(tmp_path, along), ring())) == [0]
    around = feature("LineString", [[0.001, 0], [0.01, 0], [0.01, 0.01], [0.009, 0.01]])
    assert closed(read_closures(geojson(tmp_path, around), ring())) == [0, 1]
    across = feature("LineString", [[0.005, -0.003], [0.005, 0.003]])
    with pytest.raises(InputError, match="none of the 1 entries"):
        read_closures(geojson(tmp_path, across), ring())


def test_an_area_closes_the_roads_inside_with_its_hole_left_out(tmp_path):
    def square(x, y, r):
        return [[x - r, y - r], [x + r, y - r], [x + r, y + r], [x - r, y + r], [x - r, y - r]]

    corner = feature("Polygon", [square(0.01, 0.01, 0.002)])
    assert closed(read_closures(geojson(tmp_path, corner), ring())) == [1, 2]
    frame = feature("MultiPolygon", [[square(0.005, 0.005, 0.02), square(0.005, 0.005, 0.0055)]])
    assert closed(read_closures(geojson(tmp_path, frame), ring())) == [4]


def test_slowed_by_a_feature_and_both_in_one_file(tmp_path):
    path = geojson(tmp_path, feature("Point", [0.005, 0], slowdown=3), feature("Point", [0.01, 0.005]))
    closures = read_closures(path, ring())
    assert closed(closures) == [1] and closures.slowdown.tolist() == [3, 1, 1, 1, 1]


def test_an_empty_file_closes_nothing(tmp_path):
    assert closed(read_closures(geojson(tmp_path), ring())) == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "road\n7\n", "need a column edge_id"),
        ("a.json", "nothing", "neither .csv nor JSON"),
        ("a.json", '{"type": "Point"}', "no GeoJSON FeatureCollection"),
        ("a.csv", "edge_id\nnobody\n", "none of the 1 entries of a.csv fits"),
        ("a.json", '{"features": [], "crs": {"properties": {"name": "EPSG:2180"}}}', "EPSG:2180"),
    ],
)
def test_files_that_are_no_closures(tmp_path, name, text, message):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_closures(tmp_path / name, ring())


def test_a_missing_file_and_a_tolerance_of_nothing(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_closures(tmp_path / "no.csv", ring())
    with pytest.raises(InputError, match="above zero"):
        read_closures(tmp_path / "no.csv", ring(), tolerance_m=0)


@given(st.floats(-0.02, 0.02), st.floats(-0.01, 0.02))
def test_the_nearest_edge_is_the_nearest_of_all(longitude, latitude):
    network = ring()
    shapes = [network.geometry(edge) for edge in range(5)]
    gaps = []
    for start, end in shapes:
        share = np.linspace(0, 1, 2001)[:, None]
        points = start * (1 - share) + end * share
        gaps.append(np.hypot(*((points - [longitude, latitude]) / M).T).min())
    found = EdgeFinder(network).nearest(longitude=longitude, latitude=latitude, within_m=5000.0)
    assert found.distance_m[0] == pytest.approx(min(gaps), rel=1e-3, abs=0.5)


def test_closures_add_up_and_reopen():
    one = Closures.of_edges(5, [0, 1], source="a", simulated=True)
    two = Closures(np.zeros(5, bool), np.array([1, 1, 2.0, 1, 1]), "b", False, ("note",))
    both = one | two
    assert closed(both) == [0, 1] and both.slowdown[2] == 2 and both.simulated and both.source == "a; b"
    assert both.notes == ("note",) and both.n_closed == 2
    assert closed(both.reopened([0])) == [1] and closed(both) == [0, 1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Closures(np.zeros(2, bool), np.ones(3), "", False), "shape"),
        (lambda: Closures(np.zeros(2, bool), np.array([1, 0.5]), "", False), "1 or more"),
        (lambda: Closures(np.zeros(2, bool), np.array([1, np.inf]), "", False), "is closed"),
        (lambda: Closures.of_edges(3, [3], source=""), "there are 3"),
        (lambda: Closures.of_edges(3, [], source="") | Closures.of_edges(4, [], source=""), "3 and 4"),
        (lambda: ClosureChance(np.array([1.2]), "", np.ones(1)), r"\[0, 1\]"),
        (lambda: ClosureChance(np.array([0.2]), "", np.ones(2)), "one value per edge"),
        (lambda: ClosureChance(np.array([0.2]), "", np.ones(1)).most_likely(0.0), "above 0"),
    ],
)
def test_closures_that_make_no_sense(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_chances_become_closures_and_say_that_they_are_simulated():
    chance = ClosureChance(np.array([0.0, 0.4, 0.6, 1.0]), "model", np.array([1, 2.0, 1, 1]))
    likely = chance.most_likely()
    assert closed(likely) == [2, 3] and likely.simulated and "SIMULATED" in likely.notes[0]
    assert closed(chance.most_likely(0.3)) == [1, 2, 3]
    drawn = [chance.sample(np.random.default_rng(seed)) for seed in range(400)]
    shares = np.mean([one.closed for one in drawn], axis=0)
    assert shares[[0, 3]].tolist() == [0, 1] and shares[1:3] == pytest.approx([0.4, 0.6], abs=0.1)
    same = chance.sample(np.random.default_rng(0))
    assert same.closed.tolist() == drawn[0].closed.tolist() and same.slowdown[1] == 2.0
    either = chance | ClosureChance(np.full(4, 0.5), "other", np.ones(4))
    assert either.probability == pytest.approx([0.5, 0.7, 0.8, 1.0])


def test_hazus_bridges_at_their_medians():
    """Hazus 5.1 section 7.1: HWB10 conventional continuous concrete 0.60, 0.90, 1.10, 1.50 g; HWB28 0.80 to 1.70 g."""
    for median, state in zip((0.60, 0.90, 1.10, 1.50), BRIDGE_STATES, strict=True):
        assert bridge_state_probability(median, state, bridge_class="HWB10") == pytest.approx(0.5)
    # One standard deviation (0.6 in the logarithm) below the median.
    assert bridge_state_probability(1.7 * np.exp(-0.6), "complete", bridge_class="HWB28") == pytest.approx(
        0.158655, abs=1e-6
    )
    assert len(BRIDGE_MEDIANS_G) == 28


@given(st.sampled_from(sorted(BRIDGE_MEDIANS_G)), st.floats(0, 3), st.floats(0, 3), st.floats(0, 80))
def test_damage_rises_with_shaking_and_falls_with_the_state(kind, one, other, skew):
    low, high = sorted((one, other))
    table = [
        bridge_state_probability(np.array([low, high]), s, bridge_class=kind, skew_deg=skew) for s in BRIDGE_STATES
    ]
    assert all((row[0] >= 0) and (row[0] <= row[1] <= 1) for row in table)
    assert (np.diff(np.array(table[1:]), axis=0) <= 1e-12).all()
    square = bridge_state_probability(high, "complete", bridge_class=kind)
    assert bridge_state_probability(high, "complete", bridge_class=kind, skew_deg=skew) >= square - 1e-12


def test_only_bridges_have_a_chance_of_closing_and_fields_are_averaged():
    network = ring(bridge=[False, True, False, False, True])
    edges, longitude, latitude = bridge_sites(network)
    assert (
        edges.tolist() == [1, 4]
        and longitude == pytest.approx([0.01, -0.005])
        and latitude == pytest.approx([0.005, 0.01])
    )
    fields = np.array([[0.2, 0.0], [0.8, 0.0]])
    chance = bridge_chance(network, fields)
    expected = bridge_state_probability(fields[:, 0], "extensive").mean()
    assert chance.probability == pytest.approx([0, expected, 0, 0, 0]) and "SIMULATED" in chance.source
    assert chance.slowdown.tolist() == [1, 2, 1, 1, 1]
    assert bridge_chance(network, fields, closed_from="complete").probability[1] < expected


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"sa10_g": [0.1]}, InputError, "network has 2"),
        ({"sa10_g": [0.1, -1]}, InputError, "below zero"),
        ({"sa10_g": [0.1, np.nan]}, InputError, "not a number"),
        ({"sa10_g": [0.1, 0.1], "bridge_class": "HWB99"}, UnknownNameError, "did you mean"),
        ({"sa10_g": [0.1, 0.1], "closed_from": "extnsive"}, UnknownNameError, "extensive"),
        ({"sa10_g": [0.1, 0.1], "skew_deg": 90}, InputError, "skew"),
    ],
)
def test_shaking_that_makes_no_sense_at_a_bridge(how, error, message):
    with pytest.raises(error, match=message):
        bridge_chance(ring(bridge=[False, True, False, False, True]), **how)


def test_a_heap_keeps_its_volume():
    roadside = Roadside(slope_deg=30.0)
    for storeys in (1, 3, 9):
        reach = roadside.reach_m(storeys)
        height = reach * np.tan(np.radians(30.0))
        volume = height * 10.0 + height * reach / 2
        assert volume == pytest.approx(0.5 * 10.0 * 3.0 * storeys)
    assert roadside.reach_m(9) > roadside.reach_m(3)


def test_rubble_shuts_narrow_streets_between_tall_houses_first():
    low, tall = Roadside(storey_share={2: 1.0}), Roadside(storey_share={8: 1.0})
    street = {"carriageway_m": 7.0, "setback_m": 4.0}
    assert low.blocking_share(**street) < 0.02 < 0.3 < tall.blocking_share(**street)
    assert tall.blocking_share(carriageway_m=20.0, setback_m=10.0) < tall.blocking_share(**street)


@given(st.floats(0, 1), st.floats(0, 1))
def test_rubble_rises_with_collapse_and_with_length(one, other):
    low, high = sorted((one, other))
    network = ring(length_m=np.array([10, 100, 1000, 10, 10.0]), road_class="residential")
    less, more = (debris_chance(network, np.full(5, p)).probability for p in (low, high))
    assert (less <= more + 1e-12).all() and (np.diff(more[:3]) >= -1e-12).all()
    assert debris_chance(network, np.zeros((3, 5))).probability.tolist() == [0] * 5
    assert debris_chance(network, np.ones(5), built_up=0.0).probability.tolist() == [0] * 5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: debris_chance(ring(), np.zeros(4)), "for 4 edges"),
        (lambda: debris_chance(ring(), np.full(5, 1.5)), "collapse_probability"),
        (lambda: debris_chance(ring(), np.full(5, 0.5), built_up=-1), "built_up"),
        (lambda: Roadside(storey_share={1: 0.5}), "add to 1"),
        (lambda: Roadside(depth_m=0), "depth_m"),
    ],
)
def test_rubble_that_makes_no_sense(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_edges_take_the_zone_whose_centroid_is_nearest():
    zones = {"longitude": np.array([0.005, 0.005, -0.02]), "latitude": np.array([-0.001, 0.011, 0.01])}
    assert zone_of_edges(ring(), **zones).tolist()[::2] == [0, 1, 1]


def test_buildings_stand_evenly_along_the_streets_of_their_zone():
    zone = np.array([0, 0, 1, 1, 2])
    share = built_up_share(ring(), zone, np.array([100, 1e6, 0]))
    assert share == pytest.approx([0.3, 0.3, 1, 1, 0])  # 100 fronts of 12 m on 4,000 m of roadside
    with pytest.raises(InputError, match="fewer than no"):
        built_up_share(ring(), zone, np.array([1, -1, 0]))
