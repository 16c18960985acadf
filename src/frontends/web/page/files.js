// The file pane: some lines of a file, read-only. Citations open it.

import { $, h, on, page, place } from './dom.js';
import { get } from './api.js';
import { build } from './nodes.js';

// Lines fetched around the wanted ones, and with each button.
const BEFORE = 40;
const AFTER = 160;

// What is shown: path, cited lines, first and last line that are here, all lines.
let open = null;
let opener = null;

export async function openFile(path, start, end) {
	const file = await fetchLines(path, Math.max(1, start - BEFORE), end + AFTER);
	const { first, last, total } = file;
	open = { path, start, end, first, last, total };
	if ($('file-pane').hidden) opener = document.activeElement;
	$('file-pane').hidden = false;
	$('file-path').textContent = place(path, start, end);
	$('file-text').replaceChildren(...lines(file));
	drawEnds();
	$('file-text').querySelector('[data-cited]')?.scrollIntoView({ block: 'center' });
	$('file-path').focus({ preventScroll: true });
}

export function closeFile() {
	$('file-pane').hidden = true;
	opener?.focus();
	opener = null;
}

function fetchLines(path, start, end) {
	return get('/api/file', { workspace: page.workspace(), path, start, end });
}

function lines(file) {
	return file.lines.map((node, at) => {
		const line = file.first + at;
		const cited = line >= open.start && line <= open.end ? 'true' : null;
		const number = h('span.no', line);
		return h('div.row@line', { data: { line, cited } }, number, h('code', build(node)));
	});
}

function drawEnds() {
	$('file-earlier').hidden = open.first <= 1;
	$('file-later').hidden = open.last >= open.total;
}

async function more(start, end) {
	const shown = open;
	const file = await fetchLines(shown.path, Math.max(1, start), end);
	if (open !== shown) return;
	const isEarlier = file.first < shown.first;
	const scroll = $('file-scroll');
	const below = scroll.scrollHeight - scroll.scrollTop;
	$('file-text')[isEarlier ? 'prepend' : 'append'](...lines(file));
	shown[isEarlier ? 'first' : 'last'] = file[isEarlier ? 'first' : 'last'];
	drawEnds();
	if (isEarlier) scroll.scrollTop = scroll.scrollHeight - below;
}

on('file-close', 'click', closeFile);
on('file-earlier', 'click', () => more(open.first - AFTER, open.first - 1));
on('file-later', 'click', () => more(open.last + 1, open.last + AFTER));
on('file-pane', 'keydown', ({ key }) => key === 'Escape' && closeFile());
on(document, 'click', ({ target }) => {
	const { path, start, end } = target.closest('.cite')?.dataset ?? {};
	return path && openFile(path, Number(start), Number(end));
});
