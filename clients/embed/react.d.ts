import type { Connection, LatchkeyError, Opened, OpenOptions } from "./embed.js";

export type UseLatchkeyOptions = OpenOptions & {
  onSuccess?: (connection: Connection) => void;
  onError?: (error: LatchkeyError) => void;
  onClose?: () => void;
};

export interface UseLatchkey {
  isOpen: boolean;
  /** Made by this component's modal last. */
  connection: Connection | null;
  /** Of the last try; null again after a success or when the modal is opened again. */
  error: LatchkeyError | null;
  /** Opens the modal; with a text, at that service. Fits `onClick` as it is. */
  open: (integration?: unknown) => Opened;
  close: () => void;
}

/** The modal for a component. After a sign-in in this tab (`mode: "redirect"`) it resumes by itself. */
export function useLatchkey(options: UseLatchkeyOptions): UseLatchkey;
