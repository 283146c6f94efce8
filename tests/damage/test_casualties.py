import numpy as np
import pytest

from houfeng.damage.casualties import (
    CONSEQUENCES,
    SEVERITIES,
    SPREAD_LN,
    TRAPPED_KINDS,
    TRAPPED_MMI,
    casualty_rates,
    consequence_tables,
    draw_spread,
    occupancy_of,
    repairs,
    state_consequences,
    trapped_kind,
    trapped_table,
)
from houfeng.damage.fragility import LN_PGA, damage_probabilities, fragility_of, hazus_fragilities
from houfeng.errors import InputError

TYPES = sorted(hazus_fragilities())


def column(name):
    return CONSEQUENCES.index(name)


# Rates of complete damage with the collapsed part, percent to two decimals, as an independent open implementation of
# the same Hazus 2.1 tables (after Sutley 2016) holds them.
@pytest.mark.parametrize(
    ("taxonomy", "percent"),
    [
        ("W1-HC", (6.05, 1.57, 0.10, 0.16)),
        ("W2-HC", (6.05, 1.57, 0.16, 0.31)),
        ("S1L-HC", (7.80, 2.52, 0.41, 0.81)),
        ("S3-LC", (6.05, 1.57, 0.10, 0.16)),
        ("C1L-MC", (9.55, 3.47, 0.66, 1.31)),
        ("C2H-MC", (6.75, 1.95, 0.26, 0.51)),
        ("C3M-LC", (9.55, 3.47, 0.66, 1.31)),
        ("PC1-LC", (10.25, 3.85, 0.76, 1.51)),
        ("RM2H-LC", (6.75, 1.95, 0.26, 0.51)),
        ("URML-PC", (14.50, 4.70, 0.77, 1.52)),
        ("MH-PC", (6.05, 1.57, 0.10, 0.16)),
    ],
)
def test_casualties_of_complete_damage_are_the_published_ones(taxonomy, percent):
    table = state_consequences(fragility_of(taxonomy))
    found = 100 * table[4, [column(name) for name in SEVERITIES]]
    assert found == pytest.approx(percent, abs=0.006)


# Hazus-MH 2.1 Technical Manual, tables 13.3 to 13.7: percent by severity 1 to 4 (moderate masonry: see the module).
@pytest.mark.parametrize(
    ("structures", "moderate", "extensive", "complete", "collapsed"),
    [
        ("W1 MH", (0.25, 0.03, 0, 0), (1, 0.1, 0.001, 0.001), (5, 1, 0.01, 0.01), (40, 20, 3, 5)),
        ("S3", (0.20, 0.025, 0, 0), (1, 0.1, 0.001, 0.001), (5, 1, 0.01, 0.01), (40, 20, 3, 5)),
        ("W2 S1 S2 S5 C3 RM1 RM2", (0.20, 0.025, 0, 0), (1, 0.1, 0.001, 0.001), (5, 1, 0.01, 0.01), (40, 20, 5, 10)),
        ("S4 C1 C2 PC1 PC2", (0.25, 0.03, 0, 0), (1, 0.1, 0.001, 0.001), (5, 1, 0.01, 0.01), (40, 20, 5, 10)),
        ("URM", (0.35, 0.04, 0.001, 0.001), (2, 0.2, 0.002, 0.002), (10, 2, 0.02, 0.02), (40, 20, 5, 10)),
    ],
)
def test_casualties_of_every_state_are_the_published_ones(structures, moderate, extensive, complete, collapsed):
    for structure in structures.split():
        table = 100 * casualty_rates(structure)
        np.testing.assert_allclose(table, [(0.05, 0, 0, 0), moderate, extensive, complete, collapsed], atol=1e-12)


def test_every_structure_of_hazus_has_rates_of_its_own():
    known = {"W1", "W2", "S1", "S2", "S3", "S4", "S5", "C1", "C2", "C3", "PC1", "PC2", "RM1", "RM2", "URM", "MH"}
    assert {one.structure for one in hazus_fragilities().values()} == known


def test_rates_rise_with_damage_and_never_exceed_everybody():
    for taxonomy in TYPES:
        rates = casualty_rates(fragility_of(taxonomy).structure)
        assert rates.shape == (5, 4)
        assert (np.diff(rates, axis=0) >= 0).all(), taxonomy
        assert (rates.sum(axis=1) <= 1).all()


