// The map: land, cells, outline, earthquakes. No tiles, no glyphs, no borders; nothing is fetched from elsewhere.

import * as maplibre from "./vendor/maplibre-gl.mjs";
import { byId, show } from "./dom.js";
import { onTheme, opacity, position, radius, ramp, surfaces } from "./colours.js";

const EMPTY = { type: "FeatureCollection", features: [] };

/** Make the map in the element #map; `describe` says what is under the pointer, `homeLabel` what the ⌂ does. */
export function makeMap(land, { describe, homeLabel }) {
  const map = new maplibre.Map({
    container: "map",
    style: { version: 8, sources: {}, layers: [{ id: "sea", type: "background" }] },
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    maxZoom: 11,
    center: [0, 20],
    zoom: 1,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  const ready = new Promise((done) => map.on("load", done)).then(() => {
    for (const [name, data] of [["land", land], ["cells", EMPTY], ["outline", EMPTY], ["events", EMPTY]])
      map.addSource(name, { type: "geojson", data, tolerance: name === "cells" ? 0 : 0.375, maxzoom: 12 });
    for (const layer of layers()) map.addLayer(layer);
    paint(map);
    onTheme(() => paint(map));
    popups(map, describe);
  });
  let bounds = null;
  map.addControl(home(() => bounds && fit(map, bounds, true), homeLabel), "top-right");
  return {
    map,
    ready,
    async showCells(cells, moved) {
      await ready;
      show("busy", true);
      map.once("idle", () => show("busy", false));
      map.getSource("cells").setData(squares(cells));
      map.getSource("outline").setData(cells.outline ?? EMPTY);
      bounds = cells.bounds;
      if (moved) fit(map, bounds, false);
    },
    async showEvents(events) {
      await ready;
      map.getSource("events").setData(events);
    },
  };
}

function layers() {
  const of = (kind) => ["==", ["get", "kind"], kind];
  return [
    { id: "land", type: "fill", source: "land", filter: of("land") },
    { id: "cells", type: "fill", source: "cells", paint: { "fill-antialias": false } },
    { id: "coast", type: "line", source: "land", filter: of("coast"), paint: { "line-width": 1 } },
    { id: "outline", type: "line", source: "outline", paint: { "line-width": 1.4, "line-dasharray": [4, 2.5] } },
    { id: "before", type: "circle", source: "events", filter: of("before") },
    { id: "after", type: "circle", source: "events", filter: of("after") },
  ];
}

function paint(map) {
  const look = surfaces();
  const steps = ramp();
  const stops = steps.flatMap((colour, i) => [i / (steps.length - 1), colour]);
  const sizes = [3, 4, 5, 6, 7, 8, 9].flatMap((m) => [m, radius(m)]);
  map.setPaintProperty("sea", "background-color", look.sea);
  map.setPaintProperty("land", "fill-color", look.land);
  map.setPaintProperty("coast", "line-color", look.coast);
  map.setPaintProperty("outline", "line-color", look.outline);
  map.setPaintProperty("cells", "fill-color", ["interpolate", ["linear"], ["get", "at"], ...stops]);
  map.setPaintProperty("cells", "fill-opacity", ["interpolate", ["linear"], ["get", "at"], 0, opacity(0), 1, opacity(1)]);
  for (const [kind, filled] of [["before", 0.12], ["after", 0.06]]) {
    map.setPaintProperty(kind, "circle-radius", ["interpolate", ["linear"], ["get", "magnitude"], ...sizes]);
    map.setPaintProperty(kind, "circle-color", look[kind]);
    map.setPaintProperty(kind, "circle-opacity", filled);
    map.setPaintProperty(kind, "circle-stroke-color", look[kind]);
    map.setPaintProperty(kind, "circle-stroke-width", kind === "after" ? 1.6 : 0.8);
  }
}

/** The cells as polygons; "at" is the position on the colour scale. */
function squares(cells) {
  const side = cells.cell_deg;
  const features = cells.rate.map((rate, i) => {
    const [w, s] = [cells.west[i], cells.south[i]];
    const [e, n] = [w + side, s + side];
    return {
      type: "Feature",
      properties: { at: position(rate, cells.colours), rate },
      geometry: { type: "Polygon", coordinates: [[[w, s], [e, s], [e, n], [w, n], [w, s]]] },
    };
  });
  return { type: "FeatureCollection", features };
}

function fit(map, [west, south, east, north], moving) {
  const box = [[west, Math.max(-80, south)], [east, Math.min(80, north)]];
  map.fitBounds(box, { padding: { top: 24, left: 24, right: 52, bottom: 24 }, animate: moving, duration: 500 });
}

function home(action, label) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "home", textContent: "⌂", onclick: action });
  const name = () => button.setAttribute("aria-label", (button.title = label()));
  name();
  new MutationObserver(name).observe(document.documentElement, { attributeFilter: ["lang"] });
  const box = document.createElement("div");
  box.className = "maplibregl-ctrl maplibregl-ctrl-group";
  box.append(button);
  return { onAdd: () => box, onRemove: () => box.remove() };
}

function popups(map, describe) {
  const popup = new maplibre.Popup({ closeButton: false, closeOnClick: false, maxWidth: "260px" });
  map.on("mousemove", (event) => {
    const found = map.queryRenderedFeatures(event.point, { layers: ["after", "before", "cells"] })[0];
    map.getCanvas().style.cursor = found ? "crosshair" : "";
    if (found) popup.setLngLat(event.lngLat).setText(describe(found.properties)).addTo(map);
    else popup.remove();
  });
  map.on("mouseout", () => popup.remove());
  byId("map").addEventListener("keydown", (event) => event.key === "Escape" && popup.remove());
}
