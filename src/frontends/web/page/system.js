// The state of the program: index, models, checks, and the facts in the header.

import { $, button, count, counted, fill, h, marked, on, page, sentence, sentences } from './dom.js';
import { get, post } from './api.js';
import { attempt } from './notify.js';

// Time between looks at the index, in milliseconds: while it is filled, and else.
const SOON = 1_500;
const LATER = 30_000;

let timer;

const fetched = (path) => get(path, { workspace: page.workspace() });

export function showFacts() {
	const { used, window } = page.conversation?.window ?? {};
	const { name, error } = page.server.model ?? {};
	$('tokens').hidden = !window;
	$('tokens-text').textContent = window ? `${count(used)} of ${count(window)} tokens` : '';
	Object.assign($('tokens'), { max: window || 1, value: used || 0 });
	$('model').textContent = page.conversation?.model ?? name ?? 'no model';
	$('model').classList.toggle('warning', !!error);
	$('no-model').replaceChildren(...marked(sentence(error)));
}

export function showIndex(index) {
	const { files, chunks, embedded, state, kind, error, progress, is_running: runs } = index;
	const { stage, done, total } = progress ?? {};
	const bar = $('index-progress');
	bar.hidden = !total;
	if (total) Object.assign(bar, { max: total, value: done });
	const words = total ? `${stage} ${count(done)} of ${count(total)}` : (error ?? state);
	const isTrouble = !!error || kind === 'trouble';
	$('index-state').textContent = `Index: ${isTrouble ? 'see System' : words}`;
	$('index-state').classList.toggle('warning', isTrouble);
	const size = `${counted(files, 'file')}, ${counted(chunks, 'chunk')}, ${count(embedded)} embedded`;
	$('index-text').replaceChildren(...marked(sentences(size, words)));
	lookLater(progress || runs ? SOON : LATER);
}

function lookLater(wait) {
	clearTimeout(timer);
	const look = () => fetched('/api/index').then(showIndex, () => lookLater(LATER));
	const isAway = () => document.hidden || document.body.dataset.state !== 'connected';
	timer = setTimeout(() => (isAway() ? lookLater(wait) : look()), wait);
}

async function showModels() {
	const used = $('model').textContent;
	const models = await fetched('/api/models').catch(({ message }) => message);
	const isKnown = Array.isArray(models);
	$('models-text').replaceChildren(...marked(isKnown ? '' : models));
	const rows = isKnown ? models.map((one) => ({ ...one, isUsed: one.name === used })) : [];
	fill('models', rows, ({ name, text, isUsed }) => {
		const use = () => page.command(`/model ${name}`);
		const word = isUsed ? 'In use' : 'Use';
		const choose = button('@model-use', use, word, { 'aria-label': `${word} ${name}` });
		return h('li@model', h('code', name), h('span', text), choose);
	});
}

async function showChecks() {
	fill('doctor', await fetched('/api/doctor'), ({ name, is_good: good, text, hint }) => {
		const sign = h(good ? 'span.added' : 'strong.warning', good ? 'ok' : 'warning');
		const help = hint && h('p.muted', marked(hint));
		return h('li@check', { data: { good } }, sign, h('span', marked(`${name}: ${text}`)), help);
	});
}

export function showSystem() {
	attempt(async () => showIndex(await fetched('/api/index')));
	attempt(showModels);
	attempt(showChecks);
}

on('model', 'click', () => page.go('system'));
on('doctor-refresh', 'click', showChecks);
on('index-update', 'click', async () => {
	showIndex(await post('/api/index', { workspace: page.workspace() }));
});
