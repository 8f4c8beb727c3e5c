import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// In development the page comes from Vite and everything else from a running
// `peerglass serve`; PEERGLASS_URL names another one.
const program = process.env.PEERGLASS_URL ?? "http://localhost:8080";

export default defineConfig({
  plugins: [react()],
  build: { outDir: "dist", emptyOutDir: false, target: "es2022", sourcemap: false, chunkSizeWarningLimit: 700 },
  server: { proxy: { "/api": program, "/sdk.js": program, "/demo": { target: program, ws: true } } },
});
