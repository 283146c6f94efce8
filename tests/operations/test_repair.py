"""Repair by district as a document: ranges, order, and what a budget does not reach."""

import json

import numpy as np
import pytest

from houfeng.damage.assessment import assess
from houfeng.damage.building_stock import Zones, simulate_stock
from houfeng.damage.recovery import district_items, plan_recovery, repair_needs
from houfeng.operations.repair import districts, recovery_document


@pytest.fixture(scope="module")
def damage():
    """Three zones under shaking of 0.2 to 0.6 g, forty fields; SIMULATED."""
    zones = Zones(
        zone_id=["a", "b", "c"],
        longitude=[-71.2, -71.25, -71.3],
        latitude=[-29.9, -29.95, -30.0],
        population=[4000.0, 2000.0, 500.0],
        area_km2=[2.0, 1.0, 1.0],
    )
    stock = simulate_stock(zones, rng=np.random.default_rng(1))
    rng = np.random.default_rng(2)
    pga = np.exp(rng.normal(np.log(0.35), 0.4, (40, 1)) + rng.normal(0, 0.2, (40, len(stock)))).astype(np.float32)
    return assess(stock, {"PGA": pga}, local_hour=20.0, rng=rng)


def test_without_a_budget_the_worst_district_comes_first(damage):
    rows = districts(damage, repair_needs(damage, rng=np.random.default_rng(3)), None)
    assert [row["zone_id"] for row in rows] == sorted(
        (row["zone_id"] for row in rows), key=lambda name: -{r["zone_id"]: r["severe"]["value"] for r in rows}[name]
    )
    assert {row["zone_id"] for row in rows} == {"a", "b", "c"}
    for row in rows:
        assert row["cost_usd"]["low"] <= row["cost_usd"]["value"] <= row["cost_usd"]["high"]
        assert row["simulated"] and not row["observed"]
        assert "rank" not in row


def test_with_a_budget_the_order_is_that_of_the_plan(damage):
    needs = repair_needs(damage, rng=np.random.default_rng(3))
    plan = plan_recovery(district_items(damage), yearly_budget_usd=2e6, simulated=True)
    rows = districts(damage, needs, plan)
    assert [row["zone_id"] for row in rows] == [item.name for item in plan.items]
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert sum(row["cost_usd"]["value"] for row in rows) == pytest.approx(damage.estimate("loss_usd").value, rel=1e-3)


def test_a_document_is_plain_json_even_where_the_money_never_suffices(damage):
    plan = plan_recovery(district_items(damage), yearly_budget_usd=1.0, simulated=True)
    told = recovery_document(damage, repair_needs(damage, rng=np.random.default_rng(3)), plan, simulated=True)
    back = json.loads(json.dumps(told, allow_nan=False))
    assert back["districts"][-1]["done_years"]["high"] is None
    assert back["unpaid_usd"]["value"] == pytest.approx(damage.estimate("loss_usd").value, rel=1e-3)
    assert back["simulated"] is True and back["observed"] is False
    assert set(back["rule"]) == {"en", "zh"}


def test_without_a_plan_there_is_no_order(damage):
    told = recovery_document(damage, repair_needs(damage, rng=np.random.default_rng(3)), None, simulated=False)
    assert "rule" not in told and "yearly_budget_usd" not in told
    assert told["simulated"] is False
