// Builds elements from nodes of the server: a string, or a list of tag, attributes, children.
// Only what is listed here is built; of all else the text is kept.

import { citation } from './dom.js';

const TAGS = new Set(
	('p h1 h2 h3 h4 h5 h6 ul ol li code pre em strong del blockquote table thead tbody tr th td hr ' +
		'br a span').split(' '),
);

export function build(node) {
	if (!Array.isArray(node)) return document.createTextNode(node ?? '');
	const [tag, given, ...children] = node;
	if (tag === 'cite' && given?.['data-path']) return cited(node, given);
	if (!TAGS.has(tag)) return document.createTextNode(textOf(node));
	// Headings of an answer stand below those of the page.
	const element = document.createElement(tag.replace(/^h([1-4])$/, (_, level) => `h${+level + 2}`));
	setAttributes(element, given ?? {});
	element.append(...children.map(build));
	return element;
}

export function textOf(node) {
	if (!Array.isArray(node)) return String(node ?? '');
	const text = node.slice(2).map(textOf).join('');
	return /^(p|h\d|li|tr|pre|br)$/.test(node[0]) ? `${text}\n` : text;
}

function setAttributes(element, { class: names, href, start }) {
	if (/^[\w -]+$/.test(names)) element.className = names;
	if (element.tagName === 'OL' && Number(start)) element.start = start;
	if (element.tagName === 'A' && /^https?:$/.test(URL.canParse(href) && new URL(href).protocol)) {
		Object.assign(element, { href, target: '_blank', rel: 'noopener noreferrer' });
	}
}

function cited(node, { 'data-path': path, 'data-start': start, 'data-end': end }) {
	const [first, last] = [Number(start) || 1, Number(end) || Number(start) || 1];
	return citation(path, first, last, textOf(node));
}
