"""Corrections of the rate: what they find, and that they find nothing where there is nothing."""

import numpy as np
import pytest
from hybrid_samples import usual

from houfeng.models.hybrid.gain import MOST, bounded, learn_boosted, learn_network, log_likelihood
from houfeng.models.hybrid.network import Adam, Network, Scale
from houfeng.models.hybrid.recurrent import LAST, learn_recurrent, sequences


@pytest.fixture(scope="module")
def past():
    return usual()[0]


@pytest.fixture(scope="module")
def rate():
    return usual()[1]


def sample(seed, n=20_000, effect=0.5):
    """Poisson counts whose rate is multiplied by e^(effect sign of the first signal)."""
    rng = np.random.default_rng(seed)
    signals = rng.normal(size=(n, 4)).astype(np.float32)
    exposure = rng.gamma(1.0, 0.3, n)
    truth = effect * np.sign(signals[:, 0])
    return signals, rng.poisson(exposure * np.exp(truth)).astype(float), exposure, truth


@pytest.mark.parametrize("learner", ["trees", "network"])
def test_a_true_correction_is_found(learner):
    signals, count, exposure, _ = sample(1)
    seed = 0 if learner == "trees" else np.random.default_rng(0)
    learn = learn_boosted if learner == "trees" else learn_network
    more = {"rounds": 100} if learner == "trees" else {"epochs": 40, "rate": 1e-2, "decay": 0.01}
    gain = learn(signals, count, exposure, seed, **more)
    signals, count, exposure, truth = sample(2)
    best = log_likelihood(count, exposure, truth)
    assert log_likelihood(count, exposure, gain(signals)) > 0.85 * best > 0


def test_where_there_is_nothing_little_is_found():
    signals, count, exposure, _ = sample(3, effect=0.0)
    gain = learn_boosted(signals, count, exposure, 0)
    assert np.abs(gain(signals)).mean() < 0.1
    assert np.abs(gain(sample(4, effect=0.0)[0])).max() < 0.5


def test_an_untrained_network_leaves_the_champion_as_it_is():
    signals = sample(5)[0]
    network = Network.untrained((4, 8, 1), np.random.default_rng(0))
    np.testing.assert_array_equal(network.layers(signals)[-1], 0.0)


def test_corrections_are_bounded():
    g = bounded(np.array([-100.0, -0.01, 0.0, 0.01, 100.0]))
    np.testing.assert_allclose(g, [-MOST, -0.01, 0.0, 0.01, MOST], rtol=1e-4)
    assert np.abs(g).max() <= MOST
    assert bounded(np.array([9.0]), 5.0)[0] == pytest.approx(5 * np.tanh(1.8))


def test_no_correction_adds_nothing_and_a_constant_one_is_best_at_the_ratio():
    count, exposure = np.array([1.0, 0.0, 2.0]), np.array([0.5, 0.5, 1.0])
    assert log_likelihood(count, exposure, np.zeros(3)) == 0.0
    values = [log_likelihood(count, exposure, np.full(3, g)) for g in np.log(1.5) + np.array([-0.1, 0.0, 0.1])]
    assert values[1] == max(values)
    assert values[1] == pytest.approx(3 * np.log(1.5) - 1.0)


def test_gradients_of_the_network_are_differences():
    rng = np.random.default_rng(6)
    network = Network.untrained((3, 5, 4, 2), rng)
    network.weights[-1][:] = rng.normal(size=(4, 2))
    for bias in network.biases:
        bias[:] = rng.normal(0, 0.3, bias.shape)
    inputs, by = rng.normal(size=(7, 3)).astype(np.float32), rng.normal(size=(7, 2)).astype(np.float32)
    found = network.gradients(network.layers(inputs), by)
    for part, numbers in zip(found, [*network.weights, *network.biases], strict=True):
        at = tuple(s // 2 for s in numbers.shape)
        ends = []
        for step in (1e-3, -1e-3):
            numbers[at] += step
            ends.append(float((network.layers(inputs)[-1] * by).sum()))
            numbers[at] -= step
        assert part[at] == pytest.approx((ends[0] - ends[1]) / 2e-3, rel=2e-2, abs=5e-3)


def test_steps_go_down_and_end():
    network = Network.untrained((1, 4, 1), np.random.default_rng(0))
    inputs = np.linspace(-1, 1, 50, dtype=np.float32)[:, None]
    adam, errors = Adam(network, 0.03, 0.0, 300), []
    for _ in range(300):
        layers = network.layers(inputs)
        errors.append(float(((layers[-1] - inputs**2) ** 2).mean()))
        adam.step(network.gradients(layers, 2 * (layers[-1] - inputs**2) / 50))
    assert errors[-1] < 0.1 * errors[0]
    last = [w.copy() for w in network.weights]
    adam.step(network.gradients(network.layers(inputs), np.ones((50, 1))))
    np.testing.assert_allclose(network.weights[0], last[0], atol=1e-6)


def test_scaled_signals_are_held_within_reason():
    scale = Scale.of(np.array([[0.0, 5.0], [2.0, 5.0]], np.float32))
    np.testing.assert_allclose(scale(np.array([[1.0, 5.0], [1e6, -1e6]])), [[0.0, 0.0], [6.0, -6.0]], atol=1e-6)


def test_the_network_is_the_same_for_the_same_seed():
    signals, count, exposure, _ = sample(7, n=3000)
    one, two = (learn_network(signals, count, exposure, np.random.default_rng(3), epochs=2) for _ in range(2))
    np.testing.assert_array_equal(one(signals), two(signals))


def test_sequences_hold_the_last_earthquakes_and_none_later(past, rate):
    known = np.array([150, 151, 300])
    found = sequences(past, rate, known)
    assert found.shape == (3, LAST, 5)
    np.testing.assert_array_equal(found[0, 1:], found[1, :-1])
    bare = sequences(past, rate, known, champion=False)
    assert np.ptp(bare[:, :, 3:], axis=(0, 1)).max() == 0
    order = np.argsort(past.data.m[130:150])
    assert (np.diff(found[0, order, 1]) >= 0).all()


def test_a_recurrent_correction_is_bounded_and_finds_what_the_last_magnitude_says():
    rng = np.random.default_rng(8)
    n = 2500
    signals, last = rng.normal(size=(n, 2)).astype(np.float32), rng.normal(size=(n, LAST, 5)).astype(np.float32)
    exposure = np.full(n, 0.5)
    count = rng.poisson(exposure * np.exp(0.8 * np.sign(last[:, -1, 1]))).astype(float)
    gain = learn_recurrent(signals, last, count, exposure, 0, epochs=8, width=8, batch=64)
    g = gain(signals, last)
    assert np.abs(g).max() <= MOST
    assert np.corrcoef(g, np.sign(last[:, -1, 1]))[0, 1] > 0.7
