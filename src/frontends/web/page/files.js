// The file pane: some lines of a file, read-only. Citations open it.

import { $, h, on, page, place } from './dom.js';
import { get } from './api.js';
import { build } from './nodes.js';

/** Lines that are fetched before and after the wanted ones, and with each of the buttons. */
const BEFORE = 40;
const AFTER = 160;

/** What is shown: path, the cited lines, the first and last line that are here, and all lines. */
let open = null;
/** Where the focus was before the pane was opened. */
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

function closeFile() {
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

/** Adds lines at the beginning; what is read stays where it is. */
async function earlier() {
	const shown = open;
	const file = await fetchLines(shown.path, Math.max(1, shown.first - AFTER), shown.first - 1);
	if (open !== shown) return;
	const scroll = $('file-scroll');
	const below = scroll.scrollHeight - scroll.scrollTop;
	$('file-text').prepend(...lines(file));
	open.first = file.first;
	drawEnds();
	scroll.scrollTop = scroll.scrollHeight - below;
}

async function later() {
	const shown = open;
	const file = await fetchLines(shown.path, shown.last + 1, shown.last + AFTER);
	if (open !== shown) return;
	$('file-text').append(...lines(file));
	open.last = file.last;
	drawEnds();
}

on('file-close', 'click', closeFile);
on('file-earlier', 'click', earlier);
on('file-later', 'click', later);
on('file-pane', 'keydown', ({ key }) => key === 'Escape' && closeFile());
on(document, 'click', ({ target }) => {
	const { path, start, end } = target.closest('.cite')?.dataset ?? {};
	return path && openFile(path, Number(start), Number(end));
});
