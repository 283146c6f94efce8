"""Both likelihoods against the formula, their gradients against differences, their integrals against quadrature."""

from dataclasses import replace

import numpy as np
import pytest
from adaptive_samples import (
    NAMES,
    SPACE,
    TIME,
    WIDTH_KM,
    box,
    central_differences,
    decay,
    densities_by_definition,
    plane_data,
    productivity,
    random_features,
    rates_by_definition,
    sphere_data,
)

from houfeng.geo import from_xyz_km, to_xyz_km
from houfeng.models.adaptive import laws
from houfeng.models.adaptive.laws import SpaceLaw
from houfeng.models.adaptive.likelihood import Points, SpaceLikelihood, TimeLikelihood

N = 420


def case(kind: str, n: int = N):
    """Data, features, share of each source's aftershocks inside, activity at each event."""
    rng = np.random.default_rng(21)
    data = plane_data(rng, n, share_of_targets=0.8) if kind == "plane" else sphere_data(rng, n, box())[0]
    data = replace(data, log_weight=np.where(rng.random(n) < 0.1, 0.7, 0.0))
    features, law = random_features(rng, data), SpaceLaw.from_vector(SPACE)
    share = data.mass.shares(law.spread_km2(features.growth), law.rho)[0]
    return data, features, share, rng.uniform(0.3, 2.0, n)


@pytest.fixture(scope="module", params=["plane", "sphere with edges"])
def known(request):
    return case(request.param)


def of_times(known, vector=TIME, active_days=700.0):
    data, features, share, activity = known
    return TimeLikelihood(data, features, share, activity[data.target], active_days, vector)


def of_places(known, thinning=1, vector=SPACE):
    data, features, _, activity = known
    rows = np.flatnonzero(data.target)[::thinning]
    points = Points(data.days[rows], data.xyz_km[rows], rows, data.background[rows], activity[rows])
    return SpaceLikelihood(data, features, vector, points, thinning)


def plain_rates(known, vector):
    data, features, share, activity = known
    rows = np.flatnonzero(data.target)
    triggered = rates_by_definition(vector, data, features, share, data.days[rows], rows) - np.exp(vector[0])
    return np.exp(vector[0]) * activity[rows] + triggered


def plain_log_densities(known, vector):
    """The activity multiplies mu: as many models, each of its own mu, as there are targets."""
    data, features, _, activity = known
    out = []
    for row in np.flatnonzero(data.target):
        own = vector.copy()
        own[0] += np.log(activity[row])
        at = data.days[[row]], data.xyz_km[[row]], np.array([row]), data.background[[row]]
        out.append(densities_by_definition(own, data, features, *at)[0])
    return np.log(out)


def test_rates_in_time_are_those_of_the_formula(known):
    np.testing.assert_allclose(of_times(known).rates(TIME), plain_rates(known, TIME), rtol=2e-4)


def test_the_likelihood_of_times_is_the_formula(known):
    likelihood = of_times(known)
    expected = np.log(plain_rates(known, TIME)).sum() - likelihood.expected(TIME)[0]
    assert likelihood(TIME).value == pytest.approx(expected, abs=0.01)


def test_densities_are_those_of_the_formula(known):
    plain = plain_log_densities(known, SPACE)
    np.testing.assert_allclose(of_places(known).log_densities(SPACE), plain, atol=5e-4)
    assert of_places(known)(SPACE).value == pytest.approx(plain.sum(), abs=0.02)


def test_lists_made_elsewhere_serve_nearby(known):
    near = SPACE + 0.1
    np.testing.assert_allclose(
        of_places(known, vector=near).log_densities(SPACE), plain_log_densities(known, SPACE), atol=2e-3
    )


def test_the_gradient_of_times_is_the_central_difference(known):
    likelihood = of_times(known)
    by_difference = central_differences(lambda v: likelihood(v).value, TIME)
    np.testing.assert_allclose(likelihood(TIME).gradient, by_difference, rtol=1e-4, atol=2e-3)


