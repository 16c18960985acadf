package parking;

/**
 * What parking costs.
 *
 * <p>The first {@link #freeMinutes()} of a stay are free, and are not billed afterwards either. Then
 * every hour that has begun costs {@link #centsPerHour()}, at most {@link #centsPerDay()} for each
 * 24 hours from the entry on.
 */
public final class Tariff {
    private final int freeMinutes;
    private final int centsPerHour;
    private final int centsPerDay;

    public Tariff(int freeMinutes, int centsPerHour, int centsPerDay) {
        if (freeMinutes < 0 || freeMinutes >= 24 * 60 || centsPerHour < 0 || centsPerDay < 0) {
            throw new IllegalArgumentException("not a tariff");
        }
        this.freeMinutes = freeMinutes;
        this.centsPerHour = centsPerHour;
        this.centsPerDay = centsPerDay;
    }

    public int freeMinutes() {
        return freeMinutes;
    }

    public int centsPerHour() {
        return centsPerHour;
    }

    public int centsPerDay() {
        return centsPerDay;
    }
}
