"""What became of the layers of a table: an absent or gappy one is told of, never dropped in silence."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from houfeng.errors import FutureError
from houfeng.features.base import Layer, LayerValues


class LayerNotes:
    """Taken moment by moment while a table is built."""

    def __init__(self, layers: Sequence[Layer], moments: int) -> None:
        self._layers, self._moments = layers, moments
        self._without = {layer.name: 0 for layer in layers}
        self._why: dict[str, str] = {}
        self._seen: set[str] = set()
        self.latest: dict[str, datetime | None] = {}

    def take(self, layer: Layer, found: LayerValues, moment: datetime) -> None:
        """Note one moment of a layer; FutureError when its values were issued later."""
        issued = found.latest_issued
        if issued is not None and issued > moment:
            raise FutureError(
                f"layer '{layer.name}' gave at {moment.isoformat()} what was issued only at {issued.isoformat()}"
            )
        there = ~np.isnan(found.values)
        self._seen |= {name for name, any_value in zip(layer.names, there.any(axis=0), strict=True) if any_value}
        if not there.any():
            self._without[layer.name] += 1
            self._why.setdefault(layer.name, found.why)
        before = self.latest.get(layer.name)
        if issued is not None and (before is None or issued > before):
            self.latest[layer.name] = issued

    def absent_columns(self) -> list[str]:
        """Columns of layers that never have a value."""
        return [name for layer in self._layers for name in layer.names if name not in self._seen]

    def messages(self) -> tuple[str, ...]:
        """What is missing wholly, in some columns, or at some moments."""
        out = []
        for layer in self._layers:
            absent = [name for name in layer.names if name not in self._seen]
            without, why = self._without[layer.name], self._why.get(layer.name, "")
            reason = f": {why}" if why else ""
            if without == self._moments:
                out.append(f"layer '{layer.name}' is left out{reason or ': no value in any cell at any moment'}")
                continue
            if absent:
                out.append(f"layer '{layer.name}' is left out in part: no value of {', '.join(absent)} at any moment")
            if without:
                out.append(f"layer '{layer.name}' has no value at {without} of {self._moments} moments{reason}")
        return tuple(out)
