"""``report.html``: one self-contained page, in English and Chinese by a switch.

The page is a function of the run's JSON document and its pictures: nothing is computed twice, and nothing is
fetched when it is read.
"""

import math
import struct
from collections.abc import Mapping, Sequence

from houfeng.reports import wording
from houfeng.reports.chain_page import ChainFolder, chain_page
from houfeng.reports.environment import page_environment
from houfeng.reports.headlines import both, cards, check_of, headline_horizon, joined, lead, relative, shown
from houfeng.reports.messages import LANGUAGES
from houfeng.reports.notes import note_in_both

LIMITS = ("limit_prediction", "limit_large", "limit_early", "limit_calibration", "limit_shaking")

#: Observed earthquakes listed on the page.
STRONGEST = 10


def render_report(document: Mapping, pictures: Mapping[str, bytes], chain_folder: ChainFolder | None = None) -> str:
    """Render the page.

    Parameters
    ----------
    document
        As written to ``forecast.json``.
    pictures
        PNG by name: ``counts``, ``timeline``, ``map AS-OF HORIZON``, and ``chain NAME LANGUAGE``.
    chain_folder
        What lies in the folder of the chain, where the run has one.

    Returns
    -------
    str
        HTML with everything inside it.
    """
    primary = document["models_asked"][0]
    judged = headline_horizon(document)
    final = "final" in document["label"]
    template = page_environment(pictures).get_template("report.html.j2")
    return template.render(
        d=document,
        primary=primary,
        final=final,
        label_key="label_final" if final else "label_issued",
        title=_title(document),
        question=_question(document),
        running=_running(document),
        chain=chain_page(document, chain_folder or ChainFolder(), pictures),
        lead=lead(document),
        cards=cards(document),
        warnings=_shared_warnings(document),
        counts_magnitude=document["counts_magnitude"],
        parts=[_part(document, part, primary, judged, pictures) for part in document["forecasts"]],
        board=_grouped(document["scoreboard"], "horizon"),
        completeness=_completeness(document),
        kept_facts=_kept_facts,
        limits=[*LIMITS, *(["limit_final"] if final else [])],
    )


def _title(document: Mapping) -> wording.Both:
    case = document["case"]
    if case["titles"]:
        return both("title_replay", case=case["titles"])
    return both("title_run", region=document["region"]["titles"])


def _running(document: Mapping) -> str:
    """The foot of every printed page: standing and notice, in both languages at once."""
    state = both(f"state_{document['state']}", authority=document["authority"])
    label = both("label_final" if "final" in document["label"] else "label_issued")
    notice = document["legal_notice"]
    return "    ".join(f"{state[x]} · {label[x]} · {notice[x]}" for x in LANGUAGES)


def _question(document: Mapping) -> wording.Both:
    case, region = document["case"], document["region"]["titles"]
    if case["titles"]:
        time = wording.moment(case["shock"]["time"], seconds=True)
        return both("question_replay", case=case["titles"], time=time, region=region)
    return both("question_run", region=region)


def _part(document: Mapping, part: Mapping, primary: str, judged: str, pictures: Mapping[str, bytes]) -> dict:
    rows = [{**row, "check": check_of(part, row)} for row in part["table"] if shown(row["magnitude"], document)]
    tables = {model: _grouped(group, "horizon") for model, group in _grouped(rows, "model").items()}
    shared = {warning["en"] for warning in _shared_warnings(document)}
    followed = part["observed"]["horizons"].get(judged)
    return {
        "as_of": part["as_of"],
        "relative": relative(document, part["as_of"]),
        "warnings": [w for w in part["warnings"] if w["en"] not in shared],
        "data_end": part["data_end"],
        "age": wording.duration(part["data_age_days"]),
        "n_history": part["n_history"],
        "maps": [
            _map(document, part, primary, horizon, name)
            for horizon in (h["name"] for h in document["horizons"])
            if (name := f"map {part['as_of']} {horizon}") in pictures
        ],
        "wide": any(_is_wide(picture) for name, picture in pictures.items() if name.startswith("map ")),
        "judging": _judging(document, part),
        "tables": tables,
        "why": _why(part["explanations"][primary][judged], judged),
        "followed": followed
        and {**followed, "strongest": followed["strongest"][:STRONGEST], "horizon": wording.horizon(judged)},
    }


