"""One alert for people to look at: plain text, and a page that stands alone, in all its languages."""

from html import escape

from houfeng.alerts import wording as w
from houfeng.alerts.alert import Alert, Info

_COLOURS = {
    "Extreme": "#7a1fa2",
    "Severe": "#b71c1c",
    "Moderate": "#d35400",
    "Minor": "#1b5e20",
    "Unknown": "#37474f",
}

_STYLE = """
body{font:16px/1.5 system-ui,"Noto Sans","Noto Sans SC","Noto Sans CJK SC",sans-serif;margin:0}
body{background:#f4f4f4;color:#111}
main{max-width:60rem;margin:0 auto;padding:1rem}
article{background:#fff;border-left:.6rem solid var(--c);margin:0 0 1rem;padding:.8rem 1.2rem}
h1{font-size:1.25rem;margin:.2rem 0 .6rem;line-height:1.35}
.level{color:#fff;background:var(--c);padding:.1rem .6rem;border-radius:.2rem;font-weight:600}
.status{font-weight:600;margin-left:.6rem}
p{white-space:pre-line;margin:.6rem 0}
.do{border-top:1px solid #ccc;padding-top:.6rem;font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;font-size:.85rem;margin:.6rem 0 0;color:#333}
dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}
"""

#: So many areas are named in a card.
_LISTED = 12


def to_text(alert: Alert) -> str:
    """Every block as plain text, the languages one after the other.

    Give it what :func:`houfeng.alerts.as_issued` returns: that says whether it is a draft or an exercise.
    """
    return "\n\n".join(_text_block(alert, info) for info in _by_language(alert)) + "\n"


def to_html(alert: Alert) -> str:
    """The same as one page without scripts or links to anywhere."""
    title = escape(alert.infos[0].headline if alert.infos else alert.identifier)
    articles = "\n".join(_article(alert, info) for info in _by_language(alert))
    return (
        f'<!doctype html>\n<html lang="{escape(alert.languages[0]) if alert.infos else "en"}">\n<head><meta '
        f'charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body><main>\n{articles}\n</main></body>\n</html>\n"
    )


def language_of(info: Info) -> str:
    """Which of our words suit the block: ``zh`` for Chinese, else ``en``."""
    return "zh" if info.language.lower().startswith("zh") else "en"


def _by_language(alert: Alert) -> list[Info]:
    return [info for tag in alert.languages for info in alert.infos if info.language == tag]


def _facts(alert: Alert, info: Info) -> list[tuple[str, str]]:
    language = language_of(info)
    areas = w.names_of([area.description for area in info.areas], language, shown=_LISTED)
    facts = [
        ("card_by", info.sender_name or w.say("card_nobody", language)),
        ("card_sent", f"{w.clock(alert.sent, language)} UTC"),
        ("card_expires", f"{w.clock(info.expires, language)} UTC" if info.expires else ""),
        ("card_areas", areas),
        ("card_thread", ", ".join(reference.identifier for reference in alert.references)),
    ]
    told = [(w.say(key, language), value) for key, value in facts if value]
    return [*told, ("CAP", f"{alert.identifier} · {alert.message_type}")]


def _level(info: Info) -> str:
    known = [info.severity, *(word for word in (info.urgency, info.certainty) if word != "Unknown")]
    return " · ".join(w.say(word, language_of(info)) for word in known)


def _text_block(alert: Alert, info: Info) -> str:
    language = language_of(info)
    separator = "：" if language == "zh" else ": "
    lines = [f"{w.say(alert.status, language)} | {_level(info)}", info.headline, "", info.description]
    if info.instruction:
        lines += ["", f"{w.say('card_do', language)}{separator}{info.instruction}"]
    return "\n".join([*lines, "", *(f"{name}{separator}{value}" for name, value in _facts(alert, info))])


def _article(alert: Alert, info: Info) -> str:
    language = language_of(info)
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in _facts(alert, info))
    todo = f'<p class="do">{escape(info.instruction)}</p>' if info.instruction else ""
    return (
        f'<article lang="{escape(info.language)}" style="--c:{_COLOURS[info.severity]}">'
        f'<span class="level">{escape(_level(info))}</span>'
        f'<span class="status">{escape(w.say(alert.status, language))}</span>'
        f"<h1>{escape(info.headline)}</h1><p>{escape(info.description)}</p>{todo}<dl>{facts}</dl></article>"
    )
