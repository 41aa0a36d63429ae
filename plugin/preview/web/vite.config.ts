import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import react from "@vitejs/plugin-react";

// The names of files have digests, so that browsers may keep them. There is one
// chunk for the start, and one each for what only some pages need.
export default defineConfig({
  plugins: [react()],
  // The form generator names this package in a helper for its own tests; it makes code of schemas, which our content
  // policy forbids.
  resolve: { alias: { "@rjsf/validator-ajv8": fileURLToPath(new URL("./src/validator.ts", import.meta.url)) } },
  build: { outDir: "build", assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: "es2022", sourcemap: false, reportCompressedSize: false },
});
