import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.damage.building_stock import (
    PEOPLE,
    Zones,
    coquimbo_zones,
    hazus_shares,
    inventory,
    read_zones,
    simulate_stock,
)
from houfeng.damage.building_stock import _inventory as every_inventory
from houfeng.damage.fragility import hazus_fragilities
from houfeng.errors import InputError, UnknownNameError
from houfeng.geo import great_circle_km


def zones(population=(1000.0, 5000.0, 0.0), area_km2=(1.0, 2.0, 3.0)):
    n = len(population)
    return Zones([f"z{i}" for i in range(n)], -71.25 + 0.05 * np.arange(n), np.full(n, -29.95), population, area_km2)


def test_the_inventory_of_chile_is_the_published_one():
    homes = inventory("CL")
    assert homes == {"A": 0.01, "C2": 0.25, "RM": 0.15, "RM2L": 0.32, "S2": 0.01, "UCB": 0.13, "UNK": 0.02, "W": 0.11}
    assert inventory("CL", area="rural", place="work")["C2"] == 0.2


def test_every_country_becomes_known_types_that_sum_to_one():
    known = hazus_fragilities()
    keys = list(every_inventory())
    assert len({country for country, _, _ in keys}) > 240
    for country, area, place in keys:
        shares = hazus_shares(country, area=area, place=place)
        assert sum(shares.values()) == pytest.approx(1)
        assert set(shares) <= set(known), (country, area, place)
        assert min(shares.values()) > 0


def test_the_mapping_is_the_stated_one():
    shares = hazus_shares("CL")
    assert shares["URML-PC"] == pytest.approx(0.01 / 0.98)  # adobe, unknown types shared out
    assert shares["RM2L-HC"] == pytest.approx(0.32 / 0.98)
    assert shares["W1-HC"] == pytest.approx(0.11 / 0.98)
    assert shares["C2L-HC"] == pytest.approx(0.25 * 0.70 / 0.98)
    assert shares["RM1M-LC"] == pytest.approx(0.13 * 0.30 / 0.98)  # confined blocks; no high ones of that kind
    assert all(name.endswith(("-LC", "-PC")) for name in hazus_shares("IR"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"country": "ZZ"}, "country in the inventory"),
        ({"country": "CL", "area": "suburb"}, "unknown area 'suburb'"),
        ({"country": "CL", "place": "school"}, "unknown place 'school'"),
    ],
)
def test_unknown_inventories_list_what_there_is(arguments, message):
    with pytest.raises(UnknownNameError, match=message):
        inventory(arguments.pop("country"), **arguments)


def test_the_stock_houses_the_people_of_each_zone_and_says_simulated():
    stock = simulate_stock(zones(), rng=np.random.default_rng(1))
    assert stock.simulated and stock.source.startswith("SIMULATED")
    stock.require_types()
    assert set(stock.zone_id) == {"z0", "z1"}
    for name, people in (("z0", 1000), ("z1", 5000)):
        mine = stock.select(stock.zone_id == name)
        night = PEOPLE["home", "night"] + PEOPLE["work", "night"]
        assert mine.occupants_night.sum() == pytest.approx(people * night)
        assert mine.occupants_day.sum() == pytest.approx(people * (PEOPLE["home", "day"] + PEOPLE["work", "day"]))
        assert len(mine) > 10
    assert (stock.buildings >= 1).all() and (stock.buildings == np.rint(stock.buildings)).all()
    assert (stock.replacement_usd / stock.area_m2 >= 400).all()


@pytest.mark.parametrize(
    ("asset", "in_one", "area_each_m2", "usd_m2"),
    [
        ("home-W1-HC", 3.1, 70 / 3.1, 550),
        ("home-RM2L-HC", 3.1, 70 / 3.1, 750),
        ("home-C2M-HC", 16 * 3.1, 70 / 3.1, 950),
        ("home-C2H-HC", 60 * 3.1, 70 / 3.1, 950),
        ("home-URML-PC", 3.1, 70 / 3.1, 450),
        ("work-C2L-HC", 12 / 0.40, 25 * 0.40, 950),
        ("work-C2M-HC", 80 / 0.40, 25 * 0.40, 950),
        ("work-C2H-HC", 300 / 0.40, 25 * 0.40, 950),
    ],
)
def test_buildings_floors_and_worth_follow_from_the_people(asset, in_one, area_each_m2, usd_m2):
    """By hand from the stated constants; the people of an asset are its share of the zone, 0.95 at home at night."""
    stock = simulate_stock(zones([400_000.0], [5.0]), rng=np.random.default_rng(1))
    (row,) = np.flatnonzero(stock.asset_id == f"z0-{asset}")
    people = stock.occupants_day[row] / 0.40
    assert stock.occupants_night[row] == pytest.approx(people * (0.95 if asset.startswith("home") else 0.03))
    assert abs(stock.buildings[row] - people / in_one) <= 0.5
    assert stock.area_m2[row] == pytest.approx(people * area_each_m2)
    assert stock.replacement_usd[row] == pytest.approx(stock.area_m2[row] * usd_m2)


