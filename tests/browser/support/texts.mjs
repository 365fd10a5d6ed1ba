// The texts of our pages, from the same message files, put together by Fluent's own JavaScript: what our scripts make of
// them is compared with it by finding things on the pages.

import { FluentBundle, FluentResource } from '@fluent/bundle';
import { readFileSync, readdirSync } from 'node:fs';

const LOCALES = new URL('../../../locales/', import.meta.url);

/** Every language that there are texts in. */
export const LANGUAGES = readdirSync(LOCALES).sort();

/** Whether a language runs from right to left. */
export const directionOf = (language) => (language === 'ar' ? 'rtl' : 'ltr');

/** Gives `say(key, values)`, the text of a message in that language. */
export function textsOf(language) {
  const bundle = new FluentBundle(language, { useIsolating: directionOf(language) === 'rtl' });
  bundle.addResource(new FluentResource(readFileSync(new URL(`${language}/connect.ftl`, LOCALES), 'utf8')));
  return (key, values = {}) => {
    const message = bundle.getMessage(key);
    if (!message?.value) throw new Error(`no text ${key} in ${language}`);
    return bundle.formatPattern(message.value, values);
  };
}

/** The language whose texts of the modal are the longest, of those with an alphabet: the one that the layout is tried with. */
export const LONGEST = LANGUAGES.filter((language) => !['ar', 'ja', 'ko', 'zh-Hans'].includes(language))
  .map((language) => ({ language, length: readFileSync(new URL(`${language}/connect.ftl`, LOCALES), 'utf8').replaceAll(/^#.*$/gm, '').length }))
  .sort((left, right) => right.length - left.length)[0].language;
