// Every state and page by axe-core, in dark and from right to left.

import { accessible } from '../support/accessible.mjs';
import { lookOf } from '../support/looks.mjs';

accessible({ ...lookOf('right to left'), theme: 'dark' });
