"""Plots of GNSS stations as PNG: positions with their model, and residuals before and after the common mode.

Only names of stations, units and dates are written on them; SIMULATED stands on what is.
"""

import io
from contextlib import AbstractContextManager

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from houfeng.geodesy.common_mode import CommonMode
from houfeng.geodesy.survey import Survey, SurveyedStation
from houfeng.reports.fonts import register_with_matplotlib
from houfeng.reports.style import COLOURS, PNG_DPI, style
from houfeng.times import to_datetime64

_WAYS = ("E", "N", "U")


def position_plot(survey: Survey) -> bytes:
    """Draw each station's positions less their trend, the model, known steps (dashed) and found ones (solid); PNG."""
    shown = [c for c in range(3) if any(c in one.positions.present for one in survey.stations)]
    with style(), _letters():
        figure = Figure(figsize=(4.6 * len(shown), 0.6 + 1.35 * len(survey.stations)), layout="constrained")
        axes = figure.subplots(len(survey.stations), len(shown), squeeze=False, sharex=True)
        for row, one in zip(axes, survey.stations, strict=True):
            for ax, c in zip(row, shown, strict=True):
                _positions_panel(ax, one, c)
            row[0].set_ylabel(f"{one.positions.station}\nmm")
        for ax, c in zip(axes[0], shown, strict=True):
            ax.set_title(_WAYS[c], loc="left")
        figure.align_ylabels()
        _mark(figure, any(one.positions.simulated for one in survey.stations))
        return _png(figure)


def _positions_panel(ax: Axes, one: SurveyedStation, component: int) -> None:
    fitted, positions = one.trajectory, one.positions
    if component not in positions.present:
        ax.set_axis_off()
        return
    trend = fitted.names.index("trend 1")
    line = fitted.regressors.design(positions.time)[:, trend] * fitted.coefficients[component, trend]
    line = line + fitted.coefficients[component, 0]
    ax.plot(positions.time, positions.displacement_mm[component] - line, ".", ms=1.0, color=COLOURS["baseline"])
    ax.plot(positions.time, fitted.predict(positions.time)[component] - line, lw=0.9, color=COLOURS["observed"])
    for group in fitted.regressors.steps:
        found = any(step.kind == "unknown" for step in group.steps)
        colour, dash = (COLOURS["models"][0], "-") if found else (COLOURS["ink"], "--")
        ax.axvline(to_datetime64(group.first), color=colour, ls=dash, lw=0.7, zorder=0)
    _dates(ax)


def common_mode_plot(common: CommonMode, *, component: int, simulated: bool = False) -> bytes:
    """Draw residuals of one component before (grey) and after (blue) the common mode, and their scatter; PNG."""
    before, after = common.scatter_mm(False)[component], common.scatter_mm(True)[component]
    shown = [s for s in range(len(common.stations)) if np.isfinite(common.before_mm[component, s]).any()]
    with style(), _letters():
        figure = Figure(figsize=(9.2, 0.7 + 1.1 * len(shown)), layout="constrained")
        axes = figure.subplots(len(shown), 1, squeeze=False, sharex=True)[:, 0]
        for ax, s in zip(axes, shown, strict=True):
            ax.plot(common.time, common.before_mm[component, s], ".", ms=1.2, color="#c3c9cf")
            ax.plot(common.time, common.after_mm[component, s], ".", ms=0.8, color=COLOURS["observed"])
            ax.set_ylabel(f"{common.stations[s]}\nmm")
            limit = 5 * max(np.nan_to_num(before[s], nan=1.0), 0.5)
            ax.set_ylim(-limit, limit)
            ax.annotate(f"{before[s]:.2f} → {after[s]:.2f} mm", (1, 1), xycoords="axes fraction", xytext=(-3, -3),
                        textcoords="offset points", ha="right", va="top", fontsize=7.5)  # fmt: skip
            _dates(ax)
        axes[0].set_title(_WAYS[component], loc="left")
        figure.align_ylabels()
        _mark(figure, simulated)
        return _png(figure)


def _letters() -> AbstractContextManager:
    """Stations may have Chinese names."""
    return matplotlib.rc_context({"font.family": register_with_matplotlib(), "axes.unicode_minus": False})


def _dates(ax: Axes) -> None:
    locator = AutoDateLocator(maxticks=8)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    ax.grid(axis="y", color="#e3e7ea", lw=0.6)
    ax.set_axisbelow(True)


def _mark(figure: Figure, simulated: bool) -> None:
    if simulated:
        mark = {"fontsize": 40, "alpha": 0.25, "color": COLOURS["models"][0], "rotation": 20}
        figure.text(0.5, 0.5, "SIMULATED", ha="center", va="center", **mark)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=PNG_DPI)
    return buffer.getvalue()
