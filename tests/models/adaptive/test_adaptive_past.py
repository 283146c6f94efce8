"""What is known of each earthquake when it happens, against one event after another in plain loops."""

from dataclasses import replace

import numpy as np
import pytest
from adaptive_samples import SPACE, box, clustered, data_of, decay, kernel, plane_data, sphere_data
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.models.adaptive.past import LEAST_GAP, PASSES, Past, Smoothing, extended

SMOOTHING = Smoothing(90_000.0, 2.0, fade_days=900.0, even_share=0.02, active_days=200.0, steady_share=0.3)


@pytest.fixture(scope="module", params=["plane", "sphere with edges"])
def unjudged(request) -> Past:
    rng = np.random.default_rng(31)
    if request.param == "plane":
        data, inside = plane_data(rng, 300), np.ones(300, bool)
    else:
        data, inside = sphere_data(rng, 300, box())
    return Past.unjudged(data, inside, SMOOTHING, scale=True).with_usual_activity().smoothed()


def gaps_by_loop(days, inside):
    """Days since the last inside, and the mean of the last ten; before the first there was one a day."""
    came = [days[0] - 1.0 - k for k in range(9, -1, -1)]
    one, ten = [], []
    for day, counts in zip(days, inside, strict=True):
        one.append(day - came[-1])
        ten.append((day - came[-10]) / 10)
        if counts:
            came.append(day)
    return np.array(one), np.array(ten)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(2, 40), share=st.floats(0.2, 1.0))
def test_quiet_and_pace_are_those_of_the_loop(seed, n, share):
    rng = np.random.default_rng(seed)
    days, xyz, m = clustered(rng, n)
    inside = rng.random(n) < share
    inside[0] = True
    past = Past.unjudged(data_of(days, xyz, m, target=inside), inside, SMOOTHING, scale=True)
    s, (one, ten) = past.smoothing, gaps_by_loop(days, inside)
    target = past.data.target
    assert s.gap_days == pytest.approx(one[target].mean())
    for found, gaps in ((past.quiet, one), (past.pace, ten)):
        scaled = (np.log(gaps / s.gap_days + LEAST_GAP) - s.gap_mean) / s.gap_sd
        np.testing.assert_allclose(found, np.maximum(scaled, s.busiest), atol=1e-9)


def test_scales_are_those_of_the_targets(unjudged):
    s, target = unjudged.smoothing, unjudged.data.target
    logs = np.log(gaps_by_loop(unjudged.data.days, unjudged.inside)[0][target] / s.gap_days + LEAST_GAP)
    assert s.gap_mean == pytest.approx(logs.mean())
    assert s.gap_sd == pytest.approx(logs.std())
    assert s.spacing_km == pytest.approx(np.median(unjudged.kernel_km))
    assert unjudged.kernel_km.min() >= s.smallest_km
    calmer = unjudged.no_busier_than(-0.5)
    assert min(calmer.quiet.min(), calmer.pace.min()) == -0.5
    assert calmer.smoothing.scaled(np.zeros(1))[0] == -0.5


