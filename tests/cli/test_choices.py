"""From words on the command line to regions, data, horizons and plans."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.catalogs.bundled import bundled_names, load_bundled
from houfeng.catalogs.reading import write_catalog
from houfeng.cli.choices import (
    DEFAULT_HORIZONS,
    DEFAULT_MODELS,
    MAX_CELLS,
    catalog_of,
    horizons_of,
    models_of,
    moment_of,
    plan_of,
    region_of,
)
from houfeng.config import Settings
from houfeng.errors import InputError, RegionError, SourceError, TimeError, UnknownNameError
from houfeng.models.registry import model_names
from houfeng.regions import Region

SETTINGS = Settings()


def box(path, west, south, east, north):
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    return str(path)


# Regions


def test_a_name_is_the_named_region():
    for name in Region.names():
        assert region_of(name).name == name


def test_a_slip_is_answered_and_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'chile'"):
        region_of("chili")
    with pytest.raises((RegionError, SourceError), match="nowhere"):
        region_of(str(tmp_path / "nowhere.geojson"))


@pytest.mark.parametrize(("side", "cell"), [(1.0, 0.1), (15.0, 0.1), (30.0, 0.2), (80.0, 0.5), (150.0, 1.0)])
def test_the_cells_of_a_polygon_suit_its_size(tmp_path, side, cell):
    region = region_of(box(tmp_path / "a.geojson", 0, -min(side / 2, 60), side, min(side / 2, 60)))
    assert region.cell_deg == cell
    assert len(region.grid()) <= 1.1 * MAX_CELLS


@settings(max_examples=15, deadline=None)
@given(st.floats(-170, 0), st.floats(-80, 0), st.floats(0.5, 170), st.floats(0.5, 80))
def test_no_polygon_gets_more_cells_than_can_be_borne(tmp_path_factory, west, south, width, height):
    path = tmp_path_factory.mktemp("box") / "b.json"
    region = region_of(box(path, west, south, west + width, south + height))
    cells = region.area_km2 / 111.2**2 / region.cell_deg**2
    assert cells <= MAX_CELLS or region.cell_deg == 2.0
    finer = {2.0: 1.0, 1.0: 0.5, 0.5: 0.2, 0.2: 0.1}.get(region.cell_deg)
    rough = Region.from_geojson(path, cell_deg=2.0).area_km2 / 111.2**2
    assert finer is None or rough / finer**2 > MAX_CELLS


# Catalogues


def test_without_a_name_it_is_the_catalogue_of_the_region_or_the_world():
    assert repr(catalog_of("", Region.named("chile"), SETTINGS)) == repr(load_bundled("chile"))
    assert repr(catalog_of("", Region.named("italy"), SETTINGS)) == repr(load_bundled("global"))


def test_neither_bundled_nor_a_file_names_both(tmp_path):
    with pytest.raises(UnknownNameError, match=r"unknown bundled catalogue \(and no such file\) 'chili'; did you mean"):
        catalog_of("chili", Region.named("chile"), SETTINGS)
    with pytest.raises(SourceError, match="there is no file"):
        catalog_of(str(tmp_path / "none.csv"), Region.named("chile"), SETTINGS)


def test_the_delay_of_the_settings_replaces_that_of_a_final_catalogue(tmp_path):
    hour = SETTINGS.model_copy(update={"catalog": SETTINGS.catalog.model_copy(update={"publication_delay_s": 3600.0})})
    later = catalog_of("chile", Region.named("chile"), hour)
    usual = catalog_of("chile", Region.named("chile"), SETTINGS)
    assert ((later.issued - later.time) == np.timedelta64(3600, "s")).all()
    assert ((usual.issued - usual.time) == np.timedelta64(1200, "s")).all()
    assert later.provenance.publication_delay_s == 3600.0


def test_a_catalogue_as_it_was_issued_keeps_its_own_times(tmp_path, some_issued):
    path = tmp_path / "issued.parquet"
    write_catalog(some_issued, path)
    hour = SETTINGS.model_copy(update={"catalog": SETTINGS.catalog.model_copy(update={"publication_delay_s": 3600.0})})
    assert (catalog_of(str(path), Region.named("chile"), hour).issued == some_issued.issued).all()


@pytest.fixture
def some_issued():
    from dataclasses import replace

    few = load_bundled("chile").above(8)
    return replace(few, provenance=replace(few.provenance, final=False))


def test_rows_kept_out_are_told_on_stderr(tmp_path, capsys):
    path = tmp_path / "few.csv"
    path.write_text("time,latitude,longitude,mag\n2020-01-01T00:00:00Z,-30,-71,5\n2020-01-02T00:00:00Z,-30,-71,x\n")
    assert len(catalog_of(str(path), Region.named("chile"), SETTINGS)) == 1
    out, err = capsys.readouterr()
    assert out == "" and err == f"{path}: 1 rows kept out: unreadable magnitude\n"


@pytest.mark.parametrize("name", bundled_names())
def test_every_bundled_catalogue_can_be_named(name):
    assert len(catalog_of(name, Region.named("global"), SETTINGS)) > 1000


# Horizons, models, moments


def test_horizons_come_shortest_first_once_each():
    assert list(horizons_of([])) == sorted(DEFAULT_HORIZONS, key=["hour", "day", "week", "month", "year"].index)
    assert horizons_of(["Week", " 36h ", "day", "week"]) == {
        "day": timedelta(days=1), "36h": timedelta(hours=36), "week": timedelta(days=7),
    }  # fmt: skip


@given(st.lists(st.sampled_from(["hour", "day", "week", "month", "year", "12h", "3d", "2w", "30y"]), min_size=1))
def test_any_choice_of_horizons_is_in_order_and_complete(words):
    found = horizons_of(words)
    assert set(found) == set(words) and list(found.values()) == sorted(found.values())


@pytest.mark.parametrize("word", ["", "fortnight", "0d", "-1d", "101y"])
def test_other_lengths_are_refused(word):
    with pytest.raises(TimeError):
        horizons_of([word])


def test_models_are_taken_once_each_in_their_order():
    assert models_of(" poisson, smoothed ,poisson,") == ("poisson", "smoothed")
    assert set(models_of(DEFAULT_MODELS)) <= set(model_names())


def test_no_model_and_an_unknown_one_are_refused():
    for nothing in ("", " , ,"):
        with pytest.raises(InputError, match="names no model; give one or more, such as etas,smoothed"):
            models_of(nothing)
    with pytest.raises(UnknownNameError, match="did you mean 'poisson'"):
        models_of("smoothed,poison")


def test_without_a_moment_it_is_the_end_of_the_data():
    catalog = load_bundled("chile")
    assert moment_of("", catalog) == catalog.provenance.data_end
    assert moment_of("2015-09-17T00:00:00+02:00", catalog) == datetime(2015, 9, 16, 22, tzinfo=UTC)
    with pytest.raises(TimeError, match="zone"):
        moment_of("2015-09-17T00:00:00", catalog)


# Plans


def plan(**changes):
    given_ = {
        "region": "chile", "catalog": "", "as_of": ["2015-09-17T00:00:00Z"], "horizon": [], "min_magnitude": None,
        "models": "poisson", "n_simulations": None, "seed": None, "out": None,
    }  # fmt: skip
    return plan_of(SETTINGS, **given_ | changes)


def test_what_is_not_said_comes_from_the_settings():
    made = plan()
    assert (made.n_simulations, made.seed) == (SETTINGS.forecast.n_simulations, SETTINGS.forecast.seed)
    assert str(made.folder) == "runs/chile-2015-09-17T000000Z" and made.case.name == "chile-2015-09-17T000000Z"
    assert list(made.horizons) == ["day", "week", "month", "year"] and made.min_magnitude is None


def test_what_is_said_counts_even_where_it_is_nought(tmp_path):
    made = plan(seed=0, n_simulations=1, out=tmp_path, min_magnitude=4.5, horizon=["day"])
    assert (made.seed, made.n_simulations, made.folder, made.min_magnitude) == (0, 1, tmp_path, 4.5)
    assert made.horizons == {"day": timedelta(days=1)}


def test_a_run_of_several_moments_is_named_after_the_first_and_sorted():
    made = plan(as_of=["2016-01-01T00:00:00Z", "2015-01-01T00:00:00Z", "2016-01-01T01:00:00+01:00"])
    assert made.moments == (datetime(2015, 1, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC))
    assert made.case.name == "chile-2015-01-01T000000Z"


def test_a_polygon_is_named_after_its_file(tmp_path):
    made = plan(region=box(tmp_path / "coquimbo.geojson", -73, -33, -70, -29), catalog="chile")
    assert made.region.name == "coquimbo" and made.case.name.startswith("coquimbo-2015")
