// Draws the page light or dark as the system is, and follows it.
const dark = matchMedia("(prefers-color-scheme: dark)");
const draw = () => document.querySelector("rapi-doc")?.setAttribute("theme", dark.matches ? "dark" : "light");
dark.addEventListener("change", draw);
draw();
