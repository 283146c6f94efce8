import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.damage.assessment import assess
from houfeng.damage.recovery import (
    RepairItem,
    building_days,
    district_items,
    plan_recovery,
    repair_needs,
)
from houfeng.errors import InputError
from tests.damage.stocks import stock


def assessed(median_g=0.4, spread=1.0, **columns):
    exposure = stock(30, zones=3, **columns)
    rng = np.random.default_rng(2)
    motion = {"PGA": (median_g * np.exp(0.3 * rng.standard_normal((100, 30)))).astype(np.float32)}
    return assess(exposure, motion, local_hour=2, rng=rng, spread=spread)


def item(name, cost, people, lifeline=False):
    return RepairItem(name, np.atleast_1d(cost), np.atleast_1d(people), lifeline)


def plan(items, budget, **options):
    return plan_recovery(items, yearly_budget_usd=budget, simulated=True, **options)


def test_every_district_has_cost_time_and_people_as_ranges():
    assessment = assessed()
    needs = repair_needs(assessment, rng=np.random.default_rng(1))
    assert [need.zone_id for need in needs] == ["z0", "z1", "z2"]
    for need in needs:
        assert need.simulated and not need.observed
        assert need.cost_usd == assessment.estimate("loss_usd", need.zone_id)
        assert need.displaced == assessment.estimate("displaced", need.zone_id)
        assert 0 < need.building_days.low < need.building_days.value < need.building_days.high
        assert 2 * math.exp(-2) < need.days_per_building.low <= need.days_per_building.high < 180 * math.exp(2)


def test_days_are_those_of_the_states():
    assessment = assessed(types=("RM1L-LC",))
    days = building_days(assessment, rng=np.random.default_rng(1))
    counts = [assessment.samples[f"buildings_{state}"] for state in ("slight", "moderate", "extensive", "complete")]
    plain = sum(count * day for count, day in zip(counts, (2, 30, 90, 180), strict=True))
    factor = days / plain  # one for all zones of a field
    assert np.ptp(factor, axis=1).max() < 1e-12
    assert factor.mean() == pytest.approx(1, abs=0.15)


def test_a_mixed_district_takes_the_days_of_its_buildings():
    """Three low single-family buildings for each tall multi-family one: days in that proportion, not by assets."""
    exposure = stock(2, zones=1, types=("RM1L-LC", "C1M-LC"), buildings=np.array([300.0, 100.0]))
    motion = {"PGA": np.full((40, 2), 0.4, np.float32)}
    assessment = assess(exposure, motion, local_hour=2, rng=np.random.default_rng(2))
    counts = [assessment.of(f"buildings_{state}") for state in ("slight", "moderate", "extensive", "complete")]
    plain = sum(count * day for count, day in zip(counts, (2.75, 30, 97.5, 195), strict=True))
    ln_factor = np.log(building_days(assessment, rng=np.random.default_rng(1))[:, 0] / plain)
    expected = 0.4 * np.random.default_rng(1).standard_normal(40) - 0.08
    np.testing.assert_allclose(ln_factor, expected, atol=1e-12)


def test_days_per_building_are_those_of_the_damaged_ones():
    assessment = assessed(types=("RM1L-LC",), spread=0.0)
    days = building_days(assessment, rng=np.random.default_rng(1))[:, 0]
    damaged = 100 - assessment.of("buildings_none", "z0")
    need = repair_needs(assessment, rng=np.random.default_rng(1))[0]
    assert need.days_per_building.value == pytest.approx(np.mean(days / damaged))
    assert need.building_days.value == pytest.approx(days.mean())


def test_nothing_broken_takes_no_time():
    assessment = assessed(median_g=1e-4)
    for need in repair_needs(assessment, rng=np.random.default_rng(1)):
        assert need.building_days.high == need.days_per_building.high == 0


def test_lifelines_first_then_people_per_dollar():
    items = [
        item("a", 10, 10),
        item("b", 10, 30),
        item("water", 50, 1, True),
        item("c", 5, 10),
        item("power", 9, 1, True),
    ]
    found = plan(items, 100)
    assert [one.name for one in found.items] == ["water", "power", "b", "c", "a"]
    assert [one.rank for one in found.items] == [1, 2, 3, 4, 5]
    assert found.items[2].people_per_million_usd == pytest.approx(3e6)
    assert "Lifelines first" in found.rule["en"] and "生命线" in found.rule["zh"]


