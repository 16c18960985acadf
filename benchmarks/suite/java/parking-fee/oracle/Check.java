import java.time.Instant;

import parking.FeeCalculator;
import parking.Stay;
import parking.Tariff;

public final class Check {
    private static final Tariff TARIFF = new Tariff(30, 200, 1500);
    private static final long DAY = 24 * 60;
    private static int failed;

    private static void expect(String what, Tariff tariff, long minutes, int wanted) {
        Instant entry = Instant.parse("2024-03-01T10:20:00Z");
        int fee = new FeeCalculator(tariff).fee(new Stay(entry, entry.plusSeconds(minutes * 60 + 59)));
        if (fee != wanted) {
            failed++;
            System.out.println(what + ": " + minutes + " minutes cost " + fee + ", not " + wanted);
        }
    }

    public static void main(String[] arguments) {
        expect("free", TARIFF, 0, 0);
        expect("free", TARIFF, 29, 0);
        expect("free", TARIFF, 30, 0);
        expect("the first hour", TARIFF, 31, 200);
        expect("the first hour", TARIFF, 90, 200);
        expect("the second hour", TARIFF, 91, 400);
        expect("the second hour", TARIFF, 150, 400);
        expect("the third hour", TARIFF, 151, 600);
        expect("below the maximum", TARIFF, 30 + 7 * 60, 1400);
        expect("the maximum", TARIFF, 30 + 7 * 60 + 1, 1500);
        expect("the maximum", TARIFF, DAY, 1500);
        expect("a second day has begun", TARIFF, DAY + 1, 1700);
        expect("the second day", TARIFF, DAY + 60, 1700);
        expect("the second day", TARIFF, DAY + 61, 1900);
        expect("the second day", TARIFF, DAY + 7 * 60, 2900);
        expect("the maximum of the second day", TARIFF, DAY + 7 * 60 + 1, 3000);
        expect("two days", TARIFF, 2 * DAY, 3000);
        expect("three days", TARIFF, 3 * DAY, 4500);
        expect("ten days and two hours", TARIFF, 10 * DAY + 120, 15400);
        Tariff always = new Tariff(0, 100, 10000);
        expect("no free time", always, 0, 0);
        expect("no free time", always, 1, 100);
        expect("no maximum is reached", always, DAY, 2400);
        expect("no maximum is reached", always, DAY + 1, 2500);
        Tariff generous = new Tariff(120, 100, 300);
        expect("two free hours", generous, 120, 0);
        expect("two free hours", generous, 121, 100);
        expect("two free hours", generous, DAY + 30, 400);
        if (failed > 0) {
            System.out.println(failed + " failed");
            System.exit(1);
        }
    }
}
