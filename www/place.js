// Where this version's files are. Code lies in a folder of the version, data under names made of their content:
// a page can never get half of one version and half of another.
import { site } from "./files.js";

const here = new URL("./", import.meta.url);

/** The folder of the site, whichever version is in it. */
export const root = new URL("../", here);

/** The address of a file of this version, by its path in the sources. */
export function address(path) {
  return Object.hasOwn(site.data, path) ? new URL(site.data[path], root).href : new URL(path, here).href;
}

/** What is fetched more than once, by its address; shared by all versions. */
export const KEPT = "retort-data";

/** Which kernels the last visit asked for. */
export const COMPILED = "retort-pipelines";

globalThis.retort = { version: site.version, address };
