"""A map of shaking read between its points."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.earthquake import Earthquake
from houfeng.errors import InputError
from houfeng.shaking.field import ShakingField
from houfeng.shaking.grid_places import field_at
from houfeng.shaking.motion import Motion
from houfeng.shaking.sites import Sites

QUAKE = Earthquake("q", datetime(2020, 1, 1, tzinfo=UTC), 10.0, 40.0, 10.0, 6.0)
MEASURES = ("PGA", "PGV")


def grid(
    west: float = 10.0, south: float = 40.0, *, n: int = 5, step: float = 0.1, shuffled: bool = False
) -> ShakingField:
    """A plane: the logarithm rises by 2 a degree to the east and 1 to the north."""
    x, y = np.meshgrid(np.arange(n) * step, np.arange(n) * step)
    x, y = x.ravel(), y.ravel()
    if shuffled:
        order = np.random.default_rng(1).permutation(len(x))
        x, y = x[order], y[order]
    mean = np.column_stack([2 * x + y - 1, 2 * x + y + 3])
    longitude = (west + x + 180) % 360 - 180
    sites = Sites.of(longitude=longitude, latitude=south + y, vs30_mps=400 + 1000 * x)
    shape = mean.shape
    return ShakingField(
        QUAKE, sites, Motion(MEASURES, mean, np.full(shape, 0.3), np.full(shape, 0.5)), "m", n_stations=4
    )


@given(x=st.floats(0, 0.4), y=st.floats(0, 0.4), shuffled=st.booleans(), west=st.sampled_from([10.0, 179.8, -179.9]))
def test_between_the_points_a_plane_stays_a_plane(x, y, shuffled, west):
    longitude = (west + x + 180) % 360 - 180
    found = field_at(grid(west, shuffled=shuffled), longitude=np.array([longitude]), latitude=np.array([40 + y]))
    assert found.motion.mean_ln[0] == pytest.approx([2 * x + y - 1, 2 * x + y + 3], abs=1e-5)
    assert found.motion.between[0] == pytest.approx([0.3, 0.3]) and found.motion.within[0] == pytest.approx([0.5, 0.5])
    assert (found.n_stations, found.source, found.earthquake) == (4, "m", QUAKE)


def test_at_the_points_it_is_the_map_itself():
    field = grid()
    found = field_at(field, longitude=field.sites.longitude, latitude=field.sites.latitude)
    assert found.motion.mean_ln == pytest.approx(field.motion.mean_ln)
    assert found.sites.vs30_mps == pytest.approx(field.sites.vs30_mps)


@pytest.mark.parametrize(("longitude", "latitude"), [(9.99, 40.2), (10.41, 40.2), (10.2, 39.9), (10.2, 40.5), (-80, 0)])
def test_off_the_map_nothing_is_known(longitude, latitude):
    found = field_at(grid(), longitude=np.array([longitude, 10.2]), latitude=np.array([latitude, 40.2]))
    assert np.isnan(found.motion.mean_ln[0]).all() and np.isfinite(found.motion.mean_ln[1]).all()


def test_beside_a_missing_point_nothing_is_known():
    field = grid()
    kept = np.arange(25) != 12
    parts = {name: getattr(field.motion, name)[kept] for name in ("mean_ln", "between", "within")}
    holed = replace(field, sites=field.sites.select(kept), motion=Motion(MEASURES, **parts))
    found = field_at(holed, longitude=np.array([10.21, 10.05, 10.2]), latitude=np.array([40.21, 40.05, 40.1]))
    assert np.isnan(found.motion.mean_ln[:, 0]).tolist() == [True, False, False], "on the line beside it, it is known"


def test_measures_are_chosen_and_what_the_map_lacks_is_left_out():
    where = {"longitude": np.array([10.1]), "latitude": np.array([40.1])}
    assert field_at(grid(), **where, measures=("SA(1.0)", "PGV")).motion.measures == ("PGV",)
    with pytest.raises(InputError, match=r"the map has PGA, PGV, none of SA\(1.0\)"):
        field_at(grid(), **where, measures=("SA(1.0)",))


def test_scattered_points_are_no_map():
    rng = np.random.default_rng(2)
    sites = Sites.of(longitude=rng.random(50), latitude=rng.random(50))
    motion = Motion(("PGA",), np.zeros((50, 1)), np.ones((50, 1)), np.ones((50, 1)))
    with pytest.raises(InputError, match="are no grid"):
        field_at(ShakingField(QUAKE, sites, motion, "m"), longitude=np.array([0.5]), latitude=np.array([0.5]))
