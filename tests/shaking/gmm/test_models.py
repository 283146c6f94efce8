"""What every ground-motion model keeps to, whatever its coefficients."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import houfeng.shaking.gmm
from houfeng.errors import InputError, UnknownNameError
from houfeng.shaking.distances import Distances
from houfeng.shaking.gmm import GroundMotionModel, Source, find_model, models
from houfeng.shaking.motion import MEASURES
from houfeng.shaking.sites import Sites

CRUSTAL = ("ASK14", "BSSA14", "CB14")
SUBDUCTION = ("AGA16", "Montalva17")

#: Each model with each kind of earthquake it is for.
KINDS = [(name, regime) for name, kind in sorted(models().items()) for regime in kind.regimes]


def source(regime: str, magnitude: float = 7.0, **more) -> Source:
    depth = 80.0 if regime == "slab" else 12.0
    given = {"dip_deg": 40.0, "rake_deg": 90.0, "ztor_km": 3.0, "width_km": 20.0, "hypocentre_depth_km": depth}
    return Source(magnitude, regime, **{**given, **more})


def straight(far_km, *, side: float = -1.0) -> Distances:
    """Sites straight off the top edge, on the foot wall by default."""
    far_km = np.asarray(far_km, float)
    rrup = np.hypot(far_km, 3.0)
    return Distances(rrup, far_km, side * far_km, np.zeros_like(far_km), np.hypot(far_km, 12.0), far_km)


def on_ground(n: int, vs30_mps=500.0) -> Sites:
    return Sites.of(longitude=np.zeros(n), latitude=np.zeros(n), vs30_mps=vs30_mps)


def test_the_registry_is_the_folder():
    folder = Path(houfeng.shaking.gmm.__file__).parent
    helpers = {"__init__", "base", "bc_hydro", "limits", "styles", "tables"}
    files = {path.stem for path in folder.glob("*.py")} - helpers
    assert {kind.__module__.rsplit(".", 1)[1] for kind in models().values()} == files
    assert {name.lower() for name in models()} == files
    tables = Path(houfeng.__file__).parent / "data" / "gmm"
    assert {path.stem for path in tables.glob("*.csv")} == files


def test_every_model_says_who_made_it():
    for name, kind in models().items():
        assert issubclass(kind, GroundMotionModel) and find_model(name) is kind
        assert kind.reference.startswith("doi:10.") and kind.reference in kind.__doc__
        assert set(kind.limits) == set(kind.regimes) <= {"crustal", "interface", "slab"}


def test_a_model_that_is_not_there():
    with pytest.raises(UnknownNameError, match="did you mean 'BSSA14'"):
        find_model("BSSA41")


@pytest.mark.parametrize(("name", "regime"), KINDS)
@given(magnitude=st.floats(4.5, 8.8), vs30=st.floats(250, 1500), rake=st.sampled_from([0.0, 90.0, -90.0, math.nan]))
def test_shaking_dies_out_with_distance(name, regime, magnitude, vs30, rake):
    # On softer ground short periods may grow a little with distance near the source, where the ground gives way.
    far = np.geomspace(2.0, 800.0, 60)
    found = find_model(name)().motion(
        source(regime, magnitude, rake_deg=rake), straight(far), on_ground(60, vs30), MEASURES
    )
    assert np.isfinite(found.mean_ln).all()
    assert (np.diff(found.mean_ln, axis=0) < 1e-9).all()


@pytest.mark.parametrize(("name", "regime"), KINDS)
@given(vs30=st.floats(400, 1500), far=st.floats(60, 300))
def test_shaking_grows_with_magnitude(name, regime, vs30, far):
    model = find_model(name)()
    steps = [
        model.motion(source(regime, m), straight([far]), on_ground(1, vs30), ("SA(1.0)", "SA(3.0)")).mean_ln[0]
        for m in np.arange(4.5, 8.6, 0.5)
    ]
    # Long periods on firm ground away from the source: elsewhere the largest shake no harder than large ones.
    assert (np.diff(steps, axis=0) > 0).all()


@pytest.mark.parametrize(("name", "regime"), KINDS)
@given(
    magnitude=st.floats(3.0, 9.5),
    vs30=st.floats(60, 3000),
    far=st.floats(0, 2000),
    side=st.sampled_from([-1.0, 1.0]),
    dip=st.floats(5, 90),
    ztor=st.floats(0, 60),
)
def test_deviations_are_positive_and_everything_is_finite(name, regime, magnitude, vs30, far, side, dip, ztor):
    found = find_model(name)().motion(
        source(regime, magnitude, dip_deg=dip, ztor_km=ztor), straight([far], side=side), on_ground(1, vs30), MEASURES
    )
    for part in (found.mean_ln, found.between, found.within):
        assert np.isfinite(part).all()
    assert (found.between > 0.04).all() and (found.within > 0.2).all()
    assert (found.total < 1.3).all()


@pytest.mark.parametrize(("name", "regime"), KINDS)
def test_soft_ground_shakes_more_in_weak_shaking(name, regime):
    vs30 = np.array([200.0, 300.0, 450.0, 700.0, 1000.0])
    found = find_model(name)().motion(
        source(regime, 5.0), straight(np.full(5, 150.0)), on_ground(5, vs30), ("PGV", "SA(1.0)", "SA(3.0)")
    )
    assert (np.diff(found.mean_ln, axis=0) < 0).all()


@pytest.mark.parametrize(("name", "regime"), KINDS)
def test_soft_ground_gives_way_in_strong_shaking(name, regime):
    def amplification(magnitude: float, far: float) -> float:
        found = find_model(name)().motion(
            source(regime, magnitude), straight([far, far]), on_ground(2, [180.0, 760.0]), ("PGA",)
        )
        return float(found.mean_ln[0, 0] - found.mean_ln[1, 0])

    assert amplification(7.5, 5.0) < amplification(5.0, 200.0) - 0.3


@pytest.mark.parametrize(("name", "regime"), KINDS)
def test_sites_are_apart_and_order_does_not_matter(name, regime):
    rng = np.random.default_rng(3)
    n = 5000  # more than one block
    far, vs30 = rng.uniform(1, 300, n), rng.uniform(150, 1200, n)
    model = find_model(name)()
    whole = model.motion(source(regime), straight(far), on_ground(n, vs30), MEASURES)
    some = rng.permutation(n)[:50]
    part = model.motion(source(regime), straight(far[some]), on_ground(50, vs30[some]), MEASURES)
    np.testing.assert_allclose(part.mean_ln, whole.mean_ln[some], rtol=1e-12)
    np.testing.assert_allclose(part.total, whole.total[some], rtol=1e-12)
    swapped = model.motion(source(regime), straight(far), on_ground(n, vs30), MEASURES[::-1])
    np.testing.assert_allclose(swapped.mean_ln, whole.mean_ln[:, ::-1], rtol=1e-12)


@pytest.mark.parametrize(("name", "regime"), KINDS)
def test_no_sites_no_motion(name, regime):
    found = find_model(name)().motion(source(regime), straight([]), on_ground(0), MEASURES)
    assert found.mean_ln.shape == (0, len(MEASURES))


@pytest.mark.parametrize(("name", "regime"), KINDS)
@given(period=st.floats(0.03, 9.9))
def test_between_periods_the_spectrum_is_between(name, regime, period):
    from houfeng.shaking.gmm.tables import read_table

    known = read_table(name.lower()).period
    known = np.sort(known[known > 0])
    above = int(np.searchsorted(known, period))
    measures = (f"SA({known[above - 1]:g})", f"SA({period:.6f})", f"SA({known[above]:g})")
    found = find_model(name)().motion(source(regime), straight([30.0]), on_ground(1), measures)
    for part in (found.mean_ln, found.between, found.within):
        low, high = sorted((part[0, 0], part[0, 2]))
        assert low - 1e-6 <= part[0, 1] <= high + 1e-6


@pytest.mark.parametrize("name", sorted(models()))
def test_a_measure_that_is_not_there(name):
    model = find_model(name)()
    regime = model.regimes[0]
    for measure in ("SA(12)", "SA(0.001)", "MMI"):
        with pytest.raises(InputError, match="has no"):
            model.motion(source(regime), straight([30.0]), on_ground(1), (measure,))


def test_distances_of_other_sites_are_refused():
    with pytest.raises(InputError, match="2 distances for 3 sites; take rupture.distances"):
        find_model("BSSA14")().motion(source("crustal"), straight([1.0, 2.0]), on_ground(3), ("PGA",))


@pytest.mark.parametrize("name", SUBDUCTION)
def test_subduction_models_refuse_the_crust(name):
    with pytest.raises(InputError, match=f"{name} is for interface and slab earthquakes, not for crustal"):
        find_model(name)().motion(source("crustal"), straight([30.0]), on_ground(1), ("PGA",))


@pytest.mark.parametrize("name", CRUSTAL)
def test_a_region_nobody_knows(name):
    with pytest.raises(UnknownNameError, match="did you mean 'japan'"):
        find_model(name)(region="japn")


@pytest.mark.parametrize("name", CRUSTAL)
def test_a_region_without_terms_of_its_own_is_like_california(name):
    args = (source("crustal"), straight([20.0, 200.0]), on_ground(2), MEASURES)
    first, second = (find_model(name)(region=region).motion(*args) for region in ("global", "california"))
    np.testing.assert_array_equal(first.mean_ln, second.mean_ln)


@pytest.mark.parametrize("name", CRUSTAL)
def test_waves_travel_further_in_china(name):
    args = (source("crustal"), straight([250.0]), on_ground(1), ("PGA",))
    here, there = (find_model(name)(region=region).motion(*args).mean_ln[0, 0] for region in ("global", "china"))
    assert there > here + 0.3


@pytest.mark.parametrize("name", ["ASK14", "CB14"])
@given(far=st.floats(0.5, 15.0), magnitude=st.floats(6.0, 8.0))
def test_the_hanging_wall_shakes_more(name, far, magnitude):
    model = find_model(name)()
    event = source("crustal", magnitude)
    foot = straight([far])
    # The same distances, seen from the other side.
    hanging = Distances(foot.rrup_km, foot.rjb_km * 0.0, -foot.rx_km, foot.ry0_km, foot.rhyp_km, foot.repi_km)
    same = Distances(foot.rrup_km, foot.rjb_km * 0.0, foot.rx_km, foot.ry0_km, foot.rhyp_km, foot.repi_km)
    above, below = (
        model.motion(event, place, on_ground(1, 760.0), ("PGA",)).mean_ln[0, 0] for place in (hanging, same)
    )
    assert above > below


@pytest.mark.parametrize("name", SUBDUCTION)
@pytest.mark.parametrize("regime", ["interface", "slab"])
def test_behind_the_volcanoes_far_waves_are_weaker(name, regime):
    args = (source(regime), straight([300.0]), on_ground(1), ("PGA",))
    before, behind = (find_model(name)(backarc=flag).motion(*args).mean_ln[0, 0] for flag in (False, True))
    assert behind < before - 0.5


@pytest.mark.parametrize("name", SUBDUCTION)
def test_slab_events_shake_more_at_short_periods(name):
    model = find_model(name)()
    place = Distances(*(np.array([100.0]) for _ in range(6)))
    slab = model.motion(source("slab", hypocentre_depth_km=100.0), place, on_ground(1), ("PGA",)).mean_ln[0, 0]
    interface = model.motion(source("interface"), place, on_ground(1), ("PGA",)).mean_ln[0, 0]
    assert slab > interface
