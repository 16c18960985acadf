package station;

import java.util.Locale;

/** Shows the sensors on the screen at the door. */
public final class Display {
    private final SensorBank bank;
    private final Unit unit;

    public Display(SensorBank bank, Unit unit) {
        this.bank = bank;
        this.unit = unit;
    }

    public String line(String id) {
        return bank.read(id, unit)
            .map(value -> String.format(Locale.ROOT, "%s: %.1f %s", id, value, unit.sign()))
            .orElse(id + ": no value");
    }
}
