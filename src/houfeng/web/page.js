// The page: asks the service, keeps what was chosen, and draws. New runs appear by themselves.

import { drawBoard } from "./board.js";
import { drawCard } from "./card.js";
import { colour, onTheme } from "./colours.js";
import { ask, byId, h, moment, show } from "./dom.js";
import { drawPlain } from "./plain.js";
import { current, load, said, t, toggle } from "./words.js";

const EVERY_MS = 3000;
const NARROW = matchMedia("(max-width: 1199px)");

const state = { runs: null, folder: "", id: null, detail: null, board: null, chosen: {}, card: null, cells: null, events: null };
const ground = ask("/api/land"); // asked for at once, needed last
const mapping = webgl() ? import("./map.js") : null;
ground.catch(() => {}); // told by drawMap, which waits for it
let drawing = null; // the MapLibre map, or "plain" without WebGL
let fitted = null; // the run whose region the map was last moved to
let turn = 0; // answers to a choice that was changed meanwhile are dropped

async function begin() {
  await load(ask);
  byId("language").addEventListener("click", () => (toggle(), drawAll()));
  byId("choices").addEventListener("change", choose);
  byId("runs").addEventListener("click", (event) => pick(event.target.closest("button")));
  byId("runs-fold").open = !NARROW.matches;
  NARROW.addEventListener("change", () => (byId("runs-fold").open = !NARROW.matches));
  onTheme(drawMap);
  addEventListener("resize", () => drawing === "plain" && drawMap());
  await look();
  setInterval(() => document.hidden || look(), EVERY_MS);
  document.body.dataset.ready = "yes";
}

/** Ask for the runs, and for the chosen one again when something has happened to it. */
async function look() {
  let runs;
  try {
    ({ runs } = await ask("/api/runs"));
    if (runs.length === 0 && !state.folder) state.folder = (await ask("/api/health")).store.folder;
    show("lost", false);
  } catch (error) {
    byId("lost").textContent = error instanceof TypeError ? t("page_lost") : t("page_error", { message: error.message });
    show("lost", true);
    return;
  }
  const before = JSON.stringify(state.runs);
  if (JSON.stringify(runs) === before) return;
  const old = state.runs?.find((run) => run.id === state.id);
  state.runs = runs;
  drawRuns();
  const wanted = state.id ?? Number(new URLSearchParams(location.search).get("run"));
  const run = runs.find((one) => one.id === wanted) ?? runs[0];
  if (run && JSON.stringify(run) !== JSON.stringify(old)) await select(run.id);
  else if (!run) drawAll();
}

async function pick(button) {
  if (!button) return;
  const address = new URL(location.href);
  address.searchParams.set("run", button.dataset.run);
  history.replaceState(null, "", address);
  if (NARROW.matches) byId("runs-fold").open = false;
  await select(Number(button.dataset.run));
}

/** Show run `id`; what was chosen stays chosen where the run has it. */
async function select(id) {
  const mine = ++turn;
  const same = id === state.id;
  const scored = ask(`/api/runs/${id}/scoreboard`).catch(() => null); // nothing else waits for it
  let detail;
  try {
    detail = await ask(`/api/runs/${id}`);
  } catch (error) {
    if (mine === turn) tell(t("page_error", { message: error.message }), "bad");
    return;
  }
  if (mine !== turn) return;
  const has = detail.forecasts.length > 0;
  const kept = same ? state.chosen : {};
  const moments = detail.moments.map((one) => one.as_of);
  state.chosen = has && {
    moment: moments.includes(kept.moment) ? kept.moment : moments.at(-1),
    window: kept.window ?? detail.first_window,
    model: kept.model ?? detail.models[0],
    magnitude: kept.magnitude ?? null,
  };
  Object.assign(state, { id, detail, board: same ? state.board : null, card: null, cells: null, events: null });
  scored.then((board) => id === state.id && fill(board));
  if (!same) for (const part of ["card", "notice"]) byId(part).replaceChildren();
  drawAll();
  if (has) await fetchForecast(mine);
}

/** Show a scoreboard, unless it says nothing about a run that has not come so far. */
function fill(board) {
  const worth = board?.rows.length > 0 || (state.detail.forecasts.length > 0 && state.detail.run.state === "done");
  state.board = worth ? board : null;
  drawBoard(state.board);
}

async function choose(event) {
  event.preventDefault();
  const { id, value } = event.target;
  state.chosen[id] = id === "magnitude" ? Number(value) : value;
  await fetchForecast(++turn);
}

/** Fetch card, cells and earthquakes of what is chosen, and draw them. */
async function fetchForecast(mine) {
  const { detail, chosen } = state;
  const found =
    detail.forecasts.find((f) => f.as_of === chosen.moment && f.window === chosen.window && f.model === chosen.model) ??
    detail.forecasts.find((f) => f.as_of === chosen.moment);
  Object.assign(chosen, { window: found.window, model: found.model });
  try {
    const card = await ask(`/api/forecasts/${found.id}`);
    const has = card.magnitudes.some((line) => line.magnitude === chosen.magnitude);
    if (!has) chosen.magnitude = card.first_magnitude;
    const [cells, events] = await Promise.all([
      ask(`/api/forecasts/${found.id}/cells?magnitude=${chosen.magnitude}`),
      ask(`/api/forecasts/${found.id}/earthquakes`),
    ]);
    if (mine !== turn) return;
    Object.assign(state, { card, cells, events });
    drawAll();
    await drawMap();
  } catch (error) {
    if (mine === turn) tell(t("page_error", { message: error.message }), "bad");
  }
}

