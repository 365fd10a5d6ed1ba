// Where the modal runs, as far as it changes what works: the browsers that other apps have inside.

/** Is this the browser inside another app? Google and others refuse to sign anybody in there. */
export function isWebView(agent = navigator.userAgent) {
  const named = /FBAN|FBAV|FB_IAB|Instagram|\bLine\/|MicroMessenger|BytedanceWebview|musical_ly|Twitter|LinkedInApp|Snapchat|Pinterest/;
  // Android says `wv`; on iOS every real browser calls itself Safari, too.
  return named.test(agent) || /;\swv\)/.test(agent) || (/iPhone|iPad|iPod/.test(agent) && !/Safari\//.test(agent));
}

/** The page around us: its whole address when the browser tells it, else its origin. */
export function pageAddress(origin) {
  return document.referrer.startsWith(`${origin}/`) ? document.referrer : `${origin}/`;
}
