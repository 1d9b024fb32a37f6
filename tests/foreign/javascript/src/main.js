export { incomingHandler } from "./app.js";
export { run } from "./tests.js";
