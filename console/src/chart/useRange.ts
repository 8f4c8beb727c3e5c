import { useCallback, useEffect, useRef, useState } from "react";
import { chosen } from "./range";

/** How many bounds count as the whole: those of a call in progress move each second, and a chart or a key may still have the last ones. */
const bygone = 3;

/**
 * A range that follows wheel and fingers at once and is kept, in the address
 * for one, when they rest: browsers let pages change their address only so
 * often. What is kept from elsewhere wins.
 */
export function useRange(kept: [number, number] | undefined, keep: (range: [number, number] | undefined) => void, bounds: [number, number]): [[number, number] | undefined, (range: [number, number] | undefined) => void] {
  const [range, setRange] = useState(kept);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef({ keep, wholes: [bounds] });
  const [last] = latest.current.wholes;
  latest.current = { keep, wholes: last?.join() === bounds.join() ? latest.current.wholes : [bounds, ...latest.current.wholes].slice(0, bygone) };
  const key = kept?.join();
  const own = useRef(key);
  const address = useRef("");
  useEffect(() => {
    if (timer.current !== undefined) {
      if (key === own.current) return; // what was kept here, drawn while the wheel turns on
      if (address.current === window.location.href) return; // asked for after that: this drawing is late
      clearTimeout(timer.current);
      timer.current = undefined;
    }
    own.current = key;
    setRange(kept);
  }, [key]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = useCallback((next: [number, number] | undefined) => {
    const now = next && chosen(next, latest.current.wholes);
    address.current = window.location.href;
    setRange(now);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      timer.current = undefined;
      own.current = now?.map(Math.round).join(); // as it comes back from the address
      latest.current.keep(now);
    }, 250);
  }, []);
  return [range, change];
}
