// Requests to the API, and the stream of events. The token comes in the fragment of the address,
// which reaches no log; it is kept for this tab and sent as a header with each request.

import { sentences } from './dom.js';

const TOKEN = 'ollacode.token';
// The server says something every 15 s; after this time the connection is given up.
const SILENCE = 40_000;
const LONGEST_WAIT = 15_000;

function failure(status, message, hint) {
	return Object.assign(new Error(sentences(message, hint)), { status });
}

export function takeToken() {
	const token = new URLSearchParams(location.hash.slice(1)).get('token');
	if (token) {
		sessionStorage.setItem(TOKEN, token);
		history.replaceState(null, '', location.pathname);
	}
	return !!sessionStorage.getItem(TOKEN);
}

export const room = (id, name = '') => `/api/conversations/${encodeURIComponent(id)}${name}`;

export async function get(path, parameters = {}, signal = undefined) {
	const given = Object.entries(parameters).filter(([, value]) => value);
	const response = await send(`${path}?${new URLSearchParams(given)}`, { signal });
	return response.json();
}

export async function post(path, body = {}) {
	const headers = { 'Content-Type': 'application/json' };
	const response = await send(path, { method: 'POST', headers, body: JSON.stringify(body) });
	return response.json();
}

async function send(path, { headers, ...options }) {
	const Authorization = `Bearer ${sessionStorage.getItem(TOKEN)}`;
	const request = { ...options, headers: { ...headers, Authorization } };
	const response = await fetch(path, request).catch(() => {
		throw failure(0, 'ollacode does not answer', 'check that `ollacode web` is running');
	});
	if (response.ok) return response;
	if (response.status === 401) {
		const hint = 'open the address that `ollacode web` printed; it is new at each start';
		throw failure(401, 'this page has no valid key', hint);
	}
	const { error } = await response.json().catch(() => ({}));
	const message = error?.message ?? `the request failed with status ${response.status}`;
	throw failure(response.status, message, error?.hint);
}

// The events of a conversation behind a number, once and in order. It reconnects by itself;
// `handlers` are `events(list)`, `state(name, wait)`, and `failed(error)`: trying again is no help.
export class EventStream {
	constructor(id, after, handlers) {
		Object.assign(this, { id, after, handlers, isStopped: false, abort: new AbortController() });
	}

	stop() {
		this.isStopped = true;
		this.abort.abort();
		this.now();
	}

	now() {
		this.wake?.();
	}

	async run() {
		for (let tries = 0; !this.isStopped; tries += 1) {
			try {
				await this.read(() => (tries = 0));
			} catch (error) {
				if (!this.isStopped && [401, 403, 404].includes(error.status)) {
					this.handlers.failed(error);
					return;
				}
			}
			if (!this.isStopped) await this.pause(Math.min(LONGEST_WAIT, 500 * 2 ** tries));
		}
	}

	async pause(longest) {
		const wait = longest * (0.75 + Math.random() / 4);
		this.handlers.state('lost', wait);
		await new Promise((resolve) => {
			this.wake = resolve;
			setTimeout(resolve, wait);
		});
		this.handlers.state('connecting');
	}

	async read(connected) {
		this.abort = new AbortController();
		const { signal } = this.abort;
		const headers = { Accept: 'application/x-ndjson' };
		let timer;
		const watch = () => {
			clearTimeout(timer);
			timer = setTimeout(() => this.abort.abort(), SILENCE);
		};
		try {
			watch();
			const response = await send(room(this.id, `/events?after=${this.after}`), { headers, signal });
			connected();
			this.handlers.state('connected');
			const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
			for (let rest = ''; ; ) {
				const { done, value } = await reader.read();
				if (done || this.isStopped) return;
				watch();
				const lines = (rest + value).split('\n');
				rest = lines.pop();
				this.pass(lines.filter((line) => line.trim()).map((line) => JSON.parse(line)));
			}
		} finally {
			clearTimeout(timer);
			this.abort.abort();
		}
	}

	// Passes events on, but none again that came before.
	pass(events) {
		const fresh = events.filter(({ n, event }) => {
			if (n === undefined) return event !== 'alive';
			const isNew = n > this.after;
			this.after = Math.max(n, this.after);
			return isNew;
		});
		if (fresh.length > 0) this.handlers.events(fresh);
	}
}
