"""ShakeMap grids: read, written, read again."""

from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import numpy as np
import pytest

from houfeng.earthquake import Earthquake
from houfeng.errors import InputError, SourceError
from houfeng.shaking.field import ShakingField
from houfeng.shaking.intensity import intensity_of
from houfeng.shaking.motion import MEASURES, Motion
from houfeng.shaking.shakemap import read_shakemap, write_shakemap
from houfeng.shaking.sites import DEFAULT_VS30_MPS, Sites

QUAKE = Earthquake(
    "us2<0003k7a>",
    datetime(2015, 9, 16, 22, 54, 32, tzinfo=UTC),
    -71.67,
    -31.57,
    22.4,
    8.3,
    names={"en": 'Illapel "&"'},
)

GRID = """<?xml version="1.0"?>
<shakemap_grid xmlns="http://earthquake.usgs.gov/eqcenter/shakemap" shakemap_id="x" shakemap_version="3"
 shakemap_originator="us" shakemap_event_type="{kind}">
<event event_id="x" magnitude="7.0" depth="10" lat="1" lon="190" event_timestamp="2020-01-01T00:00:00GMT"/>
{uncertainty}
<grid_field index="1" name="LON"/><grid_field index="2" name="LAT"/><grid_field index="3" name="PGA"/>
<grid_field index="4" name="PGV"/><grid_field index="5" name="MMI"/>{more}
<grid_data>
{rows}
</grid_data></shakemap_grid>"""


def field(n_lon=4, n_lat=3, west=-72.0, measures=MEASURES, **more) -> ShakingField:
    x, y = np.meshgrid(west + 0.1 * np.arange(n_lon), -30 - 0.2 * np.arange(n_lat))
    rng = np.random.default_rng(1)
    n, k = x.size, len(measures)
    motion = Motion(measures, rng.normal(0, 1, (n, k)), np.full((n, k), 0.3), rng.uniform(0.3, 0.6, (n, k)))
    sites = Sites.of(longitude=(x.ravel() + 180) % 360 - 180, latitude=y.ravel(), vs30_mps=rng.uniform(200, 800, n))
    return ShakingField(QUAKE, sites, motion, "test", **more)


@pytest.fixture
def grid(tmp_path):
    def make(rows="0 1 10 5 6", kind="ACTUAL", uncertainty="", more=""):
        path = tmp_path / "grid.xml"
        path.write_text(GRID.format(rows=rows, kind=kind, uncertainty=uncertainty, more=more), encoding="utf-8")
        return read_shakemap(path)

    return make


