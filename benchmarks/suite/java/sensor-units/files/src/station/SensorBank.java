package station;

import java.util.Map;
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

    /** The value of a sensor in degrees Celsius; NaN if there is none. */
    public double read(String id) {
        return values.getOrDefault(id, Double.NaN);
    }

    /** The names of all sensors, sorted. */
    public Iterable<String> ids() {
        return values.keySet();
    }
}
