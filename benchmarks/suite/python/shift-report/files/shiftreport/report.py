import html


def text_report(path):
    totals = {}
    nights = 0
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            person, begins, ends, pause = [part.strip() for part in line.split(";")]
            start_hour, start_minute = begins.split(":")
            end_hour, end_minute = ends.split(":")
            start = int(start_hour) * 60 + int(start_minute)
            end = int(end_hour) * 60 + int(end_minute)
            if end <= start:
                end += 24 * 60
                nights += 1
            worked = end - start - int(pause or 0)
            totals[person] = totals.get(person, 0) + worked
    lines = []
    for person in sorted(totals):
        hours, minutes = divmod(totals[person], 60)
        lines.append(f"{person:<12}{hours:>4}:{minutes:02}")
    hours, minutes = divmod(sum(totals.values()), 60)
    lines.append(f"{'all':<12}{hours:>4}:{minutes:02}")
    lines.append(f"night shifts: {nights}")
    return "\n".join(lines) + "\n"


def html_report(path):
    persons = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            person, begins, ends, pause = [part.strip() for part in line.split(";")]
            start_hour, start_minute = begins.split(":")
            end_hour, end_minute = ends.split(":")
            start = int(start_hour) * 60 + int(start_minute)
            end = int(end_hour) * 60 + int(end_minute)
            if end <= start:
                end += 24 * 60
            if person not in persons:
                persons[person] = 0
            persons[person] += end - start - int(pause or 0)
    rows = []
    for person, minutes in persons.items():
        if minutes == 0:
            continue
        rows.append(f"<tr><td>{html.escape(person)}</td><td>{minutes / 60:.2f}</td></tr>")
    return "<table>" + "".join(rows) + "</table>\n"
