"""Words that crustal models share: how a fault slips, and where the waves travel."""

from houfeng.errors import UnknownNameError

#: Places for which some crustal model has terms of its own; a model without them uses its worldwide terms.
REGIONS = ("global", "california", "china", "italy", "japan", "taiwan", "turkey")


def require_region(region: str) -> None:
    """Refuse a region that no model knows."""
    if region not in REGIONS:
        raise UnknownNameError("region of crustal ground-motion models", region, REGIONS)


def style_of(rake_deg: float) -> str:
    """``reverse`` (rake 30 to 150), ``normal`` (-150 to -30), ``strike`` or, where the rake is NaN, ``unknown``.

    The bounds of the NGA-West2 models (Ancheta and others 2014, Earthquake Spectra 30, 989-1005,
    doi:10.1193/070913EQS197M); oblique slip counts with the vertical part.
    """
    if rake_deg != rake_deg:
        return "unknown"
    if 30.0 < rake_deg < 150.0:
        return "reverse"
    return "normal" if -150.0 < rake_deg < -30.0 else "strike"
