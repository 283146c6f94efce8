import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.response.advice import KINDS, Action, advise, advise_all
from houfeng.values import Estimate


def action(**changes) -> Action:
    fields = {
        "kind": "inspect_bridge",
        "place": "Puente Fiscal",
        "cost": 1_000.0,
        "loss": Estimate(1_000_000.0, 500_000.0, 2_000_000.0, 0.9),
        "effectiveness": 0.5,
        "protected_share": 0.2,
    }
    return Action(**fields | changes)


def chance(value, low=None, high=None) -> Estimate:
    return Estimate(value, value if low is None else low, value if high is None else high, 0.9)


def test_the_flip_is_cost_over_what_can_be_averted():
    told = advise(action(), chance(0.02))
    assert told.flips_at == pytest.approx(1_000 / (1_000_000 * 0.5 * 0.2))
    assert told.verdict == "act"
    assert told.net_benefit.value == pytest.approx(0.02 * 100_000 - 1_000)


@pytest.mark.parametrize(
    ("probability", "verdict"),
    [
        (chance(0.02, 0.011, 0.05), "act"),
        (chance(0.02, 0.005, 0.05), "likely"),
        (chance(0.005, 0.001, 0.02), "open"),
        (chance(0.001, 0.0, 0.004), "wait"),
        (chance(0.01), "wait"),
    ],
)
def test_the_verdict_follows_the_range_of_the_chance(probability, verdict):
    assert advise(action(), probability).verdict == verdict


def test_what_costs_more_than_it_can_avert_is_never_advised():
    told = advise(action(cost=200_000.0), chance(1.0))
    assert told.verdict == "never" and told.flips_at == 2.0 and told.net_benefit.value < 0
    assert advise(action(effectiveness=0.0), chance(1.0)).flips_at == float("inf")


def test_the_range_of_the_benefit_is_that_of_chance_and_loss():
    net = advise(action(), chance(0.02, 0.01, 0.04)).net_benefit
    assert (net.low, net.high) == (pytest.approx(0.01 * 50_000 - 1_000), pytest.approx(0.04 * 200_000 - 1_000))


def test_no_city_is_evacuated_because_of_a_forecast():
    with pytest.raises(InputError, match="A city is never evacuated because of a forecast"):
        action(kind="evacuate_city")
    with pytest.raises(InputError, match="would move 220,000 people"):
        action(kind="evacuate_building", people=220_000)
    assert not any("city" in kind for kind in KINDS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cost": -1.0}, "cost -1.0"),
        ({"effectiveness": 1.2}, "effectiveness 1.2"),
        ({"protected_share": float("nan")}, "protected_share nan"),
        ({"loss": Estimate(1.0, -5.0, 2.0)}, "loss -5.0"),
        ({"people": -1}, "would move -1 people"),
    ],
)
def test_bad_actions_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        action(**changes)


@pytest.mark.parametrize("bad", [chance(1.2), chance(-0.1), chance(0.5, 0.6, 0.7)])
def test_a_chance_must_be_one(bad):
    with pytest.raises(InputError, match="must lie in 0 to 1"):
        advise(action(), bad)


def test_advice_is_sorted_by_what_it_brings():
    told = advise_all([(action(place="small"), chance(0.02)), (action(place="large", cost=10.0), chance(0.02))])
    assert [each.action.place for each in told] == ["large", "small"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_speaks_both_languages(kind):
    told = advise(action(kind=kind), chance(0.02, 0.005, 0.05))
    assert "Puente Fiscal" in told.to_text("en") and "worth it above 1 %" in told.to_text("en")
    assert "概率" in told.to_text("zh") and "Puente Fiscal" in told.to_text("zh")


def test_the_text_of_what_never_pays_names_no_flip():
    assert "worth it above" not in advise(action(cost=1e9), chance(0.5)).to_text("en")


@given(p=st.floats(0, 1), cost=st.floats(0, 1e6), loss=st.floats(0, 1e7), works=st.floats(0, 1), share=st.floats(0, 1))
def test_acting_and_a_gain_go_together(p, cost, loss, works, share):
    told = advise(
        action(cost=cost, loss=Estimate(loss, loss, loss), effectiveness=works, protected_share=share), chance(p)
    )
    if told.verdict == "act":
        assert told.net_benefit.value > -1e-6 * max(cost, 1.0)
    else:
        assert told.net_benefit.value <= 1e-6 * max(cost, 1.0)
