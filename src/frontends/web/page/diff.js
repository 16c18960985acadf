// Shows a changed file: unified, or side by side, with the changed words marked.

import { $, h, on } from './dom.js';
import { keepEnd } from './view.js';

const CHOICE = 'ollacode.diff';
// Narrower than this, in pixels, a diff is unified unless the user chose otherwise.
const WIDE = 860;

const files = new WeakMap();

export function diffElement(file) {
	const element = h('div.diff@diff', { data: { path: file.path } });
	files.set(element, file);
	draw(element);
	return element;
}

export function fileHead({ path, kind, from, added, removed }) {
	const kinds = { added: 'new file', removed: 'removed', moved: `moved from ${from}` };
	return [
		h('code', path),
		h('span.added@added', ` +${added}`),
		h('span.removed@removed', ` −${removed}`),
		kinds[kind] && h('span.muted', ` ${kinds[kind]}`),
	];
}

function layout() {
	const choice = $('diff-layout').value;
	if (choice !== 'auto') return choice;
	return $('main').clientWidth >= WIDE ? 'split' : 'unified';
}

function draw(element) {
	const { path, hunks, is_whole: isWhole } = files.get(element);
	const how = layout();
	const [rows, columns] = how === 'split' ? [splitRows, 'no,,no,'] : [unifiedRows, 'no,no,'];
	const widths = columns.split(',').map((kind) => h(kind ? 'col.no' : 'col'));
	const head = (line) => h('tr', h('td.muted', { colspan: widths.length }, `line ${line}`));
	const body = hunks.map((hunk) => [hunk.new_start > 1 && head(hunk.new_start), rows(hunk)]);
	element.dataset.layout = how;
	element.replaceChildren(
		h('table', { 'aria-label': `Change of ${path}` }, h('colgroup', widths), h('tbody', body)),
		isWhole === false ? h('p.warning', 'This change is not shown whole.') : '',
	);
}

const number = (line) => h('td.no', line ?? '');

function text({ kind, parts }) {
	const words = parts.map(([part, isChanged]) => (isChanged ? h('mark', part) : part));
	return h('td.text', { data: { sign: kind } }, words);
}

function unifiedRows({ rows }) {
	return rows.map((row) =>
		h('tr', { data: { sign: row.kind } }, number(row.old), number(row.new), text(row)),
	);
}

// Pairs the removed lines of a change with the added ones.
function paired(rows) {
	const pairs = [];
	for (const row of rows) {
		if (row.kind === ' ') pairs.push([row, row]);
		else if (row.kind === '-') pairs.push([row, null]);
		else {
			// The first removed line of this change that has no other side yet.
			let at = pairs.length;
			while (at > 0 && pairs[at - 1][0]?.kind === '-' && !pairs[at - 1][1]) at -= 1;
			if (at < pairs.length) pairs[at][1] = row;
			else pairs.push([null, row]);
		}
	}
	return pairs;
}

function splitRows({ rows }) {
	const side = (row, line) => (row ? [number(row[line]), text(row)] : [number(), h('td.none')]);
	return paired(rows).map(([old, now]) => h('tr', side(old, 'old'), side(now, 'new')));
}

const choice = $('diff-layout');
choice.value = localStorage.getItem(CHOICE) ?? 'auto';
const drawAgain = () => {
	for (const element of document.querySelectorAll('.diff')) {
		if (element.dataset.layout !== layout()) draw(element);
	}
	keepEnd();
};
on(choice, 'change', () => {
	localStorage.setItem(CHOICE, choice.value);
	drawAgain();
});
new ResizeObserver(drawAgain).observe($('main'));
