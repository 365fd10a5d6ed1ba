// Where things are in Latchkey's own pages, by role and name, as a person finds them. All selectors live here.

import { sleep } from './net.mjs';
import { textsOf } from './texts.mjs';

/**
 * A button that takes its frame away. The driver may then wait for the answer of a frame that is gone, so after a moment a
 * press is left to itself: what came of it, the test looks at.
 */
export function leaving(button) {
  const own = Object.create(button);
  own.click = async (options) => {
    await button.waitFor();
    const pressed = button.click(options);
    pressed.catch(() => {});
    await Promise.race([pressed, sleep(3000)]);
  };
  return own;
}

/** A button after which its page may close itself: that the page is gone is no failure of the press. */
function ending(page, button) {
  const own = Object.create(button);
  own.click = (options) => button.click(options).catch((error) => {
    if (!page.isClosed()) throw error;
  });
  return own;
}

/** The modal in the customer's page, or in any other frame; `say` gives its texts where it is not in English. */
export function modal(page, frame = page.frameLocator('#event-link'), say = textsOf('en')) {
  const button = (name) => frame.getByRole('button', { name });
  /** The dialog while it shows this screen; the names are those of the modal's states. */
  const screen = (name) => frame.locator(`[role="dialog"][data-state="${name}"]`);
  const at = {
    frame,
    screen,
    dialog: frame.getByRole('dialog'),
    search: frame.getByRole('combobox', { name: say('pick-search') }),
    title: (name) => frame.getByRole('heading', { level: 1, name }),
    /** A row of the list; its accessible name begins with the service's name. */
    row: (name) => frame.getByRole('option', { name: startsWith(name) }).first(),
    connect: (name) => frame.getByRole('button', { name: say('explain-button', { service: name }), exact: true }),
    back: button(say('brand-back')),
    /** In the header of every screen; a screen may have another one in its foot. */
    close: leaving(button(say('brand-close')).first()),
    done: leaving(button(say('success-done'))),
    tryAgain: button(say('failure-retry')),
    cancel: button(say('waiting-cancel')),
    otherWay: button(say('waiting-other')),
    reconnect: (name) => frame.getByRole('button', { name: say('explain-reconnect-button', { service: name }), exact: true }),
    /** A row of the list of what a sign-in reaches. */
    choice: (name) => frame.getByRole('listbox', { name: say('choose-list') }).getByRole('option', { name: startsWith(name) }).first(),
    /** The search above that list, where it is long. */
    choiceSearch: frame.getByRole('combobox', { name: say('choose-search') }),
    /** After a partial grant. */
    rest: button(say('partial-rest')),
    /** On the screen of a service that is connected already. */
    another: button(/^Connect another .* account$/),
    /** From the list to the person's own connections; the number in brackets differs. */
    own: button(startsWith(say('pick-own', { count: 0 }).split(/[\u2068(（]/)[0].trim())),
    /** A connection of the person's own by what stands in its row. */
    ownRow: (text) => frame.getByRole('listitem').filter({ hasText: text }),
    /** On the screen that asks before it disconnects: for good, and not. */
    disconnect: screen('disconnect').locator('.modal-foot .button-secondary'),
    keep: screen('disconnect').locator('.modal-foot .button-primary'),
    backToOwn: frame.getByRole('button', { name: say('manage-back'), exact: true }),
    /** Where a code is entered at the service: the link there, and the code. */
    openPage: (name) => frame.getByRole('link', { name: say('code-open', { service: name }) }),
    userCode: screen('code').locator('.user-code code'),
    openAgain: button(/^Open it again/),
    /** A field of the key form by its label. */
    field: (label) => frame.getByLabel(label, { exact: true }),
    /** What the server said about the whole form. */
    notice: frame.getByRole('alert'),
    fieldError: frame.locator('.field-error:not([hidden])'),
    /** The screen of everything that went wrong. */
    failure: screen('failure'),
    success: (name) => screen('success').getByText(`${name} is connected`),

    /** From the list to the service, also when it is connected already. */
    async choose(name) {
      await at.row(name).click();
      await screen('explain').or(screen('form')).or(screen('connected')).waitFor();
      if (await screen('connected').isVisible()) await at.another.click();
    },
    /** From the list to the screen with "Connect NAME". */
    async pick(name) {
      await at.choose(name);
      await at.connect(name).waitFor();
    },
    /** Picks a service and signs in in the popup; gives the popup's page. */
    async openPopup(name, context = page.context()) {
      await at.pick(name);
      const [popup] = await Promise.all([context.waitForEvent('page'), at.connect(name).click()]);
      return popup;
    },
    /** Picks a service with a key and sends the form. */
    async enterKey(name, label, key) {
      await at.choose(name);
      await at.field(label).fill(key);
      await at.connect(name).click();
    },
  };
  return at;
}

/** A provider's sign-in page: ours in support/provider.mjs, and the built-in sandbox. */
export const consent = (page) => ({
  allow: ending(page, page.getByRole('button', { name: /^Allow/ })),
  deny: ending(page, page.getByRole('button', { name: /^Deny/ })),
});

/** `/connect/confirm`. */
export const confirmPage = (page) => ({
  proceed: page.getByRole('button', { name: /^Continue/ }),
  notMe: page.getByRole('button', { name: /not me/ }),
  code: page.getByRole('textbox'),
});

/** The demo page of `latchkey dev`. */
export const demoPage = (page) => ({
  connect: page.getByRole('button', { name: /^Connect/ }).first(),
  frame: page.frameLocator('iframe'),
  call: page.getByRole('button', { name: /^Call/ }),
  answer: page.locator('[aria-live] pre'),
});

/** Label of the key field of integrations/test-key.yaml. */
export const KEY_LABEL = 'API key';
/** Label of the field that `showNameInput` adds. */
export const NAME_LABEL = 'Name of this connection';
/** The text of the page that a top-level visit of the embed address gets. */
export const OPENS_INSIDE_AN_APP = /inside an app/i;

const startsWith = (name) => new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);