def test_the_budget_decides_when():
    found = plan([item("a", 150, 30), item("b", 100, 10), item("c", 100, 5)], [100, 100, 50, 0])
    assert [one.done_years.value for one in found.items] == [pytest.approx(1.5), pytest.approx(3.0), math.inf]
    assert [one.value for one in found.home_again] == [0, 30, 40, 40]
    assert found.unpaid_usd.value == 100


def test_years_are_ranges_over_the_fields_and_endless_where_one_in_twenty_is():
    """Costs of 1 to 100 under 10 a year: the 5th, 50th and 95th field, by hand."""
    cost = np.arange(1.0, 101.0)
    found = plan([item("a", cost, np.ones(100))], 10, years=10).items[0].done_years
    assert (found.low, found.value, found.high) == pytest.approx((0.5, 5.0, 9.5))
    short = plan([item("a", cost, np.ones(100))], 10, years=9)
    assert short.items[0].done_years.high == math.inf and short.items[0].done_years.value == pytest.approx(5.0)
    assert short.home_again[8].value == pytest.approx(0.9)
    assert short.unpaid_usd.value == pytest.approx(0.55)


def test_a_cost_that_the_money_just_meets_is_paid():
    """Seven sevenths of a billion are no more than the billion, though their sum rounds to 2e-7 above it."""
    sevenths = [item(str(i), 1e9 / 7, 10 - i) for i in range(7)]
    assert np.cumsum([1e9 / 7] * 7)[-1] > 1e9
    found = plan(sevenths, [1e9])
    assert found.items[-1].done_years.value == pytest.approx(1.0)
    assert found.home_again[0].value == sum(range(4, 11))


def test_lifelines_are_not_people_at_home():
    found = plan([item("water", 10, 1000, True), item("a", 10, 7)], 100, years=1)
    assert found.home_again[0].value == 7


def test_what_costs_nothing_is_done_at_once():
    found = plan([item("a", 100, 10), item("free", 0, 0)], 100)
    assert found.items[0].name == "free" and found.items[0].done_years.value == 0


def test_without_money_nothing_is_done():
    found = plan([item("a", 100, 10)], 0.0, years=3)
    assert found.items[0].done_years.value == math.inf
    assert [one.value for one in found.home_again] == [0, 0, 0]
    assert found.unpaid_usd.value == 100


costs = st.lists(st.floats(0, 1e6), min_size=1, max_size=6)


@given(costs, st.floats(1, 1e6), st.floats(1, 3))
def test_more_money_is_never_slower(cost, budget, factor):
    items = [item(str(i), one, i + 1.0) for i, one in enumerate(cost)]
    poor, rich = plan(items, budget), plan(items, budget * factor)
    for less, more in zip(poor.items, rich.items, strict=True):
        assert less.name == more.name
        assert more.done_years.value <= less.done_years.value * (1 + 1e-9) + 1e-9
    assert rich.home_again[-1].value >= poor.home_again[-1].value


@given(costs, st.floats(1, 1e6))
def test_people_at_home_never_fall_and_years_follow_the_order(cost, budget):
    found = plan([item(str(i), one, 3.0) for i, one in enumerate(cost)], budget)
    home = [one.value for one in found.home_again]
    assert home == sorted(home)
    years = [one.done_years.value for one in found.items]
    assert years == sorted(years)


def test_the_districts_of_an_assessment_under_a_budget():
    assessment = assessed()
    items = district_items(assessment)
    total = sum(one.cost_usd.mean() for one in items)
    found = plan_recovery(items, yearly_budget_usd=total / 4, years=8, simulated=assessment.simulated)
    assert found.simulated
    for one in found.items:
        assert 0 <= one.done_years.low <= one.done_years.value <= one.done_years.high
    assert found.home_again[-1].value <= assessment.estimate("displaced").value * (1 + 1e-9)
    assert found.items[-1].done_years.high > found.items[0].done_years.high


@pytest.mark.parametrize(
    ("items", "budget", "message"),
    [
        ([], 100, "there is nothing to repair"),
        ([item("a", 1, 1)], -5, "the yearly budget must be US dollars"),
        ([item("a", 1, 1)], [], "the yearly budget must be US dollars"),
        ([item("a", 1, 1)], math.nan, "the yearly budget must be US dollars"),
        ([item("a", 1, 1), item("b", [1, 2], [1, 2])], 5, "the same number of fields"),
    ],
)
def test_impossible_plans_are_refused(items, budget, message):
    with pytest.raises(InputError, match=message):
        plan(items, budget)


@pytest.mark.parametrize("cost", [-1, math.nan, math.inf])
def test_impossible_costs_are_refused(cost):
    with pytest.raises(InputError, match="cost_usd of 'a' must be a row of numbers"):
        item("a", cost, 1)
