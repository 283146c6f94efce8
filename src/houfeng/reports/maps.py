"""Maps of a forecast as PNG: expected numbers by cell, the coast, and the earthquakes that followed.

Only numbers, magnitudes and UTC times are written on a map, so that one picture serves every language. Land
is drawn by its coast alone: no borders.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from houfeng.catalogs.catalog import Catalog
from houfeng.forecasts.gridded import GriddedForecast
from houfeng.regions import Region
from houfeng.reports.style import COLOURS, MAP_DPI, style

#: A region much wider or higher than this gets a second, closer map of this size: degrees, and cells.
CLOSE_UP_DEG = 7.0
CLOSE_UP_CELLS = 35


@dataclass(frozen=True, slots=True)
class Frame:
    """What a map shows, in degrees; `east` may exceed 180."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def around(cls, region: Region, margin_deg: float = 0.5) -> "Frame":
        """The whole region with a margin, cut at the poles."""
        west, south, east, north = region.bounds
        margin_deg = 0.0 if region.whole_earth else margin_deg
        return cls(
            west - margin_deg,
            max(-90.0, south - margin_deg),
            east + margin_deg,
            min(90.0, north + margin_deg),
        )

    def close_up(self, *, longitude: float, latitude: float, cell_deg: float) -> "Frame | None":
        """A closer frame around a point, inside this one; None when this one is close enough."""
        width, height = self.east - self.west, self.north - self.south
        side = max(CLOSE_UP_DEG, CLOSE_UP_CELLS * cell_deg)
        if max(width, height) <= 1.3 * side:
            return None
        half_w, half_h = min(width, side) / 2, min(height, side) / 2
        x = np.clip(self.shift(longitude), self.west + half_w, self.east - half_w)
        y = np.clip(latitude, self.south + half_h, self.north - half_h)
        return Frame(float(x - half_w), float(y - half_h), float(x + half_w), float(y + half_h))

    def shift(self, longitude: np.ndarray | float) -> np.ndarray:
        """Longitude brought into [west, west + 360), so that the date line is no edge."""
        return (np.asarray(longitude, float) - self.west) % 360.0 + self.west

    @property
    def aspect(self) -> float:
        """Length of a degree of latitude over one of longitude, in the middle of the frame."""
        middle = (self.south + self.north) / 2
        return 1 / max(0.2, np.cos(np.radians(middle)))

    @property
    def shape(self) -> float:
        """Width over height as drawn."""
        return (self.east - self.west) / (self.north - self.south) / self.aspect


def forecast_map(
    gridded: GriddedForecast,
    region: Region,
    *,
    magnitude: float,
    colours: tuple[float, float],
    coast: Sequence[np.ndarray],
    focus: tuple[float, float] | None = None,
    observed: Catalog | None = None,
) -> bytes:
    """Draw the expected number of earthquakes of at least `magnitude` in each cell.

    Parameters
    ----------
    gridded
        The forecast.
    region
        Its outline is drawn.
    magnitude
        An edge of the forecast's bins.
    colours
        Lowest and highest expected number of the scale, see :func:`houfeng.reports.scale.colour_range`.
    coast : sequence of ndarray, shape (n, 2)
        Longitude and latitude in degrees.
    focus
        Longitude and latitude of the centre of the close-up; the highest cell when None.
    observed
        What followed, drawn as circles; None when nobody knows yet.

    Returns
    -------
    bytes
        PNG.
    """
    rates = gridded.above(magnitude)
    if focus is None:
        top = int(np.argmax(rates))
        focus = float(gridded.grid.longitude[top]), float(gridded.grid.latitude[top])
    whole = Frame.around(region)
    close = whole.close_up(longitude=focus[0], latitude=focus[1], cell_deg=gridded.grid.cell_deg)
    frames = [whole] if close is None else [whole, close]
    with style():
        figure = Figure(figsize=_size(frames), layout="constrained")
        axes = figure.subplots(1, len(frames), squeeze=False, width_ratios=[min(frame.shape, 3.0) for frame in frames])
        image = None
        for ax, frame in zip(axes.ravel(), frames, strict=True):
            image = _draw(ax, frame, gridded, rates, region, colours, coast, observed)
        if close is not None:
            size = close.east - close.west, close.north - close.south
            box = Rectangle((close.west, close.south), *size, fill=False, color=COLOURS["ink"], lw=0.8)
            axes.ravel()[0].add_patch(box)
        window = gridded.window
        axes.ravel()[0].set_title(f"M≥{magnitude:g}   {window.start:%Y-%m-%d %H:%M} UTC", loc="left")
        axes.ravel()[-1].set_title(f"+ {window.days:.4g} d", loc="right")
        bar = figure.colorbar(image, ax=axes.ravel().tolist(), location="bottom", extend="both",
                              fraction=0.04, pad=0.02, aspect=40)  # fmt: skip
        bar.set_label(f"N (M≥{magnitude:g}) / {gridded.grid.cell_deg:g}°×{gridded.grid.cell_deg:g}°")
        if observed is not None and len(observed):
            _size_legend(axes.ravel()[-1], observed.magnitude)
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine("none")  # else all is laid out again, and drawn once more for that
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=MAP_DPI)
    return buffer.getvalue()


