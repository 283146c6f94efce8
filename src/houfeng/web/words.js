// Words in two languages: all of them come from the service, none is written here.

const KEPT = "houfeng-language";
let table = {};
let language = "en";

/** The language of the page: "en" or "zh". */
export const current = () => language;

/** Fetch the catalogue and choose the language: ?lang=, else the one kept, else the browser's. */
export async function load(ask) {
  table = (await ask("/api/messages")).messages;
  const asked = new URLSearchParams(location.search).get("lang") ?? kept() ?? navigator.language;
  use(asked.startsWith("zh") ? "zh" : "en");
}

/** One message with its values filled in. */
export function t(key, values = {}) {
  const text = table[key]?.[language];
  if (text === undefined) throw new Error(`no message '${key}'`);
  return text.replace(/\{(\w+)[^}]*\}/g, (whole, name) => values[name] ?? whole);
}

/** What the service says in both languages, in the one of the page. */
export const said = (both) => (typeof both === "object" && both !== null ? both[language] : (both ?? ""));

/** Change to the other language. */
export function toggle() {
  use(language === "en" ? "zh" : "en");
  const address = new URL(location.href);
  address.searchParams.set("lang", language);
  history.replaceState(null, "", address);
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // A browser that keeps nothing still has the address.
  }
}

function use(name) {
  language = name;
  document.documentElement.lang = name === "zh" ? "zh-Hans" : "en";
  document.title = t("page_title");
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
}

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}
