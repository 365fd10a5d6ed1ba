// /connect/choose: the list in the window that was at the service. Where the modal behind this window has it too, the
// window goes; where it cannot, or stays for the customer's confirmation, the person chooses here.

import { ApiError, chooseOne, readChoices } from "./api.js";
import { page } from "./brand.js";
import { safeName } from "./dom.js";
import { messages } from "./messages.js";
import { Modal } from "./modal.js";
import { showChoose } from "./screens/choose.js";
import { showLoading } from "./screens/loading.js";
import { showFailure } from "./screens/outcome.js";
import { showVerifying } from "./screens/progress.js";
import { sleep } from "./watch.js";

const closingTime = 600;

const stage = document.getElementById("latchkey");
const { flow } = stage.dataset;
const modal = new Modal(stage, { onClose: () => {} });
modal.setClosable(false);

async function run() {
  const stop = showLoading(modal, stage, { text: messages.loading.title, onGiveUp: () => location.reload() });
  let view;
  try {
    view = await readChoices(null, flow);
  } catch (error) {
    return failed(error, run);
  } finally {
    stop();
  }
  const app = safeName(view.app.name, messages.brand.fallbackApp);
  page.brandWith(view.branding, null);
  const picture = page.picture(view.app.logo, view.branding?.logo_dark_url ?? null);
  modal.setBrand({ name: app, picture, test: view.environment === "test", whiteLabel: view.white_label, branding: view.branding });
  const who = { app, appPicture: picture, service: safeName(view.service.name), serviceLogo: view.service.logo };
  if (view.elsewhere && window.opener && !window.opener.closed) {
    window.close();
    await sleep(closingTime);
  }
  draw(who, view);
}

function draw(who, view, unsent = false) {
  const send = async (pick) => {
    showVerifying(modal, { who, onClose: () => location.reload() });
    try {
      leave((await chooseOne(null, flow, pick)).url);
    } catch (error) {
      if (error instanceof ApiError && (error.status === 0 || error.status >= 500)) draw(who, view, true);
      else failed(error, run);
    }
  };
  showChoose(modal, { who, choices: view.choices, changed: view.changed, unsent, onChoose: send, onCancel: () => send(null) });
}

/** What is over, and what another window did, is said where every sign-in ends. */
function failed(error, retry) {
  if (!(error instanceof ApiError)) throw error;
  if (error.status === 409 || error.status === 410 || error.status === 404) return leave(null);
  return showFailure(modal, {
    title: messages.failure.serverTitle,
    text: error.status >= 500 ? messages.failure.server : error.message,
    reference: error.reference,
    actions: [{ label: messages.failure.retry, run: retry }],
  });
}

function leave(url) {
  location.replace(/^https?:\/\//i.test(url ?? "") ? url : `/connect/done?f=${encodeURIComponent(flow)}`);
}

// Back from where this page went on to: what was true then is not now.
addEventListener("pageshow", (event) => event.persisted && location.reload());

run();
