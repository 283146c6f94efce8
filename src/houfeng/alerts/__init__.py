"""Saying it: alerts and their life cycle, CAP 1.2, feeds, channels. Nothing leaves that nobody approved."""

from houfeng.alerts.alert import Alert, Area, Circle, Info, Reference
from houfeng.alerts.cap import read_cap, write_cap
from houfeng.alerts.lifecycle import Standing, as_issued, identify, next_message

__all__ = [
    "Alert",
    "Area",
    "Circle",
    "Info",
    "Reference",
    "Standing",
    "as_issued",
    "identify",
    "next_message",
    "read_cap",
    "write_cap",
]
