// Makes `dist/visits.wasm` of `src/` and `wit/`. What was made of the same text before is taken from the cache: an engine of 12 MB
// is initialised otherwise, which takes 20 s.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { componentize } from "@bytecodealliance/componentize-js";

const INPUTS = ["src", "wit", "build.mjs", "package-lock.json"];
const OUTPUT = join("dist", "visits.wasm");
const CACHE = process.env.COMPONENT_CACHE ?? join("target", "components");

const cached = join(CACHE, `${await digest()}.wasm`);
let component = await read(cached);
if (component === undefined) {
  // a relative path: componentize-js 0.23 finds no other below the folder that it works in
  ({ component } = await componentize({ sourcePath: "src/main.js", witPath: "wit", worldName: "visits" }));
  await write(cached, component);
  const others = (await readdir(CACHE)).map((name) => join(CACHE, name)).filter((path) => path.endsWith(".wasm") && path !== cached);
  await Promise.all(others.map((path) => rm(path)));
} else {
  console.log(`${OUTPUT} is that of ${cached}`);
}
// what has not changed keeps its time, so that nobody looks at it again
if (!(await read(OUTPUT))?.equals(component)) await write(OUTPUT, component);

/// What the component depends on: each file by its name and content, and the versions of Node and, by the lock file, of its packages.
async function digest() {
  const hash = createHash("sha256").update(process.version);
  for (const file of (await Promise.all(INPUTS.map(files))).flat().sort()) {
    const bytes = await readFile(file);
    hash.update(`\n${file.replaceAll("\\", "/")} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex").slice(0, 32);
}

/// The files at a path and below it.
async function files(path) {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [path];
  return (await Promise.all(entries.map((entry) => files(join(path, entry.name))))).flat();
}

async function read(path) {
  return readFile(path).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
}

/// Writes a file whole or not at all.
async function write(path, bytes) {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(`${path}.part`, bytes);
  await rename(`${path}.part`, path);
}
