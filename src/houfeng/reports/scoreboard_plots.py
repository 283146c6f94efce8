"""Plots of a scoreboard as PNG: gains in time, counts against forecasts, reliability.

Only numbers, magnitudes, names of models and UTC times are written on them: one picture for every language.
"""

import io
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from houfeng.reports.plots import model_colours
from houfeng.reports.style import COLOURS, PNG_DPI, style

#: Panels beside each other.
_ACROSS = 2
_CELLS_ACROSS = 4


def gain_plot(board: Mapping) -> bytes:
    """Cumulative information gain of every model over the baseline, nats, with the earthquakes below; PNG."""
    colours = _colours(board)
    with style():
        figure = Figure(figsize=(9.0, 4.2), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (3, 1)})
        for model in board["models"]:
            series = model["series"]
            gains = np.cumsum([0.0 if g is None else g for g in series["gain"]])
            edges = _times([*series["start"], *_ends(board, series)[-1:]])
            heights = np.append(gains, gains[-1:])
            above.step(edges, heights, where="post", color=colours[model["name"]], lw=1.6, label=model["name"])
        above.axhline(0, color=COLOURS["baseline"], lw=0.8)
        above.set_ylabel("Σ Δ ln L (nats)")
        figure.legend(loc="outside upper left", frameon=False, ncols=5)
        _grid(above)
        starts, observed = _observed(board)
        below.vlines(starts, 0, observed, color=COLOURS["observed"], lw=1.2)
        below.set_ylabel(f"N (M≥{board['min_magnitude']:g})")
        below.set_ylim(bottom=0)
        _time_axis(below)
        return _png(figure)


def count_plot(board: Mapping) -> bytes:
    """Numbers that came against each model's expected number and its 95 % range, window by window; PNG."""
    colours, models = _colours(board), [model for model in board["models"] if model["windows_scored"]]
    with style():
        rows = -(-len(models) // _ACROSS)
        figure = Figure(figsize=(9.0, 0.4 + 2.2 * rows), layout="constrained")
        axes = figure.subplots(rows, _ACROSS, sharex=True, sharey=True, squeeze=False).ravel()
        for ax, model in zip(axes, models, strict=False):
            series, colour = model["series"], colours[model["name"]]
            _counts(ax, series, _ends(board, series), colour)
            ax.set_title(model["name"], loc="left")
            ax.set_yscale("symlog", linthresh=1, linscale=0.6)
            ax.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
            ax.set_ylim(bottom=-0.1)
            _grid(ax)
            _time_axis(ax)
        for ax in axes[len(models) :]:
            ax.remove()
        for ax in axes[::_ACROSS][:rows]:
            ax.set_ylabel(f"N (M≥{board['min_magnitude']:g})")
        return _png(figure)


def reliability_plot(board: Mapping) -> bytes:
    """Share that came true against the chance given, of at least one of the smallest magnitude; PNG."""
    colours, models = _colours(board), [model for model in board["models"] if model["chances"]]
    with style():
        figure = Figure(figsize=(max(3.0, 2.3 * len(models)), 2.7), layout="constrained")
        axes = figure.subplots(1, len(models), sharex=True, sharey=True, squeeze=False).ravel()
        for ax, model in zip(axes, models, strict=True):
            groups = model["chances"][0]["reliability"]
            given = [group["probability"] for group in groups]
            ax.plot([0, 1], [0, 1], color=COLOURS["baseline"], lw=0.8, ls="--")
            ax.vlines(given, [g["low"] for g in groups], [g["high"] for g in groups], color=COLOURS["baseline"], lw=5,
                      alpha=0.4)  # fmt: skip
            ax.plot(given, [group["frequency"] for group in groups], "o-", color=colours[model["name"]], ms=4, lw=1)
            ax.set_title(model["name"], loc="left")
            ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=f"P(M≥{board['min_magnitude']:g})")
            ax.set_box_aspect(1)
        return _png(figure)


