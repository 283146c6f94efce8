"""Whom to warn: thresholds, hysteresis, confirmation, expected errors; and when acting pays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import ConfigError, InputError
from houfeng.values import Estimate
from houfeng.warning import (
    ConfirmationRule,
    CostLoss,
    ForecastRule,
    IntensityRule,
    Location,
    Rules,
    chance_of_intensity,
    decide,
)

SURE = Location(stations=8, error_km=4)
RULES = Rules()
chance = st.floats(0, 1)


def ladder(rows: list[float]) -> dict[float, np.ndarray]:
    """Chances that fall with the level: MMI VI, VII, VIII at each place."""
    six = np.array(rows)
    return {6.0: six, 7.0: six**2, 8.0: six**4}


tables = st.lists(chance, min_size=1, max_size=12).map(ladder)


def test_each_place_is_warned_by_the_strongest_rule_it_reaches():
    found = decide(RULES, ladder([0.9, 0.75, 0.6, 0.2]), SURE)
    assert found.warned_by.tolist() == [0, 1, 2, -1]
    assert [band.rule.severity for band in found.bands] == ["Extreme", "Severe", "Moderate"]
    assert found.places_by_rule == {"severe shaking": (0,), "very strong shaking": (1,), "strong shaking": (2,)}
    assert found.armed


@given(tables)
def test_errors_are_the_sums_of_chances(chances):
    found = decide(RULES, chances, SURE)
    for index, band in enumerate(found.bands):
        told = (found.warned_by >= 0) & (found.warned_by <= index)
        assert band.expected_false.value == pytest.approx((1 - chances[band.rule.mmi])[told].sum())
        assert band.expected_missed.value == pytest.approx(chances[band.rule.mmi][~told].sum())
        for errors, places in ((band.expected_false, told), (band.expected_missed, ~told)):
            assert -1e-9 <= errors.low <= errors.value + 1e-9 and errors.value <= errors.high + 1e-9 <= places.sum() + 1


@given(tables, chance)
def test_higher_chances_never_warn_fewer(chances, more):
    raised = {level: row + (1 - row) * more for level, row in chances.items()}
    before, after = decide(RULES, chances, SURE), decide(RULES, raised, SURE)
    rank = [len(RULES.intensity) if by < 0 else by for by in before.warned_by]
    assert all((len(RULES.intensity) if b < 0 else b) <= a for b, a in zip(after.warned_by, rank, strict=True))


@given(tables, st.integers(0, 3))
def test_nobody_is_warned_before_the_location_is_confirmed(chances, stations):
    found = decide(RULES, chances, Location(stations=stations, error_km=5), warned={"strong shaking": (0,)})
    assert not found.armed and not found.places_by_rule
    assert found.unconfirmed == (f"{stations} of 4 stations",)


@pytest.mark.parametrize(
    ("location", "missing"),
    [
        (Location(), ("0 of 4 stations", "its error is unknown, at most 50 km is wanted")),
        (Location(4, 60), ("its error is 60 km, at most 50 km is wanted",)),
        (Location(4, float("nan")), ("its error is unknown, at most 50 km is wanted",)),
        (Location(4, 50), ()),
        (Location(confirmed_by="CSN"), ()),
        (Location(confirmed_by="  "), ("0 of 4 stations", "its error is unknown, at most 50 km is wanted")),
    ],
)
def test_what_a_location_lacks_is_named(location, missing):
    assert location.shortcomings(ConfirmationRule()) == missing


def test_a_single_solution_may_not_be_enough():
    assert Location(9, 1, 1).shortcomings(ConfirmationRule(solutions=2)) == ("1 of 2 solutions agreed",)


def test_a_warned_place_is_released_only_below_the_release_chance():
    rules = Rules(intensity=(IntensityRule("strong", "Moderate", 6, arm=0.5, release=0.3),))
    states, warned = [], {}
    for p in (0.4, 0.5, 0.4, 0.31, 0.3, 0.29, 0.4, 0.49, 0.6):
        found = decide(rules, {6.0: np.array([p])}, SURE, warned=warned)
        warned = found.places_by_rule
        states.append(found.armed)
    assert states == [False, True, True, True, True, False, False, False, True]


def test_a_place_falls_band_by_band():
    before = {"severe shaking": (0,)}
    chances = {8.0: np.array([0.2]), 7.0: np.array([0.35]), 6.0: np.array([0.9])}
    assert decide(RULES, chances, SURE, warned=before).warned_by.tolist() == [1]
    assert decide(RULES, chances, SURE).warned_by.tolist() == [2]


@given(tables)
def test_deciding_again_with_the_same_chances_changes_nothing(chances):
    first = decide(RULES, chances, SURE)
    again = decide(RULES, chances, SURE, warned=first.places_by_rule)
    assert (again.warned_by <= first.warned_by)[first.warned_by >= 0].all() or not first.armed
    third = decide(RULES, chances, SURE, warned=again.places_by_rule)
    assert third.warned_by.tolist() == again.warned_by.tolist()


def test_fields_tell_how_far_errors_go_together():
    rng = np.random.default_rng(1)
    together = np.repeat(rng.normal(6.2, 0.6, (4000, 1)), 10, axis=1)
    apart = rng.normal(6.2, 0.6, (4000, 10))
    rules = Rules(intensity=(IntensityRule("strong", "Moderate", 6, arm=0.5, release=0.3),))
    (one,) = decide(rules, {6.0: chance_of_intensity(together, 6)}, SURE, fields=together).bands
    (two,) = decide(rules, {6.0: chance_of_intensity(apart, 6)}, SURE, fields=apart).bands
    assert (one.expected_false.low, one.expected_false.high, one.expected_false.level) == (0, 10, 0.9)
    assert two.expected_false.low >= 1 and two.expected_false.high <= 7
    assert one.expected_false.value == pytest.approx(two.expected_false.value, abs=0.3)


def test_chance_is_the_share_of_fields():
    mmi = np.array([[5.9, 7.0], [6.0, 7.0], [6.1, 5.0], [4.0, 5.0]])
    assert chance_of_intensity(mmi, 6).tolist() == [0.5, 0.5]
    assert chance_of_intensity(mmi, 6, weights=np.array([0, 1, 1, 0])).tolist() == [1.0, 0.5]
    for bad in (np.array([[np.nan]]), np.empty((0, 3))):
        with pytest.raises(InputError, match="give no chance"):
            chance_of_intensity(bad, 6)


@pytest.mark.parametrize(
    ("chances", "words"),
    [
        ({6.0: [0.5], 7.0: [0.2]}, "asks for the chance of MMI >= 8; given are: 6, 7"),
        ({6.0: [0.5], 7.0: [0.2], 8.0: [1.2]}, "must all lie between 0 and 1"),
        ({6.0: [0.5], 7.0: [0.2], 8.0: [np.nan]}, "must all lie between 0 and 1"),
        ({6.0: [0.5], 7.0: [0.2], 8.0: [0.3]}, "at place 0 a higher intensity is likelier"),
        ({6.0: [0.5, 0.5], 7.0: [0.2], 8.0: [0.1]}, "one number for each place"),
    ],
)
def test_chances_that_make_no_sense_are_told(chances, words):
    with pytest.raises(InputError, match=words):
        decide(RULES, {level: np.array(row) for level, row in chances.items()}, SURE)


@given(chance, st.floats(1e-3, 1e6), st.floats(1e-3, 1e6))
def test_acting_pays_exactly_above_cost_over_loss(p, cost, loss):
    costs = CostLoss(cost, loss)
    assert costs.flip_probability == cost / loss
    assert costs.acts(p) == (p * loss > cost) == (costs.expected_gain(p) > 0)


@given(chance, chance, st.floats(0.01, 0.99))
def test_advice_is_firm_when_the_range_does_not_reach_the_flip(a, b, flip):
    low, high = sorted((a, b))
    verdict = CostLoss(flip, 1.0).verdict(Estimate((low + high) / 2, low, high))
    assert verdict.firm == (CostLoss(flip, 1.0).acts(low) == CostLoss(flip, 1.0).acts(high))
    assert verdict.gain.low <= verdict.gain.value <= verdict.gain.high
    assert verdict.false_alarm_chance == 1 - verdict.probability.value


def test_acting_that_costs_more_than_it_saves_never_pays():
    assert CostLoss(3, 2).flip_probability == 1.5 and not CostLoss(3, 2).acts(1.0)
    for bad in (0, -1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="it must be a number more than 0"):
            CostLoss(bad, 1)
    with pytest.raises(InputError, match="between 0 and 1"):
        CostLoss(1, 2).acts(1.1)


def test_what_was_begun_is_not_stopped_at_the_flip_itself():
    rule = ForecastRule("r", "inspect", 6.0, CostLoss(1, 10), "USD", release_share=0.7)
    states, acting = [], False
    for p in (0.09, 0.11, 0.09, 0.071, 0.069, 0.09):
        acting = rule.acts(p, acting=acting)
        states.append(acting)
    assert states == [False, True, True, True, False, False]


TOML = """
[confirmation]
stations = 6
error_km = 20
solutions = 2
[event_codes]
SAME = "EQW"
[[intensity]]
name = "strong"
severity = "Severe"
mmi = 6.5
arm = 0.4
release = 0.2
[[forecast]]
name = "bridges"
action = "inspect the bridges"
magnitude = 6
cost = 1000
loss_avoided = 50000
unit = "USD"
"""


def test_rules_are_read_from_a_file(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text(TOML)
    rules = Rules.from_toml(path)
    assert rules.intensity == (IntensityRule("strong", "Severe", 6.5, 0.4, 0.2),)
    assert rules.confirmation == ConfirmationRule(6, 20.0, 2) and isinstance(rules.confirmation.stations, int)
    assert rules.forecast == (ForecastRule("bridges", "inspect the bridges", 6.0, CostLoss(1000, 50000), "USD"),)
    assert rules.event_codes == (("SAME", "EQW"),) and rules.levels == (6.5,)
    path.write_text("")
    assert Rules.from_toml(path) == Rules()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[confirmation]", "[confirm]", "'confirm' is not known; there are: confirmation"),
        ("arm = 0.4", "arm = 0.1", "wanted: 0 < release <= arm <= 1"),
        ("arm = 0.4", "", r"an \[\[intensity\]\] rule lacks arm"),
        ("arm = 0.4", "arm = 'x'", "arm is 'x', it must be a number"),
        ("arm = 0.4", "arms = 0.4", "'arms' is not known"),
        ('severity = "Severe"', 'severity = "Bad"', "the severity is 'Bad', allowed: Extreme"),
        ("mmi = 6.5", "mmi = 65", "mmi is 65.0; it must lie between 1 and 12"),
        ("stations = 6", "stations = 0", "never armed on an unconfirmed location"),
        ("cost = 1000", "cost = -1", "cost is -1.0; it must be a number more than 0"),
        ("cost = 1000", "", "rule lacks cost"),
        ("[[forecast]]", "[forecast]", r"must be a list of tables: write \[\[forecast\]\]"),
        ('name = "bridges"', 'name = "strong"', "two rules have the same name"),
        ("[confirmation]", "[confirmation", "are not TOML"),
    ],
)
def test_wrong_rules_are_told(tmp_path, old, new, words):
    path = tmp_path / "rules.toml"
    assert old in TOML
    path.write_text(TOML.replace(old, new))
    with pytest.raises(ConfigError, match=words):
        Rules.from_toml(path)


def test_a_missing_file_and_rules_out_of_order_are_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot read the rules"):
        Rules.from_toml(tmp_path / "none.toml")
    rules = (IntensityRule("a", "Minor", 8, 0.5, 0.3), IntensityRule("b", "Extreme", 6, 0.5, 0.3))
    with pytest.raises(InputError, match="stronger shaking has a lower severity"):
        Rules(intensity=rules)
