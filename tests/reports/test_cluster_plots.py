"""Pictures of clusters: many, none, across the date line; numbers that stay apart; the axes that are drawn."""

from datetime import UTC, datetime

import numpy as np
import pytest
from matplotlib.figure import Figure

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.clusters import largest_of
from houfeng.catalogs.nearest_neighbour import nearest_neighbours
from houfeng.features.clusters import Clusters
from houfeng.regions import Region
from houfeng.reports import cluster_plots
from houfeng.reports.cluster_plots import About, anomaly_plot, cluster_map, neighbour_plot
from houfeng.reports.maps import Frame
from houfeng.values import Provenance

AS_OF = datetime(2012, 1, 1, tzinfo=UTC)
FIJI = Region.box("fiji", west=176, south=-20, east=184, north=-12)


@pytest.fixture
def kept(monkeypatch) -> list[Figure]:
    """The figures drawn."""
    figures = []
    png = cluster_plots._png
    monkeypatch.setattr(cluster_plots, "_png", lambda figure, dpi: (figures.append(figure), png(figure, dpi))[1])
    return figures


def across_the_date_line(n: int = 200) -> Catalog:
    rng = np.random.default_rng(4)
    return Catalog.of(
        time=np.datetime64("2010-01-01", "us") + np.arange(n) * np.timedelta64(2, "D"),
        longitude=rng.uniform(176, 184, n), latitude=rng.uniform(-20, -12, n), magnitude=4 + rng.exponential(0.5, n),
        provenance=Provenance("SIMULATED", "none", AS_OF),
    )  # fmt: skip


def about(language: str = "en") -> About:
    return About({"en": "Fiji", "zh": "斐济"}[language], 4.0, AS_OF, "SIMULATED", language)


def draw(label: np.ndarray, language: str = "en") -> bytes:
    catalog = across_the_date_line(len(label))
    leaders = largest_of(label, catalog.magnitude)
    shocks = np.array([leaders[label == k][0] for k in range(label.max() + 1)], int)
    return cluster_map(catalog, Clusters("made up", label), shocks, FIJI, method="nearest", about=about(language))


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_largest_dozen_are_named_and_the_rest_is_grey(kept, language):
    label = np.minimum(np.arange(200) // 10, 20)
    label[190:] = -1
    assert draw(label, language)[:4] == b"\x89PNG"
    lines = legend(kept[0])
    assert len(lines) == 14 and [int(line.split()[0]) for line in lines[:12]] == list(range(1, 13))
    assert all("(10)" in line for line in lines[:12])
    assert sum("(10)" in line or "（10）" in line for line in lines) == 13 and "70" in lines[13]
    assert sorted(text.get_text() for text in kept[0].axes[0].texts) == sorted(str(k) for k in range(1, 13))
    looks = {(tuple(dots.get_facecolor()[0]), dots.get_paths()[0].vertices.tobytes())
             for dots in kept[0].axes[0].collections if "  M" in str(dots.get_label())}  # fmt: skip
    assert len(looks) == 12


def test_without_clusters_that_is_said(kept):
    draw(np.full(50, -1))
    key = kept[0].axes[0].get_legend()
    assert "no clusters" in key.get_title().get_text() and "50" in legend(kept[0])[0]


def test_the_date_line_is_no_edge(kept):
    draw(np.zeros(200, int))
    ax = kept[0].axes[0]
    x = np.concatenate([dots.get_offsets()[:, 0] for dots in ax.collections if str(dots.get_label()).startswith("1  ")])
    assert len(x) == 200 and (x >= 176).all() and (x <= 184).all()


def test_simulated_data_say_so_on_the_picture(kept):
    draw(np.zeros(60, int))
    assert "SIMULATED" in kept[0].get_suptitle() and "M≥4" in kept[0].get_suptitle()


def test_numbers_of_near_main_shocks_stay_apart():
    frame = Frame(0, 0, 10, 10)
    places = np.array([[5.0, 5.0], [5.0, 5.0], [5.1, 5.0], [5.0, 5.1], [9, 9]])
    offsets = cluster_plots._offsets(places, frame, 400.0)
    spots = places * [40 / frame.aspect, 40] + offsets
    apart = np.hypot(*(spots[:, None] - spots[None]).transpose(2, 0, 1)) + 99 * np.eye(5)
    assert apart.min() >= 12 and offsets[0].tolist() == [10, 7]


@pytest.mark.parametrize(("threshold", "lines"), [(-4.0, 1), (-np.inf, 0)])
def test_the_threshold_is_where_time_times_distance_is_eta(kept, threshold, lines):
    catalog = across_the_date_line()
    found = nearest_neighbours(catalog)
    assert neighbour_plot(found, threshold, about=about("zh"))[:4] == b"\x89PNG"
    plane, line = kept[0].axes[:2]
    assert len(plane.lines) == len(line.lines) == lines
    for drawn in plane.lines:
        assert np.allclose(drawn.get_xdata() + drawn.get_ydata(), threshold)
    counted = sum(patch.get_height() for patch in line.patches)
    assert counted == np.isfinite(found.log10_eta).sum() == len(catalog) - 1
    assert np.nansum(np.ma.filled(plane.collections[0].get_array().astype(float), np.nan)) == counted


def test_the_training_period_is_shaded_to_its_end_and_the_largest_are_marked(kept):
    times = np.datetime64("2010-01-01", "us") + np.arange(50) * np.timedelta64(7, "D")
    catalog = across_the_date_line()
    until = datetime(2010, 6, 18, tzinfo=UTC)
    score = np.random.default_rng(1).exponential(1.0, 50) + 0.01
    anomaly_plot(times, score, 2.0, trained_until=until, catalog=catalog, about=about("en"))
    ax = kept[0].axes[0]
    [shade] = [patch for patch in ax.patches if patch.get_label() == "training period"]
    begin = 14610.0  # days from 1970 to 2010
    assert (shade.get_x(), shade.get_width()) == (pytest.approx(begin), pytest.approx(168.0))
    shown = catalog.select(catalog.time <= times[-1])
    largest = np.sort(shown.magnitude)[-6:]
    marked = sorted(float(text.get_text()[1:4]) for text in ax.texts)
    assert marked == pytest.approx(largest, abs=0.051)
    assert "2010-06-18" in kept[0].get_suptitle() and "no precursor" in kept[0].get_suptitle()
