import { Center, Loader } from "@mantine/core";
import { type ComponentType, type ReactNode, useEffect, useState } from "react";

export function Waiting() {
  return <Center h="50vh"><Loader aria-label="Loading" /></Center>;
}

/** A component whose code is loaded when it is shown, or before. */
export interface Loaded<P> {
  (props: P): ReactNode;
  /** Begins to load the code, where it is not there yet. */
  preload: () => Promise<unknown>;
}

/**
 * A component of a chunk of its own. Not React's lazy: what suspends is shown
 * no sooner than 0.3 s after what stood in its place, and a page within a page
 * waits for that twice.
 */
export function loaded<P extends object>(load: () => Promise<{ default: ComponentType<P> }>, meanwhile: ReactNode = <Waiting />): Loaded<P> {
  let Body: ComponentType<P> | undefined;
  let loading: Promise<unknown> | undefined;
  const preload = () => {
    loading ??= load().then((chunk) => { Body = chunk.default; }, (fault: unknown) => { loading = undefined; throw fault; });
    return loading;
  };
  function Part(props: P): ReactNode {
    const [fault, setFault] = useState<{ of: unknown }>();
    const [, setThere] = useState(Body !== undefined);
    useEffect(() => {
      let gone = false;
      if (Body) setThere(true); // it came between drawing and here
      else preload().then(() => { if (!gone) setThere(true); }, (of: unknown) => { if (!gone) setFault({ of }); });
      return () => { gone = true; };
    }, []);
    if (fault) throw fault.of; // the page's error element says so, and offers to load it again
    return Body ? <Body {...props} /> : meanwhile;
  }
  return Object.assign(Part, { preload });
}