function drawAll() {
  const { runs, detail, card, chosen } = state;
  drawRuns();
  show("empty", runs?.length === 0);
  byId("folder").textContent = state.folder;
  if (!detail) return;
  const has = Boolean(chosen);
  show("top", true);
  byId("title").textContent = title(detail);
  show("choices", has);
  for (const id of ["where", "card"]) show(id, has);
  tell(...reason(detail, has));
  if (has) drawChoices();
  drawBoard(state.board);
  if (!card) return;
  const line = card.magnitudes.find((one) => one.magnitude === chosen.magnitude);
  drawCard(byId("card"), card, line);
  byId("notice").replaceChildren(h("strong", { class: "stamp" }, said(card.stamp)), " ", said(card.legal_notice));
  drawMapWords();
}

/** Why there is nothing, or not everything, to see. */
function reason({ run }, has) {
  const message = run.message ? `${t("page_why_failed")} ${run.message}` : "";
  if (run.state === "failed") return [message, "bad"];
  if (run.state === "interrupted") return [t("page_why_interrupted"), "bad"];
  if (run.state === "running") return [t("page_why_running"), ""];
  if (run.kind === "experiment") return [t("page_why_experiment"), ""];
  return has ? ["", ""] : [t("page_why_empty"), ""];
}

function tell(text, kind) {
  show("message", text !== "");
  byId("message").className = kind;
  byId("message").textContent = text;
}

function title({ run, case_titles: names }) {
  if (run.name) return t("page_title_experiment", { name: run.name, region: said(run.titles) });
  return names ? t("title_replay", { case: said(names) }) : t("title_run", { region: said(run.titles) });
}

function drawRuns() {
  const items = (state.runs ?? []).map((run) => {
    const at = run.as_of.length ? run.as_of.at(-1) : run.started;
    return h("li", {},
      h("button", { type: "button", "data-run": run.id, "aria-current": run.id === state.id ? "true" : null },
        h("span", { class: "place" }, said(run.titles)),
        h("span", { class: `state ${run.state}` }, t(`page_state_${run.state}`)),
        h("small", {}, run.name ? `${said(run.kind_words)} · ${run.name}` : `${said(run.kind_words)} · ${moment(at)}`),
        run.data_end && h("small", {}, `${t("fact_data_end")}: ${moment(run.data_end)}`)));
  });
  const focused = document.activeElement?.dataset?.run;
  byId("runs").replaceChildren(...items);
  if (focused) byId("runs").querySelector(`[data-run="${focused}"]`)?.focus();
  const chosen = state.runs?.find((run) => run.id === state.id);
  byId("chosen").textContent = chosen ? `${said(chosen.titles)} · ${t(`page_state_${chosen.state}`)}` : "";
  show("runs-fold", items.length > 0);
}

function drawChoices() {
  const { detail, chosen, card } = state;
  const when = (one) => `${one.shown} UTC${one.relative ? ` · ${said(one.relative)}` : ""}`;
  options("moment", detail.moments.map((one) => [one.as_of, when(one)]));
  options("window", detail.windows.map((one) => [one.name, said(one.words)]));
  options("model", detail.models.map((name) => [name, name === detail.baseline ? `${name} (${t("baseline_mark")})` : name]));
  if (card) options("magnitude", card.magnitudes.map((line) => [line.magnitude, `M≥${line.magnitude}`]));
  for (const id of ["moment", "window", "model", "magnitude"]) byId(id).value = chosen[id] ?? "";
}

function options(id, pairs) {
  byId(id).replaceChildren(...pairs.map(([value, text]) => h("option", { value }, text)));
}

function drawMapWords() {
  const { cells, events } = state;
  byId("legend-words").textContent = said(cells.legend);
  byId("map").setAttribute("aria-label", said(cells.caption));
  byId("events").textContent = said(events.words);
  const [low, high] = cells.colours.map(Math.log10);
  byId("ramp").style.setProperty("--ramp", [0, 0.2, 0.4, 0.6, 0.8, 1].map(colour).join(", "));
  const decades = Array.from({ length: Math.round(high - low) + 1 }, (_, i) => Math.round(low) + i);
  byId("ticks").replaceChildren(...decades.map((power) => h("span", {}, power === 0 ? "1" : `10${superscript(power)}`)));
  const rows = cells.highest.map((cell) =>
    h("tr", {}, h("td", {}, cell.place), h("td", { class: "n" }, cell.rate), h("td", { class: "n" }, cell.probability)));
  byId("highest").querySelector("tbody").replaceChildren(...rows);
}

const superscript = (power) => String(power).replace(/[-\d]/g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);

async function drawMap() {
  const { cells, events, id } = state;
  if (!cells) return;
  const land = await ground;
  drawing ??= mapping ? await movable(land) : "plain";
  if (drawing === "plain") {
    for (const part of ["plain", "no-webgl"]) show(part, true);
    show("map", false);
    byId("plain").setAttribute("aria-label", said(cells.caption));
    byId("highest").open = true;
    drawPlain(byId("plain"), land, cells, events);
    return;
  }
  await Promise.all([drawing.showCells(cells, fitted !== id), drawing.showEvents(events)]);
  fitted = id;
}

function webgl() {
  return document.createElement("canvas").getContext("webgl2") !== null;
}

async function movable(land) {
  const { makeMap } = await mapping;
  const made = makeMap(land, { describe, homeLabel: () => t("page_map_home") });
  globalThis.houfengMap = made.map; // for those who look under the bonnet, and for the tests
  return made;
}

/** What a popup says of a cell or an earthquake. */
function describe(properties) {
  if (properties.kind) return `M${properties.magnitude.toFixed(1)} · ${properties.time}`;
  const chance = 100 * -Math.expm1(-properties.rate);
  const digits = (value) => Number(value.toPrecision(2)).toLocaleString(current(), { maximumSignificantDigits: 2 });
  return t("page_cell", { n: digits(properties.rate), p: `${digits(chance)} %` });
}

await begin();
