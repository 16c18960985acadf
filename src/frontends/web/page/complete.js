// Completion: paths after `@`, commands after `/`, values of a command.

import { $, h, on, page, visible } from './dom.js';
import { get } from './api.js';

const MOST = 12;

const input = $('input');
const list = $('completions');
// What is completed, and where; what is offered, and which of it is selected.
let place = null;
let found = [];
let selected = 0;

// What is completed at the end of a text, and where it begins; null if nothing.
function completed(text) {
	const path = text.match(/(?:^|[\s([{,])@(?:"([^"\n]*)|([^\s"]*))$/);
	if (path) return { prefix: path[1] ?? path[2], start: text.lastIndexOf('@') };
	const [, name, value] = text.match(/^\/([\w-]*)(?:\s+(\S*))?$/) ?? [];
	const start = text.length - (value ?? text).length;
	return name === undefined ? null : { command: name.toLowerCase(), prefix: value, start };
}

async function fitting({ prefix, command }) {
	if (command === undefined) {
		const paths = await get('/api/complete', { workspace: page.workspace(), prefix });
		// With blanks they are quoted. A folder is completed further.
		const inserted = (path) => (path.endsWith('/') ? `@${path}` : `@${path} `);
		return paths.map((text) => ({ text, insert: inserted(text) }));
	}
	const begin = ({ name, aliases }) => [name, ...aliases].some((one) => one.startsWith(command));
	const meant = page.server.commands.filter(begin);
	if (prefix === undefined) {
		return meant.map(({ name, argument, help }) => {
			return { text: `/${name} ${argument}`, help, insert: argument ? `/${name} ` : `/${name}` };
		});
	}
	const fits = meant[0]?.values.filter((value) => value.startsWith(prefix) && value !== prefix);
	return (fits ?? []).map((text) => ({ text, insert: text }));
}

export function closeCompletions() {
	list.hidden = true;
	place = null;
	input.removeAttribute('aria-activedescendant');
}

async function offer() {
	const mine = completed(input.value.slice(0, input.selectionStart));
	place = mine;
	const fits = mine ? await fitting(mine).catch(() => []) : [];
	if (place !== mine) return;
	if (fits.length === 0) return closeCompletions();
	found = fits.slice(0, MOST);
	list.replaceChildren(...found.map(option));
	list.hidden = false;
	select(0);
}

function option({ text, help }, at) {
	// Pressing the button must not take the focus from the input.
	const pointerdown = (event) => {
		event.preventDefault();
		accept(at);
	};
	const attributes = { role: 'option', id: `completion-${at}`, pointerdown };
	return h('li@completion', attributes, visible(text), help && h('span', help));
}

function select(at) {
	const options = [...list.children];
	selected = (at + options.length) % options.length;
	options.forEach((one, index) => (one.ariaSelected = String(index === selected)));
	options[selected].scrollIntoView({ block: 'nearest' });
	input.setAttribute('aria-activedescendant', options[selected].id);
}

function accept(at) {
	input.setRangeText(found[at].insert, place.start, input.selectionStart, 'end');
	closeCompletions();
	input.dispatchEvent(new Event('input'));
}

export function completionKey({ key, shiftKey }) {
	if (list.hidden) return false;
	// What was typed in full is sent.
	const isTyped = input.value.trim() === found[selected].insert.trim();
	if (key === 'ArrowDown') select(selected + 1);
	else if (key === 'ArrowUp') select(selected - 1);
	else if (key === 'Escape') closeCompletions();
	else if (key === 'Tab' || (key === 'Enter' && !shiftKey && !isTyped)) accept(selected);
	else return false;
	return true;
}

on(input, 'input', offer);
on(input, 'blur', closeCompletions);
