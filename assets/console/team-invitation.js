// /console/invitation: a new colleague chooses a password; one who is known signs in, comes back and joins.

const KEPT = "lk_invitation";
const whole = /^[\w-]{43}$/;

// Behind `#`, where no server sees it unasked; or kept in this tab while its person signs in.
const given = location.hash.slice(1);
const secret = whole.test(given) ? given : (sessionStorage.getItem(KEPT) ?? "");
sessionStorage.removeItem(KEPT);
// Not in the history, and not on a screen that is shared.
history.replaceState(null, "", location.pathname);

const byId = (id) => document.getElementById(id);
const root = byId("invitation");
const title = byId("title");

async function call(path, body) {
  let response;
  try {
    response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    return { status: 0, body: { message: "The server cannot be reached. Check your network and try again." } };
  }
  // Signed out meanwhile: the answer is the way to the sign-in.
  if (response.redirected) return { status: 401, body: { message: "You are not signed in any more. Open the link again." } };
  return { status: response.status, body: await response.json().catch(() => ({ message: "The server answered with something else. Try again." })) };
}

function say(state, heading, text) {
  root.dataset.state = state;
  title.textContent = heading;
  byId("lead").textContent = text;
  title.focus();
}

function stop(text) {
  for (const id of ["new", "sign-on", "join-part", "sign-in", "sign-out"]) byId(id)?.toggleAttribute("hidden", true);
  say("over", "This invitation opens nothing", text);
  byId("on").hidden = false;
}

/** Only to pages of our own. */
const go = (next) => location.replace(next?.startsWith("/console") ? next : "/console");

function show({ email, role, project, known, theirs, signed_in_as: signedInAs }) {
  const where = project ?? "all projects of this server";
  if (theirs) {
    say("joining", `Join ${where}`, `You are signed in as ${email}. Your role will be ${role}.`);
    byId("join-part").hidden = false;
    byId("join").focus();
  } else if (signedInAs) {
    sessionStorage.setItem(KEPT, secret);
    say("another", "This invitation is for somebody else", `It is for ${email}, and you are signed in as ${signedInAs}. Sign out, then open the link again.`);
    byId("sign-out").hidden = false;
    byId("on").hidden = false;
  } else if (known) {
    sessionStorage.setItem(KEPT, secret);
    say("known", `Join ${where}`, `${email} has an account here already. Sign in with it to join with the role ${role}.`);
    byId("sign-in").hidden = false;
  } else {
    say("new", `Join ${where}`, `You sign in as ${email} from now on, with the role ${role}.`);
    byId("new").hidden = false;
    byId("sign-on")?.toggleAttribute("hidden", false);
    byId("name").focus();
  }
}

byId("join").addEventListener("click", async ({ target }) => {
  target.disabled = true;
  const answer = await call("/console/api/invitation/join", { secret });
  if (answer.status === 200) return go(answer.body.next);
  stop(answer.body.message);
});

byId("new").addEventListener("submit", async (event) => {
  event.preventDefault();
  const accept = byId("accept");
  const password = byId("password");
  if (accept.disabled) return;
  accept.disabled = true;
  byId("problem").hidden = true;
  const answer = await call("/console/api/invitation/accept", { secret, name: byId("name").value, password: password.value });
  if (answer.status === 200) return go(answer.body.next);
  accept.disabled = false;
  if (answer.status === 410) return stop(answer.body.message);
  byId("problem-text").textContent = answer.body.message;
  byId("problem").hidden = false;
  password.setAttribute("aria-invalid", "true");
  password.focus();
});

// With an account elsewhere, in place of a password. Whoever is refused there comes back to this page.
byId("sign-on")?.addEventListener("submit", ({ target }) => {
  sessionStorage.setItem(KEPT, secret);
  target.elements.secret.value = secret;
  target.elements.name.value = byId("name").value;
});

if (whole.test(secret)) {
  const { status, body } = await call("/console/api/invitation", { secret });
  if (status === 200) show(body);
  else stop(body.message);
} else {
  stop("The address has no secret, or only a part of it. Copy the whole link again.");
}
