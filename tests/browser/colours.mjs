// Whether text can be read: contrast as WCAG 2.2 has it.

import assert from "node:assert/strict";

/** Relative luminance of a CSS colour. */
export function luminance(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).slice(0, 3).map((value) => {
    const share = Number(value) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Every visible text among these elements has a contrast of 4.5 : 1, in light and in dark. */
export async function readable(tab, selector) {
  for (const colorScheme of ["light", "dark"]) {
    await tab.emulateMedia({ colorScheme });
    const found = await tab.evaluate((selector) => {
      const opaque = (element) => {
        for (let here = element; here; here = here.parentElement) {
          const colour = getComputedStyle(here).backgroundColor;
          if (!/, 0\)$/.test(colour) && colour !== "transparent") return colour;
        }
        return "rgb(255, 255, 255)";
      };
      return [...document.querySelectorAll(selector)]
        .filter((element) => element.checkVisibility() && element.textContent.trim())
        .map((element) => ({ text: element.textContent.trim().slice(0, 40), fore: getComputedStyle(element).color, back: opaque(element) }));
    }, selector);
    assert.ok(found.length > 0, `no text in ${selector}`);
    for (const { text, fore, back } of found) {
      const [high, low] = [luminance(fore), luminance(back)].sort((a, b) => b - a);
      const contrast = (high + 0.05) / (low + 0.05);
      assert.ok(contrast >= 4.5, `${colorScheme}: "${text}" has contrast ${contrast.toFixed(2)}, ${fore} on ${back}`);
    }
  }
}
