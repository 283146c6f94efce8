"""Sums over the past of each event against loops; and nothing later changes them."""

from dataclasses import replace

import numpy as np
import pytest
from adaptive_samples import clustered
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.models.adaptive.smoothing import FadingKernels, fading_totals, past_neighbour_km


def neighbour_by_force(xyz_km, k):
    out = np.full(len(xyz_km), np.inf)
    for i in range(k, len(xyz_km)):
        out[i] = np.sort(np.sqrt(((xyz_km[:i] - xyz_km[i]) ** 2).sum(axis=1)))[k - 1]
    return out


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 255, 256, 257, 511, 512, 513, 768, 1024, 1300])
@pytest.mark.parametrize("k", [1, 3])
def test_the_past_neighbour_is_found_whatever_the_number(n, k):
    xyz = np.random.default_rng(n + k).normal(size=(n, 3)) * [50, 50, 1]
    np.testing.assert_allclose(past_neighbour_km(xyz, k), neighbour_by_force(xyz, k), rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    places=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=40),
    k=st.integers(1, 6),
    copies=st.integers(1, 20),
)
def test_the_past_neighbour_among_ties(places, k, copies):
    xyz = np.array([(x, y, 0.0) for x, y in places] * copies, float).reshape(-1, 3)
    np.testing.assert_allclose(past_neighbour_km(xyz, k), neighbour_by_force(xyz, k), atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(cut=st.integers(1, 699), seed=st.integers(0, 50))
def test_later_events_change_no_earlier_neighbour(cut, seed):
    xyz = np.random.default_rng(seed).normal(size=(700, 3))
    np.testing.assert_array_equal(past_neighbour_km(xyz, 3)[:cut], past_neighbour_km(xyz[:cut], 3))


@settings(max_examples=50, deadline=None)
@given(
    gaps=st.lists(st.floats(0, 3000), min_size=1, max_size=40),
    first=st.floats(-5000, 5000),
    rate=st.floats(0, 0.05),
    seed=st.integers(0, 99),
)
def test_fading_totals_are_the_loop(gaps, first, rate, seed):
    days = first + np.cumsum(gaps)
    weight = np.random.default_rng(seed).random(len(days))
    plain = [(weight[:i] * np.exp(-rate * (days[i] - days[:i]))).sum() for i in range(len(days))]
    np.testing.assert_allclose(fading_totals(days, weight, rate), plain, rtol=1e-9, atol=1e-12)


def test_fading_totals_before_day_zero_do_not_overflow():
    """A million days before the clock starts, e to the 1,000 would be infinite."""
    days = np.array([-1e6, -1e6 + 1.0])
    np.testing.assert_allclose(fading_totals(days, np.ones(2), 1e-3), [0.0, np.exp(-1e-3)])


def test_fading_totals_of_nothing():
    assert fading_totals(np.empty(0), np.empty(0), 0.1).shape == (0,)


def kernels(n=600, seed=3, tau_days=900.0):
    rng = np.random.default_rng(seed)
    days, xyz, _ = clustered(rng, n)
    return FadingKernels(days, xyz, rng.random(n) * (rng.random(n) < 0.9), rng.uniform(2, 40, n) ** 2, tau_days)


def by_loops(k, days, xyz_km, before):
    out = np.zeros(len(days))
    for i in range(len(days)):
        for j in range(before[i]):
            squared = ((xyz_km[i] - k.xyz_km[j]) ** 2).sum()
            kernel = k.spread_km2[j] / np.pi / (squared + k.spread_km2[j]) ** 2
            out[i] += k.weight[j] * np.exp(-(days[i] - k.days[j]) / k.tau_days) * kernel
    return out


def at_own(k, floor=1e-8):
    n = len(k.days)
    return k.at(k.days, k.xyz_km, np.arange(n), np.full(n, floor))


@pytest.mark.parametrize("tau_days", [200.0, 3652.5, np.inf])
def test_kernels_at_the_events_themselves_are_the_double_loop(tau_days):
    k = kernels(tau_days=tau_days)
    plain = by_loops(k, k.days, k.xyz_km, np.arange(len(k.days)))
    np.testing.assert_allclose(at_own(k), plain, rtol=3e-3, atol=2e-9)


def test_kernels_at_other_places_and_times():
    k, rng = kernels(), np.random.default_rng(9)
    before = rng.integers(0, len(k.days) + 1, 50)
    days = np.append(k.days, k.days[-1])[before] + rng.uniform(0, 1, 50)
    xyz = np.column_stack([rng.uniform(-100, 400, (50, 2)), np.zeros(50)])
    plain = by_loops(k, days, xyz, before)
    np.testing.assert_allclose(k.at(days, xyz, before, np.full(50, 1e-8)), plain, rtol=3e-3, atol=2e-9)


def test_a_kernel_is_one_over_the_plane():
    """By rings of equal mass: 1 - s / (r^2 + s) within r."""
    k = FadingKernels(np.zeros(1), np.zeros((1, 3)), np.ones(1), np.array([25.0]), np.inf)
    radius = np.geomspace(0.01, 3000, 4000)
    xyz = np.column_stack([radius, np.zeros(4000), np.zeros(4000)])
    density = k.at(np.zeros(4000), xyz, np.ones(4000, int), np.zeros(4000))
    inside = np.trapezoid(2 * np.pi * radius * density, radius)
    assert inside == pytest.approx(1.0, abs=2e-4)


def test_later_events_change_no_earlier_sum():
    k, cut = kernels(), 400
    earlier = FadingKernels(k.days[:cut], k.xyz_km[:cut], k.weight[:cut], k.spread_km2[:cut], k.tau_days)
    np.testing.assert_allclose(at_own(k)[:cut], at_own(earlier), rtol=2e-3, atol=1e-9)
    moved = replace(k, xyz_km=np.vstack([k.xyz_km[:cut], k.xyz_km[cut:] + 5000.0]), weight=k.weight * 1.0)
    np.testing.assert_allclose(at_own(moved)[:cut], at_own(k)[:cut], rtol=1e-12)


def test_the_floor_bounds_the_error():
    k = kernels(700)
    plain = by_loops(k, k.days, k.xyz_km, np.arange(700))
    rough, fine = np.abs(at_own(k, 1e-2) - plain).max(), np.abs(at_own(k, 1e-9) - plain).max()
    assert fine < rough
    assert fine < 1e-3 * plain.max()
