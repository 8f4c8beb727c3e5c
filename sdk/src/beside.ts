/** What few pages need is in a file of its own, beside this one. */
export const beside = {
  /** Gets it. An import passes a strict Content-Security-Policy where the
   * script itself did. */
  get: (): Promise<typeof import("./watch")> => import("./watch"),
};
