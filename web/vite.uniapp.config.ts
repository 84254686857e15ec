import { defineConfig } from "vite";
import { shortPrivate } from "./short-private.ts";

/**
 * What uni-app projects copy: one module. Their own build lowers its syntax for the phones they are for; methods it
 * does not add, so none here is younger than ES2018 (`lib` in src/uniapp/tsconfig.json).
 */
export default defineConfig({
  publicDir: false,
  logLevel: "warn",
  plugins: [shortPrivate()],
  build: {
    target: "es2022",
    emptyOutDir: false,
    modulePreload: false,
    minify: "terser",
    terserOptions: { ecma: 2020, module: true, compress: { passes: 3 } },
    lib: { entry: "src/uniapp/haggle.ts", formats: ["es"], fileName: () => "haggle-uniapp.js" },
  },
});