def test_rare_types_are_left_out_and_the_others_take_their_part():
    shares = hazus_shares("CL")
    large = {name: share for name, share in shares.items() if share >= 0.1}
    stock = simulate_stock(zones([1000.0], [1.0]), rng=np.random.default_rng(1), smallest_share=0.1)
    home = stock.select(np.array(["-home-" in name for name in stock.asset_id]))
    assert set(home.taxonomy) == set(large) and len(large) < len(shares)
    for name, night in zip(home.taxonomy, home.occupants_night, strict=True):
        assert night == pytest.approx(950 * large[name] / sum(large.values()))


def test_assets_lie_inside_the_circle_of_their_zone():
    many = zones(population=[1000.0] * 40, area_km2=[2.0] * 39 + [np.nan])
    stock = simulate_stock(many, rng=np.random.default_rng(1))
    place = np.array([int(name[1:]) for name in stock.zone_id])
    distance = great_circle_km(longitude=stock.longitude, latitude=stock.latitude,
                               to_longitude=many.longitude[place], to_latitude=many.latitude[place])  # fmt: skip
    radius = np.where(place == 39, 0.5, np.sqrt(2 / np.pi))
    assert (distance <= radius * 1.001).all()
    assert (distance[place < 39] / radius[place < 39]).mean() == pytest.approx(2 / 3, abs=0.03)


def test_the_same_seed_gives_the_same_stock():
    first, again, other = (simulate_stock(zones(), rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.longitude, again.longitude)
    assert (first.longitude != other.longitude).any()
    np.testing.assert_array_equal(first.buildings, other.buildings)


@given(st.lists(st.floats(0.5, 1e5), min_size=1, max_size=5))
def test_people_are_kept_whatever_the_zones(population):
    stock = simulate_stock(zones(population, [1.0] * len(population)), rng=np.random.default_rng(1))
    assert stock.occupants_night.sum() == pytest.approx(0.98 * sum(population))


def test_rural_stocks_have_low_buildings_only():
    stock = simulate_stock(zones(), rng=np.random.default_rng(1), area="rural")
    assert not any(name.split("-")[0].endswith(("M", "H")) for name in stock.taxonomy)


def test_coquimbo_la_serena_ships_with_its_people():
    found = coquimbo_zones()
    assert found.population.sum() == pytest.approx(451_899, abs=100)
    stock = simulate_stock(found, rng=np.random.default_rng(1))
    assert 80_000 < stock.buildings.sum() < 250_000
    assert 5e9 < stock.replacement_usd.sum() < 3e10


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"population": [1, -5, 2]}, "negative population -5 in zone 'z1' .row 1.; 1 of 3"),
        ({"population": [1, np.nan, 2]}, "impossible population nan in zone 'z1'"),
        ({"area_km2": [1, -5, 2]}, "negative area_km2"),
        ({"population": [1, 2]}, "expected"),
    ],
)
def test_impossible_zones_are_refused(columns, message):
    base = {"zone_id": ["z0", "z1", "z2"], "longitude": [0, 1, 2], "latitude": [0, 1, 2], "population": [1, 2, 3],
            "area_km2": [1, 1, 1]}  # fmt: skip
    with pytest.raises(InputError, match=message):
        Zones(**(base | columns))


def test_zones_without_people_make_no_stock():
    with pytest.raises(InputError, match="no zone has people"):
        simulate_stock(zones([0.0, 0.0], [1.0, 1.0]), rng=np.random.default_rng(1))


def test_zones_are_read_from_csv():
    found = read_zones("zone_id,longitude,latitude,population\n7,-71,-30,12.5\n")
    assert found.zone_id.tolist() == ["7"] and np.isnan(found.area_km2[0])
    with pytest.raises(InputError, match="mine.csv lacks the column latitude and population; it has"):
        read_zones("zone_id,longitude\n7,1\n", "mine.csv")
    with pytest.raises(InputError, match="mine.csv, line 3: population 'many' is not a number"):
        read_zones("zone_id,longitude,latitude,population\n7,1,2,3\n8,1,2,many\n", "mine.csv")
