import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.damage.fragility import (
    DAMAGED,
    LN_PGA,
    LN_PGA_STEP,
    Fragility,
    crossings,
    damage_probabilities,
    exceedance_table,
    fragility_of,
    hazus_fragilities,
    read_fragilities,
    states_of,
)
from houfeng.errors import InputError, SourceError, UnknownNameError

TYPES = sorted(hazus_fragilities())


def curves(median_g, sigma_ln=(0.4,) * 4, collapse_share=0.1):
    return Fragility("mine", "mine", "", "", tuple(median_g), tuple(sigma_ln), collapse_share)


def test_the_table_holds_every_hazus_type_with_its_published_numbers():
    assert len(TYPES) == 128
    # Equivalent-PGA medians and collapse rates as the Hazus manual prints them.
    for taxonomy, medians, collapse in (
        ("W1-HC", (0.26, 0.55, 1.28, 2.01), 0.03),
        ("C1M-MC", (0.13, 0.21, 0.49, 0.89), 0.10),
        ("URML-PC", (0.13, 0.17, 0.26, 0.37), 0.15),
        ("RM2H-LC", (0.11, 0.17, 0.35, 0.62), 0.05),
        ("MH-PC", (0.08, 0.11, 0.18, 0.34), 0.03),
    ):
        one = fragility_of(taxonomy)
        assert one.median_g == medians and one.collapse_share == collapse
        assert one.sigma_ln == (0.4,) * 4
        assert one.taxonomy == f"{one.structure}{one.height}-{one.code}"


def test_half_of_the_buildings_reach_a_state_at_its_median():
    one = fragility_of("C2L-HC")
    for i, median in enumerate(one.median_g):
        assert one.exceedance(np.array(median))[i] == pytest.approx(0.5, abs=1e-15)


def test_probabilities_agree_with_the_normal_distribution():
    normal = NormalDist()
    reached = [normal.cdf(math.log(0.3 / m) / 0.4) for m in (0.13, 0.17, 0.26, 0.37)]
    expected = -np.diff([1.0, *reached, 0.0])
    assert damage_probabilities("URML-PC", np.array(0.3)) == pytest.approx(expected, abs=1e-12)


@given(
    st.sampled_from(TYPES),
    st.lists(st.floats(0, 30), min_size=2, max_size=20),
)
def test_states_sum_to_one_and_rise_with_shaking(taxonomy, pga):
    pga = np.sort(np.array(pga))
    states = damage_probabilities(taxonomy, pga)
    assert states.shape == (len(pga), 5)
    assert (states >= 0).all()
    assert states.sum(axis=-1) == pytest.approx(np.ones(len(pga)), abs=1e-12)
    reached = states[:, ::-1].cumsum(axis=1)[:, ::-1]  # of each state or worse
    assert (np.diff(reached, axis=0) >= -1e-12).all()


@given(
    st.lists(st.floats(0.01, 3), min_size=4, max_size=4),
    st.lists(st.floats(0.1, 1.2), min_size=4, max_size=4),
    st.lists(st.floats(0, 10), min_size=2, max_size=8),
)
def test_whatever_the_curves_states_are_ordered_and_rise(medians, sigmas, pga):
    states = damage_probabilities(curves(medians, sigmas), np.sort(np.array(pga)))
    assert (states >= 0).all() and states.sum(axis=-1) == pytest.approx(np.ones(len(pga)), abs=1e-12)
    reached = states[:, ::-1].cumsum(axis=1)[:, ::-1]
    assert (np.diff(reached, axis=0) >= -1e-12).all()


def test_without_shaking_nothing_breaks():
    assert damage_probabilities("URML-PC", np.zeros(3)).tolist() == [[1, 0, 0, 0, 0]] * 3


@pytest.mark.parametrize("bad", [-0.1, math.nan])
def test_shaking_must_be_a_number_of_g(bad):
    with pytest.raises(InputError, match="must be a number of g, 0 or more"):
        damage_probabilities("W1-HC", np.array([0.2, bad]))


def test_an_unknown_type_is_told_with_those_that_exist():
    with pytest.raises(UnknownNameError, match="unknown building type 'C1M-MD'; did you mean 'C1M-MC'.*W2-PC"):
        damage_probabilities("C1M-MD", np.array(0.2))


def test_published_curves_do_not_cross():
    assert [one for name in TYPES for one in crossings(fragility_of(name))] == []


def test_crossing_curves_are_found_where_they_cross_and_by_how_much():
    # ln(x/0.2)/0.4 = ln(x/0.3)/0.9 at x = exp((ln 0.2/0.4 - ln 0.3/0.9) / (1/0.4 - 1/0.9)) = 0.14460
    (found,) = crossings(curves((0.2, 0.3, 0.6, 0.9), (0.4, 0.9, 0.9, 0.9)))
    assert (found.lesser, found.worse) == ("slight", "moderate")
    assert found.pga_g == pytest.approx(0.144601, abs=1e-5)
    assert 0.05 < found.chance < 0.10
    assert "curves of mine cross: 'moderate' is above 'slight'" in str(found)
    assert "cut down to 'slight'" in str(found)


