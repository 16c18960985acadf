package ledger;

import java.time.LocalDate;

public final class Main {
    public static void main(String[] arguments) {
        Ledger ledger = new Ledger();
        ledger.add(LocalDate.of(2024, 3, 1), "members", "bank", 12000, "fees");
        ledger.add(LocalDate.of(2024, 3, 4), "bank", "boats", 4550, "paint");
        System.out.println("bank: " + ledger.balance("bank"));
    }
}
