import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.damage.assessment import QUANTITIES, assess
from houfeng.damage.asset_ranges import asset_range
from houfeng.damage.casualties import CONSEQUENCES, consequence_tables, draw_spread, trapped_kind, trapped_table
from houfeng.damage.drawing import BUILDINGS
from houfeng.damage.fragility import LN_PGA, Fragility, damage_probabilities, fragility_of
from houfeng.damage.states import BROAD, EMS98, GBT24335, HAZUS
from houfeng.errors import InputError, UnknownNameError
from tests.damage.stocks import stock


def fields(n_fields, exposure, median_g=0.3, spread=0.4, seed=1):
    rng = np.random.default_rng(seed)
    return {"PGA": (median_g * np.exp(spread * rng.standard_normal((n_fields, len(exposure))))).astype(np.float32)}


def rng():
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def city():
    exposure = stock(60, zones=3)
    return assess(exposure, fields(200, exposure), local_hour=2, rng=rng())


def test_every_quantity_of_every_zone_has_a_range_that_holds_its_mean(city):
    for quantity in QUANTITIES:
        assert city.samples[quantity].shape == (200, 3)
        for zone in (None, *city.zone_id):
            one = city.estimate(quantity, zone)
            assert 0 <= one.low <= one.value <= one.high and one.level == 0.90


def test_zones_add_up_to_the_total(city):
    for quantity in QUANTITIES:
        parts = sum(city.of(quantity, zone) for zone in city.zone_id)
        np.testing.assert_allclose(parts, city.of(quantity))


def test_buildings_add_up_in_every_field_and_scale(city):
    for scale in (HAZUS, EMS98, GBT24335, BROAD):
        table = city.buildings(scale)
        assert table.shape == (200, 3, len(scale.states))
        np.testing.assert_allclose(table.sum(axis=-1), 200.0)
    np.testing.assert_allclose(city.buildings(EMS98)[..., 5], city.samples["buildings_collapsed"])


def test_nobody_is_counted_twice_and_nobody_is_invented(city):
    inside = 60 / 3 * 40
    hurt = city.samples["injured"] + city.samples["deaths"]
    assert (hurt <= inside).all() and (city.samples["trapped"] <= inside).all()
    assert (city.samples["displaced"] <= inside + 1e-9).all()
    assert (city.samples["loss_usd"] <= 20 * 5e5 * (1 + 1e-9)).all()
    np.testing.assert_array_equal(city.samples["injured_severe"], city.samples["injured_2"] + city.samples["injured_3"])


def test_the_strongest_shaking_hits_no_more_than_there_is():
    exposure = stock(4, types=("URML-PC",))
    result = assess(exposure, {"PGA": np.full((50, 4), 15, np.float32)}, local_hour=2, rng=rng())
    assert (result.of("buildings_complete") == 40).all()
    assert result.estimate("displaced").high <= 160
    assert result.estimate("loss_usd").high <= 2e6 * (1 + 1e-9)
    assert ((result.of("injured") + result.of("deaths")) <= 160).all()


def test_without_shaking_nothing_happens():
    exposure = stock()
    result = assess(exposure, {"PGA": np.zeros((20, 6), np.float32)}, local_hour=2, rng=rng())
    for quantity in set(QUANTITIES) - {"buildings_none"}:
        assert (result.samples[quantity] == 0).all(), quantity
    assert (result.of("buildings_none") == 60).all()


def test_same_seed_same_numbers_and_another_seed_others():
    exposure = stock()
    motion = fields(30, exposure)
    runs = [assess(exposure, motion, local_hour=2, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)]
    for quantity in QUANTITIES:
        np.testing.assert_array_equal(runs[0].samples[quantity], runs[1].samples[quantity])
    assert (runs[0].samples["loss_usd"] != runs[2].samples["loss_usd"]).any()


