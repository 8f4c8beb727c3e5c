import { useCallback, useEffect, useRef, useState } from "react";
import { capped } from "./range";

/**
 * A range that follows wheel and fingers at once and is kept, in the address
 * for one, when they rest: browsers let pages change their address only so
 * often. What is kept from elsewhere wins.
 */
export function useRange(kept: [number, number] | undefined, keep: (range: [number, number] | undefined) => void, bounds: [number, number]): [[number, number] | undefined, (range: [number, number] | undefined) => void] {
  const [range, setRange] = useState(kept);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef({ keep, bounds });
  latest.current = { keep, bounds };
  const key = kept?.join();
  const own = useRef(key);
  useEffect(() => {
    if (timer.current !== undefined) {
      if (key === own.current) return; // what was kept here, drawn while the wheel turns on
      clearTimeout(timer.current);
      timer.current = undefined;
    }
    own.current = key;
    setRange(kept);
  }, [key]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = useCallback((next: [number, number] | undefined) => {
    const { bounds } = latest.current;
    const now: [number, number] | undefined = next && (next[0] > bounds[0] || next[1] < bounds[1]) ? capped(next) : undefined;
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
