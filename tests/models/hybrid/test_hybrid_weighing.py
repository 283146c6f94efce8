"""The density in space with other weights: the champion where nothing is learnt, one over the plane whatever is."""

from dataclasses import replace

import numpy as np
import pytest
from adaptive_samples import SPACE, clustered
from hybrid_samples import judged, usual

from houfeng.models.adaptive.likelihood import Points, SpaceLikelihood
from houfeng.models.hybrid import pairs
from houfeng.models.hybrid.sources import SpaceSources, strongest
from houfeng.models.hybrid.weighing import (
    MOST,
    SpaceExamples,
    Weighing,
    learn_weighing,
    mean_log_density,
    untrained,
)

STRONG = 16


@pytest.fixture(scope="module")
def past():
    return usual()[0]


@pytest.fixture(scope="module")
def rate():
    return usual()[1]


def examples(past, points, k=STRONG) -> SpaceExamples:
    sources = SpaceSources.of(past, SPACE)
    found = strongest(sources, points, k)
    own = np.exp(SPACE[0]) * points.activity
    seen = pairs.pairs_at(past, sources, found, points.days, points.before, own)
    return SpaceExamples.of(sources, found, seen, points.xyz_km, own, points.background)


def random_weighing(e, seed=1) -> Weighing:
    """Networks that change a great deal."""
    rng = np.random.default_rng(seed)
    w = untrained(e, rng)
    for network in (w.of_source, w.of_moment):
        network.weights[-1][:] = rng.normal(0, 0.5, network.weights[-1].shape)
        network.biases[-1][:] = rng.normal(0, 0.3, network.biases[-1].shape)
    return w


@pytest.fixture(scope="module")
def points(past):
    return past.points(np.arange(60, 500, 7))


@pytest.fixture(scope="module")
def of_events(past, points):
    return examples(past, points)


def test_untrained_it_is_the_champion(past, points, of_events):
    exact = SpaceLikelihood(past.data, past.features, SPACE, points).log_densities(SPACE)
    found = untrained(of_events, np.random.default_rng(0)).log_densities(of_events)
    np.testing.assert_allclose(found, exact, atol=1e-3)


@pytest.mark.parametrize("k", [1, 5, 400])
def test_however_many_are_taken_one_by_one_the_champion_is_the_same(past, points, of_events, k):
    e = examples(past, points, k)
    found = untrained(e, np.random.default_rng(0)).log_densities(e)
    both = untrained(of_events, np.random.default_rng(0)).log_densities(of_events)
    np.testing.assert_allclose(found, both, atol=1e-5)


def test_the_strongest_are_those_of_a_plain_search(past, points):
    sources = SpaceSources.of(past, SPACE)
    found, d = strongest(sources, points, STRONG), sources.decay
    for i in range(0, len(points.days), 9):
        n = points.before[i]
        age = points.days[i] - sources.days[:n]
        weight = np.exp(sources.ln_weight[:n] - age * d.inverse_tau) * (age + d.c) ** -(1 + d.omega)
        order = np.argsort(-weight)
        np.testing.assert_array_equal(found.source[i], order[:STRONG])
        np.testing.assert_allclose(found.weight[i], weight[order[:STRONG]], rtol=1e-5)
        assert found.below[i].sum() == pytest.approx(weight[order[STRONG:]].sum(), rel=1e-6)


def test_which_sources_are_the_strongest_does_not_depend_on_the_place(past, points):
    sources = SpaceSources.of(past, SPACE)
    here = strongest(sources, points, STRONG)
    there = strongest(sources, replace(points, xyz_km=points.xyz_km + 77.0), STRONG)
    np.testing.assert_array_equal(here.source, there.source)
    np.testing.assert_array_equal(here.weight, there.weight)
    np.testing.assert_array_equal(here.below, there.below)


@pytest.mark.parametrize("row", [60, 200, 430])
def test_whatever_is_learnt_the_density_is_one_over_the_plane(past, row):
    """None of the code that scores: points from wide circles about all, weighted by their own density."""
    rng, n = np.random.default_rng(row), 40_000
    t, k = past.data.days[row], row
    likely = 0.5 / k + 0.5 * _recent(t - past.data.days[:k])
    centre = past.data.xyz_km[rng.choice(k, n, p=likely), :2]
    scale2, fall = rng.choice([0.3, 5.0, 80.0, 3000.0], n), 0.25
    radius = np.sqrt(scale2 * (rng.random(n) ** (-1 / fall) - 1))
    angle = rng.uniform(0, 2 * np.pi, n)
    place = np.column_stack([centre + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]), np.zeros(n)])
    proposal = np.zeros(n)
    for share, xy in zip(likely, past.data.xyz_km[:k, :2], strict=True):
        r2 = ((place[:, :2] - xy) ** 2).sum(axis=1)
        for s2 in (0.3, 5.0, 80.0, 3000.0):
            proposal += share / 4 * fall / np.pi * s2**fall * (r2 + s2) ** -(1 + fall)
    smooth = replace(past, smoothing=replace(past.smoothing, even_share=0.0))
    days, before = np.full(n, t), np.full(n, k)
    background = _background(smooth, t, k, place)
    points = Points(days, place, before, background, smooth.activity(days, before))
    e = examples(smooth, points)
    ratio = np.exp(random_weighing(e).log_densities(e)) / proposal
    assert ratio.mean() == pytest.approx(1.0, abs=4.5 * ratio.std() / np.sqrt(n))
    assert ratio.std() / np.sqrt(n) < 0.05


