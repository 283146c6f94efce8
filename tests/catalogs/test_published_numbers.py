"""Numbers of the literature, retyped here from what others printed, so that a slip must happen twice to survive.

Where each was looked up beside our own code stands with it.
"""

import inspect

import numpy as np
import pytest

from houfeng.catalogs.completeness import ShortTermIncompleteness, b_value_stability, maximum_curvature
from houfeng.catalogs.gardner_knopoff import TABLE, gruenthal_windows, uhrhammer_windows
from houfeng.catalogs.moment_proxies import REGRESSIONS
from houfeng.catalogs.ndk import moment_magnitude
from houfeng.catalogs.nearest_neighbour import Metric
from houfeng.catalogs.reasenberg import look_ahead_days, reasenberg, source_radius_km
from houfeng.catalogs.thinning import METRIC
from houfeng.regions import Region


def defaults(function) -> dict:
    return {name: one.default for name, one in inspect.signature(function).parameters.items()}


def test_the_windows_of_gardner_and_knopoff():
    """Table 1 of 1974, as ZMAP's declustering and several other programs print it."""
    assert TABLE[:, 0].tolist() == [2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8]
    assert TABLE[:, 1].tolist() == [19.5, 22.5, 26, 30, 35, 40, 47, 54, 61, 70, 81, 94]
    assert TABLE[:, 2].tolist() == [6, 11.5, 22, 42, 83, 155, 290, 510, 790, 915, 960, 985]


@pytest.mark.parametrize(
    ("magnitude", "ln_km", "ln_days"), [(4.0, 2.192, 2.07), (6.0, 3.8, 4.54), (7.5, 5.006, 6.3925)]
)
def test_the_windows_of_uhrhammer(magnitude, ln_km, ln_days):
    """exp(-1.024 + 0.804 M) km and exp(-2.870 + 1.235 M) days, as in the OpenQuake toolkit."""
    found = np.log(uhrhammer_windows(np.array([magnitude])))
    np.testing.assert_allclose(found[:, 0], [ln_km, ln_days], rtol=1e-12)


@pytest.mark.parametrize(("magnitude", "km_root", "days_root"), [(4.0, 4.117, 69.9), (6.0, 6.157, 104.54)])
def test_the_windows_of_gruenthal(magnitude, km_root, days_root):
    """exp(1.77 + sqrt(0.037 + 1.02 M)) km and exp(-3.95 + sqrt(0.62 + 17.32 M)) days, as in the OpenQuake toolkit."""
    km, days = gruenthal_windows(np.array([magnitude]))
    assert (np.log(km[0]) - 1.77) ** 2 == pytest.approx(km_root, rel=1e-12)
    assert (np.log(days[0]) + 3.95) ** 2 == pytest.approx(days_root, rel=1e-12)


@pytest.mark.parametrize(("magnitude", "log10_days"), [(6.5, 2.956), (7.0, 2.968), (8.0, 2.992)])
def test_the_windows_of_gruenthal_are_longer_by_another_law_from_six_and_a_half_on(magnitude, log10_days):
    assert np.log10(gruenthal_windows(np.array([magnitude]))[1][0]) == pytest.approx(log10_days, rel=1e-12)


def test_the_settings_of_reasenberg():
    """Those of CLUSTER2000 and of its translation in ZMAP: tau 1 and 10 days, P 0.95, x_k 0.5, r_fact 10."""
    usual = defaults(reasenberg)
    assert (usual["min_days"], usual["max_days"], usual["confidence"]) == (1.0, 10.0, 0.95)
    assert (usual["raised_by"], usual["radius_factor"], usual["max_radius_km"]) == (0.5, 10.0, 30.0)
    assert defaults(look_ahead_days)["min_magnitude"] == 1.5
    assert source_radius_km(4.0) == pytest.approx(0.011 * 10**1.6, rel=1e-12)


def test_the_settings_of_zaliapin_and_ben_zion():
    """2013: d = 1.6 and b = 1 in years and km; 2020, for thinning: d = 1.5 and magnitudes left out (w = 0)."""
    assert (Metric().fractal_dimension, Metric().b) == (1.6, 1.0)
    assert (METRIC.fractal_dimension, METRIC.b) == (1.5, 0.0)


def test_the_lines_of_scordilis():
    """2006, in the three forms and with the errors that other conversion tables print."""
    assert [(line.scale, line.slope, line.intercept, line.low, line.high, line.sigma) for line in REGRESSIONS] == [
        ("mb", 0.85, 1.03, 3.5, 6.2, 0.29),
        ("Ms", 0.67, 2.07, 3.0, 6.1, 0.17),
        ("Ms", 0.99, 0.08, 6.2, 8.2, 0.20),
    ]


def test_the_blindness_of_helmstetter_kagan_and_jackson():
    """2006: M - 4.5 - 0.75 log10(days); one hour after an M7 a catalogue is complete from 3.54 up."""
    early = ShortTermIncompleteness()
    assert early.completeness_after(7.0, 1 / 24) == pytest.approx(2.5 + 0.75 * np.log10(24), rel=1e-12)
    assert early.completeness_after(7.0, 1 / 24) == pytest.approx(3.535, abs=1e-3)
    assert early.until_days(7.0, 2.5) == pytest.approx(1.0)


def test_the_rupture_length_of_wells_and_coppersmith():
    """1994, subsurface length, all slip types: log10 L = -2.44 + 0.59 M; an M7.5 is 96.6 km long."""
    assert ShortTermIncompleteness().radius_km(7.5) == pytest.approx(96.6, abs=0.1)
    assert ShortTermIncompleteness().radius_km(6.0) == 50.0


def test_the_corrections_of_the_completeness_estimates():
    """Woessner & Wiemer 2005 add 0.2 to the fullest bin; Cao & Gao 2002 average over half a magnitude."""
    assert defaults(maximum_curvature)["correction"] == 0.2
    assert defaults(b_value_stability)["span"] == 0.5


def test_the_moment_magnitude_of_the_global_cmt_project():
    """2 (log10 M0 - 16.1) / 3: Sumatra 2004 with 3.95e29 dyne cm is Mw 9.0, Illapel 2015 with 3.2e28 is 8.3."""
    for exponent, mantissa, magnitude in ((29, 3.950, 9.0), (28, 3.190, 8.27)):
        fifth = " " * 49 + f"{mantissa:7.3f}"
        assert moment_magnitude(f"{exponent:2d}", fifth) == pytest.approx(magnitude, abs=0.005)


def test_the_corner_magnitudes_of_bird_and_kagan():
    """2004, as their abstract states them: rift 7.64, transform 8.01, convergent 8.46, subduction 9.58."""
    found = {name: Region.named(name).corner_magnitude for name in Region.names()}
    assert (found["italy"], found["california"], found["sichuan-yunnan"]) == (7.64, 8.01, 8.46)
    assert found["chile"] == found["new-zealand"] == found["japan"] == 9.58
