"""Ways out for alerts: a public folder with feeds, signed web hooks, e-mail and messengers; and their receipts."""

from houfeng.alerts.channels.base import Channel, Receipt, Released, release
from houfeng.alerts.channels.configured import read_channels
from houfeng.alerts.channels.delivery import deliver, takers

__all__ = ["Channel", "Receipt", "Released", "deliver", "read_channels", "release", "takers"]
