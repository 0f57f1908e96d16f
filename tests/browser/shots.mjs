// Pictures of pages: taken, kept, made small, and compared with those of before.

import fs from "node:fs";
import path from "node:path";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { root } from "./harness.mjs";

/** Pictures as they are, of the last test. */
const taken = process.env.RETORT_SHOTS ?? path.join(root, "runs/shots");
/** Small ones to compare with; RETORT_KEEP_SHOTS=1 makes them anew. */
const kept = path.join(root, "tests/browser/shots");
const renew = process.env.RETORT_KEEP_SHOTS === "1";
/** So many pixels become one. */
const FACTOR = 8;
/** Share of the small picture's pixels that may differ. */
const ALLOWED = 0.02;

/** The means of squares of pixels. */
function small(picture) {
  const [width, height] = [picture.width, picture.height].map((side) => Math.floor(side / FACTOR));
  const out = new PNG({ width, height });
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let channel = 0; channel < 4; channel += 1) {
        let sum = 0;
        for (let place = 0; place < FACTOR * FACTOR; place += 1) {
          const [row, column] = [y * FACTOR + Math.floor(place / FACTOR), x * FACTOR + (place % FACTOR)];
          sum += picture.data[4 * (row * picture.width + column) + channel];
        }
        out.data[4 * (y * width + x) + channel] = Math.round(sum / (FACTOR * FACTOR));
      }
    }
  }
  return out;
}

/** The part that two pictures have in common, of one of them. */
function cropped(picture, width, height) {
  const out = new PNG({ width, height });
  PNG.bitblt(picture, out, 0, 0, width, height, 0, 0);
  return out;
}

/** What decides how letters look: pictures of another browser or with other fonts cannot be compared. */
export async function drawnBy(tab, version) {
  const widths = await tab.evaluate(() => {
    const pen = document.createElement("canvas").getContext("2d");
    return ["system-ui", "serif", "monospace"].map((family) => {
      pen.font = `20px ${family}`;
      return Math.round(pen.measureText("Hamburgefonstiv 0123456789").width);
    });
  });
  return `${version.split(".")[0]} ${widths.join(" ")}`;
}

/** Keeps a picture under a name and says what is wrong with it; nothing where it looks as it did. */
export function compare(name, bytes, drawn) {
  fs.mkdirSync(taken, { recursive: true });
  fs.writeFileSync(path.join(taken, `${name}.png`), bytes);
  const now = small(PNG.sync.read(bytes));
  const [file, by] = [path.join(kept, `${name}.png`), path.join(kept, "drawn-by.txt")];
  if (renew) {
    fs.mkdirSync(kept, { recursive: true });
    fs.writeFileSync(file, PNG.sync.write(now));
    fs.writeFileSync(by, `${drawn}\n`);
    return undefined;
  }
  if (!fs.existsSync(file)) return `${name}: no picture to compare with; RETORT_KEEP_SHOTS=1 keeps one`;
  const then = PNG.sync.read(fs.readFileSync(file));
  const [width, height] = [Math.min(now.width, then.width), Math.min(now.height, then.height)];
  const [one, other] = [cropped(now, width, height), cropped(then, width, height)];
  const differ = pixelmatch(one.data, other.data, undefined, width, height, { threshold: 0.15 });
  const beyond = Math.abs(now.width * now.height - then.width * then.height);
  const share = (differ + beyond) / Math.max(now.width * now.height, then.width * then.height);
  return share > ALLOWED ? `${name}: ${(100 * share).toFixed(1)} % of the small picture differs, ${100 * ALLOWED} % may` : undefined;
}

/** Why pictures drawn so cannot be compared with those that are kept; nothing where they can. */
export function incomparable(drawn) {
  const by = path.join(kept, "drawn-by.txt");
  if (renew) return undefined;
  if (!fs.existsSync(by)) return "no pictures are kept to compare with; RETORT_KEEP_SHOTS=1 keeps them";
  const then = fs.readFileSync(by, "utf8").trim();
  return then === drawn ? undefined : `pictures are kept of another browser, or with other fonts: ${then}, here ${drawn}`;
}
