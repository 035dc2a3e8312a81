// Makes a TypeScript client of $metadata with odata2ts, checks types with the compiler, and reads services with it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { argv, cwd, execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const roots = argv.slice(2);
assert.ok(roots.length > 0, "give the roots of services that have the sets of the demo");

const SETTINGS = {
  compilerOptions: {
    target: "es2022", module: "commonjs", moduleResolution: "node10", strict: true, skipLibCheck: true, types: [], lib: ["es2022", "dom"],
    outDir: "out", rootDir: ".",
  },
  include: ["*.ts", "gen"],
};

/** Runs a program of a package, and shows what it says where it fails. Connections are still looked after meanwhile. */
async function run(place, program, ...args) {
  try {
    await promisify(execFile)(execPath, [join(cwd(), "node_modules", program), ...args], { cwd: place });
  } catch (error) {
    throw new Error(`${program} ${args}: ${error.stdout}${error.stderr}`);
  }
}

// Below the packages, so that these are found.
const place = await mkdtemp(join(cwd(), "odata2ts-"));
try {
  const metadata = await fetch(`${roots[0]}$metadata`);
  assert.equal(metadata.status, 200);
  await writeFile(join(place, "metadata.xml"), await metadata.text());
  await writeFile(join(place, "tsconfig.json"), JSON.stringify(SETTINGS));
  await copyFile(join(dirname(fileURLToPath(import.meta.url)), "odata2ts_query.ts"), join(place, "query.ts"));
  await run(place, "@odata2ts/odata2ts/lib/run-cli.js", "-s", "metadata.xml", "-o", "gen", "-m", "service", "-e", "ts", "-name", "demo");
  await run(place, "typescript/bin/tsc");
  const { read } = createRequire(`${place}/`)("./out/query.js");
  for (const root of roots) {
    console.log(await read(root));
  }
} finally {
  await rm(place, { recursive: true, force: true });
}
