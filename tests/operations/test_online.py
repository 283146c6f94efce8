"""Numbers that follow the data: towards the truth, within the rails, back when they do harm, never ahead of time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FutureError, InputError
from houfeng.operations.online import (
    GammaLevel,
    Guards,
    OnlineState,
    PoolOutcome,
    PoolState,
    WindowOutcome,
    advance,
    objection,
    share_weights,
)
from houfeng.values import Provenance

FREE = Guards(step_per_day=9.0, most_in_all=9.0, belief=20.0, forget_days=1e9, rollback_nats=1e9)
START = np.datetime64("2010-01-01", "us")
WEEK = np.timedelta64(7, "D")


def windows(n, a, c, seed=1, cells=200, first=0):
    """Simulated weeks whose truth is `a` times the background and `c` times the aftershocks of the fitted model."""
    rng = np.random.default_rng(seed)
    for number in range(first, first + n):
        background = np.full(cells, 0.02)
        triggered = np.where(np.arange(cells) < 20, rng.gamma(0.5, 0.4), 1e-4)
        active = rng.random(cells) < -np.expm1(-(a * background + c * triggered))
        start = START + number * WEEK
        yield WindowOutcome(start, start + WEEK, background, triggered, active)


@pytest.mark.parametrize(("a", "c"), [(1.0, 1.0), (1.6, 0.7), (0.5, 1.8)])
def test_levels_converge_to_the_truth(a, c):
    *_, (state, _) = advance(OnlineState(), windows(1500, a, c), FREE)
    assert state.background.used == pytest.approx(a, rel=0.05)
    assert state.triggered.used == pytest.approx(c, rel=0.08)
    assert state.windows == 1500


def test_it_follows_a_change_and_gains_by_it():
    guards = Guards()
    *_, (state, _) = advance(OnlineState(), windows(150, 1.8, 1.0), guards)
    assert 1.5 < state.background.used < 2.05
    assert sum(state.recent) > 5 and state.rollbacks == 0


def test_without_news_levels_return_to_what_was_fitted():
    level, guards = GammaLevel(300.0, 100.0, 2.0), Guards()
    for _ in range(600):
        level = level.after(0.0, 0.0, 7.0, guards)
    assert level.used == pytest.approx(1.0, abs=0.02)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0.1, 60)), min_size=1, max_size=20),
    st.floats(0.001, 0.2),
    st.floats(0.05, 2),
)
def test_no_step_is_longer_than_its_rail(steps, per_day, in_all):
    guards, level = Guards(step_per_day=per_day, most_in_all=in_all), GammaLevel()
    for seen, expected, days in steps:
        following = level.after(seen, expected, days, guards)
        assert abs(np.log(following.used / level.used)) <= per_day * days + 1e-9
        assert abs(np.log(following.used)) <= in_all + 1e-9
        level = following


def test_it_goes_back_when_it_does_harm():
    # Four times too much for a year, then nothing but the fitted model's own rate: what was learned does harm.
    guards = Guards(step_per_day=0.2, forget_days=1e9, belief=5.0, rollback_windows=10, rollback_nats=2.0)
    *_, (state, _) = advance(OnlineState(), windows(100, 4.0, 1.0), guards)
    assert state.background.used == pytest.approx(np.exp(0.7), rel=0.05)
    found = list(advance(state, windows(40, 0.3, 1.0, seed=2, first=100), guards))
    first = next(number for number, (_, back) in enumerate(found) if back)
    assert first < 20
    after = found[first][0]
    assert (after.background, after.triggered, after.recent) == (GammaLevel(), GammaLevel(), ())
    assert after.rollbacks == state.rollbacks + 1


def test_the_same_data_are_never_used_twice_and_give_the_same_again():
    one = list(advance(OnlineState(), windows(30, 1.5, 1.0), Guards()))
    two = list(advance(OnlineState(), windows(30, 1.5, 1.0), Guards()))
    assert one == two
    half = list(advance(OnlineState(), windows(15, 1.5, 1.0), Guards()))[-1][0]
    assert half == one[14][0]
    with pytest.raises(InputError, match="was used already"):
        list(advance(half, windows(1, 1.0, 1.0, first=14), Guards()))
    assert OnlineState.of(one[-1][0].document()) == one[-1][0]


def test_a_window_is_scored_before_it_is_learned_from():
    state, _ = OnlineState().after(next(windows(1, 9.0, 1.0)), datetime(2010, 1, 8, tzinfo=UTC), FREE)
    assert state.recent == (0.0,) and state.background.used > 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.floats(-30, 0), min_size=3, max_size=3), min_size=1, max_size=25), st.floats(0.5, 30))
def test_weights_stay_weights_within_their_rails(said, days):
    guards, weights = Guards(), np.full(3, 1 / 3)
    for one in said:
        following = share_weights(weights, np.array(one), days, guards)
        assert following.sum() == pytest.approx(1)
        assert (following >= guards.floor * 0.999).all()
        assert 0.5 * np.abs(following - weights).sum() <= guards.weight_step_per_day * days + 1e-9
        weights = following


def test_without_rails_weights_are_those_of_bayes():
    guards = Guards(share=0.0, floor=0.0, weight_step_per_day=1e9)
    prior, said = np.array([0.2, 0.3, 0.5]), np.array([-1.0, -2.0, -0.5])
    expected = prior * np.exp(said)
    assert share_weights(prior, said, 1.0, guards) == pytest.approx(expected / expected.sum())


def test_the_pool_loses_little_against_the_best_sequence_of_models():
    """The bound of Herbster and Warmuth (1998) for k changes of the best model in T windows."""
    rng, n, total, changes = np.random.default_rng(4), 3, 300, 2
    said = rng.normal(-5, 0.5, (total, n))
    best = np.repeat([0, 1, 2], 100)
    said[np.arange(total), best] += 1.0
    alpha = changes / (total - 1)
    guards = Guards(share=alpha * n / (n - 1), floor=0.0, weight_step_per_day=1e9)
    weights, pool = np.full(n, 1 / n), 0.0
    for one in said:
        pool += np.log(weights @ np.exp(one))
        weights = share_weights(weights, one, 1.0, guards)
    entropy = -alpha * np.log(alpha) - (1 - alpha) * np.log(1 - alpha)
    bound = np.log(n) + changes * np.log(n - 1) + (total - 1) * entropy
    assert pool >= said[np.arange(total), best].sum() - bound
    assert pool > said.sum(axis=0).max()


def pooled_weeks(n, best, seed=1, cells=150, first=0):
    """Weeks that come as member `best` of three expects; the others expect two times too much or too little."""
    rng = np.random.default_rng(seed)
    for number in range(first, first + n):
        truth = rng.gamma(0.5, 0.08, cells)
        rates = np.stack([truth * factor for factor in np.roll([1.0, 2.0, 0.5], best)])
        start = START + number * WEEK
        yield PoolOutcome(start, start + WEEK, rates, rng.random(cells) < -np.expm1(-truth))


def test_the_weights_of_a_pool_go_to_the_member_that_is_right_and_follow_a_change():
    start = PoolState.even(("champion", "a", "b"))
    found = [state for state, _ in advance(start, pooled_weeks(120, 1), Guards())]
    usual = np.mean([state.weights for state in found[20:]], axis=0)
    assert np.argmax(usual) == 1 and usual[1] > 0.7 and usual.sum() == pytest.approx(1)
    assert found[-1].windows == 120 and sum(found[-1].recent) > 0 and found[-1].rollbacks == 0
    changed = [state for state, _ in advance(found[-1], pooled_weeks(120, 2, seed=2, first=120), Guards())]
    assert np.argmax(np.mean([state.weights for state in changed[20:]], axis=0)) == 2


def test_a_pool_that_does_harm_goes_back_to_equal_weights():
    *_, (state, _) = advance(PoolState.even(("champion", "a", "b")), pooled_weeks(120, 1), Guards())
    guards = Guards(rollback_windows=10, rollback_nats=0.5)
    found = list(advance(state, pooled_weeks(30, 2, seed=3, first=120), guards))
    first = next(number for number, (_, back) in enumerate(found) if back)
    after = found[first][0]
    assert after.weights == (1 / 3,) * 3 and after.recent == () and after.rollbacks == 1
    assert after.windows == 121 + first and after.used_to > state.used_to


def test_a_window_of_a_pool_is_scored_before_it_is_learned_from_and_used_once():
    start = PoolState.even(("champion", "a", "b"))
    one = list(advance(start, pooled_weeks(20, 0), Guards()))
    assert one[0][0].recent == (0.0,) and one[0][0].weights != start.weights
    half = list(advance(start, pooled_weeks(10, 0), Guards()))[-1][0]
    assert half == one[9][0] and PoolState.of(half.document()) == half
    with pytest.raises(InputError, match="was used already"):
        list(advance(half, pooled_weeks(1, 0, first=9), Guards()))


def test_a_pool_is_scored_by_the_rates_that_it_forecasts():
    (week,) = pooled_weeks(1, 0)
    alone = [week.log_score(np.eye(3)[i]) for i in range(3)]
    mixed = week.rates.mean(axis=0)
    said = np.log(-np.expm1(-mixed[week.active])).sum() - mixed[~week.active].sum()
    assert week.log_score(np.full(3, 1 / 3)) == pytest.approx(said)
    assert said >= np.mean(alone), "the log score is concave in the rates"


def test_weights_that_make_no_sense_are_refused():
    with pytest.raises(InputError, match="sum to one"):
        share_weights(np.array([0.5, 0.6]), np.zeros(2), 1.0, Guards())
    with pytest.raises(InputError, match="not finite"):
        share_weights(np.array([0.5, 0.5]), np.array([0.0, -np.inf]), 1.0, Guards())
    with pytest.raises(InputError, match="floor"):
        share_weights(np.full(9, 1 / 9), np.zeros(9), 1.0, Guards(floor=0.2))
    with pytest.raises(InputError, match="step_per_day"):
        Guards(step_per_day=0.0)


END = datetime(2012, 1, 1, tzinfo=UTC)


def sound(n=700, seed=1, end=END):
    rng = np.random.default_rng(seed)
    time = np.datetime64("2010-01-01", "us") + (np.sort(rng.random(n)) * 729.9 * 86_400e6).astype("timedelta64[us]")
    return Catalog.of(time=time, longitude=rng.uniform(0, 1, n), latitude=rng.uniform(0, 1, n),
                      depth_km=np.full(n, 8.0), magnitude=np.round(3 + rng.exponential(0.43, n), 2),
                      provenance=Provenance("made up", "CC0", end, publication_delay_s=0.0))  # fmt: skip


def why(catalog, as_of=END, used_to=END - timedelta(days=90), **more):
    return objection(catalog, as_of=as_of, used_to=used_to, min_magnitude=3.0, guards=Guards(**more))


def test_a_sound_catalogue_is_not_objected_to():
    assert [why(sound(seed=seed)) for seed in range(20)] == [""] * 20


def test_a_broken_catalogue_is_refused_with_the_reason():
    assert "15.0 days before the update" in why(sound(), as_of=END + timedelta(days=15))
    catalog = sound()
    assert "known" in why(catalog.select(np.arange(len(catalog)) < 20))
    silent = catalog.select(catalog.time < np.datetime64("2011-12-01"))
    assert "no earthquake for 3" in why(silent)
    recent = catalog.time >= np.datetime64("2011-10-03")
    assert "no longer complete" in why(catalog.select(~recent | (catalog.magnitude >= 3.3)))
    twice = catalog.select(np.sort(np.concatenate([np.arange(len(catalog)), np.flatnonzero(recent)])))
    assert "stand twice" in why(twice)


def test_what_was_issued_later_is_refused():
    with pytest.raises(FutureError, match="reaches beyond"):
        why(sound(), as_of=END - timedelta(days=1))
    late = sound()
    late = replace(late, issued=late.issued + np.timedelta64(400, "D"))
    with pytest.raises(FutureError):
        why(late)
