// The looks that every state is tried in, and how to get a state on the screen in one of them.

import { modal } from './modal.mjs';
import { reachState } from './states.mjs';
import { LONGEST, textsOf } from './texts.mjs';

const DESKTOP = { width: 560, height: 700 };
const PHONE = { width: 390, height: 844 };

/** `language` is the one that the browser asks for; the rest is how a context is opened. */
export const LOOKS = [
  { name: 'light', language: 'en', theme: 'light', viewport: DESKTOP },
  { name: 'dark', language: 'en', theme: 'dark', viewport: DESKTOP },
  { name: 'phone', language: 'en', theme: 'light', viewport: PHONE },
  { name: 'right to left', language: 'ar', theme: 'light', viewport: DESKTOP },
  { name: 'longest', language: LONGEST, theme: 'dark', viewport: PHONE },
];

/** The one of this name. */
export const lookOf = (wanted) => LOOKS.find(({ name }) => name === wanted);

/** A fresh profile in this look. Nothing moves: pictures and contrasts are those of a screen at rest. */
export function openLook(suite, look, entry = {}) {
  const { name: _name, language, ...options } = look;
  return suite.chromium.context({ ...options, locale: language, reducedMotion: 'reduce', ...entry.context });
}

/** Opens the modal in the customer's page and goes to the state of `entry`. Gives the page, the modal and its frame. */
export async function showState(suite, look, entry) {
  const context = await openLook(suite, look, entry);
  const { page, at } = await reachState(entry, context, async (_context, sdk, options) => {
    const page = await context.newPage();
    await page.goto(suite.host.shop(sdk, { ...options, appTheme: look.theme }));
    await page.getByRole('button', { name: 'Connect' }).click();
    return { page, at: modal(page, page.frameLocator('#event-link'), textsOf(look.language)) };
  });
  // Fonts, logos and the last announcement.
  await page.waitForTimeout(150);
  const frame = await (await page.locator('#event-link').elementHandle()).contentFrame();
  return { context, page, at, frame };
}
