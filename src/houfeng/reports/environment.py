"""What every page is made with: templates, words in both languages, numbers for people, pictures inside."""

import base64
from collections.abc import Mapping

from houfeng.reports import wording
from houfeng.reports.headlines import both


def page_environment(pictures: Mapping[str, bytes]):
    """A jinja2 environment over ``templates/`` whose pages find `pictures` (PNG by name) inside themselves."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup, escape

    def spans(texts: Mapping[str, str]) -> Markup:
        if texts["en"] == texts["zh"]:
            return escape(texts["en"])
        return Markup('<span class="en" lang="en">{}</span><span class="zh" lang="zh-Hans">{}</span>').format(
            texts["en"], texts["zh"]
        )

    environment = Environment(
        loader=PackageLoader("houfeng.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def css_string(text: str) -> Markup:
        quoted = "".join(f"\\{ord(c):x} " if c in '"\\<>&\n' else c for c in text)
        return Markup(f'"{quoted}"')

    environment.globals.update(
        css_string=css_string,
        t=lambda key, **values: spans(both(key, **values)),
        t_plain=lambda key: " · ".join(both(key).values()),
        both=spans,
        picture=lambda name: "data:image/png;base64," + base64.b64encode(pictures[name]).decode(),
        horizon_words=wording.horizon,
        **{
            name: getattr(wording, name)
            for name in (
                "count",
                "moment",
                "parameter",
                "parameter_range",
                "percent",
                "place",
                "ratio",
                "signed",
                "span_of_counts",
            )
        },
    )
    return environment
