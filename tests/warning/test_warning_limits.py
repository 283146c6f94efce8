"""Boundaries of the rules: which side of a threshold acts, what is a range, and the built-in numbers."""

from dataclasses import astuple

import numpy as np
import pytest

from houfeng.errors import ConfigError, InputError
from houfeng.values import Estimate
from houfeng.warning import ConfirmationRule, CostLoss, ForecastRule, IntensityRule, Location, Rules, decide

SURE = Location(confirmed_by="CSN")
ONE = Rules(intensity=(IntensityRule("strong", "Moderate", 6, arm=0.5, release=0.3),))


def test_the_rules_that_are_built_in():
    assert [astuple(rule) for rule in Rules().intensity] == [
        ("severe shaking", "Extreme", 8.0, 0.5, 0.3),
        ("very strong shaking", "Severe", 7.0, 0.5, 0.3),
        ("strong shaking", "Moderate", 6.0, 0.5, 0.3),
    ]
    assert Rules().confirmation == ConfirmationRule(stations=4, error_km=50.0, solutions=1)
    assert Rules().forecast == () == Rules().event_codes
    assert ForecastRule("r", "inspect", 6.0, CostLoss(1, 10), "USD").release_share == 0.7


def test_where_acting_costs_just_what_it_saves_one_does_not_act():
    assert not CostLoss(1, 4).acts(0.25) and CostLoss(1, 4).acts(np.nextafter(0.25, 1))


def test_a_verdict_by_hand():
    """C = 1, L = 4: the flip is at 0.25; 0.2 with a range of 0.1 to 0.5 gains -0.2 (-0.6 to 1)."""
    verdict = CostLoss(1, 4).verdict(Estimate(0.2, 0.1, 0.5, 0.8))
    assert not verdict.act and not verdict.firm and verdict.flip_probability == 0.25
    gain = verdict.gain
    assert (gain.value, gain.low, gain.high, gain.level) == pytest.approx((-0.2, -0.6, 1.0, 0.8))


def test_an_action_begun_goes_on_at_the_release_share_itself():
    rule = ForecastRule("r", "inspect", 6.0, CostLoss(1, 4), "USD", release_share=0.5)
    assert rule.acts(0.125, acting=True) and not rule.acts(np.nextafter(0.125, 0), acting=True)
    assert not rule.acts(0.25, acting=False)


def test_numbers_of_errors_counted_by_hand():
    """Twenty fields of three places; the first two are warned, the third has a chance of 0.4."""
    fields = np.full((20, 3), 5.0)
    fields[:15, 0] = fields[:18, 1] = 6.0  # exactly the rule's intensity: it came
    fields[12:, 2] = 7.0
    (band,) = decide(ONE, {6.0: np.array([0.75, 0.9, 0.4])}, SURE, fields=fields).bands
    # Warned in vain: none in fields 0-14, one in 15-17, two in 18-19; missed: none in 0-11, one in 12-19.
    assert astuple(band.expected_false) == pytest.approx((0.35, 0, 2, 0.9))
    assert astuple(band.expected_missed) == pytest.approx((0.4, 0, 1, 0.9))


def test_a_rare_field_does_not_widen_the_range():
    """Of 20 fields one has all ten places missed: the 90 % range ends before it."""
    fields = np.full((20, 10), 5.0)
    fields[0] = 7.0
    (band,) = decide(ONE, {6.0: np.full(10, 0.05)}, SURE, fields=fields).bands
    assert astuple(band.expected_missed) == pytest.approx((0.5, 0, 0, 0.9))


def test_without_fields_the_range_holds_whatever_goes_together():
    """A certain place cannot be a false warning, an impossible one cannot be missed."""
    (band,) = decide(ONE, {6.0: np.array([1.0, 0.6, 0.0, 0.2])}, SURE).bands
    assert astuple(band.expected_false) == pytest.approx((0.4, 0, 1, 1.0))
    assert astuple(band.expected_missed) == pytest.approx((0.2, 0, 1, 1.0))
    (band,) = decide(ONE, {6.0: np.array([1.0, 0.2])}, Location()).bands
    assert astuple(band.expected_missed) == pytest.approx((1.2, 1, 2, 1.0)), "on an unconfirmed location all is missed"


def test_a_higher_intensity_a_little_likelier_is_refused_and_rounding_is_not():
    rules = Rules(intensity=(*ONE.intensity, IntensityRule("very", "Severe", 7, 0.5, 0.3)))
    with pytest.raises(InputError, match="at place 1"):
        decide(rules, {6.0: np.array([0.5, 0.5]), 7.0: np.array([0.2, 0.5001])}, SURE)
    assert decide(rules, {6.0: np.array([0.5]), 7.0: np.array([0.5 + 1e-12])}, SURE).armed


def test_rules_run_from_the_strongest_down_and_ask_each_level_once():
    weak, strong = IntensityRule("w", "Minor", 5, 0.5, 0.3), IntensityRule("s", "Severe", 7, 0.5, 0.3)
    also = IntensityRule("also", "Minor", 5, 0.9, 0.3)
    rules = Rules(intensity=(weak, strong, also))
    assert [rule.name for rule in rules.intensity] == ["s", "w", "also"] and rules.levels == (7, 5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: IntensityRule("r", "Minor", 0.9, 0.5, 0.3),
        lambda: IntensityRule("r", "Minor", 6, 0.5, 0.0),
        lambda: IntensityRule("r", "Minor", 6, 1.01, 0.3),
        lambda: ForecastRule("r", "a", 6.0, CostLoss(1, 2), "USD", release_share=0.0),
        lambda: ConfirmationRule(solutions=0),
        lambda: ConfirmationRule(error_km=0.0),
        lambda: ConfirmationRule(error_km=float("nan")),
    ],
)
def test_rules_just_outside_their_limits_are_refused(make):
    with pytest.raises(InputError, match="rule 'r'|never armed"):
        make()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("event_codes = 'EQW'", r"write \[event_codes\]"),
        ("[confirmation]\nstations = 4.7", "stations is 4.7, it must be a whole number"),
        ("[confirmation]\nstations = true", "stations is True, it must be a number"),
        ("[confirmation]\nerror_km = inf", "error_km is inf, it must be a number"),
        ("[[confirmation]]\nstations = 4", "stands where a table with stations"),
    ],
)
def test_a_file_of_rules_that_means_something_else_is_refused(tmp_path, text, words):
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        Rules.from_toml(path)
