// A button that closes the window, where a script may.

const closingTime = 500;

/**
 * Shows `button` where it can close this window: a script opened it, or it has been nowhere else. Where it cannot, or did not,
 * `stays` is called.
 */
export function offerClosing(button, stays = () => {}) {
  const remain = () => {
    button.hidden = true;
    stays();
  };
  button.addEventListener("click", () => {
    window.close();
    setTimeout(remain, closingTime);
  });
  button.hidden = false;
  if (!window.opener && history.length > 1) remain();
}
