import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

import ledger.Ledger;
import ledger.Line;

public final class Check {
    private static int failed;

    private static LocalDate day(int day) {
        return LocalDate.of(2024, 3, day);
    }

    private static void expect(String what, Object found, Object wanted) {
        if (!wanted.equals(found)) {
            failed++;
            System.out.println(what + ": " + found + "\n    wanted: " + wanted);
        }
    }

    private static String shown(List<Line> lines) {
        StringJoiner text = new StringJoiner(", ");
        for (Line line : lines) {
            text.add(line.date().getDayOfMonth() + " " + line.text() + " " + line.cents() + " " + line.balance());
        }
        return text.toString();
    }

    private static Ledger ledger() {
        Ledger ledger = new Ledger();
        ledger.add(day(9), "bank", "boats", 4550, "paint");
        ledger.add(day(1), "members", "bank", 12000, "fees");
        ledger.add(day(5), "bank", "bank", 100, "by mistake");
        ledger.add(day(5), "bank", "cash", 2000, "cash");
        ledger.add(day(5), "members", "bank", 500, "late fee");
        ledger.add(day(3), "bank", "boats", 9999, "never");
        ledger.add(day(20), "bank", "boats", 10000, "oars");
        ledger.add(day(5), "cash", "bank", 1, "back");
        ledger.cancel(6);
        return ledger;
    }

    private static void shows() {
        Ledger ledger = ledger();
        expect("all", shown(ledger.statement("bank", day(1), day(31))),
            "1 fees 12000 12000, 5 cash -2000 10000, 5 late fee 500 10500, 5 back 1 10501, "
                + "9 paint -4550 5951, 20 oars -10000 -4049");
        expect("a part", shown(ledger.statement("bank", day(2), day(9))),
            "5 cash -2000 10000, 5 late fee 500 10500, 5 back 1 10501, 9 paint -4550 5951");
        expect("one day", shown(ledger.statement("bank", day(9), day(9))), "9 paint -4550 5951");
        expect("another account", shown(ledger.statement("boats", day(2), day(31))),
            "9 paint 4550 4550, 20 oars 10000 14550");
        expect("a source", shown(ledger.statement("members", day(2), day(31))), "5 late fee -500 -12500");
        expect("nothing", shown(ledger.statement("bank", day(10), day(19))), "");
        expect("nobody", shown(ledger.statement("none", day(1), day(31))), "");
        expect("balance", ledger.balance("bank"), -4049L);
        expect("size", ledger.size(), 8);
    }

    private static void refuses() {
        Ledger ledger = ledger();
        try {
            ledger.statement("bank", day(9), day(8));
            expect("from after to", "no exception", "an IllegalArgumentException");
        } catch (IllegalArgumentException expected) {
            expect("the ledger", ledger.size(), 8);
        }
        List<Line> lines = ledger.statement("bank", day(1), day(31));
        List<Line> copy = new ArrayList<>(lines);
        try {
            lines.remove(0);
            expect("a changed list", "no exception", "an UnsupportedOperationException");
        } catch (UnsupportedOperationException expected) {
            expect("the list", lines, copy);
        }
    }

    private static void manyOnADay() {
        Ledger ledger = new Ledger();
        StringJoiner wanted = new StringJoiner(", ");
        for (int at = 1; at <= 50; at++) {
            ledger.add(day(7), "in", "bank", 1, "n" + at);
            wanted.add("7 n" + at + " 1 " + at);
        }
        expect("many on a day", shown(ledger.statement("bank", day(7), day(7))), wanted.toString());
    }

    public static void main(String[] arguments) {
        shows();
        refuses();
        manyOnADay();
        if (failed > 0) {
            System.out.println(failed + " failed");
            System.exit(1);
        }
    }
}
