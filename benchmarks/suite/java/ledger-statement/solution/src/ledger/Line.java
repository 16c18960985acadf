package ledger;

import java.time.LocalDate;

/** A line of a statement. */
public final class Line {
    private final LocalDate date;
    private final String text;
    private final long cents;
    private final long balance;

    Line(LocalDate date, String text, long cents, long balance) {
        this.date = date;
        this.text = text;
        this.cents = cents;
        this.balance = balance;
    }

    public LocalDate date() {
        return date;
    }

    public String text() {
        return text;
    }

    /** Positive for what comes into the account. */
    public long cents() {
        return cents;
    }

    /** What is in the account after this line. */
    public long balance() {
        return balance;
    }
}
