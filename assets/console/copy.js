// Buttons that copy what stands beside them. Without a script the text can be selected.

for (const button of document.querySelectorAll("[data-copy]")) {
  const icon = button.querySelector(".icon");
  let timer = null;
  // A button's own words are its name, and nothing in it is announced: the news stands beside it.
  const news = document.createElement("span");
  news.className = "visually-hidden";
  news.setAttribute("role", "status");
  button.after(news);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      return;
    }
    news.textContent = "Copied";
    icon.className = "icon icon-check";
    clearTimeout(timer);
    timer = setTimeout(() => {
      news.textContent = "";
      icon.className = "icon icon-copy";
    }, 2000);
  });
}
