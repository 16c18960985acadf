package station;

/** A unit of temperature. */
public enum Unit {
    CELSIUS("°C"),
    FAHRENHEIT("°F"),
    KELVIN("K");

    private final String sign;

    Unit(String sign) {
        this.sign = sign;
    }

    public String sign() {
        return sign;
    }

    public double fromCelsius(double celsius) {
        switch (this) {
            case FAHRENHEIT:
                return celsius * 9 / 5 + 32;
            case KELVIN:
                return celsius + 273.15;
            default:
                return celsius;
        }
    }
}
