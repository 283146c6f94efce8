"""The compiled sums against the formula, column by column."""

import numpy as np
import pytest
from adaptive_samples import (
    NAMES,
    SPACE,
    TIME,
    central_differences,
    decay,
    full_lists,
    kernel,
    plane_data,
    productivity,
    random_features,
    spread,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.models.adaptive import laws
from houfeng.models.adaptive.laws import Decay, SpaceLaw
from houfeng.models.adaptive.sums import space_rates, space_sums, space_table, time_sums, time_table
from houfeng.models.etas.parameters import EtasParameters
from houfeng.models.etas.tree import Forest, interactions

N = 700


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(11)
    data = plane_data(rng, N, log_weight=np.where(rng.random(N) < 0.1, 0.7, 0.0))
    return data, random_features(rng, data), np.array([0, 1, 5, 255, 256, 257, 300, 511, 512, 600, 699])


def plain_time(vector, data, features, targets):
    weight = productivity(vector, data, features)
    return np.array([weight[:k] @ decay(vector, data.days[k] - data.days[:k]) for k in targets])


def plain_space(vector, data, features, targets):
    weight, wide, out = productivity(vector, data, features), spread(vector, features), np.zeros(len(targets))
    for i, k in enumerate(targets):
        squared = ((data.xyz_km[:k] - data.xyz_km[k]) ** 2).sum(axis=1)
        out[i] = (weight[:k] * decay(vector, data.days[k] - data.days[:k])) @ kernel(vector, wide[:k], squared)
    return out


def time_forest(data, features, vector=TIME):
    weight = productivity(vector, data, features)
    forest = Forest.over(data.days, np.zeros((len(weight), 3)), weight, np.ones(len(weight)))
    return forest, time_table(forest, data.days, np.log(weight), features.productivity)


def space_forest(data, features, vector=SPACE):
    wide, law = spread(vector, features), SpaceLaw.from_vector(vector)
    log_weight = np.log(productivity(vector, data, features) * law.rho / np.pi) + law.rho * np.log(wide)
    forest = Forest.over(data.days, data.xyz_km, np.exp(log_weight), wide / wide.min())
    columns = (data.days, data.xyz_km, log_weight, features.productivity, wide, features.growth)
    return forest, space_table(forest, *columns), wide


def our_time(case, lists=None):
    data, features, targets = case
    table = time_forest(data, features)[1]
    return time_sums(lists or full_lists(targets), table, Decay.from_vector(TIME), data.days[targets])


def our_space(case, summed=space_sums, lists=None):
    data, features, targets = case
    _, table, _ = space_forest(data, features)
    where = data.days[targets], np.ascontiguousarray(data.xyz_km[targets])
    laws_ = Decay.from_vector(SPACE), SpaceLaw.from_vector(SPACE)
    return summed(lists or full_lists(targets), table, *laws_, *where)


def test_rates_in_time_are_the_plain_sum(case):
    np.testing.assert_allclose(our_time(case)[:, 0], plain_time(TIME, *case), rtol=1e-7)


def test_rates_in_space_are_the_plain_sum(case):
    expected = plain_space(SPACE, *case)
    np.testing.assert_allclose(our_space(case)[:, 0], expected, rtol=1e-7)
    np.testing.assert_allclose(our_space(case, space_rates), expected, rtol=1e-7)


@pytest.mark.parametrize("i", range(2, laws.TIME_SIZE), ids=NAMES[2 : laws.TIME_SIZE])
def test_each_derivative_in_time_is_the_central_difference(case, i):
    by_difference = central_differences(lambda v: plain_time(v, *case), TIME)[:, i]
    np.testing.assert_allclose(our_time(case)[:, i - 1], by_difference, rtol=2e-6, atol=1e-9)


def test_the_rate_itself_is_its_derivative_by_the_constant(case):
    np.testing.assert_allclose(
        central_differences(lambda v: plain_time(v, *case), TIME)[:, laws.LN_K], our_time(case)[:, 0], rtol=1e-6
    )


@pytest.mark.parametrize("i", range(2, laws.SPACE_SIZE), ids=NAMES[2:])
def test_each_derivative_in_space_is_the_central_difference(case, i):
    by_difference = central_differences(lambda v: plain_space(v, *case), SPACE)[:, i]
    np.testing.assert_allclose(our_space(case)[:, i - 1], by_difference, rtol=2e-6, atol=1e-12)


def lists_with_nodes(case, share):
    data, features, targets = case
    forest, _, wide = space_forest(data, features)
    p = EtasParameters(0, 0, 0, SPACE[6], SPACE[7], SPACE[8], float(np.log(wide.min())), 0, SPACE[12])
    where = data.days[targets], np.ascontiguousarray(data.xyz_km[targets]), targets
    rates = plain_space(SPACE, *case) + np.exp(SPACE[0]) * data.background[targets]
    return interactions(forest, p, *where, share * rates), rates


@pytest.mark.parametrize("share", [2e-5, 1e-3])
def test_nodes_stay_within_their_error_budget(case, share):
    lists, rates = lists_with_nodes(case, share)
    entries = np.concatenate([block.entries for block in lists])
    nodes = int((entries >= N).sum())
    assert nodes > 10, "trees must be used"
    worst = max(((block.entries >= N).sum() for block in lists), default=0)
    error = np.abs(our_space(case, lists=lists)[:, 0] - plain_space(SPACE, *case))
    assert (error <= worst * share * rates).all()
    assert error.max() > 0, "a node is an approximation"


def test_nodes_give_derivatives_near_those_of_single_sources(case):
    lists, _ = lists_with_nodes(case, 2e-5)
    single, grouped = our_space(case), our_space(case, lists=lists)
    late = case[2] >= 256
    scale = np.abs(single[late]).max(axis=0)
    assert (np.abs(single - grouped)[late] <= 2e-3 * scale).all()


def test_a_node_holds_the_weight_and_the_weighted_means_of_its_events(case):
    data, features, _ = case
    forest, table, wide = space_forest(data, features)
    weight = np.exp(table[:N, 1])
    for k in (0, 1, len(forest.nodes) - 1):
        start, end = forest.nodes[k, 12:14].astype(int)
        rows = forest.order[start:end]
        mean = np.average(features.productivity[rows], axis=0, weights=weight[rows])
        np.testing.assert_allclose(table[N + k, 1], np.log(weight[rows].sum()))
        np.testing.assert_allclose(table[N + k, 2:6], mean)
        np.testing.assert_allclose(table[N + k, 6:9], np.average(data.xyz_km[rows], axis=0, weights=weight[rows]))
        np.testing.assert_allclose(table[N + k, 9], np.average(wide[rows], weights=weight[rows]))
        product = np.average(wide[rows, None] * features.growth[rows], axis=0, weights=weight[rows])
        np.testing.assert_allclose(table[N + k, 12:14], product)


@settings(max_examples=20, deadline=None)
@given(shift=st.floats(0, 5000), factor=st.floats(1e-3, 1e3), n=st.integers(1, 40), seed=st.integers(0, 99))
def test_only_time_differences_count_and_rates_grow_with_the_weights(shift, factor, n, seed):
    rng = np.random.default_rng(seed)
    data = plane_data(rng, n)
    features, before = random_features(rng, data), np.arange(n)
    forest = Forest.over(data.days, np.zeros((n, 3)), np.ones(n), np.ones(n))
    law = Decay.from_vector(TIME)
    one = time_sums(
        full_lists(before), time_table(forest, data.days, np.zeros(n), features.productivity), law, data.days
    )
    later = data.days + shift
    table = time_table(forest, later, np.full(n, np.log(factor)), features.productivity)
    two = time_sums(full_lists(before), table, law, later)
    np.testing.assert_allclose(two, factor * one, rtol=1e-5, atol=1e-7 * factor)


def test_laws_read_their_part_of_the_vector():
    law, omori = SpaceLaw.from_vector(SPACE), Decay.from_vector(SPACE)
    assert (law.ln_d, law.growth, law.ln_rho) == (1.0, (0.8, 0.5), -0.4)
    assert law.rho == pytest.approx(np.exp(-0.4))
    assert (omori.ln_c, omori.omega, omori.ln_tau) == (-4.5, 0.12, 5.0)
    assert omori.c == pytest.approx(np.exp(-4.5))
    assert omori.inverse_tau == pytest.approx(np.exp(-5.0))
    assert Decay(-4.5, 0.12, np.inf).inverse_tau == 0.0
    np.testing.assert_allclose(law.spread_km2(np.array([[2.0, 1.0], [0.0, 0.0]])), [np.exp(3.1), np.exp(1.0)])


def test_box_and_beliefs_have_an_entry_for_each_parameter():
    assert len(laws.LOWER) == len(laws.UPPER) == laws.SPACE_SIZE == len(NAMES) == 13
    assert (laws.LOWER < laws.UPPER).all()
    believed = laws.PRIOR_INFORMATION > 0
    assert believed.sum() == 10
    assert ((laws.PRIOR_MEAN > laws.LOWER) & (laws.PRIOR_MEAN < laws.UPPER))[believed].all()
    assert not believed[[laws.LN_MU, laws.LN_K, laws.LN_D]].any(), "those are free"
