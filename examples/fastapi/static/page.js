const { latchkey, project } = document.body.dataset;
const { open, resume } = await import(`${latchkey}/embed/v1.mjs`);
const byId = (id) => document.getElementById(id);
const say = (text) => (byId("state").textContent = text);

// The same as in the plain example, with events instead of a promise.
const follow = (modal) =>
  modal
    .on("success", (connection) => say(`Connected: ${connection.key}`))
    .on("error", (error) => say(`${error.code}: ${error.message}`))
    .on("close", () => byId("state").textContent === "" && say("Closed without connecting."));

byId("connect").addEventListener("click", () => {
  say("");
  follow(open({ project, tokenUrl: "/latchkey-token", mode: byId("mode").value }));
});

// After a sign-in in this tab the page is loaded again, and the modal tells what became of it.
const back = resume();
if (back) follow(back);

byId("call").addEventListener("click", async () => {
  const response = await fetch("/who-am-i", { method: "POST" });
  byId("answer").textContent = JSON.stringify(await response.json(), null, 2);
});
