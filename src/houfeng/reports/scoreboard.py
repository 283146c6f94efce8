"""``scoreboard.html``: one self-contained page, in English and Chinese by a switch, from scoreboard.json alone."""

from collections.abc import Mapping

from houfeng.reports import wording
from houfeng.reports.environment import page_environment
from houfeng.reports.headlines import both
from houfeng.reports.messages import LANGUAGES

#: With fewer blocks than this the page says that its intervals are rough.
FEW_BLOCKS = 20


def render_scoreboard(board: Mapping) -> str:
    """Render the page of a document of schema ``houfeng-scoreboard/1``, with its plots inside."""
    from houfeng.reports.scoreboard_plots import cells_plot, count_plot, gain_plot, reliability_plot

    pictures = {}
    if any(model["windows_scored"] for model in board["models"]):
        pictures = {"gain": gain_plot(board), "counts": count_plot(board), "reliability": reliability_plot(board)}
    cells = [model for model in board["models"] if model.get("occurrence")]
    if cells:
        pictures["cells"] = cells_plot(board)
    final = "final" in board["label"]
    windows = board["windows"]
    environment = page_environment(pictures)
    environment.globals.update(interval=_interval, verdict=_verdict, better=_better, one=_one, calibrated=_calibrated)
    return environment.get_template("scoreboard.html.j2").render(
        d=board,
        final=final,
        label_key="label_final" if final else "label_issued",
        title=both("sb_title", name=board["name"], region=board["region"]["titles"]),
        lead=lead(board),
        running=_running(board),
        pictures=pictures,
        span={"start": wording.moment(windows[0]["start"]), "end": wording.moment(windows[-1]["end"])},
        length=wording.duration(_days(windows[0])),
        observed=sum(window["observed"] or 0 for window in windows),
        baseline=next(model for model in board["models"] if model["name"] == board["baseline"]),
        thresholds=_thresholds(board),
        cells=cells,
        notes=_notes(board),
    )


def lead(board: Mapping) -> list[wording.Both]:
    """The result in sentences: who leads, by how much, whose numbers are right, and what is not shown."""
    rivals = [m for m in board["models"] if m["name"] != board["baseline"] and m["gain"]["value"] is not None]
    said = []
    if rivals:
        best = max(rivals, key=lambda model: model["gain"]["value"])
        gain = best["gain"]
        key = "sb_lead_gain" if gain["value"] > 0 else "sb_lead_no_gain"
        said.append(both(key, model=best["name"], baseline=board["baseline"], gain=wording.signed(gain["value"])))
        if gain["low"] is None:
            said.append(both("sb_lead_no_interval"))
        else:
            low, high = wording.signed(gain["low"]), wording.signed(gain["high"])
            key = "sb_lead_sure" if gain["low"] > 0 or gain["high"] < 0 else "sb_lead_unsure"
            said.append(both(key, low=low, high=high))
        if best["ratio"] is not None:
            numbers = {"expected": wording.count(best["expected"]), "observed": best["observed"]}
            said.append(both("sb_lead_ratio", model=best["name"], **numbers))
            if _one(best["ratio"]) == "out":
                said.append(both("sb_lead_ratio_off"))
        others = [model for model in rivals if model is not best]
        if others and gain["value"] > 0:
            second = max(others, key=lambda model: model["gain"]["value"])
            said.append(both("sb_lead_next", model=second["name"], gain=wording.signed(second["gain"]["value"])))
    else:
        said.append(both("sb_lead_nothing"))
    failed = sum(model["failed"] for model in board["models"])
    if failed:
        said.append(both("sb_lead_failed", n=failed))
    return said


def _running(board: Mapping) -> str:
    """The foot of every printed page, in both languages at once."""
    state = both(f"state_{board['standing']}", authority=board["authority"])
    label = both("label_final" if "final" in board["label"] else "label_issued")
    return "    ".join(f"{state[x]} · {label[x]} · {board['legal_notice'][x]}" for x in LANGUAGES)


def _notes(board: Mapping) -> list[wording.Both]:
    """What must be known to read the numbers."""
    blocks = board["blocks"]
    notes = [both("sb_note_as_of"), both("sb_note_selected")]
    if blocks["windows"] < 1:
        notes.append(both("sb_note_no_blocks"))
    elif blocks["windows"] < blocks["asked"]:
        notes.append(both("sb_note_short_blocks", windows=blocks["windows"], asked=blocks["asked"]))
    else:
        notes.append(both("sb_note_blocks", windows=blocks["windows"]))
    fitting = len(board["windows"]) // max(1, blocks["windows"])
    if blocks["windows"] and fitting < FEW_BLOCKS:
        notes.append(both("sb_note_few_blocks", n=fitting))
    notes.append(both("sb_note_independent"))
    if board["overlap"] > 1:
        notes.append(both("sb_note_overlap", n=board["overlap"]))
    if board["simulations"]:
        notes.append(both("sb_note_simulated", n=f"{board['simulations']:,}"))
    else:
        notes.append(both("sb_note_gridded"))
    notes.append(both("sb_note_incomplete"))
    if board["windows_beyond_data"]:
        notes.append(both("sb_note_beyond", n=board["windows_beyond_data"]))
    return notes


def _thresholds(board: Mapping) -> list[dict]:
    """Scores of the chance of at least one, by threshold, one cell for each model."""
    scored = [model for model in board["models"] if model["chances"]]
    return [
        {
            "magnitude": chance["magnitude"],
            "occurred": chance["occurred"],
            "n": chance["n"],
            "models": [{"name": model["name"], **model["chances"][k]} for model in scored],
        }
        for k, chance in enumerate(scored[0]["chances"] if scored else ())
    ]


def _days(window: Mapping) -> float:
    from houfeng.times import parse_time

    return (parse_time(window["end"]) - parse_time(window["start"])).total_seconds() / 86_400


def _interval(estimate: Mapping | None, form: str = "signed") -> str:
    """The interval of an estimate; nothing where the data set none."""
    if not estimate or estimate["low"] is None and estimate["high"] is None:
        return ""
    shown = wording.signed if form == "signed" else _ratio_end
    return f"{shown(estimate['low'])} … {shown(estimate['high'])}"


def _ratio_end(value: float | None) -> str:
    return "∞" if value is None else f"{value:.2f}"


def _one(estimate: Mapping | None) -> str:
    """``in`` where the interval of a ratio holds 1, ``out`` where it does not, nothing where it has no bound."""
    if not estimate or estimate["low"] is None:
        return ""
    if estimate["high"] is None:
        return "out" if estimate["low"] > 1 else ""
    return "in" if estimate["low"] <= 1 <= estimate["high"] else "out"


def _better(gain: Mapping) -> str:
    """``in`` for a gain surely above zero, ``out`` for one surely below."""
    if gain["low"] is None or gain["high"] is None:
        return ""
    return "in" if gain["low"] > 0 else "out" if gain["high"] < 0 else ""


def _verdict(tally: Mapping) -> str:
    """``in`` for as many passes as true forecasts would have, by quantiles that keep the level; ``out`` for fewer."""
    if not tally["of"]:
        return ""
    return "out" if tally["passed_randomised"] < tally["low"] else "in"


def _calibrated(tally: Mapping) -> str:
    """``out`` where quantiles so far from uniform come once in a hundred true forecasts."""
    return "out" if tally["calibration_p"] < 0.01 else ""
