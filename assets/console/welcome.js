// /console/welcome: a link that lets somebody in once. Its secret stands behind `#`, where no server sees it unasked.

const secret = location.hash.slice(1);
// Not in the history, and not on a screen that is shared.
history.replaceState(null, "", location.pathname);

const root = document.getElementById("welcome");
const title = document.getElementById("welcome-title");
const lead = document.getElementById("welcome-lead");
const form = document.getElementById("welcome-form");
const submit = document.getElementById("welcome-submit");
const problem = document.getElementById("problem");
const email = document.getElementById("email");
const password = document.getElementById("password");
const name = document.getElementById("name");

async function call(path, body) {
  let response;
  try {
    response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    return { status: 0, body: { message: "The server cannot be reached. Check your network and try again." } };
  }
  return { status: response.status, body: await response.json().catch(() => ({ message: "The server answered with something else. Try again." })) };
}

function say(state, heading, text) {
  root.dataset.state = state;
  title.textContent = heading;
  lead.textContent = text;
  title.focus();
}

function stop(text) {
  say("over", "This link opens nothing", text);
  document.getElementById("welcome-again")?.toggleAttribute("hidden", false);
  document.getElementById("welcome-on").hidden = false;
}

/** Only to pages of our own. */
const go = (next) => location.replace(next?.startsWith("/console") ? next : "/console");

function ask({ purpose, email: invited, role }) {
  document.getElementById("email-field").hidden = purpose !== "setup";
  document.getElementById("name-field").hidden = purpose === "reset";
  email.required = purpose === "setup";
  if (purpose === "setup") say("asking", "Make the first owner", "You will own this server: every project, and who may sign in.");
  else if (purpose === "reset") say("asking", "Choose a new password", "You are signed out everywhere else when it is set.");
  else say("asking", "You are invited", `You sign in as ${invited} with the role ${role}.`);
  form.hidden = false;
  (purpose === "setup" ? email : purpose === "reset" ? password : name).focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (submit.disabled) return;
  submit.disabled = true;
  problem.hidden = true;
  const body = { secret, name: name.value, password: password.value };
  if (email.required) body.email = email.value;
  const answer = await call("/console/api/welcome/accept", body);
  if (answer.status === 200) return go(answer.body.next);
  submit.disabled = false;
  if (answer.status === 410) {
    form.hidden = true;
    return stop(answer.body.message);
  }
  document.getElementById("problem-text").textContent = answer.body.message;
  problem.hidden = false;
  const field = answer.body.key === "no_email" || answer.body.key === "operator_exists" ? email : password;
  for (const one of [email, password]) one.toggleAttribute("aria-invalid", one === field);
  field.focus();
});

if (/^[\w-]{43}$/.test(secret)) {
  const { status, body } = await call("/console/api/welcome", { secret });
  if (status !== 200) stop(body.message);
  else if (body.purpose === "sign_in") go(body.next);
  else ask(body);
} else {
  stop("The address has no secret, or only a part of it. Copy the whole link again.");
}
