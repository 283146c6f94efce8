"""Numbers a model may learn from, none of which has seen the future: a table by moment and cell, images, sequences."""

from houfeng.features.base import Feature, Layer, LayerValues, Lineage, Sweep, SweepingFeature
from houfeng.features.proof import prove
from houfeng.features.table import FeatureTable, build_table

__all__ = [
    "Feature",
    "FeatureTable",
    "Layer",
    "LayerValues",
    "Lineage",
    "Sweep",
    "SweepingFeature",
    "build_table",
    "prove",
]
