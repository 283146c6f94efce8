"""Sizes of ruptures against the papers' own relations."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.shaking.scaling import is_strike_slip, rupture_dimensions

REGIMES = st.sampled_from(["crustal", "interface", "slab"])


@given(st.floats(4.5, 8.0), st.sampled_from([math.nan, 90.0, -90.0]))
def test_dip_slip_in_the_crust_follows_leonard(magnitude, rake_deg):
    size = rupture_dimensions(magnitude, "crustal", rake_deg)
    assert math.log10(size.area_km2) == pytest.approx(magnitude - 4.00)
    # Leonard (2014), table of relations: Mw = 4.24 + 1.667 log10 L, dip slip longer than 5.5 km.
    if size.length_km > 5.5:
        assert magnitude == pytest.approx(4.24 + 1.667 * math.log10(size.length_km), abs=0.02)


@given(st.floats(5.5, 8.2))
def test_strike_slip_in_the_crust_follows_leonard(magnitude):
    size = rupture_dimensions(magnitude, "crustal", 0.0)
    assert math.log10(size.area_km2) == pytest.approx(magnitude - 3.99)
    assert size.width_km <= 19.0
    # Mw = 4.17 + 1.667 log10 L to 45 km, 5.27 + log10 L beyond.
    a, b = (5.27, 1.0) if size.length_km > 45 else (4.17, 1.667)
    assert magnitude == pytest.approx(a + b * math.log10(size.length_km), abs=0.02)


@pytest.mark.parametrize(
    ("regime", "magnitude", "length_km", "width_km"),
    [("interface", 8.0, 159.6, 84.3), ("slab", 7.0, 38.4, 27.2)],
)
def test_subduction_follows_strasser_and_others(regime, magnitude, length_km, width_km):
    size = rupture_dimensions(magnitude, regime)
    assert (size.length_km, size.width_km) == pytest.approx((length_km, width_km), rel=2e-3)


@given(REGIMES, st.floats(3.0, 9.0), st.floats(0.01, 0.5), st.floats(-180, 180))
def test_larger_earthquakes_break_more(regime, magnitude, more, rake_deg):
    small, large = (rupture_dimensions(m, regime, rake_deg) for m in (magnitude, magnitude + more))
    assert large.length_km > small.length_km and large.width_km >= small.width_km


@pytest.mark.parametrize(
    ("rake_deg", "strike"),
    [(0, True), (44, True), (46, False), (-136, True), (180, True), (-90, False), (math.nan, False)],
)
def test_which_slip_is_along_the_strike(rake_deg, strike):
    assert is_strike_slip(rake_deg) is strike