def _map(document: Mapping, part: Mapping, primary: str, horizon: str, name: str) -> dict:
    words, magnitude = wording.horizon(horizon), f"{document['min_magnitude']:g}"
    caption = both("map_caption", model=primary, m=magnitude, horizon=words)
    observed = part["observed"]["horizons"].get(horizon)
    circles = both("map_observed", n=observed["n"]) if observed else both("map_no_observed")
    return {
        "name": name,
        "alt": " · ".join(both("map_alt", model=primary, horizon=words).values()),
        "caption": joined([caption, circles]),
    }


def _is_wide(png: bytes) -> bool:
    """Whether a picture needs the width of the page; PNG keeps its size in bytes 16 to 24."""
    width, height = struct.unpack(">II", png[16:24])
    return width > 1.5 * height


def _why(explanation: Mapping, horizon: str) -> dict:
    share = explanation["background_share"]
    return {
        "horizon": wording.horizon(horizon),
        "share": f"{100 * share:.1f} %",
        "rest": f"{100 * (1 - share):.1f} %",
        "width": f"{100 * share:.2f}",
        "contributors": explanation["contributors"],
        "notes": [note_in_both(note) for note in explanation["notes"]],
        "learned": _learned(explanation["learned"]) if "learned" in explanation else None,
    }


def _learned(reasons: Mapping) -> dict:
    """What drives the highest cell of a learned model, factors as people read them."""
    return {
        **reasons,
        "factor": math.exp(reasons["log_factor"]),
        "usual": math.exp(reasons["usual_log_factor"]),
        "strongest": [
            {
                **one,
                "meaning": note_in_both(one["meaning"]),
                "unit": note_in_both(one["unit"]),
                "factor": f"×{math.exp(one['log_factor']):.2f}",
                "direction": both("learned_raises" if one["log_factor"] > 0 else "learned_lowers"),
                "amount": f"{one['log_factor']:+.2f}" + (f" ± {one['error']:.2f}" if one["error"] else ""),
            }
            for one in reasons["strongest"]
        ],
    }


def _judging(document: Mapping, part: Mapping) -> list[wording.Both]:
    judged, until = part["observed"]["horizons"], wording.moment(part["observed"]["known_until"])
    if not judged:
        return [both("nothing_follows", known_until=until)]
    if len(judged) < len(document["horizons"]):
        return [both("some_follow", known_until=until)]
    return []


def _shared_warnings(document: Mapping) -> list[Mapping]:
    """Warnings that every forecast of the run carries, said once at the top."""
    first, *rest = document["forecasts"]
    return [w for w in first["warnings"] if all(w in part["warnings"] for part in rest)]


def _completeness(document: Mapping) -> wording.Both:
    method = document["completeness"]["method"]
    if method is None:
        key = "completeness_kept" if any(map(_kept_facts, document["models"])) else "completeness_given"
        return both(key, m=document["min_magnitude"])
    return both("completeness_estimated", m=document["min_magnitude"], method=both(f"mc_method_{method}"))


def _kept_facts(model: Mapping) -> list[wording.Both]:
    """What is to be told of a model that was not fitted for this run; nothing of one that was."""
    kept = model.get("kept")
    if not kept:
        return []
    trained_to = wording.moment(kept["trained_to"])
    told = [both("kept_model", source=kept["source"], trained_to=trained_to, sha256=kept["sha256"])]
    state = kept["state"]
    if state is None:
        return [*told, both("kept_as_trained")]
    if state["used_to"] is None:
        return [*told, both("kept_unmoved", n=kept["updates"])]
    used = {"used_to": wording.moment(state["used_to"]), "n": state["windows"]}
    if "weights" in state:
        weights = ", ".join(f"{name} {w:.2f}" for name, w in zip(state["names"], state["weights"], strict=True))
        return [*told, both("kept_weights", **used, weights=weights)]
    a, c = (f"{state[part]['used']:.2f}" for part in ("background", "triggered"))
    return [*told, both("kept_levels", **used, a=a, c=c)]


def _grouped(rows: Sequence[Mapping], key: str) -> dict[str, list[Mapping]]:
    groups: dict[str, list[Mapping]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups
