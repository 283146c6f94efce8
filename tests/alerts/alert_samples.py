"""Messages to test with, and OASIS's own schema."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from houfeng.alerts import Alert, Area, Circle, Info, Standing, next_message
from houfeng.alerts.compose import Frame, Place, SeaText, ShakingBand, shaking_infos
from houfeng.earthquake import Earthquake
from houfeng.values import Estimate

SENT = datetime(2015, 9, 16, 22, 58, tzinfo=UTC)
ILLAPEL = Earthquake(
    "us20003k7a",
    datetime(2015, 9, 16, 22, 54, 32, tzinfo=UTC),
    -71.674,
    -31.573,
    22.4,
    8.3,
    regime="interface",
    names={"en": "off Illapel, Chile", "zh": "智利伊亚佩尔近海"},
)
SEA = SeaText(
    title={"en": "TSUNAMI POSSIBLE", "zh": "可能发生海啸"},
    banner={"en": "TSUNAMI POSSIBLE. Follow SHOA.", "zh": "可能发生海啸。请遵循SHOA。"},
    instruction={"en": "Go to high ground.", "zh": "前往高处。"},
)
STANDINGS = (
    Standing(),
    Standing("approved", "Dr Ana Rojas"),
    Standing("published", "国家地震中心"),
    Standing("withdrawn", "Dr Ana Rojas"),
)


@cache
def oasis_schema():
    """The XML schema of CAP 1.2 as OASIS publishes it."""
    from lxml import etree

    return etree.XMLSchema(etree.parse(Path(__file__).parents[1] / "golden" / "oasis" / "CAP-v1.2.xsd"))


def oasis_accepts(content: bytes) -> bool:
    from lxml import etree

    return oasis_schema().validate(etree.fromstring(content))


def frame(**more) -> Frame:
    return Frame(SENT, timedelta(hours=24), **more)


def place(name: str = "Coquimbo", zh: str = "科金博", chance: float = 0.6, **more) -> Place:
    return Place(
        {"en": name, "zh": zh}, -71.34, -29.95, 12.0, Estimate(chance, chance * 0.9, min(1.0, chance * 1.1)), **more
    )


def band(*places: Place, **more) -> ShakingBand:
    fields = {
        "rule": "strong shaking",
        "severity": "Moderate",
        "mmi": 6.0,
        "places": places or (place(), place("La Serena", "拉塞雷纳", 0.55)),
        "n_warned": 2,
        "n_places": 5,
        "expected_false": Estimate(0.9, 0, 2, 0.9),
        "expected_missed": Estimate(0.4, 0, 1, 0.9),
        "ranges": "models",
    }
    return ShakingBand(**fields | more)


def info(language: str = "en-US", **more) -> Info:
    fields = {
        "event": "Earthquake",
        "urgency": "Immediate",
        "severity": "Severe",
        "certainty": "Likely",
        "headline": "Strong shaking",
        "description": "It shook.",
        "instruction": "Drop, cover, hold on.",
        "expires": SENT + timedelta(days=1),
        "areas": (Area("Coquimbo", circles=(Circle(-71.34, -29.95, 12),)),),
    }
    return Info(language=language, **fields | more)


def message(kind: str = "new", *, thread: tuple[Alert, ...] = (), after: int = 0, **more) -> Alert:
    """A message of each kind, `after` minutes later."""
    fields = {"sender": "alerts@csn.example", "event_id": "us20003k7a", "infos": (info(), info("zh-CN", event="地震"))}
    return next_message(kind, thread=thread, sent=SENT + timedelta(minutes=after), **fields | more)


def illapel(*, drill: bool = False, sea: SeaText | None = SEA) -> Alert:
    """The alert as the words make it."""
    return message(infos=shaking_infos(ILLAPEL, [band()], frame(), sea), drill=drill)
