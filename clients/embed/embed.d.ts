/** What is sent to your page when a connection was made. Keep `key`: your backend calls the service with it. */
export interface Connection {
  /** Names the connection in calls, as `live::gmail::default::…|u-42`. Not a secret, and useless without your secret key. */
  key: string;
  id: string;
  /** The service's id, as `gmail`. */
  platform: string;
  environment: "test" | "live";
  /** The owner, as your backend named them. */
  identity: string | null;
  identityType: "user" | "team" | "organization" | "project" | null;
  name: string | null;
  title: string;
  state: "operational" | "degraded" | "failed" | "unknown";
  /** Further fields of the record; the published SDKs give the same. */
  [field: string]: unknown;
}

/** The answer of `POST /v1/authkit/token`, passed on by your backend. */
export interface Session {
  requestId?: string;
  request_id?: string;
  rows?: unknown[];
  pages?: number;
  [field: string]: unknown;
}

export interface Looks {
  /** Opens one service at once, by id (`gmail`) or title. Without it, or when there is no such service, the list. */
  integration?: string;
  /** Default: what the browser prefers. */
  theme?: "light" | "dark";
  /** Language of the modal, as `de` or `pt-BR`; one that Latchkey does not have counts as absent. Default: the browser's. */
  locale?: string;
  /** Heading of the list. */
  title?: string;
  /** Your name in the modal's texts. Default: the project's. */
  companyName?: string;
  /** Your logo: an https or data address. */
  imageUrl?: string;
  /** Lets people name the connection. */
  showNameInput?: boolean;
}

export interface Place {
  /** Publishable id of your project, `pub_…`. Without it Latchkey's default project answers. */
  project?: string;
  /** Address of your Latchkey. Needed with the npm package; the script that Latchkey serves knows where it came from. */
  baseUrl?: string;
  /** Where services open: a window of their own (default), or this tab, which comes back. Then call `resume` on the page. */
  mode?: "popup" | "redirect";
}

/** A session's `requestId`, the whole answer, or a function that asks your backend; only a function can be asked again. */
export type Token = string | Session | (() => string | Session | Promise<string | Session>);

export type OpenOptions = Looks & Place & (
  | { token: Token; tokenUrl?: undefined }
  /** Address of your token endpoint, absolute or on your origin; called with `POST {}`, with your cookies if it is yours. */
  | { tokenUrl: string; token?: undefined }
);

export interface Events {
  /** The modal is there. */
  ready: () => void;
  /** A connection was made; the modal shows it and stays until the person closes it. */
  success: (connection: Connection) => void;
  /** A try failed. The person has read it and may try again. */
  error: (error: LatchkeyError) => void;
  /** The modal is gone, and the focus back where it was. */
  close: () => void;
}

/**
 * An open modal. As a promise it gives the first connection as soon as it is made, null when the person closes the modal
 * without one, and rejects with the last error when it is closed after a try that failed.
 */
export interface Opened extends Promise<Connection | null> {
  on<Type extends keyof Events>(type: Type, listener: Events[Type]): Opened;
  /** Closes it; a sign-in under way is cancelled. */
  close(): void;
}

/**
 * What went wrong, as a code for programs and a sentence for people.
 *
 * `invalid_options` (thrown at once), `frame_blocked`, `token_failed` and `token_spent` come from this script; others from
 * Latchkey, such as `access_denied`, `credential_refused`, `expired` or `embedder_not_allowed`. New ones may come.
 */
export class LatchkeyError extends Error {
  readonly code: string;
  constructor(code: string, message: string);
}

/**
 * Opens the modal. While one is open, gives that one back.
 *
 * @throws {LatchkeyError} `invalid_options`
 */
export function open(options: OpenOptions): Opened;

/**
 * Call it on load of each page that opens the modal: after a sign-in in this tab (`mode: "redirect"`, or the person's choice
 * where windows are blocked) it opens the modal again and gives the outcome. Null when there is nothing to resume. The
 * options are remembered; pass those to change.
 */
export function resume(options?: Looks & Place): Opened | null;
