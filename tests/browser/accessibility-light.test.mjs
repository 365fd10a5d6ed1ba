// Every state and page by axe-core, in light and from left to right.

import { accessible } from './support/accessible.mjs';
import { lookOf } from './support/looks.mjs';

accessible(lookOf('light'));
