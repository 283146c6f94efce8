"""What broke and how far from it: planes against brute force, quadrilaterals, hypocentres without a plane."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from houfeng.earthquake import Earthquake
from houfeng.errors import InputError
from houfeng.geo import EARTH_RADIUS_KM, from_xyz_km, to_xyz_km
from houfeng.shaking.geometry import Planes
from houfeng.shaking.rupture import Rupture
from houfeng.shaking.scaling import rupture_dimensions
from houfeng.shaking.sites import Sites

NAMES = ("rrup_km", "rjb_km", "rx_km", "ry0_km", "rhyp_km", "repi_km")


def quake(*, longitude=-71.6, latitude=-31.5, depth_km=20.0, magnitude=7.5, regime="interface") -> Earthquake:
    return Earthquake("test", datetime(2020, 1, 1, tzinfo=UTC), longitude, latitude, depth_km, magnitude, regime=regime)


def around(earthquake: Earthquake, n: int, *, seed: int = 1) -> Sites:
    """Sites within some 250 km, at any latitude."""
    rng = np.random.default_rng(seed)
    stretch = 1.0 / max(math.cos(math.radians(earthquake.latitude)), 0.02)
    longitude = earthquake.longitude + stretch * rng.uniform(-1.6, 1.6, n)
    latitude = np.clip(earthquake.latitude + rng.uniform(-1.6, 1.6, n), -90, 90)
    return Sites.of(longitude=(longitude + 180) % 360 - 180, latitude=latitude)


planes = st.fixed_dictionaries(
    {
        "strike_deg": st.floats(0, 360),
        "dip_deg": st.floats(8, 90),
        "rake_deg": st.floats(-180, 180),
        "length_km": st.floats(5, 250),
        "width_km": st.floats(4, 100),
        "hypocentre_along": st.floats(0, 1),
        "hypocentre_down": st.floats(0, 1),
    }
)


def brute_force(rupture: Rupture, sites: Sites) -> tuple[np.ndarray, np.ndarray]:
    """Rrup and Rjb from many points of the plane on the round Earth, with nothing of our own geometry."""
    corners = rupture.geometry.corners[0]
    on_ground = to_xyz_km(longitude=corners[:, 0], latitude=corners[:, 1])
    u, v = (part.ravel()[:, None] for part in np.meshgrid(np.linspace(0, 1, 301), np.linspace(0, 1, 151)))
    flat = (
        (1 - u) * (1 - v) * on_ground[0]
        + u * (1 - v) * on_ground[1]
        + u * v * on_ground[2]
        + (1 - u) * v * on_ground[3]
    )
    unit = flat / np.linalg.norm(flat, axis=1)[:, None]
    depth = (1 - v) * corners[0, 2] + v * corners[2, 2]
    at = to_xyz_km(longitude=sites.longitude, latitude=sites.latitude)
    rrup = [np.linalg.norm(one - unit * (EARTH_RADIUS_KM - depth), axis=1).min() for one in at]
    rjb = [np.linalg.norm(one - unit * EARTH_RADIUS_KM, axis=1).min() for one in at]
    return np.array(rrup), np.array(rjb)


@pytest.mark.parametrize(
    ("place", "plane"),
    [
        ({}, {"strike_deg": 7, "dip_deg": 19, "rake_deg": 109, "length_km": 200, "width_km": 100}),
        ({"longitude": 179.97, "latitude": 52.0}, {"strike_deg": 100, "dip_deg": 45, "rake_deg": 90, "length_km": 40}),
        ({"longitude": 35.0, "latitude": 38.0}, {"strike_deg": 330, "dip_deg": 90, "rake_deg": 0, "length_km": 60}),
        ({"longitude": 10.0, "latitude": 88.9}, {"strike_deg": 200, "dip_deg": 60, "rake_deg": -90, "length_km": 30}),
    ],
)
def test_distances_agree_with_brute_force_on_the_round_earth(place, plane):
    earthquake = quake(**place, magnitude=7.0)
    rupture = Rupture.plane(earthquake, **plane)
    sites = around(earthquake, 40)
    found, (rrup, rjb) = rupture.distances(sites), brute_force(rupture, sites)
    # The flat Earth of the distances and the grid of the brute force leave some hundred metres.
    np.testing.assert_allclose(found.rjb_km, rjb, atol=0.45, rtol=2e-3)
    np.testing.assert_allclose(found.rrup_km, rrup, atol=0.45, rtol=2e-3)


def test_one_plane_by_hand():
    # Strike north, dip 30 to the east, top edge at 2 km on the meridian 0 from 0 to 0.9 degrees (100.08 km).
    width = 40.0
    east = math.degrees(width * math.cos(math.radians(30)) / EARTH_RADIUS_KM)
    depth = 2.0 + width / 2
    quad = [[0, 0, 2], [0, 0.9, 2], [east, 0.9, depth], [east, 0, depth]]
    rupture = Rupture.from_quads(quake(longitude=0.1, latitude=0.4), [quad], rake_deg=90)
    assert (rupture.strike_deg, rupture.ztor_km) == pytest.approx((0.0, 2.0), abs=1e-2)
    assert (rupture.dip_deg, rupture.width_km) == pytest.approx((30.0, 40.0), rel=1e-3)
    km = math.degrees(1 / EARTH_RADIUS_KM)
    sites = Sites.of(longitude=[-10 * km, 10 * km, 0, 100 * km], latitude=[0.45, 0.45, 0.9 + 30 * km, 0.45])
    found = rupture.distances(sites)
    across = width * math.cos(math.radians(30))
    np.testing.assert_allclose(found.rjb_km, [10, 0, 30, 100 - across], atol=0.03)
    np.testing.assert_allclose(found.rx_km, [-10, 10, 0, 100], atol=0.03)
    np.testing.assert_allclose(found.ry0_km, [0, 0, 30, 0], atol=0.03)
    np.testing.assert_allclose(found.rrup_km[0], math.hypot(10, 2), atol=0.03)
    np.testing.assert_allclose(found.rrup_km[1], 10 * 0.5 + 2 * math.cos(math.radians(30)), atol=0.03)


@given(planes, st.floats(-175, 175), st.floats(-60, 60), st.floats(5, 60))
def test_what_holds_for_every_plane(plane, longitude, latitude, depth_km):
    earthquake = quake(longitude=longitude, latitude=latitude, depth_km=depth_km)
    rupture = Rupture.plane(earthquake, **plane)
    sites = around(earthquake, 25)
    found = rupture.distances(sites)
    assert (found.rrup_km >= found.rjb_km).all()
    assert (found.rrup_km >= rupture.ztor_km * (1 - 1e-6) - 1e-3).all()
    # The hypocentre lies in the plane and the epicentre above it, but for the flatness of the map.
    assert (found.rrup_km <= found.rhyp_km * 1.003 + 0.2).all()
    assert (found.rjb_km <= found.repi_km * 1.003 + 0.2).all()
    assert (found.rjb_km >= np.maximum(-found.rx_km, found.ry0_km) - 1e-6).all()
    above = rupture.distances(Sites.of(longitude=earthquake.longitude, latitude=earthquake.latitude))
    assert above.rjb_km[0] < 0.2
    assert above.rhyp_km[0] == pytest.approx(depth_km)


@given(planes, st.floats(-179, 179), st.sampled_from([0.0, 35.0, -52.0]))
def test_turning_the_earth_changes_nothing(plane, turn, latitude):
    here = quake(longitude=0.0, latitude=latitude)
    there = quake(longitude=turn, latitude=latitude)
    sites = around(here, 20)
    moved = Sites.of(longitude=(sites.longitude + turn + 180) % 360 - 180, latitude=sites.latitude)
    for build in (lambda event: Rupture.plane(event, **plane), Rupture.point):
        first, second = build(here).distances(sites), build(there).distances(moved)
        for name in NAMES:
            np.testing.assert_allclose(getattr(second, name), getattr(first, name), atol=1e-5, rtol=1e-7)


def cut_along(corners: np.ndarray, pieces: int) -> np.ndarray:
    """Corners of `pieces` rectangles laid end to end, cut along great circles."""
    share = np.linspace(0, 1, pieces + 1)[:, None]
    rims = []
    for start, end in ((corners[0], corners[1]), (corners[3], corners[2])):
        first, last = to_xyz_km(longitude=np.array([start[0], end[0]]), latitude=np.array([start[1], end[1]]))
        rims.append(np.column_stack([*from_xyz_km(first + share * (last - first)), np.full(pieces + 1, start[2])]))
    top, bottom = rims
    return np.stack([top[:-1], top[1:], bottom[1:], bottom[:-1]], axis=1)


@given(planes, st.integers(2, 6))
def test_a_plane_cut_into_pieces_is_as_far_away(plane, pieces):
    assume(plane["length_km"] > 20)
    whole = Rupture.plane(quake(), **plane)
    cut = Rupture.from_quads(quake(), cut_along(whole.geometry.corners[0], pieces))
    sites = around(quake(), 30)
    first, second = whole.distances(sites), cut.distances(sites)
    for name in ("rrup_km", "rjb_km"):
        np.testing.assert_allclose(getattr(second, name), getattr(first, name), atol=0.15, rtol=1e-3)
    near = np.abs(first.rx_km) > 1
    np.testing.assert_allclose(second.rx_km[near], first.rx_km[near], atol=1.5, rtol=0.02)
    np.testing.assert_allclose(second.ry0_km[near], first.ry0_km[near], atol=2.5, rtol=0.02)


def test_a_bent_trace_keeps_its_sides():
    north = [[0.0, 0.0, 0.0], [0.0, 0.5, 0.0], [0.1, 0.5, 10.0], [0.1, 0.0, 10.0]]
    bent = [[0.0, 0.5, 0.0], [0.1, 0.9, 0.0], [0.2, 0.876, 10.0], [0.1, 0.476, 10.0]]
    rupture = Rupture.from_quads(quake(longitude=0.05, latitude=0.4, depth_km=5.0), [north, bent])
    found = rupture.distances(Sites.of(longitude=[0.4, -0.4, 0.05, 0.0], latitude=[0.4, 0.4, -0.5, 0.25]))
    assert found.rx_km[0] > 20 and found.rx_km[1] < -20
    assert found.ry0_km[:2] == pytest.approx([0, 0], abs=1e-9)
    assert found.ry0_km[2] == pytest.approx(55, abs=5)
    assert np.isfinite(found.rx_km).all()
    assert found.rjb_km[3] == pytest.approx(0.0, abs=1e-3)


def test_the_size_and_the_angles_are_given_back():
    rupture = Rupture.plane(
        quake(), strike_deg=365 - 5, dip_deg=33, rake_deg=80, length_km=120, width_km=60, hypocentre_down=0.4
    )
    (piece,) = rupture.geometry.rectangles
    assert (piece.length_km, piece.width_km, piece.dip_deg) == pytest.approx((120, 60, 33), rel=1e-3)
    assert rupture.strike_deg == 0.0
    assert rupture.ztor_km == pytest.approx(20 - 0.4 * 60 * math.sin(math.radians(33)))
    assert (rupture.magnitude, rupture.regime, rupture.hypocentre_depth_km) == (7.5, "interface", 20.0)


def test_a_plane_slides_down_rather_than_out_of_the_ground():
    rupture = Rupture.plane(
        quake(depth_km=5.0), strike_deg=10, dip_deg=60, rake_deg=90, length_km=20, width_km=30, hypocentre_down=1.0
    )
    depths = rupture.geometry.corners[0, :, 2]
    assert rupture.ztor_km == pytest.approx(0.0, abs=1e-9)
    assert depths == pytest.approx([0, 0, 30 * math.sin(math.radians(60))] + [30 * math.sin(math.radians(60))])


def test_without_a_size_the_median_is_taken():
    rupture = Rupture.plane(quake(magnitude=8.3), strike_deg=7, dip_deg=19, rake_deg=109)
    (piece,) = rupture.geometry.rectangles
    size = rupture_dimensions(8.3, "interface")
    assert (piece.length_km, piece.width_km) == pytest.approx((size.length_km, size.width_km), rel=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dip_deg": 0.0}, "dip_deg of a rupture must be within 1 to 90"),
        ({"dip_deg": 100.0}, "dip_deg"),
        ({"rake_deg": 200.0}, "rake_deg of a rupture must be within -180 to 180 degrees or NaN"),
        ({"strike_deg": -1.0}, "strike_deg"),
        ({"length_km": 0.0}, "length_km"),
        ({"width_km": -3.0}, "width_km"),
        ({"hypocentre_along": 1.2}, "hypocentre_along"),
        ({"hypocentre_down": math.nan}, "hypocentre_down"),
    ],
)
def test_what_makes_no_plane_is_refused(change, message):
    good = {"strike_deg": 0.0, "dip_deg": 30.0, "rake_deg": 90.0}
    with pytest.raises(InputError, match=message):
        Rupture.plane(quake(), **{**good, **change})


GOOD = np.array([[0, 0, 0], [0, 0.5, 0], [0.1, 0.5, 10], [0.1, 0, 10]], float)


@pytest.mark.parametrize(
    ("quads", "message"),
    [
        (np.empty((0, 4, 3)), "corners of shape"),
        (GOOD[:3][None], "corners of shape"),
        ([np.where(GOOD == 10, np.nan, GOOD)], "finite"),
        ([GOOD - [0, 0, 1]], "depth >= 0"),
        ([GOOD[[0, 0, 3, 3]]], "rectangle 0 of the rupture has no area"),
        ([GOOD[[3, 2, 1, 0]]], "give the top edge first"),
        ([GOOD[[1, 0, 3, 2]]], "start the top edge at its other end"),
        ([GOOD + [[0, 0, 0], [0, 0, 5], [0, 0, 5], [0, 0, 0]]], "no rectangle with a level top edge"),
        ([GOOD + [[0, 0, 0], [0, 0, 0], [0, 0.2, 0], [0, 0.2, 0]]], "split it into smaller ones"),
    ],
)
def test_what_is_no_rectangle_is_refused(quads, message):
    with pytest.raises(InputError, match=message):
        Rupture.from_quads(quake(), quads)


def test_the_middle_of_planes_across_the_date_line_lies_there():
    corners = GOOD + [179.95, 0, 0]
    corners[:, 0] = (corners[:, 0] + 180) % 360 - 180
    longitude, latitude = Planes(corners[None]).centre
    assert abs(abs(longitude) - 180) < 0.01
    assert latitude == pytest.approx(0.25)


@given(st.floats(3.5, 9.3), st.sampled_from(["crustal", "interface", "slab"]), st.floats(0, 120), st.floats(-180, 180))
def test_what_holds_without_a_plane(magnitude, regime, depth_km, rake_deg):
    earthquake = quake(magnitude=magnitude, regime=regime, depth_km=depth_km)
    rupture = Rupture.point(earthquake, rake_deg=rake_deg)
    longitude = earthquake.longitude + np.linspace(0, 30, 200)
    found = rupture.distances(Sites.of(longitude=longitude, latitude=np.full(200, earthquake.latitude)))
    assert (found.rrup_km >= found.rjb_km).all()
    assert (found.rrup_km <= found.rhyp_km + 0.5).all()
    assert (np.diff(found.rrup_km) > -1e-9).all() and (np.diff(found.rjb_km) > -1e-9).all()
    assert (found.rx_km <= 0).all() and (found.ry0_km == 0).all()
    assert 0 <= rupture.ztor_km <= depth_km + 1e-9
    # Far away the mean over all directions tends to the distance from the middle.
    size = rupture_dimensions(magnitude, regime, rake_deg)
    assert found.repi_km[-1] - found.rjb_km[-1] < size.length_km + size.width_km


def test_a_small_earthquake_is_a_point():
    earthquake = quake(magnitude=3.5, regime="crustal", depth_km=10.0)
    found = Rupture.point(earthquake).distances(around(earthquake, 50))
    np.testing.assert_allclose(found.rrup_km, found.rhyp_km, atol=0.4)
    np.testing.assert_allclose(found.rjb_km, found.repi_km, atol=0.4)


def test_the_mean_over_directions_is_a_mean():
    earthquake = quake(magnitude=7.0, regime="crustal", depth_km=12.0, latitude=0.0)
    rupture = Rupture.point(earthquake, rake_deg=90.0)
    site = Sites.of(longitude=earthquake.longitude + 0.5, latitude=0.0)
    rng = np.random.default_rng(7)
    drawn = [
        Rupture.plane(
            earthquake,
            strike_deg=rng.uniform(0, 360),
            dip_deg=40.0,
            rake_deg=90.0,
            hypocentre_along=rng.uniform(0, 1),
            hypocentre_down=rng.choice([0.3, 0.5, 0.7]),
        ).distances(site)
        for _ in range(3000)
    ]
    found = rupture.distances(site)
    assert found.rrup_km[0] == pytest.approx(np.mean([one.rrup_km[0] for one in drawn]), abs=0.5)
    assert found.rjb_km[0] == pytest.approx(np.mean([one.rjb_km[0] for one in drawn]), abs=0.5)


@pytest.mark.parametrize(
    ("regime", "rake_deg", "dip_deg"),
    [
        ("interface", math.nan, 20.0),
        ("slab", -90.0, 50.0),
        ("crustal", math.nan, 60.0),
        ("crustal", 5.0, 90.0),
        ("crustal", 178.0, 90.0),
        ("crustal", 90.0, 40.0),
        ("crustal", -90.0, 50.0),
    ],
)
def test_the_usual_dip(regime, rake_deg, dip_deg):
    assert Rupture.point(quake(regime=regime), rake_deg=rake_deg).dip_deg == dip_deg


def test_a_dip_that_is_known_is_kept():
    assert Rupture.point(quake(), dip_deg=27.0).dip_deg == 27.0
    with pytest.raises(InputError, match="dip_deg"):
        Rupture.point(quake(), dip_deg=0.0)


def test_no_sites_no_distances():
    empty = Sites(np.empty(0), np.empty(0), np.empty(0))
    assert len(Rupture.point(quake()).distances(empty)) == 0
    assert len(Rupture.plane(quake(), strike_deg=0, dip_deg=20, rake_deg=90).distances(empty)) == 0


def test_many_sites_are_worked_out_in_blocks_with_the_same_result():
    earthquake = quake()
    rupture = Rupture.plane(earthquake, strike_deg=7, dip_deg=19, rake_deg=109)
    sites = around(earthquake, 9000)
    together, apart = rupture.distances(sites), rupture.distances(sites.select(slice(8000, 8010)))
    for name in NAMES:
        np.testing.assert_allclose(getattr(together, name)[8000:8010], getattr(apart, name), rtol=1e-12)
