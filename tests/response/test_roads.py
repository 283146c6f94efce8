import numpy as np
import pytest
from hypothesis import given

from houfeng.errors import InputError
from houfeng.geo import great_circle_km
from houfeng.response.roads import RoadNetwork, columns_of
from houfeng.response.synthetic import synthetic_roads
from tests.response.road_cases import networks, ring


def two_pieces() -> RoadNetwork:
    return RoadNetwork.from_edges(
        node_longitude=[5, 5.1, 0, 0.01, 0.02],
        node_latitude=[5, 5, 0, 0, 0],
        edge_from=[0, 2, 3],
        edge_to=[1, 3, 4],
        edge_id=["far", "a", "b"],
        bridge=[False, True, False],
        name=["", "x", "y"],
    )


def test_columns_are_frozen_and_of_their_kinds():
    network = ring()
    for column in columns_of(network).values():
        with pytest.raises(ValueError, match="read-only"):
            column[0] = column[0]
    assert network.edge_id.dtype.kind == "U" and network.one_way.dtype == bool and network.edge_from.dtype == np.int64


def test_a_given_array_is_copied_not_locked():
    lengths = np.full(5, 1000.0)
    ring(length_m=lengths)
    lengths[0] = 7.0
    assert lengths[0] == 7.0


def test_lengths_not_given_are_those_of_the_map():
    network = ring(length_m=None)
    assert network.length_m[0] == pytest.approx(1000 * 6371 * np.radians(0.01))


def test_travel_time_is_length_over_speed():
    assert ring().travel_time_s == pytest.approx(np.full(5, 100.0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edge_from": [], "edge_to": []}, "empty"),
        ({"edge_to": [1, 2, 3, 0, 5]}, "nodes 0 to 5; there are 5"),
        ({"edge_from": [-1, 1, 2, 3, 3]}, "nodes -1 to 4"),
        ({"edge_from": [0, 1]}, "edge_from has 2 rows, edge_to 5"),
        ({"length_m": np.full(4, 1.0)}, "length_m has shape"),
        ({"length_m": np.array([1, 1, 1, 1, -1.0])}, "below zero"),
        ({"length_m": np.array([1, 1, 1, 1, np.nan])}, "below zero or none"),
        ({"speed_kmh": np.array([30, 30, 0, 30, 30.0])}, "1 roads have no positive speed, the first is '2'"),
        ({"edge_id": ["a", "b", "c", "a", "d"]}, "'a' is used 2 times"),
        ({"node_longitude": [0, 0, 0, 0, 5e5], "length_m": np.full(5, 1.0)}, "metres of a map"),
    ],
)
def test_what_cannot_be_a_network_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        ring(**change)


def test_shapes_must_fit_the_edges():
    columns = columns_of(ring()) | {"geometry_offset": np.array([0, 1, 2, 3, 4, 10])}
    with pytest.raises(InputError, match="geometry_offset"):
        RoadNetwork(**columns)


def test_components_are_ranked_by_their_edges():
    network = two_pieces()
    assert network.components().tolist() == [1, 1, 0, 0, 0]
    assert network.summary()["components"] == 2 and network.summary()["edges_outside_largest"] == 1


def test_directed_components_obey_one_way_streets():
    network = ring(one_way=[False, False, False, False, True])
    assert network.components().tolist() == [0] * 5
    assert network.components(directed=True).tolist() == [0, 0, 0, 0, 1]


def test_largest_component_keeps_shapes_names_and_identifiers():
    part = two_pieces().largest_component()
    assert part.edge_id.tolist() == ["a", "b"] and part.name.tolist() == ["x", "y"]
    assert part.n_nodes == 3 and part.bridge.tolist() == [True, False]
    assert part.geometry(1) == pytest.approx(np.array([[0.01, 0], [0.02, 0]]))
    assert part.edge_from.tolist() == [0, 1] and part.edge_to.tolist() == [1, 2]


def test_select_by_number_keeps_the_order_given():
    assert two_pieces().select(np.array([2, 0])).edge_id.tolist() == ["b", "far"]


@given(networks())
def test_selecting_everything_changes_no_edge(network):
    same = network.select(np.ones(network.n_edges, bool))
    assert same.length_m.tolist() == network.length_m.tolist()
    for end in ("edge_from", "edge_to"):
        mine, theirs = getattr(network, end), getattr(same, end)
        assert network.node_longitude[mine].tolist() == same.node_longitude[theirs].tolist()


def test_nearest_node_gives_the_distance_along_the_ground():
    found = ring().nearest_node(longitude=[0.0101, -0.5], latitude=[0.0, 0.01])
    assert found.index.tolist() == [1, 4]
    far = great_circle_km(longitude=-0.5, latitude=0.01, to_longitude=-0.01, to_latitude=0.01)
    assert found.distance_m == pytest.approx([11.12, 1000 * far], rel=1e-3)


def test_nearest_node_among_some():
    network = two_pieces()
    found = network.nearest_node(longitude=5.0, latitude=5.0, among=network.components() == 0)
    assert found.index.tolist() == [4]
    with pytest.raises(InputError, match="no node is left"):
        network.nearest_node(longitude=5.0, latitude=5.0, among=np.zeros(5, bool))


def test_nearest_node_wants_coordinates():
    with pytest.raises(InputError, match="no coordinates"):
        ring().nearest_node(longitude=np.nan, latitude=0.0)


def test_an_identifier_finds_every_piece_of_its_feature():
    network = ring(edge_id=["7", "7#1", "8", "70", "9"])
    found = network.edges_with_id(["7", "7#1", "8", "x"])
    assert {key: value.tolist() for key, value in found.items()} == {"7": [0, 1], "7#1": [1], "8": [2], "x": []}


def test_a_synthetic_town_is_the_same_for_the_same_seed_and_says_that_it_is_made_up():
    one, two, other = (synthetic_roads(2000, seed=seed) for seed in (1, 1, 2))
    assert one.length_m.tolist() == two.length_m.tolist() != other.length_m.tolist()
    assert one.simulated and "seed 1" in one.source
    assert 1900 <= one.n_edges <= 2000 and one.components().max() == 0
    degree = np.bincount(np.concatenate([one.edge_from, one.edge_to]))
    assert 0.3 < (degree == 2).mean() < 0.75
    with pytest.raises(InputError, match="100 edges"):
        synthetic_roads(10, seed=1)
