// Every state and page by axe-core, in the longest language on a phone, in dark.

import { accessible } from '../support/accessible.mjs';
import { lookOf } from '../support/looks.mjs';

accessible(lookOf('longest'));
