"""Terms of single models that the golden numbers do not reach, against the equations by hand."""

import math

import numpy as np
import pytest

from houfeng.shaking.distances import Distances
from houfeng.shaking.gmm import Source
from houfeng.shaking.gmm.ask14 import ASK14
from houfeng.shaking.gmm.bc_hydro import BCHydroForm
from houfeng.shaking.gmm.bssa14 import BSSA14
from houfeng.shaking.gmm.cb14 import CB14
from houfeng.shaking.gmm.montalva17 import Montalva17
from houfeng.shaking.gmm.styles import style_of
from houfeng.shaking.gmm.tables import read_table
from houfeng.shaking.sites import Sites


def at(rrup: float, vs30: float, *, n: int = 1) -> tuple[Distances, Sites]:
    columns = [np.full(n, rrup) for _ in range(6)]
    columns[2] = -columns[2]
    return Distances(*columns), Sites.of(longitude=np.zeros(n), latitude=np.zeros(n), vs30_mps=vs30)


def row(name: str, period: float) -> dict[str, float]:
    table = read_table(name)
    (i,) = np.flatnonzero(table.period == period)
    return {column: float(values[i]) for column, values in table.columns.items()}


@pytest.mark.parametrize(("region", "column"), [("china", "dc_20ch"), ("turkey", "dc_20ch"), ("japan", "dc_20jp")])
def test_cb14_attenuates_by_region_beyond_80_km(region, column):
    rock = 1100.0 if region == "japan" else 700.0
    found = []
    for far in (60.0, 200.0):
        args = (Source(6.5, rake_deg=0.0), *at(far, rock), ("SA(1.0)",))
        found.append(CB14(region).motion(*args).mean_ln[0, 0] - CB14().motion(*args).mean_ln[0, 0])
    near, far = found
    assert far - near == pytest.approx(row("cb14", 1.0)[column] * 120.0, abs=1e-9)


def test_cb14_amplifies_in_japan_by_equation_19():
    c = row("cb14", 1.0)
    args = (Source(5.0, rake_deg=0.0), *at(70.0, 190.0), ("SA(1.0)",))
    more = CB14("japan").motion(*args).mean_ln[0, 0] - CB14("italy").motion(*args).mean_ln[0, 0]
    depths = [math.exp(a - b * math.log(190.0)) for a, b in ((5.359, 1.102), (7.089, 1.144))]
    sediments = [
        (c["c_14"] + japan * c["c_15"]) * min(z - 1.0, 0.0)
        + c["c_16"] * c["k_3"] * math.exp(-0.75) * (1 - math.exp(-0.25 * max(z - 3.0, 0.0)))
        for z, japan in zip(depths, (1, 0), strict=True)
    ]
    shallow = (c["c_12"] + c["k_2"] * 1.18) * (math.log(190.0) - math.log(200.0))
    # What is left is the motion of rock itself, whose sediments differ too (0.6 % of PGA at most here).
    assert more == pytest.approx(shallow + sediments[0] - sediments[1], abs=0.02)


def test_cb14_never_falls_below_pga_at_short_periods():
    measures = ("PGA", "SA(0.01)", "SA(0.02)", "SA(0.03)", "SA(0.05)", "SA(0.1)", "SA(0.2)")
    for magnitude in (4.0, 6.0, 8.0):
        for far in (5.0, 50.0, 280.0):
            found = CB14().motion(Source(magnitude), *at(far, 300.0), measures).mean_ln[0]
            assert (found[1:] >= found[0]).all()


def test_bssa14_has_one_f1_and_one_f3():
    table = read_table("bssa14")
    assert set(table.columns["f_1"]) == {0.0} and set(table.columns["f_3"]) == {0.1}


def test_bssa14_at_the_reference_has_no_site_term():
    # At 760 m/s, M_ref and R_ref only the event is left: e_2 for normal slip, below the hinge.
    c = row("bssa14", 1.0)
    place = Distances(*(np.zeros(1) for _ in range(6)))
    found = BSSA14().motion(
        Source(4.5, rake_deg=-90.0), place, Sites.of(longitude=0.0, latitude=0.0, vs30_mps=760.0), ("SA(1.0)",)
    )
    event = c["e_2"] + c["e_4"] * (4.5 - c["M_h"]) + c["e_5"] * (4.5 - c["M_h"]) ** 2
    path = c["c_1"] * math.log(c["h"]) + (c["c_3"] + c["dc_3global"]) * (c["h"] - 1.0)
    assert found.mean_ln[0, 0] == pytest.approx(event + path, abs=1e-12)


def test_ask14_measured_ground_is_surer():
    args = (Source(6.0), *at(30.0, 500.0), ("PGA", "SA(1.0)"))
    measured, inferred = (ASK14(vs30_measured=flag).motion(*args).within for flag in (True, False))
    assert (measured < inferred).all()


def test_ask14_needs_the_motion_of_rock_at_1180():
    # On the reference rock itself the site term is the linear one and cancels nothing: finite and smooth around it.
    vs30 = np.array([1150.0, 1180.0, 1210.0])
    distances, _ = at(20.0, 500.0, n=3)
    sites = Sites.of(longitude=np.zeros(3), latitude=np.zeros(3), vs30_mps=vs30)
    found = ASK14().motion(Source(7.0), distances, sites, ("PGA",)).mean_ln[:, 0]
    assert found[0] - found[1] == pytest.approx(found[1] - found[2], rel=0.06)


def test_the_slip_is_named_by_the_rake():
    assert [style_of(rake) for rake in (0.0, 30.0, 90.0, 150.0, 180.0, -30.0, -90.0, -150.0, math.nan)] == [
        "strike", "strike", "reverse", "strike", "strike", "strike", "normal", "strike", "unknown",
    ]  # fmt: skip


def test_unknown_slip_is_between_the_kinds():
    for model in (BSSA14(), ASK14(), CB14()):
        found = {
            rake: model.motion(Source(6.5, rake_deg=rake), *at(30.0, 500.0), ("PGA",)).mean_ln[0, 0]
            for rake in (0.0, 90.0, -90.0, math.nan)
        }
        low, high = min(found[0.0], found[-90.0]), max(found[0.0], found[90.0])
        assert low <= found[math.nan] <= high


def test_the_chilean_model_breaks_at_its_own_magnitude():
    # Interface, PGA: C1 7.2 + delta C1 0.2; the slope in magnitude changes from theta 4 to theta 5 there.
    c = row("montalva17", 0.0)
    reach = 1e-9 + 60.0

    def slope(magnitude: float) -> float:
        step = 1e-4
        above, below = (
            Montalva17()
            .motion(Source(magnitude + sign * step, "interface"), *at(reach, 1000.0), ("PGA",))
            .mean_ln[0, 0]
            for sign in (1, -1)
        )
        return (above - below) / (2 * step)

    jump = slope(7.41) - slope(7.39)
    assert jump == pytest.approx(c["t_5"] - c["t_4"], abs=0.02)


def test_slab_events_deeper_than_120_km_count_as_120():
    args = [
        (Source(7.0, "slab", hypocentre_depth_km=depth), *at(200.0, 500.0), ("PGA",)) for depth in (119.0, 120.0, 400.0)
    ]
    shallow, at_120, deep = (Montalva17().motion(*one).mean_ln[0, 0] for one in args)
    assert shallow < at_120 == deep


def test_the_form_alone_is_no_model():
    with pytest.raises(TypeError, match="abstract"):
        BCHydroForm()
