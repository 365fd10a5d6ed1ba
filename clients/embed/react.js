"use client";
// The hook for React 18 and newer. It opens nothing by itself, except after a sign-in in this tab.

import { useCallback, useEffect, useRef, useState } from "react";
import { open as openModal, resume } from "./embed.js";

const nothing = { isOpen: false, connection: null, error: null };

export function useLatchkey(options) {
  const latest = useRef(options);
  const opened = useRef(null);
  const [state, setState] = useState(nothing);

  // What the component rendered last counts, also for a modal that is open.
  useEffect(() => {
    latest.current = options;
  });

  const follow = useCallback((handle) => {
    // Two buttons, or a double click: the modal that is open has its listeners.
    if (handle === null || opened.current === handle) return handle;
    opened.current = handle;
    setState({ ...nothing, isOpen: true });
    return handle
      .on("success", (connection) => {
        handle.connected = true;
        setState((before) => ({ ...before, connection, error: null }));
        latest.current.onSuccess?.(connection);
      })
      .on("error", (error) => {
        setState((before) => ({ ...before, error }));
        latest.current.onError?.(error);
      })
      .on("close", () => {
        opened.current = null;
        setState((before) => ({ ...before, isOpen: false }));
        latest.current.onClose?.();
      });
  }, []);

  useEffect(() => {
    // A moment later: in development React mounts everything twice, and the outcome is told once.
    const soon = setTimeout(() => follow(resume()));
    return () => {
      clearTimeout(soon);
      // A component that goes because the connection is there leaves the modal's last screen to the person.
      if (!opened.current?.connected) opened.current?.close();
    };
  }, [follow]);

  const open = useCallback(
    (integration) => {
      const { onSuccess, onError, onClose, ...rest } = latest.current;
      // As a click handler it gets the event, which names no service.
      return follow(openModal(typeof integration === "string" ? { ...rest, integration } : rest));
    },
    [follow],
  );
  const close = useCallback(() => opened.current?.close(), []);
  return { ...state, open, close };
}