def cells_plot(board: Mapping) -> bytes:
    """Share of cells in which it came true against the chance given to a cell, both on logarithmic scales; PNG."""
    colours, models = _colours(board), [model for model in board["models"] if model.get("occurrence")]
    with style():
        rows = -(-len(models) // _CELLS_ACROSS)
        across = min(len(models), _CELLS_ACROSS)
        figure = Figure(figsize=(max(3.0, 2.3 * across), 0.3 + 2.4 * rows), layout="constrained")
        axes = figure.subplots(rows, across, sharex=True, sharey=True, squeeze=False).ravel()
        for ax, model in zip(axes, models, strict=False):
            groups = [group for group in model["occurrence"]["reliability"] if group["probability"] > 0]
            given = np.array([group["probability"] for group in groups])
            came = np.array([group["frequency"] for group in groups])
            low, high = (np.maximum([g[end] for g in groups], 1e-7) for end in ("low", "high"))
            ax.plot([1e-6, 1], [1e-6, 1], color=COLOURS["baseline"], lw=0.8, ls="--")
            ax.vlines(given, low, high, color=COLOURS["baseline"], lw=5, alpha=0.4)
            ax.plot(given[came > 0], came[came > 0], "o-", color=colours[model["name"]], ms=4, lw=1)
            ax.set_title(model["name"], loc="left")
            ax.set(xscale="log", yscale="log", xlim=(1e-6, 1), ylim=(1e-6, 1))
            ax.set_xlabel(f"P(M≥{model['occurrence']['magnitude']:g})")
            ax.set_box_aspect(1)
        for ax in axes[len(models) :]:
            ax.remove()
        return _png(figure)


def _counts(ax: Axes, series: Mapping, ends: list[str], colour: str) -> None:
    """Band and line where each window ends as the next begins; a bar for each where they lie apart or overlap."""
    starts = _times(series["start"])
    high = np.array([np.nan if h is None else h for h in series["high"]])
    if list(series["start"][1:]) == ends[:-1]:
        edges = _times([*series["start"], *ends[-1:]])
        low, high, expected = (np.append(column, column[-1:]) for column in (series["low"], high, series["expected"]))
        ax.fill_between(edges, low, high, step="post", color=colour, alpha=0.3, lw=0)
        ax.step(edges, expected, where="post", color=colour, lw=1.2)
    else:
        ax.vlines(starts, series["low"], high, color=colour, alpha=0.35, lw=2.5)
        ax.plot(starts, series["expected"], "_", color=colour, ms=6, mew=1.6)
    ax.plot(starts, series["observed"], ".", color=COLOURS["observed"], ms=3.5, zorder=3)


def _ends(board: Mapping, series: Mapping) -> list[str]:
    """Ends of the windows of a series; of windows that begin together, in their order."""
    every = [(window["start"], window["end"]) for window in board["windows"]]
    ends = []
    for start in series["start"]:
        place = next(i for i, (begin, _) in enumerate(every) if begin == start)
        ends.append(every.pop(place)[1])
    return ends


def _colours(board: Mapping) -> Mapping[str, str]:
    return model_colours([model["name"] for model in board["models"]], board["baseline"])


def _observed(board: Mapping) -> tuple[np.ndarray, np.ndarray]:
    known = [window for window in board["windows"] if window["observed"] is not None]
    return _times([window["start"] for window in known]), np.array([window["observed"] for window in known])


def _times(texts: list[str]) -> np.ndarray:
    return np.array([text.removesuffix("Z") for text in texts], "datetime64[us]")


def _time_axis(ax: Axes) -> None:
    locator = AutoDateLocator(minticks=2, maxticks=7)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _grid(ax: Axes) -> None:
    ax.grid(axis="y", color="#e3e7ea", lw=0.6)
    ax.set_axisbelow(True)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=PNG_DPI)
    return buffer.getvalue()
