// One scale of colours for the map, the plain drawing and the legend: logarithmic, from the long-term average.

const RAMPS = {
  light: ["#ffeda0", "#fed976", "#feb24c", "#fc7f3a", "#e93423", "#b10026", "#5f0021"],
  dark: ["#3a2a3e", "#6b2a52", "#a12e52", "#d2473d", "#ee7a2b", "#fab53a", "#fff0a0"],
};

const SURFACES = {
  light: { sea: "#dfe8ee", land: "#f7f6f2", coast: "#5a6570", outline: "#1c2733", before: "#47525e", after: "#0b3c8c" },
  dark: { sea: "#0e151c", land: "#1f2831", coast: "#8d99a5", outline: "#e8ecf0", before: "#a3afba", after: "#7fd4ff" },
};

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Colours of everything but the cells. */
export const surfaces = () => SURFACES[dark.matches ? "dark" : "light"];

/** Colours of the cells, from few to many. */
export const ramp = () => RAMPS[dark.matches ? "dark" : "light"];

/** Call when the computer turns dark or light. */
export const onTheme = (callback) => dark.addEventListener("change", callback);

/** Where a rate lies on the scale, 0 to 1. */
export function position(rate, [low, high]) {
  if (rate <= 0) return 0;
  return Math.min(1, Math.max(0, Math.log(rate / low) / Math.log(high / low)));
}

/** Opacity of a cell: what is rare lets the land be seen. */
export const opacity = (at) => 0.45 + 0.45 * at;

/** Colour at a position, mixed between the two nearest of the ramp. */
export function colour(at) {
  const steps = ramp();
  const x = at * (steps.length - 1);
  const i = Math.min(steps.length - 2, Math.floor(x));
  const [a, b] = [steps[i], steps[i + 1]].map((text) => [1, 3, 5].map((k) => parseInt(text.slice(k, k + 2), 16)));
  return `rgb(${a.map((value, k) => Math.round(value + (b[k] - value) * (x - i))).join(" ")})`;
}

/** Radius in pixels of the circle of a magnitude; its area doubles every third of a unit. */
export const radius = (magnitude) => Math.min(40, 3 * 2 ** (0.75 * (magnitude - 4)));
