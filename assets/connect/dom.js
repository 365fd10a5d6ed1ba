// Building DOM without HTML text: Trusted Types forbid innerHTML on these pages, and names from outside stay text.

/**
 * Makes an element. `properties`: `class`, `text`, `on` (listeners by event), anything else becomes an attribute
 * (`true` is an empty one, `false`, `null` and `undefined` leave it out). Children that are null or false are skipped.
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  apply(node, properties);
  append(node, children);
  return node;
}

/** As `element`, in the SVG namespace. */
export function vector(tag, properties = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  apply(node, properties);
  append(node, children);
  return node;
}

function apply(node, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.setAttribute("class", value);
    else if (name === "text") node.textContent = value;
    else if (name === "on") for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
}

/** An icon of `icons/`, drawn in the colour of the text around it. It says nothing to screen readers. */
export function icon(name, size = 16) {
  return element("span", { class: `icon icon-${name}${size === 20 ? " icon-20" : ""}`, "aria-hidden": "true" });
}

/**
 * A logo on its tile: the picture, or the first letter when there is none or it may not be loaded. `{ address, pair }` is one
 * that has another for the other ground.
 */
export function logo(name, source, size = "") {
  const { address, pair } = typeof source === "string" ? { address: source } : (source ?? {});
  const tile = element("span", { class: `logo ${size}${pair ? " logo-pair" : ""}`.trim(), "aria-hidden": "true" });
  const letter = () => tile.replaceChildren(element("span", { class: "logo-letter", text: firstLetter(name) }));
  if (!address) {
    letter();
    return tile;
  }
  // Those of the list come as they are scrolled to: there may be a thousand.
  const loading = size === "" ? "lazy" : null;
  const picture = element("img", { alt: "", referrerpolicy: "no-referrer", decoding: "async", loading, on: { error: letter } });
  picture.src = address;
  tile.append(picture);
  return tile;
}

function firstLetter(name) {
  // A name in letters from right to left is isolated, see below: the marks are no letters.
  return (Array.from(name.replace(/[\u2066-\u2069]/g, "").trim())[0] ?? "?").toLocaleUpperCase();
}

/**
 * A name that came from outside, fit to stand in a sentence: control and direction characters out, cut at 80, and
 * isolated where it holds right-to-left letters, so that it cannot turn the words around it.
 */
export function safeName(text, fallback = "") {
  const clean = String(text ?? "")
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  if (clean === "") return fallback;
  const letters = Array.from(clean);
  const short = letters.length > 80 ? `${letters.slice(0, 79).join("").trimEnd()}…` : clean;
  return /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/.test(short) ? `\u2068${short}\u2069` : short;
}
