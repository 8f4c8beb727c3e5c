import { defineConfig } from "vitest/config";

// One browser and one program at a time: the machines that run this are small.
export default defineConfig({
  test: { fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000, include: ["*.test.ts"] },
});
