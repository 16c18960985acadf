// The state of the program: index, models, checks, and the facts in the header.

import { $, button, count, counted, fill, h, on, page, sentence, sentences } from './dom.js';
import { get, post } from './api.js';
import { attempt } from './notify.js';

/** Time between looks at the index, in milliseconds: while it is filled, and else. */
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
	$('models-text').textContent = sentence(error);
}

/** Shows the state of the index, and looks again later while the page is visible. */
export function showIndex({ files, chunks, embedded, state, error, progress, is_running: runs }) {
	const { stage, done, total } = progress ?? {};
	const bar = $('index-progress');
	bar.hidden = !total;
	if (total) Object.assign(bar, { max: total, value: done });
	const words = total ? `${stage} ${count(done)} of ${count(total)}` : (error ?? state);
	$('index-state').textContent = `Index: ${words}`;
	const size = `${counted(files, 'file')}, ${counted(chunks, 'chunk')}, ${count(embedded)} embedded`;
	$('index-text').textContent = sentences(size, words);
	lookLater(progress || runs ? SOON : LATER);
}

function lookLater(wait) {
	clearTimeout(timer);
	const look = () => fetched('/api/index').then(showIndex, () => lookLater(LATER));
	const isAway = () => document.hidden || document.body.dataset.state !== 'connected';
	timer = setTimeout(() => (isAway() ? lookLater(wait) : look()), wait);
}

async function showModels() {
	fill('models', await fetched('/api/models'), ({ name, text }) => {
		const use = () => page.command(`/model ${name}`);
		const label = { 'aria-label': `Use ${name}` };
		const choose = button('@model-use', use, 'Use', label);
		return h('li@model', h('code', name), ` ${text} `, choose);
	});
}

async function showChecks() {
	fill('doctor', await fetched('/api/doctor'), ({ name, is_good: good, text, hint }) => {
		const sign = h(good ? 'strong.added' : 'strong.warning', good ? 'ok ' : 'look ');
		return h('li@check', { data: { good } }, sign, `${name}: ${text}`, hint && h('p.muted', hint));
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
