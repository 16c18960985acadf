package ledger;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The bookings of a club. They are added in any order of their dates. */
public final class Ledger {
    private final List<Booking> bookings = new ArrayList<>();
    private final Set<Integer> cancelled = new HashSet<>();

    /** Adds a booking and returns its number. */
    public int add(LocalDate date, String from, String to, long cents, String text) {
        int number = bookings.size() + 1;
        bookings.add(new Booking(number, date, from, to, cents, text));
        return number;
    }

    /** Cancels a booking, which stays in the ledger. */
    public void cancel(int number) {
        if (number < 1 || number > bookings.size()) {
            throw new IllegalArgumentException("no booking " + number);
        }
        cancelled.add(number);
    }

    public boolean isCancelled(int number) {
        return cancelled.contains(number);
    }

    /** The number of bookings, with those that were cancelled. */
    public int size() {
        return bookings.size();
    }

    /** What is in an account after all bookings, in cents. */
    public long balance(String account) {
        long balance = 0;
        for (Booking booking : bookings) {
            if (!isCancelled(booking.number())) {
                balance += change(booking, account);
            }
        }
        return balance;
    }

    /** The bookings of an account from one day to another, both included, with its balance. */
    public List<Line> statement(String account, LocalDate from, LocalDate to) {
        if (to.isBefore(from)) {
            throw new IllegalArgumentException(to + " is before " + from);
        }
        List<Booking> sorted = new ArrayList<>(bookings);
        // A stable sort: bookings of a day keep their order.
        sorted.sort(Comparator.comparing(Booking::date));
        List<Line> lines = new ArrayList<>();
        long balance = 0;
        for (Booking booking : sorted) {
            long change = change(booking, account);
            if (change == 0 || isCancelled(booking.number()) || booking.date().isAfter(to)) {
                continue;
            }
            balance += change;
            if (!booking.date().isBefore(from)) {
                lines.add(new Line(booking.date(), booking.text(), change, balance));
            }
        }
        return Collections.unmodifiableList(lines);
    }

    private static long change(Booking booking, String account) {
        long change = 0;
        if (booking.to().equals(account)) {
            change += booking.cents();
        }
        if (booking.from().equals(account)) {
            change -= booking.cents();
        }
        return change;
    }
}
