// The state of a conversation, from a snapshot and the events after it; no elements.
// `items` is what it shows: each has a `key`, a `kind`, the fields of its events. They are added
// at the end, changed and never removed. `changed` has the keys of those to draw again.

import { count, counted, sentence } from './dom.js';

export class Conversation {
	constructor(snapshot) {
		this.items = [];
		this.changed = new Set();
		this.pending = [];
		this.queue = [];
		// Calls that run, and requests that wait for the user, by their ids.
		this.calls = new Map();
		this.requests = new Map();
		this.nextReply();
		for (const entry of snapshot.history ?? []) this.apply(entry);
		const { id, session, title, workspace, mode, window } = snapshot;
		Object.assign(this, { id, session, title, workspace, mode, window });
		this.model = snapshot.model ?? this.model;
		this.isBusy = snapshot.is_busy;
		this.isPlanning = snapshot.is_planning;
		// The last event's number. The log has what the history lacks, from here on.
		this.last = snapshot.after ?? 0;
		// Events up to this one happened before the page was loaded.
		this.replayed = snapshot.last;
	}

	apply(event) {
		this.last = event.n ?? this.last;
		this.isReplay = event.n <= this.replayed;
		if (Object.hasOwn(EVENTS, event.event)) EVENTS[event.event].call(this, event);
	}

	add(kind, fields) {
		const item = { ...fields, kind, key: String(this.items.length) };
		this.items.push(item);
		return this.touch(item);
	}

	touch(item, fields) {
		this.changed.add(item.key);
		return Object.assign(item, fields);
	}

	running(id) {
		return this.calls.get(id) ?? [...this.calls.values()].at(-1);
	}

	waiting() {
		return [...this.requests.values()][0];
	}

	ask(kind, request) {
		this.requests.set(request.id, this.add(kind, { ...request, isOpen: true }));
	}

	close(item, decision) {
		this.requests.delete(item.id);
		this.touch(item, { isOpen: false, decision });
	}

	// The next words of the model begin new items.
	nextReply() {
		this.answers = new Map();
		this.thoughts = null;
	}

	confirm(client) {
		this.pending = this.pending.filter((one) => one.client !== client);
	}

	// The turn is over: nothing of it runs or waits any more.
	end() {
		this.isBusy = false;
		this.nextReply();
		for (const item of this.requests.values()) this.close(item, 'Withdrawn.');
		for (const item of this.calls.values()) this.touch(item, { outcome: 'stopped' });
		this.calls.clear();
	}
}

// What each event changes; `this` is the conversation.
const EVENTS = {
	asked({ text, client, attachments }) {
		this.confirm(client);
		this.isBusy = true;
		this.isPlanOffered = false;
		this.started = this.isReplay ? null : Date.now();
		this.nextReply();
		this.add('question', { text, attachments });
	},
	queued({ texts, clients }) {
		clients.forEach((client) => this.confirm(client));
		this.queue = texts.map((text, at) => ({ text, client: clients[at] }));
	},
	block({ reply, block, node }) {
		this.thoughts = null;
		const known = this.answers.get(reply);
		const item = known ?? this.add('answer', { blocks: [] });
		this.answers.set(reply, item);
		item.blocks[block] = node;
		this.touch(item);
	},
	thinking({ text }) {
		this.thoughts ??= this.add('thoughts', { text: '' });
		this.touch(this.thoughts, { text: this.thoughts.text + text });
	},
	text_was_thought() {
		for (const item of this.answers.values()) this.touch(item, { kind: 'thoughts', text: '' });
		this.nextReply();
	},
	replied({ used, window }) {
		this.window = { used, window };
		this.nextReply();
	},
	retrieved({ sources }) {
		if (sources.length > 0) this.add('sources', { sources });
	},
	tool_started({ id, tool, what }) {
		this.thoughts = null;
		if (this.calls.has(id)) return;
		const started = this.isReplay ? null : Date.now();
		const call = { id, tool, what, started, outcome: 'running', live: [] };
		this.calls.set(id, this.add('call', call));
	},
	live({ id, lines }) {
		const item = this.running(id);
		if (item) this.touch(item, { live: lines });
	},
	tool_finished({ id, outcome, summary, detail, took_ms: took }) {
		const item = this.calls.get(id);
		this.calls.delete(id);
		if (item) this.touch(item, { outcome, summary, detail, took });
	},
	approval_asked(request) {
		this.ask('approval', request);
	},
	question_asked(request) {
		this.ask('ask', request);
	},
	decided(event) {
		const item = this.requests.get(event.id);
		if (item) this.close(item, decisionWords(event));
	},
	notice({ text }) {
		this.add('notice', { text });
	},
	compacted({ before, after }) {
		const text = `The conversation was summarized: ${count(before)} tokens became ${count(after)}.`;
		this.add('notice', { text });
		this.window = { ...this.window, used: after };
	},
	citations({ wrong = [], not_looked_at: unseen = [] }) {
		const lines = wrong.map(({ citation, reason }) => `Wrong citation ${citation}: ${reason}.`);
		if (unseen.length > 0) lines.push(`The model has not looked at ${unseen.join(', ')}.`);
		for (const text of lines) this.add('notice', { text, isWarning: true });
	},
	asked_again({ reason }) {
		this.nextReply();
		this.add('notice', { text: `The model is asked again: ${reason}` });
	},
	turn_facts(event) {
		this.add('facts', event);
	},
	ended(event) {
		this.end();
		this.add('end', { how: event.how, text: event.text ?? endWords(event) });
	},
	opened({ session, model, mode, notes = [] }) {
		Object.assign(this, { session, model, mode: mode ?? this.mode });
		for (const text of notes) this.add('notice', { text });
	},
	mode({ mode, is_planning: isPlanning, warning }) {
		Object.assign(this, { mode, isPlanning, isPlanOffered: false });
		if (warning) this.add('notice', { text: warning, isWarning: true });
	},
	plan_offered({ has_steps: hasSteps }) {
		Object.assign(this, { isPlanOffered: true, hasSteps });
	},
	changed({ path }) {
		this.add('notice', { text: `changed ${path}` });
	},
	title({ title }) {
		this.title = title;
	},
	command({ line, kind, text, data }) {
		this.isBusy ||= kind === 'compacting';
		this.add('command', { line, text, data });
	},
};

export function decisionWords({ decision, reason, text }) {
	const words = {
		once: 'Allowed once.',
		session: 'Allowed for this session.',
		deny: reason ? `Denied: ${reason}` : 'Denied.',
		replace: 'Another command is run instead.',
		withdrawn: 'Withdrawn.',
	};
	return words[decision] ?? (text ? `Answered: ${text}` : 'Not answered.');
}

// Why a turn ended without an answer, and what helps; empty if it has one.
function endWords({ how, steps, reason }) {
	const words = {
		answered: '',
		planned: '',
		cut: 'The answer was cut at the reply limit. Write `continue` to get the rest.',
		stopped: 'Stopped.',
		step_limit: `The limit of ${counted(steps, 'step')} is reached. Write \`continue\` to go on.`,
	};
	return words[how] ?? sentence(reason);
}
