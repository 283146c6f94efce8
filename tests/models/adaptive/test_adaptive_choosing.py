"""Choosing a source by octaves of age, against its direct weight; and the heap of waiting events."""

import numba as nb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from houfeng.models.adaptive.choosing import OCTAVES, advance, bounds, kept, member, octaves_of, pop, push
from houfeng.models.adaptive.process import Places, Productivity
from houfeng.models.etas.chance import start, uniform

DRAWS = 60_000


def law(c_days=0.01, omega=0.15, tau_days=300.0) -> Places:
    nothing = Productivity(0.0, 0.0, 0.0, 0.0, 0.0)
    return Places(1.0, nothing, c_days, 1 + omega, 1 / tau_days, 0.0, 0.0, 0.0, 0.7, 1.0)


def weight(days, productivity, now, places):
    """Productivity times decay, straight from the formula."""
    age = now - days
    return productivity * np.exp(-age * places.inverse_tau) * (age + places.c_days) ** -places.exponent


def reached_by(days, now, places, start_from=None):
    reached = np.zeros(OCTAVES, np.int64) if start_from is None else start_from
    advance(reached, days, len(days), now, octaves_of(places))
    return reached


@nb.njit
def _drawn(days, summed, reached, now, places, seed, draws):
    state, counts, tries = np.empty(4, np.uint64), np.zeros(len(days), np.int64), 0
    start(state, np.uint64(seed), np.uint64(0))
    octaves = octaves_of(places)
    total, done = bounds(summed, reached, len(days), octaves), 0
    while done < draws:
        tries += 1
        j = member(summed, reached, len(days), octaves, uniform(state) * total)
        if uniform(state) <= kept(now - days[j], places, octaves):
            counts[j] += 1
            done += 1
    return counts, tries


PASTS = {
    "minutes to years": np.sort(1000.0 - np.geomspace(1e-3, 1000.0, 60)),
    "one burst": 999.9 + np.linspace(0, 0.0999, 40),
    "all at once": np.full(25, 1000.0),
    "one": np.array([990.0]),
    "two octaves apart": np.array([0.0, 999.999]),
}


@pytest.mark.parametrize("tau_days", [20.0, 1e6])
@pytest.mark.parametrize("name", PASTS)
def test_each_source_is_chosen_in_proportion_to_its_weight(name, tau_days):
    days, places = PASTS[name], law(tau_days=tau_days)
    productivity = np.random.default_rng(5).lognormal(0, 1.5, len(days))
    summed = np.concatenate([[0.0], np.cumsum(productivity)])
    counts, tries = _drawn(days, summed, reached_by(days, 1000.0, places), 1000.0, places, 3, DRAWS)
    direct = weight(days, productivity, 1000.0, places)
    expected = DRAWS * direct / direct.sum()
    often = expected > 5
    assert counts.sum() == DRAWS
    if often.sum() > 1:
        rest = [counts[~often].sum() + 1e-6], [expected[~often].sum() + 1e-6]
        pair = np.append(counts[often], rest[0]), np.append(expected[often], rest[1])
        assert stats.chisquare(pair[0], pair[1] * pair[0].sum() / pair[1].sum()).pvalue > 0.005
    assert tries < 4 * DRAWS or tau_days < 100, "an octave bounds its members well"


@settings(max_examples=60, deadline=None)
@given(
    ages=st.lists(st.floats(0, 1e4), min_size=1, max_size=40),
    c_days=st.floats(1e-6, 1.0),
    omega=st.floats(-0.5, 1.5),
)
def test_octaves_hold_every_source_once_and_bound_its_weight(ages, c_days, omega):
    days, places = np.sort(1e4 - np.array(ages)), law(c_days, omega, 1e5)
    reached = reached_by(days, 1e4, places)
    assert reached[0] == len(days)
    assert (np.diff(reached) <= 0).all()
    summed = np.arange(len(days) + 1.0)
    total = weight(days, np.ones(len(days)), 1e4, places).sum()
    bound = bounds(summed, reached, len(days), octaves_of(places))
    assert total <= bound * (1 + 1e-6), "but for the rounding of days, 2e-12 of which the least age is 1e-5"
    assert bound <= total * 2 ** (places.exponent + 0.01) * 1.2
    shares = np.array([kept(1e4 - day, places, octaves_of(places)) for day in days])
    assert ((shares > 0) & (shares <= 1 + 1e-6)).all()


