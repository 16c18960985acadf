package ledger;

import java.time.LocalDate;
import java.util.Objects;

/** Money that goes from one account to another. */
public final class Booking {
    private final int number;
    private final LocalDate date;
    private final String from;
    private final String to;
    private final long cents;
    private final String text;

    Booking(int number, LocalDate date, String from, String to, long cents, String text) {
        if (cents <= 0) {
            throw new IllegalArgumentException("a booking needs an amount");
        }
        this.number = number;
        this.date = Objects.requireNonNull(date);
        this.from = Objects.requireNonNull(from);
        this.to = Objects.requireNonNull(to);
        this.cents = cents;
        this.text = Objects.requireNonNull(text);
    }

    public int number() {
        return number;
    }

    public LocalDate date() {
        return date;
    }

    public String from() {
        return from;
    }

    public String to() {
        return to;
    }

    public long cents() {
        return cents;
    }

    public String text() {
        return text;
    }
}
