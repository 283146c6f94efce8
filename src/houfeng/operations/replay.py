"""The chain of the case that ships with Houfeng, as a step of a run: the Illapel earthquake and Coquimbo-La Serena."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.damage.recovery import district_items, plan_recovery, repair_needs
from houfeng.forecasts.forecast import Forecast
from houfeng.operations import situation as told
from houfeng.operations.chain import REPORT_AFTER, Chain, chain
from houfeng.operations.chain_files import write_chain
from houfeng.operations.city import coquimbo
from houfeng.operations.document import time
from houfeng.operations.repair import recovery_document
from houfeng.operations.shaking_outlook import advice_for, chilean_towns, shaking_outlook
from houfeng.operations.training import Progress
from houfeng.operations.warn import Sender
from houfeng.shaking.illapel import illapel_rupture
from houfeng.shaking.rupture import Rupture
from houfeng.warning import Location

#: Who would have composed the messages; they are drafts of an exercise and go nowhere.
SENDER = Sender("replay@houfeng.invalid", timedelta(hours=24))
#: SIMULATED: what the city could spend on repair each year, for the order of recovery.
YEARLY_BUDGET_USD = 50e6
#: Where the files of the chain are, below the folder of the run.
FOLDER = "chain"


def shaking_section(forecast: Forecast, history: Catalog) -> dict:
    """What one forecast means for the towns, and what is worth doing in the city, as plain values."""
    towns = chilean_towns()
    outlook = shaking_outlook(forecast, towns, history, region="chile")
    return {
        "start": time(forecast.window.start),
        "days": forecast.window.days,
        "model": forecast.issue.model,
        "places": told.chances(outlook, towns.names),
        "notes": list(outlook.notes),
        "advice": [
            {"en": each.to_text("en"), "zh": each.to_text("zh"), "verdict": each.verdict, "simulated": True}
            for each in advice_for(outlook, 0)
        ],
    }


def replay(first: Mapping, label: str, folder: Path, *, seed: int, progress: Progress) -> dict:
    """Ten minutes after the earthquake: warn, assess, respond, write everything below `folder`; the document.

    Parameters
    ----------
    first
        The section of shaking of the forecast made before the earthquake.
    label
        Standing of the data.
    """
    rupture = Rupture.point(illapel_rupture().earthquake)
    city, towns = coquimbo(), chilean_towns()
    done = chain(
        rupture,
        city,
        towns,
        issued=rupture.earthquake.time + REPORT_AFTER,
        seed=seed,
        sender=SENDER,
        location=Location(confirmed_by="USGS (replay)"),
        drill=True,
        progress=progress,
    )
    progress("chain: files, maps and the situation report")
    report = told.situation(done, _before(first), label=label, drill=True)
    damage, simulated = done.assessment.damage, done.simulated
    order = plan_recovery(district_items(damage), yearly_budget_usd=YEARLY_BUDGET_USD, simulated=simulated)
    repairs = repair_needs(damage, rng=np.random.default_rng(seed))
    recovery = recovery_document(damage, repairs, order, simulated=simulated)
    files = write_chain(done, towns, {"situation": report, "recovery": recovery}, folder / FOLDER)
    return {"chain": document(done, report), "files": [f"{FOLDER}/{name}" for name in files]}


def document(done: Chain, report: Mapping) -> dict:
    """What the page needs of a chain."""
    return {
        "situation": dict(report),
        "zones": told.zones(done),
        "warned": done.warning.warned,
        "alert": done.warning.alert.identifier if done.warning.alert else None,
        "messages": {language: list(done.response.plan.messages(language)) for language in ("en", "zh")},
        "pager": {
            "deaths": {"colour": done.assessment.deaths_alert.colour,
                       "estimate": told.ranged(done.assessment.deaths_alert.estimate)},
            "losses": {"colour": done.assessment.losses_alert.colour,
                       "estimate": told.ranged(done.assessment.losses_alert.estimate)},
        },
        "rescue": {
            "sites": len(done.response.plan.rescue.visits),
            "waiting": len(done.response.waiting),
            "left_out": len(done.response.plan.rescue.left_out),
            "trapped": told.ranged(done.response.plan.rescue.trapped),
            "survivors": told.ranged(done.response.plan.rescue.survivors),
        },
        "seconds": {name: round(value, 2) for name, value in done.seconds.items()},
    }  # fmt: skip


def _before(first: Mapping) -> list[dict]:
    """Sentences on what was said of the city before: chance of each intensity within the window."""
    days = f"{first['days']:.3g}"
    return [
        {
            "words": {
                "en": f"Said before: MMI {each['roman']} or more within {days} days",
                "zh": f"震前预测：{days}天内烈度达到{each['roman']}度及以上",
            },
            "probability": each["probability"],
        }
        for each in first["places"][0]["chances"]
    ]
