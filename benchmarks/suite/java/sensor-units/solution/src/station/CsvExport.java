package station;

import java.util.Locale;

/** Writes all sensors as CSV. */
public final class CsvExport {
    private final SensorBank bank;

    public CsvExport(SensorBank bank) {
        this.bank = bank;
    }

    public String export() {
        StringBuilder text = new StringBuilder("sensor,kelvin\n");
        for (String id : bank.ids()) {
            String value = bank.read(id, Unit.KELVIN)
                .map(kelvin -> String.format(Locale.ROOT, "%.2f", kelvin))
                .orElse("");
            text.append(id).append(',').append(value).append('\n');
        }
        return text.toString();
    }
}