class TestRoundTrip:
    @pytest.mark.parametrize("west", [-72.0, 179.8])
    def test_gives_back_what_was_written(self, tmp_path, west):
        given = field(west=west, n_stations=12)
        write_shakemap(given, tmp_path / "grid.xml")
        found = read_shakemap(tmp_path / "grid.xml")
        assert found.rejected == {}
        assert found.field.motion.measures == MEASURES
        for name in ("longitude", "latitude", "vs30_mps"):
            assert np.allclose(getattr(found.field.sites, name), getattr(given.sites, name), rtol=1e-5, atol=1e-6)
        assert np.allclose(found.field.motion.mean_ln, given.motion.mean_ln, atol=1e-5)
        assert np.allclose(found.field.motion.total, given.motion.total, rtol=1e-5)
        assert np.allclose(found.mmi, intensity_of(given.motion).mean, rtol=1e-5)
        assert found.field.n_stations == 12
        quake = found.field.earthquake
        assert (quake.event_id, quake.time, quake.magnitude) == (QUAKE.event_id, QUAKE.time, 8.3)
        assert quake.name("en") == QUAKE.name("en")

    def test_sites_in_any_order_come_out_north_to_south(self, tmp_path):
        given = field()
        mixed = np.random.default_rng(3).permutation(len(given.sites))
        motion = Motion(MEASURES, *(getattr(given.motion, n)[mixed] for n in ("mean_ln", "between", "within")))
        write_shakemap(replace(given, sites=given.sites.select(mixed), motion=motion), tmp_path / "grid.xml")
        found = read_shakemap(tmp_path / "grid.xml").field
        assert np.allclose(found.sites.latitude, given.sites.latitude)
        assert np.allclose(found.motion.mean_ln, given.motion.mean_ln, atol=1e-5)

    def test_rounding_of_latitudes_does_not_shuffle_a_row(self, tmp_path):
        given = field()
        noise = 1e-10 * np.random.default_rng(5).standard_normal(len(given.sites))
        sites = Sites(given.sites.longitude, given.sites.latitude + noise, given.sites.vs30_mps)
        write_shakemap(replace(given, sites=sites), tmp_path / "grid.xml")
        found = read_shakemap(tmp_path / "grid.xml").field.sites
        assert np.allclose(found.longitude, given.sites.longitude), "west to east within rows"
        assert np.allclose(found.latitude, given.sites.latitude), "from north to south"

    def test_the_header_says_what_the_rows_are(self, tmp_path):
        """By hand: four columns from 72.0 W every 0.1 degree, three rows from 30.0 S every 0.2 degree."""
        given = field(measures=("PGA", "PGV"))
        write_shakemap(given, tmp_path / "grid.xml")
        root = ElementTree.parse(tmp_path / "grid.xml").getroot()
        space = "{http://earthquake.usgs.gov/eqcenter/shakemap}"
        told = {name: float(value) for name, value in root.find(f"{space}grid_specification").attrib.items()}
        assert told == pytest.approx(
            {"lon_min": -72.0, "lat_min": -30.4, "lon_max": -71.7, "lat_max": -30.0,
             "nominal_lon_spacing": 0.1, "nominal_lat_spacing": 0.2, "nlon": 4, "nlat": 3}
        )  # fmt: skip
        columns = [(one.get("name"), one.get("units")) for one in root.iter(f"{space}grid_field")]
        assert columns == [
            *(("LON", "dd"), ("LAT", "dd"), ("PGA", "%g"), ("PGV", "cm/s"), ("MMI", "intensity")),
            *(("STDPGA", "ln"), ("STDPGV", "ln"), ("SVEL", "m/s")),
        ]
        first = [float(item) for item in root.find(f"{space}grid_data").text.split()[:8]]
        expected = [100 * given.motion.median("PGA")[0], given.motion.median("PGV")[0]]
        assert first[:4] == pytest.approx([-72.0, -30.0, *expected], rel=1e-5)
        assert first[5:] == pytest.approx([*given.motion.total[0], given.sites.vs30_mps[0]], rel=1e-5)
        spread = [float(one.get("value")) for one in root.iter(f"{space}event_specific_uncertainty")]
        assert spread == pytest.approx(given.motion.total.mean(axis=0), abs=1e-4)

    def test_what_is_simulated_stays_so(self, tmp_path):
        write_shakemap(field(simulated=True), tmp_path / "grid.xml")
        found = read_shakemap(tmp_path / "grid.xml").field
        assert found.simulated and found.earthquake.status == "scenario"

    def test_two_measures_and_an_intensity_of_ones_own(self, tmp_path):
        given = field(measures=("PGA", "PGV"))
        write_shakemap(given, tmp_path / "grid.xml", mmi=np.full(12, 5.5))
        found = read_shakemap(tmp_path / "grid.xml")
        assert found.field.motion.measures == ("PGA", "PGV") and (found.mmi == 5.5).all()

    def test_scattered_sites_are_refused(self, tmp_path):
        given = field()
        keep = np.arange(len(given.sites)) != 4
        motion = Motion(MEASURES, *(getattr(given.motion, n)[keep] for n in ("mean_ln", "between", "within")))
        with pytest.raises(InputError, match="no full grid of equal steps"):
            write_shakemap(replace(given, sites=given.sites.select(keep), motion=motion), tmp_path / "grid.xml")

    def test_a_folder_that_is_not_there_says_so(self, tmp_path):
        with pytest.raises(SourceError, match="cannot write"):
            write_shakemap(field(), tmp_path / "no" / "grid.xml")