@pytest.mark.parametrize("i", range(laws.SPACE_SIZE), ids=NAMES)
def test_the_gradient_of_places_is_the_central_difference(known, i):
    likelihood = of_places(known)

    def along(step):
        return likelihood(SPACE + step * np.eye(laws.SPACE_SIZE)[i]).value

    h = 1e-4
    by_difference = (along(-2 * h) - 8 * along(-h) + 8 * along(h) - along(2 * h)) / (12 * h)
    assert likelihood(SPACE).gradient[i] == pytest.approx(by_difference, rel=1e-3, abs=5e-3)


def test_the_information_is_that_of_the_scores(known):
    for likelihood, vector in ((of_times(known), TIME), (of_places(known), SPACE)):
        information = likelihood(vector).information
        np.testing.assert_allclose(information, information.T)
        assert np.linalg.eigvalsh(information).min() > -1e-6


def test_only_the_background_over_the_aftershocks_counts_in_space(known):
    """Whatever multiplies all of numerator and denominator cancels."""
    likelihood, doubled = of_places(known), SPACE.copy()
    doubled[[laws.LN_MU, laws.LN_K]] += np.log(2.0)
    np.testing.assert_allclose(likelihood.log_densities(SPACE), likelihood.log_densities(doubled), atol=1e-9)
    gradient = likelihood(SPACE).gradient
    assert gradient[laws.LN_MU] == pytest.approx(-gradient[laws.LN_K], rel=1e-6)


def test_the_own_share_is_the_background_over_everything(known):
    data, _, _, activity = known
    share = of_places(known).own_share(SPACE)
    rows = np.flatnonzero(data.target)
    assert ((share > 0) & (share <= 1)).all()
    first = rows == 0
    assert (share[first] == 1).all(), "nothing came before the first"
    none = SPACE.copy()
    none[laws.LN_K] = -29.0
    np.testing.assert_allclose(of_places(known).own_share(none), 1.0, atol=1e-6)


def test_thinning_stands_for_the_whole(known):
    third, whole = of_places(known, thinning=3)(SPACE), of_places(known)(SPACE)
    assert third.value == pytest.approx(whole.value, rel=0.2)
    rows = np.flatnonzero(known[0].target)[::3]
    assert third.value == pytest.approx(3 * np.log(np.exp(plain_log_densities(known, SPACE))[::3]).sum(), abs=0.05), (
        f"{len(rows)} targets count three times each"
    )


def test_the_expected_number_is_the_integral_of_the_rate():
    """By Gauss and Legendre in log time after each event, sources before the window included."""
    data, features, share, _ = case("plane", 60)
    data = replace(data, start_day=float(data.days[10]) + 0.5, end_day=float(data.days[-1]) + 30.0)
    edges = np.concatenate([[data.start_day], data.days[data.days > data.start_day], [data.end_day]])
    x, w = np.polynomial.legendre.leggauss(24)
    total, c = 0.0, float(np.exp(TIME[6]))
    for a, b in zip(edges[:-1], edges[1:], strict=True):
        for low, high in _pieces(np.log(c), np.log(b - a + c)):
            y = (low + high) / 2 + (high - low) / 2 * x
            days = a - c + np.exp(y)
            before = np.full(len(days), np.searchsorted(data.days, a, side="right"))
            rates = rates_by_definition(TIME, data, features, share, days, before)
            total += (high - low) / 2 * (w * rates * np.exp(y)).sum()
    active = data.end_day - data.start_day
    likelihood = TimeLikelihood(data, features, share, np.ones(int(data.target.sum())), active, TIME)
    assert likelihood.expected(TIME)[0] == pytest.approx(total, rel=1e-5)
    assert likelihood.expected(TIME)[0] > np.exp(TIME[0]) * active + 5


def _pieces(low, high):
    edges = np.linspace(low, high, max(2, int(np.ceil(high - low)) + 1))
    return zip(edges[:-1], edges[1:], strict=True)


