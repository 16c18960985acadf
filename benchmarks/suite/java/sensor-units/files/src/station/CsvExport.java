package station;

import java.util.Locale;
import java.util.function.Function;

/** Writes all sensors as CSV. */
public final class CsvExport {
    private final SensorBank bank;

    public CsvExport(SensorBank bank) {
        this.bank = bank;
    }

    public String export() {
        Function<String, Double> read = bank::read;
        StringBuilder text = new StringBuilder("sensor,celsius\n");
        for (String id : bank.ids()) {
            text.append(id).append(',').append(String.format(Locale.ROOT, "%.2f", read.apply(id)));
            text.append('\n');
        }
        return text.toString();
    }
}