@settings(max_examples=40, deadline=None)
@given(
    gaps=st.lists(st.floats(0, 300), min_size=2, max_size=30),
    steps=st.lists(st.floats(0, 500), min_size=1, max_size=6),
)
def test_advancing_in_steps_is_advancing_at_once(gaps, steps):
    days, places, reached = np.cumsum(gaps), law(), np.zeros(OCTAVES, np.int64)
    now = float(days[-1])
    for step in steps:
        now += step
        reached = reached_by(days, now, places, reached)
        np.testing.assert_array_equal(reached, reached_by(days, now, places))
    for k in (0, 1, 7, 20):
        old_enough = days <= now - places.c_days * (2.0**k - 1)
        assert reached[k] == old_enough.sum()


def test_no_sources_weigh_nothing():
    days, places = np.empty(0), law()
    reached = reached_by(days, 10.0, places)
    assert (reached == 0).all()
    assert bounds(np.zeros(1), reached, 0, octaves_of(places)) == 0.0


def test_events_still_to_come_are_no_sources():
    days, places = np.array([1.0, 2.0, 30.0]), law()
    reached = reached_by(days, 10.0, places)
    assert reached[0] == 2
    summed = np.array([0.0, 1.0, 2.0, 1e6])
    assert bounds(summed, reached, 3, octaves_of(places)) < 2 * 0.01**-1.15
    for u in np.linspace(0, bounds(summed, reached, 3, octaves_of(places)), 11):
        assert member(summed, reached, 3, octaves_of(places), u) < 2


def test_a_decay_that_has_run_out_weighs_nothing_and_breaks_nothing():
    """Ages of a hundred thousand e-folds: the bound of their octave is zero in floating point."""
    days, places = np.array([0.0, 99_999.0]), law(tau_days=3.0)
    reached, summed = reached_by(days, 1e5, places), np.array([0.0, 1.0, 2.0])
    total = bounds(summed, reached, 2, octaves_of(places))
    assert total > 0
    assert member(summed, reached, 2, octaves_of(places), 0.5 * total) == 1
    assert member(summed, reached, 2, octaves_of(places), np.nextafter(total, np.inf)) in (0, 1)
    assert kept(1e5, places, octaves_of(places)) == 0.0


@settings(max_examples=60, deadline=None)
@given(days=st.lists(st.floats(-1e6, 1e6), max_size=70))
def test_the_heap_gives_times_in_order(days):
    queue, waiting = np.empty((2, 2)), 0
    for number, day in enumerate(days):
        queue, waiting = push(queue, waiting, day, float(number))
    assert waiting == len(days)
    out = []
    while waiting:
        out.append(tuple(queue[0]))
        waiting = pop(queue, waiting)
    assert [day for day, _ in out] == sorted(days)
    assert sorted(number for _, number in out) == list(range(len(days)))
    assert all(days[int(number)] == day for day, number in out)


@settings(max_examples=40, deadline=None)
@given(moves=st.lists(st.one_of(st.none(), st.floats(0, 100)), min_size=1, max_size=60))
def test_the_heap_keeps_order_while_events_come_and_go(moves):
    queue, waiting, plain = np.empty((1, 2)), 0, []
    for day in moves:
        if day is not None:
            queue, waiting = push(queue, waiting, day, 1.0)
            plain.append(day)
        elif plain:
            assert queue[0, 0] == min(plain)
            plain.remove(min(plain))
            waiting = pop(queue, waiting)
        assert waiting == len(plain)
