import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from houfeng.errors import InputError
from houfeng.response.closures import Closures
from houfeng.response.elimination import eliminate
from houfeng.response.synthetic import synthetic_roads
from houfeng.response.travel import Router, unreachable
from tests.response.road_cases import networks, ring


def by_scipy(network, time_s=None) -> np.ndarray:
    """All travel times of a network from scipy, on a dense matrix of the quickest edges (zeros stay edges)."""
    time_s = network.travel_time_s if time_s is None else time_s
    direct = np.full((network.n_nodes, network.n_nodes), np.inf)
    for start, end, seconds, one_way in zip(network.edge_from, network.edge_to, time_s, network.one_way, strict=True):
        direct[start, end] = min(direct[start, end], seconds)
        if not one_way:
            direct[end, start] = min(direct[end, start], seconds)
    start, end = np.nonzero(np.isfinite(direct))
    graph = csr_array((direct[start, end] + 1e-12, (start, end)), shape=direct.shape)
    return dijkstra(graph)


def closing(network, edges) -> Closures:
    return Closures.of_edges(network.n_edges, edges, source="test")


@given(networks())
def test_the_matrix_is_that_of_the_plain_graph(network):
    everything = np.arange(network.n_nodes)
    expected = by_scipy(network)
    router = Router.of(network)
    assert router.matrix(everything, everything) == pytest.approx(expected, rel=1e-6, abs=1e-5)
    assert router.times_from(everything) == pytest.approx(expected, rel=1e-6, abs=1e-5)
    assert router.times_to(everything) == pytest.approx(expected.T, rel=1e-6, abs=1e-5)


@given(networks(), st.data())
def test_closures_give_what_the_graph_without_those_roads_gives(network, data):
    edges = data.draw(st.lists(st.integers(0, network.n_edges - 1), max_size=6))
    slowed = data.draw(st.integers(0, network.n_edges - 1))
    slowdown = np.ones(network.n_edges)
    slowdown[slowed] = 3.0
    closed = closing(network, edges).closed
    router = Router.of(network).under(Closures(closed, slowdown, "test", False))
    expected = by_scipy(network, np.where(closed, np.inf, network.travel_time_s * slowdown))
    everything = np.arange(network.n_nodes)
    assert router.matrix(everything, everything) == pytest.approx(expected, rel=1e-6, abs=1e-5)


@given(networks(), st.data())
def test_closing_a_road_never_shortens_a_way(network, data):
    edges = data.draw(st.lists(st.integers(0, network.n_edges - 1), min_size=1, max_size=4))
    everything = np.arange(network.n_nodes)
    router = Router.of(network)
    before = router.matrix(everything, everything)
    after = router.under(closing(network, edges)).matrix(everything, everything)
    assert (after >= before * (1 - 1e-6)).all()


@given(networks(two_way=True))
def test_there_and_back_take_the_same_where_no_street_is_one_way(network):
    everything = np.arange(network.n_nodes)
    times = Router.of(network).matrix(everything, everything)
    assert times == pytest.approx(times.T, rel=1e-6)


@given(networks(), st.data())
def test_no_route_uses_a_closed_edge_and_every_route_is_drivable(network, data):
    edges = data.draw(st.lists(st.integers(0, network.n_edges - 1), max_size=6))
    closures = closing(network, edges)
    router = Router.of(network).under(closures)
    origin = data.draw(st.integers(0, network.n_nodes - 1))
    everything = np.arange(network.n_nodes)
    times = router.matrix([origin], everything)[0]
    for destination, route in zip(everything, router.routes(origin, everything), strict=True):
        assert not closures.closed[route.edges].any()
        assert route.time_s == pytest.approx(times[destination], rel=1e-6)
        assert route.exists == np.isfinite(times[destination])
        if not route.exists:
            assert len(route.edges) == 0 and route.nodes.tolist() == [origin]
            continue
        assert route.nodes[0] == origin and route.nodes[-1] == destination
        assert route.time_s == pytest.approx(network.travel_time_s[route.edges].sum())
        assert route.length_m == pytest.approx(network.length_m[route.edges].sum())
        for start, end, edge in zip(route.nodes[:-1], route.nodes[1:], route.edges, strict=True):
            ends = (network.edge_from[edge], network.edge_to[edge])
            assert (start, end) == ends or ((end, start) == ends and not network.one_way[edge])


@pytest.mark.parametrize("chains", [True, False])
def test_a_town_with_a_core_left_over_agrees_with_scipy(chains):
    network = synthetic_roads(12_000, seed=3, chains=chains)
    router = Router.of(network)
    assert router.small.n_core > 0
    rng = np.random.default_rng(4)
    origins, destinations = rng.choice(network.n_nodes, 12), rng.choice(network.n_nodes, 30)
    both = ~network.one_way
    start = np.concatenate([network.edge_from, network.edge_to[both]])
    end = np.concatenate([network.edge_to, network.edge_from[both]])
    seconds = np.concatenate([network.travel_time_s, network.travel_time_s[both]])
    # Between two nodes a sparse matrix would add the edges up; the quickest comes last and stays.
    order = np.argsort(-seconds, kind="stable")
    quickest = {(s, e): t for s, e, t in zip(start[order], end[order], seconds[order], strict=True)}
    rows, columns = np.array(list(quickest)).T
    graph = csr_array((list(quickest.values()), (rows, columns)), shape=(network.n_nodes,) * 2)
    expected = dijkstra(graph, indices=origins)
    assert router.matrix(origins, destinations) == pytest.approx(expected[:, destinations], rel=1e-5)
    assert router.times_from(origins[:2]) == pytest.approx(expected[:2], rel=1e-5)


