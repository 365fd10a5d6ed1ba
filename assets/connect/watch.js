// Reading the outcome of a flow: by stream, and by asking again and again where streams do not come through.
// Both feed one function, so an outcome counts once.

import { ApiError, checkResult, openEvents } from "./api.js";

const firstByteTime = 3000;
const silenceTime = 25_000;
const quickPoll = 1000;
const calmPoll = 3000;
const calmAfter = 60_000;
const longestWatch = 20 * 60_000;

/**
 * Calls `onStatus` with each status until it is no longer pending or `signal` aborts. `nudge` is an EventTarget: its
 * event `look` asks for a look at once (the window closed, the page came to the front).
 */
export function watchResult({ result, flow, signal, onStatus, nudge }) {
  const since = performance.now();
  let over = false;

  function deliver(status) {
    if (over || signal.aborted) return;
    over = status.status !== "pending";
    onStatus(status);
  }

  async function look() {
    if (performance.now() - since > longestWatch) return deliver(lost);
    try {
      deliver(await checkResult(result, signal));
    } catch (error) {
      // Not there any more, or never was. Anything else is a bad moment of the network: ask again.
      if (error instanceof ApiError && (error.status === 404 || error.status === 401)) deliver(lost);
    }
  }

  const lookNow = () => !over && look();
  nudge.addEventListener("look", lookNow, { signal });
  for (const type of ["focus", "online", "pageshow"]) addEventListener(type, lookNow, { signal });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && lookNow(), { signal });

  (async () => {
    let streaming = true;
    while (!over && !signal.aborted) {
      if (streaming) {
        streaming = await readStream(result, flow, signal, deliver);
      } else {
        await look();
        const pause = performance.now() - since < calmAfter ? quickPoll : calmPoll;
        await sleep(pause * (0.8 + 0.4 * Math.random()));
      }
    }
  })();
}

/** The status that stands for "the server knows nothing of it any more". */
export const lost = { status: "error", stage: "expired", connection: null, message: null, code: "expired", verify_url: null };

/** One stream to its end. True when it ended as planned and may be opened again, false when streams do not work here. */
async function readStream(result, flow, signal, deliver) {
  const attempt = new AbortController();
  signal.addEventListener("abort", () => attempt.abort(), { signal: attempt.signal });
  let timer = setTimeout(() => attempt.abort(), firstByteTime);
  try {
    const response = await openEvents(result, flow, attempt.signal);
    if (!response.ok || !response.body) return false;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return true;
      clearTimeout(timer);
      timer = setTimeout(() => attempt.abort(), silenceTime);
      const blocks = (buffer + value.replaceAll("\r", "")).split("\n\n");
      buffer = blocks.pop();
      for (const block of blocks) deliverBlock(block, deliver);
    }
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    attempt.abort();
  }
}

function deliverBlock(block, deliver) {
  const lines = block.split("\n");
  const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
  if (data.length === 0) return;
  try {
    deliver(JSON.parse(data.join("\n")));
  } catch {
    // Half a message is no message; the next one, or the poll, tells.
  }
}

export function sleep(time) {
  return new Promise((resolve) => setTimeout(resolve, time));
}