def test_curves_in_the_wrong_order_are_above_everywhere():
    found = crossings(curves((0.3, 0.2, 0.5, 0.9)))
    assert [(one.lesser, one.worse, one.pga_g) for one in found] == [("slight", "moderate", 0.0)]
    states = damage_probabilities(curves((0.3, 0.2, 0.5, 0.9)), np.array([0.1, 0.25, 0.6]))
    assert (states[:, 1] == 0).all()  # every slightly damaged building is moderately damaged too


@given(
    st.lists(st.floats(0.02, 2), min_size=4, max_size=4, unique=True).map(sorted),
    st.floats(0.2, 1.0),
)
def test_curves_of_one_spread_in_order_never_cross(medians, sigma):
    assert crossings(curves(medians, (sigma,) * 4)) == ()


def test_the_lookup_table_is_as_exact_as_stated():
    names = ["W1-HC", "URMM-PC", "C1H-LC", "S3-PC"]
    table = exceedance_table([fragility_of(name) for name in names])
    assert table.shape == (4, len(LN_PGA), 4)
    rng = np.random.default_rng(5)
    ln_pga = rng.uniform(LN_PGA[0], LN_PGA[-1], 20_000)
    bound = LN_PGA_STEP**2 / 8 * 0.242 / 0.4**2
    for number, name in enumerate(names):
        exact = fragility_of(name).exceedance(np.exp(ln_pga))
        for state in range(4):
            error = np.abs(np.interp(ln_pga, LN_PGA, table[number, :, state]) - exact[:, state]).max()
            assert 1e-7 < error < bound * 1.01 < 5e-6


def test_states_of_undoes_the_sums():
    exceedance = np.array([[0.9, 0.5, 0.2, 0.1], [0.0, 0.0, 0.0, 0.0]])
    expected = [[0.1, 0.4, 0.3, 0.1, 0.1], [1, 0, 0, 0, 0]]
    np.testing.assert_allclose(states_of(exceedance), expected, atol=1e-15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"median_g": (0.1, 0.2, 0.3)}, "median_g of 'mine'.*four positive numbers"),
        ({"median_g": (0.1, 0.2, 0.0, 0.4)}, "median_g of 'mine'"),
        ({"sigma_ln": (0.4, 0.4, -0.4, 0.4)}, "sigma_ln of 'mine'"),
        ({"collapse_share": 1.5}, "collapse share of 'mine' is 1.5, allowed is 0 to 1"),
    ],
)
def test_impossible_curves_are_refused(change, message):
    given = {"median_g": (0.1, 0.2, 0.3, 0.4), "sigma_ln": (0.4,) * 4, "collapse_share": 0.1} | change
    with pytest.raises(InputError, match=message):
        Fragility("mine", "mine", "", "", **given)


HEADER = "taxonomy,slight_g,moderate_g,extensive_g,complete_g,sigma_ln,collapse_share\n"


def test_ones_own_curves_are_read(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + "adobe,0.1,0.15,0.2,0.3,0.5,0.4\n")
    table = read_fragilities(path)
    assert table["adobe"].median_g == (0.1, 0.15, 0.2, 0.3)
    assert table["adobe"].sigma_ln == (0.5,) * 4
    assert table["adobe"].structure == "adobe"


def test_each_state_may_have_its_own_spread(tmp_path):
    path = tmp_path / "mine.csv"
    spreads = ",".join(f"{state}_sigma_ln" for state in DAMAGED)
    path.write_text(f"taxonomy,slight_g,moderate_g,extensive_g,complete_g,{spreads},collapse_share,structure,height\n"
                    "x,0.1,0.15,0.2,0.3,0.5,0.6,0.7,0.8,0.4,URM,L\n")  # fmt: skip
    one = read_fragilities(path)["x"]
    assert one.sigma_ln == (0.5, 0.6, 0.7, 0.8)
    assert (one.structure, one.height) == ("URM", "L")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("taxonomy,slight_g\na,0.1\n", "mine.csv has no column"),
        (HEADER + "adobe,0.1,x,0.2,0.3,0.5,0.4\n", "mine.csv, line 2: could not convert"),
        (HEADER, "mine.csv holds no fragility"),
    ],
)
def test_bad_curves_say_where(tmp_path, text, message):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_fragilities(path)


def test_a_missing_file_is_a_source_error(tmp_path):
    with pytest.raises(SourceError, match="cannot read"):
        read_fragilities(tmp_path / "none.csv")
