import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.geo import EARTH_RADIUS_KM
from houfeng.geodesy.strain import strain_rate

KM_PER_DEGREE = np.radians(1) * EARTH_RADIUS_KM


def field(ee, en, nn, turn, seed=0, n=12, sigma=0.1):
    """Stations around 0, 0 in a uniform field; units 1e-9 per year."""
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(-0.6, 0.6, (2, n))
    x, y = lon * KM_PER_DEGREE, lat * KM_PER_DEGREE
    velocity = 1e-3 * np.array([ee * x + (en - turn) * y, (en + turn) * x + nn * y])
    return {"longitude": lon, "latitude": lat, "velocity_mm": velocity, "sigma_mm": np.full((2, n), sigma)}


def at(lon, lat):
    return {"at_longitude": np.atleast_1d(lon).astype(float), "at_latitude": np.atleast_1d(lat).astype(float)}


@settings(max_examples=25)
@given(*[st.floats(-200, 200)] * 4, st.integers(0, 50))
def test_a_uniform_field_is_found_exactly(ee, en, nn, turn, seed):
    found = strain_rate(**field(ee, en, nn, turn, seed), **at(0.0, 0.0))
    assume(np.isfinite(found.strain).all())
    np.testing.assert_allclose(found.strain[:, 0], [ee, en, nn], atol=0.05 + 1e-3 * (abs(ee) + abs(nn) + abs(en)))
    assert found.rotation[0] == pytest.approx(turn, abs=0.05 + 1e-3 * (abs(turn) + abs(ee) + abs(nn)))
    assert found.dilatation[0] == pytest.approx(ee + nn, abs=0.5)
    assert found.max_shear[0] == pytest.approx(np.hypot((ee - nn) / 2, en), abs=0.5)
    assert found.second_invariant[0] == pytest.approx(np.sqrt(ee**2 + 2 * en**2 + nn**2), abs=1.0)


def test_a_constant_velocity_is_no_strain():
    made = field(0, 0, 0, 0) | {"velocity_mm": np.tile([[30.0], [-20.0]], 12)}
    found = strain_rate(**made, **at(0.0, 0.0))
    np.testing.assert_allclose(found.strain, 0, atol=1e-9)


def test_standard_deviations_hold():
    rng = np.random.default_rng(5)
    made = field(50, 20, -30, 10, n=15, sigma=0.5)
    z = []
    for _ in range(300):
        noisy = made | {"velocity_mm": made["velocity_mm"] + 0.5 * rng.standard_normal((2, 15))}
        found = strain_rate(**noisy, **at(0.0, 0.0))
        z.append((found.dilatation[0] - 20) / found.dilatation_sigma[0])
    # Distance makes far stations count as noisier than they are: intervals are too wide rather than too short.
    assert 0.4 < np.std(z) < 1.1 and abs(np.mean(z)) < 0.2


def test_places_far_from_all_stations_are_unknown():
    found = strain_rate(**field(10, 0, 0, 0), **at([0.0, 40.0], [0.0, 40.0]))
    assert np.isfinite(found.strain[:, 0]).all() and np.isnan(found.strain[:, 1]).all()
    assert found.n_stations[1] == 0 and np.isnan(found.reach_km[1])


def test_where_stations_are_sparse_the_reach_is_longer():
    near = strain_rate(**field(1, 0, 0, 0, n=40), **at(0.0, 0.0))
    far = strain_rate(**field(1, 0, 0, 0, n=8), **at(0.0, 0.0))
    assert far.reach_km[0] > near.reach_km[0]


def test_stations_on_a_line_say_nothing():
    made = field(1, 0, 0, 0, n=5) | {"longitude": np.zeros(5), "latitude": np.linspace(-0.5, 0.5, 5)}
    assert np.isnan(strain_rate(**made, **at(0.0, 0.0)).strain).all()


def test_a_station_without_velocity_is_left_out():
    made = field(50, 0, 0, 0)
    made["velocity_mm"][:, 3] = np.nan
    assert strain_rate(**made, **at(0.0, 0.0)).strain[0, 0] == pytest.approx(50, abs=0.2)


def test_the_answer_does_not_change_when_stations_are_shuffled():
    made = field(50, 10, -20, 5)
    order = np.random.default_rng(0).permutation(12)
    shuffled = {name: value[..., order] for name, value in made.items()}
    a, b = (strain_rate(**m, **at(0.1, 0.1)).strain for m in (made, shuffled))
    np.testing.assert_allclose(a, b, rtol=1e-9)


def test_mistakes_are_named():
    two = {name: value[..., :2] for name, value in field(1, 0, 0, 0).items()}
    with pytest.raises(NotEnoughDataError, match="at least 3 stations"):
        strain_rate(**two, **at(0.0, 0.0))
    with pytest.raises(InputError, match="above 0"):
        strain_rate(**field(1, 0, 0, 0, sigma=0.0), **at(0.0, 0.0))
