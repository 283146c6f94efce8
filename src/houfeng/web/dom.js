// Making elements. Text is always set as text: nothing from the store is ever read as HTML.

/** An element with attributes and children (strings become text; null and false are left out). */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== false && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Show or hide by id. */
export function show(id, shown) {
  byId(id).hidden = !shown;
}

/** An ISO time as people read it. */
export const moment = (iso, seconds = false) => `${iso.slice(0, seconds ? 19 : 16).replace("T", " ")} UTC`;

/** Ask the service; what it answers, or an error with its message. */
export async function ask(path) {
  const response = await fetch(path);
  const value = await response.json();
  if (!response.ok) throw new Error(value.error?.message ?? response.statusText);
  return value;
}