def _recent(age):
    weight = 1 / (age + 0.01)
    return weight / weight.sum()


def _background(past, t, k, place):
    weight = past.independence[:k] * np.exp(-(t - past.data.days[:k]) / past.smoothing.fade_days)
    out = np.zeros(len(place))
    for w, xyz, h2 in zip(weight / weight.sum(), past.data.xyz_km[:k], past.kernel_km[:k] ** 2, strict=True):
        out += w * h2 / np.pi / (((place - xyz) ** 2).sum(axis=1) + h2) ** 2
    return out


def test_gradients_are_differences(of_events):
    w = random_weighing(of_events, 3)
    _, *parts = w.gradients(of_events)
    for network, found in zip((w.of_source, w.of_moment), parts, strict=True):
        for part, numbers in zip(found, [*network.weights, *network.biases], strict=True):
            at = np.unravel_index(np.argmax(np.abs(part)), part.shape)
            ends = []
            for step in (2e-3, -2e-3):
                numbers[at] += np.float32(step)
                ends.append(-float(w.log_densities(of_events).mean()))
                numbers[at] -= np.float32(step)
            assert part[at] == pytest.approx((ends[0] - ends[1]) / 4e-3, rel=0.05, abs=2e-4)


def test_only_named_changes_are_made(of_events):
    for changes, moved in (("h", [True, False]), ("hw", [True, True])):
        w = untrained(of_events, np.random.default_rng(0), changes=changes)
        w.of_source.biases[-1][:] = [0.0, 1.0, 0.0, 0.0]
        same = untrained(of_events, np.random.default_rng(0)).log_densities(of_events)
        assert (np.abs(w.log_densities(of_events) - same).max() > 1e-3) == moved[1]
        w.of_source.biases[-1][:] = 0.0
        np.testing.assert_allclose(w.log_densities(of_events), same, atol=1e-6)
    assert len(MOST) == 4


def test_learning_raises_the_likelihood_and_repeats(of_events):
    start = untrained(of_events, np.random.default_rng(0)).log_densities(of_events).mean()
    one, two = (learn_weighing(of_events, np.random.default_rng(4), epochs=30, batch=32) for _ in range(2))
    assert one.log_densities(of_events).mean() > start + 0.01
    np.testing.assert_array_equal(one.log_densities(of_events), two.log_densities(of_events))


def test_a_mixture_of_densities_is_their_mean(of_events):
    both = [random_weighing(of_events, seed) for seed in (1, 2)]
    mean = np.mean([np.exp(w.log_densities(of_events)) for w in both], axis=0)
    np.testing.assert_allclose(mean_log_density(both, of_events), np.log(mean), rtol=1e-6)


def test_signals_of_sources_hold_no_place_and_no_future():
    days, xyz, m = clustered(np.random.default_rng(8), 300)
    truth = judged(days, xyz, m)
    rows = np.arange(80, 200, 11)
    here = examples(truth, truth.points(rows))
    turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    moved = judged(days, xyz @ turn + [500.0, -70.0, 0.0], m)
    there = examples(moved, moved.points(rows))
    np.testing.assert_allclose(here.signals, there.signals, atol=2e-3)
    np.testing.assert_allclose(here.along2_km2, there.along2_km2, rtol=2e-2, atol=0.5)
    rng = np.random.default_rng(1)
    later = np.sort(rng.uniform(days[200], days[-1], 80))
    places = np.vstack([xyz[:200], rng.uniform(0, 300, (80, 3)) * [1, 1, 0]])
    false = judged(np.append(days[:200], later), places, np.append(m[:200], rng.uniform(0, 5, 80)), truth.smoothing)
    known = judged(days, xyz, m, truth.smoothing)
    pair = [examples(p, p.points(rows)).signals for p in (known, false)]
    np.testing.assert_allclose(*pair, atol=2e-3)


def test_the_axis_lies_along_a_line_of_sources():
    rng, n = np.random.default_rng(2), 120
    days = np.sort(rng.uniform(0, 1.0, n)) + 100.0
    along = rng.uniform(-4, 4, n)
    xyz = np.column_stack([along * np.cos(0.6), along * np.sin(0.6), np.zeros(n)]) + rng.normal(0, 0.05, (n, 3)) * [
        1,
        1,
        0,
    ]
    past = judged(days, xyz, rng.exponential(0.4, n))
    points = past.points(np.array([n - 1]))
    sources = SpaceSources.of(past, SPACE)
    found = strongest(sources, points, 40)
    seen = pairs.pairs_at(past, sources, found, points.days, points.before, np.ones(1))
    aligned = np.abs(seen.axis[0] @ [np.cos(0.6), np.sin(0.6)])
    assert np.median(aligned) > 0.99
    assert np.median(seen.signals[0, :, pairs.NAMES.index("elongation")]) > 0.8
