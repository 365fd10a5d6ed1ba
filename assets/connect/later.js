// What few people need, as a script of its own that the modal reads when it is asked for.

import { awaitReturn } from "./check.js";
import { showChoose, showChooseElsewhere } from "./screens/choose.js";
import { showCode } from "./screens/code.js";
import { OwnConnections } from "./screens/own.js";
import { showWebView } from "./screens/webview.js";

window.latchkeyLater = { awaitReturn, showChoose, showChooseElsewhere, showCode, OwnConnections, showWebView };
