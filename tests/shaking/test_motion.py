"""Sites and ground motion: shapes, units, refusals."""

import numpy as np
import pytest

from houfeng.errors import InputError
from houfeng.shaking.motion import MEASURES, Motion, period_of, unit_of
from houfeng.shaking.sites import DEFAULT_VS30_MPS, Sites


def test_one_velocity_serves_all_sites():
    sites = Sites.of(longitude=[-71.2, -71.3], latitude=[-29.9, -30.0])
    assert len(sites) == 2
    assert sites.vs30_mps.tolist() == [DEFAULT_VS30_MPS] * 2
    assert sites.select(np.array([False, True])).longitude.tolist() == [-71.3]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (dict(longitude=[-71.2], latitude=[-95.0]), "latitude of 1 of 1 sites"),
        (dict(longitude=[-71.2, 0.0], latitude=[-29.9, 1.0], vs30_mps=[300.0, -1.0]), "vs30_mps of 1 of 2 sites"),
        (dict(longitude=[-71.2, 0.0], latitude=[-29.9]), "latitude of the sites has shape"),
        (dict(longitude=[np.nan], latitude=[0.0]), "longitude"),
    ],
)
def test_sites_refuse_what_cannot_be(columns, says):
    with pytest.raises(InputError, match=says):
        Sites.of(**columns)


def test_measures_have_units_and_periods():
    assert [unit_of(m) for m in MEASURES] == ["g", "cm/s", "g", "g", "g"]
    assert [period_of(m) for m in ("PGA", "SA(0.3)", "SA(1.0)", "SA(10)")] == [0.0, 0.3, 1.0, 10.0]
    for wrong in ("PGV", "SA", "SA(x)", "sa(1.0)"):
        with pytest.raises(InputError, match="has no period"):
            period_of(wrong)


def test_motion_adds_both_parts_and_finds_its_columns():
    motion = Motion(("PGA", "PGV"), np.log([[0.2, 10.0]]), np.full((1, 2), 0.3), np.full((1, 2), 0.4))
    assert motion.total == pytest.approx(np.full((1, 2), 0.5))
    assert motion.median("PGV") == pytest.approx([10.0])
    with pytest.raises(InputError, match="no SA"):
        motion.median("SA(1.0)")


def test_motion_refuses_columns_that_do_not_fit():
    with pytest.raises(InputError, match="between has shape"):
        Motion(("PGA",), np.zeros((3, 1)), np.zeros((2, 1)), np.zeros((3, 1)))
    with pytest.raises(InputError, match="mean_ln has shape"):
        Motion(("PGA", "PGV"), np.zeros((3, 1)), np.zeros((3, 1)), np.zeros((3, 1)))
