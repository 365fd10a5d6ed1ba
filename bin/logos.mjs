// Tiles of 40 by 40 with a service's mark. The tile is white, so that it looks the same on light and on dark; a mark too
// pale for white stands in black or white on a tile of its own colour.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as icons from "simple-icons";

/** Logos by file name, where the mark is not called the same. */
const MARKS = {
  mcp: "modelcontextprotocol",
  mistral: "mistralai",
  oidc: "openid",
  wikimedia: "wikimediafoundation",
};

/** Drawn by hand, or in place of a mark that the set does not have. */
const OWN = new Set(["latchkey", "openai", "salesforce", "sandbox", "slack"]);

/** Below this contrast with white a mark is hardly seen. The owners' colours are theirs, so it is not WCAG's 3:1. */
const LEAST_CONTRAST = 1.8;

const root = fileURLToPath(new URL("..", import.meta.url));
const bySlug = new Map(Object.values(icons).map((icon) => [icon.slug, icon]));
const checking = process.argv.includes("--check");
const problems = [];

for (const [logo, files] of named()) {
  if (OWN.has(logo)) continue;
  const slug = MARKS[logo] ?? logo.replaceAll("-", "");
  const icon = bySlug.get(slug);
  if (!icon) {
    problems.push(`${files.join(", ")}: there is no mark \`${slug}\`. Without \`logo\` the service has a monogram.`);
  } else if (icon.license) {
    problems.push(`${files.join(", ")}: the mark \`${slug}\` has a licence of its own (${icon.license.url}).`);
  } else {
    write(`assets/logos/${logo}.svg`, tile(icon));
  }
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length ? 1 : 0;

/** The logos that definitions name, with the files that do. */
function named() {
  const logos = new Map();
  for (const file of readdirSync(join(root, "integrations")).filter((name) => name.endsWith(".yaml"))) {
    const logo = /^logo: *([a-z0-9-]+)\s*$/m.exec(readFileSync(join(root, "integrations", file), "utf8"))?.[1];
    if (logo) logos.set(logo, [...(logos.get(logo) ?? []), `integrations/${file}`]);
  }
  return logos;
}

function tile({ hex, path }) {
  const pale = contrast(hex, "FFFFFF") < LEAST_CONTRAST;
  const [ground, mark] = pale ? [hex, contrast(hex, "000000") < 4.5 ? "FFFFFF" : "000000"] : ["FFFFFF", hex];
  const colour = (value) => `#${value.toLowerCase()}`.replace(/^#(.)\1(.)\2(.)\3$/, "#$1$2$3");
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">` +
    `<rect width="40" height="40" rx="8" fill="${colour(ground)}"/>` +
    `<path transform="translate(8 8)" fill="${colour(mark)}" d="${path}"/></svg>\n`
  );
}

/** The contrast of two colours (WCAG 2.2, 1 to 21). */
function contrast(one, other) {
  const luminance = (hex) => {
    const [red, green, blue] = [0, 2, 4].map((at) => {
      const part = parseInt(hex.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function write(file, text) {
  const path = join(root, file);
  if (!checking) return writeFileSync(path, text);
  let now = "";
  try {
    now = readFileSync(path, "utf8");
  } catch {
    // Not there: it differs.
  }
  if (now !== text) problems.push(`${file}: bin/logos would change it.`);
}
