"""The table people paste: how many earthquakes, and the chance of at least one, by magnitude and horizon.

Like the aftershock pages of national surveys. No probability is ever 0 or 100 %.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from unicodedata import east_asian_width

from houfeng.errors import InputError, UnknownNameError
from houfeng.forecasts.forecast import Forecast, Issue
from houfeng.values import Estimate, legal_notice

#: Magnitudes of the table, where they are above the completeness magnitude.
MAGNITUDES = (3.0, 4.0, 5.0, 6.0, 7.0)

_WORDS = {
    "en": {
        "title": "Earthquake forecast for {region} by {model}",
        "state": {
            "draft": "State: DRAFT, approved by nobody",
            "approved": "State: approved by {authority}",
            "published": "State: published by {authority}",
            "withdrawn": "State: WITHDRAWN by {authority}",
        },
        "as_of": "As of {as_of}. Data end {data_end}{age}. {label}. Source: {source}.",
        "age": ", {days} days earlier",
        "magnitude": "magnitude",
        "next": "next {horizon}",
        "one_in": "1 in {n}",
        "under": "less than 1 in {n}",
        "legend": "Expected number (95 % range of the number) and probability of at least one.",
        "label": {},
        "horizon": {},
    },
    "zh": {
        "title": "{region}：地震次数与发生概率，模型：{model}",
        "state": {
            "draft": "状态：草稿，未经任何机构批准",
            "approved": "状态：已由{authority}批准",
            "published": "状态：已由{authority}发布",
            "withdrawn": "状态：已由{authority}撤回",
        },
        "as_of": "起算时间：{as_of}。数据截止：{data_end}{age}。{label}。数据来源：{source}。",
        "age": "，早{days}天",
        "magnitude": "震级",
        "next": "未来{horizon}",
        "one_in": "1/{n}",
        "under": "低于1/{n}",
        "legend": "期望次数（次数的95 %区间）和至少发生一次的概率。",
        "label": {
            "PSEUDO-PROSPECTIVE (final catalogue)": "伪前瞻（最终目录）",
            "PROSPECTIVE (as issued)": "前瞻（按当时发布的目录）",
        },
        "horizon": {"hour": "一小时", "day": "一天", "week": "一周", "month": "一个月", "year": "一年"},
    },
}


@dataclass(frozen=True, slots=True)
class Row:
    """One magnitude and horizon.

    Attributes
    ----------
    number
        Expected number of at least `magnitude`, with the 95 % range of the number.
    probability
        Chance of at least one.
    """

    magnitude: float
    horizon: str
    number: Estimate
    probability: float


@dataclass(frozen=True, slots=True)
class Table:
    """Expected numbers and probabilities of one model at one moment.

    Attributes
    ----------
    issue
        Who says so, when, on what data, with what standing.
    horizons
        Names, as given.
    magnitudes
        Those at or above the smallest magnitude of the forecast.
    rows
        One for each magnitude and horizon, magnitudes first.
    """

    issue: Issue
    horizons: tuple[str, ...]
    magnitudes: tuple[float, ...]
    rows: tuple[Row, ...]

    def to_text(self, language: str = "en") -> str:
        """The table as plain text in ``en`` or ``zh``, to be pasted anywhere with a fixed-width font.

        Raises
        ------
        UnknownNameError
            When there is no such language.
        """
        words = _words(language)
        heads = [words["next"].format(horizon=words["horizon"].get(h, h)) for h in self.horizons]
        grid = [[words["magnitude"], *heads]]
        for magnitude in self.magnitudes:
            cells = [_cell(row, language) for row in self.rows if row.magnitude == magnitude]
            grid.append([f"M≥{magnitude:g}", *cells])
        return "\n".join(
            [
                words["title"].format(region=self.issue.region, model=self.issue.model),
                words["state"][self.issue.state].format(authority=self.issue.authority),
                _provenance(self.issue, words),
                "",
                *_aligned(grid),
                "",
                words["legend"],
                legal_notice(self.issue.state)[language],
            ]
        )

    def to_json(self) -> dict[str, Any]:
        """The table as plain values, for ``json.dumps``; the legal notice in every language."""
        times = {"as_of": self.issue.as_of.isoformat(), "data_end": self.issue.data_end.isoformat()}
        return {
            "issue": asdict(self.issue) | times | {"data_age_days": self.issue.data_age_days},
            "rows": [asdict(row) for row in self.rows],
            "legal_notice": legal_notice(self.issue.state),
        }


def forecast_table(forecasts: Mapping[str, Forecast], magnitudes: Sequence[float] = MAGNITUDES) -> Table:
    """Tabulate the forecasts of one model for several horizons.

    Parameters
    ----------
    forecasts
        By name of the horizon ("day", "week" ...), all of one model, region and moment.
    magnitudes
        Thresholds; those below the smallest magnitude of the forecast are left out.

    Raises
    ------
    InputError
        When there is no forecast, they differ in more than their horizon, or one has no count for a magnitude.
    """
    issues = {(f.issue.model, f.issue.region, f.issue.as_of, f.issue.state) for f in forecasts.values()}
    if len(issues) != 1:
        raise InputError(
            f"a table needs forecasts of one model, region, moment and state; these are {len(issues)}: "
            f"{sorted(map(str, issues))}"
        )
    first = next(iter(forecasts.values()))
    lowest = max(float(forecast.counts.magnitudes[0]) for forecast in forecasts.values())
    shown = tuple(float(m) for m in sorted(magnitudes) if m >= lowest - 1e-9)
    rows = tuple(
        Row(magnitude, horizon, forecast.counts.number(magnitude), forecast.counts.probability(magnitude))
        for magnitude in shown
        for horizon, forecast in forecasts.items()
    )
    return Table(first.issue, tuple(forecasts), shown, rows)


def format_probability(probability: float, language: str = "en") -> str:
    """A probability for people: never 0 or 100 %, and rare ones as one in so many.

    Examples
    --------
    >>> [format_probability(p) for p in (0.9999, 0.374, 0.0042, 0.00033, 0.0)]
    ['>99 %', '37 %', '<1 % (1 in 200)', '<1 % (1 in 3,000)', '<1 % (less than 1 in 1,000,000)']
    """
    words = _words(language)
    if not 0 <= probability <= 1:
        raise InputError(f"{probability} is not a probability")
    if probability > 0.99:
        return ">99 %"
    if probability >= 0.01:
        return f"{100 * probability:.0f} %"
    if probability < 1e-6:
        return f"<1 % ({words['under'].format(n='1,000,000')})"
    one_in = float(f"{1 / probability:.1g}")
    return f"<1 % ({words['one_in'].format(n=f'{one_in:,.0f}')})"


def format_number(value: float) -> str:
    """An expected number for people: two digits below ten, whole above, rounded to three digits.

    Examples
    --------
    >>> [format_number(x) for x in (0.0, 0.0312, 2.0, 17.6, 1234.5)]
    ['0.0', '0.031', '2.0', '18', '1,230']
    """
    if value < 9.95:
        return f"{value:#.2g}" if value >= 0.0001 or value == 0 else "<0.0001"
    return f"{float(f'{value:.3g}'):,.0f}"


def _words(language: str) -> dict[str, Any]:
    if language not in _WORDS:
        raise UnknownNameError("language", language, _WORDS)
    return _WORDS[language]


def _cell(row: Row, language: str) -> str:
    low, high = f"{row.number.low:,.0f}", f"{row.number.high:,.0f}"
    return f"{format_number(row.number.value)} ({low}-{high}), {format_probability(row.probability, language)}"


def _provenance(issue: Issue, words: dict[str, Any]) -> str:
    age = words["age"].format(days=f"{issue.data_age_days:.1f}") if issue.data_age_days >= 0.05 else ""
    return words["as_of"].format(
        as_of=f"{issue.as_of:%Y-%m-%d %H:%M} UTC",
        data_end=f"{issue.data_end:%Y-%m-%d %H:%M} UTC",
        age=age,
        label=words["label"].get(issue.label, issue.label),
        source=issue.source,
    )


def _aligned(grid: list[list[str]]) -> list[str]:
    """Lines with columns of equal width; Chinese characters are two wide."""
    widths = [max(_width(row[i]) for row in grid) for i in range(len(grid[0]))]
    return [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in grid
    ]


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