def raster(
    gridded: GriddedForecast, rates: np.ndarray, frame: Frame
) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """Cells as a picture, shape (rows, columns), NaN outside, and its west, east, south and north edges."""
    grid = gridded.grid
    x, y = frame.shift(grid.longitude), grid.latitude
    west, south = x.min() - grid.cell_deg / 2, y.min() - grid.cell_deg / 2
    column = np.rint((x - west) / grid.cell_deg - 0.5).astype(int)
    row = np.rint((y - south) / grid.cell_deg - 0.5).astype(int)
    picture = np.full((row.max() + 1, column.max() + 1), np.nan)
    picture[row, column] = rates
    extent = (
        float(west),
        float(west + picture.shape[1] * grid.cell_deg),
        float(south),
        float(south + picture.shape[0] * grid.cell_deg),
    )
    return picture, extent


def _draw(ax: Axes, frame: Frame, gridded, rates, region, colours, coast, observed) -> AxesImage:
    picture, extent = raster(gridded, rates, frame)
    image = ax.imshow(
        picture,
        extent=extent,
        origin="lower",
        norm=LogNorm(*colours),
        cmap=COLOURS["rates"],
        interpolation="nearest",
        aspect=frame.aspect,
        zorder=1,
    )
    outline = [np.vstack([ring, ring[:1]]) for ring in region.rings]
    draw_lines(ax, frame, coast, color=COLOURS["coast"], linewidths=0.7)
    draw_lines(ax, frame, outline, color=COLOURS["outline"], linewidths=0.8, linestyles="--")
    if observed is not None:
        ax.scatter(
            frame.shift(observed.longitude),
            observed.latitude,
            s=circle_area(observed.magnitude),
            facecolors="none",
            edgecolors=COLOURS["observed"],
            linewidths=0.9,
            zorder=3,
        )
    ax.set(xlim=(frame.west, frame.east), ylim=(frame.south, frame.north))
    ax.xaxis.set_major_formatter(lambda x, _: f"{180 - (180 - x) % 360:g}°")
    ax.yaxis.set_major_formatter(lambda y, _: f"{y:g}°")
    ax.locator_params(axis="x", nbins=3 if frame.shape < 0.45 else 4 if frame.shape < 0.6 else 7)
    return image


def draw_lines(ax: Axes, frame: Frame, lines: Sequence[np.ndarray], **look) -> None:
    """Lines wherever they cross the frame, also a turn around the Earth away; no part of the layout."""
    shifted = [
        line + [shift, 0.0]
        for shift in (-360.0, 0.0, 360.0)
        for line in lines
        if line[:, 0].max() + shift >= frame.west
        and line[:, 0].min() + shift <= frame.east
        and line[:, 1].max() >= frame.south
        and line[:, 1].min() <= frame.north
    ]
    collection = LineCollection(shifted, zorder=2, **look)
    collection.set_in_layout(False)
    ax.add_collection(collection, autolim=False)


def circle_area(magnitude: np.ndarray) -> np.ndarray:
    """Area of a circle in points squared, doubling every third of a magnitude unit."""
    return 3.0 * 2.0 ** (1.5 * (np.asarray(magnitude, float) - 4.0))


def _size_legend(ax: Axes, magnitudes: np.ndarray) -> None:
    shown = np.arange(np.floor(magnitudes.min()), np.floor(magnitudes.max()) + 1)[-4:]
    handles = [
        ax.scatter([], [], s=circle_area(m), facecolors="none", edgecolors=COLOURS["observed"], label=f"M{m:g}")
        for m in shown
    ]
    ax.legend(handles=handles, loc="lower right", framealpha=0.9, labelspacing=0.9, borderpad=0.8)


def _size(frames: list[Frame]) -> tuple[float, float]:
    """Inches: as high as reads well, or as wide as a page is."""
    ratio, labels = sum(min(frame.shape, 3.0) for frame in frames), 0.55 * len(frames)
    height = min(5.0, 1.3 + (10.0 - labels) / ratio)
    return max(3.2, ratio * (height - 1.3) + labels), height
