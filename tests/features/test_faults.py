"""The nearest fault: exact on simple traces, read from GeoJSON, and not known before it was published."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError, SourceError
from houfeng.features.faults import Fault, FaultLayer, nearest_fault, read_faults
from houfeng.features.table import build_table
from houfeng.geo import EARTH_RADIUS_KM, great_circle_km
from tests.features.simulated import BOX, some_catalog, weekly

DEGREE_KM = np.radians(1) * EARTH_RADIUS_KM
MERIDIAN = Fault(np.array([[10.0, -2.0], [10.0, 2.0]]), 5.0, "strike-slip")


@given(st.floats(-1.9, 1.9), st.floats(-3, 3).filter(lambda x: abs(x) > 1e-6))
def test_the_distance_to_a_meridian_is_the_shortest_way(latitude, east):
    found = nearest_fault([MERIDIAN], longitude=10.0 + east, latitude=latitude)
    exact = np.arcsin(np.cos(np.radians(latitude)) * np.sin(np.radians(abs(east)))) * EARTH_RADIUS_KM
    # the foot of the perpendicular lies a little farther from the equator, here always on the trace
    assert found.distance_km[0] == pytest.approx(exact, rel=1e-5, abs=1e-3)


def test_beyond_its_end_the_distance_is_to_the_end():
    found = nearest_fault([MERIDIAN], longitude=[10.0, 12.0], latitude=[5.0, 4.0])
    assert found.distance_km[0] == pytest.approx(3 * DEGREE_KM, rel=1e-6)
    end = great_circle_km(longitude=12.0, latitude=4.0, to_longitude=10.0, to_latitude=2.0)
    assert found.distance_km[1] == pytest.approx(end, rel=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_it_is_the_nearest_of_all_and_the_date_line_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    lines = [rng.uniform([179, -1], [181, 1], (3, 2)) for _ in range(4)]
    place = {"longitude": rng.uniform(179, 181, 6), "latitude": rng.uniform(-1, 1, 6)}
    all_ = nearest_fault([Fault(line) for line in lines], **place)
    each = np.array([nearest_fault([Fault(line)], **place).distance_km for line in lines])
    assert np.allclose(all_.distance_km, each.min(axis=0), atol=1e-9)
    wrapped = [Fault(np.column_stack([np.where(x > 180, x - 360, x), y])) for x, y in (line.T for line in lines)]
    assert np.allclose(nearest_fault(wrapped, **place).distance_km, all_.distance_km, atol=1e-6)


def test_columns_are_of_the_nearest_fault():
    grid = BOX.grid()
    west = Fault(np.array([[-120.0, 33.0], [-120.0, 35.0]]), 30.0, "strike-slip")
    east = Fault(np.array([[-118.0, 33.0], [-118.0, 35.0]]), float("nan"), "reverse")
    layer = FaultLayer((west, east), "made up", "CC0", kinds=("strike-slip", "reverse"))
    table = build_table(some_catalog(1), grid, weekly(1), [], [layer])
    assert table.names == ("fault_log_distance", "fault_slip_rate", "fault_is_strike-slip", "fault_is_reverse")
    in_the_west = grid.longitude < -119
    column = {name: values[0] for name, values in table.columns.items()}
    assert (column["fault_slip_rate"][in_the_west] == 30).all() and np.isnan(
        column["fault_slip_rate"][~in_the_west]
    ).all()
    assert (column["fault_is_strike-slip"] == in_the_west).all() and (column["fault_is_reverse"] == ~in_the_west).all()
    assert column["fault_log_distance"].min() == pytest.approx(
        np.log1p(0.125 * DEGREE_KM * np.cos(np.radians(34.9))), 0.01
    )


def test_a_map_is_not_known_before_it_was_published():
    published = datetime(2016, 6, 5, tzinfo=UTC)
    layer = FaultLayer((MERIDIAN,), "made up", "CC0", issued=published)
    table = build_table(some_catalog(1), BOX.grid(), weekly(2), [], [layer])
    assert (
        np.isnan(table.columns["fault_log_distance"][0]).all()
        and not np.isnan(table.columns["fault_slip_rate"][1]).any()
    )
    assert table.lineage["fault_slip_rate"].latest_issued == published
    assert "published 2016-06-05 only" in table.left_out[0]


def test_faults_come_from_geojson(tmp_path):
    line = [[-119.0, 34.0, 0.0], [-118.9, 34.1, 0.0]]
    features = [
        {"type": "Feature", "geometry": {"type": "LineString", "coordinates": line},
         "properties": {"net_slip_rate": "(1.2,0.5,2.0)", "slip_type": "Dextral"}},
        {"type": "Feature", "geometry": {"type": "MultiLineString", "coordinates": [line, line]}, "properties": None},
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [0, 0]}, "properties": {}},
        {"type": "Feature", "geometry": None, "properties": {}},
    ]  # fmt: skip
    path = tmp_path / "faults.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    faults = read_faults(path, slip="net_slip_rate", kind="slip_type")
    assert len(faults) == 3 and faults[0].line.shape == (2, 2)
    assert (faults[0].slip_mm_per_year, faults[0].kind) == (1.2, "Dextral")
    assert np.isnan(faults[1].slip_mm_per_year) and faults[1].kind == ""


def test_files_without_lines_are_refused(tmp_path):
    with pytest.raises(SourceError, match="cannot read the file of faults"):
        read_faults(tmp_path / "none.geojson")
    path = tmp_path / "bad.geojson"
    for text, message in (
        ("{", "no GeoJSON file of lines"),
        ("[]", "no GeoJSON file of lines"),
        ('{"type": "Feature", "geometry": {"type": "Point", "coordinates": [0, 0]}}', "holds no LineString"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_faults(path)
    with pytest.raises(InputError, match="fault 0 has no line"):
        nearest_fault([Fault(np.zeros((1, 2)))], longitude=0.0, latitude=0.0)
    with pytest.raises(InputError, match="no fault"):
        nearest_fault([], longitude=0.0, latitude=0.0)
