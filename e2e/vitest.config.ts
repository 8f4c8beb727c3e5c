import { defineConfig } from "vitest/config";

// One browser and one program at a time: the machines that run this are small.
// `npm run screenshots` makes the pictures of the documentation in the same way,
// `npm run speed` measures the pages of large calls.
export default defineConfig({
  test: {
    fileParallelism: false, testTimeout: 300_000, hookTimeout: 240_000, setupFiles: "told.ts",
    include: process.env.SCREENSHOTS ? ["screenshots.ts"] : process.env.SPEED ? ["speed.ts"] : ["*.test.ts"],
  },
});
