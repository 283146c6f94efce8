"""The map of a city after an earthquake, as PNG: what broke, what is closed, who goes where.

Everything but numbers and units is written in one language; land is drawn by its coast alone.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import BoundaryNorm, ListedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from houfeng.errors import InputError
from houfeng.reports.city_layers import DamageCounts, Places, RoadLines, Route, Strip, ZoneValues
from houfeng.reports.city_style import (
    CLOSED,
    DAMAGE_COLOURS,
    FAINT,
    INK,
    MARKERS,
    PAPER,
    ROAD_LOOK,
    ROUTE_COLOURS,
    STRIP,
    ZONE_COLOURS,
    beside,
    canvas,
    foot_legend,
    legend_height,
    map_style,
    marks_of,
    png,
    road_rank,
    scale_bar,
    watermark,
    write_names,
)
from houfeng.reports.maps import Frame, draw_lines
from houfeng.reports.situation_numbers import count, say
from houfeng.reports.style import COLOURS

#: More routes than this are not named one by one in the legend.
NAMED_ROUTES = 12

#: Colour of a zone of which nobody knows anything.
UNKNOWN = "#f3e3c3"


def city_map(
    frame: Frame,
    *,
    language: str = "en",
    coast: Sequence[np.ndarray] = (),
    roads: RoadLines | None = None,
    zones: ZoneValues | None = None,
    damage: DamageCounts | None = None,
    places: Sequence[Places] = (),
    routes: Sequence[Route] = (),
    strip: Strip | None = None,
    title: str = "",
    simulated: bool = False,
    drill: bool = False,
    width_in: float = 5.6,
) -> bytes:
    """Draw the layers given, with a legend of those alone.

    Parameters
    ----------
    frame
        What is shown, degrees.
    language
        ``en`` or ``zh``; `title`, the title of `zones` and names are written as given.
    coast : sequence of ndarray, shape (n, 2)
        Longitude and latitude in degrees. The coast that ships with Houfeng (1:50 million) is kilometres off in bays
        and ports: give it for frames of several degrees, not for one city.
    roads, zones, damage, places, routes, strip
        Layers, see :mod:`houfeng.reports.city_layers`; what is None or empty is not drawn.
    simulated, drill
        Write SIMULATED or EXERCISE across the map.
    width_in
        Width of the picture in inches, at 160 points an inch.

    Returns
    -------
    bytes
        PNG; equal layers give equal bytes.

    Raises
    ------
    InputError
        For a frame without an area.
    UnknownNameError
        For another language.
    """
    if not (frame.west < frame.east and frame.south < frame.north):
        raise InputError(f"the frame {frame} has no area; give west < east and south < north in degrees")
    marks = marks_of(simulated, drill, language)
    with map_style():
        handles = _keys(roads, zones, damage, places, routes, strip, language)
        below = 0.68 if zones is not None else 0.25
        figure, ax = canvas(frame, width_in, below + legend_height(handles) - 0.15)
        if zones is not None:
            _zones(figure, ax, frame, zones, language)
        draw_lines(ax, frame, coast, color=COLOURS["coast"], linewidths=0.9)
        if strip is not None:
            _strip(ax, frame, strip)
        if roads is not None:
            _roads(ax, frame, roads)
        for i, route in enumerate(routes):
            _route(ax, frame, route, i)
        if damage is not None:
            _damage(ax, frame, damage)
        _places(ax, frame, places)
        scale_bar(ax, frame)
        watermark(ax, marks)
        ax.set_title(title, loc="left", fontsize=9.5, pad=4)
        foot_legend(figure, ax, handles, below)
        return png(figure)


def value_edges(values: np.ndarray, steps: int = len(ZONE_COLOURS)) -> np.ndarray:
    """Edges of the classes of a scale from 0: round numbers, the last at or above the largest value.

    Each edge is about 2 to 3 times the one before, since what an earthquake does to zones spans orders of magnitude.
    """
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    top = known.max() if known.size and known.max() > 0 else 1.0
    ladder = np.array([step * 10.0**power for power in range(-6, 12) for step in (1, 2, 5)])
    last = int(np.searchsorted(ladder, top * (1 - 1e-9)))
    return np.append(0.0, ladder[last - steps + 1 : last + 1])


def _zones(figure: Figure, ax: Axes, frame: Frame, zones: ZoneValues, language: str) -> None:
    edges = value_edges(zones.value)
    norm, scale = BoundaryNorm(edges, len(ZONE_COLOURS)), ListedColormap(ZONE_COLOURS)
    value = np.asarray(zones.value, float)
    faces = np.where(np.isfinite(value)[:, None], scale(norm(np.nan_to_num(value))), to_rgba(UNKNOWN))
    seen = np.zeros(len(value), bool) if zones.observed is None else np.asarray(zones.observed, bool)
    if zones.rings is None:
        look = {"c": faces, "edgecolors": np.where(seen, INK, FAINT), "linewidths": np.where(seen, 1.6, 0.5)}
        ax.scatter(beside(frame, zones.longitude), zones.latitude, s=130, zorder=1.2, **look)
    else:
        rings = [np.column_stack([beside(frame, ring[:, 0]), ring[:, 1]]) for ring in zones.rings]
        for chosen, look in ((~seen, (PAPER, 0.4)), (seen, (INK, 1.6))):
            picked = np.flatnonzero(chosen)
            shapes = PolyCollection([rings[i] for i in picked], facecolors=faces[picked], edgecolors=look[0],
                                    linewidths=look[1], zorder=1)  # fmt: skip
            ax.add_collection(shapes, autolim=False)
    box = ax.get_position()
    height = figure.get_size_inches()[1]
    bar_ax = figure.add_axes((box.x0, box.y0 - 0.46 / height, box.width, 0.09 / height))
    bar = figure.colorbar(ScalarMappable(norm, scale), cax=bar_ax, orientation="horizontal", spacing="uniform")
    bar.set_ticks(edges, labels=[count(edge, language) if edge >= 1 or edge == 0 else f"{edge:g}" for edge in edges])
    bar.ax.tick_params(labelsize=7.5, length=2, pad=1)
    bar.ax.set_title(zones.title, fontsize=8, loc="left", pad=2)


def _strip(ax: Axes, frame: Frame, strip: Strip) -> None:
    grid = beside(frame, strip.longitude), strip.latitude, np.asarray(strip.inside, float)
    ax.contourf(*grid, levels=[0.5, 1.5], colors="none", hatches=["////"], zorder=2.1)
    ax.contour(*grid, levels=[0.5], colors=STRIP, linewidths=0.7, zorder=2.1)


def _roads(ax: Axes, frame: Frame, roads: RoadLines) -> None:
    points = np.column_stack([beside(frame, roads.longitude), roads.latitude])
    start = np.asarray(roads.offset[:-1])
    low, high = np.minimum.reduceat(points, start), np.maximum.reduceat(points, start)
    near = (high >= (frame.west, frame.south)).all(axis=1) & (low <= (frame.east, frame.north)).all(axis=1)
    closed = np.zeros(len(near), bool) if roads.closed is None else np.asarray(roads.closed, bool)
    rank = road_rank(roads.road_class)

    def lines(chosen: np.ndarray) -> list[np.ndarray]:
        return [points[roads.offset[i] : roads.offset[i + 1]] for i in np.flatnonzero(chosen & near)]

    for order in (2, 1, 0):
        width, colour = ROAD_LOOK[order]
        chosen = lines((rank == order) & ~closed)
        ax.add_collection(LineCollection(chosen, linewidths=width, colors=colour, zorder=3 - order / 10), autolim=False)
    for width, colour, level in ((4.0, PAPER, 4.0), (2.2, CLOSED, 4.1)):
        look = {"linewidths": width, "colors": colour, "zorder": level, "capstyle": "round"}
        ax.add_collection(LineCollection(lines(closed), **look), autolim=False)


def _route_look(i: int) -> dict:
    return {
        "color": ROUTE_COLOURS[i % len(ROUTE_COLOURS)],
        "linestyle": ("-", (0, (3, 1.2)), (0, (1, 1)))[i // len(ROUTE_COLOURS) % 3],
    }


def _route(ax: Axes, frame: Frame, route: Route, i: int) -> None:
    x, y = beside(frame, route.longitude), route.latitude
    ax.plot(x, y, color=PAPER, lw=3.2, zorder=5, solid_capstyle="round")
    ax.plot(x, y, lw=1.9, zorder=5.1, **_route_look(i))


def _damage(ax: Axes, frame: Frame, damage: DamageCounts) -> None:
    counts = np.nan_to_num(np.column_stack([damage.light, damage.moderate, damage.severe]).astype(float))
    tallest = counts.sum(axis=1).max(initial=0.0)
    if tallest <= 0:
        return
    width, height = 0.009 * (frame.east - frame.west), 0.07 * (frame.north - frame.south)
    x, y = beside(frame, damage.longitude) - width / 2, np.asarray(damage.latitude, float)
    tops = y[:, None] + height * np.cumsum(counts, axis=1) / tallest
    bottoms = np.column_stack([y, tops[:, :-1]])
    for k, colour in enumerate(DAMAGE_COLOURS.values()):
        drawn = counts[:, k] > 0
        left, low, top = x[drawn], bottoms[drawn, k], tops[drawn, k]
        corners = np.stack([left, low, left + width, low, left + width, top, left, top], axis=1).reshape(-1, 4, 2)
        bars = PolyCollection(corners, facecolors=colour, edgecolors=INK, linewidths=0.3, zorder=6)
        ax.add_collection(bars, autolim=False)


def _places(ax: Axes, frame: Frame, places: Sequence[Places]) -> None:
    """Markers; one that would cover a marker of another kind is drawn beside it, tied to its place by a line."""
    ax.apply_aspect()
    to_points, from_points = ax.transData.transform, ax.transData.inverted().transform
    gap = 10.0 * ax.figure.dpi / 72
    taken = np.empty((0, 2))
    for group in places:
        marker, colour, size = MARKERS[group.kind]
        spots = np.column_stack([beside(frame, group.longitude), group.latitude])
        wanted = to_points(spots)
        drawn = np.array([_free(spot, taken, gap) for spot in wanted]).reshape(-1, 2)
        taken = np.vstack([taken, drawn])
        x, y = from_points(drawn).T
        moved = np.flatnonzero((drawn != wanted).any(axis=1))
        ties = [[spots[i], (x[i], y[i])] for i in moved]
        ax.add_collection(LineCollection(ties, colors=INK, linewidths=0.8, zorder=7.5), autolim=False)
        ax.plot(x, y, ls="", marker=marker, ms=size, color=colour, mec=PAPER, mew=0.9, zorder=8)
        if group.names:
            write_names(ax, group.names, x, y, size_pt=7.0, gap_pt=5.5, color=INK, zorder=9)


def _free(spot: np.ndarray, taken: np.ndarray, gap: float) -> np.ndarray:
    """`spot`, or the first place around it that is `gap` away from all of `taken`; `spot` where all are crowded."""
    around = [(0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.6, 1.0), (-1.6, 1.0)]
    for step in np.array(around) * gap * 1.05:
        if not len(taken) or np.hypot(*(taken - spot - step).T).min() > 0.8 * gap:
            return spot + step
    return spot


def _keys(roads, zones, damage, places, routes, strip, language: str) -> list:
    """Entries of the legend, for the layers there are."""
    keys = []
    if zones is not None and not np.isfinite(np.asarray(zones.value, float)).all():
        keys.append(Patch(facecolor=UNKNOWN, label=say("not_available", language)))
    if zones is not None and zones.observed is not None and np.any(zones.observed):
        keys.append(Patch(facecolor="none", edgecolor=INK, lw=1.6, label=say("observed", language)))
    if roads is not None and roads.closed is not None and np.any(roads.closed):
        keys.append(Line2D([], [], color=CLOSED, lw=2.2, label=say("map_closed", language)))
    if strip is not None and np.any(strip.inside):
        keys.append(Patch(facecolor="none", edgecolor=STRIP, hatch="////", label=say("map_strip", language)))
    for kind in dict.fromkeys(group.kind for group in places if len(group.longitude)):
        marker, colour, size = MARKERS[kind]
        keys.append(Line2D([], [], ls="", marker=marker, ms=size, color=colour, mec=PAPER, mew=0.9,
                           label=say(f"map_{kind}", language)))  # fmt: skip
    if len(routes) <= NAMED_ROUTES:
        keys += [Line2D([], [], lw=1.9, label=route.name, **_route_look(i)) for i, route in enumerate(routes)]
    else:
        keys.append(Line2D([], [], lw=1.9, label=say("map_routes", language, n=len(routes)), **_route_look(0)))
    if damage is not None:
        total = sum(np.nan_to_num(np.asarray(getattr(damage, name), float)) for name in DAMAGE_COLOURS)
        keys += [
            Patch(facecolor=colour, edgecolor=INK, lw=0.3, label=say(f"map_{name}", language))
            for name, colour in DAMAGE_COLOURS.items()
        ]
        tallest = count(float(np.max(total, initial=0.0)), language)
        keys.append(Patch(facecolor="none", label=say("map_damage", language, n=tallest)))
    return keys
