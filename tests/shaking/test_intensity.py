"""From motion to intensity: the published lines, their uncertainty, the scales of China and Japan, GeoJSON."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.earthquake import Earthquake
from houfeng.errors import InputError, SourceError, UnknownNameError
from houfeng.shaking.field import ShakingField
from houfeng.shaking.geojson import to_geojson, write_geojson
from houfeng.shaking.intensity import (
    RELATIONS,
    chance_of_at_least,
    conversion_sigma,
    intensity_of,
    ln_from_mmi,
    mmi_from_ln,
    mmi_of,
    used_for_intensity,
    with_scatter,
)
from houfeng.shaking.motion import Motion
from houfeng.shaking.scales import JMA_CLASSES, china_intensity, jma_class, jma_intensity, roman
from houfeng.shaking.sites import Sites


def motion(pga_g, pgv_cms, between=0.4, within=0.6) -> Motion:
    mean = np.log(np.column_stack([np.atleast_1d(pga_g), np.atleast_1d(pgv_cms)]))
    return Motion(("PGA", "PGV"), mean, np.full(mean.shape, between), np.full(mean.shape, within))


class TestLines:
    """Worden and others (2012), table 1: values by hand from the printed coefficients."""

    @pytest.mark.parametrize(
        ("measure", "log10_cgs", "expected"),
        [
            ("PGA", 1.0, 1.78 + 1.55),
            ("PGA", 2.5, -1.60 + 3.70 * 2.5),
            ("PGA", 0.0, 1.71),
            ("PGV", 0.0, 3.78),
            ("PGV", 1.5, 2.89 + 3.16 * 1.5),
            ("PGV", -1.5, 4.62 - 2.17 * 1.5),
            ("SA(0.3)", 2.7, -4.15 + 4.14 * 2.7),
            ("SA(1.0)", 2.0, 0.20 + 2.90 * 2),
            ("SA(3.0)", 0.5, 3.81 + 1.17 * 0.5),
        ],
    )
    def test_each_line(self, measure, log10_cgs, expected):
        ln_value = log10_cgs * np.log(10) - (0 if measure == "PGV" else np.log(981))
        assert mmi_from_ln(measure, np.array([ln_value]))[0] == pytest.approx(expected)

    def test_what_maps_of_the_usgs_show(self):
        """The scale printed on ShakeMaps after 2012: %g and cm/s at the middle of each step."""
        pga = np.array([2.76, 6.2, 11.5, 21.5, 40.1, 74.7]) / 100
        pgv = np.array([1.41, 4.65, 9.64, 20.0, 41.4, 85.8])
        assert mmi_of({"PGA": pga}) == pytest.approx([4, 5, 6, 7, 8, 9], abs=0.06)
        assert mmi_of({"PGV": pgv}) == pytest.approx([4, 5, 6, 7, 8, 9], abs=0.06)

    def test_lines_meet_nearly(self):
        for measure, relation in RELATIONS.items():
            shift = 0 if measure == "PGV" else np.log(981)
            for at in relation.breaks:
                around = mmi_from_ln(measure, np.array([-1e-6, 1e-6]) + at * np.log(10) - shift)
                assert abs(np.diff(around)[0]) < 0.25, measure

    @given(st.sampled_from(sorted(RELATIONS)), st.floats(2.1, 9.9))
    def test_there_and_back(self, measure, mmi):
        ln_value, sigma = ln_from_mmi(measure, np.array([mmi]))
        assert mmi_from_ln(measure, ln_value)[0] == pytest.approx(mmi, abs=0.25)
        assert 0.8 < sigma < 1.5

    @pytest.mark.parametrize(
        ("measure", "mmi", "log10_cgs", "sigma_log10"),
        [
            ("PGA", 1.9, (1.9 - 1.71) / 2.08, 0.35),
            ("PGA", 3.0, (3.0 - 1.78) / 1.55, 0.35),
            ("PGA", 4.25, (4.25 + 1.60) / 3.70, 0.35),
            ("PGV", 1.5, (1.5 - 4.62) / 2.17, 0.38),
            ("PGV", 4.54, (4.54 - 3.78) / 1.47, 0.38),
            ("PGV", 4.58, (4.58 - 2.89) / 3.16, 0.38),
            ("SA(0.3)", 6.0, (6.0 + 4.15) / 4.14, 0.44),
            ("SA(1.0)", 4.0, (4.0 - 2.50) / 1.51, 0.47),
            ("SA(3.0)", 6.0, (6.0 - 1.99) / 3.01, 0.64),
        ],
    )
    def test_back_by_the_same_lines(self, measure, mmi, log10_cgs, sigma_log10):
        ln_value, sigma = ln_from_mmi(measure, np.array([mmi]))
        shift = 0 if measure == "PGV" else np.log(981)
        assert ln_value[0] == pytest.approx(log10_cgs * np.log(10) - shift)
        assert sigma == pytest.approx(sigma_log10 * np.log(10))

    def test_both_are_averaged_and_cut(self):
        values = {"PGA": np.array([0.1, 5.0, 0.0]), "PGV": np.array([30.0, 500.0, 0.0]), "SA(1.0)": np.ones(3)}
        alone = [mmi_of({name: values[name]})[0] for name in ("PGA", "PGV")]
        found = mmi_of(values)
        assert found[0] == pytest.approx(np.mean(alone))
        assert found[1] == 10 and found[2] == 1

    def test_samples_keep_shape_and_type(self):
        samples = {"PGA": np.full((3, 4), 0.2, np.float32), "PGV": np.full((3, 4), 20, np.float32)}
        found = mmi_of(samples)
        assert found.shape == (3, 4) and found.dtype == np.float32
        assert found[0, 0] == pytest.approx(mmi_of({"PGA": np.array([0.2]), "PGV": np.array([20.0])})[0], abs=1e-4)

    def test_the_best_measure_there_is(self):
        assert used_for_intensity(("SA(1.0)", "PGV")) == ("PGV",)
        assert used_for_intensity(("SA(3.0)", "SA(0.3)")) == ("SA(0.3)",)
        assert conversion_sigma(("PGA", "PGV")) == pytest.approx(0.69)
        with pytest.raises(InputError, match="no intensity can be made from SA"):
            used_for_intensity(("SA(0.5)",))
        with pytest.raises(UnknownNameError, match="SA"):
            mmi_from_ln("SA(0.5)", np.array([0.0]))


class TestChance:
    def test_against_simulation(self):
        """A million draws of PGA, PGV (correlation 0.729) and the conversion."""
        rng = np.random.default_rng(1)
        given_motion = motion(0.12, 9.0)
        z = rng.multivariate_normal([0, 0], [[1, 0.729], [0.729, 1]], 400_000)
        logs = given_motion.mean_ln[0] + given_motion.total[0] * z
        mmi = (mmi_from_ln("PGA", logs[:, 0]) + mmi_from_ln("PGV", logs[:, 1])) / 2 + rng.normal(0, 0.69, len(z))
        levels = np.array([4.0, 5.0, 6.0, 7.0, 8.0])
        simulated = (mmi[:, None] >= levels).mean(axis=0)
        assert chance_of_at_least(given_motion, levels)[0] == pytest.approx(simulated, abs=0.004)
        assert intensity_of(given_motion).sigma[0] == pytest.approx(mmi.std(), rel=0.02)

    def test_no_scatter_of_motion_leaves_the_conversion(self):
        still = motion(0.2, 20.0, between=0.0, within=0.0)
        mean = intensity_of(still).mean[0]
        assert intensity_of(still).sigma[0] == pytest.approx(0.69)
        assert chance_of_at_least(still, np.array([mean]))[0, 0] == pytest.approx(0.5)

    @given(st.floats(0.001, 1.0), st.floats(0.05, 100.0), st.floats(0.05, 1.0))
    def test_falls_with_the_level_and_rises_with_shaking(self, pga, pgv, within):
        levels = np.arange(2.0, 10.0)
        one = chance_of_at_least(motion(pga, pgv, within=within), levels)[0]
        two = chance_of_at_least(motion(1.5 * pga, 1.5 * pgv, within=within), levels)[0]
        assert (np.diff(one) <= 0).all() and ((one >= 0) & (one <= 1)).all()
        assert (two >= one - 1e-12).all()

    def test_interval_is_cut_to_the_scale(self):
        low, high = intensity_of(motion([0.0001, 0.2, 2.0], [0.01, 20, 300])).interval(0.9)
        assert low[0] == 1 and high[2] == 10 and 4.5 < low[1] < 6 and 8 < high[1] < 9.5

    def test_interval_is_the_central_one(self):
        found = intensity_of(motion(0.2, 20))
        for level, z in ((0.9, 1.644854), (0.5, 0.674490)):
            low, high = found.interval(level)
            assert (low[0], high[0]) == pytest.approx(
                (found.mean[0] - z * found.sigma[0], found.mean[0] + z * found.sigma[0]), abs=1e-5
            )

    def test_one_measure_is_enough(self):
        only = Motion(("PGV",), np.log([[20.0]]), np.array([[0.4]]), np.array([[0.6]]))
        assert intensity_of(only).mean[0] == pytest.approx(2.89 + 3.16 * np.log10(20))
        assert intensity_of(only).sigma[0] == pytest.approx(
            np.hypot(0.65, np.hypot(0.4, 0.6) * 3.16 / np.log(10)), rel=0.1
        )

    def test_scatter_of_single_places(self):
        rng = np.random.default_rng(0)
        found = with_scatter(np.full((100, 200), 6.0, np.float32), ("PGA", "PGV"), rng)
        assert found.std() == pytest.approx(0.69, rel=0.03) and found.dtype == np.float32
        assert with_scatter(np.full(50, 9.9), ("PGV",), rng).max() == 10


class TestScales:
    def test_china_by_hand(self):
        # GB/T 17742-2020, A.5 and A.6: 1 m/s^2 is 6.59, 0.1 m/s is 6.77; both reach 6, so velocity counts.
        assert china_intensity(pga_g=np.array([1 / 9.80665]), pgv_cms=np.array([10.0]))[0] == 6.8
        # 0.1 m/s^2 is 3.42, 0.01 m/s is 3.77: the mean.
        assert china_intensity(pga_g=np.array([0.1 / 9.80665]), pgv_cms=np.array([1.0]))[0] == 3.6
        # Only one reaches 6: the mean still, of 6.59 and 3.77, or of 3.42 and 6.77.
        one = china_intensity(pga_g=np.array([1, 0.1]) / 9.80665, pgv_cms=np.array([1.0, 10.0]))
        assert one.tolist() == [5.2, 5.1]
        assert china_intensity(pga_g=np.array([0.0, 9.0]), pgv_cms=np.array([0.0, 900.0])).tolist() == [1.0, 12.0]

    def test_japan_by_hand(self):
        assert jma_intensity(pgv_cms=np.array([10.0, 100.0, 0.0])) == pytest.approx([4.40, 6.12, 0.0])

    def test_classes_of_japan_at_their_borders(self):
        given_values = [0.49, 0.5, 1.5, 2.5, 3.5, 4.49, 4.5, 4.999, 5.0, 5.5, 6.0, 6.5, 7.2]
        names = ["0", "1", "2", "3", "4", "4", "5-lower", "5-upper", "5-upper", "6-lower", "6-upper", "7", "7"]
        assert jma_class(np.array(given_values)).tolist() == names
        assert [name for name, _ in JMA_CLASSES] == sorted(set(names), key=names.index)

    def test_roman(self):
        assert [roman(level) for level in (1, 5.5, 12)] == ["I", "VI", "XII"]
        with pytest.raises(InputError, match="from 1 to 12"):
            roman(0.2)


class TestGeoJson:
    def field(self, **more) -> ShakingField:
        quake = Earthquake("q", datetime(2015, 9, 16, tzinfo=UTC), -71.6, -31.5, 22, 8.3, **more)
        sites = Sites.of(longitude=[-71.25, 179.99], latitude=[-29.95, 0.0])
        return ShakingField(quake, sites, motion([0.2, 0.01], [25.0, 0.8]), "model", simulated=more != {})

    def test_points_with_values_and_ranges(self):
        found = to_geojson(self.field())
        assert found["type"] == "FeatureCollection" and len(found["features"]) == 2
        first = found["features"][0]
        assert first["geometry"] == {"type": "Point", "coordinates": [-71.25, -29.95]}
        values = first["properties"]
        assert values["pga_g"] == 0.2 and values["pgv_cms"] == 25.0
        assert values["pga_g_low"] < 0.1 < 0.4 < values["pga_g_high"]
        assert values["mmi_low"] < values["mmi"] < values["mmi_high"]
        assert values["china_intensity"] == 8.0 and values["jma_class"] == "5-upper"
        assert found["properties"]["notice"] == "" and found["properties"]["n_stations"] == 0

    def test_ranges_are_those_of_the_motion(self):
        """0.2 g with a total spread of hypot(0.4, 0.6) = 0.7211: times or over exp(1.6449 * 0.7211) = 3.274."""
        for level, factor in ((0.9, 3.274), (0.5, np.exp(0.67449 * np.hypot(0.4, 0.6)))):
            found = to_geojson(self.field(), level=level)
            assert found["properties"]["range_level"] == level
            values = found["features"][0]["properties"]
            assert values["pga_g_high"] == pytest.approx(0.2 * factor, rel=1e-3)
            assert values["pga_g_low"] == pytest.approx(0.2 / factor, rel=1e-3)
            assert values["pgv_cms_high"] == pytest.approx(25 * factor, rel=1e-3)

    def test_simulated_stations_make_it_simulated_though_the_earthquake_was_real(self):
        quake = self.field().earthquake
        one = ShakingField(quake, Sites.of(longitude=0.0, latitude=0.0), motion(0.2, 25.0), "model", simulated=True)
        assert to_geojson(one)["properties"]["notice"] == "SIMULATED"
        drill = ShakingField(replace(quake, status="exercise"), one.sites, one.motion, "model")
        assert to_geojson(drill)["properties"]["notice"] == "SIMULATED"

    def test_cells_end_at_the_poles(self):
        top = ShakingField(
            self.field().earthquake,
            Sites.of(longitude=[0.0, -179.99], latitude=[89.98, -89.99]),
            motion([0.2, 0.1], [25.0, 8.0]),
            "model",
        )
        north, south = (
            one["geometry"]["coordinates"][0] for one in to_geojson(top, shape="cell", cell_deg=0.1)["features"]
        )
        assert north == [[-0.05, 89.93], [0.05, 89.93], [0.05, 90.0], [-0.05, 90.0], [-0.05, 89.93]]
        assert south[0] == [-180.0, -90.0] and south[2] == [-179.94, -89.94]

    def test_simulated_says_so(self):
        found = to_geojson(self.field(status="exercise"))["properties"]
        assert found["simulated"] and found["notice"] == "SIMULATED"

    def test_cells_end_at_the_date_line(self):
        ring = to_geojson(self.field(), shape="cell", cell_deg=0.1)["features"][1]["geometry"]["coordinates"][0]
        assert ring[0] == ring[-1] == [179.94, -0.05] and ring[2] == [180.0, 0.05]
        with pytest.raises(InputError, match="need a width"):
            to_geojson(self.field(), shape="cell")

    def test_written_and_read(self, tmp_path):
        write_geojson(self.field(), tmp_path / "field.geojson")
        assert json.loads((tmp_path / "field.geojson").read_text(encoding="utf-8")) == to_geojson(self.field())
        with pytest.raises(SourceError, match="cannot write"):
            write_geojson(self.field(), tmp_path / "no" / "field.geojson")
