import html

from .shifts import load_shifts, minutes_by_person


def text_report(path):
    shifts = load_shifts(path)
    totals = minutes_by_person(shifts)
    nights = sum(shift.is_night for shift in shifts)
    lines = [text_line(person, totals[person]) for person in sorted(totals)]
    lines.append(text_line("all", sum(totals.values())))
    lines.append(f"night shifts: {nights}")
    return "\n".join(lines) + "\n"


def text_line(name, total):
    hours, minutes = divmod(total, 60)
    return f"{name:<12}{hours:>4}:{minutes:02}"


def html_report(path):
    rows = []
    for person, minutes in minutes_by_person(load_shifts(path)).items():
        if minutes == 0:
            continue
        rows.append(f"<tr><td>{html.escape(person)}</td><td>{minutes / 60:.2f}</td></tr>")
    return "<table>" + "".join(rows) + "</table>\n"
