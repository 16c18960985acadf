// The search page: the query as it is typed, without the model.

import { $, button, count, counted, h, on, page, place, sentences, visible } from './dom.js';
import { get } from './api.js';
import { openFile } from './files.js';
import { build } from './nodes.js';

// A pause of this time after a key starts the search, in milliseconds.
const PAUSE = 60;
const LIMIT = 20;

let timer;
let running = new AbortController();

// Searches, by words while somebody types. A late answer is dropped.
async function search(lexical) {
	running.abort();
	running = new AbortController();
	const { signal } = running;
	const [q, language, path] = ['query', 'language', 'path'].map((id) => $(id).value.trim());
	const explain = $('explain').checked;
	const workspace = page.workspace();
	const given = { q, workspace, language, path, explain, lexical, limit: LIMIT };
	try {
		const answer = q ? await get('/api/search', given, signal) : { hits: [] };
		if (!signal.aborted) show(answer);
	} catch (error) {
		if (!signal.aborted) show({ hits: [], notes: [error.message] });
	}
}

function show({ hits, took_ms: took, index, notes = [], not_searched: rest }) {
	$('hits').replaceChildren(...hits.map(hitElement));
	const searched = index ? ` of ${counted(index.chunks, 'chunk')}` : '';
	const found = took !== undefined && `${counted(hits.length, 'hit')}${searched} in ${took} ms`;
	const words = sentences(found, ...notes, ...[rest?.words ?? []].flat());
	$('search-state').textContent = words || 'Typing finds words and names; Enter also finds meaning.';
}

function hitElement(hit) {
	const { path, start_line: start, end_line: end, kind, language, copies, why, symbol } = hit;
	const name = visible([...hit.scope, symbol].filter(Boolean).join(' > ').replace(/(^|> )#+ /g, '$1'));
	const more = copies && `${count(copies)} more with the same text`;
	const facts = [kind, language, `found by ${hit.why_word}`, more].filter(Boolean).join(', ');
	const head = h(
		'p',
		button('.plain@hit-open', () => openFile(path, start, end), place(path, start, end)),
		name && h('strong', ` ${name} `),
		h('span.muted@hit-why', ` ${facts}`),
	);
	const code = h('pre', hit.lines.flatMap((node) => [build(node), '\n']));
	return h('li@hit', { data: { path, start, end } }, head, code, why && explained(hit));
}

function explained({ score, why: { lexical, dense, fused, signals } }) {
	const leg = (name, { rank, score: points }) => `${name}: rank ${rank}, score ${points}`;
	const signal = ({ name, added, times }) => `${name}: ${times ? `× ${times}` : `+ ${added}`}`;
	const lines = [
		lexical && leg('lexical', lexical),
		dense && leg('dense', dense),
		`combined: ${fused}`,
		...signals.map(signal),
		`score: ${score}`,
	];
	return h('p.muted@hit-explain', lines.filter(Boolean).join(' · '));
}

export function searchFor(query) {
	$('query').value = query ?? $('query').value;
	$('query').focus();
	soon();
}

function soon() {
	clearTimeout(timer);
	timer = setTimeout(search, PAUSE, true);
}

on('search-form', 'input', soon);
on('search-form', 'submit', (event) => {
	event.preventDefault();
	clearTimeout(timer);
	return search();
});
