// The map without WebGL: one still drawing on a canvas, longitude and latitude to scale in the middle.

import { colour, opacity, position, radius, surfaces } from "./colours.js";

/** Draw land, cells, outline and earthquakes into `canvas`, as large as it is shown. */
export function drawPlain(canvas, land, cells, events) {
  const pixels = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  Object.assign(canvas, { width: width * pixels, height: height * pixels });
  const pen = canvas.getContext("2d");
  pen.scale(pixels, pixels);
  const look = surfaces();
  const to = projection(cells.bounds, width, height);
  pen.fillStyle = look.sea;
  pen.fillRect(0, 0, width, height);
  for (const feature of land.features) {
    const path = new Path2D();
    const rings = feature.properties.kind === "land" ? feature.geometry.coordinates.flat() : feature.geometry.coordinates;
    for (const shift of [-360, 0, 360]) for (const ring of rings) trace(path, ring, to, shift);
    if (feature.properties.kind === "land") {
      pen.fillStyle = look.land;
      pen.fill(path, "evenodd");
      squares(pen, cells, to);
    } else {
      pen.strokeStyle = look.coast;
      pen.stroke(path);
    }
  }
  border(pen, cells.outline, to, look);
  circles(pen, events, to, look);
}

function projection([west, south, east, north], width, height) {
  const narrow = Math.max(0.2, Math.cos((((south + north) / 2) * Math.PI) / 180));
  const scale = 0.92 * Math.min(width / ((east - west) * narrow), height / (north - south));
  const [x0, y0] = [(west + east) / 2, (south + north) / 2];
  return (x, y) => [width / 2 + (x - x0) * narrow * scale, height / 2 - (y - y0) * scale];
}

function trace(path, points, to, shift = 0) {
  points.forEach(([x, y], i) => path[i ? "lineTo" : "moveTo"](...to(x + shift, y)));
}

function squares(pen, cells, to) {
  cells.rate.forEach((rate, i) => {
    const at = position(rate, cells.colours);
    const [x0, y0] = to(cells.west[i], cells.south[i] + cells.cell_deg);
    const [x1, y1] = to(cells.west[i] + cells.cell_deg, cells.south[i]);
    pen.globalAlpha = opacity(at);
    pen.fillStyle = colour(at);
    pen.fillRect(x0, y0, x1 - x0, y1 - y0);
  });
  pen.globalAlpha = 1;
}

function border(pen, outline, to, look) {
  if (!outline) return;
  const { type, coordinates } = outline.geometry;
  const path = new Path2D();
  for (const ring of type === "Polygon" ? coordinates : coordinates.flat()) trace(path, ring, to);
  pen.strokeStyle = look.outline;
  pen.setLineDash([6, 4]);
  pen.stroke(path);
  pen.setLineDash([]);
}

function circles(pen, events, to, look) {
  for (const { geometry, properties } of events.features) {
    pen.beginPath();
    pen.arc(...to(...geometry.coordinates), radius(properties.magnitude), 0, 2 * Math.PI);
    pen.strokeStyle = look[properties.kind];
    pen.lineWidth = properties.kind === "after" ? 1.6 : 0.6;
    pen.stroke();
  }
}
