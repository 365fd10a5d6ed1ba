// `@withone/auth` in a real Chromium, popup and same window, against `latchkey dev`.

import { COLUMNS, describeSdk } from './support/sdks.mjs';

for (const column of COLUMNS.one) describeSdk(column);