class TestReading:
    def test_units_and_defaults(self, grid):
        found = grid()
        assert np.exp(found.field.motion.mean_ln[0]) == pytest.approx([0.1, 5.0])
        assert found.field.sites.vs30_mps[0] == DEFAULT_VS30_MPS
        assert found.field.motion.total[0] == pytest.approx([0.7, 0.7])
        assert found.field.motion.between.min() > 0  # nothing was observed
        assert found.field.earthquake.longitude == -170
        assert "version 3 (us)" in found.field.source

    def test_bad_rows_are_left_out_and_counted(self, grid):
        found = grid("0 1 10 5 6\n0 1 nan 5 6\n0 1 -3 5 6\n0 1 x 5 6\n0 99 1 5 6\n0 1 10\n0 2 0 0 1")
        assert found.rejected == {
            "row too short": 1,
            "place outside the Earth": 1,
            "motion not a number or negative": 3,
        }
        assert len(found.field.sites) == 2 and np.isfinite(found.field.motion.mean_ln).all()

    def test_stations_make_the_event_known_and_pga_shows_where_they_are(self, grid):
        found = grid(
            "0 1 10 5 6 0.25\n0 2 10 5 6 0.5",
            uncertainty='<event_specific_uncertainty name="pga" value="0.5" numsta="9"/>'
            '<event_specific_uncertainty name="pgv" value="0.6" numsta="7"/>',
            more='<grid_field index="6" name="STDPGA"/>',
        )
        assert found.field.n_stations == 9
        assert found.field.motion.within.tolist() == [[0.25, 0.3], [0.5, 0.6]]
        assert (found.field.motion.between == 0).all()

    def test_the_spread_of_the_map_where_that_of_a_point_is_not_known(self, grid):
        told = '<event_specific_uncertainty name="{}" value="{}" numsta="{}"/>'
        found = grid(
            "0 1 10 5 6 0.25\n0 2 10 5 6 nan",
            uncertainty="".join(
                told.format(*one) for one in (("pga", 0.5, 0), ("pgv", 7, 40), ("mi", 0.3, 9), ("psa03", "?", "?"))
            ),
            more='<grid_field index="6" name="STDPGV"/>',
        ).field
        assert found.n_stations == 0, "impossible spreads, intensities and unknown measures count no stations"
        # PGA from the map; PGV by the point, else a usual 0.7; three tenths of the variance between earthquakes.
        np.testing.assert_allclose(found.motion.total, [[0.5, 0.25], [0.5, 0.7]])
        np.testing.assert_allclose(found.motion.between**2, 0.3 * found.motion.total**2)

    def test_ground_under_either_name_and_within_its_limits(self, grid):
        rows = "0 1 10 5 6 50\n0 2 10 5 6 3000\n0 3 10 5 6 49\n0 4 10 5 6 3001\n0 5 10 5 6 nan"
        for name in ("SVEL", "VS30"):
            found = grid(rows, more=f'<grid_field index="6" name="{name}"/>').field.sites.vs30_mps
            assert found.tolist() == [50, 3000, *[DEFAULT_VS30_MPS] * 3]

    def test_motions_rounded_to_nothing_stay_finite_and_tiny(self, grid):
        found = grid("0 1 0 0 1").field.motion
        assert np.exp(found.mean_ln[0]) == pytest.approx([1e-6, 1e-6])

    def test_scenarios_are_told_apart(self, grid):
        assert grid(kind="SCENARIO").field.simulated
        assert not grid().field.simulated

    def test_what_is_no_grid_is_refused(self, grid, tmp_path):
        with pytest.raises(InputError, match="no row of .* is usable"):
            grid("")
        for text, message in (("<a", "not XML"), ("<a/>", "no ShakeMap grid.xml")):
            (tmp_path / "x.xml").write_text(text, encoding="utf-8")
            with pytest.raises(InputError, match=message):
                read_shakemap(tmp_path / "x.xml")
        with pytest.raises(SourceError, match="cannot read"):
            read_shakemap(tmp_path / "none.xml")

    def test_an_event_without_time_or_place_is_refused(self, tmp_path):
        text = GRID.format(rows="0 1 1 1 1", kind="ACTUAL", uncertainty="", more="")
        for old, new, message in (('lat="1" ', "", "lacks lat"), ("2020-01-01", "last year", "event_timestamp")):
            (tmp_path / "x.xml").write_text(text.replace(old, new), encoding="utf-8")
            with pytest.raises(InputError, match=message):
                read_shakemap(tmp_path / "x.xml")


@pytest.mark.shared
class TestLomaPrieta:
    def test_reads_the_whole_map(self, shared_data):
        found = read_shakemap(shared_data / "shaking/loma_prieta_grid.xml")
        assert len(found.field.sites) == 49 * 29 and found.rejected == {}
        assert found.field.earthquake.time == datetime(1989, 10, 18, 0, 4, 15, tzinfo=UTC)
        assert np.exp(found.field.motion.mean_ln[0, :2]) == pytest.approx([0.1809, 12.66])
        assert found.mmi[0] == 6.052 and found.field.sites.vs30_mps[0] == 600
        assert found.field.motion.within[0, 0] == 0.4367

    def test_our_intensity_follows_that_of_the_map(self, shared_data):
        """The map of 2020 uses terms for magnitude and distance too: lower by half a degree, with little scatter."""
        found = read_shakemap(shared_data / "shaking/loma_prieta_grid.xml")
        off = intensity_of(found.field.motion).mean - found.mmi
        assert 0.2 < off.mean() < 0.7 and off.std() < 0.25

    def test_round_trip_of_a_real_map(self, shared_data, tmp_path):
        found = read_shakemap(shared_data / "shaking/loma_prieta_grid.xml")
        write_shakemap(found.field, tmp_path / "grid.xml", mmi=found.mmi)
        again = read_shakemap(tmp_path / "grid.xml")
        assert np.allclose(again.field.motion.mean_ln, found.field.motion.mean_ln, atol=1e-5)
        assert np.array_equal(again.field.sites.vs30_mps, found.field.sites.vs30_mps)
        assert np.allclose(again.mmi, found.mmi)

    def test_realisations_of_a_real_map(self, shared_data):
        field = read_shakemap(shared_data / "shaking/loma_prieta_grid.xml").field
        samples = field.realisations(40, np.random.default_rng(1), measures=["PGV"])
        assert samples["PGV"].shape == (40, 1421)
        median = np.median(samples["PGV"], axis=0)
        assert np.corrcoef(np.log(median), field.motion.mean_ln[:, 1])[0, 1] > 0.9
