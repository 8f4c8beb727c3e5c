// What few pages need, in a file of its own that comes when it is asked for.
import { native } from "./native";

export { AudioWatch } from "./watch/audio";
export { VideoWatch } from "./watch/video";

/** Takes the core's doors to the browser: ours may be those of a later script. */
export function share(doors: typeof native): void {
  Object.assign(native, doors);
}
