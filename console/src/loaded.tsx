import { Alert, Button, Center, Loader } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { type ComponentType, type ReactNode, useEffect, useState } from "react";
import { whenBack } from "./api/recover";

export function Waiting() {
  return <Center h="50vh"><Loader aria-label="Loading" /></Center>;
}

const tried = "peerglass-loaded-again";
/** A page that could not be loaded just before is not loaded again by itself: it would go on for ever. */
const pause = 15_000;

/**
 * Stands where code could not be loaded: the server is away, or is another
 * version by now. Browsers keep what failed, so the page is loaded anew as
 * soon as the server answers; what it shows is in its address.
 */
function Unloaded() {
  useEffect(() => whenBack(0, () => {
    const now = Date.now();
    if (now - Number(sessionStorage.getItem(tried) ?? 0) < pause) return;
    sessionStorage.setItem(tried, String(now));
    window.location.reload();
  }), []);
  return (
    <Alert color="yellow" icon={<IconPlugConnectedX size={18} />} title="This part could not be loaded" role="alert">
      The server cannot be reached, or is another version by now. The page is loaded again as soon as the server answers, and goes on where you are.
      <div style={{ marginTop: 8 }}><Button size="compact-xs" variant="default" onClick={() => window.location.reload()}>Load it again</Button></div>
    </Alert>
  );
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
    const [failed, setFailed] = useState(false);
    const [, setThere] = useState(Body !== undefined);
    useEffect(() => {
      let gone = false;
      if (Body) setThere(true); // it came between drawing and here
      else preload().then(() => { if (!gone) setThere(true); }, () => { if (!gone) setFailed(true); });
      return () => { gone = true; };
    }, []);
    return Body ? <Body {...props} /> : failed ? <Unloaded /> : meanwhile;
  }
  return Object.assign(Part, { preload });
}
