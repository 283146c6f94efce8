"""The map of a city: every layer where it lies, in the legend when it is there, quick enough for the first minutes."""

import io
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from houfeng.errors import InputError, UnknownNameError
from houfeng.reports import city_style
from houfeng.reports.city_layers import DamageCounts, Places, RoadLines, Route, Strip, ZoneValues
from houfeng.reports.city_map import city_map, value_edges
from houfeng.reports.maps import Frame
from houfeng.reports.messages import LANGUAGES

FRAME = Frame(-71.4, -30.1, -71.2, -29.9)


def street_grid(n: int, frame: Frame = FRAME, **more) -> RoadLines:
    """About n links of three points each, streets running west to east."""
    rows = int(np.sqrt(n))
    start = np.linspace(frame.west, frame.east, rows + 1)
    x = np.stack([start[:-1], (start[:-1] + start[1:]) / 2, start[1:]], axis=1)
    y = np.linspace(frame.south, frame.north, rows)
    longitude = np.tile(x.ravel(), rows)
    latitude = np.repeat(y, x.size)
    classes = np.resize(["primary", "secondary", "residential", "residential", "service"], rows * rows)
    return RoadLines(longitude, latitude, 3 * np.arange(rows * rows + 1), classes, **more)


def zones(**more) -> ZoneValues:
    x, y = (grid.ravel() for grid in np.meshgrid([-71.35, -71.3, -71.25], [-30.05, -30.0, -29.95]))
    return ZoneValues(x, y, np.array([0, 10, 40, 90, 200, 700, 1500, 1800, 30.0]), title="people", **more)


def squares(longitude: np.ndarray, latitude: np.ndarray, half_deg: float = 0.02) -> list[np.ndarray]:
    corners = half_deg * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]])
    return [corners + [x, y] for x, y in zip(longitude, latitude, strict=True)]


def seen(png: bytes) -> np.ndarray:
    return imread(io.BytesIO(png))[..., :3]


def where(picture: np.ndarray, colour: str, tolerance: float = 0.03) -> np.ndarray:
    """Rows and columns of the points of one colour."""
    return np.argwhere(np.abs(picture - to_rgb(colour)).max(axis=-1) < tolerance)


def everything(language: str = "en", **more) -> bytes:
    first = zones()
    x, y = first.longitude, first.latitude
    ones = np.ones(len(x))
    layers = {
        "roads": street_grid(100, closed=np.arange(100) % 10 == 0),
        "zones": zones(rings=squares(x, y), observed=np.arange(9) == 4),
        "damage": DamageCounts(x, y, 50 * ones, 20 * ones, 5 * ones),
        "places": [Places(kind, x[i : i + 2], y[i : i + 2] + 0.01) for i, kind in enumerate(city_style.MARKERS)],
        "routes": [Route(x[:4], y[:4], "team 1"), Route(x[4:], y[4:], "team 2")],
        "strip": Strip(np.linspace(-71.4, -71.2, 9), np.linspace(-30.1, -29.9, 9), np.eye(9) > 0),
        "title": "everything",
    } | more
    return city_map(FRAME, language=language, **layers)


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_at_once_gives_the_same_bytes_twice(language):
    first = everything(language)
    assert first == everything(language)
    assert min(seen(first).shape[:2]) > 500


def test_language_changes_the_legend_only():
    english, chinese = seen(everything("en")), seen(everything("zh"))
    assert english.shape == chinese.shape
    rows = np.flatnonzero((english != chinese).any(axis=(1, 2)))
    assert rows.min() > 0.6 * len(english), "the map itself changed"


@pytest.mark.parametrize("layer", ["roads", "zones", "damage", "places", "routes", "strip", "title"])
def test_every_layer_changes_the_picture_and_none_is_needed(layer):
    empty = {"places": [], "routes": [], "title": ""}.get(layer)
    without = everything(**{layer: empty})
    assert without != everything()
    assert seen(without).size


def test_an_empty_map_is_a_map():
    picture = seen(city_map(FRAME))
    assert 0.9 < picture.mean() < 1.0


def test_closed_roads_are_red_and_where_they_lie():
    roads = RoadLines(
        longitude=np.array([-71.39, -71.31, -71.29, -71.21]),
        latitude=np.array([-30.0, -30.0, -30.0, -30.0]),
        offset=np.array([0, 2, 4]),
        road_class=np.array(["primary", "primary"]),
        closed=np.array([False, True]),
    )
    open_only = RoadLines(roads.longitude, roads.latitude, roads.offset, roads.road_class)
    found = where(seen(city_map(FRAME, roads=roads)), city_style.CLOSED)
    picture = seen(city_map(FRAME, roads=roads))
    on_map = found[found[:, 0] < 0.8 * picture.shape[0]]
    assert len(on_map) > 100
    assert on_map[:, 1].min() > 0.5 * picture.shape[1], "the closed road is the eastern one"
    assert not len(where(seen(city_map(FRAME, roads=open_only)), city_style.CLOSED))


def test_roads_outside_the_frame_are_left_out_and_those_that_cross_it_kept():
    def with_road(west, east, latitude=-30.0):
        roads = RoadLines(np.array([west, east]), np.full(2, latitude), np.array([0, 2]), np.array(["primary"]))
        return city_map(FRAME, roads=roads)

    nothing = city_map(FRAME)
    assert with_road(-72.0, -71.5) == nothing
    assert with_road(-71.39, -71.21, latitude=-31.0) == nothing
    assert with_road(-72.0, -70.0) != nothing, "both ends lie outside, the road does not"


def test_the_same_map_across_the_date_line():
    """A shift by whole degrees moves nothing but the labels of the longitudes."""

    def at(shift: float) -> np.ndarray:
        def wrap(x):
            return (np.asarray(x) + shift + 180) % 360 - 180

        roads = street_grid(100, closed=np.arange(100) % 7 == 0)
        moved = RoadLines(wrap(roads.longitude), roads.latitude, roads.offset, roads.road_class, roads.closed)
        first = zones()
        moved_zones = ZoneValues(wrap(first.longitude), first.latitude, first.value, first.title)
        frame = Frame(FRAME.west + shift, FRAME.south, FRAME.east + shift, FRAME.north)
        return seen(city_map(frame, roads=moved, zones=moved_zones))

    here, there = at(0.0), at(-108.7)
    rows = slice(0, int(0.7 * len(here)))
    assert here.shape == there.shape
    assert (np.abs(here - there)[rows].max(axis=-1) > 0.2).mean() < 0.002


def test_zones_are_coloured_by_value_and_blank_where_nobody_knows():
    values = np.array([np.nan, 1.0, 1000.0])
    x, y = np.array([-71.35, -71.3, -71.25]), np.full(3, -30.0)
    picture = seen(city_map(FRAME, zones=ZoneValues(x, y, values, "people", rings=squares(x, y))))
    upper = picture[: int(0.75 * len(picture))]
    from houfeng.reports.city_map import UNKNOWN

    columns = [
        where(upper, colour)[:, 1] for colour in (UNKNOWN, city_style.ZONE_COLOURS[0], city_style.ZONE_COLOURS[-1])
    ]
    assert all(len(found) > 1000 for found in columns)
    assert columns[0].mean() < columns[1].mean() < columns[2].mean()


@given(st.lists(st.floats(1e-3, 1e9), min_size=1, max_size=30))
def test_edges_are_round_start_at_zero_and_reach_the_largest_value(values):
    edges = value_edges(np.array([*values, np.nan]))
    assert edges[0] == 0 and len(edges) == len(city_style.ZONE_COLOURS) + 1
    assert (np.diff(edges) > 0).all()
    assert edges[-2] < max(values) * (1 + 1e-6) and max(values) <= edges[-1] * (1 + 1e-6)
    digits = edges[1:] / 10.0 ** np.floor(np.log10(edges[1:]) + 1e-9)
    assert np.abs(digits[:, None] - [1, 2, 5]).min(axis=1).max() < 1e-6


def test_edges_of_nothing():
    assert value_edges(np.array([np.nan, 0.0]))[-1] == 1.0


def test_damage_bars_are_stacked_light_to_severe():
    one = np.array([-71.3])
    damage = DamageCounts(one, np.array([-30.0]), np.array([60.0]), np.array([30.0]), np.array([10.0]))
    picture = seen(city_map(FRAME, damage=damage))
    upper = picture[: int(0.75 * len(picture))]
    rows = {name: where(upper, colour)[:, 0] for name, colour in city_style.DAMAGE_COLOURS.items()}
    assert rows["light"].min() >= rows["moderate"].max() and rows["moderate"].min() >= rows["severe"].max()
    assert len(rows["light"]) > len(rows["moderate"]) > len(rows["severe"]) > 0


def test_no_damage_draws_no_bar():
    none = DamageCounts(np.array([-71.3]), np.array([-30.0]), np.array([np.nan]), np.zeros(1), np.zeros(1))
    picture = seen(city_map(FRAME, damage=none))
    assert not len(where(picture[: int(0.7 * len(picture))], city_style.DAMAGE_COLOURS["light"]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_simulated_and_exercise_are_written_across(language):
    plain, marked = seen(city_map(FRAME, language=language)), seen(city_map(FRAME, language=language, simulated=True))
    assert not len(where(plain, city_style.WARNING))
    corner = where(marked, city_style.WARNING)
    assert len(corner) > 500 and corner.max(axis=0).tolist() < [0.2 * len(marked), marked.shape[1]]
    rows = np.flatnonzero((plain != marked).any(axis=(1, 2)))
    assert rows.min() < 0.1 * len(plain) and rows.max() > 0.6 * len(plain)
    both = city_map(FRAME, language=language, simulated=True, drill=True)
    assert len({both, city_map(FRAME, language=language, drill=True)}) == 2


def test_names_never_cover_each_other():
    from matplotlib.text import Annotation

    x = np.array([-71.3, -71.299, -71.2995, -71.3, -71.2985, -71.298])
    y = np.full(6, -30.0) + 0.0005 * np.arange(6)
    with city_style.map_style():
        figure, ax = city_style.canvas(FRAME, 5.6, 0.5)
        city_style.write_names(ax, ["Hospital de La Serena", "圣巴勃罗医院"] * 3, x, y, size_pt=8.0, gap_pt=4.0)
        figure.canvas.draw()
        boxes = [t.get_window_extent() for t in ax.texts if isinstance(t, Annotation)]
    assert 2 <= len(boxes) < 6
    for i, box in enumerate(boxes):
        assert not any(box.padded(-1.5).overlaps(other.padded(-1.5)) for other in boxes[i + 1 :])


def test_a_place_outside_the_frame_leaves_no_name():
    outside = Places("hospital", np.array([-71.41]), np.array([-30.0]), ["Hospital"])
    without = Places("hospital", np.array([-71.41]), np.array([-30.0]))
    assert city_map(FRAME, places=[outside]) == city_map(FRAME, places=[without])


def test_a_hospital_and_a_shelter_at_one_place_are_both_seen():
    x, y = np.array([-71.3]), np.array([-30.0])
    groups = [Places(kind, x, y) for kind in city_style.MARKERS]
    picture = seen(city_map(FRAME, places=groups))
    upper = picture[: int(0.75 * len(picture))]
    alone = seen(city_map(FRAME, places=groups[:1]))[: int(0.75 * len(picture))]
    colours = [colour for _, colour, _ in city_style.MARKERS.values()]
    areas = [len(where(upper, colour)) for colour in colours]
    assert min(areas) > 30
    assert areas[0] == len(where(alone, colours[0])), "a later marker covers the first"


def test_layers_without_entries_draw_nothing():
    none = np.zeros(0)
    empty = {
        "roads": RoadLines(none, none, np.zeros(1, int), np.zeros(0, str), np.zeros(0, bool)),
        "damage": DamageCounts(none, none, none, none, none),
        "places": [Places("shelter", none, none)],
    }
    for name, layer in empty.items():
        assert seen(city_map(FRAME, **{name: layer})).size
    assert city_map(FRAME, places=empty["places"]) == city_map(FRAME)


@given(st.floats(1e-4, 1e5))
def test_the_scale_bar_is_round_and_not_too_long(value):
    length = city_style.round_below(value)
    assert length <= value * (1 + 1e-6) and value < 2.5 * length * (1 + 1e-6)
    assert f"{length:e}"[0] in "125"


def test_many_routes_do_not_fill_the_legend():
    def height(n: int) -> int:
        x, y = np.array([-71.35, -71.25]), np.array([-30.0, -29.95])
        return len(seen(city_map(FRAME, routes=[Route(x, y, f"team {i}") for i in range(n)])))

    assert height(30) == height(3) < height(12)


def test_classes_of_roads():
    ranks = city_style.road_rank(np.array(["motorway_link", "tertiary", "residential", "", "trunk", "track"]))
    assert ranks.tolist() == [0, 1, 2, 2, 0, 2]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: RoadLines(np.zeros(3), np.zeros(2), np.array([0, 3]), np.array(["a"])), "different lengths"),
        (lambda: RoadLines(np.zeros(3), np.zeros(3), np.array([0, 2]), np.array(["a"])), "offset must hold 2 numbers"),
        (lambda: RoadLines(np.zeros(3), np.zeros(3), np.array([0, 0, 3]), np.array(["a", "b"])), "without points"),
        (lambda: street_grid(9, closed=np.zeros(4, bool)), "closed has 4 entries for 9 roads"),
        (lambda: ZoneValues(np.zeros(2), np.zeros(2), np.array([-1.0, 2]), "x"), "below zero"),
        (lambda: ZoneValues(np.zeros(2), np.zeros(2), np.zeros(2), "x", rings=[]), "rings"),
        (lambda: DamageCounts(*np.zeros((4, 2)), np.array([-1.0, 0])), "severe is below zero"),
        (lambda: Places("hospital", np.zeros(1), np.zeros(1), ["a", "b"]), "names"),
        (lambda: Route(np.zeros(1), np.zeros(2), "team 7"), "team 7"),
        (lambda: Strip(np.zeros(2), np.zeros(3), np.zeros((2, 3), bool)), r"\(3, 2\)"),
        (lambda: city_map(Frame(10, 5, 9, 6)), "no area"),
    ],
)
def test_what_does_not_fit_is_refused(make, said):
    with pytest.raises(InputError, match=said):
        make()


