// Every text of the modal and of the scripts of the connect pages, in English; the few that stand in pages written by
// the server are in their templates. A value is a text, or a function of the names in it. Other languages are other
// files with the same keys.

export const messages = {
  brand: { secured: "Secured by Latchkey", test: "Test", close: "Close", back: "Back", reference: "Reference", fallbackApp: "this app" },

  loading: {
    title: "Loading",
    token: ({ app }) => `Asking ${app} for permission to connect`,
    session: "Loading the services",
    form: ({ service }) => `Loading ${service}`,
    slow: "This takes longer than usual.",
    giveUp: "Close",
  },

  pick: {
    title: "Connect a service",
    lead: ({ app }) => `Choose what ${app} may use.`,
    search: "Search services",
    all: "All",
    connected: "Connected",
    connectedCount: ({ count }) => `${count} connected`,
    none: ({ query }) => `Nothing matches “${query}”.`,
    clear: "Clear the search",
    results: ({ count }) => (count === 1 ? "1 service" : `${count} services`),
    list: "Services",
    categories: "Categories",
  },

  empty: {
    title: "Nothing to connect yet",
    text: ({ app, environment }) =>
      `${app} has not enabled any service${environment === "test" ? " in its test environment" : ""}. The people who run ${app} can add one.`,
  },

  explain: {
    title: ({ service }) => `Connect ${service}`,
    reconnectTitle: ({ service }) => `Reconnect ${service}`,
    lead: ({ app, service }) => `${app} asks to use your ${service} account.`,
    access: ({ app }) => `${app} will be able to`,
    owner: "The connection will belong to",
    promise: ({ service, app }) => `${service} opens in its own window. ${app} never sees your password.`,
    promiseSameTab: ({ service, app }) => `${service} opens in this tab and brings you back. ${app} never sees your password.`,
    keyPromise: ({ app }) => `Stored encrypted. It is not shown again, and ${app} never sees it.`,
    button: ({ service }) => `Connect ${service}`,
    reconnectButton: ({ service }) => `Reconnect ${service}`,
    docs: "What these permissions mean",
    other: ({ method }) => `${method} instead`,
  },

  form: {
    name: "Name of this connection",
    nameHelp: "To tell two accounts apart. You may leave it empty.",
    optional: "optional",
    find: ({ label }) => `Where to find: ${label}`,
    findShort: "Where do I find this?",
    reveal: "Show",
    conceal: "Hide",
    revealLabel: ({ label }) => `Show ${label}`,
    concealLabel: ({ label }) => `Hide ${label}`,
    required: ({ label }) => `${label} is missing.`,
    pattern: ({ label }) => `This does not look right for “${label}”. Check that all of it was copied.`,
    choose: "Choose one",
    checking: ({ service }) => `Checking with ${service}`,
    refused: ({ service }) => `${service} refused this. Check it and try again.`,
  },

  waiting: {
    title: ({ service }) => `Continue in the ${service} window`,
    text: ({ service }) => `Sign in to ${service} there. This page goes on by itself.`,
    closed: ({ service }) => `Closed the ${service} window?`,
    noWindow: "No window to see?",
    reopen: "Open it again",
    cancel: "Cancel",
    codeTitle: "Enter this code in the other window",
    codeText: "It shows that both windows are yours.",
    codeLabel: ({ code }) => `The code is ${code}`,
  },

  redirecting: {
    title: ({ service }) => `Taking you to ${service}`,
    text: "You come back here when you have signed in.",
    stuckTitle: "This page did not move on",
    stuckText: "Reload this page and try again, or continue here.",
    here: "Continue in this tab",
  },

  verifying: {
    title: ({ service }) => `Finishing with ${service}`,
    text: "This takes a moment.",
    customerTitle: ({ app }) => `${app} confirms it is you`,
    customerText: "Follow the other window to the end. This page goes on by itself.",
  },

  success: {
    title: ({ service }) => `${service} is connected`,
    text: ({ app }) => `${app} can use it now.`,
    textOwner: ({ app }) => `${app} can use it now for`,
    genericTitle: "Your account is connected",
    done: "Done",
    another: "Connect another service",
  },

  failure: {
    title: ({ service }) => `${service} is not connected`,
    genericTitle: "The account is not connected",
    retry: "Try again",
    list: "Choose another service",
    close: "Close",
    tokenTitle: "Connecting did not start",
    token: ({ app }) => `${app} did not open a session. Try again. If it stays like this, the people who run ${app} can mend it; show them this:`,
    generic: "Something went wrong on the way. Nothing was saved. Try again.",
    network: "Latchkey cannot be reached. Check your connection to the internet and try again.",
    serverTitle: "Latchkey is not answering",
    server: "The fault is on our side, and nothing was saved. Try again in a minute.",
    providerTitle: ({ service }) => `${service} is not answering`,
    provider: ({ service }) => `Nothing was saved. ${service} may be down for a moment: try again in a minute.`,
    denied: ({ service }) => `You did not allow access at ${service}, so nothing was connected.`,
    timedOut: "The sign-in was not finished in time. Nothing was connected.",
    embedderTitle: "This page may not open here",
    embedder: ({ origin }) =>
      `${origin} is not on the list of addresses that may show this page. The people who run that site can add it to their project's origins in Latchkey.`,
    noEmbedderTitle: "The page around this one did not answer",
    noEmbedder: "Reload the page and try again. If it stays like this, the people who run the page need to check how it opens Latchkey.",
  },

  expired: {
    title: "This took too long",
    text: "For safety, a sign-in is open for a short time only. Nothing was connected. Start again when you are ready.",
    again: "Start again",
  },

  cancelled: {
    title: "Nothing was connected",
    text: ({ service, app }) => `You stopped before ${service} was connected. ${app} has no access to it.`,
    again: ({ service }) => `Connect ${service}`,
  },

  rejected: {
    title: "This sign-in was refused",
    text: "In the other window somebody chose “This was not me”. Nothing was connected.",
  },

  blocked: {
    title: "The browser kept the window shut",
    text: ({ service }) => `Open the ${service} sign-in yourself.`,
    open: "Open the sign-in window",
    here: "Continue in this tab",
  },

  reload: {
    title: "Reload this page to go on",
    text: "You came back with the browser's back button, and this window has lost its place. Nothing was connected.",
  },

  check: {
    title: "Finishing the connection",
    text: "This takes a moment.",
    unfinishedTitle: "The sign-in was not finished",
    unfinishedText: "Close this and start again. If you did finish it, wait a moment: this page goes on by itself.",
  },

  inside: {
    title: "This opens inside an app",
    text: "This page is part of another product and works only in there. Go back to the app that sent you here and start again.",
  },

  link: {
    loading: "Reading the link",
    title: ({ service }) => `Reconnect ${service}`,
    failed: ({ app, service }) => `${app} can no longer use your ${service} account.`,
    expiring: ({ app, service }) => `The access of ${app} to your ${service} account ends soon.`,
    account: "Sign in there as",
    same: "Use the same account as before. Another one is refused.",
    button: ({ service }) => `Reconnect ${service}`,
    opening: "Opening",
    closedTitle: "You can close this window",
    closed: ({ app }) => `Whatever you do next, do it in ${app}.`,
    usedTitle: "This is done",
    overTitle: "This link does not work any more",
    incomplete: "A part of the link is missing. Open it as a whole, as it stands in the mail, or reconnect in the app that sent it.",
  },

  // What the customer's page gets as the text of LINK_ERROR: for developers and logs, so in plain words too.
  token: {
    missing: "No token endpoint is set: pass its address to the embed script.",
    relative: "The address of the token endpoint must be absolute, beginning with https://.",
    unreachable: ({ host }) => `The token endpoint at ${host} cannot be reached, or does not allow this page (CORS).`,
    timedOut: ({ host }) => `The token endpoint at ${host} did not answer in 20 seconds.`,
    notJson: ({ host, status }) => `The token endpoint at ${host} answered ${status} with something that is not JSON.`,
    empty: ({ host }) => `The token endpoint at ${host} gave an empty answer.`,
    unknown: ({ host, status }) => `The token endpoint at ${host} answered ${status} without a session.`,
    noSession: "The answer of the token endpoint has no request id.",
    timedOutPort: "The page did not hand over a token in 20 seconds.",
  },

  start: {
    resumeTitle: "Go on with your sign-in",
    resumeButton: ({ service }) => `Continue to ${service}`,
    nothingTitle: "Nothing to continue here",
    nothing: "This window has no sign-in under way. Close it and start again in the app.",
    unknownTitle: "This sign-in is not known any more",
    unknown: "Close this window and start again in the app.",
    spentTitle: "This sign-in was opened already",
    spent: "It can be opened once only. Look for the other window, or start again in the app.",
    foreignTitle: "Open this from the app",
    foreign: "This address works only when the app itself opens it. If somebody sent it to you, do not go on.",
    returnTitle: "The way back is not allowed",
    returnText: "The app's address is not on the list of its project. The people who run the app can add it in Latchkey.",
    expiredTitle: "This took too long",
    expired: "Close this window and start again in the app.",
    failedTitle: "The sign-in page did not open",
    failed: "Latchkey cannot be reached at the moment. Close this window and try again in the app.",
    close: "Close this window",
  },

  confirm: {
    wrongCode: "That is not the code. Look at the first window and try again.",
    emptyCode: "Enter the code that the first window shows.",
    rejectedTitle: "Stopped",
    rejected: "Nothing was connected. You can close this window. If you did not start this, nothing more is needed.",
    goneTitle: "This sign-in is over",
    gone: "Close this window and start again in the app.",
    failed: "Latchkey cannot be reached at the moment. Try again.",
  },
};

/** A text as the beginning of a sentence: the stand-in for an unknown app's name is written small elsewhere. */
export function sentence(text) {
  const { fallbackApp } = messages.brand;
  return text.startsWith(fallbackApp) ? fallbackApp.charAt(0).toLocaleUpperCase() + text.slice(1) : text;
}
