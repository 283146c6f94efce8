"""Which models speak, and what they say together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError, UnknownNameError
from houfeng.shaking.distances import Distances
from houfeng.shaking.gmm import Source
from houfeng.shaking.gmm.aga16 import AGA16
from houfeng.shaking.gmm.bssa14 import BSSA14
from houfeng.shaking.gmm.cb14 import CB14
from houfeng.shaking.gmm.montalva17 import Montalva17
from houfeng.shaking.gmm.styles import REGIONS
from houfeng.shaking.motion import MEASURES
from houfeng.shaking.regimes import choose_models, mixture, outside_limits
from houfeng.shaking.sites import Sites

FAR = np.array([15.0, 60.0, 200.0])
PLACE = Distances(*(FAR for _ in range(6)))
GROUND = Sites.of(longitude=np.zeros(3), latitude=np.zeros(3), vs30_mps=[250.0, 400.0, 800.0])


@pytest.mark.parametrize("regime", ["crustal", "interface", "slab"])
@pytest.mark.parametrize("region", [*REGIONS, "chile"])
def test_every_regime_in_every_region_has_models(regime, region):
    weights = choose_models(regime, region)
    assert sum(weights.values()) == pytest.approx(1.0)
    assert all(regime in model.regimes for model in weights)
    motion = mixture(weights, Source(7.0, regime), PLACE, GROUND, MEASURES)
    assert np.isfinite(motion.mean_ln).all()


def test_chile_has_its_own_model():
    assert choose_models("interface", "chile") == {Montalva17(): 0.5, AGA16(): 0.5}
    assert choose_models("slab", "japan") == {AGA16(): 1.0}
    assert [model.name for model in choose_models("crustal", "china")] == ["ASK14", "BSSA14", "CB14"]
    assert {model.region for model in choose_models("crustal", "china")} == {"china"}


def test_what_nobody_knows_is_refused():
    with pytest.raises(UnknownNameError, match="unknown regime 'crust'"):
        choose_models("crust")
    with pytest.raises(UnknownNameError, match="chile"):
        choose_models("interface", "chili")


@given(st.floats(0.05, 0.95))
def test_the_mixture_by_hand(share):
    weights = {BSSA14(): share, CB14(): 1.0 - share}
    source = Source(6.4, rake_deg=90.0, dip_deg=45.0)
    first, second = (model.motion(source, PLACE, GROUND, MEASURES) for model in weights)
    found = mixture(weights, source, PLACE, GROUND, MEASURES)
    mean = share * first.mean_ln + (1 - share) * second.mean_ln
    spread2 = share * (1 - share) * (first.mean_ln - second.mean_ln) ** 2
    np.testing.assert_allclose(found.mean_ln, mean)
    np.testing.assert_allclose(found.between**2, share * first.between**2 + (1 - share) * second.between**2 + spread2)
    np.testing.assert_allclose(found.within**2, share * first.within**2 + (1 - share) * second.within**2)


def test_the_mixture_keeps_the_moments_of_the_models_drawn_at_random():
    rng = np.random.default_rng(4)
    weights = {BSSA14(): 0.3, CB14(): 0.7}
    source = Source(7.5, rake_deg=0.0)
    motions = [model.motion(source, PLACE, GROUND, ("PGA",)) for model in weights]
    which = rng.random(400_000) < 0.3
    drawn = np.where(
        which,
        motions[0].mean_ln[1, 0] + motions[0].total[1, 0] * rng.standard_normal(which.size),
        motions[1].mean_ln[1, 0] + motions[1].total[1, 0] * rng.standard_normal(which.size),
    )
    found = mixture(weights, source, PLACE, GROUND, ("PGA",))
    assert drawn.mean() == pytest.approx(found.mean_ln[1, 0], abs=0.005)
    assert drawn.std() == pytest.approx(found.total[1, 0], abs=0.005)


def test_one_model_alone_is_itself():
    source = Source(6.0)
    alone, found = (
        BSSA14().motion(source, PLACE, GROUND, MEASURES),
        mixture({BSSA14(): 1.0}, source, PLACE, GROUND, MEASURES),
    )
    np.testing.assert_array_equal(found.mean_ln, alone.mean_ln)
    np.testing.assert_array_equal(found.between, alone.between)


@pytest.mark.parametrize("weights", [{}, {BSSA14(): 0.7}, {BSSA14(): 1.5, CB14(): -0.5}, {BSSA14(): float("nan")}])
def test_weights_that_make_no_mean_are_refused(weights):
    with pytest.raises(InputError, match="at least 0 and add to 1"):
        mixture(weights, Source(6.0), PLACE, GROUND, ("PGA",))


def test_limits_of_all_models_that_count():
    source = Source(9.2, "interface")
    notes = outside_limits({Montalva17(): 1.0, AGA16(): 0.0}, source, PLACE, GROUND)
    assert {note.model for note in notes} == {"Montalva17"}
    notes = outside_limits(choose_models("interface", "chile"), source, PLACE, GROUND)
    assert {note.model for note in notes} == {"Montalva17", "AGA16"}
