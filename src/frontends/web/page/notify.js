// What is said to the user beside the conversation: errors, words for screen readers, questions,
// and the notifications of the browser.

import { $, on, sentence } from './dom.js';

/** Runs an action of the user; an error is shown as a sentence with what to do next. */
export async function attempt(act) {
	try {
		return await act();
	} catch (error) {
		$('banner-text').textContent = sentence(error.message);
		$('banner').hidden = false;
		return;
	}
}

export function closeBanner() {
	$('banner').hidden = true;
}

/** Says something to screen readers, also the same words again. */
export function announce(text) {
	$('announce').textContent = '';
	setTimeout(() => ($('announce').textContent = text), 50);
}

/** Asks yes or no in a dialog; closing it is no. */
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

/** Notifies the user, if the page is hidden and notifications are allowed. */
export function notify(title, body) {
	if (!document.hidden || globalThis.Notification?.permission !== 'granted') return;
	const shown = new Notification(title, { body: body.slice(0, 200), tag: 'ollacode' });
	shown.onclick = () => window.focus();
}

/** Notifications are offered until it is decided. */
function offerNotifications() {
	$('notify').hidden = globalThis.Notification?.permission !== 'default';
}

offerNotifications();
on('notify', 'click', () => Notification.requestPermission().then(offerNotifications));
on('banner-close', 'click', closeBanner);
on('confirm-yes', 'click', () => $('confirm').close('yes'));
on('confirm-no', 'click', () => $('confirm').close('no'));