def test_an_unknown_structure_is_taken_as_the_worst():
    assert (casualty_rates("adobe") == casualty_rates("URM")).all()
    assert trapped_kind("adobe") == TRAPPED_KINDS.index("masonry")


def test_trapped_people_by_intensity():
    table = trapped_table()
    assert table.shape == (len(TRAPPED_KINDS), len(TRAPPED_MMI))
    assert (np.diff(table, axis=1) >= 0).all() and (table <= 1).all()
    masonry = table[trapped_kind("URM")]
    assert dict(zip(TRAPPED_MMI, masonry, strict=True)) == {6: 0, 7: 0.05, 8: 0.30, 9: 0.60, 10: 0.70}
    assert (table[trapped_kind("C1")] == 0.5).all()
    for light in ("W1", "W2", "MH", "S3"):
        np.testing.assert_allclose(table[trapped_kind(light)], masonry / 5)
    assert {trapped_kind(one) for one in ("RM1", "RM2", "URM")} == {TRAPPED_KINDS.index("masonry")}
    assert {trapped_kind(one) for one in ("S1", "S4", "C2", "C3", "PC1")} == {TRAPPED_KINDS.index("framed")}


def test_repair_costs_and_days_are_those_of_hazus():
    assert repairs()["RES1"].cost_share == (0.02, 0.10, 0.447, 1.0)
    assert repairs()["RES1"].days == (2, 30, 90, 180)
    assert repairs()["RES3"].days == (5, 30, 120, 240)
    assert occupancy_of(fragility_of("C1M-HC")) == "RES3"
    assert occupancy_of(fragility_of("C1L-HC")) == occupancy_of(fragility_of("W1-HC")) == "RES1"


def test_displaced_are_those_of_uninhabitable_dwellings():
    low, tall = (state_consequences(fragility_of(name))[:, column("displaced")] for name in ("RM1L-LC", "C1M-LC"))
    assert low.tolist() == [0, 0, 0, 0, 1]
    assert tall.tolist() == [0, 0, 0, 0.9, 1]


def test_consequences_rise_with_shaking_whatever_the_type():
    tables = consequence_tables([fragility_of(name) for name in TYPES])
    assert tables.shape == (len(TYPES), len(LN_PGA), len(CONSEQUENCES))
    for name in (*SEVERITIES, "collapsed", "displaced", "loss", "complete"):
        assert (np.diff(tables[..., column(name)], axis=1) >= -1e-12).all(), name
    assert (tables[:, 0] == 0).all()
    assert (tables >= -1e-15).all() and (tables <= 1 + 1e-12).all()


def test_consequences_are_those_of_the_states():
    fragility = fragility_of("C3L-PC")
    table = consequence_tables([fragility])[0]
    row = 1200
    states = damage_probabilities(fragility, np.exp(LN_PGA[row]))
    np.testing.assert_allclose(table[row, :4], states[1:], atol=1e-12)
    deaths = states[1:4] @ casualty_rates("C3")[:3, 3] + states[4] * (0.85 * 0.0001 + 0.15 * 0.10)
    assert table[row, column("deaths")] == pytest.approx(deaths, rel=1e-12)
    assert table[row, column("collapsed")] == pytest.approx(0.15 * states[4], rel=1e-12)


def test_spread_has_mean_one_and_its_stated_width():
    drawn = draw_spread(200_000, np.random.default_rng(1))
    for name in ("casualties", "displaced", "loss"):
        factor = getattr(drawn, name)
        assert factor.mean() == pytest.approx(1, abs=0.01)
        assert np.log(factor).std() == pytest.approx(SPREAD_LN[name], rel=0.01)
    assert drawn.ln_fragility.mean() == pytest.approx(0, abs=0.005)
    assert drawn.ln_fragility.std() == pytest.approx(SPREAD_LN["fragility"], rel=0.01)


def test_spread_drawn_in_parts_is_the_same():
    whole = draw_spread(10, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    parts = [draw_spread(4, rng), draw_spread(6, rng)]
    for name in ("ln_fragility", "casualties", "displaced", "loss"):
        np.testing.assert_array_equal(getattr(whole, name), np.concatenate([getattr(one, name) for one in parts]))


def test_no_spread_keeps_the_published_values():
    drawn = draw_spread(5, np.random.default_rng(1), 0.0)
    assert (drawn.casualties == 1).all() and (drawn.ln_fragility == 0).all()
    with pytest.raises(InputError, match="0 or more is allowed"):
        draw_spread(5, np.random.default_rng(1), -1.0)
