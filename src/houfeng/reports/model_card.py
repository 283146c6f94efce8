"""The card of a model for people: Markdown, and one self-contained page in English and Chinese."""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from houfeng.reports.messages import LANGUAGES
from houfeng.reports.notes import note_in_both


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with paragraphs and perhaps a table: its heads first."""

    title: str
    paragraphs: Sequence[str] = ()
    table: Sequence[Sequence[str]] = ()


@cache
def card_words() -> Mapping[str, Mapping[str, str]]:
    """Every message of the card: key to language to text."""
    text = resources.files("houfeng.reports").joinpath("model_card_messages.json").read_text(encoding="utf-8")
    return json.loads(text)


def card_markdown(document: Mapping, language: str = "en") -> str:
    """The card in one language, from what :func:`houfeng.operations.models.model_document` gives."""
    lines = [f"# {_say('title', language, name=document['name'])}", ""]
    if document["card"]["simulated"]:
        lines += [f"**{_say('simulated', language)}**", ""]
    for part in _parts(document, language):
        lines += [f"## {part.title}", ""]
        for paragraph in part.paragraphs:
            lines += [paragraph, ""]
        if part.table:
            heads, *rows = ([cell.replace("|", "\\|") for cell in row] for row in part.table)
            lines += [" | ".join(["", *row, ""]).strip() for row in (heads, ["---"] * len(heads), *rows)] + [""]
    return "\n".join(lines).rstrip() + "\n"


def card_page(document: Mapping) -> str:
    """One page with the card in every language."""
    sections = []
    for language in LANGUAGES:
        lines = [f"<h1>{html.escape(_say('title', language, name=document['name']))}</h1>"]
        if document["card"]["simulated"]:
            lines.append(f'<p class="simulated">{html.escape(_say("simulated", language))}</p>')
        for part in _parts(document, language):
            lines.append(f"<h2>{html.escape(part.title)}</h2>")
            lines += [f"<p>{html.escape(paragraph)}</p>" for paragraph in part.paragraphs]
            if part.table:
                heads, *rows = part.table
                lines.append("<table>" + _row(heads, "th") + "".join(_row(row, "td") for row in rows) + "</table>")
        sections.append(f'<section lang="{language}">{"".join(lines)}</section>')
    title = html.escape(document["name"])
    style = resources.files("houfeng.reports").joinpath("templates/model_card.css").read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{style}</style></head><body>{''.join(sections)}</body></html>\n"
    )


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _say(key: str, language: str, **values: object) -> str:
    return card_words()[key][language].format(**values)


def _parts(document: Mapping, language: str) -> list[Part]:
    card = document["card"]

    def say(key: str, **values: object) -> str:
        return _say(key, language, **values)

    settings = ", ".join(f"{name} {value}" for name, value in card["parameters"].items() if value is not None)
    libraries = ", ".join(f"{name} {version}" for name, version in card["libraries"].items())
    seed = "-" if card["seed"] is None else card["seed"]
    made = [say("made_text", code=card["code_version"], seed=seed, made=_day(card["made"]), libraries=libraries),
            say("parameters", parameters=settings), say("terms", licence=card["licence"]),
            say("sha", sha=document["sha256"])]  # fmt: skip
    if document.get("updates"):
        made.append(say("updates", n=document["updates"]))
    seen_to = document.get("seen_to", card["trained_to"])  # online updates see more than the training
    limits = [say("limit_past"), say("limit_where"), say("limit_age", end=_day(seen_to)), say("limit_draft")]
    return [
        Part(say("what"), _what(document, language)),
        Part(say("scores"), () if card["scores"] else (say("no_scores"),), _scores(card, language)),
        Part(say("learned"), _learned(card, language)),
        Part(say("limits"), limits),
        Part(say("made"), made),
        Part(say("columns"), () if card["columns"] else (say("no_columns"),), _columns(card, language)),
    ]


def _what(document: Mapping, language: str) -> list[str]:
    card, properties = document["card"], document["card"]["region"]["properties"]
    told = [_say("what_text", language, model=card["model"], reference=card["reference"], region=properties["name"],
                 cell=properties.get("cell_deg", "?"), m=f"{card['min_magnitude']:g}")]  # fmt: skip
    if card["horizon_days"] is not None:
        told.append(_say("question", language, target=f"{card['target_magnitude']:g}",
                         days=f"{card['horizon_days']:g}"))  # fmt: skip
    reason = note_in_both(document["reason"])[language]
    told.append(_say("state", language, state=_say(document["state"], language), reason=reason))
    return told


def _learned(card: Mapping, language: str) -> list[str]:
    data = card["catalog"]
    told = [_say("learned_text", language, n=f"{data['n_events']:,}", start=_day(card["trained_from"]),
                 end=_day(card["trained_to"]), source=data["source"], licence=data["licence"],
                 digest=data["digest"][:12]), data["label"]]  # fmt: skip
    if card["learned_from"]:
        rows = card["learned_from"]
        told.append(_say("rows", language, rows=f"{rows['rows']:,}", active=f"{rows.get('active', 0):,}"))
    return [line for line in told if line]


def _scores(card: Mapping, language: str) -> list[list[str]]:
    if not card["scores"]:
        return []
    heads = [_say(key, language) for key in ("measure", "against", "value", "unit", "verdict", "judged_on")]
    rows = []
    for score in card["scores"]:
        verdict = "better" if score["low"] > 0 else "worse" if score["high"] < 0 else "undecided"
        span = f"{score['value']:+.4g} ({score['low']:+.4g} … {score['high']:+.4g})"
        measure, against, unit, judged_on = (
            note_in_both(score[key])[language] for key in ("measure", "against", "unit", "judged_on")
        )
        rows.append([measure, against, span, unit, _say(verdict, language), judged_on])
    return [heads, *rows]


def _columns(card: Mapping, language: str) -> list[list[str]]:
    if not card["columns"]:
        return []
    heads = [_say(key, language) for key in ("column", "meaning", "unit", "source", "scale")]
    rows = []
    for column in card["columns"]:
        scaled = column["mean"] is not None
        scale = f"{column['mean']:.3g} ± {column['spread']:.3g}" if scaled else "-"
        told = [note_in_both(column[key])[language] for key in ("meaning", "unit", "source")]
        rows.append([column["name"], *told, scale])
    return [heads, *rows]


def _day(text: str) -> str:
    return text[:16].replace("T", " ")