def test_unknown_kinds_and_languages():
    with pytest.raises(UnknownNameError, match="hospital"):
        Places("hopsital", np.zeros(1), np.zeros(1))
    with pytest.raises(UnknownNameError, match="language"):
        city_map(FRAME, language="es", simulated=True)


def test_twenty_thousand_roads_are_drawn_in_a_second_and_a_half():
    roads = street_grid(20_000, closed=np.arange(141 * 141) % 300 == 0)
    city_map(FRAME, roads=street_grid(9))  # fonts are read once
    spent = []
    for _ in range(3):
        start = time.process_time()
        city_map(FRAME, roads=roads, zones=zones())
        spent.append(time.process_time() - start)
    assert min(spent) < 1.5


def lightness(colour: str) -> float:
    """CIE L* of a colour, 0 to 100."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    y = np.dot(linear, (0.2126, 0.7152, 0.0722))
    return float(116 * np.cbrt(y) - 16) if y > 0.008856 else float(903.3 * y)


@pytest.mark.parametrize("scale", ["INTENSITY_COLOURS", "ZONE_COLOURS"])
def test_scales_grow_darker_at_every_step_so_that_every_eye_can_read_them(scale):
    steps = np.diff([lightness(colour) for colour in getattr(city_style, scale)])
    assert steps.max() < -1.5, steps
    assert steps.sum() < -50
