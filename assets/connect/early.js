// Runs before everything else on the embed page, as a blocking classic script in <head>, for two things that cannot
// wait for modules: the parent's first message, and `data`, which must leave the address before any request is made.
(() => {
  const inbox = { messages: [], deliver: null, data: null };
  Object.defineProperty(window, "latchkeyInbox", { value: inbox });

  addEventListener("message", (event) => {
    if (window.parent === window || event.source !== window.parent) return;
    const message = { origin: event.origin, data: event.data, ports: event.ports };
    if (inbox.deliver) inbox.deliver(message);
    else inbox.messages.push(message);
  });

  if (location.search !== "" || location.hash !== "") {
    inbox.data = new URLSearchParams(location.search).get("data");
    history.replaceState(null, "", location.pathname);
  }
})();
