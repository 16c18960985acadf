package station;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The latest value of each sensor. */
public final class SensorBank {
    private final Map<String, Double> values = new TreeMap<>();

    /** Adds a sensor that has no value yet. */
    public void add(String id) {
        values.putIfAbsent(id, Double.NaN);
    }

    /** Sets the value of a sensor, in degrees Celsius. */
    public void put(String id, double celsius) {
        values.put(id, celsius);
    }

    /** The value of a sensor in a unit; empty if there is none. */
    public Optional<Double> read(String id, Unit unit) {
        Double celsius = values.get(id);
        if (celsius == null || celsius.isNaN()) {
            return Optional.empty();
        }
        return Optional.of(unit.fromCelsius(celsius));
    }

    /** The names of all sensors, sorted. */
    public Iterable<String> ids() {
        return values.keySet();
    }
}
