"""``houfeng clusters``."""

from pathlib import Path
from typing import Annotated

import typer

from houfeng.cli.assess import LanguageOption, check_language
from houfeng.cli.choices import (
    AsOfOption,
    CatalogOption,
    MagnitudeOption,
    RegionOption,
    catalog_of,
    moment_of,
    progress_shown,
    region_of,
)
from houfeng.cli.output import JsonOption, print_json, print_table, say


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("clusters")(clusters)


def clusters(
    region: RegionOption = "california",
    catalog: CatalogOption = "",
    as_of: AsOfOption = "",
    min_magnitude: MagnitudeOption = None,
    method: Annotated[
        str, typer.Option("--method", help="nearest (neighbours in time, space and size), hdbscan or kmeans.")
    ] = "nearest",
    size: Annotated[
        int | None, typer.Option("--size", help="Fewest earthquakes of a cluster: 2 with nearest, 20 with hdbscan.")
    ] = None,
    number: Annotated[int, typer.Option("--number", min=1, help="Clusters to make, with kmeans.")] = 12,
    km_per_day: Annotated[
        float,
        typer.Option("--km-per-day", help="Kilometres that a day counts as, with hdbscan and kmeans; 0: place alone."),
    ] = 0.0,
    anomaly: Annotated[
        bool, typer.Option("--anomaly", help="Also score how strange each moment was (needs houfeng[learn]).")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of kmeans and of the anomaly score.")] = 132,
    language: LanguageOption = "en",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results; by default runs/clusters- and the region.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show which earthquakes belong together: a table, a map, and how near neighbours are.

    To keep only main shocks in a file, use houfeng catalog decluster. The anomaly score is learned from the first half
    of the time alone; it tells what is unlike it, and foretells nothing.

    Example: houfeng clusters --region california --min-magnitude 3.5 --anomaly
    """
    from houfeng.config import load_settings
    from houfeng.operations.clusters import find_clusters, write_clusters
    from houfeng.operations.outputs import check_folder

    check_language(language)
    where = region_of(region)
    data = catalog_of(catalog, where, load_settings())
    moment = moment_of(as_of, data)
    folder = Path("runs") / f"clusters-{where.name}" if out is None else out
    if anomaly:
        from houfeng.learning.extra import require

        require("torch")
    check_folder(folder)
    with progress_shown() as progress:
        study = find_clusters(
            data, where, as_of=moment, method=method, min_magnitude=min_magnitude, size=size, number=number,
            km_per_day=km_per_day, seed=seed, progress=progress,
        )  # fmt: skip
        strange = None
        if anomaly:
            from houfeng.operations.anomalies import score_anomalies

            strange = score_anomalies(
                data, where, as_of=moment, min_magnitude=study.min_magnitude, seed=seed, progress=progress
            )
        progress("drawing")
        files = write_clusters(study, folder, language=language, anomaly=strange)
    document = {"folder": folder, "files": files, **study.document()}
    if strange is not None:
        document["anomaly"] = {
            "trained_until": strange.trained_until,
            "level": strange.level,
            "share_above_level_later": strange.share_above(),
        }
    if as_json:
        print_json(document)
    else:
        _tell(document, where.title(language))


def _tell(document: dict, place: str) -> None:
    """The largest clusters, and how much is clustered."""
    rows = [
        (one["cluster"], f"{one['size']:,}", f"{one['time']:%Y-%m-%d %H:%M}", f"{one['magnitude']:.1f}",
         f"{one['longitude']:.2f}", f"{one['latitude']:.2f}")
        for one in document["largest"]
    ]  # fmt: skip
    print_table(["cluster", "earthquakes", "main shock (UTC)", "M", "longitude", "latitude"], rows, title=place)
    print(
        f"{document['n_clusters']:,} clusters; {document['clustered_share']:.0%} of {document['n_events']:,} "
        f"earthquakes of M>={document['min_magnitude']:g} known by {document['as_of']:%Y-%m-%d %H:%M} UTC are in one"
    )
    if not document["n_clusters"]:
        say("no clusters were found: too few earthquakes, or none that can be told from the background")
    if "anomaly" in document:
        told = document["anomaly"]
        later = told["share_above_level_later"]
        print(
            f"anomaly score: trained until {told['trained_until']:%Y-%m-%d}; later {later:.0%} of the moments lie "
            "above the level that 5 % of the held-out training moments exceed"
        )
    print(f"files: {document['folder']}/ ({', '.join(document['files'])})")
