#!/usr/bin/env node
// Runs the binary that npm installed for this platform: an optional dependency, and nothing is downloaded by a script.
"use strict";

const { spawnSync } = require("node:child_process");
const os = require("node:os");

const name = `ctxpack-${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "ctxpack.exe" : "ctxpack";

let binary;
try {
  binary = require.resolve(`${name}/bin/${file}`);
} catch {
  console.error(`error: ${name} is not installed`);
  console.error("hint: there may be no build for this platform, or optional packages were left out (npm install --include=optional ctxpack)");
  process.exit(2);
}

// Signals of the terminal reach the binary as well; it says how they end.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});

const ran = spawnSync(binary, process.argv.slice(2), { stdio: "inherit" });
if (ran.error) {
  console.error(`error: ${binary}: ${ran.error.message}`);
  process.exit(2);
}
process.exit(ran.status ?? 128 + (os.constants.signals[ran.signal] ?? 0));
