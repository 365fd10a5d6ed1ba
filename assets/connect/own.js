// The screens of one's own connections as a script of their own: the modal reads it when they are asked for.

import { OwnConnections } from "./screens/own.js";

window.latchkeyOwnConnections = OwnConnections;
