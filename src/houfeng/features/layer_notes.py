"""What became of the layers of a table: an absent or gappy one is told of, never dropped in silence."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from houfeng.features.base import Layer, LayerValues


class LayerNotes:
    """What became of the layers, moment by moment."""

    def __init__(self, layers: Sequence[Layer], moments: int) -> None:
        self._layers, self._moments = layers, moments
        self._without = {layer.name: 0 for layer in layers}
        self._why: dict[str, str] = {}
        self.latest: dict[str, datetime | None] = {}

    def take(self, layer: Layer, found: LayerValues) -> None:
        """Note one moment of a layer."""
        if np.isnan(found.values).all():
            self._without[layer.name] += 1
        if found.why:
            self._why.setdefault(layer.name, found.why)
        before = self.latest.get(layer.name)
        if found.latest_issued is not None and (before is None or found.latest_issued > before):
            self.latest[layer.name] = found.latest_issued

    def _absent(self, layer: Layer) -> bool:
        return self._without[layer.name] == self._moments

    def absent_columns(self) -> list[str]:
        """Columns of layers without any value."""
        return [name for layer in self._layers if self._absent(layer) for name in layer.names]

    def messages(self) -> tuple[str, ...]:
        """One for each layer that is not there wholly."""
        out = []
        for layer in self._layers:
            why = self._why.get(layer.name, "")
            reason = f": {why}" if why else ""
            if self._absent(layer):
                out.append(f"layer '{layer.name}' is left out{reason or ': no value in any cell at any moment'}")
            elif self._without[layer.name] or why:
                moments = f"{self._without[layer.name]} of {self._moments} moments"
                out.append(f"layer '{layer.name}' has no value at {moments}{reason}")
        return tuple(out)
