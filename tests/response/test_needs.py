import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.response.demand import Ranges, ZoneDemand
from houfeng.response.needs import STANDARDS, Standard, needs_of


def zones(displaced, injured=0.0) -> ZoneDemand:
    n = len(displaced)
    return ZoneDemand(
        zone_id=range(n), longitude=np.zeros(n), latitude=np.zeros(n), population=Ranges.exact(np.full(n, 1e5)),
        displaced=Ranges(displaced, np.multiply(displaced, 0.5), np.multiply(displaced, 2.0)),
        injured_severe=Ranges.exact(np.full(n, injured)), trapped=Ranges.exact(np.zeros(n)), simulated=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("item", "amount", "unit", "rhythm"),
    [
        ("water", 15.0, "litres", "per day"),
        ("food", 2100.0, "kcal", "per day"),
        ("soap", 450 / 30, "g", "per day"),
        ("toilets", 1 / 20, "toilets", "once"),
        ("toilets_first_days", 1 / 50, "toilets", "once"),
        ("taps", 1 / 250, "taps", "once"),
        ("covered_area", 3.5, "m2", "once"),
        ("settlement_area", 45.0, "m2", "once"),
    ],
)
def test_the_numbers_are_those_of_the_sphere_handbook_2018(item, amount, unit, rhythm):
    standard = next(each for each in STANDARDS if each.item == item)
    assert (standard.amount, standard.unit, standard.rhythm) == (pytest.approx(amount), unit, rhythm)
    assert standard.source.startswith("Sphere 2018")


def test_needs_of_a_thousand_people():
    needs = needs_of(zones([1000.0], injured=40.0))
    assert needs.total("water").value == 15_000
    assert needs.total("water", days=3).value == 45_000
    assert needs.total("toilets").value == 50 and needs.total("toilets", days=3).value == 50
    assert needs.total("covered_area").value == 3_500
    assert needs.total("hospital_beds").value == 40 and needs.total("medical_teams").value == 2
    assert (needs.total("food").low, needs.total("food").high) == (1_050_000, 4_200_000)
    assert needs.simulated


def test_needs_stay_apart_by_zone():
    needs = needs_of(zones([100.0, 0.0, 20.0]))
    assert needs.amount("water").mean.tolist() == [1500, 0, 300]
    assert needs.zone_id == ("0", "1", "2")


def test_an_unknown_need_lists_what_there_is():
    with pytest.raises(InputError, match="no need called 'beer' was counted; there are water, taps, food"):
        needs_of(zones([1.0])).total("beer")


def test_days_must_be_positive():
    with pytest.raises(InputError, match="needs for 0 days"):
        needs_of(zones([1.0])).total("water", days=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rhythm": "weekly"}, "per day or once, not 'weekly'"),
        ({"people": "dogs"}, "counts one of population, displaced"),
        ({"amount": -1.0}, "is -1.0 for each person"),
    ],
)
def test_a_standard_of_ones_own_is_checked(changes, message):
    given_ = {"item": "x", "names": ("x", "x"), "amount": 1.0, "unit": "kg", "rhythm": "once", "people": "displaced"}
    with pytest.raises(InputError, match=message):
        Standard(**given_ | {"source": "own"} | changes)


@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_needs_grow_with_people_and_keep_their_range(some, more):
    few, many = needs_of(zones([some])), needs_of(zones([some + more]))
    for standard in STANDARDS:
        assert many.total(standard.item).value >= few.total(standard.item).value
        total = few.total(standard.item)
        assert total.low <= total.value <= total.high


def test_every_standard_has_both_names_and_a_source():
    for standard in STANDARDS:
        assert standard.name("en") and standard.name("zh") and standard.source
        assert standard.name("en") != standard.name("zh")
