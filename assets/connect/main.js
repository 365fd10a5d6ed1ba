// The embed page: finds out who embeds it, draws the modal and runs the path.

import { unreached } from "./api.js";
import { page } from "./brand.js";
import { Connect } from "./connect.js";
import { Embedder, EmbedderError } from "./embedder.js";
import { messages } from "./messages.js";
import { Modal } from "./modal.js";
import { decodeData, readOptions } from "./payload.js";
import { showLoading } from "./screens/loading.js";
import { showFailure } from "./screens/outcome.js";

const root = document.documentElement;
const stage = document.getElementById("latchkey");
const inbox = window.latchkeyInbox;

/** What the server wrote into the page. */
page.origins = (root.dataset.origins ?? "").split(" ").filter(Boolean);
page.readOptions = readOptions;
let again = "";
/** What few people need, read when it is asked for: most connect and go. */
page.later = async () => {
  try {
    if (!window.latchkeyLater) for (const script of root.dataset.later.split(" ")) await import(script + again);
  } catch {
    // Browsers keep that an address failed: the next try has another.
    again = `?${performance.now()}`;
    throw unreached();
  }
  return window.latchkeyLater;
};

async function run() {
  if (window.parent === window) {
    const modal = new Modal(stage, { onClose: () => {} });
    modal.setBrand({ name: "", picture: null, test: false, whiteLabel: page.whiteLabel });
    modal.setClosable(false);
    stage.hidden = false;
    showFailure(modal, { name: "inside", title: messages.inside.title, text: messages.inside.text, icon: "app-window", actions: [] });
    return;
  }

  const early = decodeData(inbox.data);
  inbox.data = null;
  page.setTheme(early?.appTheme);
  const embedder = new Embedder(inbox, page.origins);
  const modal = new Modal(stage, { onClose: () => connect.close() });
  const connect = new Connect({ stage, modal, embedder, page });
  embedder.onClose = () => connect.close();
  connect.drawBrand();
  addEventListener("pageshow", (event) => event.persisted && connect.restore());

  const stop = showLoading(modal, stage, { text: messages.loading.session, onGiveUp: () => connect.close() });
  let payload;
  try {
    payload = await embedder.met;
  } catch (error) {
    stop();
    modal.setClosable(false);
    const refused = error instanceof EmbedderError && error.reason === "refused";
    showFailure(modal, { name: "refused", title: refused ? messages.failure.embedderTitle : messages.failure.noEmbedderTitle, text: messages.failure.noEmbedder, icon: "ban", actions: [] });
    return;
  }
  stop();
  page.setTheme(payload.appTheme);
  await connect.begin(payload);
}

run();
