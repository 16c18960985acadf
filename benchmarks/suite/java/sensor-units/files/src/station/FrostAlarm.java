package station;

import java.util.ArrayList;
import java.util.List;

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
            if (!(bank.read(id) > limit)) {
                frozen.add(id);
            }
        }
        return frozen;
    }
}
