import { escapeText, fold } from './text.js';

/** Days without a time are written as `2024-05-01`. */
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** A moment as a calendar file has it: `20240501T083000Z`. */
function stamp(text) {
  const date = new Date(text);
  return date.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
}

/** A property with a moment or a whole day. */
function dateLine(name, text) {
  if (DAY.test(text)) {
    return `${name};VALUE=DATE:${text.replaceAll('-', '')}`;
  }
  return `${name}:${stamp(text)}`;
}

function eventLines(event) {
  return [
    'BEGIN:VEVENT',
    `UID:${event.id}@calendar`,
    dateLine('DTSTART', event.start),
    // The form allows an event to end before it begins; readers take that as no duration.
    dateLine('DTEND', event.end),
    `SUMMARY:${escapeText(event.title)}`,
    'END:VEVENT',
  ];
}

/**
 * The calendar file of some events `{ id, start, end, title }`, in their order. A start or an
 * end is a day or a moment with its time zone.
 */
export function toIcs(events) {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//calendar//EN',
    ...events.flatMap(eventLines),
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${fold(line)}\r\n`).join('');
}
