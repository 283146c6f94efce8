"""The map of shaking: the right colour in the right place, names and marks."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from houfeng.errors import InputError
from houfeng.reports import city_style
from houfeng.reports.coastline import coastline
from houfeng.reports.intensity_map import intensity_map
from houfeng.reports.maps import Frame
from houfeng.reports.messages import LANGUAGES

FRAME = Frame(-74.0, -34.0, -69.0, -29.0)
LONGITUDE, LATITUDE = np.linspace(-74, -69, 61), np.linspace(-34, -29, 61)


def cone(top: float = 9.2) -> np.ndarray:
    """Intensity falling from the middle of the frame."""
    x, y = np.meshgrid(LONGITUDE, LATITUDE)
    return top - 2.6 * np.hypot(x + 71.5, y + 31.5)


def draw(mmi=None, **more) -> bytes:
    field = cone() if mmi is None else mmi
    return intensity_map(FRAME, longitude=LONGITUDE, latitude=LATITUDE, mmi=field, **more)


def upper(png: bytes) -> np.ndarray:
    """The map without its foot."""
    picture = imread(io.BytesIO(png))[..., :3]
    return picture[: int(0.85 * len(picture))]


def share(picture: np.ndarray, colour: str) -> float:
    return float((np.abs(picture - to_rgb(colour)).max(axis=-1) < 0.01).mean())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_bytes_twice_with_everything(language):
    def whole() -> bytes:
        return draw(
            language=language,
            coast=coastline(),
            epicentre=(-71.67, -31.57),
            rupture=[np.array([[-72.5, -32.5], [-71, -32.5], [-71, -30.5], [-72.5, -30.5]])],
            cities=[("La Serena 拉塞雷纳", -71.25, -29.95), ("off the map", 10.0, 50.0)],
            stations=(np.array([-71.0]), np.array([-30.5]), np.array([6.2])),
            title="M8.3",
            simulated=True,
        )

    assert whole() == whole()


@pytest.mark.parametrize(
    ("mmi", "step"), [(1.2, 0), (3.0, 1), (4.4, 2), (5.0, 3), (6.49, 4), (7.2, 5), (8, 6), (9.4, 7), (11, 8)]
)
def test_each_intensity_has_its_own_colour(mmi, step):
    picture = upper(draw(np.full((61, 61), mmi)))
    shares = [share(picture, colour) for colour in city_style.INTENSITY_COLOURS]
    assert int(np.argmax(shares)) == step and shares[step] > 0.6


def test_there_is_a_colour_and_a_numeral_for_every_step():
    steps = len(city_style.INTENSITY_COLOURS)
    assert len(city_style.INTENSITY_NUMERALS) == steps == len(city_style.INTENSITY_EDGES) - 1


def test_stronger_means_nearer():
    picture = upper(draw())
    middle = np.array(picture.shape[:2]) / 2
    distance = []
    for colour in city_style.INTENSITY_COLOURS[4:8]:
        points = np.argwhere(np.abs(picture - to_rgb(colour)).max(axis=-1) < 0.01)
        distance.append(np.hypot(*(points - middle).T).mean())
    assert np.diff(distance).max() < 0


def test_what_is_not_known_is_blank():
    half = cone()
    half[:, 30:] = np.nan
    picture = upper(draw(half))
    width = picture.shape[1]
    colour = city_style.INTENSITY_COLOURS[5]
    assert share(picture[:, : width // 2 - 20], colour) > 0.05
    assert share(picture[:, width // 2 + 60 :], colour) == 0
    assert share(upper(draw(np.full((61, 61), np.nan))), "#ffffff") > 0.8


@pytest.mark.parametrize(
    "more",
    [
        {"epicentre": (-71.5, -31.5)},
        {"rupture": [np.array([[-72, -32], [-71, -32], [-71, -31]])]},
        {"cities": [("Illapel", -71.17, -31.63)]},
        {"stations": (np.array([-71.0]), np.array([-31.0]), np.array([5.0]))},
        {"title": "title"},
        {"drill": True},
        {"coast": coastline()},
    ],
)
def test_every_addition_is_seen(more):
    assert draw(**more) != draw()


def test_a_city_outside_is_not_drawn():
    assert draw(cities=[("far", 10.0, 50.0)]) == draw()


def test_the_date_line_is_no_edge():
    frame = Frame(178.0, -20.0, 182.0, -16.0)
    x, y = np.linspace(178, 182, 21), np.linspace(-20, -16, 21)
    field = np.full((21, 21), 7.0)
    here = intensity_map(frame, longitude=x, latitude=y, mmi=field, cities=[("Taveuni", -179.9, -17.0)])
    turned = intensity_map(frame, longitude=x - 360, latitude=y, mmi=field, cities=[("Taveuni", 180.1, -17.0)])
    assert here == turned
    assert share(upper(here), city_style.INTENSITY_COLOURS[5]) > 0.6


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match=r"\(latitude, longitude\) = \(61, 61\)"):
        draw(np.zeros((60, 61)))
    with pytest.raises(InputError, match="no area"):
        intensity_map(Frame(1, 1, 1, 2), longitude=LONGITUDE, latitude=LATITUDE, mmi=cone())
