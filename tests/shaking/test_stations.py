"""Stations as values, and the files they come in."""

import json
from dataclasses import replace

import numpy as np
import pytest

from houfeng.errors import InputError, SourceError
from houfeng.shaking.motion import Motion
from houfeng.shaking.sites import DEFAULT_VS30_MPS, Sites
from houfeng.shaking.station_files import read_stations
from houfeng.shaking.stations import Stations, ordered

XML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE stationlist [<!ELEMENT stationlist (station+)>]>
<shakemap-data><stationlist created="1">
<station code="A" lat="38.0" lon="-122.0" source="CGS" netid="CE">
 <comp name="--.HNE"><pga value="10" flag="0"/><pgv value="4" flag="0"/><psa03 value="20" flag="0"/></comp>
 <comp name="--.HNN"><pga value="40" flag="0"/><pgv value="16" flag="0"/><psa03 value="20" flag="G"/></comp>
 <comp name="--.HNZ"><pga value="90" flag="0"/></comp>
</station>
<station code="B" lat="38.1" lon="238.0"><comp name="UNK"><acc value="5"/><vel value="-1"/></comp></station>
<station code="C" lat="ninety" lon="-122"><comp name="N"><acc value="5"/></comp></station>
<station code="D" lat="38.2" lon="-122.2"><comp name="N"><acc value="n/a"/></comp></station>
<station code="E" lat="38.3" lon="-122.3" netid="CIIM" intensity="6.5">
 <comp name="Intensity Questionnaire"><acc value="20"/></comp></station>
