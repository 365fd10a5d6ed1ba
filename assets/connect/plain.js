// The pages that the server writes whole: what their buttons do.

import { offerClosing } from "./closing.js";
import { makeCopyable } from "./reference.js";

const button = document.getElementById("page-close");

makeCopyable();
if (button) offerClosing(button);
