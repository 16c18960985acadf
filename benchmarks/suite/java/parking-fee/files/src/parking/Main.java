package parking;

import java.time.Instant;

public final class Main {
    public static void main(String[] arguments) {
        FeeCalculator calculator = new FeeCalculator(new Tariff(30, 200, 1500));
        Stay stay = new Stay(Instant.parse(arguments[0]), Instant.parse(arguments[1]));
        System.out.printf("%d minutes, %.2f%n", stay.minutes(), calculator.fee(stay) / 100.0);
    }
}
