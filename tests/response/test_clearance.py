import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.response.clearance import clearance_order
from houfeng.response.closures import Closures
from houfeng.response.roads import RoadNetwork
from houfeng.response.travel import Router
from tests.response.road_cases import networks


def street(n_nodes: int = 6) -> RoadNetwork:
    """Nodes 0 to n - 1 in a row, a minute apart."""
    along = np.arange(n_nodes)
    return RoadNetwork.from_edges(
        node_longitude=along * 0.01, node_latitude=along * 0.0, edge_from=along[:-1], edge_to=along[1:],
        length_m=np.full(n_nodes - 1, 600.0), speed_kmh=36.0,
    )  # fmt: skip


def order_on(network, edges, **how):
    closures = Closures.of_edges(network.n_edges, np.concatenate(edges), source="test")
    return clearance_order(Router.of(network), closures, edges, **how)


def test_two_in_a_row_are_worth_it_together_and_the_nearer_people_come_first():
    blocked = [np.array([1]), np.array([3])]
    found = order_on(street(), blocked, facilities=[0], places=[2, 5], weight=[10, 1], work_min=30)
    assert found.order == (0, 1) and found.done_min.tolist() == [30, 60]
    assert found.reached.tolist() == [0, 10, 11]
    assert found.burden.tolist() == pytest.approx([660, 80, 25])


def test_a_place_behind_two_blockages_is_reached_by_clearing_both():
    blocked = [np.array([1]), np.array([3])]
    found = order_on(street(), blocked, facilities=[0], places=[5])
    assert sorted(found.order) == [0, 1] and found.reached.tolist() == [0, 0, 1]


def test_short_work_comes_before_long_work_for_the_same_gain():
    found = order_on(street(), [np.array([0]), np.array([4])], facilities=[2], places=[0, 5], work_min=[90, 30])
    assert found.order == (1, 0)


def test_a_blockage_that_helps_nobody_is_not_cleared():
    found = order_on(street(), [np.array([0]), np.array([4])], facilities=[2], places=[0])
    assert found.order == (0,)


def test_an_edge_under_two_blockages_opens_when_both_are_gone():
    found = order_on(street(), [np.array([0]), np.array([0])], facilities=[2], places=[0])
    assert sorted(found.order) == [0, 1] and found.reached.tolist() == [0, 0, 1]


@given(networks(two_way=True), st.data())
def test_clearing_never_makes_it_worse_and_ends_where_everything_is_open(network, data):
    edge = st.integers(0, network.n_edges - 1)
    blocked = [np.array([e]) for e in data.draw(st.lists(edge, min_size=1, max_size=5, unique=True))]
    places = np.arange(network.n_nodes)
    found = order_on(network, blocked, facilities=[0], places=places)
    assert (np.diff(found.burden) <= 1e-6).all() and (np.diff(found.reached) >= 0).all()
    assert len(set(found.order)) == len(found.order)
    seconds = Router.of(network).matrix([0], places)[0].astype(float)
    assert found.burden[-1] == pytest.approx(np.minimum(seconds / 60, 60.0).sum(), rel=1e-5, abs=1e-4)


@pytest.mark.parametrize(
    "how", [{"facilities": []}, {"places": []}, {"weight": -1.0}, {"work_min": 0.0}], ids=lambda how: next(iter(how))
)
def test_orders_that_make_no_sense(how):
    with pytest.raises(InputError):
        order_on(street(), [np.array([0])], **({"facilities": [2], "places": [0]} | how))
