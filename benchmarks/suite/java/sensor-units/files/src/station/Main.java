package station;

import java.util.List;

public final class Main {
    public static void main(String[] arguments) {
        SensorBank bank = new SensorBank();
        bank.put("roof", 22);
        bank.put("yard", -1.5);
        bank.add("well");
        Display display = new Display(bank);
        for (String id : bank.ids()) {
            System.out.println(display.line(id));
        }
        System.out.println("frost: " + new FrostAlarm(bank, List.of("roof", "yard"), 0).frozen());
        System.out.print(new CsvExport(bank).export());
    }
}
