"""Make ``tests/golden/gmm_{ask14,bssa14,cb14,aga16}.json``: numbers of pyGMM 0.8 to hold our models against.

Run it with a Python that has pygmm 0.8.0 (its own environment; Houfeng does not need it)::

    python -m venv /tmp/oracle && /tmp/oracle/bin/pip install pygmm==0.8.0
    /tmp/oracle/bin/python scripts/build_gmm_golden.py

pyGMM is by Albert Kottke (MIT). Its numbers are facts about the published models; the cases are ours. Left out on
purpose is what pyGMM 0.8 gets wrong or does not do: the Chinese attenuation of CB14 (its branch is never taken), the
floor of CB14 at PGA, the Japanese sites of CB14 and Vs30 above 1100 m/s there.
"""

import itertools
import json
from pathlib import Path

import numpy as np
import pygmm

TARGET = Path(__file__).parents[1] / "tests" / "golden"
MEASURES = ("PGA", "PGV", "SA(0.3)", "SA(0.35)", "SA(1.0)", "SA(3.0)", "SA(7.5)")
PERIODS = (0.3, 0.35, 1.0, 3.0, 7.5)
STYLE = {"RS": 90.0, "NS": -90.0, "SS": 0.0}

#: Magnitude, rake style, dip, depth of the top, width, depth of the hypocentre.
EVENTS = (
    (4.3, "SS", 90.0, 8.0, 2.0, 9.0),
    (5.2, "RS", 40.0, 6.0, 5.0, 8.5),
    (5.8, "NS", 50.0, 4.0, 8.0, 7.5),
    (6.3, "RS", 25.0, 2.0, 14.0, 6.0),
    (6.9, "SS", 75.0, 0.0, 15.0, 11.0),
    (7.6, "RS", 35.0, 0.0, 25.0, 12.0),
    (8.2, "SS", 90.0, 0.0, 18.0, 10.0),
)
#: Rrup, Rjb, Rx, Ry0: over the plane, beside it, on the other wall, far.
PLACES = (
    (7.0, 1.0, 6.0, 0.0),
    (14.0, 12.0, 18.0, 3.0),
    (30.0, 29.5, -29.5, 0.0),
    (120.0, 119.0, 80.0, 60.0),
    (250.0, 249.0, -200.0, 90.0),
)
VS30 = (180.0, 250.0, 400.0, 760.0, 1000.0)


def numbers(model) -> dict[str, list[float]]:
    """Means and standard deviations by measure, in the order of MEASURES."""
    mean = [np.log(model.pga), np.log(model.pgv), *model.interp_ln_spec_accels(PERIODS)]
    found = {"mean_ln": mean}
    for name in ("tau", "phi"):
        values = getattr(model, f"_{name}")
        spectrum = np.interp(np.log(PERIODS), np.log(model.periods), values[model.INDICES_PSA])
        found[name] = [values[model.INDEX_PGA], values[model.INDEX_PGV], *spectrum]
    return {name: [round(float(value), 7) for value in values] for name, values in found.items()}


def crustal(kind: type, regions: tuple[str, ...], **more) -> list[dict]:
    """Cases of one NGA-West2 model: all events, places and sites worldwide, a few elsewhere."""
    cases = []
    for (i, event), (j, place), (k, vs30), region in itertools.product(
        enumerate(EVENTS), enumerate(PLACES), enumerate(VS30), regions
    ):
        # A Latin pattern keeps the files small and still meets every pair of values.
        if (i + j + k + regions.index(region)) % 5:
            continue
        magnitude, style, dip, ztor, width, depth = event
        rrup, rjb, rx, ry0 = place
        scenario = pygmm.Scenario(
            mag=magnitude,
            mechanism=style,
            dip=dip,
            depth_tor=ztor,
            width=width,
            depth_hyp=depth,
            dist_rup=rrup,
            dist_jb=rjb,
            dist_x=rx,
            dist_y0=ry0,
            on_hanging_wall=rx >= 0,
            v_s30=vs30,
            region=region,
            **more,
        )
        inputs = {
            "magnitude": magnitude,
            "rake_deg": STYLE[style],
            "dip_deg": dip,
            "ztor_km": ztor,
            "width_km": width,
            "hypocentre_depth_km": depth,
            "rrup_km": rrup,
            "rjb_km": rjb,
            "rx_km": rx,
            "ry0_km": ry0,
            "vs30_mps": vs30,
            "region": region,
        }
        cases.append({**inputs, **numbers(kind(scenario))})
    return cases


def subduction() -> list[dict]:
    """Cases of BC Hydro; pyGMM gives no tau and phi apart, they are constants of table 3."""
    cases = []
    for (i, m), (j, reach), (k, vs30), (regime, depth), back in itertools.product(
        enumerate((5.5, 6.5, 7.4, 7.9, 8.1, 8.8)),
        enumerate((25.0, 60.0, 110.0, 250.0)),
        enumerate((180.0, 400.0, 760.0, 1200.0)),
        (("interface", 20.0), ("slab", 60.0), ("slab", 150.0)),
        (False, True),
    ):
        if (i + j + k) % 4:
            continue
        scenario = pygmm.Scenario(
            mag=m,
            dist_rup=reach,
            dist_hyp=reach,
            depth_hyp=depth,
            v_s30=vs30,
            event_type="intraslab" if regime == "slab" else "interface",
            tectonic_region="backarc" if back else "forearc",
        )
        model = pygmm.AbrahamsonGregorAddo2016(scenario)
        mean = [np.log(model.pga), *model.interp_ln_spec_accels(PERIODS)]
        cases.append(
            {
                "magnitude": m,
                "regime": regime,
                "hypocentre_depth_km": depth,
                "reach_km": reach,
                "vs30_mps": vs30,
                "backarc": back,
                "mean_ln": [round(float(value), 7) for value in mean],
            }
        )
    return cases


def write(name: str, measures: tuple[str, ...], cases: list[dict]) -> None:
    """One file, one case a line."""
    head = {
        "source": f"pyGMM {pygmm.__version__} (MIT, Albert Kottke), scripts/build_gmm_golden.py",
        "measures": measures,
    }
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    text = json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n"
    json.loads(text)
    (TARGET / f"gmm_{name}.json").write_text(text, encoding="utf-8")
    print(name, len(cases), "cases", len(text), "bytes")


def main() -> None:
    """Write all files."""
    TARGET.mkdir(parents=True, exist_ok=True)
    write("bssa14", MEASURES, crustal(pygmm.BooreStewartSeyhanAtkinson2014, ("global", "china", "japan")))
    write(
        "ask14",
        MEASURES,
        crustal(pygmm.AbrahamsonSilvaKamai2014, ("global", "china", "japan", "taiwan"), vs_source="inferred"),
    )
    write("cb14", MEASURES, crustal(pygmm.CampbellBozorgnia2014, ("global", "italy")))
    write("aga16", tuple(measure for measure in MEASURES if measure != "PGV"), subduction())


if __name__ == "__main__":
    main()
