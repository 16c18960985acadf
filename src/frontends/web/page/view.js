// Draws a conversation: an element for each item, made once, then updated.

import { approvalCard, questionCard } from './approvals.js';
import { $, button, citation, counted, duration, fill, h, marked, on, page } from './dom.js';
import { build } from './nodes.js';

// Nearer to the end than this, in pixels, the log follows what is added.
const NEAR = 60;

const drawn = new Map();
let follows = true;
let width = 0;

export function draw() {
	const { conversation } = page;
	for (const key of conversation.changed) drawItem(conversation.items[key]);
	conversation.changed.clear();
	drawWaiting(conversation);
	drawActivity();
	$('title').textContent = conversation.title || 'New session';
	$('empty').hidden = conversation.items.length + conversation.pending.length > 0;
	$('plan').hidden = !conversation.isPlanOffered || conversation.isBusy;
	$('carry-out-in-steps').hidden = !conversation.hasSteps;
	$('stop').hidden = !conversation.isBusy;
	if (!keepEnd()) scrolled();
}

export function focusRequest({ key }) {
	drawn.get(key).element.querySelector('h3').focus({ preventScroll: follows });
}

export function drawAnew() {
	drawn.clear();
	$('items').replaceChildren();
	for (const { key } of page.conversation.items) page.conversation.changed.add(key);
	follows = true;
	draw();
}

function drawItem(item) {
	const { key, kind } = item;
	let entry = drawn.get(key);
	if (entry?.kind !== kind) {
		const { element, update } = RENDERERS[kind](item);
		Object.assign(element.dataset, { role: 'item', kind, key });
		element.classList.add('item', kind);
		if (entry) entry.element.replaceWith(element);
		else $('items').append(element);
		entry = { kind, element, update };
		drawn.set(key, entry);
	}
	entry.update?.(item);
}

function drawWaiting({ pending, queue }) {
	fill('pending', pending, (one) => {
		const { element } = question(one);
		element.dataset.pending = 'true';
		element.classList.add('item', 'question');
		return element;
	});
	$('queue').hidden = queue.length === 0;
	fill('queue', queue, ({ text, client }) => {
		const out = client && button('@unqueue', () => page.unqueue(client), 'Take out');
		return h('li@queued', { data: { client } }, h('span', `Waits: ${text}`), out);
	});
}

function drawActivity() {
	const { conversation } = page;
	$('activity').hidden = !conversation?.isBusy;
	if ($('activity').hidden) return;
	const call = conversation.running();
	const work = call ? `${call.tool} ${call.what}` : 'Working';
	const words = conversation.waiting() ? 'Waits for you' : work;
	const started = call?.started ?? conversation.started ?? Date.now();
	const seconds = Math.round((Date.now() - started) / 1000);
	$('activity').textContent = seconds > 0 ? `${words} · ${seconds} s` : `${words} …`;
}

export function keepEnd() {
	if (follows) toEnd();
	return follows;
}

export function toEnd() {
	follows = true;
	const log = $('log');
	log.scrollTop = log.scrollHeight;
	width = log.clientWidth;
	$('to-end').hidden = true;
}

function scrolled() {
	const { scrollTop, scrollHeight, clientHeight, clientWidth } = $('log');
	// Another layout moves it, too.
	if (follows && width !== clientWidth) return toEnd();
	follows = scrollHeight - scrollTop - clientHeight < NEAR;
	$('to-end').hidden = follows;
}

function question({ text, attachments = [] }) {
	const names = attachments.map((name) => h('li@attachment', name));
	const files = names.length > 0 && h('ul', { 'aria-label': 'Attached' }, names);
	const element = h('article', { 'aria-label': 'Question' }, h('p.kept@question-text', text), files);
	return { element };
}

function blocksIn(box) {
	const shown = [];
	const places = [];
	return ({ blocks = [] }) =>
		blocks.forEach((node, at) => {
			if (shown[at] === node) return;
			shown[at] = node;
			while (places.length <= at) {
				places.push(h('div@block', { data: { block: places.length } }));
				box.append(places.at(-1));
			}
			places[at].replaceChildren(build(node));
		});
}

