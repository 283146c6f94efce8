"""Cells, outline, earthquakes and land as the map draws them."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from service_samples import AS_OF, copy_of_store

from houfeng.geo import points_in_rings
from houfeng.regions import Region
from houfeng.service import maps
from houfeng.store import Store, StoreReader

RJ_WEEK = 2


def test_cells_are_those_of_the_forecast(reader):
    made, forecast = maps.cells(reader, RJ_WEEK, 5.0), reader.load_forecast(RJ_WEEK)
    grid, rates = forecast.gridded.grid, forecast.gridded.above(5.0)
    np.testing.assert_allclose(made["west"], grid.west, atol=1e-4)
    np.testing.assert_allclose(made["south"], grid.south, atol=1e-4)
    np.testing.assert_allclose(made["rate"], rates, rtol=1e-3)
    assert made["cell_deg"] == 0.2 and made["outline"]["geometry"]["type"] == "Polygon"
    west, south, east, north = made["bounds"]
    assert (west, north) == (97.0, 34.0) and east == pytest.approx(107.4) and south == pytest.approx(21.0, abs=0.21)


def test_colours_are_set_by_the_long_term_average(reader):
    both = [maps.cells(reader, id, 5.0)["colours"] for id in (RJ_WEEK, 4, 6)]
    assert both[0] == both[1] == both[2]
    assert both[0][1] == pytest.approx(both[0][0] * 1e5)


def test_the_highest_cells_come_first_with_their_chance(reader):
    made, gridded = maps.cells(reader, RJ_WEEK, 5.0)["highest"], reader.load_forecast(RJ_WEEK).gridded
    top = int(np.argmax(gridded.above(5.0)))
    assert len(made) == 10
    assert (made[0]["longitude"], made[0]["latitude"]) == (gridded.grid.longitude[top], gridded.grid.latitude[top])
    assert made[0]["place"].endswith("E") and made[0]["probability"].endswith(" %")


def test_legend_and_caption_are_in_both_languages(reader):
    made = maps.cells(reader, RJ_WEEK, 5.0)
    assert made["legend"]["en"] == "Expected number of M≥5 in each cell of 0.2°×0.2°, the next week"
    assert "0.2°×0.2°" in made["legend"]["zh"] and "未来 1 周" in made["legend"]["zh"]
    assert "reasenberg-jones" in made["caption"]["zh"]


def test_geojson_carries_its_standing(tmp_path):
    folder = copy_of_store(tmp_path)
    with Store.open(folder) as store:
        store.approve(RJ_WEEK, "Somebody")
    with StoreReader.open(folder) as reader:
        made = maps.cells_geojson(reader, RJ_WEEK, 6.0)
        columns = maps.cells(reader, RJ_WEEK, 6.0)
    assert made["properties"]["state"] == "approved" and made["properties"]["authority"] == "Somebody"
    assert "Not a prediction" in made["properties"]["legal_notice"]["en"]
    assert [f["properties"]["expected_6.0"] for f in made["features"]] == pytest.approx(columns["rate"], rel=1e-3)


def test_earthquakes_before_were_known_and_those_after_followed(reader):
    made = maps.earthquakes(reader, RJ_WEEK)
    times = {kind: [f["properties"]["time"] for f in made["features"] if f["properties"]["kind"] == kind]
             for kind in ("before", "after")}  # fmt: skip
    assert made["before"] == len(times["before"]) and made["after"] == len(times["after"]) > 0
    assert "2022-09-05 04:52 UTC" in times["before"]
    assert max(times["before"]) < "2022-09-05 06:00 UTC" <= min(times["after"])
    assert max(times["after"]) < "2022-09-12 06:00 UTC" and min(times["before"]) >= "2022-08-06 06:00 UTC"
    assert all(f["properties"]["magnitude"] >= 4.8 for f in made["features"])
    region = Region.named("sichuan-yunnan")
    x, y = np.array([f["geometry"]["coordinates"] for f in made["features"]]).T
    assert region.contains(longitude=x, latitude=y).all()
    assert f"{made['after']} in the window." in made["words"]["en"] and "时段内" in made["words"]["zh"]


def _with_catalogue_until(tmp_path, end) -> StoreReader:
    """The forecasts of the week in a run whose catalogue ends at `end`."""
    folder = copy_of_store(tmp_path)
    with Store.open(folder) as store:
        whole = store.load_catalog(store.runs()[0].catalog)
        cut = whole.before(end)
        cut = replace(cut, provenance=replace(cut.provenance, data_end=end))
        snapshot = store.save_catalog(cut)
        with store.begin_run("script", {}, region="sichuan-yunnan", catalog=snapshot) as run:
            store.save_forecast(run, store.load_forecast(RJ_WEEK))
    return StoreReader.open(folder)


def test_a_window_not_yet_over_says_so(tmp_path):
    with _with_catalogue_until(tmp_path, AS_OF + timedelta(days=2)) as reader:
        made = maps.earthquakes(reader, 7)
    assert made["after"] is not None and "so far; the data end before it does" in made["words"]["en"]


def test_nothing_known_afterwards_is_not_nothing_happened(tmp_path):
    with _with_catalogue_until(tmp_path, AS_OF) as reader:
        made = maps.earthquakes(reader, 7)
    assert made["after"] is None and "What followed is not in the data." in made["words"]["en"]


def test_a_run_without_catalogue_draws_none(tmp_path):
    folder = copy_of_store(tmp_path)
    with Store.open(folder) as store, store.begin_run("script", {}, region="nowhere") as run:
        issue = replace(store.load_forecast(1).issue, region="nowhere")
        id = store.save_forecast(run, replace(store.load_forecast(1), issue=issue))
    with StoreReader.open(folder) as reader:
        made, cells = maps.earthquakes(reader, id), maps.cells(reader, id, 5.0)
    assert made["features"] == [] and "no catalogue" in made["words"]["en"]
    assert cells["outline"] is None and cells["bounds"][0] == 97.0


def test_cells_across_the_date_line_stay_together(tmp_path):
    folder = copy_of_store(tmp_path)
    across = Region.box("across", west=178.0, south=-20.0, east=-178.0, north=-18.0, cell_deg=0.5)
    grid = across.grid()
    with Store.open(folder) as store:
        told = {"region": across.to_geojson(), "cell_deg": 0.5}
        with store.begin_run("script", told, region="across") as run:
            old = store.load_forecast(1)
            rates = np.full((len(grid), len(old.gridded.magnitudes)), 1e-4)
            gridded = replace(old.gridded, grid=grid, rates=rates)
            issue = replace(old.issue, region="across")
            id = store.save_forecast(run, replace(old, gridded=gridded, issue=issue))
    with StoreReader.open(folder) as reader:
        made = maps.cells(reader, id, 5.0)
    assert made["bounds"] == pytest.approx([178.0, -20.0, 182.0, -18.0])
    assert min(made["west"]) == 178.0 and max(made["west"]) == 181.5 and len(made["west"]) == 32
    assert made["highest"][0]["longitude"] < 180


def test_the_whole_earth_has_no_outline(tmp_path):
    folder = copy_of_store(tmp_path)
    with Store.open(folder) as store, store.begin_run("script", {}, region="global") as run:
        old = store.load_forecast(1)
        id = store.save_forecast(run, replace(old, issue=replace(old.issue, region="global")))
    with StoreReader.open(folder) as reader:
        made = maps.cells(reader, id, 5.0)
    assert made["outline"] is None and made["bounds"][0] == 97.0


def test_land_is_land_and_lakes_are_holes():
    land, coast = json.loads(maps.land_json())["features"]
    polygons = land["geometry"]["coordinates"]
    rings = [np.array(ring) for polygon in polygons for ring in polygon]
    where = {"Chengdu": (104.0, 30.6, True), "Caspian Sea": (51.0, 42.0, False), "Pacific": (-140.0, 0.0, False)}
    x, y, dry = (np.array(column) for column in zip(*where.values(), strict=True))
    np.testing.assert_array_equal(points_in_rings(rings, longitude=x, latitude=y), dry)
    assert sum(len(polygon) - 1 for polygon in polygons) >= 1  # holes stand with their land
    for polygon in (p for p in polygons if len(p) > 1):
        corners = np.array([ring[0] for ring in polygon[1:]])
        assert points_in_rings([np.array(polygon[0])], longitude=corners[:, 0], latitude=corners[:, 1]).all()
    assert coast["geometry"]["type"] == "MultiLineString"
    assert len(maps.land_json()) < 2_000_000
