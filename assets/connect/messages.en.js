// Every text of the modal and of the scripts of the connect pages, in English; the few that stand in pages written by
// the server are in their templates. A value is a text, or a function of the names in it. Other languages are other
// files with the same keys.

export const messages = {
  brand: { secured: "Secured by Latchkey", test: "Test", close: "Close", back: "Back", reference: "Reference", fallbackApp: "this app", keeper: "Latchkey",
    copyReference: ({ reference }) => `Copy the reference ${reference}`, copyText: "Copy this text", copied: "Copied",
  },

  offline: {
    title: "You are offline",
    text: "You are offline. This goes on when the connection is back.",
  },

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
    reconnectReason: ({ service }) => `The connection to ${service} no longer works.`,
    reconnectKeeps: ({ app }) => `Connect it again, and ${app} goes on where it stopped.`,
    account: ({ service }) => `Use the same ${service} account as before:`,
    accountOnly: "Another one is refused.",
    permission: ({ scope }) => `Use the permission “${scope}”`,
    keeps: ({ keeper, app, service }) => `${keeper} keeps the access encrypted and uses it only for ${app}. You can end it in your ${service} settings.`,
    keepsUnnamed: ({ app, service }) => `The access is kept encrypted and used only for ${app}. You can end it in your ${service} settings.`,
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
    stop: "Stop waiting",
  },

  waiting: {
    title: ({ service }) => `Continue in the ${service} window`,
    text: ({ service }) => `Sign in to ${service} there. This page goes on by itself.`,
    closed: ({ service }) => `Closed the ${service} window?`,
    noWindow: "No window to see?",
    reopen: "Open it again",
    other: "Use another way",
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
    againTitle: ({ service }) => `${service} is connected again`,
    genericTitle: "Your account is connected",
    done: "Done",
    another: "Connect another service",
  },

  partial: {
    service: "the service",
    title: ({ app }) => `You gave ${app} less than it asked for. It will not be able to:`,
    text: ({ app, service }) => `If something in ${app} does not work, connect ${service} again and leave every box ticked.`,
  },

  connected: {
    title: ({ service }) => `${service} is connected already`,
    text: ({ app }) => `${app} can use it.`,
    textOwner: ({ app }) => `${app} can use it for`,
    accounts: "Connected accounts",
    more: ({ count }) => `and ${count} more`,
    keep: "Keep it as it is",
    another: ({ service }) => `Connect another ${service} account`,
  },

  approval: {
    title: ({ service }) => `${service} needs an administrator's approval`,
    text: ({ service, app }) => `Your organisation decides there which apps may connect. Ask the people who run ${service} for you to approve ${app}, then try again.`,
    said: ({ service, said }) => `${service} said: “${said}”`,
    request: ({ service, app }) => `I would like to connect ${service} to ${app}. ${service} asks for an administrator's approval first: allow ${app} in the ${service} settings for apps, then tell me.`,
  },

  account: {
    title: "That is another account",
    changed: "Nothing was changed: the connection stays with the account it has.",
    known: ({ account, service }) => `Sign in to ${service} as ${account}.`,
    unnamed: ({ service }) => `Sign in to ${service} with the account from before.`,
    unknown: ({ service }) => `${service} did not say which account this is, so the connection was left as it was. Try again in a minute.`,
    again: ({ service }) => `Reconnect ${service}`,
  },

  webview: {
    title: ({ service }) => `${service} may refuse to open here`,
    text: ({ service, app }) => `This is the browser inside another app, and many services do not let anybody sign in there. Open ${app} in your own browser and connect ${service} there.`,
    open: "Open in the browser",
    copy: "Copy the address",
    copied: "Copied",
    anyway: "Try it here",
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
    denied: ({ service, app }) => `You did not allow access at ${service}, so ${app} has none. If that was not what you wanted, try again and choose to allow it.`,
    final: ({ service, app }) => `${service} does not accept the way ${app} asks for access, and trying again will not help. The people who run ${app} can mend it; show them this:`,
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
    text: "In the other window somebody said that this sign-in was not theirs. Nothing was connected, and nothing more is needed.",
    another: ({ app }) => `Somebody else finished it than the person whom ${app} knows here. Nothing was connected. Sign in to ${app} as yourself and start again there.`,
  },

  blocked: {
    title: "The browser kept the window shut",
    text: ({ service }) => `Open the ${service} sign-in yourself.`,
    open: "Open the sign-in window",
    here: "Continue in this tab",
  },

  ways: {
    title: "Another way to sign in",
    text: ({ service }) => `Choose where ${service} opens. The window from before no longer counts.`,
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
