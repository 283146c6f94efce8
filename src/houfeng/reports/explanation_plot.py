"""What drives one cell of a learned model, as bars: PNG."""

import io
from textwrap import wrap

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from houfeng.forecasts.forecast import CellReasons, FeatureReason
from houfeng.reports.fonts import register_with_matplotlib
from houfeng.reports.messages import message
from houfeng.reports.notes import note_in_both
from houfeng.reports.style import PNG_DPI, style

#: Bars; what is not named is one bar more.
BARS = 10
RAISES, LOWERS, REST = "#d55e00", "#0072b2", "#8a939c"


def reasons_plot(reasons: CellReasons, *, title: str, language: str = "en", simulated: bool = False) -> bytes:
    """Draw how each feature moved the log factor of the cell away from the usual one, strongest at the top.

    Parameters
    ----------
    reasons
        With all features, or some: what is not named is drawn as the rest.
    title
        For people; SIMULATED is put before it where the earthquakes are.
    language
        ``en`` or ``zh``.
    """
    named = reasons.strongest[:BARS]
    rest = reasons.log_factor - reasons.usual_log_factor - sum(one.log_factor for one in named)
    words = [_words(one, language) for one in named] + [message("learned_rest", language)]
    values = np.array([one.log_factor for one in named] + [rest])
    errors = np.array([one.error for one in named] + [0.0])
    colours = [RAISES if value > 0 else LOWERS for value in values[:-1]] + [REST]
    with style(), matplotlib.rc_context({"font.family": register_with_matplotlib(), "axes.unicode_minus": False}):
        figure = Figure(figsize=(9.5, 1.7 + 0.42 * len(values)), layout="constrained")
        FigureCanvasAgg(figure)
        ax = figure.subplots()
        place = np.arange(len(values))[::-1]
        ax.barh(place, values, color=colours, height=0.62, xerr=errors, error_kw={"lw": 0.9, "ecolor": "#1c2733"})
        ax.axvline(0, color="#1c2733", lw=0.7)
        ax.set_yticks(place, words)
        ax.set_xlabel(message("learned_axis", language))
        ax.spines[["top", "right"]].set_visible(False)
        start, end = (f"{np.exp(v):.2f}" for v in (reasons.usual_log_factor, reasons.log_factor))
        said = message("learned_title", language, usual=start, factor=end)
        figure.suptitle(f"{'SIMULATED · ' if simulated else ''}{title}\n{said}", x=0.02, ha="left")
        stream = io.BytesIO()
        figure.savefig(stream, dpi=PNG_DPI, format="png")
    return stream.getvalue()


def _words(one: FeatureReason, language: str) -> str:
    """Meaning and value, broken where long."""
    meaning = note_in_both(one.meaning)[language]
    width = 62 if language == "en" else 40
    text = "\n".join(wrap(meaning, width))
    if one.value is None:
        return text
    unit = "" if one.unit == "1" else " " + note_in_both(one.unit)[language]
    return f"{text}: {one.value:.3g}{unit}"