function answer() {
	const element = h('article', { 'aria-label': 'Answer' });
	return { element, update: blocksIn(element) };
}

function thoughts() {
	const text = document.createTextNode('');
	const blocks = h('div');
	const drawBlocks = blocksIn(blocks);
	const words = h('div.kept.muted@thoughts-text', text, blocks);
	const element = h('details', h('summary', 'Thoughts'), words);
	const update = (item) => {
		text.appendData(item.text.slice(text.length));
		drawBlocks(item);
	};
	return { element, update };
}

// A tool call. A failed one is open.
function call({ id, tool, what }) {
	const state = h('span@call-state');
	const live = h('pre@call-live');
	const summary = h('p@call-summary');
	const detail = h('pre@call-detail');
	const head = h('summary', h('span', tool), h('code@call-what', what), state);
	const element = h('details', { data: { call: id, tool } }, head, live, summary, detail);
	let hasOutput = false;
	const update = ({ outcome, took, live: lines, summary: words = '', detail: more = '' }) => {
		const isRunning = outcome === 'running';
		element.dataset.outcome = outcome;
		const facts = [outcome, words.length < 30 && words, Number.isFinite(took) && duration(took)];
		state.textContent = facts.filter(Boolean).join(' · ');
		element.classList.toggle('failing', /^exit code [^0]/.test(words));
		live.textContent = lines.join('\n');
		live.hidden = lines.length === 0 || (!isRunning && !!more);
		summary.textContent = words;
		detail.textContent = more;
		detail.hidden = !more;
		if (!isRunning) element.open = outcome === 'failed' || (element.open && !hasOutput);
		else if (lines.length > 0 && !hasOutput) hasOutput = element.open = true;
	};
	return { element, update };
}

function sources({ sources: found }) {
	const links = found.map(({ path, start_line: start, end_line: end, symbol }) =>
		h('li', citation(path, start, end), symbol && ` ${symbol}`),
	);
	const head = h('summary', `Looked at ${counted(found.length, 'place')}`);
	return { element: h('details', head, h('ul', links)) };
}

const words = ({ text, isWarning }) => {
	return { element: h(isWarning ? 'p.warning' : 'p.muted', marked(text)) };
};

function facts({ lines }) {
	const line = ({ text, is_warning: isWarning }) => words({ text, isWarning }).element;
	return { element: h('div', lines.map(line)) };
}

function end({ how, text }) {
	return { element: h('div', { data: { how } }, text && h('p.warning@end-text', marked(text))) };
}

function command({ line }) {
	const answer = h('div');
	const given = line && h('p@command-line', h('code', line));
	// A report is Markdown, as an answer is.
	const update = ({ text, data }) => {
		const blocks = data?.blocks?.map((node) => h('div@block', build(node)));
		const plain = text ? h('p.kept@command-text', text) : data ? table(data) : '';
		answer.replaceChildren(...(blocks ?? [plain]));
	};
	return { element: h('article', { 'aria-label': 'Command' }, given, answer), update };
}

function table(data) {
	const list = Array.isArray(data) ? data : Object.values(data).find(Array.isArray);
	const cells = (row) => Object.values(row).map((value) => h('td.kept', String(value ?? '')));
	const lines = (list ?? Object.entries(data)).map((row) => h('tr', cells(row)));
	return h('table@command-data', h('tbody', lines));
}

const RENDERERS = {
	question,
	answer,
	thoughts,
	call,
	sources,
	facts,
	end,
	command,
	notice: words,
	approval: approvalCard,
	ask: questionCard,
};

on('log', 'scroll', scrolled);
on('to-end', 'click', () => {
	toEnd();
	$('log').focus();
});
// The height changes with the other panes and the keyboard of a phone.
new ResizeObserver(keepEnd).observe($('log'));
setInterval(drawActivity, 1000);
