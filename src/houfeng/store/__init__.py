"""Remembering it: runs, forecasts and catalogue snapshots in one SQLite file, their arrays beside it."""

from houfeng.store.alerts import AlertRecord, Alerts, ReceiptRecord
from houfeng.store.forecasts import CountSummary, ForecastRecord, Standing
from houfeng.store.reading import StepRecord, StoreReader
from houfeng.store.runs import Run, RunRecord, code_version
from houfeng.store.store import CatalogRecord, Store

__all__ = [
    "AlertRecord",
    "Alerts",
    "CatalogRecord",
    "CountSummary",
    "ForecastRecord",
    "ReceiptRecord",
    "Run",
    "RunRecord",
    "Standing",
    "StepRecord",
    "Store",
    "StoreReader",
    "code_version",
]