def test_expected_values_agree_with_a_plain_sum():
    exposure = stock(7, zones=2, types=("URML-PC", "C1M-LC", "W1-HC", "S1H-MC"))
    motion = fields(25, exposure)
    mmi = np.random.default_rng(4).uniform(5, 11, (25, 7)).astype(np.float32)
    result = assess(exposure, motion, mmi, local_hour=14, rng=rng(), spread=0.0)
    expected = np.zeros((len(CONSEQUENCES) + 2, 7))
    for a in range(7):
        fragility = fragility_of(exposure.taxonomy[a])
        table = consequence_tables([fragility])[0]
        weight = {"displaced": 40, "loss": 5e5} | dict.fromkeys(("deaths", "injured_1", "injured_2", "injured_3"), 20)
        ln = np.log(motion["PGA"][:, a].astype(float))
        for c, name in enumerate(CONSEQUENCES):
            expected[c, a] = weight.get(name, 10) * np.interp(ln, LN_PGA, table[:, c]).mean()
        caught = 20 * np.interp(ln, LN_PGA, table[:, CONSEQUENCES.index("collapsed")])
        share = np.interp(mmi[:, a], [6, 7, 8, 9, 10], trapped_table()[trapped_kind(fragility.structure)])
        expected[-2, a], expected[-1, a] = (caught * share).mean(), caught.mean()
    np.testing.assert_allclose(result.asset_means, expected.T, rtol=2e-6)
    zone = np.array([0, 1] * 4)[:7]
    displaced = np.bincount(zone, expected[CONSEQUENCES.index("displaced")])
    np.testing.assert_allclose(result.samples["displaced"].mean(axis=0), displaced, rtol=2e-6)


def test_states_of_an_asset_are_those_of_its_fragility():
    exposure = stock(1, types=("C1L-LC",))
    result = assess(exposure, {"PGA": np.full((3, 1), 0.27, np.float32)}, local_hour=2, rng=rng(), spread=0.0)
    expected = damage_probabilities("C1L-LC", np.float32(0.27))
    np.testing.assert_allclose(result.asset_means[0, :4] / 10, expected[1:], atol=1e-5)
    reached = fragility_of("C1L-LC").exceedance(np.float32(0.27))
    np.testing.assert_allclose(result.asset_states_low[0], reached, atol=1e-6)
    np.testing.assert_allclose(result.asset_states_high[0], reached, atol=1e-6)


def test_asset_ranges_are_the_quantiles_over_the_fields():
    exposure = stock(1, types=("RM1L-LC",))
    motion = fields(20_000, exposure)
    result = assess(exposure, motion, local_hour=2, rng=rng(), spread=0.0)
    each = fragility_of("RM1L-LC").exceedance(motion["PGA"][:, 0])
    np.testing.assert_allclose(result.asset_states_low[0], np.quantile(each, 0.05, axis=0), atol=0.01)
    np.testing.assert_allclose(result.asset_states_high[0], np.quantile(each, 0.95, axis=0), atol=0.01)


@settings(max_examples=25)
@given(st.floats(0.02, 1.5), st.floats(1.05, 3))
def test_stronger_shaking_never_means_less(weak_g, factor):
    exposure = stock(12, zones=2)
    weak, strong = (
        assess(exposure, {"PGA": np.full((4, 12), pga, np.float32)}, local_hour=2, rng=rng(), spread=0.0)
        for pga in (weak_g, weak_g * factor)
    )
    assert (strong.asset_means[:, 3:] >= weak.asset_means[:, 3:] - 1e-9).all()
    assert strong.estimate("loss_usd").value >= weak.estimate("loss_usd").value


def test_ranges_widen_with_what_is_not_known():
    exposure = stock(60)
    motion = {"PGA": np.full((400, 60), 0.3, np.float32)}
    narrow = assess(exposure, motion, local_hour=2, rng=rng(), spread=0.0).estimate("loss_usd")
    wide = assess(exposure, motion, local_hour=2, rng=rng()).estimate("loss_usd")
    assert narrow.high - narrow.low < 1e-6 * narrow.value
    assert wide.high / wide.low > 2


