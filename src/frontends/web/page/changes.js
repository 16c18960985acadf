// What the session changed: files, their diffs, and the way back.

import { $, button, counted, h, on, page, sentence } from './dom.js';
import { get, post, room } from './api.js';
import { diffElement, fileHead } from './diff.js';
import { confirmed } from './notify.js';

// The request whose answer is shown; earlier ones are dropped.
let last = 0;

export async function showChanges() {
	last += 1;
	const mine = last;
	const files = await get(room(page.conversation.id, '/changes'));
	if (mine !== last) return;
	const open = [...$('changes').querySelectorAll('details[open]')].map((one) => one.dataset.path);
	$('changes').replaceChildren(...files.map((file) => change(file, open.includes(file.path))));
	const sum = (name) => files.reduce((all, file) => all + (file[name] ?? 0), 0);
	const words = `${counted(files.length, 'file')}, +${sum('added')} −${sum('removed')}`;
	say(files.length > 0 ? words : 'This session has changed nothing.');
}

const say = (text) => ($('changes-text').textContent = text);

function change(file, open) {
	const { path } = file;
	const toggle = ({ target }) => {
		if (target.open && target.children.length === 1) target.append(diffElement(file));
	};
	const details = h('details', { data: { path }, toggle, open }, h('summary', fileHead(file)));
	const label = { 'aria-label': `Revert ${path}` };
	const back = button('@revert', () => revert(path), 'Revert', label);
	return h('li@change', { data: { path } }, details, back);
}

async function revert(path) {
	const question = `Put ${path} back to what it was before this session? Undo takes that back.`;
	if (!(await confirmed(question, 'Revert'))) return;
	const { text } = await post(room(page.conversation.id, '/revert'), { path });
	await showChanges();
	say(sentence(text ?? `${path} is as it was`));
}

async function run(line) {
	const { text } = await post(room(page.conversation.id, '/command'), { line });
	await showChanges();
	if (text) say(sentence(text));
}

on('undo', 'click', () => run('/undo'));
on('redo', 'click', () => run('/redo'));
on('changes-refresh', 'click', showChanges);
