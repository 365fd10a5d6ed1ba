// How a project looks, as the server says it: colours, corners and fonts as values of our own properties, pictures, words.

import { language } from "./messages.js";

const root = document.documentElement;

/** What the pages know of it before the server said more. */
export const page = {
  project: root.dataset.project ?? "",
  logo: root.dataset.logo ?? null,
  darkLogo: root.dataset.logoDark ?? null,
  whiteLabel: root.dataset.whiteLabel === "true",
  branding: {},
  setTheme(theme) {
    if (theme) root.dataset.theme = theme;
  },
  brandWith(branding, chosenTheme) {
    if (!branding) return;
    this.branding = branding;
    if (!chosenTheme) this.setTheme(branding.theme);
    for (const [name, value] of Object.entries(branding.style ?? {})) if (name.startsWith("--")) root.style.setProperty(name, value);
  },
  /** The project's own text in this language, else in English; null where there is none. */
  words(name) {
    const { texts = {} } = this.branding;
    const own = texts[language]?.[name];
    if (own) return own;
    const english = texts.en?.[name];
    // Among words that run the other way it is kept together.
    return english && root.dir === "rtl" ? `\u2068${english}\u2069` : (english ?? null);
  },
  /** The logo on the ground that it will stand on. */
  picture(light, dark) {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    return dark ? { address: isDark ? dark : (light ?? dark), pair: true } : light;
  },
};
