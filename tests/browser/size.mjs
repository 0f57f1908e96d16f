// Prints what a visitor downloads: every file of the built page, plain and compressed.

import fs from "node:fs";
import path from "node:path";
import { gzipSync, constants } from "node:zlib";

const folder = process.argv[2] ?? "dist";
const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const rows = files.map((entry) => {
  const file = path.join(entry.parentPath ?? entry.path, entry.name);
  const bytes = fs.readFileSync(file);
  return { name: path.relative(folder, file), plain: bytes.length, packed: gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }).length };
});
rows.sort((one, other) => other.packed - one.packed);
const kib = (bytes) => `${(bytes / 1024).toFixed(0)} KiB`.padStart(11);
console.log(`${"file".padEnd(44)}${"plain".padStart(11)}${"gzip -9".padStart(11)}`);
for (const row of rows.slice(0, 15)) console.log(`${row.name.padEnd(44)}${kib(row.plain)}${kib(row.packed)}`);
const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
console.log(`${`all ${rows.length} files`.padEnd(44)}${kib(sum("plain"))}${kib(sum("packed"))}`);
if (!rows.some((row) => row.name.endsWith(".wasm"))) {
  console.error(`${folder}: wanted a .wasm file, found none`);
  process.exitCode = 1;
}
