"""The report of one stored forecast under the standing it has now: the page of its run, cut to what is issued."""

from collections.abc import Mapping

from houfeng.catalogs.catalog import Catalog
from houfeng.forecasts.forecast import Forecast
from houfeng.operations.document import assemble, time
from houfeng.operations.outputs import DRAWN, count_bars, timeline_span
from houfeng.operations.training import BASELINE
from houfeng.regions import Region
from houfeng.store import ForecastRecord, Store, StoreReader


def issue_page(store: Store, id: int) -> str | None:
    """``report.html`` of forecast `id` alone, beside the long-term average; None where no run recorded its section.

    Raises
    ------
    StoreError
        When there is no such forecast, or an artifact is damaged.
    """
    from houfeng.reports.report import render_report

    record = store.forecast(id)
    with StoreReader.open(store.folder) as reader:
        head = reader.result(record.run, "fit")
        section = reader.result(record.run, f"forecast {time(record.issue.as_of)}")
        if head is None or section is None:
            return None
        made = {other.issue.model: other for other in reader.forecasts(record.run) if _same_window(other, record)}
        catalog = reader.load_catalog(reader.run(record.run).catalog)
    days = record.window.days
    (horizon,) = [h["name"] for h in head["horizons"] if abs(h["days"] - days) < 1e-6]
    document = assemble(_head(head, record, horizon), [_section(section, record.issue.model, horizon)])
    about = head["region"]
    region = Region.of_geojson(
        about["outline"], about["name"], cell_deg=about["cell_deg"], depth_max_km=about["depth_max_km"]
    )
    baseline = store.load_forecast(made[BASELINE].id)
    return render_report(document, _pictures(document, store.load_forecast(id), baseline, catalog, region))


def _same_window(one: ForecastRecord, other: ForecastRecord) -> bool:
    return one.issue.as_of == other.issue.as_of and one.window == other.window


def _head(head: Mapping, record: ForecastRecord, horizon: str) -> dict:
    """The header of the run, of this model and horizon, under the standing of the forecast."""
    model = record.issue.model
    return {
        **head,
        "state": record.issue.state,
        "authority": record.issue.authority,
        "legal_notice": dict(record.legal_notice),
        "models_asked": [model],
        "models": [one for one in head["models"] if one["name"] in (model, BASELINE)],
        "horizons": [one for one in head["horizons"] if one["name"] == horizon],
    }


def _section(section: Mapping, model: str, horizon: str) -> dict:
    """The moment of the forecast, without the other models and horizons."""
    observed = section["observed"]

    def mine(row: Mapping) -> bool:
        return row["model"] in (model, BASELINE) and row["horizon"] == horizon

    return {
        **section,
        "table": [row for row in section["table"] if mine(row)],
        "explanations": {model: {horizon: section["explanations"][model][horizon]}},
        "observed": {
            **observed,
            "horizons": {name: events for name, events in observed["horizons"].items() if name == horizon},
            "checks": [check for check in observed["checks"] if mine(check)],
            "scores": [score for score in observed["scores"] if mine(score)],
        },
    }


def _pictures(
    document: Mapping, forecast: Forecast, baseline: Forecast, catalog: Catalog, region: Region
) -> dict[str, bytes]:
    from houfeng.reports.coastline import coastline
    from houfeng.reports.maps import forecast_map
    from houfeng.reports.plots import count_plot, magnitude_time_plot
    from houfeng.reports.scale import colour_range

    window, lowest = forecast.window, document["min_magnitude"]
    length = window.end - window.start
    inside, moment = catalog.within(region), forecast.issue.as_of
    start, end = timeline_span(inside, [moment], min(DRAWN, length))
    pictures = {
        "counts": count_plot(
            count_bars(document), magnitude=document["counts_magnitude"], baseline=document["baseline"]
        ),
        "timeline": magnitude_time_plot(inside, start=start, end=end, moments=[moment], min_magnitude=lowest),
    }
    if length <= DRAWN:
        shock, judged = document["case"]["shock"], window.end <= catalog.provenance.data_end
        (horizon,) = document["horizons"]
        pictures[f"map {time(moment)} {horizon['name']}"] = forecast_map(
            forecast.gridded,
            region,
            magnitude=lowest,
            colours=colour_range(baseline.gridded.above(lowest)),
            coast=coastline(),
            focus=None if shock is None else (shock["longitude"], shock["latitude"]),
            observed=inside.between(window.start, window.end).above(lowest) if judged else None,
        )
    return pictures
