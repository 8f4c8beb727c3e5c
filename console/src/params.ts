import { useCallback, useRef } from "react";
import { type NavigateOptions, useSearchParams } from "react-router";

/** Changes the parameters of the address: out of what they are by then comes what they are to be. */
export type SetParams = (change: (now: URLSearchParams) => URLSearchParams, options?: NavigateOptions) => void;

/**
 * The parameters of the address, and what changes them; that one stays the
 * same. The router's own would hand over what the address was when the page
 * was last drawn: of two quick clicks the first was forgotten.
 */
export function useParameters(): [URLSearchParams, SetParams] {
  const [params, setParams] = useSearchParams();
  const latest = useRef(setParams);
  latest.current = setParams;
  const set = useCallback<SetParams>((change, options) => latest.current(() => change(new URLSearchParams(window.location.search)), options), []);
  return [params, set];
}
