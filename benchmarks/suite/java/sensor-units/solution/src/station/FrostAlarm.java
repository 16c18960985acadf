package station;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Watches some sensors for frost. */
public final class FrostAlarm {
    private final SensorBank bank;
    private final List<String> watched;
    private final double limit;

    /** The limit is in degrees Celsius: at and below it there is frost. */
    public FrostAlarm(SensorBank bank, List<String> watched, double limit) {
        this.bank = bank;
        this.watched = List.copyOf(watched);
        this.limit = limit;
    }

    /** The sensors with frost, in the order in which they were given. */
    public List<String> frozen() {
        List<String> frozen = new ArrayList<>();
        for (String id : watched) {
            Optional<Double> value = bank.read(id, Unit.CELSIUS);
            if (value.isPresent() && value.get() <= limit) {
                frozen.add(id);
            }
        }
        return frozen;
    }

    /** The sensors without a value, in the order in which they were given. */
    public List<String> silent() {
        List<String> silent = new ArrayList<>();
        for (String id : watched) {
            if (bank.read(id, Unit.CELSIUS).isEmpty()) {
                silent.add(id);
            }
        }
        return silent;
    }
}
