// What waits for the user: approvals of calls, and questions of the model.

import { $, button, h, isTyping, on, page } from './dom.js';
import { diffElement, fileHead } from './diff.js';

// Keys pressed sooner than this after a request appeared were not meant for it.
const TOO_SOON = 300;
// Who typed less than this time ago is not interrupted.
const STILL_TYPING = 1500;

let lastKey = 0;

const keys = new WeakMap();

// A request for approval. What is not shown whole cannot be allowed.
export function approvalCard(item) {
	const { files = [], command, preview, title, reason } = item;
	const isWhole = files.every((file) => file.is_whole !== false);
	const form = h('div');
	const choices = choicesOf(item, form, isWhole);
	const card = requestCard('Approval', item, [
		h('h3@approval-title', { tabindex: -1 }, title),
		reason && h('p.warning@approval-reason', reason),
		files.map((file) => [h('p', fileHead(file)), diffElement(file)]),
		files.length === 0 && (command || preview) && h('pre@approval-command', command || preview),
		h('div.tools.choices', Object.values(choices)),
		form,
	]);
	keys.set(card.element, choices);
	setTimeout(() => (card.element.dataset.ready = 'true'), TOO_SOON);
	return card;
}

function requestCard(label, { id }, content) {
	const decision = h('p@decision');
	const element = h('article.request', { 'aria-label': label, data: { id } }, content, decision);
	const update = (item) => {
		element.dataset.open = item.isOpen;
		decision.textContent = item.decision ?? '';
		if (!item.isOpen) element.querySelectorAll('.choices, form').forEach((one) => one.remove());
	};
	return { element, update };
}

function choicesOf(item, form, isWhole) {
	const { command, remember, can_edit: canEdit } = item;
	const choices = {};
	const offer = (key, what, words, given, field) => {
		const answer = (text) => page.answer(item, field ? { ...given, [field]: text } : given);
		const act = () => (field ? askText(form, field, words, given.command, answer) : answer());
		const shown = [h('kbd', { 'aria-hidden': 'true' }, key), words];
		choices[key] = button(what, act, shown, { 'aria-keyshortcuts': key });
	};
	if (isWhole) {
		offer('y', '.main@approve-once', 'Allow once', { decision: 'once' });
		const session = `Allow for this session: ${remember}`;
		if (remember) offer('a', '@approve-session', session, { decision: 'session' });
		const replace = { decision: 'replace', command };
		if (canEdit && command) offer('e', '@edit-command', 'Edit the command', replace, 'command');
	}
	offer('n', '@deny', 'No', { decision: 'deny' });
	offer('r', '@deny-because', 'No, because…', { decision: 'deny' }, 'reason');
	return choices;
}

// Sends the text of a field; an empty one sends nothing.
function submitted(event, field, send) {
	event.preventDefault();
	return field.value.trim() && send(field.value.trim());
}

function askText(place, name, words, value = '', send) {
	const submit = (event) => submitted(event, field, send);
	const close = () => {
		place.replaceChildren();
		place.parentElement.querySelector('h3').focus();
	};
	const keydown = (event) => {
		if (event.key === 'Escape') close();
		return event.key === 'Enter' && !event.shiftKey && !event.isComposing && submit(event);
	};
	const field = h(`textarea@${name}-field`, { value, keydown });
	const sending = h(`button.main@${name}-send`, { type: 'submit' }, 'Send');
	const tools = h('div.tools', sending, button('@form-cancel', close, 'Back'));
	place.replaceChildren(h('form', { submit }, h('label', words, field), tools));
	field.focus();
}

export function questionCard(item) {
	const answer = (text) => page.answer(item, { text });
	const submit = (event) => submitted(event, field, answer);
	const field = h('input@ask-field', { type: 'text' });
	const options = item.options.map((text) => button('@option', () => answer(text), text));
	const send = h('button.main@ask-send', { type: 'submit' }, 'Answer');
	const decline = button('@ask-decline', () => answer(null), 'Do not answer');
	return requestCard('Question of the model', item, [
		h('h3.kept@ask-title', { tabindex: -1 }, item.question),
		h('div.tools.choices', options),
		h('form.tools', { submit }, h('label.grow', 'Your answer', field), send, decline),
	]);
}

export function isWriting() {
	const active = document.activeElement;
	const hasText = active.value || Date.now() - lastKey < STILL_TYPING;
	return $('confirm').open || (isTyping(active) && hasText);
}

// y a e n r decide the first open approval, while no field has the focus.
on(document, 'keydown', (event) => {
	const { key, target, ctrlKey, metaKey, altKey, repeat } = event;
	if (isTyping(target)) lastKey = key === 'Enter' ? 0 : Date.now();
	if (isTyping(target) || ctrlKey || metaKey || altKey || repeat || $('confirm').open) return;
	const open = document.querySelector('.approval[data-open="true"]');
	const choice = open?.dataset.ready && open.checkVisibility() && keys.get(open)[key];
	if (!choice) return;
	event.preventDefault();
	choice.click();
});
