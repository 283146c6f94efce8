"""Pictures of clusters, of nearest neighbours, and of how strange the seismicity was, in English or Chinese."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from houfeng.catalogs.catalog import Catalog
from houfeng.reports.coastline import coastline
from houfeng.reports.fonts import register_with_matplotlib
from houfeng.reports.maps import Frame, circle_area, draw_lines
from houfeng.reports.messages import message
from houfeng.reports.style import COLOURS, MAP_DPI, PNG_DPI, style
from houfeng.times import to_datetime64

if TYPE_CHECKING:
    from houfeng.catalogs.nearest_neighbour import Neighbours
    from houfeng.features.clusters import Clusters
    from houfeng.regions import Region

#: So many clusters have a colour, a shape and a line in the legend. Number and shape tell them apart without colour.
NAMED = 12

_SHAPES = "osD^vP"
_PAINTS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9")  # Okabe & Ito
_SMALLER, _ALONE = "#6f7780", "#cfd4d9"

#: Numbers stand this many points beside their main shock, the first way where it is free, and this far apart.
_WAYS = np.array([(10, 7), (10, -7), (-10, 7), (-10, -7), (0, 13), (0, -13), (22, 0), (-22, 0), (20, 18), (-20, -18)])
_APART = 14.0

#: So many earthquakes are marked beside the anomaly score.
_MARKED = 6


@dataclass(frozen=True, slots=True)
class About:
    """What stands above a picture.

    Attributes
    ----------
    place
        Name of the region, in `language`.
    min_magnitude
        Of the earthquakes used.
    as_of
        What was issued later is not in the picture.
    source
        Of the catalogue; a simulated one says SIMULATED in it.
    language
        ``en`` or ``zh``.
    """

    place: str
    min_magnitude: float
    as_of: datetime
    source: str
    language: str = "en"

    def line(self) -> str:
        """Smallest magnitude, moment and source."""
        return message("clusters_about", self.language, m=f"{self.min_magnitude:g}", source=self.source,
                       as_of=f"{self.as_of:%Y-%m-%d %H:%M}")  # fmt: skip


def cluster_map(
    catalog: Catalog, clusters: "Clusters", main_shocks: np.ndarray, region: "Region", *, method: str, about: About
) -> bytes:
    """Draw epicentres coloured by cluster, the largest dozen named by their main shocks; PNG.

    Parameters
    ----------
    clusters
        Of the rows of `catalog`.
    main_shocks : ndarray of int, shape (n_clusters,)
        Row of each cluster's largest earthquake.
    method
        ``nearest``, ``hdbscan`` or ``kmeans``.
    """
    frame = Frame.around(region)
    height = float(np.clip(6.0 / frame.shape, 3.6, 7.0))
    names = {"nearest": "clusters_nearest", "hdbscan": "clusters_hdbscan", "kmeans": "clusters_kmeans"}
    with _letters():
        width = height * frame.shape + 3.3
        figure = Figure(figsize=(max(width, 6.4), height + 0.7), layout="constrained")
        ax = figure.subplots()
        draw_lines(ax, frame, coastline(), color=COLOURS["coast"], linewidths=0.7)
        outline = [np.vstack([ring, ring[:1]]) for ring in region.rings]
        draw_lines(ax, frame, outline, color=COLOURS["outline"], linewidths=0.8, linestyles="--")
        x, size = (
            frame.shift(catalog.longitude),
            np.clip(circle_area(catalog.magnitude - about.min_magnitude + 3.5), 5.0, 120.0),
        )
        _grey_dots(ax, x, catalog, clusters, size, about.language)
        _named_clusters(ax, x, catalog, clusters, size, main_shocks, frame, height * 72)
        ax.set(xlim=(frame.west, frame.east), ylim=(frame.south, frame.north))
        ax.set_aspect(frame.aspect)
        ax.xaxis.set_major_formatter(lambda v, _: f"{180 - (180 - v) % 360:g}°")
        ax.yaxis.set_major_formatter(lambda v, _: f"{v:g}°")
        ax.locator_params(axis="x", nbins=4 if frame.shape < 0.6 else 7)
        _legend(ax, about.language)
        how = message(names[method], about.language)
        _title(figure, message("clusters_title", about.language, place=about.place, how=how), about)
        return _png(figure, MAP_DPI)


def _grey_dots(ax: Axes, x: np.ndarray, catalog: Catalog, clusters: "Clusters", size: np.ndarray, language: str):
    """Single earthquakes light, smaller clusters dark."""
    alone, smaller = clusters.label < 0, clusters.label >= NAMED
    groups = []
    if alone.any():
        groups.append((alone, _ALONE, message("clusters_alone", language, events=f"{alone.sum():,}")))
    if smaller.any():
        said = {"n": f"{len(clusters.sizes) - NAMED:,}", "events": f"{smaller.sum():,}"}
        groups.append((smaller, _SMALLER, message("clusters_smaller", language, **said)))
    for mask, colour, label in groups:
        ax.scatter(x[mask], catalog.latitude[mask], s=size[mask] * 0.5, c=colour, label=label, linewidths=0,
                   rasterized=True, zorder=3)  # fmt: skip


def _named_clusters(
    ax: Axes, x, catalog: Catalog, clusters: "Clusters", size, main_shocks, frame: Frame, points: float
):
    """The largest clusters, the smallest of them on top; the number stands at the main shock."""
    for number in range(min(NAMED, len(clusters.sizes))):
        mask, row = clusters.label == number, int(main_shocks[number])
        day = catalog.time[row].astype("datetime64[D]")
        label = f"{number + 1}  {day}  M{catalog.magnitude[row]:.1f}  ({clusters.sizes[number]:,})"
        ax.scatter(x[mask], catalog.latitude[mask], s=size[mask], c=_PAINTS[number % len(_PAINTS)], label=label,
                   marker=_SHAPES[(number + number // len(_PAINTS)) % len(_SHAPES)], linewidths=0,
                   rasterized=True, zorder=4)  # fmt: skip
    named = main_shocks[:NAMED]
    places = np.column_stack([x[named], catalog.latitude[named]])
    for number, (place, offset) in enumerate(zip(places, _offsets(places, frame, points), strict=True)):
        ax.annotate(str(number + 1), place, xytext=offset, textcoords="offset points", ha="center", va="center",
                    fontsize=10, fontweight="bold", color=COLOURS["ink"], zorder=6,
                    path_effects=[withStroke(linewidth=2.5, foreground="w")])  # fmt: skip


def _offsets(places: np.ndarray, frame: Frame, points: float) -> list[np.ndarray]:
    """Where numbers stand beside places, in points: each as far as can be from those before it."""
    scale = points / (frame.north - frame.south)
    on_page = places * [scale / frame.aspect, scale]
    taken: list[np.ndarray] = []
    offsets = []
    for spot in on_page:
        far = [min((np.hypot(*(spot + way - other)) for other in taken), default=99.0) for way in _WAYS]
        best = _WAYS[int(np.argmax(np.minimum(far, _APART)))]
        taken.append(spot + best)
        offsets.append(best)
    return offsets


def _legend(ax: Axes, language: str) -> None:
    """Named clusters first, greys last, though these are drawn first."""
    handles, labels = ax.get_legend_handles_labels()
    named = ["  M" in label for label in labels]
    order = sorted(range(len(labels)), key=lambda i: not named[i])
    title = message("clusters_legend" if any(named) else "clusters_none", language)
    key = ax.legend([handles[i] for i in order], [labels[i] for i in order], loc="center left", frameon=False,
                    bbox_to_anchor=(1.0, 0.5), title=title, labelspacing=0.7)  # fmt: skip
    for handle in key.legend_handles:
        handle.set_sizes([38])


def neighbour_plot(neighbours: "Neighbours", threshold: float, *, about: About) -> bytes:
    """Draw rescaled times and distances of nearest neighbours, the threshold between, and their products; PNG.

    Parameters
    ----------
    neighbours
        Of each earthquake; at least one has one.
    threshold
        log10 eta above which links are cut; minus infinity draws no line.

    References
    ----------
    Zaliapin & Ben-Zion (2013), doi:10.1002/jgrb.50179, figures 4 and 5.
    """
    there = np.isfinite(neighbours.log10_eta)
    time, distance = neighbours.log10_time[there], neighbours.log10_distance[there]
    eta, cut = neighbours.log10_eta[there], np.isfinite(threshold)
    with _letters():
        figure = Figure(figsize=(9.6, 4.6), layout="constrained")
        plane, line = figure.subplots(1, 2, width_ratios=(1.15, 1))
        _, _, _, image = plane.hist2d(time, distance, bins=50, cmin=1, cmap="Blues")
        image.set_clim(vmin=-0.25 * image.norm.vmax)  # a single earthquake is not white
        bar = figure.colorbar(image, ax=plane, label=message("neighbours_number", about.language), pad=0.01)
        bar.outline.set_visible(False)
        bar.ax.set_ylim(bottom=0)
        bar.ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        box = plane.axis()
        plane.set(xlabel=message("neighbours_time", about.language),
                  ylabel=message("neighbours_distance", about.language))  # fmt: skip
        bins = np.linspace(eta.min(), eta.max() + 1e-9, 71)
        groups = (("neighbours_linked", eta <= threshold, COLOURS["observed"], "////"),
                  ("neighbours_background", eta > threshold, "#c3c9cf", None))  # fmt: skip
        for key, mask, colour, hatch in groups:
            label = message(key, about.language, n=f"{mask.sum():,}")
            line.hist(eta[mask], bins=bins, color=colour, label=label, hatch=hatch, edgecolor="white", linewidth=0.2)
        if cut:
            ends = np.array(box[:2])
            plane.plot(ends, threshold - ends, color=COLOURS["models"][0], lw=1.6, ls="--")
            label = message("neighbours_threshold", about.language, value=f"{threshold:.1f}")
            line.axvline(threshold, color=COLOURS["models"][0], lw=1.6, ls="--", label=label)
        plane.axis(box)
        line.set(xlabel=message("neighbours_eta", about.language), ylabel=message("neighbours_number", about.language))
        line.yaxis.set_major_locator(MaxNLocator(integer=True))
        line.margins(y=0.25)
        line.legend(frameon=False, loc="upper left", title=None if cut else message("clusters_none", about.language))
        for ax in (plane, line):
            ax.spines[["top", "right"]].set_visible(False)
        _title(figure, message("neighbours_title", about.language, place=about.place), about)
        return _png(figure, PNG_DPI)


def anomaly_plot(
    times: np.ndarray, score: np.ndarray, level: float, *, trained_until: datetime, catalog: Catalog, about: About
) -> bytes:
    """Draw the anomaly score over time, the training period shaded, the largest earthquakes marked; PNG.

    Parameters
    ----------
    times : ndarray of datetime64[us], shape (n,)
        Ascending, UTC.
    score : ndarray, shape (n,)
        Errors of reconstruction.
    level
        What most of the training period stayed below.
    trained_until
        The score was fitted on what was known by then.
    catalog
        Its largest earthquakes in the time shown are marked.
    """
    until = to_datetime64(trained_until)
    with _letters():
        figure = Figure(figsize=(9.6, 4.2), layout="constrained")
        ax = figure.subplots()
        ax.axvspan(times[0], until, color="#e8ecef", lw=0, label=message("anomaly_training", about.language))
        ax.plot(times, score, color=COLOURS["observed"], lw=0.8)
        ax.axhline(level, color=COLOURS["models"][0], ls="--", lw=1.2, label=message("anomaly_level", about.language))
        ax.set_yscale("log")
        low, high = float(score[score > 0].min()), float(score.max())
        ax.set_ylim(low / 1.2, high * (high / low) ** 0.3)
        _mark_largest(ax, catalog, times, about.language)
        ax.set_xlim(times[0], times[-1])
        ax.xaxis.set_major_locator(locator := AutoDateLocator(maxticks=10))
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.set(ylabel=message("anomaly_score", about.language), xlabel="UTC")
        ax.spines[["top", "right"]].set_visible(False)
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
        title = message("anomaly_title", about.language, place=about.place, until=f"{trained_until:%Y-%m-%d}")
        _title(figure, title, about, message("anomaly_caution", about.language))
        return _png(figure, PNG_DPI)


def _mark_largest(ax: Axes, catalog: Catalog, times: np.ndarray, language: str) -> None:
    """Lines at the largest earthquakes; their magnitudes at different heights, so that near ones stay apart."""
    shown = catalog.select((catalog.time >= times[0]) & (catalog.time <= times[-1]))
    largest = shown.select(np.sort(np.lexsort((np.arange(len(shown)), -shown.magnitude))[:_MARKED]))
    label = message("anomaly_largest", language)
    for i in range(len(largest)):
        ax.axvline(largest.time[i], ymax=0.82, color=COLOURS["ink"], lw=0.8, ls=":", label=label if i == 0 else None)
        text = f"M{largest.magnitude[i]:.1f}\n{largest.time[i].astype('datetime64[M]')}"
        ax.annotate(text, (largest.time[i], 0.83 + 0.085 * (i % 2)), xycoords=("data", "axes fraction"), ha="center",
                    va="bottom", fontsize=7, linespacing=1.0)  # fmt: skip


def _title(figure: Figure, title: str, about: About, *more: str) -> None:
    text = "\n".join((title, about.line(), *more))
    figure.suptitle(text, x=0.01, ha="left", fontsize=9, parse_math=False, linespacing=1.35)


@contextmanager
def _letters() -> Iterator[None]:
    """The house style with letters of both languages."""
    with style(), matplotlib.rc_context({"font.family": register_with_matplotlib(), "axes.unicode_minus": False}):
        yield


def _png(figure: Figure, dpi: int) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()
