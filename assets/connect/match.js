// Finding a service by what people type: its name, its other names, its category; a slip of the finger is forgiven.

/** The integrations that fit `query`, best first; all of them, in their own order, for an empty query. */
export function findIntegrations(integrations, query) {
  const wanted = fold(query);
  if (wanted === "") return integrations;
  return integrations
    .map((integration, index) => ({ integration, index, score: scoreIntegration(integration, wanted) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .map(({ integration }) => integration);
}

function scoreIntegration(integration, wanted) {
  const { names, categories, words } = folded(integration);
  const best = Math.max(...names.map((name, index) => scoreName(name, wanted) - (index === 0 ? 0 : 1)));
  if (best > 0) return best;
  if (categories.some((category) => category.startsWith(wanted))) return 20;
  if (wanted.length > 2 && words.some((word) => word.startsWith(wanted))) return 10;
  // Several words in any order, each of which has to be found somewhere.
  const parts = wanted.split(" ");
  const all = [...names.flatMap((name) => name.split(" ")), ...categories];
  return parts.length > 1 && parts.every((part) => all.some((word) => word.startsWith(part))) ? 30 : 0;
}

const cache = new WeakMap();

/** What a search compares, made once for each integration: a thousand of them are gone through at each letter. */
function folded(integration) {
  let entry = cache.get(integration);
  if (!entry) {
    entry = {
      names: [integration.name, integration.id, ...integration.aliases].map(fold),
      categories: integration.categories.map(fold),
      words: fold(integration.description).split(" "),
    };
    cache.set(integration, entry);
  }
  return entry;
}

function scoreName(name, wanted) {
  if (name === wanted) return 100;
  if (name.startsWith(wanted)) return 90;
  if (name.split(" ").some((word) => word.startsWith(wanted))) return 80;
  if (name.includes(wanted)) return 70;
  if (wanted.length >= 3 && isWithinOneSlip(name.slice(0, wanted.length + 1), wanted)) return 50;
  return wanted.length >= 2 && isSubsequence(wanted, name) ? 40 : 0;
}

function isSubsequence(wanted, name) {
  if (wanted[0] !== name[0]) return false;
  let at = 0;
  for (const letter of name) if (letter === wanted[at]) at += 1;
  return at === wanted.length;
}

/** One letter wrong, missing, too many, or two swapped, against the beginning of the name. */
function isWithinOneSlip(beginning, wanted) {
  let at = 0;
  while (at < wanted.length && wanted[at] === beginning[at]) at += 1;
  const [restWanted, restName] = [wanted.slice(at), beginning.slice(at)];
  const swapped = restWanted.length > 1 && restWanted[0] === restName[1] && restWanted[1] === restName[0];
  return (
    restName.startsWith(restWanted.slice(1)) ||
    restName.slice(1).startsWith(restWanted) ||
    restName.slice(1).startsWith(restWanted.slice(1)) ||
    (swapped && restName.slice(2).startsWith(restWanted.slice(2)))
  );
}

/** Lower case, without accents, punctuation as one space. */
export function fold(text) {
  return String(text ?? "")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLocaleLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

/**
 * The integration that `selectedConnection` names: exact title of a row, then a definition id, then title or platform
 * without regard to case. Null when nothing fits, and then the list opens.
 */
export function findSelected(selected, integrations, rows) {
  if (!selected) return null;
  const byType = (row) => row && integrations.find((integration) => integration.id === row.type);
  const same = (value) => fold(value) === fold(selected);
  return (
    byType(rows.find((row) => row.title === selected)) ??
    integrations.find((integration) => integration.name === selected) ??
    byType(rows.find((row) => [row.connectionDefId, row.connectionDefinitionId].some((id) => id !== undefined && String(id) === selected))) ??
    byType(rows.find((row) => same(row.title) || same(row.type))) ??
    integrations.find((integration) => same(integration.name) || same(integration.id)) ??
    null
  );
}
