// The page of `ollacode web`: connects its parts. Events come by api.js, state.js makes a
// conversation of them, and view.js draws it.

import { $, fill, on, page } from './dom.js';
import { EventStream, get, post, room, takeToken } from './api.js';
import { isWriting } from './approvals.js';
import { showChanges } from './changes.js';
import { showDraft } from './compose.js';
import { closeFile } from './files.js';
import { textOf } from './nodes.js';
import { announce, attempt, closeBanner, notify } from './notify.js';
import { searchFor } from './search.js';
import { showRooms, showSessions } from './sessions.js';
import { Conversation, decisionWords } from './state.js';
import { showFacts, showIndex, showSystem } from './system.js';
import { draw, drawAnew, focusRequest, toEnd } from './view.js';

const VIEWS = ['chat', 'search', 'changes', 'system'];
const HERE = 'ollacode.here';
const VIEW = 'ollacode.view';

let stream;
let listsTimer;
let releaseStream = () => {};
// A question that the server may have or not.
let unsure = null;

const path = (name) => room(page.conversation.id, name);

function show(snapshot) {
	const before = page.conversation;
	page.conversation = new Conversation(snapshot);
	if (before?.id === snapshot.id) page.conversation.pending = before.pending;
	else showDraft();
	drawAnew();
	follow();
	if (!$('view-changes').hidden) attempt(showChanges);
}

const open = async (id) => show(await get(room(id)));

async function create(session, workspace = page.workspace()) {
	const { id } = await post('/api/conversations', { workspace, session });
	await open(id);
	go('chat');
	$('input').focus();
}

function follow() {
	stream?.stop();
	const mine = new EventStream(page.conversation.id, page.conversation.last, {
		events: (events) => mine === stream && take(events),
		state: (name, wait) => mine === stream && showConnection(name, wait),
		// The program was started again: its conversations are others.
		failed: (error) => (error.status === 404 ? attempt(start) : refuse(error)),
	});
	stream = mine;
	stream.run();
}

// Opens what was shown before, or the newest conversation, or a new one.
async function restore() {
	const here = JSON.parse(sessionStorage.getItem(HERE) ?? '{}');
	await loadServer();
	// Only once: it may be gone.
	sessionStorage.removeItem(HERE);
	const { conversations } = page.server;
	if (conversations.some(({ id }) => id === here.id)) return open(here.id);
	if (here.session) return create(here.session, here.workspace);
	return conversations.length > 0 ? open(conversations.at(-1).id) : create();
}

function take(events) {
	const { conversation } = page;
	for (const event of events) {
		// What is missing, or another session, is in a new snapshot.
		if (event.event === 'gap') return attempt(() => open(conversation.id));
		conversation.apply(event);
		if (!conversation.isReplay) tell(event);
	}
	draw();
	drawHead();
	// Also what waited before the page was loaded.
	const waiting = conversation.waiting();
	if (!waiting || waiting.isSeen) return;
	waiting.isSeen = true;
	if (isWriting()) return;
	go('chat');
	focusRequest(waiting);
}

function tell({ event, title, question, how }) {
	const { conversation } = page;
	if (/^(ended|command|opened|.*_asked)$/.test(event)) refreshLists();
	const words = {
		approval_asked: `ollacode asks: ${title}`,
		question_asked: `The model asks: ${question}`,
		ended: `The turn ended: ${how}`,
	};
	if (!words[event]) return;
	const last = conversation.items.findLast(({ kind }) => /^(answer|question)$/.test(kind));
	const answer = event === 'ended' && (last?.blocks ?? []).map(textOf).join(' ').slice(0, 1000);
	announce(answer || words[event]);
	notify(conversation.title || 'ollacode', answer || words[event]);
}

async function ask(message, attached) {
	const { conversation } = page;
	// Sent again, because no answer came, it has the same id and is asked once.
	const isAgain = unsure?.message === message;
	const client = isAgain ? unsure.client : crypto.getRandomValues(new Uint32Array(4)).join('-');
	unsure = { message, client };
	const names = attached.map(({ name }) => name);
	conversation.pending.push({ client, text: message, attachments: names });
	draw();
	toEnd();
	if (stream.isStopped) follow();
	const attachments = attached.filter((one) => 'text' in one);
	const images = attached.filter((one) => 'base64' in one);
	try {
		await post(path('/ask'), { message, client, agent_mode: $('agent-mode').checked, attachments, images });
		unsure = null;
		closeBanner();
		return true;
	} catch (error) {
		page.conversation.confirm(client);
		draw();
		throw error;
	}
}

async function command(line) {
	const { conversation } = page;
	const before = conversation.items.length;
	const agent = $('agent-mode').checked;
	const { kind, text, data } = await post(path('/command'), { line, agent_mode: agent });
	closeBanner();
	const view = { search: 'search', diff: 'changes', index: 'system', models: 'system' }[kind];
	if (view) {
		go(view, data.query);
		return true;
	}
	await new Promise((resolve) => setTimeout(resolve, 100));
	const item = conversation.items.slice(before).find((one) => one.line === line);
	if (item) conversation.touch(item, { data });
	else conversation.add('command', { line, text, data });
	draw();
	return true;
}

