"""Explanations of learned models: the axioms of Shapley values on rules whose answer is known, then real ones."""

import itertools
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.models.learned.explain import (
    MAPS,
    PRIOR,
    SEQUENCES,
    Players,
    columns_of,
    explain,
    log_factor,
    reasons_of,
    shapley,
)
from houfeng.models.learned.importance import permutation_importance
from houfeng.models.learned.past_events import past_events
from houfeng.models.learned.rows import Rows
from houfeng.models.registry import create_model
from houfeng.operations.document import _explanation
from houfeng.store.packing import pack_forecast, unpack_forecast
from houfeng.times import Window

KNOWN = datetime(2010, 1, 1, tzinfo=UTC)
SHARED = {"min_magnitude": 3.0, "target_magnitude": 3.5, "every_days": 14.0, "n_catalogs": 400}
ABC = ("a", "b", "c")


def made_up(n: int, seed: int = 0, k: int = 3, side: int = 0, events: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    return Rows(
        time=np.datetime64("2010-01-01", "us") + np.arange(n) * np.timedelta64(1, "D"),
        cell=np.arange(n),
        features=rng.standard_normal((n, k)).astype(np.float32),
        log_prior=rng.normal(-4, 1, n),
        active=np.zeros(n, bool),
        weight=np.ones(n),
        patches=rng.standard_normal((n, 2 if side else 0, side, side)).astype(np.float32),
        sequences=rng.standard_normal((n, events, 3 if events else 0)).astype(np.float32),
    )


@dataclass(frozen=True)
class Made:
    """A rule with the log factor of a function."""

    of: object

    def log_rate(self, rows: Rows) -> np.ndarray:
        return rows.log_prior + self.of(rows)


def tangled(rows: Rows) -> np.ndarray:
    """Everything with everything, the third column with nothing."""
    a, b, _ = rows.features.T.astype(float)
    return np.sin(a) * b + 0.1 * rows.log_prior * a + b


def by_all_orders(rule, row: Rows, reference: Rows, names) -> np.ndarray:
    """Shapley values by definition: the mean over all orders and reference rows."""
    players = Players.of(row, names)
    k, total = len(players.names), np.zeros(len(players.names))
    for order in itertools.permutations(range(k)):
        taken = np.zeros((k + 1, k), bool)
        for place, player in enumerate(order):
            taken[place + 1 :, player] = True
        for r in range(len(reference)):
            other = reference.select(np.full(k + 1, r))
            total[list(order)] += np.diff(log_factor(rule, players.mixed(row, other, taken)))
    return total / math.factorial(k) / len(reference)


def test_sampled_values_agree_with_the_definition_within_their_error():
    rule, rows = Made(tangled), made_up(8)
    row = rows.select(np.array([3]))
    found = shapley(rule, row, rows, np.random.default_rng(1), names=ABC, pairs=2000)
    exact = by_all_orders(rule, row, rows, ABC)
    assert found.names == (*ABC, PRIOR)
    assert np.all(np.abs(found.log_factor - exact) < 4 * found.error + 1e-12)
    assert 0 < found.error[0] < 0.05 and exact[0] != pytest.approx(0, abs=0.01)


def test_the_stated_error_is_that_of_many_repetitions():
    rule, rows = Made(tangled), made_up(40)
    row = rows.select(np.array([5]))
    found = [shapley(rule, row, rows, np.random.default_rng(s), names=ABC, pairs=30) for s in range(60)]
    spread = np.std([one.log_factor for one in found], axis=0)
    told = np.mean([one.error for one in found], axis=0)
    # Reference rows are drawn without replacement, so the told error is rather too large.
    assert np.all(spread < 1.4 * told + 1e-12) and spread[0] > 0.2 * told[0]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), pairs=st.integers(2, 9), n=st.integers(1, 12))
def test_values_sum_to_the_log_factor_and_what_does_nothing_gets_nothing(seed, pairs, n):
    rule, rows = Made(tangled), made_up(n, seed)
    row = made_up(1, seed + 1)
    found = shapley(rule, row, rows, np.random.default_rng(seed), names=ABC, pairs=pairs)
    assert found.total == pytest.approx(log_factor(rule, row)[0], abs=1e-9)
    assert found.usual + found.log_factor.sum() == pytest.approx(found.total, abs=1e-12)
    assert found.log_factor[2] == 0 and found.error[2] == 0


def test_columns_that_do_the_same_get_the_same():
    rule = Made(lambda rows: rows.features[:, 0].astype(float) * rows.features[:, 1])
    rows = made_up(1)
    row = replace(rows, features=np.array([[2.0, 2.0, 9.0]], np.float32))
    other = replace(rows, features=np.zeros((1, 3), np.float32))
    found = shapley(rule, row, other, np.random.default_rng(0), names=ABC)
    assert found.log_factor == pytest.approx([2.0, 2.0, 0.0, 0.0])


