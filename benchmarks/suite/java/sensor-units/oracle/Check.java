import java.util.List;
import java.util.Locale;
import java.util.Optional;

import station.CsvExport;
import station.Display;
import station.FrostAlarm;
import station.SensorBank;
import station.Unit;

public final class Check {
    private static int failed;

    private static void expect(String what, Object found, Object wanted) {
        if (!wanted.equals(found)) {
            failed++;
            System.out.println(what + ": " + found + "\n    wanted: " + wanted);
        }
    }

    private static void expectNear(String what, Optional<Double> found, double wanted) {
        if (found.isEmpty() || Math.abs(found.get() - wanted) > 1e-9) {
            failed++;
            System.out.println(what + ": " + found + "\n    wanted: " + wanted);
        }
    }

    public static void main(String[] arguments) {
        Locale.setDefault(Locale.GERMANY);
        SensorBank bank = new SensorBank();
        bank.put("roof", 22);
        bank.put("yard", -1.5);
        bank.put("shed", 0);
        bank.add("well");
        bank.add("roof");

        expectNear("Celsius", bank.read("roof", Unit.CELSIUS), 22);
        expectNear("Fahrenheit", bank.read("roof", Unit.FAHRENHEIT), 71.6);
        expectNear("Kelvin", bank.read("roof", Unit.KELVIN), 295.15);
        expectNear("Fahrenheit", bank.read("yard", Unit.FAHRENHEIT), 29.3);
        for (Unit unit : Unit.values()) {
            expect("no value yet, " + unit, bank.read("well", unit), Optional.empty());
            expect("unknown, " + unit, bank.read("moon", unit), Optional.empty());
        }
        expect("units", List.of(Unit.values()), List.of(Unit.CELSIUS, Unit.FAHRENHEIT, Unit.KELVIN));

        expect("display", new Display(bank, Unit.CELSIUS).line("yard"), "yard: -1.5 °C");
        expect("display", new Display(bank, Unit.FAHRENHEIT).line("roof"), "roof: 71.6 °F");
        expect("display", new Display(bank, Unit.KELVIN).line("shed"), "shed: 273.2 K");
        expect("display", new Display(bank, Unit.KELVIN).line("well"), "well: no value");
        expect("display", new Display(bank, Unit.CELSIUS).line("moon"), "moon: no value");

        FrostAlarm alarm = new FrostAlarm(bank, List.of("well", "yard", "moon", "roof", "shed"), 0);
        expect("frozen", alarm.frozen(), List.of("yard", "shed"));
        expect("silent", alarm.silent(), List.of("well", "moon"));
        bank.put("well", -0.1);
        expect("frozen", alarm.frozen(), List.of("well", "yard", "shed"));
        expect("silent", alarm.silent(), List.of("moon"));
        bank.add("attic");

        expect("export", new CsvExport(bank).export(),
            "sensor,kelvin\nattic,\nroof,295.15\nshed,273.15\nwell,273.05\nyard,271.65\n");
        if (failed > 0) {
            System.out.println(failed + " failed");
            System.exit(1);
        }
    }
}
