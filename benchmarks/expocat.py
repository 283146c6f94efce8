"""EXPO-CAT: earthquakes 1973 to 2007 with the people exposed to each intensity, and deaths where recorded."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from xlsx import sheet_rows

from houfeng.damage.pager import country_models
from houfeng.damage.tolls import Cases

#: Day 0 of the serial dates of spreadsheets.
EPOCH = np.datetime64("1899-12-30", "s")


@dataclass(frozen=True)
class Record:
    """The scored earthquakes and their recorded deaths of shaking."""

    cases: Cases
    deaths: np.ndarray
    left_out: int

    def __len__(self) -> int:
        return len(self.deaths)

    def select(self, rows: np.ndarray) -> "Record":
        """Some of them."""
        columns = {one.name: np.asarray(getattr(self.cases, one.name))[rows] for one in fields(Cases)}
        return Record(Cases(**columns), self.deaths[rows], self.left_out)


def read_expocat(path: Path) -> Record:
    """Earthquakes with a recorded number of deaths in a country PAGER has a model for."""
    header, *rows = sheet_rows(path)
    table = [dict(zip(header, row + [""] * (len(header) - len(row)), strict=True)) for row in rows]
    known = [row for row in table if row["ShakingDeaths"] != ""]
    used = [row for row in known if row["CountryCode"] in country_models()]

    def column(name: str, missing: float = 0.0) -> np.ndarray:
        return np.array([float(row[name]) if row[name] != "" else missing for row in used])

    days = column("Time")
    moment = EPOCH + np.round(days * 86_400).astype("timedelta64[s]")
    hour = (days % 1 * 24 + column("Lon") / 15) % 24
    exposed = np.column_stack([column(f"MMI{degree}") for degree in ("5", "6", "7", "8", "9+")])
    year = moment.astype("datetime64[Y]").astype(int) + 1970
    countries = np.array([row["CountryCode"] for row in used])
    cases = Cases(exposed, countries, column("Magnitude", 6.0), column("Depth", 20.0), year.astype(float), hour)
    return Record(cases, column("ShakingDeaths"), len(known) - len(used))
