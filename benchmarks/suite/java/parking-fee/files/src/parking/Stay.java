package parking;

import java.time.Duration;
import java.time.Instant;

/** From the entry to the exit. */
public final class Stay {
    private final Instant entry;
    private final Instant exit;

    public Stay(Instant entry, Instant exit) {
        if (exit.isBefore(entry)) {
            throw new IllegalArgumentException("the exit is before the entry");
        }
        this.entry = entry;
        this.exit = exit;
    }

    /** The minutes of the stay; seconds are dropped, in favour of the customer. */
    public long minutes() {
        return Duration.between(entry, exit).toMinutes();
    }
}
