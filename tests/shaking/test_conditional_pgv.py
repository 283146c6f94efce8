"""PGV from a spectrum."""

import math

import numpy as np
import pytest

from houfeng.shaking.conditional_pgv import pgv_given_spectrum, pgv_period_s
from houfeng.shaking.distances import Distances
from houfeng.shaking.gmm import Source
from houfeng.shaking.gmm.aga16 import AGA16
from houfeng.shaking.gmm.bssa14 import BSSA14
from houfeng.shaking.motion import Motion
from houfeng.shaking.sites import Sites


def test_the_period_grows_with_magnitude():
    assert pgv_period_s(5.0) == pytest.approx(math.exp(-0.79))
    assert pgv_period_s(8.3) == pytest.approx(4.0, abs=0.02)


def test_by_hand_at_the_reference():
    # M8.5 takes the quadratic term away, 425 m/s the site term; the slope is a3 above M7.5.
    motion = Motion(("PGA", "PGV"), np.array([[0.0, -3.0]]), np.array([[0.4, 0.5]]), np.array([[0.6, 0.7]]))
    found = pgv_given_spectrum(motion, 1, 8.5, np.array([100.0]), np.array([425.0]))
    by_hand = 5.39 + 0.654 * -3.0 + 0.479 * 2.5 - 0.359 * math.log(100.0 + 5.0 * math.e)
    assert found.mean_ln[0] == pytest.approx([0.0, by_hand])
    assert found.between[0] == pytest.approx([0.4, math.hypot(0.654 * 0.5, 0.16)])
    assert found.within[0] == pytest.approx([0.6, math.hypot(0.654 * 0.7, 0.29)])
    assert motion.mean_ln[0, 1] == -3.0


@pytest.mark.parametrize(
    ("magnitude", "slope", "constant", "reach_km", "by_soft"),
    [
        # a2 to a3 over M5 to 7.5; a1 + a4 (M - 6) + a5 (8.5 - M)^2; 5 exp(0.4 (M - 6)); a7 + a8 (M - 5)
        (4.5, 0.799, 5.39 - 0.479 * 1.5 - 0.062 * 16.0, 5 * math.exp(-0.6), -0.134 - 0.0115),
        (6.0, 0.741, 5.39 - 0.062 * 6.25, 5.0, -0.111),
        (7.5, 0.654, 5.39 + 0.479 * 1.5 - 0.062, 5 * math.exp(0.6), -0.134 + 0.0575),
    ],
)
def test_by_hand_below_the_reference(magnitude, slope, constant, reach_km, by_soft):
    motion = Motion(("PGV",), np.array([[-2.0]]), np.array([[0.5]]), np.array([[0.7]]))
    found = pgv_given_spectrum(motion, 0, magnitude, np.array([40.0]), np.array([250.0]))
    by_hand = constant - 2.0 * slope - 0.359 * math.log(40.0 + reach_km) + by_soft * math.log(250 / 425)
    assert found.mean_ln[0, 0] == pytest.approx(by_hand)
    assert found.between[0, 0] == pytest.approx(math.hypot(0.5 * slope, 0.16))


@pytest.mark.parametrize("magnitude", [5.0, 6.0, 7.0, 7.8])
@pytest.mark.parametrize("far", [15.0, 50.0, 120.0])
def test_it_gives_nearly_the_pgv_of_a_crustal_model_that_has_its_own(magnitude, far):
    distances = Distances(*(np.array([far]) for _ in range(6)))
    sites = Sites.of(longitude=0.0, latitude=0.0, vs30_mps=500.0)
    measures = ("PGV", f"SA({pgv_period_s(magnitude):.4f})")
    own = BSSA14().motion(Source(magnitude), distances, sites, measures)
    column = Motion(("PGV",), own.mean_ln[:, 1:], own.between[:, 1:], own.within[:, 1:])
    found = pgv_given_spectrum(column, 0, magnitude, np.array([far]), np.array([500.0]))
    assert found.mean_ln[0, 0] == pytest.approx(own.mean_ln[0, 0], abs=0.3)


def test_subduction_models_use_it_at_the_period_of_the_magnitude():
    distances = Distances(*(np.array([70.0]) for _ in range(6)))
    sites = Sites.of(longitude=0.0, latitude=0.0, vs30_mps=425.0)
    for magnitude in (7.0, 8.3):
        source = Source(magnitude, "interface")
        found = AGA16().motion(source, distances, sites, ("SA(1.0)", "PGV", "PGA"))
        spectrum = AGA16().motion(source, distances, sites, (f"SA({pgv_period_s(magnitude):.4f})",))
        again = pgv_given_spectrum(spectrum, 0, magnitude, np.array([70.0]), np.array([425.0]))
        assert found.measures == ("SA(1.0)", "PGV", "PGA")
        assert found.mean_ln[0, 1] == pytest.approx(again.mean_ln[0, 0], abs=1e-4)
        assert found.within[0, 1] == pytest.approx(again.within[0, 0])
