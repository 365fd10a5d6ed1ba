// The texts of this page's language. They come as `window.latchkeyTexts`, from the script of that language, which the
// server makes of `locales/*/connect.ftl`. Here they become what the other modules read: `messages.pick.title` is a text,
// `messages.pick.lead({ app })` one with variables.

const { direction, texts } = window.latchkeyTexts;

/** The page's language as a BCP 47 tag, for `lang` and for Intl. */
export const language = window.latchkeyTexts.language;

const numbers = new Intl.NumberFormat(language);
const plurals = new Intl.PluralRules(language);

export const messages = {};
for (const [name, message] of Object.entries(texts)) {
  const [group, ...words] = name.split("-");
  const key = words.map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join("");
  messages[group] ??= {};
  messages[group][key] = typeof message === "string" ? message : (values) => written(message, values);
}

/** A message is a text, or a list of texts, variables `{ v }` and choices `{ v, of, else }`. */
function written(message, values) {
  if (typeof message === "string") return message;
  return message
    .map((part) => {
      if (typeof part === "string") return part;
      const value = values[part.v];
      return part.of ? written(chosen(part, value), values) : shown(value);
    })
    .join("");
}

function chosen(part, value) {
  const category = typeof value === "number" ? plurals.select(value) : value;
  const exact = Object.hasOwn(part.of, value) ? part.of[value] : undefined;
  return exact ?? (Object.hasOwn(part.of, category) ? part.of[category] : part.of[part.else]);
}

/** A name among words that run from right to left is kept together, full stop and brackets and all. */
function shown(value) {
  const text = typeof value === "number" ? numbers.format(value) : String(value ?? "");
  return direction === "rtl" && typeof value !== "number" && !text.startsWith("\u2068") ? `\u2068${text}\u2069` : text;
}

/**
 * Why something failed, by its short name. In English the server's own sentence says more; in another language a text that
 * can be read goes before one that cannot.
 */
export function problem(reason, service, said) {
  const key = String(reason ?? "").replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  const known = language !== "en" && messages.problem[key];
  if (!known) return said;
  const text = typeof known === "string" ? known : known({ service });
  // The service's own words stay as they are.
  const quoted = /“(.+)”/su.exec(said ?? "")?.[1];
  return quoted ? `${text} ${messages.approval.said({ service, said: quoted })}` : text;
}

/** A message with a node in the place of its variable: `around((name) => messages.explain.owner({ owner: name }), node)`. */
export function around(message, node) {
  const [before, after] = message("\ufffc").split("\ufffc");
  return [before, node, after];
}

/** A text as the beginning of a sentence: the stand-in for an unknown app's name is written small elsewhere. */
export function sentence(text) {
  const { fallbackApp } = messages.brand;
  return text.startsWith(fallbackApp) ? fallbackApp.charAt(0).toLocaleUpperCase(language) + text.slice(1) : text;
}
