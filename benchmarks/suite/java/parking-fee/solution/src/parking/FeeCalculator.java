package parking;

/** Computes what a stay costs. */
public final class FeeCalculator {
    private static final long DAY = 24 * 60;

    private final Tariff tariff;

    public FeeCalculator(Tariff tariff) {
        this.tariff = tariff;
    }

    /** What a stay costs, in cents. */
    public int fee(Stay stay) {
        long minutes = stay.minutes();
        long fee = 0;
        for (long day = 0; day * DAY < minutes; day++) {
            long within = Math.min(minutes - day * DAY, DAY);
            long free = day == 0 ? tariff.freeMinutes() : 0;
            fee += ofDay(Math.max(within - free, 0));
        }
        return Math.toIntExact(fee);
    }

    private long ofDay(long minutes) {
        long hours = (minutes + 59) / 60;
        return Math.min(hours * tariff.centsPerHour(), tariff.centsPerDay());
    }
}
