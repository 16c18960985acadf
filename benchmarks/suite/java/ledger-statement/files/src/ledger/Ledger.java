package ledger;

import java.time.LocalDate;
import java.util.ArrayList;
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
            if (isCancelled(booking.number())) {
                continue;
            }
            if (booking.to().equals(account)) {
                balance += booking.cents();
            }
            if (booking.from().equals(account)) {
                balance -= booking.cents();
            }
        }
        return balance;
    }
}
