// Check mode: the customer's page came back from the service and asks what became of it. No session is needed; the
// outcome is read with the handle, reported once, and there is no second try (the page listens for one result only).

import { ApiError, checkResult } from "./api.js";
import { messages } from "./messages.js";
import { primaryButton } from "./modal.js";
import { showChecking, sign } from "./screens/progress.js";
import { sleep } from "./watch.js";

const unfinishedAfter = 3000;
const giveUpAfter = 30_000;

/** Resolves to the final status. `onClose` is for the person who does not want to wait. */
export async function awaitReturn({ modal, result, onClose }) {
  const since = performance.now();
  for (;;) {
    const status = await look(result);
    if (status && status.status !== "pending") return status;
    const waited = performance.now() - since;
    const before = status === null || ["created", "bound", "confirming", "away", "choosing"].includes(status.stage);
    if (before && waited > giveUpAfter) return { status: "error", stage: "expired", message: messages.failure.timedOut, connection: null, code: "expired" };
    if (before && waited > unfinishedAfter && modal.state !== "unfinished") showUnfinished(modal, onClose);
    if (!before && modal.state !== "verifying") showChecking(modal, { onClose });
    await sleep(1000);
  }
}

function showUnfinished(modal, onClose) {
  modal.show({
    name: "unfinished",
    title: messages.check.unfinishedTitle,
    before: [sign("clock")],
    lead: messages.check.unfinishedText,
    actions: [primaryButton(messages.brand.close, onClose)],
    centred: true,
  });
}

async function look(result) {
  try {
    return await checkResult(result);
  } catch (error) {
    const gone = error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429;
    return gone ? { status: "error", stage: "expired", message: error.message || messages.failure.timedOut, connection: null, code: "expired" } : null;
  }
}