<station code="F" lat="38.4" lon="-122.4"><comp name="N"><acc value="90000"/><vel value="3"/></comp></station>
</stationlist></shakemap-data>"""

JSON = {
    "type": "FeatureCollection",
    "features": [
        {
            "id": "CI.ABC",
            "geometry": {"type": "Point", "coordinates": [-118.0, 34.0]},
            "properties": {
                "code": "ABC",
                "station_type": "seismic",
                "vs30": 500.0,
                "intensity": 5.9,
                "channels": [
                    {
                        "name": "HNE",
                        "amplitudes": [
                            {"name": "pga", "value": 20.0, "units": "%g", "flag": "0", "ln_sigma": 0.1},
                            {"name": "sa(1.0)", "value": 9.0, "units": "%g", "flag": "0", "ln_sigma": 0},
                            {"name": "ia", "value": 9.0, "flag": "0"},
                        ],
                    },
                    {"name": "HNZ", "amplitudes": [{"name": "pga", "value": 50.0, "flag": "0"}]},
                ],
            },
        },
        {
            "id": "DYFI.1",
            "geometry": {"type": "Point", "coordinates": [-118.1, 34.1]},
            "properties": {
                "station_type": "macroseismic",
                "intensity": 4.2,
                "vs30": "null",
                "channels": [{"name": "mmi", "amplitudes": [{"name": "pga", "value": 3.0, "flag": "0"}]}],
            },
        },
        {"id": "broken", "geometry": None, "properties": {}},
    ],
}

CSV = """code,longitude,latitude,vs30_mps,pga_g,pgv_cms,sa03_g,intensity,sigma_ln
one,-71.2,-29.9,400,0.2,15,0.4,,0.05
two,-71.3,-30.0,,,,,7.5,
,-71.4,-30.1,9999,0.1,,,,
four,east,-30.1,,0.1,,,,
"""


@pytest.fixture
def listing(tmp_path):
    def write(text: str, name: str = "list.xml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read_stations(path)

    return write


class TestXml:
    def test_geometric_mean_of_horizontals_in_g_and_cms(self, listing):
        found = listing(XML)
        assert found.code.tolist() == ["A", "B", "E", "F"]
        assert found.measures == ("PGA", "PGV", "SA(0.3)")
        assert np.exp(found.ln_value[0]) == pytest.approx([0.2, 8.0, 0.2])
        assert found.sites.longitude[1] == pytest.approx(-122.0)

    def test_bad_values_are_left_out_and_counted(self, listing):
        found = listing(XML)
        assert found.rejected == {
            "flagged value": 1,
            "value not positive": 1,
            "no usable place": 1,
            "unreadable value": 1,
            "station without a usable value": 1,
            "value beyond anything recorded": 1,
        }
        assert np.isnan(found.ln_value[1, 1]) and np.isfinite(found.ln_value[3, 1])

    def test_reports_of_people_keep_only_their_intensity(self, listing):
        found = listing(XML)
        assert found.intensity[2] == 6.5 and not found.observed[2].any()
        assert np.isnan(found.intensity[[0, 1, 3]]).all()

    @pytest.mark.parametrize(
        ("name", "counts"),
        [("HNZ", False), ("--.BHZ", False), ("Z", False), ("up", False), ("V", False), ("Vertical", False)]
        + [("N", True), ("HN1", True), ("UNK", True), ("UPSTAIRS", True), ("", True)],
    )
    def test_vertical_components_are_left_out(self, listing, name, counts):
        text = '<s><station code="A" lat="38" lon="-122"><comp name="H1"><acc value="10"/></comp>'
        text += f'<comp name="{name}"><acc value="40"/></comp></station></s>'
        assert np.exp(listing(text).ln_value[0, 0]) == pytest.approx(0.2 if counts else 0.1)

    def test_longitudes_to_360_are_wrapped_and_beyond_there_is_no_place(self, listing):
        text = "".join(
            f'<station code="{lon}" lat="{lat}" lon="{lon}"><comp name="N"><acc value="5"/></comp></station>'
            for lon, lat in ((-180, 90), (360, -90), (361, 0), (-181, 0), (0, 90.1))
        )
        found = listing(f"<s>{text}</s>")
        assert found.code.tolist() == ["-180", "360"] and found.rejected == {"no usable place": 3}
        assert abs(found.sites.longitude[1]) < 1e-9

    def test_what_is_no_list_is_refused(self, listing):
        with pytest.raises(InputError, match="not XML"):
            listing("<a><b>")
        with pytest.raises(InputError, match="no <station>"):
            listing("<shakemap-data/>")
        with pytest.raises(InputError, match="no usable station .*1 no usable place"):
            listing('<s><station code="X" lat="1"/></s>')


class TestJson:
    def test_reads_channels_vs30_and_sigma(self, listing):
        found = listing(json.dumps(JSON), "stationlist.json")
        assert found.code.tolist() == ["CI.ABC", "DYFI.1"]
        assert found.measures == ("PGA", "SA(1.0)")
        assert np.exp(found.ln_value[0]) == pytest.approx([0.2, 0.09])
        assert found.sites.vs30_mps.tolist() == [500.0, DEFAULT_VS30_MPS]
        assert found.sigma_ln[0, 0] == pytest.approx(0.1)
        assert found.intensity[1] == 4.2 and np.isnan(found.intensity[0])
        assert found.rejected == {"no usable place": 1}

    def test_spectral_names_and_flags(self, listing):
        station = json.loads(json.dumps(JSON["features"][0]))
        station["properties"]["channels"][0]["amplitudes"] = [
            {"name": "psa(0.3)", "value": 30.0, "flag": 0},
            {"name": "SA(3)", "value": 3.0, "flag": None},
            {"name": "sa(1.0)", "value": 9.0, "flag": "T"},
        ]
        found = listing(json.dumps({"features": [station]}), "stationlist.json")
        assert found.measures == ("SA(0.3)", "SA(3.0)") and found.rejected == {"flagged value": 1}
        assert np.exp(found.ln_value[0]) == pytest.approx([0.3, 0.03])

    def test_other_json_is_refused(self, listing):
        with pytest.raises(InputError, match="no features"):
            listing('{"stations": []}', "x.json")


class TestCsv:
    def test_reads_values_reports_and_defaults(self, listing):
        found = listing(CSV, "mine.csv")
        assert found.code.tolist() == ["one", "two", "row 3"]
        assert np.exp(found.ln_value[0]) == pytest.approx([0.2, 15.0, 0.4])
        assert found.sites.vs30_mps.tolist() == [400.0, DEFAULT_VS30_MPS, DEFAULT_VS30_MPS]
        assert found.intensity[1] == 7.5
        assert found.sigma_ln[:, 0].tolist() == [0.05, 0.0, 0.0]
        assert found.rejected == {"no usable place": 1}
        assert found.source == "mine.csv"

    def test_values_to_the_largest_ever_recorded_and_ground_to_its_limits(self, listing):
        rows = ["0,0,50,5,,-0.1", "0,1,3000,,700,0", "0,2,49.9,5.01,1,0.2", "0,3,3001,1,701,x"]
        found = listing("longitude,latitude,vs30_mps,pga_g,pgv_cms,sigma_ln\n" + "\n".join(rows), "x.csv")
        assert found.sites.vs30_mps.tolist() == [50, 3000, DEFAULT_VS30_MPS, DEFAULT_VS30_MPS]
        assert np.exp(found.ln_value[[0, 1], [0, 1]]) == pytest.approx([5, 700])
        assert found.rejected == {"value beyond anything recorded": 2}
        assert found.observed.tolist() == [[True, False], [False, True], [False, True], [True, False]]
        assert found.sigma_ln[:, 1].tolist() == [0, 0, 0.2, 0]

    def test_without_places_it_is_refused(self, listing):
        with pytest.raises(InputError, match="no columns longitude and latitude; it has lat, lon"):
            listing("lon,lat\n1,2\n", "x.csv")

    def test_a_missing_file_says_so(self, tmp_path):
        with pytest.raises(SourceError, match="nowhere.csv"):
            read_stations(tmp_path / "nowhere.csv")


class TestValues:
    def stations(self, n=4) -> Stations:
        sites = Sites.of(longitude=np.arange(n), latitude=np.zeros(n))
        return Stations.of(sites=sites, values={"PGA": np.full(n, 0.1), "PGV": np.full(n, 10.0)})

    def test_not_positive_is_refused(self):
        with pytest.raises(InputError, match="1 observed values are not positive"):
            Stations.of(sites=Sites.of(longitude=[0.0], latitude=[0.0]), values={"PGA": np.array([0.0])})

    def test_shapes_must_fit(self):
        sites = Sites.of(longitude=[0.0], latitude=[0.0])
        with pytest.raises(InputError, match="sigma_ln"):
            Stations(np.array(["a"]), sites, ("PGA",), np.zeros((1, 1)), np.zeros((2, 1)), np.zeros(1))
        with pytest.raises(InputError, match="code and intensity"):
            Stations(np.array(["a"]), sites, ("PGA",), np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(2))
        with pytest.raises(InputError, match="not negative"):
            Stations(np.array(["a"]), sites, ("PGA",), np.zeros((1, 1)), -np.ones((1, 1)), np.zeros(1))

    def test_select_and_columns(self):
        found = self.stations().select(np.array([1, 3])).of_measures(("SA(1.0)", "PGA"))
        assert len(found) == 2 and found.code.tolist() == ["S1", "S3"]
        assert np.isnan(found.ln_value[:, 0]).all() and np.allclose(np.exp(found.ln_value[:, 1]), 0.1)

    def test_noise_is_raised_never_lowered(self):
        assert self.stations().with_noise(0.1).with_noise(0.05).sigma_ln.max() == 0.1

    def test_reports_become_velocity_only_where_nothing_was_measured(self):
        given = self.stations()
        given.ln_value[1] = np.nan
        given.intensity[:] = [7.0, 7.0, np.nan, 1.0]
        found = given.with_reports_as("PGV")
        assert np.exp(found.ln_value[1, 1]) == pytest.approx(10 ** ((7.0 - 2.89) / 3.16))
        assert found.sigma_ln[1, 1] == pytest.approx(0.38 * np.log(10))
        assert np.array_equal(found.ln_value[[0, 2, 3]], given.ln_value[[0, 2, 3]])
        assert np.isnan(found.ln_value[1, 0])

    def test_reports_count_from_two_to_ten(self):
        given = self.stations(5)
        given.ln_value[:] = np.nan
        given.intensity[:] = [1.9, 2.0, 6.0, 10.0, 10.1]
        assert given.with_reports_as("PGA").observed[:, 0].tolist() == [False, True, True, True, False]

    def test_noise_of_the_station_and_the_reach_decide_what_is_an_outlier(self):
        """Residuals of nine values: eight 0, one 2.5; spread hypot(0.4, 0.6) = 0.7211, with noise 0.5 0.8775."""
        given = self.stations(9)
        level = given.ln_value.copy()
        expected = Motion(("PGV", "PGA"), level[:, ::-1], np.full((9, 2), 0.4), np.full((9, 2), 0.6))
        given.ln_value[4, 0] += 2.5
        counts = [one.without_outliers(expected, reach=reach).rejected.get("outlier", 0)
                  for one, reach in ((given, 3.0), (given, 3.5), (given.with_noise(0.5), 3.0),
                                     (given.with_noise(0.5), 2.8))]  # fmt: skip
        assert counts == [1, 0, 0, 1]

    def test_what_was_rejected_before_stays_counted(self):
        given = replace(self.stations(9), rejected={"flagged value": 2})
        given.ln_value[3, 1] += 9
        expected = Motion(("PGV",), self.stations(9).ln_value[:, 1:], np.full((9, 1), 0.4), np.full((9, 1), 0.6))
        found = given.without_outliers(expected)
        assert found.rejected == {"flagged value": 2, "outlier": 1} and found.measures == ("PGV",)

    def test_reports_alone_grow_a_column(self):
        sites = Sites.of(longitude=[0.0], latitude=[0.0])
        alone = Stations(np.array(["a"]), sites, (), np.empty((1, 0)), np.empty((1, 0)), np.array([6.0]))
        assert alone.with_reports_as("PGA").measures == ("PGA",)

    def test_outliers_go_and_are_counted_but_a_strong_earthquake_is_none(self):
        given = self.stations(9)
        expected = Motion(("PGA", "PGV"), given.ln_value - 2.5, np.full((9, 2), 0.4), np.full((9, 2), 0.6))
        assert given.without_outliers(expected).rejected == {}
        given.ln_value[4, 0] += 3.0
        found = given.without_outliers(expected)
        assert found.rejected == {"outlier": 1}
        assert np.argwhere(~found.observed).tolist() == [[4, 0]]

    def test_order_of_measures(self):
        assert ordered({"SA(2.0)", "PGV", "PGA"}) == ("PGA", "PGV", "SA(2.0)")


@pytest.mark.shared
class TestRealLists:
    def test_counts_of_the_shared_lists(self, shared_data):
        folder = shared_data / "shaking"
        northridge = read_stations(folder / "northridge/hist_dat.xml")
        assert len(northridge) == 185 and northridge.observed.all()
        assert np.exp(northridge.ln_value[0, :2]) == pytest.approx([0.257635, 11.568])
        wenchuan = read_stations(folder / "wenchuan/stationlist.xml")
        assert wenchuan.observed[:, 0].sum() == 421 and np.isfinite(wenchuan.intensity).sum() == 60
        napa = read_stations(folder / "nc72282711/data/stationlist.xml")
        assert len(napa) == 333 and napa.rejected == {"station without a usable value": 1}
        reports = read_stations(folder / "northridge/dyfi_dat.xml")
        assert len(reports) == 547 and not reports.measures

    def test_values_are_of_the_right_size(self, shared_data):
        napa = read_stations(shared_data / "shaking/nc72282711/data/stationlist.xml")
        nearest = np.argmin(np.hypot(napa.sites.longitude + 122.31, napa.sites.latitude - 38.22))
        assert 0.1 < np.exp(napa.ln_value[nearest, 0]) < 1.0
