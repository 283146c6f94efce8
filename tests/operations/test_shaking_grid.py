"""The grid of shaking that is written as a ShakeMap."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from houfeng.operations.chain_files import grid_sites
from houfeng.shaking.shakemap import _lattice


@given(
    west=st.floats(-170, 160),
    south=st.floats(-60, 55),
    width=st.floats(0.3, 9.0),
    height=st.floats(0.3, 9.0),
)
def test_it_is_even_wherever_it_lies_and_holds_all(west, south, width, height):
    """Rounded to four decimals one by one, the sites were once a ten-thousandth of a degree off their lattice."""
    x, y = np.array([west, west + width]), np.array([south, south + height])
    sites = grid_sites(longitude=x, latitude=y, vs30_mps=400.0)
    _, first, top, steps, shape = _lattice(sites)
    assert shape[0] * shape[1] == len(sites)
    assert abs(first - west) < 1e-4 and top < south + height + 1e-4
    assert np.allclose(np.unique(sites.longitude), first + steps[0] * np.arange(shape[1]), atol=2e-6)
    assert west + width - sites.longitude.max() <= steps[0] + 2e-4
    assert south + height - sites.latitude.max() <= steps[1] + 2e-4


def test_steps_are_no_finer_than_asked_and_no_more_than_fit_a_map():
    near, far = np.array([0.0, 0.4]), np.array([0.0, 9.0])
    fine = grid_sites(longitude=near, latitude=near, vs30_mps=400.0, finest_deg=0.05)
    assert np.isclose(np.diff(np.unique(fine.longitude)).min(), 0.05)
    assert len(np.unique(grid_sites(longitude=far, latitude=near, vs30_mps=400.0).longitude)) <= 60
