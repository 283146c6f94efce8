"""Numbers as people read them: the same digits in every language, honest about what is tiny."""

from houfeng.reports.messages import LANGUAGES, message

Both = dict[str, str]


def count(value: float | None) -> str:
    """An expected number with two or three significant digits."""
    if value is None:
        return "∞"
    if value == 0:
        return "0"
    if value < 1e-4:
        digits, _, power = f"{value:.1e}".partition("e")
        return f"{digits}×10" + str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    if value < 1:
        return _significant(value, 2)
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def percent(probability: float) -> str:
    """A probability; never rounded to 0 or 100 %."""
    if probability <= 0:
        return "<0.0001 %"
    if probability > 0.999:
        return ">99.9 %"
    value = 100 * probability
    if value < 1e-4:
        return "<0.0001 %"
    return f"{value:.1f} %" if value >= 9.95 else f"{_significant(value, 2)} %"


def one_in(probability: float) -> Both | None:
    """A small probability as one in so many; None from a tenth up, where a percentage says it better."""
    if not 1e-7 < probability < 0.1:
        return None
    return {language: message("page_one_in", language, n=plain_ratio(1 / probability)) for language in LANGUAGES}


def count_end(value: float | None) -> str:
    """One end of a range of whole numbers; None is open."""
    return "∞" if value is None else f"{value:.0f}"


def span_of_counts(low: float | None, high: float | None) -> str:
    """A range of whole numbers."""
    return f"{count_end(low)}–{count_end(high)}"


def ratio(value: float | None) -> str:
    """How many times the long-term average, with a multiplication sign."""
    return "—" if value is None else f"×{plain_ratio(value)}"


def plain_ratio(value: float) -> str:
    """How many times the long-term average."""
    if value >= 100:
        return f"{float(f'{value:.2g}'):,.0f}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else _significant(value, 2)


def times(value: float | None) -> Both:
    """How many times, in words."""
    shown = "∞" if value is None else plain_ratio(value)
    return {"en": f"{shown} times", "zh": f"{shown} 倍"}


def parameter(value: float | None) -> str:
    """A parameter or one end of its interval; None is where the data set no limit."""
    if value is None:
        return "∞"
    text = f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
    return text.replace("-", "−")


def parameter_range(low: float | None, high: float | None) -> str:
    """The interval of a parameter; a dash where it was chosen rather than estimated."""
    if low is not None and low == high:
        return "—"
    return f"{'−∞' if low is None else parameter(low)} … {parameter(high)}"


def signed(value: float | None) -> str:
    """A score with its sign; None is minus infinity."""
    return "−∞" if value is None else f"{value:+.2f}".replace("-", "−")


def place(longitude: float, latitude: float) -> str:
    """Coordinates with hemispheres."""
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.2f}°{north} {abs(longitude):.2f}°{east}"


def moment(iso: str, *, seconds: bool = False) -> str:
    """An ISO time in UTC without its T and Z."""
    return iso.replace("T", " ")[: 19 if seconds else 16]


def horizon(name: str) -> Both:
    """The window of a horizon, in words."""
    key = f"horizon_{name}" if name in ("hour", "day", "week", "month", "year") else "horizon_other"
    return {language: message(key, language, name=name) for language in LANGUAGES}


def duration(days: float) -> Both:
    """A length of time in words, rounded."""
    if days <= 0:
        key, n = "span_none", 0.0
    elif days < 2 / 24:
        key, n = "span_minutes", days * 1440
    elif days < 3:
        key, n = "span_hours", days * 24
    elif days < 1000:
        key, n = "span_days", days
    else:
        key, n = "span_years", days / 365.25
    return {language: message(key, language, n=f"{n:.0f}") for language in LANGUAGES}


def _significant(value: float, digits: int) -> str:
    text = f"{float(f'{value:.{digits}g}'):.10f}"
    whole, _, decimals = text.partition(".")
    if float(whole):
        return f"{value:.{max(0, digits - len(whole))}f}"
    zeros = len(decimals) - len(decimals.lstrip("0"))
    return f"{whole}.{decimals[: zeros + digits]}"