def judged_by_loop(past: Past, vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Independence and background of one event after another, by full sums; nothing is gone over twice."""
    d, s, n = past.data, past.smoothing, len(past.data.days)
    p, background = np.ones(n), np.empty(n)
    ground = d.mass.shares(past.kernel_km**2, 1.0)[0]
    spread = np.exp(vector[9] + vector[10] * d.m + vector[11] * np.log(past.kernel_km / s.spacing_km))
    for i in range(n):
        since = d.days[i] - d.days[:i]
        squared = ((d.xyz_km[:i] - d.xyz_km[i]) ** 2).sum(axis=1)
        weight, wide = p[:i] * np.exp(-since / s.fade_days), past.kernel_km[:i] ** 2
        total, density = (weight * ground[:i]).sum(), 1 / s.area_km2
        if total > 1e-9:
            smooth = (weight * wide / np.pi / (squared + wide) ** 2).sum() / total
            density = (1 - s.even_share) * smooth + s.even_share / s.area_km2
        recent = (p[:i] * past.inside[:i] * np.exp(-since / s.active_days)).sum()
        recent /= s.active_days * s.independent_per_day
        recent += np.exp(-(d.days[i] - d.days[0]) / s.active_days)
        own = np.exp(vector[0]) * ((1 - s.steady_share) * recent + s.steady_share) * density
        z = vector[2] * d.m[:i] + vector[3] * (p[:i] - 0.5) + vector[4] * past.quiet[:i] + vector[5] * past.pace[:i]
        triggered = np.exp(d.log_weight[:i] + vector[1] + z) * decay(vector, since)
        p[i] = own / (own + triggered @ kernel(vector, spread[:i], squared))
        background[i] = density
    return p, background


def test_passes_settle_to_one_event_after_another(unjudged):
    p, background = judged_by_loop(unjudged, SPACE)
    settled = unjudged.judged(SPACE, 0, 25)
    assert 0.05 < p.mean() < 0.95
    np.testing.assert_allclose(settled.independence, p, atol=2e-3)
    np.testing.assert_allclose(settled.background, background, rtol=5e-3)


def test_a_few_passes_are_nearly_there(unjudged):
    p, _ = judged_by_loop(unjudged, SPACE)
    errors = [np.abs(unjudged.judged(SPACE, 0, passes).independence - p).mean() for passes in (1, PASSES, 2 * PASSES)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.005


def first_of(past: Past, k: int):
    """The first `k` earthquakes as a catalogue of their own."""
    d = past.data
    columns = {name: getattr(d, name)[:k] for name in ("log_weight", "blind_days", "background")}
    window = {"start_day": d.start_day, "end_day": float(d.days[k - 1]) + 1e-6}
    target = d.target[:k] & (d.days[:k] < window["end_day"])
    mass = d.mass.of_rows(np.arange(k))
    return data_of(d.days[:k], d.xyz_km[:k], d.m[:k], target=target, mass=mass, **window, **columns)


def test_later_earthquakes_are_taken_in_as_if_all_were_judged_anew(unjudged):
    k = 200
    early = Past.unjudged(first_of(unjudged, k), unjudged.inside[:k], unjudged.smoothing, scale=False)
    early = early.smoothed().judged(SPACE, 0, 12)
    longer = extended(early, unjudged.data, unjudged.inside, SPACE)
    for name in ("independence", "background", "kernel_km", "quiet", "pace"):
        np.testing.assert_array_equal(getattr(longer, name)[:k], getattr(early, name), err_msg=name)
    p, background = judged_by_loop(replace(longer, independence=np.ones(300)), SPACE)
    np.testing.assert_allclose(longer.independence, p, atol=0.03)
    assert np.abs(longer.independence - p).mean() < 2e-3
    np.testing.assert_allclose(longer.background, background, rtol=0.05)


def test_a_catalogue_that_has_not_grown_stays_as_it_was(unjudged):
    known = unjudged.judged(SPACE, 0, 4)
    again = extended(known, unjudged.data, unjudged.inside, SPACE)
    np.testing.assert_array_equal(again.independence, known.independence)
    np.testing.assert_array_equal(again.background, known.background)


@pytest.mark.parametrize("what", ["m", "days", "xyz_km"])
def test_a_revised_catalogue_is_judged_anew(unjudged, what):
    known = unjudged.judged(SPACE, 0, 4)
    false = replace(known, independence=np.full(300, 0.123))
    column = getattr(unjudged.data, what).copy()
    column[5] += 1e-3
    again = extended(false, replace(unjudged.data, **{what: column}), unjudged.inside, SPACE)
    assert not (again.independence == 0.123).any()
    np.testing.assert_allclose(again.independence, known.independence, atol=0.08)


def test_a_shorter_catalogue_is_judged_anew(unjudged):
    known = unjudged.judged(SPACE, 0, 12)
    again = extended(known, first_of(unjudged, 150), unjudged.inside[:150], SPACE)
    assert len(again.independence) == 150
    np.testing.assert_allclose(again.independence, known.independence[:150], atol=0.02)


def test_what_is_invented_later_changes_nothing_earlier(unjudged):
    rng, k = np.random.default_rng(5), 220
    d = unjudged.data
    moved = np.where((np.arange(300) < k)[:, None], d.xyz_km, d.xyz_km[rng.permutation(300)])
    m = np.where(np.arange(300) < k, d.m, 3.0)
    other = Past.unjudged(replace(d, xyz_km=moved, m=m), unjudged.inside, unjudged.smoothing, scale=False)
    one = Past.unjudged(d, unjudged.inside, unjudged.smoothing, scale=False).smoothed().judged(SPACE, 0, 3)
    two = other.smoothed().judged(SPACE, 0, 3)
    np.testing.assert_allclose(one.kernel_km[:k], two.kernel_km[:k])
    np.testing.assert_allclose(one.independence[:k], two.independence[:k], atol=1e-3)
    np.testing.assert_allclose(one.background[:k], two.background[:k], rtol=2e-3)


def test_the_integral_of_the_activity_is_the_quadrature(unjudged):
    past = unjudged.judged(SPACE, 0, 3)
    days = past.data.days
    for start, end in ((days[0], days[-1] + 100), (days[100] + 0.1, days[200]), (days[-1], days[-1] + 50)):
        inner = days[(days > start) & (days < end)]
        edges = np.concatenate([[start], inner, [end]])
        total, (x, w) = 0.0, np.polynomial.legendre.leggauss(6)
        for a, b in zip(edges[:-1], edges[1:], strict=True):
            at = (a + b) / 2 + (b - a) / 2 * x
            before = np.full(6, np.searchsorted(days, a, side="right"))
            total += (b - a) / 2 * (w @ past.activity(at, before))
        assert past.activity_integral(start, end) == pytest.approx(total, rel=1e-6)


def test_the_usual_activity_is_one_on_average(unjudged):
    past = unjudged.judged(SPACE, 0, 3).with_usual_activity()
    d = past.data
    mean = past.activity_integral(d.start_day, d.end_day) / (d.end_day - d.start_day)
    assert mean == pytest.approx(1.0, abs=0.15)


def test_a_part_is_what_was_known_then(unjudged):
    part = unjudged.judged(SPACE, 0, 3).until(120, float(unjudged.data.days[119]) + 0.01)
    assert {len(getattr(part, name)) for name in ("inside", "kernel_km", "quiet", "independence")} == {120}
    assert len(part.data.mass.shares(part.kernel_km**2, 1.0)[0]) == 120
    assert part.data.target.sum() <= 120