async function answer(item, given) {
	if (item.isSent) return;
	const { conversation } = page;
	item.isSent = true;
	await post(path('/answer'), { id: item.id, ...given }).finally(() => (item.isSent = false));
	conversation.close(item, decisionWords(given));
	draw();
	if (!conversation.waiting()) $('log').focus();
}

const unqueue = (client) => post(path('/unqueue'), { client });

function go(name, query) {
	for (const one of VIEWS) {
		$(`view-${one}`).hidden = one !== name;
		$(`nav-${one}`).ariaCurrent = one === name ? 'page' : null;
	}
	sessionStorage.setItem(VIEW, name);
	showSidebar(false);
	if (matchMedia('(max-width: 900px)').matches) closeFile();
	if (name === 'search') searchFor(query);
	if (name === 'system') showSystem();
	if (name === 'changes' && page.conversation) attempt(showChanges);
	if (name === 'chat' && page.conversation) draw();
}

function showSidebar(isShown) {
	document.body.classList.toggle('with-sidebar', isShown);
	$('sidebar-toggle').ariaExpanded = isShown;
}

function drawHead() {
	const { conversation, server } = page;
	const { id, session, workspace } = conversation;
	sessionStorage.setItem(HERE, JSON.stringify({ id, session, workspace }));
	const state = conversation.waiting() ? '(asks) ' : conversation.isBusy ? '(works) ' : '';
	document.title = state + (conversation.title || 'ollacode');
	$('mode').value = conversation.isPlanning ? 'plan' : (conversation.mode ?? server.mode);
	showFacts();
}

function showConnection(name, wait, words = 'Connecting …') {
	const lost = `Not connected. Trying again in ${Math.ceil(wait / 1000)} s; nothing is lost.`;
	document.body.dataset.state = name;
	if (name === 'connected') refreshLists();
	$('connection').hidden = name === 'connected';
	$('connect-now').hidden = name !== 'lost';
	$('connection-text').textContent = name === 'lost' ? lost : words;
}

function refuse({ message }) {
	stream?.stop();
	showConnection('refused', 0, `Not connected. ${message}`);
}

async function loadServer() {
	Object.assign(page.server, await get('/api/state', { workspace: page.workspace() }));
	const { workspaces, modes, index } = page.server;
	setChoices('workspace', workspaces, page.workspace());
	setChoices('mode', modes, $('mode').value);
	showIndex(index);
	showRooms();
	if (page.conversation) drawHead();
}

function setChoices(id, all, chosen) {
	fill(id, all, ({ name }) => new Option(name));
	$(id).value = chosen;
}

function refreshLists() {
	clearTimeout(listsTimer);
	const refresh = async () => {
		const { conversation } = page;
		const { model, window } = await get(path());
		Object.assign(conversation, { model, window });
		await Promise.all([loadServer(), showSessions()]);
	};
	listsTimer = setTimeout(() => refresh().catch(() => {}), 200);
}

async function start() {
	if (!takeToken()) return refuse({ message: 'Open the address that `ollacode web` printed.' });
	try {
		await restore();
		if (!$('input').value) $('input').focus();
	} catch (error) {
		if (error.status === 401) return refuse(error);
		showConnection('lost', 2000);
		setTimeout(() => attempt(start), 2000);
		throw error;
	}
}

// A browser has six connections for a server: of hidden pages one keeps its own.
function visibilityChanged() {
	releaseStream();
	if (!page.conversation || document.body.dataset.state === 'refused') return;
	if (!document.hidden) {
		if (stream.isStopped) follow();
		else stream.now();
	} else if (page.conversation.isBusy && navigator.locks) {
		const name = `ollacode.${page.conversation.id}`;
		const keep = () => new Promise((resolve) => (releaseStream = resolve));
		navigator.locks.request(name, { ifAvailable: true }, (lock) => (lock ? keep() : stream.stop()));
	} else {
		stream.stop();
	}
}

Object.assign(page, { go, ask, command, answer, unqueue, open, create });
for (const name of VIEWS) on(`nav-${name}`, 'click', () => go(name));
on('stop', 'click', () => post(path('/stop')));
on('carry-out', 'click', () => post(path('/carry_out')));
on('carry-out-in-steps', 'click', () => post(path('/carry_out'), { in_steps: true }));
on('mode', 'change', ({ target }) => post(path('/mode'), { mode: target.value }).finally(drawHead));
on('workspace', 'change', ({ target }) => create(undefined, target.value));
on('sidebar-toggle', 'click', () => showSidebar(!document.body.matches('.with-sidebar')));
on('connect-now', 'click', () => stream.now());
on(window, 'online', () => stream?.now());
on(window, 'hashchange', () => location.hash.includes('token=') && start());
on(document, 'visibilitychange', visibilityChanged);
go(sessionStorage.getItem(VIEW) ?? 'chat');
attempt(start);
