// Errors, words for screen readers, dialog, notifications.

import { $, marked, on, sentence } from './dom.js';

// Runs an action of the user; an error is shown with what to do next.
export async function attempt(act) {
	try {
		return await act();
	} catch (error) {
		$('banner-text').replaceChildren(...marked(sentence(error.message)));
		$('banner').hidden = false;
		return;
	}
}

export function closeBanner() {
	$('banner').hidden = true;
}

export function announce(text) {
	$('announce').textContent = '';
	setTimeout(() => ($('announce').textContent = text), 50);
}

export function confirmed(question, yes) {
	const dialog = $('confirm');
	$('confirm-text').textContent = question;
	$('confirm-yes').textContent = yes;
	dialog.returnValue = '';
	dialog.showModal();
	$('confirm-no').focus();
	return new Promise((resolve) => {
		dialog.onclose = () => resolve(dialog.returnValue === 'yes');
	});
}

export function notify(title, body) {
	if (!document.hidden || globalThis.Notification?.permission !== 'granted') return;
	const shown = new Notification(title, { body: body.slice(0, 200), tag: 'ollacode' });
	shown.onclick = () => window.focus();
}

function offerNotifications() {
	$('notify').hidden = globalThis.Notification?.permission !== 'default';
}

offerNotifications();
on('notify', 'click', () => Notification.requestPermission().then(offerNotifications));
on('banner-close', 'click', closeBanner);
on('confirm-yes', 'click', () => $('confirm').close('yes'));
on('confirm-no', 'click', () => $('confirm').close('no'));