def test_maps_and_sequences_are_one_player_each():
    rows = made_up(20, side=3, events=4)
    rule = Made(lambda some: some.patches.mean(axis=(1, 2, 3)) + 2 * some.sequences.sum(axis=(1, 2)))
    row = rows.select(np.array([0]))
    found = shapley(rule, row, rows, np.random.default_rng(0), names=(), pairs=20)
    assert found.names == (PRIOR, MAPS, SEQUENCES)
    assert found.log_factor[0] == 0
    # The draw of 20 rows takes each once: the values of a sum are exact.
    assert found.log_factor[1] == pytest.approx((rule_part := rows.patches.mean(axis=(1, 2, 3)))[0] - rule_part.mean())


@pytest.mark.parametrize("kind", ["two rows", "no reference", "one pair", "names"])
def test_what_makes_no_sense_is_refused(kind):
    rows, rng = made_up(4), np.random.default_rng(0)
    row = rows.select(np.array([0]))
    with pytest.raises(InputError):
        shapley(
            Made(tangled),
            rows if kind == "two rows" else row,
            rows.select(np.zeros(0, int)) if kind == "no reference" else rows,
            rng,
            names=("a",) if kind == "names" else ABC,
            pairs=1 if kind == "one pair" else 4,
        )


@pytest.fixture(scope="module")
def known(catalog):
    return catalog.as_of(KNOWN)


@pytest.fixture(scope="module")
def logistic(known, region):
    return create_model("logistic", **SHARED).fit(known, region)


@pytest.fixture(scope="module")
def forest(known, region):
    return create_model("forest", trees=30, **SHARED).fit(known, region)


@pytest.fixture(scope="module")
def rows(logistic, known):
    return logistic.rows(known, logistic.moment(known, KNOWN))


def test_logistic_regression_is_exact_by_its_coefficients(logistic, rows):
    found = reasons_of(logistic, rows, 7, most=None)
    assert all(one.error == 0 for one in found.strongest)
    scorer, calibration = logistic.rule.scorer, logistic.rule.calibration
    weight = scorer[-1].coef_[0] / scorer[1].scale_ * calibration.gain / calibration.spread_score
    usual = np.unique(np.linspace(0, len(rows) - 1, 200).round().astype(int))
    table = scorer[0].transform(np.column_stack([rows.features, rows.log_prior.astype(np.float32)]))
    expected = weight * (table[7] - table[usual].mean(axis=0))
    expected[-1] += calibration.slope * (rows.log_prior[7] - rows.log_prior[usual].mean())
    told = {one.name: one.log_factor for one in found.strongest}
    for name, value in zip([*columns_of(logistic.model), PRIOR], expected, strict=True):
        assert told[name] == pytest.approx(value, abs=2e-6), name
    assert found.log_factor == pytest.approx(log_factor(logistic.rule, rows)[7], abs=2e-6)


def test_where_a_bound_cuts_values_are_sampled_and_still_sum(logistic, rows):
    wild = replace(logistic.rule, calibration=replace(logistic.rule.calibration, gain=40.0))
    names = tuple(f"f{i}" for i in range(rows.features.shape[1]))
    row = rows.select(np.array([7]))
    found = shapley(wild, row, rows, np.random.default_rng(0), names=names)
    assert found.error.max() > 0
    assert found.total == pytest.approx(log_factor(wild, row)[0], abs=1e-5) and abs(found.total) <= 3 + 1e-9


def test_a_forecast_tells_its_three_strongest_and_is_kept_whole(forest, known):
    forecast = forest.forecast(known, Window.after(KNOWN, timedelta(days=7)), np.random.default_rng(1))
    told = forecast.explanation.learned
    rates, grid = forecast.gridded.rates.sum(axis=1), forecast.gridded.grid
    cell = int(rates.argmax())
    assert (told.longitude, told.latitude) == (grid.longitude[cell], grid.latitude[cell])
    assert told.log_factor == pytest.approx(np.log(forest.factors(known, KNOWN)[cell]), abs=1e-5)
    assert len(told.strongest) == 3 and all(one.meaning and one.error > 0 for one in told.strongest)
    sizes = [abs(one.log_factor) for one in told.strongest]
    assert sizes == sorted(sizes, reverse=True)
    assert unpack_forecast(pack_forecast(forecast)).explanation == forecast.explanation
    assert _explanation(forecast.explanation)["learned"]["strongest"][0]["name"] == told.strongest[0].name
    again = forest.forecast(known, Window.after(KNOWN, timedelta(days=7)), np.random.default_rng(9))
    assert again.explanation.learned.strongest == told.strongest  # its randomness is its own


