"""Where lines meet, to the centimetre: tolerances, layers, counts; and networks at the limits of what they may be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.response.noding import near_segments, node_lines
from houfeng.response.roads import RoadNetwork, columns_of
from tests.response.road_cases import ring

#: A metre of latitude in degrees.
M = 1 / 111_195


def line(*points, latitude: float = 0.0) -> np.ndarray:
    """Points in metres east and north of a place on the equator or elsewhere."""
    return np.array(points, float) * M / [np.cos(np.radians(latitude)), 1.0] + [0.0, latitude]


def test_vertices_two_centimetres_apart_are_two_and_a_millimetre_apart_one():
    for gap_m, nodes in ((0.02, 4), (0.001, 3)):
        noded = node_lines([line((0, 0), (100.03, 0)), line((100.03 + gap_m, 0), (200, 0))])
        assert len(noded.node_longitude) == nodes


@pytest.mark.parametrize("power", [16, 24, 30])
def test_far_places_are_never_taken_for_one(power):
    """A key made of both coordinates must not let a step east stand for many steps north."""
    one = np.array([[0.0, -60.0], [0.5, -60.0]])
    far = np.array([[-1e-7, -60.0 + 2**power * 1e-7], [-0.5, -60.0 + 2**power * 1e-7]])
    assert len(node_lines([one, far]).node_longitude) == 4


@pytest.mark.parametrize(("tolerance_m", "nodes"), [(2.9, 4), (3.1, 3)])
def test_metres_to_the_east_are_metres_at_any_latitude(tolerance_m, nodes):
    lines = [line((0, 0), (100, 0), latitude=60.0), line((103, 0), (200, 0), latitude=60.0)]
    assert len(node_lines(lines, tolerance_m=tolerance_m).node_longitude) == nodes


def test_every_end_that_moves_is_counted_once():
    """Two ends, either side of a bend of a third line and too far from each other: both move, the bend does not."""
    lines = [line((0, -100), (0, 0), (0, 100)), line((-100, 0), (-3, 0)), line((3, 0), (100, 0))]
    noded = node_lines(lines, tolerance_m=4.0)
    assert noded.snapped == 2 and noded.line.tolist() == [0, 0, 1, 2] and len(noded.node_longitude) == 5
    star = [line((c, s), (100 * c, 100 * s)) for c, s in ((1, 0), (0, 1), (-1, 0))]
    three = node_lines(star, tolerance_m=4.0)
    assert three.snapped == 3 and len(three.node_longitude) == 4


def test_shapes_end_at_their_nodes_when_ends_were_moved():
    lines = [line((0, 0), (50, 9), (100, 0)), line((102, 1), (200, 0)), line((101, -1), (100, -80))]
    noded = node_lines(lines, tolerance_m=4.0)
    assert noded.snapped == 3
    for node, at in ((noded.edge_from, noded.offset[:-1]), (noded.edge_to, noded.offset[1:] - 1)):
        assert noded.longitude[at].tolist() == noded.node_longitude[node].tolist()
        assert noded.latitude[at].tolist() == noded.node_latitude[node].tolist()


@pytest.mark.parametrize(("gap_m", "edges"), [(0.001, 3), (0.1, 2)])
def test_without_a_tolerance_only_an_end_on_the_road_itself_meets_it(gap_m, edges):
    lines = [line((0, 0), (200, 0)), line((77, gap_m), (77, 100))]
    assert len(node_lines(lines, node_at="crossings").line) == edges


def test_a_crossing_a_metre_before_the_end_of_a_long_road_is_cut_there():
    noded = node_lines([line((0, 0), (3000, 0)), line((2999, -50), (2999, 50))], node_at="crossings")
    assert noded.line.tolist() == [0, 0, 1, 1] and len(noded.node_longitude) == 5
    assert noded.node_longitude[noded.edge_to[0]] == pytest.approx(2999 * M, abs=1e-9)


def test_crossings_of_one_road_come_in_order_along_it_whatever_the_order_of_the_file():
    across = [line((x, -50), (x, 50)) for x in (80, 20, 60)]
    noded = node_lines([line((100, 0), (0, 0)), *across], node_at="crossings")
    first = np.flatnonzero(noded.line == 0)
    ends = [noded.node_longitude[noded.edge_from[i]] / M for i in first]
    assert ends == pytest.approx([100, 80, 60, 20])
    assert noded.edge_to[first[:-1]].tolist() == noded.edge_from[first[1:]].tolist()


@pytest.mark.parametrize(("layers", "edges"), [((1, 0), 2), ((0, 1), 2), ((-1, 0), 2), ((0, -1), 2), ((1, 1), 4)])
def test_only_roads_of_one_level_meet_whichever_comes_first(layers, edges):
    cross = [line((0, 0), (200, 0)), line((100, -50), (100, 50))]
    assert len(node_lines(cross, node_at="crossings", layer=np.array(layers)).line) == edges


def test_an_end_beside_the_end_of_a_road_joins_that_end_and_leaves_no_splinter():
    noded = node_lines([line((0, 0), (200, 0)), line((199, 1), (199, 90))], node_at="crossings", tolerance_m=5.0)
    assert noded.line.tolist() == [0, 1] and noded.edge_to[0] == noded.edge_from[1]


def test_a_road_is_not_joined_to_itself_nor_at_a_bend_that_only_comes_near():
    hook = [line((0, 0), (200, 0), (200, 90), (100, 90), (100, 2))]
    assert node_lines(hook, node_at="crossings", tolerance_m=5.0).line.tolist() == [0]
    bend = [line((0, 0), (200, 0)), line((0, 90), (100, 2), (200, 90))]
    assert node_lines(bend, node_at="crossings", tolerance_m=5.0).line.tolist() == [0, 1]


def test_an_end_is_joined_across_its_gap_also_among_very_short_roads():
    short = [line((500 + 10 * i, 500), (501 + 10 * i, 500)) for i in range(40)]
    noded = node_lines([line((0, 0), (200, 0)), line((77, 4), (77, 90)), *short], node_at="crossings", tolerance_m=4.5)
    assert noded.line.tolist()[:3] == [0, 0, 1]


def gap_between(start, end, other_start, other_end) -> float:
    """Distance of two segments that do not cross, by their ends."""

    def to(point, a, b):
        share = np.clip(((point - a) @ (b - a)) / max((b - a) @ (b - a), 1e-30), 0, 1)
        return np.hypot(*(point - a - share * (b - a)))

    ends = [(start, other_start, other_end), (end, other_start, other_end)]
    return min(to(*case) for case in [*ends, (other_start, start, end), (other_end, start, end)])


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.5))
def test_every_pair_within_the_margin_is_among_the_near(seed, margin):
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, 2, (14, 2))
    end = start + rng.normal(0, 1, (14, 2)) * rng.choice([0.01, 0.5], (14, 1), p=[0.8, 0.2])
    near = set(zip(*(side.tolist() for side in near_segments(start, end, margin)), strict=True))
    for i, j in zip(*np.triu_indices(14, 1), strict=True):
        if gap_between(start[i], end[i], start[j], end[j]) <= margin:
            assert (i, j) in near


def test_pieces_are_ranked_by_the_edges_inside_them_not_by_those_that_leave():
    """Nodes 0 and 1 drive to and fro and send five one-way streets away; 7, 8 and 9 have three streets of their own."""
    network = RoadNetwork.from_edges(
        node_longitude=np.arange(10) * 0.01,
        node_latitude=np.zeros(10),
        edge_from=[0, 0, 0, 0, 1, 1, 7, 8, 9],
        edge_to=[1, 2, 3, 4, 5, 6, 8, 9, 7],
        one_way=[False, *[True] * 5, False, False, False],
    )
    assert network.components(directed=True)[[7, 8, 9]].tolist() == [0, 0, 0]
    assert network.components(directed=True)[[0, 1]].tolist() == [1, 1]


def test_all_edges_outside_the_largest_piece_are_counted():
    network = RoadNetwork.from_edges(
        node_longitude=np.arange(8) * 0.01,
        node_latitude=np.zeros(8),
        edge_from=[0, 1, 2, 4, 6],
        edge_to=[1, 2, 3, 5, 7],
    )
    told = network.summary()
    assert told["components"] == 3 and told["edges_outside_largest"] == 2


def test_a_far_node_is_as_far_as_the_way_along_the_ground():
    found = ring().nearest_node(longitude=[90.01, 60.01], latitude=[0.0, 0.0])
    assert found.distance_m == pytest.approx(6_371_000 * np.radians([90.0, 60.0]), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"node_longitude": [0, 0.01, 0.01, 0, 180.01]}, "node_longitude has values outside"),
        ({"node_latitude": [0, 0, 0.01, 0.01, 90.01]}, "node_latitude has values outside"),
        ({"node_latitude": [0, 0, 0.01, 0.01, np.nan]}, "node_latitude has values outside"),
        ({"length_m": np.array([1, 1, 1, 1, np.inf])}, "none at all"),
        ({"speed_kmh": np.array([30, 30, 30, np.inf, 30.0])}, "the first is '3' with inf"),
    ],
)
def test_numbers_just_outside_their_limits_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        ring(**({"length_m": np.full(5, 1.0)} | change))


@pytest.mark.parametrize("offset", [[1, 2, 4, 6, 8, 10], [0, 2, 4, 6, 8, 9], [0, 1, 4, 6, 8, 10], [0, 2, 4, 6, 10]])
def test_shapes_that_do_not_fit_the_edges_are_refused(offset):
    with pytest.raises(InputError, match="geometry_offset must rise from 0 to 10"):
        RoadNetwork(**columns_of(ring()) | {"geometry_offset": np.array(offset)})


def test_no_point_of_a_shape_is_left_over_before_the_first_edge():
    columns = columns_of(ring())
    one_more = {name: np.append(columns[name], 0.0) for name in ("geometry_longitude", "geometry_latitude")}
    with pytest.raises(InputError, match="geometry_offset must rise from 0 to 11"):
        RoadNetwork(**columns | one_more | {"geometry_offset": np.array([1, 3, 5, 7, 9, 11])})


def test_a_part_keeps_the_source_the_shapes_and_that_it_is_made_up():
    bent = columns_of(ring()) | {
        "geometry_offset": np.array([0, 2, 5, 7, 9, 11]),
        "geometry_longitude": np.arange(11) / 100,
        "geometry_latitude": np.arange(11) / 200,
    }
    part = RoadNetwork(**bent, source="somebody", simulated=True).select(np.array([3, 1]))
    assert part.source == "somebody" and part.simulated and part.geometry_offset.tolist() == [0, 2, 5]
    assert part.geometry(0)[:, 0].tolist() == [0.07, 0.08] and part.geometry(1)[:, 1].tolist() == [0.01, 0.015, 0.02]
