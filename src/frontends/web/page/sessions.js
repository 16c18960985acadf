// The sidebar: open conversations and earlier sessions.

import { $, button, counted, fill, h, on, page } from './dom.js';
import { get } from './api.js';

let last = 0;
let timer;

export function showRooms() {
	const current = page.conversation?.id;
	const rooms = page.server.conversations.map((one) => ({ ...one, isShown: one.id === current }));
	fill('rooms', rooms, ({ id, title, workspace, is_busy: busy, is_asking: asking, isShown }) => {
		const state = asking ? ' asks' : busy ? ' works' : '';
		const given = { title: workspace, data: { id, busy, asking }, 'aria-current': isShown && 'true' };
		const words = [title || 'New session', h('em', state)];
		const show = () => page.open(id).then(() => page.go('chat'));
		return h('li', button('@room', show, words, given));
	});
}

export async function showSessions() {
	last += 1;
	const mine = last;
	const q = $('session-query').value.trim();
	const sessions = await get('/api/sessions', { workspace: page.workspace(), q });
	if (mine !== last) return;
	const none = q ? 'No session fits.' : 'No sessions in this workspace yet.';
	const current = page.conversation?.session;
	const rows = sessions.map((one) => ({ ...one, isShown: one.id === current || null }));
	fill('sessions', rows, sessionElement);
	$('sessions-text').textContent = sessions.length > 0 ? '' : none;
}

function sessionElement({ id, title, turns, model, last_used: used, isShown }) {
	const name = title || id;
	const when = used && new Date(used).toLocaleString([], { dateStyle: 'short', timeStyle: 'short' });
	const facts = [counted(turns, 'question'), model, when].filter(Boolean).join(' · ');
	const label = { 'aria-label': `Export ${name}` };
	return h(
		'li@session',
		{ data: { session: id, current: isShown } },
		button('@session-open', () => page.create(id), name),
		button('.plain@session-export', () => exportSession(id), 'Export', label),
		h('div.muted', facts),
	);
}

async function exportSession(id) {
	const path = `/api/sessions/${encodeURIComponent(id)}/export`;
	const { name, text } = await get(path, { workspace: page.workspace() });
	const href = URL.createObjectURL(new Blob([text], { type: 'text/markdown' }));
	h('a', { href, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

on('session-new', 'click', () => page.create());
on('session-query', 'input', () => {
	clearTimeout(timer);
	timer = setTimeout(showSessions, 150);
});
