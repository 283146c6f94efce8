"""Make ``data/damage/tolls.json``: the regression of ``houfeng.damage.tolls`` on EXPO-CAT.

Run ``python scripts/build_pager_tolls.py EXPOCAT.xlsx``; the file is USGS's (CC0), Allen and others (2009). Only the
fitted numbers are written.
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
from expocat import read_expocat  # noqa: E402

from houfeng.damage.toll_fit import fit_tolls  # noqa: E402
from houfeng.damage.tolls import FEATURES, STEPS  # noqa: E402

TARGET = ROOT / "src" / "houfeng" / "data" / "damage" / "tolls.json"


def main() -> None:
    """Fit to everything and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("expocat", type=Path)
    record = read_expocat(parser.parse_args().expocat)
    model = fit_tolls(record.cases, record.deaths)
    arrays = {name: [round(value, 6) for value in getattr(model, name)] for name in ("mean", "sd", "weights", "cuts")}
    countries = {name: round(value, 5) for name, value in model.countries.items()}
    table = {"earthquakes": len(record), "features": FEATURES, "steps": STEPS, **arrays,
             "flag_chance": round(model.flag_chance, 5), "countries": countries}  # fmt: skip
    TARGET.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"{len(record)} earthquakes, {record.left_out} without a country left out")


if __name__ == "__main__":
    main()
