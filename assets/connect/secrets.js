// Tickets, proofs and window names: made here, in the click, before anything is awaited.

/** 32 random bytes as 43 base64url characters. */
export function randomSecret() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** A window name that nobody else can guess and so nobody else can take over. */
export function randomWindowName() {
  return `lk_${base64url(crypto.getRandomValues(new Uint8Array(12)))}`;
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
