"""One alert for people to look at: plain text, and a page that stands alone, in all its languages."""

from dataclasses import dataclass
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
.do{font-weight:600}.do:first-of-type{border-top:1px solid #ccc;padding-top:.6rem}
.where{font-size:.9rem;color:#333}
section{margin-bottom:2rem}
dl{background:#fff;padding:.6rem 1.2rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;font-size:.85rem;margin:.6rem 0 0;color:#333}
dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}
"""

#: So many areas are named in a card.
_LISTED = 12


def to_text(alert: Alert) -> str:
    """Every block as plain text, one language after the other; a paragraph is said once in each language.

    Give it what :func:`houfeng.alerts.as_issued` returns: that says whether it is a draft or an exercise.
    """
    return "\n\n".join(_text_of(alert, tag) for tag in alert.languages) + "\n"


def to_html(alert: Alert) -> str:
    """The same as one page without scripts or links to anywhere."""
    title = escape(alert.infos[0].headline if alert.infos else alert.identifier)
    sections = "\n".join(_section(alert, tag) for tag in alert.languages)
    return (
        f'<!doctype html>\n<html lang="{escape(alert.languages[0]) if alert.infos else "en"}">\n<head><meta '
        f'charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body><main>\n{sections}\n</main></body>\n</html>\n"
    )


def language_of(info: Info) -> str:
    """Which of our words suit the block: ``zh`` for Chinese, else ``en``."""
    return "zh" if info.language.lower().startswith("zh") else "en"


@dataclass(frozen=True, slots=True)
class _Block:
    """What one block says that those before it in its language did not."""

    info: Info
    description: tuple[str, ...]
    instruction: tuple[str, ...]


def _blocks(alert: Alert, tag: str) -> list[_Block]:
    said: set[str] = set()
    blocks = []
    for info in alert.infos:
        if info.language == tag:
            description, instruction = _fresh(info.description, said), _fresh(info.instruction, said)
            blocks.append(_Block(info, description, instruction))
    return blocks


def _fresh(text: str, said: set[str]) -> tuple[str, ...]:
    paragraphs = [paragraph for paragraph in text.split("\n\n") if paragraph and paragraph not in said]
    said.update(paragraphs)
    return tuple(paragraphs)


def _facts(alert: Alert, tag: str) -> list[tuple[str, str]]:
    infos = [info for info in alert.infos if info.language == tag]
    language = language_of(infos[0])
    expires = max((info.expires for info in infos if info.expires), default=None)
    facts = [
        ("card_by", infos[0].sender_name or w.say("card_nobody", language)),
        ("card_sent", f"{w.clock(alert.sent, language)} UTC"),
        ("card_expires", f"{w.clock(expires, language)} UTC" if expires else ""),
        ("card_thread", ", ".join(reference.identifier for reference in alert.references)),
    ]
    told = [(w.say(key, language), value) for key, value in facts if value]
    return [*told, ("CAP", f"{alert.identifier} · {alert.message_type} · {alert.status}")]


def _where(info: Info) -> str:
    return w.names_of([area.description for area in info.areas], language_of(info), shown=_LISTED)


def _level(info: Info) -> str:
    known = [info.severity, *(word for word in (info.urgency, info.certainty) if word != "Unknown")]
    return " · ".join(w.say(word, language_of(info)) for word in known)


def _text_of(alert: Alert, tag: str) -> str:
    blocks = _blocks(alert, tag)
    language = language_of(blocks[0].info)
    colon = "：" if language == "zh" else ": "
    parts = []
    for block in blocks:
        head = f"{w.say(alert.status, language)} | {_level(block.info)}\n{block.info.headline}"
        todo = [f"{w.say('card_do', language)}{colon}" + "\n".join(block.instruction)] if block.instruction else []
        where = [f"{w.say('card_areas', language)}{colon}{_where(block.info)}"] if block.info.areas else []
        parts.append("\n\n".join([head, *block.description, *todo, *where]))
    parts.append("\n".join(f"{name}{colon}{value}" for name, value in _facts(alert, tag)))
    return "\n\n".join(parts)


def _section(alert: Alert, tag: str) -> str:
    blocks = _blocks(alert, tag)
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in _facts(alert, tag))
    articles = "\n".join(_article(alert, block) for block in blocks)
    return f'<section lang="{escape(tag)}">\n{articles}\n<dl>{facts}</dl>\n</section>'


def _article(alert: Alert, block: _Block) -> str:
    info, language = block.info, language_of(block.info)
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in block.description)
    todo = "".join(f'<p class="do">{escape(paragraph)}</p>' for paragraph in block.instruction)
    where = (
        f'<p class="where">{escape(w.say("card_areas", language))}: {escape(_where(info))}</p>' if info.areas else ""
    )
    return (
        f'<article style="--c:{_COLOURS[info.severity]}">'
        f'<span class="level">{escape(_level(info))}</span>'
        f'<span class="status">{escape(w.say(alert.status, language))}</span>'
        f"<h1>{escape(info.headline)}</h1>{text}{todo}{where}</article>"
    )