def test_more_people_inside_means_more_hurt():
    exposure = stock(60)
    night, day = (assess(exposure, fields(300, exposure), local_hour=hour, rng=rng()) for hour in (2, 14))
    assert night.estimate("injured").value == pytest.approx(2 * day.estimate("injured").value, rel=0.1)
    assert night.estimate("displaced").value == day.estimate("displaced").value


def test_blocks_of_fields_give_what_all_together_give():
    exposure = stock(12)
    motion = fields(30, exposure)
    whole = assess(exposure, motion, local_hour=2, rng=rng())
    parts = ({"PGA": motion["PGA"][i : i + 10]} for i in range(0, 30, 10))
    blocks = assess(exposure, parts, local_hour=2, rng=rng())
    for quantity in QUANTITIES:
        np.testing.assert_array_equal(whole.samples[quantity], blocks.samples[quantity])
    np.testing.assert_allclose(whole.asset_means, blocks.asset_means, rtol=1e-12)


def test_a_single_building():
    exposure = stock(1, zones=1, types=("URML-PC",), buildings=np.array([1.0]))
    result = assess(exposure, fields(500, exposure), local_hour=2, rng=rng())
    counts = np.stack([result.of(name) for name in BUILDINGS])
    assert (counts.sum(axis=0) == 1).all() and set(np.unique(counts)) == {0.0, 1.0}
    assert 0 < result.estimate("buildings_complete").value < 1


def test_intensity_decides_how_many_are_trapped():
    exposure = stock(3, types=("URML-PC",), occupants_night=np.full(3, 1e5))
    motion = {"PGA": np.full((50, 3), 0.5, np.float32)}
    low, high, own = (
        assess(exposure, motion, mmi, local_hour=2, rng=rng(), spread=0.0).estimate("trapped").value
        for mmi in (np.full((50, 3), 7.0), np.full((50, 3), 9.0), None)
    )
    assert high == pytest.approx(12 * low, rel=0.02)
    # 0.5 g is 490.33 cm/s2: MMI = -1.60 + 3.70 log10(490.33) = 8.355 (Worden and others 2012), share 0.4065
    assert own == pytest.approx(low / 0.05 * 0.4065, rel=0.02)
    inside = assess(exposure, motion | {"MMI": np.full((50, 3), 9.0)}, local_hour=2, rng=rng(), spread=0.0)
    assert inside.estimate("trapped").value == pytest.approx(high, rel=1e-12)


def test_assets_without_motion_are_named_and_the_rest_goes_on():
    exposure = stock()
    motion = fields(20, exposure)
    motion["PGA"][:, 2] = np.nan
    result = assess(exposure, motion, local_hour=2, rng=rng())
    assert result.unassessed == ("a2",)
    assert "1 of 6 assets have no motion" in result.notes[0]
    assert result.of("buildings_none").max() <= 50
    assert np.isnan(result.asset_means[2]).all() and np.isfinite(result.asset_means[[0, 1, 3, 4, 5]]).all()
    json.dumps(result.to_geojson(of="assets"), allow_nan=False)


def test_crossing_curves_are_reported_and_the_assessment_goes_on():
    mine = Fragility("mine", "URM", "L", "", (0.2, 0.3, 0.6, 0.9), (0.4, 0.9, 0.9, 0.9), 0.2)
    exposure = stock(types=("mine",))
    result = assess(exposure, fields(20, exposure), local_hour=2, rng=rng(), fragilities={"mine": mine})
    assert result.notes[0].startswith("fragility curves of mine cross")
    assert (result.of("buildings_none") >= 0).all()


@pytest.mark.parametrize(
    ("motion", "message"),
    [
        ({"SA(1.0)": np.ones((3, 6))}, r"no PGA .*which fragility needs; it has SA\(1.0\)"),
        ({"PGA": np.ones((3, 5))}, r"PGA has shape \(3, 5\), expected \(fields, 6 assets\)"),
        ({"PGA": np.ones(6)}, "PGA has shape"),
        ({"PGA": np.ones((0, 6))}, "PGA has shape"),
        ({"PGA": np.full((3, 6), -1.0)}, "negative or infinite.*not a logarithm"),
        ({"PGA": np.ones((3, 6)), "MMI": np.ones((2, 6))}, r"MMI has shape \(2, 6\), PGA \(3, 6\)"),
        ({"PGA": np.full((3, 6), np.nan)}, "no asset has any motion"),
        ([], "no field of shaking"),
    ],
)
def test_bad_motion_is_refused(motion, message):
    with pytest.raises(InputError, match=message):
        assess(stock(), motion, local_hour=2, rng=rng())


def test_blocks_must_lack_the_same_assets():
    exposure = stock()
    first, second = fields(3, exposure), fields(3, exposure)
    second["PGA"][:, 1] = np.nan
    with pytest.raises(InputError, match="in one block than in another"):
        assess(exposure, [first, second], local_hour=2, rng=rng())


def test_bad_questions_are_answered(city):
    with pytest.raises(UnknownNameError, match="unknown quantity 'dead'; did you mean 'deaths'"):
        city.estimate("dead")
    with pytest.raises(UnknownNameError, match="unknown zone 'z9'"):
        city.estimate("deaths", "z9")
    with pytest.raises(UnknownNameError, match="kind of feature"):
        city.to_geojson(of="streets")
    with pytest.raises(UnknownNameError, match="building type"):
        assess(stock(types=("adobe",)), {"PGA": np.ones((1, 6))}, local_hour=2, rng=rng())
    empty = stock().select(np.zeros(6, bool))
    with pytest.raises(InputError, match="the exposure is empty"):
        assess(empty, {"PGA": np.ones((1, 0))}, local_hour=2, rng=rng())


def test_zones_tell_where_they_are_and_that_nobody_has_looked(city):
    zones = city.by_zone()
    assert [zone.zone_id for zone in zones] == ["z0", "z1", "z2"]
    for i, zone in enumerate(zones):
        assert zone.longitude == pytest.approx(-71.25 + 0.01 * (np.arange(i, 60, 3).mean()))
        assert zone.latitude == pytest.approx(-29.95)
        assert zone.residents == 800 and zone.indoors == 800
        assert zone.observed is False and zone.simulated is True
        assert set(zone.estimates) == set(QUANTITIES)


def test_the_middle_of_a_zone_across_the_date_line():
    exposure = stock(2, zones=1, longitude=np.array([179.9, -179.7]))
    result = assess(exposure, fields(5, exposure), local_hour=2, rng=rng())
    assert result.zone_places()[0, 0] == pytest.approx(-179.9)


def test_json_carries_every_scale_the_ranges_and_the_warnings(city):
    document = json.loads(json.dumps(city.to_json(), allow_nan=False))
    assert document["observed"] is False and document["simulated"] is True
    assert "SIMULATED" in document["watermark"]["en"] and "模拟" in document["watermark"]["zh"]
    assert document["scales"]["gbt24335"]["destroyed"] == {"en": "destroyed", "zh": "毁坏"}
    assert set(document["total"]) == set(QUANTITIES)
    assert len(document["zones"]) == 3
    for key, states in document["buildings"].items():
        assert sum(state["value"] for state in states.values()) == pytest.approx(600, rel=1e-4), key
    for zone in document["zones"]:
        assert zone["observed"] is False and set(zone["buildings"]) == {"hazus", "ems98", "gbt24335", "broad"}
        for one in zone["estimates"].values():
            assert one["low"] <= one["value"] <= one["high"] and one["level"] == 0.9


def test_a_real_stock_has_no_watermark():
    exposure = stock(simulated=False)
    assert "watermark" not in assess(exposure, fields(3, exposure), local_hour=2, rng=rng()).to_json()


def test_geojson_of_zones_and_of_assets(city):
    zones, assets = (json.loads(json.dumps(city.to_geojson(of=of), allow_nan=False)) for of in ("zones", "assets"))
    assert len(zones["features"]) == 3 and len(assets["features"]) == 60
    assert zones["features"][0]["geometry"]["coordinates"][1] == pytest.approx(-29.95)
    first = assets["features"][0]["properties"]
    assert first["asset_id"] == "a0" and first["observed"] is False and first["assessed"] is True
    reached = [first["reached"][state]["value"] for state in ("slight", "moderate", "extensive", "complete")]
    assert reached == sorted(reached, reverse=True)
    for one in first["reached"].values():
        assert 0 <= one["low"] <= one["value"] <= one["high"] <= 1
    for one in first["expected"].values():
        assert 0 <= one["low"] <= one["value"] <= one["high"] and one["level"] == 0.9


