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

/** Whether a start or an end can be read. */
function isReadable(text) {
  return typeof text === 'string' && !Number.isNaN(new Date(text).getTime());
}

function eventLines(event) {
  const lines = [
    'BEGIN:VEVENT',
    `UID:${event.id}@calendar`,
    dateLine('DTSTART', event.start),
  ];
  if (event.end) {
    // The form allows an event to end before it begins; readers take that as no duration.
    lines.push(dateLine('DTEND', event.end));
  }
  lines.push(`SUMMARY:${escapeText(event.title ?? '')}`, 'END:VEVENT');
  return lines;
}

/**
 * The calendar file of some events `{ id, start, end, title }`, in their order. A start or an
 * end is a day or a moment with its time zone; an event may have no end. `onSkip` is called for
 * each event that is left out, because its start or its end cannot be read.
 */
export function toIcs(events, onSkip = () => {}) {
  const readable = events.filter((event) => {
    const isGood = isReadable(event.start) && (!event.end || isReadable(event.end));
    if (!isGood) onSkip(event);
    return isGood;
  });
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//calendar//EN',
    ...readable.flatMap(eventLines),
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${fold(line)}\r\n`).join('');
}
