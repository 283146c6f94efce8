from pathlib import Path

import numpy as np
import pytest

from houfeng.geo import points_in_rings, ring_area_km2
from houfeng.response.closures import Closures
from houfeng.response.coquimbo import coquimbo_roads, coquimbo_zones
from houfeng.response.isochrones import isochrones
from houfeng.response.travel import Router, unreachable


def test_the_roads_are_those_of_the_example_project():
    roads = coquimbo_roads()
    told = roads.summary()
    assert (told["edges"], told["nodes"], told["one_way"]) == (19_846, 15_591, 5_420)
    assert told["length_km"] == pytest.approx(1469.25, abs=0.1) and told["components"] == 6
    assert "OpenStreetMap contributors" in roads.source and "ODbL" in roads.source and not roads.simulated
    assert (roads.node_longitude > -71.36).all() and (roads.node_longitude < -71.16).all()
    assert set(roads.road_class) <= {
        *("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street")
    }


def test_shapes_begin_and_end_at_their_nodes_and_are_as_long_as_stated():
    roads = coquimbo_roads()
    first, last = roads.geometry_offset[:-1], roads.geometry_offset[1:] - 1
    assert roads.geometry_longitude[first].tolist() == roads.node_longitude[roads.edge_from].tolist()
    assert roads.geometry_latitude[last].tolist() == roads.node_latitude[roads.edge_to].tolist()
    scale = np.array([np.cos(np.radians(29.95)), 1.0]) * 111_195
    for edge in range(0, roads.n_edges, 997):
        length = np.hypot(*(np.diff(roads.geometry(edge), axis=0) * scale).T).sum()
        assert roads.length_m[edge] == pytest.approx(length, rel=5e-3, abs=0.3)


def test_the_bridges_over_the_elqui_are_marked():
    roads = coquimbo_roads()
    names = set(roads.name[roads.bridge])
    assert {"Puente Fiscal", "Puente El Libertador", "Puente Vicente Zorilla", "Ruta 5 Norte"} <= names
    assert roads.bridge.sum() == 77


def test_zones_hold_the_people_and_lie_inside_their_outlines():
    zones = coquimbo_zones()
    assert len(zones.zone_id) == 133 and zones.population.sum() == pytest.approx(451_899, abs=0.5)
    inside = [
        points_in_rings([ring], longitude=zones.longitude[i], latitude=zones.latitude[i])[0]
        for i, ring in enumerate(zones.rings)
    ]
    assert np.mean(inside) > 0.95
    areas = [ring_area_km2(ring) for ring in zones.rings]
    assert zones.area_km2 == pytest.approx(areas, rel=0.01)


def test_the_city_can_be_crossed_and_the_closed_river_divides_it():
    roads, zones = coquimbo_roads(), coquimbo_zones()
    near = roads.nearest_node(
        longitude=zones.longitude, latitude=zones.latitude, among=roads.components(directed=True) == 0
    )
    router = Router.of(roads)
    times = router.matrix(near.index, near.index)
    assert unreachable(times).pairs == 0 and 15 * 60 < times.max() < 90 * 60
    south = near.index[[zones.latitude.argmin()]]
    people = {"zone_nodes": near.index, "population": zones.population, "access_m": near.distance_m}
    before = isochrones(router, south, **people)
    shut = Closures.of_edges(roads.n_edges, np.flatnonzero(roads.bridge), source="test", simulated=True)
    after = isochrones(router.under(shut), south, **people)
    assert before.people_cut_off == 0 and (after.people <= before.people).all()
    assert after.cut_off[zones.latitude.argmax()], "the north bank has no way round within the map"


def test_the_page_on_roads_runs_as_written(capsys):
    page = (Path(__file__).parents[2] / "docs" / "concepts" / "roads.md").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    exec(compile(code, "roads.md", "exec"), {})
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "every destination can be reached from every origin" and len(told) >= 2
