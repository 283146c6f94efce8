import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.response.noding import crossing_fractions, near_segments, node_lines

#: About 1.1 m and 111 m of latitude in degrees.
M1, M100 = 1e-5, 1e-3


def line(*points) -> np.ndarray:
    return np.array(points, float) * M100


CROSS = [line((0, 0), (2, 0)), line((1, -1), (1, 1))]
T_AT_VERTEX = [line((0, 0), (1, 0), (2, 0)), line((1, 0), (1, 1))]


def test_lines_that_share_a_vertex_meet_there():
    noded = node_lines(T_AT_VERTEX)
    assert noded.line.tolist() == [0, 0, 1] and len(noded.node_longitude) == 4
    assert noded.edge_to[0] == noded.edge_from[1] == noded.edge_from[2]


def test_a_vertex_of_one_line_alone_is_no_node():
    noded = node_lines([line((0, 0), (1, 0.2), (2, 0))])
    assert noded.line.tolist() == [0] and noded.offset.tolist() == [0, 3]


def test_two_lines_that_pass_through_one_vertex_are_both_cut():
    noded = node_lines([line((0, 0), (1, 0), (2, 0)), line((1, -1), (1, 0), (1, 1))])
    assert noded.line.tolist() == [0, 0, 1, 1] and len(noded.node_longitude) == 5


def test_lines_that_merely_cross_meet_only_if_asked():
    assert node_lines(CROSS).line.tolist() == [0, 1]
    noded = node_lines(CROSS, node_at="crossings")
    assert noded.line.tolist() == [0, 0, 1, 1] and len(noded.node_longitude) == 5
    middle = noded.edge_to[0]
    assert (noded.node_longitude[middle], noded.node_latitude[middle]) == pytest.approx((M100, 0.0))


def test_a_bridge_does_not_meet_the_road_below():
    assert node_lines(CROSS, node_at="crossings", layer=np.array([0, 1])).line.tolist() == [0, 1]


def test_a_crossing_at_a_vertex_of_one_line_is_found():
    lines = [line((0, 0), (1, 0), (2, 0)), line((1, -1), (1, 1))]
    assert node_lines(lines, node_at="crossings").line.tolist() == [0, 0, 1, 1]


def test_a_line_that_ends_on_another_meets_it_whatever_the_layer():
    lines = [line((0, 0), (2, 0)), line((1, 0), (1, 1))]
    assert node_lines(lines).line.tolist() == [0, 1]
    for layer in (None, np.array([0, 1])):
        assert node_lines(lines, node_at="crossings", layer=layer).line.tolist() == [0, 0, 1]


def test_an_end_that_misses_by_a_hair_is_joined_within_the_tolerance():
    gap = [line((0, 0), (1, 0)), line((1, 0), (2, 0)) + [3 * M1, 0]]
    assert len(node_lines(gap).node_longitude) == 4
    joined = node_lines(gap, tolerance_m=5.0)
    assert len(joined.node_longitude) == 3 and joined.edge_to[0] == joined.edge_from[1] and joined.snapped == 2
    assert len(node_lines(gap, tolerance_m=2.0).node_longitude) == 4


def test_an_end_near_the_middle_of_a_road_is_joined_with_crossings():
    lines = [line((0, 0), (2, 0)), line((1, 0), (1, 1)) + [0, 2 * M1]]
    assert node_lines(lines, node_at="crossings").line.tolist() == [0, 1]
    assert node_lines(lines, node_at="crossings", tolerance_m=5.0).line.tolist() == [0, 0, 1]


def test_a_short_line_does_not_shrink_into_itself():
    noded = node_lines([line((0, 0), (0.02, 0)), line((0.02, 0), (1, 0))], tolerance_m=5.0)
    assert noded.line.tolist() == [0, 1] and noded.edge_to[0] == noded.edge_from[1]