def test_what_an_asset_reached_adds_up_from_its_worst_state(city):
    first = city.to_geojson(of="assets")["features"][7]["properties"]
    states = city.asset_means[7, :4] / 10  # slight to complete, of ten buildings
    for i, state in enumerate(("slight", "moderate", "extensive", "complete")):
        told = first["reached"][state]
        assert told["value"] == pytest.approx(states[i:].sum(), abs=1e-5)
        assert told["low"] == pytest.approx(min(city.asset_states_low[7, i], states[i:].sum()), abs=1e-5)
        assert told["high"] == pytest.approx(max(city.asset_states_high[7, i], states[i:].sum()), abs=1e-5)
    assert first["buildings"] == 10 and first["expected"]["loss"]["value"] == pytest.approx(
        city.asset_means[7, CONSEQUENCES.index("loss")], rel=1e-4
    )


def test_asset_ranges_hold_nine_tenths_of_what_the_fields_expect():
    exposure = stock(3, types=("RM1L-LC", "URML-PC", "C1M-MC"))
    motion = fields(4000, exposure, median_g=0.25)
    result = assess(exposure, motion, local_hour=2, rng=rng())
    drawn = draw_spread(4000, np.random.default_rng(11))
    ln_pga = np.log(motion["PGA"]) + drawn.ln_fragility[:, None]
    for quantity, factor in (("deaths", drawn.casualties), ("loss", drawn.loss), ("displaced", drawn.displaced)):
        low, high = asset_range(result, quantity)
        amount = {"loss": 5e5}.get(quantity, 40)
        for a in range(3):
            table = consequence_tables([fragility_of(exposure.taxonomy[a])])[0][:, CONSEQUENCES.index(quantity)]
            each = np.minimum(amount * np.interp(ln_pga[:, a], LN_PGA, table) * factor, amount)
            assert 0.85 < ((each >= low[a]) & (each <= high[a])).mean() < 0.97, (quantity, a)


def test_asset_ranges_are_widened_by_the_spread_of_costs():
    """By hand: logarithms of shaking and of costs (0.3) are independent, so their half widths add as squares."""
    exposure = stock(1, types=("RM1L-LC",))
    result = assess(exposure, fields(300, exposure), local_hour=2, rng=rng())
    cost = np.array([0.02, 0.10, 0.447, 1.0])  # of RES1, by state
    ends = []
    for reached in (result.asset_states_low[0], result.asset_states_high[0]):
        ends.append(5e5 * (reached - np.append(reached[1:], 0)) @ cost)
    half = np.hypot(np.log(ends[1] / ends[0]) / 2, 1.644854 * 0.3)
    low, high = asset_range(result, "loss")
    assert low[0] == pytest.approx(np.sqrt(ends[0] * ends[1]) * np.exp(-half), rel=1e-6)
    assert high[0] == pytest.approx(min(np.sqrt(ends[0] * ends[1]) * np.exp(half), 5e5), rel=1e-6)
    assert low[0] < 0.95 * ends[0]


def test_asset_ranges_end_at_what_there_is_and_skip_what_was_not_assessed():
    exposure = stock(2, types=("URML-PC",))
    motion = {"PGA": np.full((20, 2), 10, np.float32)}
    motion["PGA"][:, 1] = np.nan
    low, high = asset_range(assess(exposure, motion, local_hour=2, rng=rng()), "displaced")
    assert high[0] == 40 and low[0] <= 40 and np.isnan([low[1], high[1]]).all()
    with pytest.raises(UnknownNameError, match="quantity of an asset"):
        asset_range(assess(exposure, motion, local_hour=2, rng=rng()), "trapped")
