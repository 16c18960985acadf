package parking;

/** Computes what a stay costs. */
public final class FeeCalculator {
    private final Tariff tariff;

    public FeeCalculator(Tariff tariff) {
        this.tariff = tariff;
    }

    /** What a stay costs, in cents. */
    public int fee(Stay stay) {
        long minutes = stay.minutes();
        if (minutes < tariff.freeMinutes()) {
            return 0;
        }
        long paid = minutes - tariff.freeMinutes();
        long hours = Math.max(1, paid / 60);
        long fee = hours * tariff.centsPerHour();
        return (int) Math.min(fee, tariff.centsPerDay());
    }
}
