"""Pools and their weights: what must hold for any chances, and what is learned from truths that are known."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import FitError, InputError
from houfeng.models.ensemble.totals import draw_totals, log_count_law, spread_totals
from houfeng.models.ensemble.weights import Trial, learn_weights, log_pool, past_score


def log_chances(rng: np.random.Generator, k: int, m: int) -> np.ndarray:
    raw = rng.gamma(0.7, size=(k, m)) + 1e-4
    return np.log(raw / raw.sum(axis=1, keepdims=True))


def on_simplex(rng: np.random.Generator, k: int) -> np.ndarray:
    return rng.dirichlet(np.ones(k))


seeds = st.integers(0, 2**32 - 1)
members = st.integers(2, 5)


@given(seeds, members)
def test_a_pool_sums_to_one_and_between_equal_members_changes_nothing(seed, k):
    rng = np.random.default_rng(seed)
    weights = on_simplex(rng, k)
    assert np.exp(log_pool(log_chances(rng, k, 30), weights)).sum() == pytest.approx(1)
    one = log_chances(rng, 1, 30)
    np.testing.assert_allclose(log_pool(np.repeat(one, k, axis=0), weights), one[0], atol=1e-12)


@given(seeds, members)
def test_all_weight_on_one_member_gives_that_member(seed, k):
    rng = np.random.default_rng(seed)
    chances = log_chances(rng, k, 30)
    for i in range(k):
        np.testing.assert_allclose(log_pool(chances, np.eye(k)[i]), chances[i], atol=1e-12)


@given(seeds, members)
def test_the_order_of_members_does_not_matter(seed, k):
    rng = np.random.default_rng(seed)
    trials = [Trial(log_chances(rng, k, 20), rng.poisson(3, 20)) for _ in range(3)]
    order = rng.permutation(k)
    shuffled = [Trial(trial.log_chance[order], trial.came) for trial in trials]
    np.testing.assert_allclose(learn_weights(shuffled, k, 5.0), learn_weights(trials, k, 5.0)[order], atol=2e-3)
    weights = on_simplex(rng, k)
    assert past_score(weights[order], shuffled)[0] == pytest.approx(past_score(weights, trials)[0])


@given(seeds, members)
def test_the_slope_of_the_score_is_its_derivative_and_the_score_is_concave(seed, k):
    rng = np.random.default_rng(seed)
    trials = [Trial(log_chances(rng, k, 20), rng.poisson(2, 20)) for _ in range(3)]
    weights, other, step = on_simplex(rng, k), on_simplex(rng, k), 1e-5
    score, slope = past_score(weights, trials)
    for i in range(k):
        ahead, behind = (past_score(weights + sign * step * np.eye(k)[i], trials)[0] for sign in (1, -1))
        assert (ahead - behind) / (2 * step) == pytest.approx(slope[i], rel=1e-4, abs=1e-4)
    middle = past_score((weights + other) / 2, trials)[0]
    assert middle >= (score + past_score(other, trials)[0]) / 2 - 1e-9


@given(seeds, members, st.floats(0.1, 50))
def test_no_other_weights_do_better_and_the_best_member_is_beaten_but_for_the_prior(seed, k, prior):
    rng = np.random.default_rng(seed)
    trials = [Trial(log_chances(rng, k, 25), rng.poisson(rng.uniform(0, 4), 25)) for _ in range(4)]
    weights = learn_weights(trials, k, prior)
    assert (weights >= 0).all() and weights.sum() == pytest.approx(1)

    def worth(w):
        return past_score(w, trials)[0] - prior * ((w - 1 / k) ** 2).sum()

    found = worth(weights)
    assert all(worth(on_simplex(rng, k)) <= found + 0.05 for _ in range(50))
    best = max(past_score(corner, trials)[0] for corner in np.eye(k))
    assert past_score(weights, trials)[0] >= best - prior * (1 - 1 / k) - 0.05


def test_weights_of_a_log_linear_truth_are_found():
    rng = np.random.default_rng(3)
    truth = np.array([0.6, 0.3, 0.1])
    trials = []
    for _ in range(60):
        chances = log_chances(rng, 3, 50)
        trials.append(Trial(chances, rng.multinomial(100, np.exp(log_pool(chances, truth)))))
    np.testing.assert_allclose(learn_weights(trials, 3, 5.0), truth, atol=0.04)


def test_a_useless_member_gets_next_to_no_weight():
    rng = np.random.default_rng(4)
    chances = [log_chances(rng, 3, 50) for _ in range(20)]  # the first is the truth, the last is even
    for one in chances:
        one[2] = -np.log(50)
    trials = [Trial(one, rng.multinomial(40, np.exp(one[0]))) for one in chances]
    weights = learn_weights(trials, 3, 5.0)
    assert weights[0] > 0.9 and weights[1] < 0.05 and weights[2] < 0.1


def test_few_earthquakes_decide_little_and_none_decide_nothing():
    rng = np.random.default_rng(5)
    chances = log_chances(rng, 2, 50)
    one = np.eye(50)[np.argmax(chances[0] - chances[1])]
    lone = learn_weights([Trial(chances, one)], 2, 200.0)
    assert 0.5 < lone[0] < 0.55
    assert learn_weights([Trial(chances, np.zeros(50))], 2, 5.0).tolist() == [0.5, 0.5]
    assert learn_weights([], 4, 5.0).tolist() == [0.25] * 4
    assert learn_weights([Trial(chances[:1], one)], 1, 5.0).tolist() == [1.0]


def test_alike_members_share_their_weight():
    rng = np.random.default_rng(6)
    chances = log_chances(rng, 2, 40)
    trial = Trial(chances[[0, 0, 1]], rng.multinomial(500, np.exp(chances[0])))
    weights = learn_weights([trial], 3, 5.0)
    assert weights[0] == pytest.approx(weights[1], abs=1e-2)


def test_a_climb_that_stops_halfway_is_an_error(monkeypatch):
    rng = np.random.default_rng(7)
    chances = log_chances(rng, 2, 40)
    trial = Trial(chances, rng.multinomial(500, np.exp(chances[0])))
    monkeypatch.setattr("scipy.optimize.minimize", lambda *_, **__: SimpleNamespace(x=np.full(2, 0.5), message="tired"))
    with pytest.raises(FitError, match="tired"):
        learn_weights([trial], 2, 5.0)


@pytest.mark.parametrize(
    ("log_chance", "came"),
    [(np.zeros((2, 3)), np.zeros(4)), (np.zeros(3), np.zeros(3)), (np.array([[0.0, -np.inf]]), np.zeros(2))],
)
def test_a_trial_must_fit_and_leave_nothing_impossible(log_chance, came):
    with pytest.raises(InputError):
        Trial(log_chance, came)


# --- the law of totals


@given(seeds, st.floats(0.05, 400), st.floats(0.3, 20))
def test_a_law_of_totals_keeps_mean_and_frequent_numbers(seed, mean, shape):
    rng = np.random.default_rng(seed)
    samples = rng.poisson(rng.gamma(shape, mean / shape, 10_000))
    size = 2 * int(samples.max()) + 10
    chance = np.exp(log_count_law(samples, size))
    assert chance.sum() == pytest.approx(1)
    assert (chance > 0).all()
    assert chance @ np.arange(size) == pytest.approx(samples.mean(), rel=0.01, abs=0.003)
    values, counts = np.unique(samples, return_counts=True)
    often = (counts >= 50) & (values < 20)
    np.testing.assert_allclose(chance[values[often]], counts[often] / 10_000, rtol=0.03, atol=1e-3)


@pytest.mark.parametrize("mean", [0.4, 8.0, 300.0])
def test_a_law_of_totals_scores_nearly_as_the_truth(mean):
    from scipy.stats import nbinom

    truth = nbinom(3.0, 3.0 / (3.0 + mean))
    law = log_count_law(truth.rvs(10_000, random_state=8), 20_000)
    numbers = np.arange(20_000)
    p = truth.pmf(numbers)
    lost = p[p > 0] @ (truth.logpmf(numbers[p > 0]) - law[p > 0])
    assert 0 <= lost < 0.02, "nats a forecast"


def test_no_number_is_impossible_but_the_far_ones_are_rare():
    law = np.exp(log_count_law(np.zeros(1000, int), 50))
    assert law[0] > 0.999
    assert 0 < law[40] < law[5] < 1e-3


def test_numbers_in_a_row_share_only_while_they_are_near():
    law = np.exp(log_count_law(np.array([100] * 30 + [200]), 500))
    assert law[100] == pytest.approx(law[104], rel=0.05)
    assert law[120] < law[104] / 50
    assert law[200] > 10 * law[190]


def test_drawn_and_spread_totals_follow_the_law():
    law = log_count_law(np.random.default_rng(1).poisson(6.0, 10_000), 60)
    mean = np.exp(law) @ np.arange(60)
    spread = spread_totals(law, 10_000)
    drawn = draw_totals(np.random.default_rng(2), law, 10_000)
    assert (np.diff(spread) >= 0).all()
    assert spread.mean() == pytest.approx(mean, abs=0.01)
    assert drawn.mean() == pytest.approx(mean, abs=5 * drawn.std() / 100)
    np.testing.assert_allclose(np.bincount(spread, minlength=60) / 10_000, np.exp(law), atol=2e-4)
