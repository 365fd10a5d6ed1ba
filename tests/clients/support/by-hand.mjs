// What the contract says of versions of @withone/auth that no registry has: a page's side of it, and no code of theirs.
// 1.0 opens a popup; 1.2 puts the page's address into the state and reads the result from the address it comes back to;
// 1.3 marks the state with `v3`, remembers it in the page's session storage before it leaves and never reads the address.

const FRAME = 'event-link';
const PENDING = '__withone_auth_pending';
const FRESH = 10 * 60 * 1000;
const SAME_WITHIN = 5000;

const base64url = (text) => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

function payloadOf({ token, onSuccess, onError, onClose, baseUrl, ...options }, more) {
  return { linkTokenEndpoint: token.url, linkHeaders: token.headers, ...options, ...more };
}

function openFrame(props, more) {
  document.getElementById(FRAME)?.remove();
  const payload = payloadOf(props, more);
  const frame = document.createElement('iframe');
  frame.id = FRAME;
  frame.src = `${props.baseUrl}?${new URLSearchParams({ data: btoa(JSON.stringify(payload)) })}`;
  frame.style.cssText = 'position:fixed;inset:0;width:100%;height:100%;z-index:9999;border:0;visibility:hidden';
  frame.addEventListener('load', () => {
    frame.contentWindow.postMessage(payload, props.baseUrl);
    setTimeout(() => {
      frame.style.display = 'block';
      frame.style.visibility = 'visible';
    }, 100);
  });
  document.body.append(frame);
  return frame;
}

/** Listens to the frame until it closes. `always` hears it before it is shown, and takes one result only. */
function listen(props, { always = false, leave }) {
  const seen = new Map();
  let told = false;
  const stop = () => removeEventListener('message', hear);
  function hear({ source, data }) {
    const frame = document.getElementById(FRAME);
    if (!frame || source !== frame.contentWindow || !data?.messageType) return;
    if (!always && frame.style.display !== 'block') return;
    const same = JSON.stringify([data.messageType, data.message ?? data.url]);
    if (!always && Date.now() - (seen.get(same) ?? 0) < SAME_WITHIN) return;
    seen.set(same, Date.now());
    if (data.messageType === 'EXIT_EVENT_LINK') {
      stop();
      props.onClose?.();
      setTimeout(() => frame.remove(), 200);
    } else if (data.messageType === 'OAUTH_REDIRECT') {
      stop();
      leave(data);
    } else if (!(always && told)) {
      told = true;
      (data.messageType === 'LINK_SUCCESS' ? props.onSuccess : props.onError)?.(data.message);
    }
  }
  addEventListener('message', hear);
  return stop;
}

function hook({ redirects, tag = '', remembers }) {
  let resumed = false;

  function leave({ url, state }) {
    if (remembers) sessionStorage.setItem(PENDING, JSON.stringify({ state, at: Date.now() }));
    const address = new URL(url);
    address.searchParams.set('state', `${state}~${base64url(location.href)}${tag}`);
    location.href = address.href;
  }

  /** The state that the page came back with, once. */
  function pending() {
    if (remembers) {
      const kept = JSON.parse(sessionStorage.getItem(PENDING) ?? 'null');
      sessionStorage.removeItem(PENDING);
      return kept && Date.now() - kept.at < FRESH ? { state: kept.state } : null;
    }
    const address = new URL(location.href);
    const [state, error] = ['one_auth_state', 'one_auth_error'].map((name) => address.searchParams.get(name));
    if (!state && !error) return null;
    address.searchParams.delete('one_auth_state');
    address.searchParams.delete('one_auth_error');
    history.replaceState({}, '', address.href);
    return { state, error };
  }

  return (props) => {
    if (redirects && !resumed) {
      resumed = true;
      const back = pending();
      if (back?.state) {
        listen(props, { always: true });
        openFrame(props, { capabilities: { oauthRedirect: true }, checkState: back.state });
      } else if (back?.error) {
        setTimeout(() => props.onError?.(back.error));
      }
    }
    let stop = () => {};
    return {
      open() {
        stop();
        stop = listen(props, { leave });
        openFrame(props, redirects ? { capabilities: { oauthRedirect: true } } : {});
      },
    };
  };
}

export const useOne10 = hook({ redirects: false });
export const useOne12 = hook({ redirects: true });
export const useOne13 = hook({ redirects: true, tag: '~v3', remembers: true });
