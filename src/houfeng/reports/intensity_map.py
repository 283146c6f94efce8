"""The map of shaking as PNG: intensity in steps of one degree, where it broke, and who lives there."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from houfeng.errors import InputError
from houfeng.reports.city_style import (
    INK,
    INTENSITY_COLOURS,
    INTENSITY_EDGES,
    INTENSITY_NUMERALS,
    PAPER,
    beside,
    canvas,
    foot_legend,
    legend_height,
    map_style,
    marks_of,
    png,
    scale_bar,
    watermark,
    write_names,
)
from houfeng.reports.maps import Frame, draw_lines
from houfeng.reports.situation_numbers import say
from houfeng.reports.style import COLOURS


def intensity_map(
    frame: Frame,
    *,
    longitude: np.ndarray,
    latitude: np.ndarray,
    mmi: np.ndarray,
    language: str = "en",
    coast: Sequence[np.ndarray] = (),
    epicentre: tuple[float, float] | None = None,
    rupture: Sequence[np.ndarray] = (),
    cities: Sequence[tuple[str, float, float]] = (),
    stations: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
    title: str = "",
    simulated: bool = False,
    drill: bool = False,
    width_in: float = 5.6,
) -> bytes:
    """Draw a field of intensity.

    Parameters
    ----------
    frame
        What is shown, degrees.
    longitude, latitude : ndarray of float, shapes (x,), (y,)
        Of the grid, degrees, growing; longitude may go on beyond 180.
    mmi : ndarray of float, shape (y, x)
        Intensity; NaN where it is not known, left blank.
    language
        ``en`` or ``zh``; titles and names of cities are written as given.
    coast : sequence of ndarray, shape (n, 2)
        Longitude and latitude in degrees, see :func:`houfeng.reports.coastline.coastline`.
    epicentre
        Longitude and latitude, drawn as a star.
    rupture : sequence of ndarray, shape (n, 2)
        Outlines of the fault planes, degrees.
    cities
        Name, longitude, latitude; the most important first: a name that finds no room is left out.
    stations
        Longitude, latitude and intensity at stations, drawn as triangles in the colours of the field.
    title, simulated, drill, width_in
        As for :func:`houfeng.reports.city_map.city_map`.

    Returns
    -------
    bytes
        PNG; equal fields give equal bytes.

    Raises
    ------
    InputError
        For a grid that does not fit its coordinates or a frame without an area.
    """
    if not (frame.west < frame.east and frame.south < frame.north):
        raise InputError(f"the frame {frame} has no area; give west < east and south < north in degrees")
    wanted = (len(latitude), len(longitude))
    if np.shape(mmi) != wanted or min(wanted) < 2:
        raise InputError(f"mmi has shape {np.shape(mmi)}; it must be (latitude, longitude) = {wanted}, 2 or more each")
    with map_style():
        handles = _keys(epicentre, rupture, stations, language)
        figure, ax = canvas(frame, width_in, 0.65 + legend_height(handles) - 0.15)
        scale, norm = ListedColormap(INTENSITY_COLOURS), BoundaryNorm(INTENSITY_EDGES, len(INTENSITY_COLOURS))
        field = np.ma.masked_invalid(np.clip(np.asarray(mmi, float), 1.0, 12.0))
        east = np.asarray(longitude, float) + 360.0 * np.round((frame.west - longitude[0]) / 360.0)
        if field.count():
            ax.contourf(east, latitude, field, levels=INTENSITY_EDGES, colors=INTENSITY_COLOURS, zorder=1)
            ax.contour(east, latitude, field, levels=INTENSITY_EDGES[1:-1], colors=INK, linewidths=0.35, alpha=0.45,
                       zorder=1.1)  # fmt: skip
        draw_lines(ax, frame, coast, color=PAPER, linewidths=2.2, alpha=0.6)
        draw_lines(ax, frame, coast, color=COLOURS["coast"], linewidths=0.9)
        planes = [np.vstack([ring, ring[:1]]) for ring in rupture]
        draw_lines(ax, frame, planes, color=PAPER, linewidths=2.6)
        draw_lines(ax, frame, planes, color=INK, linewidths=1.1, linestyles=(0, (4, 2)))
        if stations is not None:
            ax.scatter(beside(frame, stations[0]), stations[1], c=stations[2], cmap=scale, norm=norm, marker="^", s=38,
                       edgecolors=INK, linewidths=0.7, zorder=5)  # fmt: skip
        _cities(ax, frame, cities)
        if epicentre is not None:
            ax.plot(beside(frame, epicentre[0]), epicentre[1], ls="", zorder=8, **_STAR)
        scale_bar(ax, frame)
        watermark(ax, marks_of(simulated, drill, language))
        ax.set_title(title, loc="left", fontsize=9.5, pad=4)
        _scale(figure, ax, scale, norm, language)
        foot_legend(figure, ax, handles, 0.65)
        return png(figure)


_STAR = {"marker": "*", "ms": 15, "color": "#111111", "mec": PAPER, "mew": 0.9}


def _cities(ax: Axes, frame: Frame, cities: Sequence[tuple[str, float, float]]) -> None:
    shown = [
        (name, float(beside(frame, east)), north)
        for name, east, north in cities
        if frame.west < float(beside(frame, east)) < frame.east and frame.south < north < frame.north
    ]
    if not shown:
        return
    names, x, y = zip(*shown, strict=True)
    ax.plot(x, y, ls="", marker="o", ms=4.0, color=INK, mec=PAPER, mew=0.7, zorder=6)
    write_names(ax, names, np.array(x), np.array(y), size_pt=8.0, gap_pt=4.0, color=INK, zorder=7)


def _scale(figure: Figure, ax: Axes, scale: ListedColormap, norm: BoundaryNorm, language: str) -> None:
    """Boxes of equal width with the numeral of each inside its colour."""
    box, height = ax.get_position(), figure.get_size_inches()[1]
    bar_ax = figure.add_axes((box.x0, box.y0 - 0.57 / height, box.width, 0.17 / height))
    bar = figure.colorbar(ScalarMappable(norm, scale), cax=bar_ax, orientation="horizontal", spacing="uniform")
    bar.set_ticks([])
    bar.minorticks_off()
    bar.ax.set_title(say("map_intensity", language), fontsize=8, loc="left", pad=2)
    for i, numeral in enumerate(INTENSITY_NUMERALS):
        colour = PAPER if i >= 6 else INK
        place = (i + 0.5) / len(INTENSITY_NUMERALS), 0.46
        bar.ax.text(*place, numeral, transform=bar.ax.transAxes, ha="center", va="center", fontsize=8, color=colour)


def _keys(epicentre, rupture, stations, language: str) -> list:
    keys = []
    if epicentre is not None:
        keys.append(Line2D([], [], ls="", label=say("map_epicentre", language), **(_STAR | {"ms": 10})))
    if len(rupture):
        keys.append(Line2D([], [], color=INK, lw=1.1, ls=(0, (4, 2)), label=say("map_rupture", language)))
    if stations is not None:
        keys.append(Line2D([], [], ls="", marker="^", ms=6, color=PAPER, mec=INK, label=say("map_station", language)))
    return keys