def test_early_hours_are_charged_only_for_what_is_recorded(known):
    data, features, share, activity = known
    blind = replace(data, blind_days=np.where(data.m > 1, 2.0, 0.0))
    one, two = of_times(known), of_times((blind, features, share, activity))
    assert two.expected(TIME)[0] < one.expected(TIME)[0]
    by_difference = central_differences(lambda v: two(v).value, TIME)
    np.testing.assert_allclose(two(TIME).gradient, by_difference, rtol=1e-4, atol=2e-3)


def density_at(known, xyz, day, background):
    """The density at points of one moment, after all earlier events."""
    data, features, _, _ = known
    before = np.full(len(xyz), np.searchsorted(data.days, day))
    points = Points(np.full(len(xyz), day), xyz, before, background, np.ones(len(xyz)))
    return np.exp(SpaceLikelihood(data, features, SPACE, points).log_densities(SPACE))


def test_the_density_integrates_to_one_over_the_plane():
    """By importance sampling from wide kernels about the sources, which reach as far as the density does."""
    known, rng, n = case("plane", 80), np.random.default_rng(4), 60_000
    data, rho = known[0], float(np.exp(SPACE[12])) * 0.8
    day, sizes = float(data.days[60]) + 0.01, np.array([2.0, 20.0, 200.0, 4000.0])
    active = productivity(SPACE, data, known[1])[:61] * decay(SPACE, day - data.days[:61])
    centres, s, often = data.xyz_km[:61], sizes[rng.integers(0, 4, n)], 0.3 / 61 + 0.7 * active / active.sum()
    radius, angle = np.sqrt(s * rng.pareto(rho, n)), rng.uniform(0, 2 * np.pi, n)
    steps = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle), np.zeros(n)])
    xyz = centres[rng.choice(61, n, p=often)] + steps
    drawn = np.zeros(n)
    for centre, share in zip(centres, often, strict=True):
        squared = ((xyz - centre) ** 2).sum(axis=1)
        for wide in sizes:
            drawn += share / 4 * rho / np.pi * wide**rho * (squared + wide) ** -(1 + rho)
    even = (np.abs(xyz[:, :2] - WIDTH_KM / 2) < WIDTH_KM / 2).all(axis=1) / WIDTH_KM**2
    ratio = density_at(known, xyz, day, even) / drawn
    error = ratio.std() / np.sqrt(n)
    assert error < 0.02
    assert ratio.mean() == pytest.approx(1.0, abs=4 * error)


def test_the_density_integrates_to_one_over_the_region():
    """By a fine grid of equal areas, refined by random shifts, on a sphere with edges."""
    known, region = case("sphere with edges", 120), box()
    data, rng = known[0], np.random.default_rng(8)
    west, south, east, north = region.bounds
    cells, total = 160, []
    # a quiet moment: kernels are as wide as their spread, which the grid must resolve
    wide = np.array(SPACE)
    wide[laws.LN_D] = 5.0
    features = known[1]
    for _ in range(3):
        x = west + (east - west) * (np.arange(cells) + rng.random()) / cells
        low, high = np.sin(np.radians([south, north]))
        y = np.degrees(np.arcsin(low + (high - low) * (np.arange(cells) + rng.random()) / cells))
        longitude, latitude = (a.ravel() for a in np.meshgrid(x, y))
        xyz = to_xyz_km(longitude=longitude, latitude=latitude)
        before, even = np.full(len(xyz), 90), np.full(len(xyz), 1 / region.area_km2)
        points = Points(np.full(len(xyz), float(data.days[89]) + 0.5), xyz, before, even, np.ones(len(xyz)))
        density = np.exp(SpaceLikelihood(data, features, wide, points).log_densities(wide))
        total.append(density.mean() * region.area_km2)
    assert region.contains(longitude=from_xyz_km(xyz)[0], latitude=from_xyz_km(xyz)[1]).mean() > 0.99
    assert np.mean(total) == pytest.approx(1.0, abs=0.01)
    unscaled = known[2][:90]
    assert unscaled.min() < 0.3, "some sources lie outside, so that the edges matter"
