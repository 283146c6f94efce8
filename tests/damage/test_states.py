import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.damage.states import BROAD, EMS98, GBT24335, HAZUS, SCALES, convert, scale_named
from houfeng.errors import InputError, UnknownNameError

shares = st.lists(st.floats(0, 100), min_size=5, max_size=5)


def test_every_scale_has_names_in_both_languages_and_covers_ems98():
    for scale in SCALES:
        assert scale_named(scale.key) is scale
        assert len(scale.from_ems) == 6
        assert sorted(set(scale.from_ems)) == list(range(len(scale.states)))
        assert list(scale.from_ems) == sorted(scale.from_ems)
        for named in (scale, *scale.states):
            assert named.names["en"].isascii() and not named.names["zh"].isascii()


def test_the_chinese_standard_has_its_five_names():
    names = [state.names["zh"] for state in GBT24335.states]
    assert names == ["基本完好", "轻微破坏", "中等破坏", "严重破坏", "毁坏"]


def test_an_unknown_scale_lists_those_there_are():
    with pytest.raises(UnknownNameError, match="unknown damage scale 'ems'.*broad, ems98, gbt24335, hazus"):
        scale_named("ems")


def test_complete_divides_into_very_heavy_and_destruction():
    ems = convert(np.array([10.0, 5, 4, 2, 8]), source=HAZUS, to=EMS98, collapse_share=0.25)
    assert ems.tolist() == [10, 5, 4, 2, 6, 2]
    assert convert(ems, source=EMS98, to=HAZUS).tolist() == [10, 5, 4, 2, 8]
    assert convert(ems, source=EMS98, to=GBT24335).tolist() == [10, 5, 4, 2, 8]
    assert convert(ems, source=EMS98, to=BROAD).tolist() == [10, 5, 4, 10]


def test_hazus_and_the_chinese_classes_correspond_one_to_one():
    counts = np.array([1.0, 2, 3, 4, 5])
    assert convert(counts, source=HAZUS, to=GBT24335).tolist() == counts.tolist()
    assert convert(counts, source=GBT24335, to=HAZUS).tolist() == counts.tolist()
    assert convert(counts, source=HAZUS, to=BROAD).tolist() == [1, 2, 3, 9]


@given(shares, st.floats(0, 1), st.sampled_from(SCALES))
def test_no_building_is_lost(counts, collapse, to):
    result = convert(np.array(counts), source=HAZUS, to=to, collapse_share=collapse)
    assert (result >= 0).all()
    assert result.sum() == pytest.approx(sum(counts), rel=1e-12, abs=1e-12)


def test_arrays_of_any_shape_and_collapse_by_place():
    counts = np.ones((3, 2, 5))
    collapse = np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
    result = convert(counts, source=HAZUS, to=EMS98, collapse_share=collapse)
    assert result.shape == (3, 2, 6)
    np.testing.assert_allclose(result[..., 5], collapse)
    np.testing.assert_allclose(result[..., 4], 1 - collapse)


def test_the_same_scale_is_a_copy():
    counts = np.arange(5.0)
    result = convert(counts, source=HAZUS, to=HAZUS)
    result[0] = 9
    assert counts[0] == 0


def test_a_coarse_scale_does_not_become_a_fine_one():
    with pytest.raises(InputError, match="'broad' does not tell D3, D4 and D5 apart.*start from a finer scale"):
        convert(np.ones(4), source=BROAD, to=HAZUS)


def test_without_the_collapsed_part_there_is_no_d5():
    with pytest.raises(InputError, match="which part of 'complete' collapses"):
        convert(np.ones(5), source=HAZUS, to=EMS98)
    with pytest.raises(InputError, match="collapse_share must lie between 0 and 1"):
        convert(np.ones(5), source=HAZUS, to=EMS98, collapse_share=1.2)


def test_the_last_axis_must_be_the_states():
    with pytest.raises(InputError, match="hazus has 5 states"):
        convert(np.ones(4), source=HAZUS, to=BROAD)
