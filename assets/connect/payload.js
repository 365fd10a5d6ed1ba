// What the embedding page asks for: the `data` of the address and the message that follows each load hold the same.

/** Reads `data`: base64 of JSON, each byte one Latin-1 character. Lenient about alphabet, padding and spaces. */
export function decodeData(text) {
  if (typeof text !== "string" || text === "") return null;
  const standard = text.replaceAll(" ", "+").replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  try {
    // `atob` gives one character a byte, which is exactly Latin-1. Decoding as UTF-8 would break every accent.
    return readPayload(JSON.parse(atob(standard)));
  } catch {
    return null;
  }
}

/** Is this message the payload of a published SDK (it has no type field, so its shape tells)? */
export function looksLikePayload(message) {
  return isObject(message) && !("lk" in message) && ("linkTokenEndpoint" in message || "checkState" in message);
}

/** The known fields with their types; what has another type counts as absent. */
export function readPayload(message) {
  if (!isObject(message)) return null;
  return {
    linkTokenEndpoint: string(message.linkTokenEndpoint),
    linkHeaders: isObject(message.linkHeaders) ? message.linkHeaders : {},
    ...readOptions(message),
  };
}

/** The part that our own embed script sends as `options`. */
export function readOptions(options) {
  const source = isObject(options) ? options : {};
  return {
    title: string(source.title),
    selectedConnection: string(source.selectedConnection),
    showNameInput: source.showNameInput === true,
    appTheme: source.appTheme === "dark" || source.appTheme === "light" ? source.appTheme : null,
    imageUrl: pictureAddress(source.imageUrl),
    companyName: string(source.companyName),
    hasCapabilities: isObject(source.capabilities),
    oauthRedirect: isObject(source.capabilities) && source.capabilities.oauthRedirect === true,
    checkState: string(source.checkState),
  };
}

function pictureAddress(value) {
  const address = string(value);
  return /^\s*(https?:\/\/|data:image\/)/i.test(address ?? "") ? address : null;
}

export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function string(value) {
  return typeof value === "string" && value.trim() !== "" ? value : null;
}
