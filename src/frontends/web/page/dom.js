// What the parts of the page share. Text becomes text nodes only: no way to pass markup.

import { attempt } from './notify.js';

// What the server said of itself, the conversation shown, and the actions of app.js.
export const page = {
	server: { commands: [], conversations: [] },
	conversation: null,
	workspace: () => page.conversation?.workspace,
};

export function $(id) {
	return document.getElementById(id);
}

// Listens to an element, or the one with an id; an error of the action is reported.
export function on(target, name, act) {
	const element = typeof target === 'string' ? $(target) : target;
	element.addEventListener(name, (event) => attempt(() => act(event)));
}

// Makes an element: `h('li.muted@hit', { data: { path }, click }, 'text', child)`. Its `data-role`
// follows the `@`; functions listen to events of their name; null and false are left out.
export function h(what, ...inside) {
	const [, tag, classes, role] = what.match(/^(\w+)([.\w-]*)@?([\w-]*)$/);
	const given = inside[0]?.constructor === Object ? inside.shift() : {};
	const { data = {}, value, ...attributes } = given;
	const element = document.createElement(tag);
	element.className = classes.replaceAll('.', ' ').trim();
	for (const [name, text] of Object.entries({ ...data, role: role || null })) {
		if (text !== null && text !== undefined) element.dataset[name] = text;
	}
	for (const [name, it] of Object.entries(attributes)) {
		if (typeof it === 'function') on(element, name, it);
		else if (it || it === 0) element.setAttribute(name, it === true ? '' : it);
	}
	element.append(...inside.flat(3).filter((child) => child || child === 0));
	if (value !== undefined) element.value = value;
	return element;
}

const filled = {};

// Fills a list, unless it shows the same already: focus and presses stay.
export function fill(id, rows, make) {
	const text = JSON.stringify(rows);
	if (filled[id] === text) return;
	filled[id] = text;
	$(id).replaceChildren(...rows.map(make));
}

// A button; `what` is its `data-role`, perhaps with classes before: `.main@send`.
export function button(what, click, words, attributes) {
	return h(`button${what}`, { type: 'button', click, ...attributes }, words);
}

// A button that opens a file at some lines; see files.js.
export function citation(path, start, end, words = place(path, start, end)) {
	return button('.cite@cite', null, words, { data: { path, start, end } });
}

export const isTyping = (element) => !!element?.closest?.('textarea, select, input');

export const place = (path, start, end) =>
	`${visible(path)}:${start}${end > start ? `-${end}` : ''}`;

// Shows what hides: control and direction characters, and those without width.
export const visible = (text) =>
	text.replace(HIDDEN, (sign) => `\\u{${sign.codePointAt(0).toString(16)}}`);

const HIDDEN = /[^\P{Cc}\n\t]|[\p{DI}\p{Bidi_C}\u2028\u2029\ufff9-\ufffb]/gu;

export const count = (number) => Number(number ?? 0).toLocaleString('en');

export const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? '' : 's'}`;

export const duration = (ms) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

// Begins with a capital, unless with a name, and ends with a full stop.
export function sentence(text) {
	const words = String(text ?? '').trim();
	const begun = /^[a-z]+[ ,]/.test(words) ? words[0].toUpperCase() + words.slice(1) : words;
	return /[.!?…:]$|^$/.test(begun) ? begun : `${begun}.`;
}

// Backticks as code.
export const marked = (text) =>
	text.split('`').map((part, at) => (at % 2 ? h('code', part) : part));

export const sentences = (...texts) => texts.filter(Boolean).map(sentence).join(' ');
