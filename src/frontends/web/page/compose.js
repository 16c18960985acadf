// The input: questions, commands, attachments, a draft that survives a reload.

import { $, button, h, on, page } from './dom.js';
import { closeCompletions, completionKey } from './complete.js';
import { attempt } from './notify.js';

// A request has at most 4 MB; pictures become a third longer.
const MOST_BYTES = 2_900_000;
const AGENT = 'ollacode.agent';

const input = $('input');
// Files of the next question: name, size, and `text` or `base64`.
let attached = [];
let isSending = false;

const draftKey = () => `ollacode.draft.${page.conversation?.id}`;

export function showDraft() {
	setText(sessionStorage.getItem(draftKey()) ?? '');
}

function setText(text) {
	input.value = text;
	changed();
}

function changed() {
	sessionStorage.setItem(draftKey(), input.value);
	input.style.height = 'auto';
	input.style.height = `${input.scrollHeight + 2}px`;
}

async function send() {
	const text = input.value.trim();
	if (!text || isSending || !page.conversation) return;
	const isCommand = /^\/([a-z]+|\?)?(\s.*)?$/i.test(text);
	const given = isCommand ? [] : attached;
	isSending = true;
	closeCompletions();
	setText('');
	setAttached(isCommand ? attached : []);
	const isTaken = await attempt(() => (isCommand ? page.command(text) : page.ask(text, given)));
	isSending = false;
	if (isTaken) return;
	setText(input.value || text);
	setAttached([...given, ...attached]);
}

async function attach(files) {
	for (const file of files) {
		if (attached.reduce((sum, { size }) => sum + size, file.size) > MOST_BYTES) {
			throw new Error(`${file.name} is too large; name files of the workspace with @ instead`);
		}
		const made = await read(file);
		setAttached([...attached, { ...made, name: file.name, size: file.size }]);
	}
}

async function read(file) {
	if (/^image\/(png|jpeg|webp|gif)$/.test(file.type)) {
		const reader = new FileReader();
		reader.readAsDataURL(file);
		await new Promise((resolve) => (reader.onloadend = resolve));
		return { base64: reader.result.split(',')[1] };
	}
	const text = await file.text();
	if (text.includes('\0')) throw new Error(`${file.name} is neither a text nor a picture`);
	return { text };
}

function setAttached(all) {
	attached = all;
	const shown = attached.map((one) => {
		const remove = () => setAttached(attached.filter((other) => other !== one));
		const label = { 'aria-label': `Do not attach ${one.name}` };
		return h('li@attached', one.name, button('.plain@detach', remove, '×', label));
	});
	$('attachments').hidden = attached.length === 0;
	$('attachments').replaceChildren(...shown);
}

on(input, 'input', changed);
on(input, 'keydown', (event) => {
	if (event.isComposing) return;
	const isOfList = completionKey(event);
	const isSent = !isOfList && event.key === 'Enter' && !event.shiftKey;
	if (isOfList || isSent) event.preventDefault();
	return isSent && send();
});
on(input, 'paste', (event) => {
	const { files } = event.clipboardData;
	if (files.length > 0) event.preventDefault();
	return attach(files);
});
on('compose', 'submit', (event) => {
	event.preventDefault();
	return send();
});
on('attach', 'click', () => $('attach-file').click());
on('attach-file', 'change', async ({ target }) => {
	await attach(target.files);
	target.value = '';
});
// Files can be dropped anywhere; they never replace the page.
for (const name of ['dragover', 'drop']) {
	on(document, name, (event) => {
		if (!event.dataTransfer.types.includes('Files')) return;
		event.preventDefault();
		return name === 'drop' && attach(event.dataTransfer.files);
	});
}
const agent = $('agent-mode');
agent.checked = sessionStorage.getItem(AGENT) !== 'off';
on(agent, 'change', () => sessionStorage.setItem(AGENT, agent.checked ? 'on' : 'off'));