def test_the_champion_has_no_reasons_and_nothing_new_is_written_of_it(forest, known):
    champion = forest.prior.forecast(known, Window.after(KNOWN, timedelta(days=7)), np.random.default_rng(1))
    assert champion.explanation.learned is None
    assert set(_explanation(champion.explanation)) == {"background_share", "contributors", "notes"}
    packed = pack_forecast(champion)
    assert set(packed.header["explanation"]) == {"background_share", "contributors", "notes"}
    assert unpack_forecast(packed).explanation == champion.explanation  # as what was stored before there were reasons


def test_a_cell_is_explained_with_the_past_earthquakes_behind_it(forest, known):
    found = explain(forest, known, KNOWN, pairs=8, events=2)
    rates = forest.rates(known, KNOWN)
    assert found.cell == int(rates.argmax()) and found.time == KNOWN
    parts = [one.log_factor for one in found.reasons.strongest]
    assert found.reasons.usual_log_factor + sum(parts) == pytest.approx(
        np.log(forest.factors(known, KNOWN)[found.cell]), abs=1e-5
    )
    assert len(found.events) == 2
    first = found.events[0]
    assert first.time < KNOWN and 0 < first.share < 1
    assert sum(one.share for one in found.events) + found.background_share <= 1 + 1e-9
    # Without it the prior loses its share, but for how the others are then judged.
    assert first.log_prior_change == pytest.approx(np.log(1 - first.share), abs=0.15)


def test_the_future_does_not_change_an_explanation(forest, catalog, known):
    seen = explain(forest, known, KNOWN, 40, pairs=4, events=1)
    with_future = explain(forest, catalog, KNOWN, 40, pairs=4, events=1)
    assert seen.reasons == with_future.reasons and seen.events == with_future.events


def test_nothing_is_left_out_when_none_is_asked_for(forest, known):
    found, background = past_events(forest, known, KNOWN, 40, most=0)
    assert found == () and 0 < background <= 1


def test_a_cell_that_is_not_there_is_named(forest, known):
    with pytest.raises(InputError, match="no cell 9999"):
        explain(forest, known, KNOWN, 9999)


def followed(n: int, seed: int) -> tuple[Made, Rows]:
    """What follows depends on the first column alone, and the rule knows it."""
    rule, rows = Made(lambda some: some.features[:, 0].astype(float)), made_up(n, seed)
    chance = -np.expm1(-np.exp(rule.log_rate(rows)))
    return rule, replace(rows, active=np.random.default_rng(seed).random(n) < chance)


def test_importance_finds_what_matters_and_gives_nothing_to_the_rest():
    rule, rows = followed(4000, 5)
    found = permutation_importance(rule, rows, np.random.default_rng(0), names=ABC)
    assert [one.name for one in found][0] == "a" and found[0].drop.low > 0.1
    assert np.abs([[one.drop.value, one.drop.low, one.drop.high] for one in found[1:]]).max() < 1e-12
    assert found[0].drop.low < found[0].drop.value < found[0].drop.high


def test_a_rule_that_is_wrong_is_better_off_without():
    _, rows = followed(4000, 5)
    wrong = Made(lambda some: -some.features[:, 0].astype(float))
    found = permutation_importance(wrong, rows, np.random.default_rng(0), names=ABC)
    assert found[-1].name == "a" and found[-1].drop.high < 0


def test_values_are_shuffled_within_their_block_alone():
    """A column that only tells the block apart loses nothing."""
    rule, rows = followed(900, 6)
    era = (np.arange(900) // 90).astype(np.float32)
    rows = replace(rows, features=np.column_stack([era, rows.features[:, 1:]]))
    found = permutation_importance(rule, rows, np.random.default_rng(0), names=ABC, block_days=90.0)
    assert {one.name: one.drop.value for one in found}["a"] == pytest.approx(0, abs=1e-12)


def test_importance_needs_blocks_and_active_cells():
    rule, rows = followed(200, 7)
    with pytest.raises(NotEnoughDataError, match="1 blocks"):
        permutation_importance(rule, rows, np.random.default_rng(0), names=ABC, block_days=1000.0)
    with pytest.raises(NotEnoughDataError, match="0 active"):
        permutation_importance(rule, made_up(200), np.random.default_rng(0), names=ABC)
    with pytest.raises(InputError, match="repeats"):
        permutation_importance(rule, rows, np.random.default_rng(0), names=ABC, repeats=0)
