// Another version of the built site, made of the first: the same code under another name, and one word more on every
// page.

import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { dist } from "./harness.mjs";

const sha256 = (bytes) => crypto.createHash("sha256").update(bytes).digest("hex");

/** What the site's service worker knows: its version, and all its files. */
export function about(folder = dist) {
  const [first] = fs.readFileSync(path.join(folder, "sw.js"), "utf8").split("\n");
  return JSON.parse(first.slice("const SITE = ".length, -1));
}

/** Writes a site that differs from the built one in its version and in the heading of every page, and gives its version. */
export function another(folder, word = "Another") {
  const site = about();
  const version = [...site.version].reverse().join("");
  const renamed = (text) => text.replaceAll(site.version, version);
  fs.cpSync(dist, folder, { recursive: true });
  fs.renameSync(path.join(folder, `v-${site.version}`), path.join(folder, `v-${version}`));
  const rewrite = (name, change) => {
    const file = path.join(folder, name);
    fs.writeFileSync(file, change(fs.readFileSync(file, "utf8")));
    return sha256(fs.readFileSync(file));
  };
  const pages = site.pages.map(([name, hash]) => [
    name,
    name.endsWith(".html") ? rewrite(name, (text) => renamed(text).replace(/<h1([^>]*)>/, `<h1$1>${word} `)) : hash,
  ]);
  const code = site.code.map(([name, hash]) => [renamed(name), name.endsWith("files.js") ? rewrite(renamed(name), renamed) : hash]);
  rewrite("sw.js", (text) => `const SITE = ${JSON.stringify({ ...site, version, pages, code })};\n${text.split("\n").slice(1).join("\n")}`);
  return version;
}
