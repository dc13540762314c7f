// @ts-check
/**
 * The tray's icons as SVG: one for each state, in colour and, for macOS, in one colour, of which the system
 * takes the shape alone.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The badge of each state, for a brand that draws none itself: 20 wide, at the bottom right. */
const badges = {
  connected: '<circle cx="15" cy="15" r="3.2" fill="#1f8744" />',
  offline: '<circle cx="15" cy="15" r="2.4" fill="none" stroke="#54625f" stroke-width="1.6" />',
  attention:
    '<rect x="13.8" y="10.6" width="2.4" height="5" rx="1.2" fill="#c46d00" />' +
    '<circle cx="15" cy="17.8" r="1.4" fill="#c46d00" />',
  "signed-out": "",
};

const states = /** @type {(keyof typeof badges)[]} */ (Object.keys(badges));

/**
 * The name and the SVG of each of the tray's icons.
 * @param {string} icon the brand's icon, as SVG
 * @param {string} mark what stands for it where there is one colour
 * @param {string | undefined} folder the brand's own icons of the states, if it has any
 * @returns {[name: string, svg: string][]}
 */
export function trayIcons(icon, mark, folder) {
  return states.flatMap((state) => {
    if (folder === undefined) return badged(icon, mark, state);
    const svg = readFileSync(join(folder, `${state}.svg`), "utf8");
    return named(state, svg, withoutGround(svg));
  });
}

/**
 * @param {string} state
 * @param {string} inColour
 * @param {string} inOneColour
 * @returns {[name: string, svg: string][]}
 */
function named(state, inColour, inOneColour) {
  return [
    [state, inColour],
    [`${state}-template`, inOneColour],
  ];
}

/**
 * A brand's pictures with the badge of a state: on white in colour, in a hole in one colour.
 * @param {string} icon
 * @param {string} mark
 * @param {keyof typeof badges} state
 */
function badged(icon, mark, state) {
  const badge = badges[state];
  const room = badge === "" ? "" : '<circle cx="15" cy="15" r="4.8" />';
  const onWhite = `<g fill="#fff">${room}</g>${badge}`;
  const hole = `<mask id="hole"><rect width="20" height="20" fill="#fff" />${room}</mask>`;
  return named(
    state,
    picture(image(icon) + onWhite),
    silhouette(picture(`${hole}<g mask="url(#hole)">${image(mark)}</g>${badge}`)),
  );
}

/**
 * The shape of a picture, in black.
 * @param {string} svg
 */
function silhouette(svg) {
  const values = "0 0 0 0 0  0 0 0 0 0  0 0 0 0 0  0 0 0 1 0";
  const black = `<filter id="black"><feColorMatrix values="${values}" /></filter>`;
  return picture(`${black}<g filter="url(#black)">${image(svg)}</g>`);
}

/** @param {string} svg */
function image(svg) {
  const data = Buffer.from(svg).toString("base64");
  return `<image href="data:image/svg+xml;base64,${data}" width="20" height="20" />`;
}

/** @param {string} content */
function picture(content) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 20 20">${content}</svg>`;
}

/**
 * What stands on the ground, in black and without the ground's margin.
 * @param {string} svg
 */
function withoutGround(svg) {
  return svg
    .replace(/<[^<>]*\bid="ground"[^<>]*>/, "")
    .replace('viewBox="0 0 20 20"', 'viewBox="2.4 2.4 16.4 16.4"')
    .replace(/(fill|stroke)="#[0-9a-f]+"/gi, '$1="#000000"');
}
