"""Learning curves of a training as a picture, in English or Chinese."""

import io
from typing import TYPE_CHECKING

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from houfeng.reports.fonts import register_with_matplotlib
from houfeng.reports.messages import message
from houfeng.reports.notes import note_in_both
from houfeng.reports.style import PNG_DPI, style

if TYPE_CHECKING:
    from houfeng.learning.engine import Training

LEARNED, JUDGED, KEPT, RATE, NORM = "#8a939c", "#0b6e99", "#c0392b", "#555555", "#b07d1e"


def curves_plot(training: "Training", *, title: str, language: str = "en") -> bytes:
    """Draw losses, learning rate and gradient norm against steps; PNG.

    Parameters
    ----------
    training
        At least one evaluation.
    title
        What was trained, for people; say SIMULATED in it where the data are.
    language
        ``en`` or ``zh``.
    """
    stopped = note_in_both(training.stopped)[language]
    with style(), matplotlib.rc_context({"font.family": register_with_matplotlib(), "axes.unicode_minus": False}):
        figure = Figure(figsize=(8, 5.5), layout="constrained")
        losses, rates, norms = figure.subplots(3, 1, sharex=True, height_ratios=(4, 1, 1))
        _losses(losses, training, language)
        losses.set_title(f"{title}\n{stopped}", loc="left", parse_math=False)
        steps = [point.step for point in training.history]
        rates.plot(steps, [point.learning_rate for point in training.history], color=RATE, marker=".", ms=3)
        rates.set_ylim(bottom=0)
        rates.set_ylabel(message("curves_rate", language))
        rates.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3), useMathText=False)
        norms.plot(steps, [point.gradient_norm for point in training.history], color=NORM, marker=".", ms=3)
        norms.set_yscale("log", subs=(1, 2, 5))
        for which in (norms.yaxis.set_major_formatter, norms.yaxis.set_minor_formatter):
            which(ScalarFormatter())
        norms.set_ylabel(message("curves_norm", language))
        norms.set_xlabel(message("curves_steps", language))
        norms.xaxis.set_major_locator(MaxNLocator(integer=True))
        for axes in (losses, rates, norms):
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(alpha=0.25)
        figure.align_ylabels()
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=PNG_DPI)
    return buffer.getvalue()


def _losses(axes: Axes, training: "Training", language: str) -> None:
    """Both losses, and which step was kept."""
    steps = [point.step for point in training.history]
    learned = [point.train_loss for point in training.history]
    axes.plot(steps, learned, color=LEARNED, marker=".", label=message("curves_learned", language))
    if training.best_loss == training.best_loss:  # not NaN: there was a validation
        judged = [point.validation_loss for point in training.history]
        axes.plot(steps, judged, color=JUDGED, marker=".", label=message("curves_judged", language))
        kept = message("curves_kept", language, step=training.best_step, loss=f"{training.best_loss:.4g}")
        axes.plot(training.best_step, training.best_loss, "o", ms=9, mfc="none", color=KEPT, label=kept, ls="none")
    axes.set_ylabel(message("curves_loss", language))
    axes.legend(frameon=False)
