// The input: questions, commands, attachments, and a draft that survives a reload.

import { $, button, h, on, page } from './dom.js';
import { closeCompletions, completionKey } from './complete.js';
import { attempt } from './notify.js';

/** A request has at most 4 MB. */
const MOST_BYTES = 3_600_000;
/** Pasted text that is longer becomes an attachment, in characters. */
const LONG_PASTE = 4_000;
const AGENT = 'ollacode.agent';

const input = $('input');
/** Texts and pictures that go with the next question: name, size, and `text` or `base64`. */
let attached = [];
let isSending = false;

const draftKey = () => `ollacode.draft.${page.conversation?.id}`;

/** Shows the draft of the conversation. */
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

/** Sends the question or the command. What is not taken comes back. */
async function send() {
	const text = input.value.trim();
	if (!text || isSending) return;
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
		const all = [...attached, await read(file)];
		if (all.reduce((sum, { size }) => sum + size, 0) > MOST_BYTES) {
			throw new Error(`${file.name} is too large; name files of the workspace with @ instead`);
		}
		setAttached(all);
	}
}

async function read(file) {
	const { name, size } = file;
	if (/^image\/(png|jpeg|webp|gif)$/.test(file.type)) {
		const reader = new FileReader();
		reader.readAsDataURL(file);
		await new Promise((resolve) => (reader.onloadend = resolve));
		const base64 = reader.result.split(',')[1];
		return { name, base64, size: base64.length };
	}
	const text = await file.text();
	if (text.includes('\0')) throw new Error(`${name} is neither a text nor a picture`);
	return { name, text, size };
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
	if (event.isComposing) return undefined;
	const isOfList = completionKey(event);
	const isSent = !isOfList && event.key === 'Enter' && !event.shiftKey;
	if (isOfList || isSent) event.preventDefault();
	return isSent && send();
});
on(input, 'paste', (event) => {
	const { files } = event.clipboardData;
	const text = event.clipboardData.getData('text/plain');
	if (files.length === 0 && text.length <= LONG_PASTE) return undefined;
	event.preventDefault();
	return attach(files.length > 0 ? files : [new File([text], `pasted-${attached.length + 1}.txt`)]);
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
for (const name of ['dragover', 'dragleave', 'drop']) {
	on(document, name, (event) => {
		document.body.classList.toggle('drop', name === 'dragover');
		if (!event.dataTransfer.types.includes('Files')) return undefined;
		event.preventDefault();
		return name === 'drop' && attach(event.dataTransfer.files);
	});
}
const agent = $('agent-mode');
agent.checked = sessionStorage.getItem(AGENT) !== 'off';
on(agent, 'change', () => sessionStorage.setItem(AGENT, agent.checked ? 'on' : 'off'));