def test_a_closed_ring_is_an_edge_from_a_node_to_itself():
    noded = node_lines([line((0, 0), (1, 0), (1, 1), (0, 0))])
    assert noded.edge_from.tolist() == noded.edge_to.tolist() == [0]


def test_repeated_points_do_not_make_edges():
    noded = node_lines([line((0, 0), (0, 0), (1, 0), (1, 0))])
    assert noded.line.tolist() == [0] and noded.offset.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("lines", "how", "message"),
    [
        ([], {}, "no lines"),
        (CROSS, {"node_at": "intersections"}, "vertices, crossings"),
        (CROSS, {"tolerance_m": -1.0}, "below zero"),
        ([line((0, 0), (0, 0))], {}, "shrank"),
    ],
)
def test_what_cannot_be_noded_is_refused(lines, how, message):
    with pytest.raises(InputError, match=message):
        node_lines(lines, **how)


def lines_on_a_grid():
    point = st.tuples(st.integers(0, 6), st.integers(0, 6))
    one = st.lists(point, min_size=2, max_size=5).filter(lambda p: any(a != b for a, b in zip(p, p[1:], strict=False)))
    return st.lists(one.map(lambda p: line(*p)), min_size=1, max_size=6)


def total_length(offset, longitude, latitude) -> float:
    steps = np.hypot(np.diff(longitude), np.diff(latitude))
    return float(np.delete(steps, offset[1:-1] - 1).sum())


@given(lines_on_a_grid(), st.sampled_from(["vertices", "crossings"]))
def test_cutting_keeps_the_length_and_the_ends(lines, node_at):
    noded = node_lines(lines, node_at=node_at)
    drawn = sum(np.hypot(*np.diff(one, axis=0).T).sum() for one in lines)
    assert total_length(noded.offset, noded.longitude, noded.latitude) == pytest.approx(drawn)
    for end, at in ((noded.edge_from, noded.offset[:-1]), (noded.edge_to, noded.offset[1:] - 1)):
        assert noded.node_longitude[end] == pytest.approx(noded.longitude[at])
        assert noded.node_latitude[end] == pytest.approx(noded.latitude[at])


@given(lines_on_a_grid())
def test_no_two_edges_cross_inside_once_crossings_are_nodes(lines):
    noded = node_lines(lines, node_at="crossings")
    shape = np.column_stack([noded.longitude, noded.latitude])
    edge = np.repeat(np.arange(len(noded.line)), np.diff(noded.offset))
    segment = np.flatnonzero(edge[1:] == edge[:-1])
    a, b = near_segments(shape[segment], shape[segment + 1])
    s, t = crossing_fractions(shape[segment[a]], shape[segment[a] + 1], shape[segment[b]], shape[segment[b] + 1])
    inside = (s > 1e-6) & (s < 1 - 1e-6) & (t > 1e-6) & (t < 1 - 1e-6)
    # Lines on top of one another are parallel up to the last digits, and no crossing.
    along = shape[segment + 1] - shape[segment]
    turn = along[a, 0] * along[b, 1] - along[a, 1] * along[b, 0]
    parallel = np.abs(turn) < 1e-6 * np.hypot(*along[a].T) * np.hypot(*along[b].T)
    assert not (inside & ~parallel).any()


@given(st.integers(0, 2**32 - 1))
def test_every_pair_of_crossing_segments_is_among_the_near(seed):
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, 1, (25, 2))
    end = start + rng.normal(0, 1, (25, 2)) * rng.choice([0.02, 0.2, 1.0], (25, 1))
    first, second = np.triu_indices(25, 1)
    s, t = crossing_fractions(start[first], end[first], start[second], end[second])
    crossing = {
        (i, j) for i, j, c in zip(first, second, (np.abs(s - 0.5) < 0.5) & (np.abs(t - 0.5) < 0.5), strict=True) if c
    }
    near = set(zip(*(side.tolist() for side in near_segments(start, end)), strict=True))
    assert crossing <= near
