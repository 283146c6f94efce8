"""How maps of a city and of shaking look: colours for the colour-blind, markers, and one way to lay a map out.

The scales grow steadily darker, so that they read the same in grey, in print, and to every eye.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from houfeng.geo import EARTH_RADIUS_KM
from houfeng.reports.fonts import register_with_matplotlib
from houfeng.reports.maps import Frame
from houfeng.reports.situation_numbers import say
from houfeng.reports.style import MAP_DPI, style

#: Intensity II or less to X and more: pale blue, yellow, orange, red, nearly black; each darker than the one before.
INTENSITY_COLOURS = (
    "#f7fafc",
    "#e9f2f9",
    "#d9e9f4",
    "#f9e08a",
    "#f8bd57",
    "#ef8d3d",
    "#d85a30",
    "#a52a2a",
    "#5c1024",
)

#: Intensities where a colour ends, and the numerals of the colours.
INTENSITY_EDGES = (0.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 12.5)
INTENSITY_NUMERALS = ("I-II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X+")

#: Zones by value, and damage, both light to dark.
ZONE_COLOURS = ("#f1f4f8", "#cfdcea", "#a3bfdb", "#6d97c4", "#345f9a")
DAMAGE_COLOURS = {"light": "#f6d55c", "moderate": "#e8833a", "severe": "#7a1f1f"}

INK, FAINT, PAPER = "#1c2733", "#8a939c", "#ffffff"
CLOSED, STRIP, HATCH, WARNING = "#d4141c", "#2166ac", "#8db4da", "#b3201a"

#: Marker, colour and size in points of each kind of place.
MARKERS = {
    "hospital": ("P", "#c2185b", 9.0),
    "shelter": ("^", "#00695c", 8.0),
    "depot": ("s", "#5d4037", 7.0),
    "team": ("D", "#111111", 7.0),
}

#: Colours of routes, from the palette of Okabe and Ito; a seventh route begins again, dashed.
ROUTE_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")

#: Width in points and colour of roads: first, second, third class.
ROAD_LOOK = ((0.9, "#9aa3ab"), (0.55, "#b4bbc2"), (0.3, "#c6ccd2"))
_FIRST = ("motorway", "trunk", "primary")
_SECOND = ("secondary", "tertiary")


def road_rank(road_class: np.ndarray) -> np.ndarray:
    """0, 1 or 2 for each class of OpenStreetMap (with or without ``_link``); what is not known is 2."""
    names, which = np.unique(np.asarray(road_class, str), return_inverse=True)
    stems = [name.removesuffix("_link") for name in names]
    ranks = np.array([0 if stem in _FIRST else 1 if stem in _SECOND else 2 for stem in stems], np.int8)
    return ranks[which.ravel()]


@contextmanager
def map_style() -> Iterator[None]:
    """The house style with the typeface of the package, which knows Chinese."""
    family = register_with_matplotlib()
    more = {"font.family": family, "font.size": 9.0, "hatch.color": HATCH, "hatch.linewidth": 0.6}
    with style(), matplotlib.rc_context(more):
        yield


def beside(frame: Frame, longitude: np.ndarray | float) -> np.ndarray:
    """Longitude brought within half a turn of the middle of the frame: nothing that crosses an edge is torn."""
    middle = (frame.west + frame.east) / 2
    return (np.asarray(longitude, float) - middle + 180.0) % 360.0 - 180.0 + middle


def canvas(frame: Frame, width_in: float, foot_in: float) -> tuple[Figure, Axes]:
    """A figure whose axes show `frame` at `width_in`, above a foot for scale and legend; nothing is laid out twice."""
    left, right, top, bottom = 0.35, 0.2, 0.3, 0.22
    width = width_in - left - right
    height = min(max(width / frame.shape, 0.6 * width), 1.5 * width)
    width = min(width, height * frame.shape)
    total = height + top + bottom + foot_in
    figure = Figure(figsize=(width_in, total))
    shift = (width_in - left - right - width) / 2
    ax = figure.add_axes(
        ((left + shift) / width_in, (bottom + foot_in) / total, width / width_in, height / total), facecolor="#ffffff"
    )
    ax.set(xlim=(frame.west, frame.east), ylim=(frame.south, frame.north))
    ax.set_aspect(frame.aspect, adjustable="box")
    ax.xaxis.set_major_formatter(lambda x, _: _degrees((x + 180) % 360 - 180, "EW"))
    ax.yaxis.set_major_formatter(lambda y, _: _degrees(y, "NS"))
    ax.locator_params(axis="x", nbins=4)
    ax.locator_params(axis="y", nbins=5)
    ax.tick_params(labelsize=7, length=2, pad=2)
    for label in ax.get_yticklabels():
        label.set(rotation=90, va="center")
    return figure, ax


def _degrees(value: float, sides: str) -> str:
    return f"{abs(value):.4g}°{sides[0] if value >= 0 else sides[1]}"


def outlined(width: float = 2.0) -> list:
    """A white rim that keeps writing readable on any ground."""
    return [withStroke(linewidth=width, foreground=PAPER)]


def write_names(
    ax: Axes, names: Sequence[str], x: np.ndarray, y: np.ndarray, *, size_pt: float, gap_pt: float, **look
) -> None:
    """Names beside their points: right, left, above or below, wherever they cover no earlier name.

    Where nothing is free the name is left out rather than written over another; the first names go first.
    """
    ax.apply_aspect()
    scale = ax.figure.dpi / 72
    box = ax.get_window_extent()
    points = ax.transData.transform(np.column_stack([x, y]))
    taken: list[tuple[float, float, float, float]] = []
    for name, (px, py), east, north in zip(names, points, x, y, strict=True):
        if not (box.x0 <= px <= box.x1 and box.y0 <= py <= box.y1):
            continue
        width = scale * size_pt * sum(1.02 if ord(c) > 0x2E7F else 0.58 for c in name)
        height, gap = 1.25 * scale * size_pt, gap_pt * scale
        for h, v, left, low in (
            ("left", "center", px + gap, py - height / 2),
            ("right", "center", px - gap - width, py - height / 2),
            ("center", "bottom", px - width / 2, py + gap),
            ("center", "top", px - width / 2, py - gap - height),
        ):
            label = left, low, left + width, low + height
            inside = box.x0 < label[0] and label[2] < box.x1 and box.y0 < label[1] and label[3] < box.y1
            if inside and not any(_overlap(label, other) for other in taken):
                taken.append(label)
                offset = {
                    "left": (gap_pt, 0),
                    "right": (-gap_pt, 0),
                    "center": (0, gap_pt if v == "bottom" else -gap_pt),
                }
                ax.annotate(name, (east, north), xytext=offset[h], textcoords="offset points", ha=h, va=v,
                            fontsize=size_pt, path_effects=outlined(), **look)  # fmt: skip
                break


def _overlap(a: tuple, b: tuple) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def foot_legend(figure: Figure, ax: Axes, handles: list, below_in: float) -> None:
    """A legend of three columns under the map, `below_in` inches under its lower edge."""
    if handles:
        box, height = ax.get_position(), figure.get_size_inches()[1]
        figure.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, box.y0 - below_in / height), ncols=3,
                      fontsize=7.5, frameon=False, borderaxespad=0, borderpad=0, handletextpad=0.5,
                      columnspacing=1.2)  # fmt: skip


def legend_height(handles: list) -> float:
    """Inches a legend of three columns takes."""
    return 0.17 * -(-len(handles) // 3)


def watermark(ax: Axes, marks: tuple[str, ...]) -> None:
    """`marks` (SIMULATED, EXERCISE) across the map and in a red box in its corner; nothing where there are none."""
    if not marks:
        return
    text = " / ".join(marks)
    for y in (0.2, 0.5, 0.8):
        ax.text(
            0.5, y, text, transform=ax.transAxes, rotation=24, fontsize=26, fontweight="bold", color=WARNING,
            alpha=0.14, ha="center", va="center", zorder=20, clip_on=True,
        )  # fmt: skip
    ax.text(
        0.012, 0.988, text, transform=ax.transAxes, fontsize=10, fontweight="bold", color=PAPER, ha="left", va="top",
        zorder=21, bbox={"facecolor": WARNING, "edgecolor": "none", "pad": 3.0},
    )  # fmt: skip


def marks_of(simulated: bool, drill: bool, language: str) -> tuple[str, ...]:
    """The marks a map must carry."""
    wanted = (("mark_simulated", simulated), ("mark_exercise", drill))
    return tuple(say(key, language) for key, asked in wanted if asked)


def scale_bar(ax: Axes, frame: Frame) -> None:
    """A bar of a round number of km, about a quarter of the width, in the lower left corner."""
    middle = np.radians((frame.south + frame.north) / 2)
    km_per_degree = np.pi / 180 * EARTH_RADIUS_KM * max(0.2, float(np.cos(middle)))
    width_km = (frame.east - frame.west) * km_per_degree
    length_km = round_below(0.27 * width_km)
    x, y = frame.west + 0.03 * (frame.east - frame.west), frame.south + 0.03 * (frame.north - frame.south)
    ax.plot([x, x + length_km / km_per_degree], [y, y], color=INK, lw=2.2, solid_capstyle="butt", zorder=19,
            path_effects=outlined(4.0))  # fmt: skip
    label = f"{length_km:g} km" if length_km >= 1 else f"{1000 * length_km:g} m"
    ax.annotate(label, (x, y), xytext=(0, 3), textcoords="offset points", fontsize=7.5, color=INK, zorder=19,
                path_effects=outlined())  # fmt: skip


def round_below(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above `value`."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step for step in (1, 2, 5) if step * power <= value * (1 + 1e-9)) * power)


def png(figure: Figure) -> bytes:
    """The finished picture; equal figures give equal bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=MAP_DPI, metadata={"Software": None})
    return buffer.getvalue()