@settings(max_examples=30)
@given(networks(), st.floats(0, 60))
def test_a_limit_leaves_out_what_is_further_and_nothing_else(network, limit_s):
    everything = np.arange(network.n_nodes)
    router = Router.of(network)
    whole = router.matrix(everything, everything)
    limited = router.matrix(everything, everything, limit_s=limit_s)
    near = whole < limit_s - 1e-3
    assert limited[near] == pytest.approx(whole[near], rel=1e-6)
    assert np.isinf(limited[whole > limit_s + 1e-3]).all()


def test_more_origins_than_destinations_give_the_transpose_of_the_other_way():
    router = Router.of(ring(one_way=[True, True, True, True, False]))
    assert router.matrix([0, 1, 2], [3]).tolist() == [[300.0], [200.0], [100.0]]
    assert router.matrix([3], [0, 1, 2]).tolist() == [[100.0, 200.0, 300.0]]
    assert router.matrix([0, 1, 2], [3]).dtype == np.float32


def test_known_times_on_a_ring_before_and_after_a_closure():
    router = Router.of(ring())
    assert router.matrix([0], [1, 4])[0].tolist() == [100.0, 200.0]
    shut = router.under(closing(router.network, [3]))
    assert shut.matrix([0], [1, 4])[0].tolist() == [100.0, 400.0]
    assert shut.route(0, 4).edges.tolist() == [0, 1, 2, 4]
    assert router.matrix([0], [4])[0, 0] == 200.0, "the router without closures must stay as it was"
    assert shut.under(None).matrix([0], [4])[0, 0] == 200.0


def test_a_slowed_road_is_passed_by_where_another_way_is_quicker():
    network = ring()
    slowdown = np.array([1, 1, 1, 5.0, 1])
    router = Router.of(network).under(Closures(np.zeros(5, bool), slowdown, "test", False))
    assert router.matrix([0], [3])[0, 0] == 300.0
    assert router.route(0, 3).edges.tolist() == [0, 1, 2]


def test_all_roads_closed_is_said_and_leaves_only_where_one_stands():
    router = Router.of(ring()).under(closing(ring(), range(5)))
    times = router.matrix([0, 1], [0, 4])
    assert router.all_closed and times.tolist() == [[0.0, np.inf], [np.inf, np.inf]]
    said = unreachable(times)
    assert said.pairs == 3 and said.origins == (1,) and said.destinations == (1,)
    assert str(said) == "3 of 4 pairs have no way; 1 origins reach nothing, 1 destinations cannot be reached at all"
    assert not router.route(0, 4).exists and router.route(0, 0).time_s == 0.0


def test_everything_reachable_is_said_too():
    assert "every destination" in str(unreachable(np.zeros((2, 2))))


def test_closures_of_another_network_are_refused():
    with pytest.raises(InputError, match="network with 9 edges; this one has 5"):
        Router.of(ring()).under(Closures.of_edges(9, [], source="test"))


@pytest.mark.parametrize("nodes", [[5], [-1], [0.5]])
def test_nodes_that_do_not_exist_are_refused(nodes):
    with pytest.raises(InputError, match="0 to 4"):
        Router.of(ring()).matrix(nodes, [0])


def test_no_origins_give_an_empty_matrix():
    assert Router.of(ring()).matrix([], [0, 1]).shape == (0, 2)
    assert Router.of(ring()).matrix([0, 1], []).shape == (2, 0)


def test_a_negative_limit_is_refused():
    with pytest.raises(InputError, match="limit_s"):
        Router.of(ring()).matrix([0], [1], limit_s=-1.0)


def test_a_ring_is_taken_apart_to_nothing():
    small = eliminate(5, np.array([0, 1, 2, 3, 3]), np.array([1, 2, 3, 0, 4]))
    assert small.n_core == 0 and sorted(small.number.tolist()) == [0, 1, 2, 3, 4]


def test_a_star_and_many_edges_between_two_nodes():
    hub = np.zeros(400, int)
    small = eliminate(401, hub, np.arange(1, 401))
    assert small.n_core <= 1
    network = ring(
        edge_from=[0, 0, 1, 1, 0], edge_to=[1, 1, 0, 2, 0], length_m=np.array([5, 3, 4, 1, 9.0]), speed_kmh=3.6
    )
    assert Router.of(network).matrix([0], [0, 1, 2])[0].tolist() == [0.0, 3.0, 4.0]
