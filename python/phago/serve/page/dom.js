// Elements made of names and texts. Nothing here reads HTML: a document is text, whatever it contains.

const SVG = "http://www.w3.org/2000/svg";

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function h(name, properties, ...children) {
  return filled(document.createElement(name), properties, children);
}

export function s(name, properties, ...children) {
  return filled(document.createElementNS(SVG, name), properties, children);
}

export const count = (number) => Number(number).toLocaleString("en");

export const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

export const points = (number) => Number(number).toFixed(2);

export const short = (text, length) => (text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`);

export const waiting = (number) => `${counted(number, "document")} ${number === 1 ? "waits" : "wait"} to be digested`;
