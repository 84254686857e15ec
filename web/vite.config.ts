import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

/** Where `npm run dev` finds the server that answers everything but the pages. */
const server = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [preact()],
  build: {
    target: "es2022",
    // Nothing inline: the pages' Content-Security-Policy allows files of their own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { buyer: "buyer.html", console: "console.html" },
    },
  },
  server: {
    proxy: {
      "/v1": { target: server, ws: true },
      "/files": server,
    },
  },
});
