// The scoreboard: what fails is marked by a sign and words, not by colour alone.

import { byId, h, show } from "./dom.js";
import { said, t } from "./words.js";

const SIGNS = { good: ["✓", "page_good"], bad: ["✗", "page_bad"] };

/** Fill the section #board; null hides it. */
export function drawBoard(board) {
  show("board", board !== null);
  if (board === null) return;
  byId("board-title").textContent = said(board.title);
  byId("board-intro").textContent = said(board.intro);
  const [head, body] = byId("board").querySelectorAll("thead, tbody");
  const columns = board.columns.map((column, i) => h("th", { scope: "col", class: i ? "n" : null }, said(column)));
  head.replaceChildren(...(board.rows.length ? [h("tr", {}, columns)] : []));
  let group = null;
  const lines = board.rows.flatMap((row) => {
    const line = h("tr", { class: row.quiet ? "quiet" : null }, row.cells.map(cell));
    if (said(row.group) === group || !row.group) return [line];
    group = said(row.group);
    return [h("tr", { class: "group" }, h("th", { scope: "rowgroup", colspan: board.columns.length }, group)), line];
  });
  body.replaceChildren(...lines);
  byId("board-notes").replaceChildren(...board.notes.map((note) => h("p", {}, said(note))));
}

function cell({ text, small, mark }, i) {
  const [sign, words] = SIGNS[mark] ?? [];
  return h("td", { class: [i ? "n" : "", mark ?? ""].join(" ").trim() || null },
    said(text),
    sign && h("span", { class: "mark", role: "img", "aria-label": t(words), title: t(words) }, ` ${sign}`),
    small && h("small", {}, ` ${small === "baseline" ? t("baseline_mark") : small}`));
}
