from dataclasses import dataclass


@dataclass(frozen=True)
class Shift:
    person: str
    minutes: int  # without the pause
    is_night: bool  # ends on the next day


def load_shifts(path):
    """The shifts of a file, in its order."""
    shifts = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            person, begins, ends, pause = [part.strip() for part in line.split(";")]
            start, end = minute(begins), minute(ends)
            is_night = end <= start
            if is_night:
                end += 24 * 60
            shifts.append(Shift(person, end - start - int(pause or 0), is_night))
    return shifts


def minute(clock):
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def minutes_by_person(shifts):
    """The minutes of each person, in the order in which they first occur."""
    totals = {}
    for shift in shifts:
        totals[shift.person] = totals.get(shift.person, 0) + shift.minutes
    return totals
