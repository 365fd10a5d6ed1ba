// How a sign-in ended without a connection, in words: what happened, who can mend it, how. One table for all codes.

import { messages, problem } from "./messages.js";

const expired = ["expired", "session_expired", "session_unknown", "code_expired", "not_confirmed"];
const final = ["app_refused", "app_broken", "value_refused", "choices_unexpected", "no_verify_url", "cannot_confirm", "issuer_mismatch"];

/**
 * The screen of an ending. `state` names it; `quote` says that the server's sentence, which holds the service's own words,
 * is shown beside ours; `again` is the label of the way back in, null where trying again mends nothing.
 */
export function endingOf({ code, stage, message }, { service, app, account }) {
  const { failure } = messages;
  const of = (state, title, text, rest = {}) => ({ state, title, text, icon: "circle-alert", quote: false, again: failure.retry, ...rest });
  if (code === "access_denied") return of("denied", failure.title({ service }), failure.denied({ service, app }), { icon: "ban" });
  if (code === "approval_needed") {
    const said = /“(.+)”/su.exec(message ?? "")?.[1];
    const words = said ? ` ${messages.approval.said({ service, said })}` : "";
    return of("approval", messages.approval.title({ service }), messages.approval.text({ service, app }) + words, { icon: "lock", request: messages.approval.request({ service, app }) });
  }
  if (code === "account_changed" || code === "account_unknown") {
    const known = account ? messages.account.known({ account, service }) : messages.account.unnamed({ service });
    return of("account", messages.account.title, code === "account_changed" ? `${messages.account.changed} ${known}` : messages.account.unknown({ service }), { icon: "user-round", again: messages.account.again({ service }) });
  }
  if (code === "provider_unavailable") return of("unavailable", failure.providerTitle({ service }), failure.provider({ service }), { icon: "clock", quote: /“/.test(message ?? "") });
  if (final.includes(code)) return of("final", failure.title({ service }), failure.final({ service, app }), { quote: true, again: null });
  if (expired.includes(code) || stage === "expired") return of("expired", messages.expired.title, messages.expired.text, { icon: "clock", again: messages.expired.again });
  if (stage === "rejected") {
    const text = { not_me: messages.rejected.text, another_person: messages.rejected.another({ app }) }[code] ?? problem(code, service, message ?? messages.rejected.text);
    return of("foreign", messages.rejected.title, text, { icon: "ban", again: null });
  }
  return of("failure", failure.title({ service }), problem(code, service, message ?? failure.generic));
}
