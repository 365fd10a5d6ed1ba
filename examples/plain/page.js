const { open, resume } = globalThis.Latchkey;
const byId = (id) => document.getElementById(id);
const say = (text) => (byId("state").textContent = text);

/** Waits for one modal to come to its end: a connection, nothing, or an error with a code and a sentence. */
async function follow(modal) {
  try {
    const connection = await modal;
    say(connection ? `Connected: ${connection.key}` : "Closed without connecting.");
  } catch (error) {
    say(`${error.code}: ${error.message}`);
  }
}

byId("connect").addEventListener("click", () => {
  follow(open({ project: document.body.dataset.project, tokenUrl: "/latchkey-token", mode: byId("mode").value }));
});

// After a sign-in in this tab the page is loaded again, and the modal tells what became of it.
const back = resume();
if (back) follow(back);

byId("call").addEventListener("click", async () => {
  const response = await fetch("/who-am-i", { method: "POST" });
  byId("answer").textContent = JSON.stringify(await response.json(), null, 2);
});
