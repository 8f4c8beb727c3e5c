import { type RefCallback, useCallback, useLayoutEffect, useRef, useState } from "react";

/** How wide an element is, and whether it is in sight or nearly so. */
export interface Sight {
  width: number;
  seen: boolean;
}

/** From so many pixels away on an element is as good as in sight. */
const margin = 150;

/**
 * What an observer would tell a frame or two later is measured before the
 * first picture; from then on observers tell.
 */
export function useSight(): [RefCallback<HTMLElement>, Sight] {
  const [sight, setSight] = useState<Sight>({ width: 0, seen: false });
  const element = useRef<HTMLElement | null>(null);
  const ref = useCallback((el: HTMLElement | null) => { element.current = el; }, []);
  useLayoutEffect(() => {
    const el = element.current;
    if (!el) return;
    const put = (next: Partial<Sight>) => setSight((was) => ((next.width ?? was.width) === was.width && (next.seen ?? was.seen) === was.seen ? was : { ...was, ...next }));
    const box = el.getBoundingClientRect();
    put({ width: Math.floor(box.width), seen: box.width > 0 && box.bottom > -margin && box.top < window.innerHeight + margin });
    const size = new ResizeObserver(([entry]) => { if (entry) put({ width: Math.floor(entry.contentRect.width) }); });
    const place = new IntersectionObserver((entries) => { const last = entries.at(-1); if (last) put({ seen: last.isIntersecting }); }, { rootMargin: `${margin}px` });
    size.observe(el);
    place.observe(el);
    return () => { size.disconnect(); place.disconnect(); };
  }, []);
  return [ref, sight];
}
