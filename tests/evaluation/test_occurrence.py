"""Chances of at least one earthquake in a cell: scores against definitions written out, invariances, intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.evaluation import brier_score, log_score, molchan, occurrence_scores, occurrence_skill, roc

WINDOWS, CELLS = 30, 12


def world(seed: int, *, skill: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates of a model that knows a share `skill` of what varies in time, what came, and the average rates."""
    rng = np.random.default_rng(seed)
    average = rng.gamma(1.0, 0.05, CELLS) + 1e-3
    truth = average * rng.gamma(0.5, 2.0, (WINDOWS, CELLS))
    active = rng.random((WINDOWS, CELLS)) < -np.expm1(-truth)
    rates = average * (truth / average) ** skill
    return rates, active, np.tile(average, (WINDOWS, 1))


def test_sums_are_those_of_the_scores_of_single_cells():
    rates, active, reference = world(1)
    found = occurrence_scores(rates, active, reference)
    chance = -np.expm1(-rates)
    assert found.log_score == pytest.approx(log_score(chance, active).sum(axis=1), rel=1e-9)
    assert found.brier == pytest.approx(brier_score(chance, active).sum(axis=1), rel=1e-12)
    assert found.expected == pytest.approx(chance.sum(axis=1))


def test_areas_are_those_of_the_diagrams():
    rates, active, reference = world(2)
    found = occurrence_scores(rates, active, reference)
    assert found.rank.mean() == pytest.approx(roc(rates.ravel(), active.ravel().astype(int)).area, abs=1e-12)
    area = molchan(rates.ravel(), active.ravel().astype(int), reference.ravel()).area
    assert found.alarmed.mean() == pytest.approx(area, abs=1e-12)


def test_a_model_against_itself_gains_nothing():
    rates, active, reference = world(3)
    found = occurrence_scores(rates, active, reference)
    skill = occurrence_skill(found, found, block=3, rng=np.random.default_rng(0))
    assert (skill.log_gain.value, skill.log_gain.low, skill.log_gain.high) == (0, 0, 0)
    assert (skill.brier_skill.value, skill.brier_skill.low, skill.brier_skill.high) == (0, 0, 0)
    assert skill.n_active == active.sum()


def test_rounding_is_no_skill():
    """A learner that trusts nothing it learned says the champion's rates by way of their logarithms."""
    rates, active, reference = world(3)
    model, other = (occurrence_scores(r, active, reference) for r in (np.exp(np.log(rates)), rates))
    assert not np.array_equal(model.log_score, other.log_score)
    skill = occurrence_skill(model, other, block=3, rng=np.random.default_rng(0))
    assert skill.log_gain.low == skill.log_gain.high == skill.brier_skill.low == skill.brier_skill.high == 0


def test_the_reference_has_an_area_of_one_half():
    _, active, reference = world(4)
    found = occurrence_scores(reference, active, reference)
    assert found.alarmed == pytest.approx(np.full(active.sum(), 0.5))


def test_knowing_more_is_worth_more():
    gains = []
    for skill in (0.0, 0.5, 1.0):
        rates, active, reference = world(5, skill=skill)
        model, other = (occurrence_scores(r, active, reference) for r in (rates, reference))
        gains.append(occurrence_skill(model, other, block=2, rng=np.random.default_rng(0)))
    assert gains[0].log_gain.value == pytest.approx(0, abs=1e-12)
    assert gains[0].log_gain.value < gains[1].log_gain.value
    assert gains[2].auc.value > gains[0].auc.value
    assert gains[2].molchan.value < 0.5
    assert gains[2].log_gain.low < gains[2].log_gain.value < gains[2].log_gain.high


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Of a model that is worth nothing: its gain over its twin with noise is negative, its interval says how sure."""
    inside = 0
    truth = np.mean([_gain(seed)[0] for seed in range(200, 300)])
    for seed in range(60):
        _, estimate = _gain(seed)
        inside += estimate.low <= truth <= estimate.high
    assert inside >= 48  # of 95 %, 57 are expected; blocks of few windows are a little narrow


def _gain(seed: int):
    rates, active, reference = world(seed, skill=0.5)
    model, other = (occurrence_scores(r, active, reference) for r in (rates, reference))
    skill = occurrence_skill(model, other, block=1, rng=np.random.default_rng(seed))
    return skill.log_gain.value, skill.log_gain


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_ranks_do_not_see_the_level(seed: int, factor: float):
    rates, active, reference = world(seed)
    if not active.any():
        return
    first, second = (occurrence_scores(r, active, reference) for r in (rates, rates * factor))
    # Large rates have chances that are equal to rounding: they tie.
    keep = rates.max() * factor < 20
    assert not keep or second.rank == pytest.approx(first.rank, abs=1e-9)
    assert second.alarmed == pytest.approx(first.alarmed, abs=1e-6)


def test_a_certain_miss_costs_much_but_not_infinitely():
    rates, active, reference = world(6)
    rates = np.where(active, 0.0, rates)
    found = occurrence_scores(rates, active, reference)
    assert np.isfinite(found.log_score).all()
    assert found.log_score.sum() < -20 * active.sum()


def test_a_sample_with_weights_stands_for_all_cells():
    """Sums are right on average, areas nearly, when each quiet cell is looked at with chance one in three."""
    rng = np.random.default_rng(9)
    average = rng.gamma(0.5, 0.02, 400) + 1e-4
    truth = average * rng.gamma(0.5, 2.0, (40, 400))
    active = rng.random(truth.shape) < -np.expm1(-truth)
    reference = np.tile(average, (40, 1))
    whole = occurrence_scores(truth, active, reference)
    found = []
    for _ in range(30):
        weight = np.where(active, 1.0, 3.0 * (rng.random(truth.shape) < 1 / 3))
        looked_at = np.where(weight > 0, truth, 7.0)  # what is said of other cells must not count
        found.append(occurrence_scores(looked_at, active, reference, weight))
    for name in ("log_score", "brier", "expected", "rank", "alarmed"):
        mean = np.mean([getattr(one, name).sum() for one in found])
        assert mean == pytest.approx(getattr(whole, name).sum(), rel=0.02)
    with pytest.raises(InputError, match="1 for every active cell"):
        occurrence_scores(truth, active, reference, np.full(truth.shape, 2.0))


def test_impossible_input_is_refused_in_words():
    rates, active, reference = world(7)
    with pytest.raises(InputError, match="windows, cells"):
        occurrence_scores(rates[:, :-1], active, reference)
    with pytest.raises(InputError, match="finite and not negative"):
        occurrence_scores(-rates, active, reference)
    with pytest.raises(InputError, match="above zero"):
        occurrence_scores(rates, active, reference * 0)
    with pytest.raises(NotEnoughDataError, match="no cell was active"):
        occurrence_scores(rates, np.zeros_like(active), reference)
    model = occurrence_scores(rates, active, reference)
    with pytest.raises(InputError, match="same windows"):
        occurrence_skill(model, occurrence_scores(rates[:-1], active[:-1], reference[:-1]), block=1,
                         rng=np.random.default_rng(0))  # fmt: skip
