import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.response.demand import Ranges, ZoneDemand


def demand(**changes) -> ZoneDemand:
    columns = {
        "zone_id": ("a", "b"),
        "longitude": [-71.3, -71.2],
        "latitude": [-29.9, -30.0],
        "population": Ranges.exact([1000, 2000]),
        "displaced": Ranges([100, 50], [10, 0], [300, 200]),
        "injured_severe": Ranges([5, 2], [0, 0], [20, 9]),
        "trapped": Ranges([3, 0.5], [0, 0], [12, 2]),
        "simulated": True,
    }
    return ZoneDemand(**columns | changes)


def test_a_demand_keeps_its_zones_and_ranges():
    zones = demand()
    assert len(zones) == 2
    assert zones.displaced.total.value == 150
    assert (zones.displaced.total.low, zones.displaced.total.high) == (10, 500)
    assert zones.trapped.row(0).high == 12 and zones.trapped.row(0).level == 0.9


def test_demand_from_samples_has_the_mean_and_the_inner_ninety_percent():
    cases = np.arange(101.0)[:, None] * np.array([[1.0, 2.0]])
    zones = ZoneDemand.from_samples(
        zone_id=["a", "b"], longitude=[0, 0], latitude=[0, 0], population=[10, 10], displaced=cases,
        injured_severe=cases, trapped=cases, simulated=False,
    )  # fmt: skip
    assert zones.displaced.mean.tolist() == [50, 100]
    assert zones.displaced.low == pytest.approx([5, 10]) and zones.displaced.high == pytest.approx([95, 190])
    assert zones.population.low.tolist() == zones.population.high.tolist() == [10, 10]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"zone_id": ("a", "a")}, "zone_id 'a' occurs more than once"),
        ({"longitude": [-71.3, 200.0]}, "longitude of 1 of 2 zones is not -180 to 180, first 200.0 in row 1"),
        ({"latitude": [1.0, 2.0, 3.0]}, r"has shape \(3,\), expected \(2,\)"),
        ({"trapped": Ranges.exact([1.0])}, "trapped has 1 rows, but there are 2 zones"),
    ],
)
def test_bad_zones_are_told_what_is_wrong(changes, message):
    with pytest.raises(InputError, match=message):
        demand(**changes)


def test_negative_people_are_refused_with_their_place():
    with pytest.raises(InputError, match="mean of 1 of 2 ranges is not a finite number of at least 0, first -3.0"):
        Ranges.exact([5, -3])


def test_a_reversed_range_is_refused():
    with pytest.raises(InputError, match="row 1 is reversed"):
        Ranges([1, 1], [0, 2], [2, 1])


@pytest.mark.parametrize("samples", [np.zeros((0, 3)), np.zeros(3)])
def test_samples_need_cases_and_rows(samples):
    with pytest.raises(InputError, match="expected .cases, rows."):
        Ranges.of_samples(samples)


@given(st.lists(st.lists(st.floats(0, 1e6), min_size=3, max_size=3), min_size=1, max_size=6))
def test_a_span_holds_all_three_whatever_their_order(rows):
    mean, low, high = np.array(rows).T
    span = Ranges.spanning(mean, low, high)
    for values in (mean, low, high):
        assert (span.low <= values).all() and (values <= span.high).all()


@given(st.floats(0, 100))
def test_scaling_scales_all_three(factor):
    scaled = demand().displaced * factor
    assert scaled.total.high == pytest.approx(500 * factor)
    assert scaled.total.value == pytest.approx(150 * factor)
