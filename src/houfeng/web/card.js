// The probability card: how likely, compared with usual, how sure, on what data, and who stands for it.

import { h, moment } from "./dom.js";
import { said, t } from "./words.js";

/** Fill `place` with the card for one magnitude. */
export function drawCard(place, card, line) {
  place.replaceChildren(
    stamps(card),
    h("p", { class: "what" }, h("b", {}, said(card.region.titles)), " · ", said(line.caption)),
    h("p", { class: "figure" }, h("output", { id: "probability", "data-probability": line.probability }, line.shown),
      line.one_in && h("small", {}, said(line.one_in))),
    h("p", { class: "compared" }, said(line.compared)),
    h("h3", {}, t("page_how_usual")),
    bars(card, line),
    h("h3", {}, t("page_how_sure")),
    h("p", {}, line.models.length > 1 ? `${said(line.spread.words)} ` : "", said(line.number_words)),
    h("p", {}, line.came ? said(line.came.words) : t("page_came_unknown")),
    h("details", {}, h("summary", {}, t("why")), h("p", {}, said(card.why.words)),
      card.why.contributors.length > 0 && h("ul", {}, card.why.contributors.map((c) => h("li", {}, `${c.shown} · ${c.share}`))),
      said(card.why.notes) && h("p", { class: "soft" }, said(card.why.notes))),
    facts(card),
    ...card.warnings.map((warning) => h("p", { class: "caution" }, `⚠ ${said(warning)}`)),
    h("p", { class: "legal" }, said(card.legal_notice)),
  );
}

/** Standing and label, as stamps. */
export function stamps(card) {
  return h("p", { class: "stamps" },
    card.simulated && h("strong", { class: "stamp loud" }, t("page_simulated")),
    h("strong", { class: `stamp ${card.state}` }, said(card.stamp)),
    " ",
    h("strong", { class: "stamp quiet" }, said(card.label_words)));
}

/** Every model of the run as a bar, the one chosen first, the long-term average last and grey. */
function bars(card, line) {
  const order = (entry) => (entry.model === card.model ? 0 : entry.model === card.baseline ? 2 : 1);
  const entries = [...line.models].sort((a, b) => order(a) - order(b));
  const most = Math.max(...entries.map((entry) => entry.probability), 1e-12);
  return h("ul", { class: "bars" }, entries.map((entry) => {
    const usual = entry.model === card.baseline;
    const bar = h("span", { class: "bar" });
    bar.style.setProperty("--part", `${(100 * entry.probability) / most}%`);
    const kind = entry.model === card.model ? "mine" : usual ? "usual" : "other";
    return h("li", { class: kind }, h("span", { class: "name" }, usual ? t("col_baseline") : entry.model), bar,
      h("span", { class: "value" }, entry.shown));
  }));
}

function facts(card) {
  const rows = [
    [t("page_who"), card.state === "draft" ? t("page_nobody") : t("page_by", { authority: card.authority })],
    [t("page_moment"), moment(card.as_of)],
    [t("col_window"), `${moment(card.window.start)} – ${moment(card.window.end)}`],
    [t("fact_data_end"), moment(card.data_end) + (card.data_age_days > 0 ? ` (${t("page_data_age", { age: said(card.data_age) })})` : "")],
    [t("col_model"), card.model],
    [t("fact_source"), card.source],
  ];
  return h("dl", {}, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}
