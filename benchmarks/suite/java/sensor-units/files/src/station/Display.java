package station;

import java.util.Locale;

/** Shows the sensors on the screen at the door. */
public final class Display {
    private final SensorBank bank;

    public Display(SensorBank bank) {
        this.bank = bank;
    }

    public String line(String id) {
        return String.format(Locale.ROOT, "%s: %.1f °C", id, bank.read(id));
    }
}
