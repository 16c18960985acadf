import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

import parcels.Parcel;
import parcels.ParcelFile;
import parcels.Status;
import parcels.Summary;

public final class Check {
    private static int failed;

    private static void expect(String what, Object found, Object wanted) {
        if (!wanted.equals(found)) {
            failed++;
            System.out.println(what + ": " + found + "\n    wanted: " + wanted);
        }
    }

    private static void refused(String what, Runnable act, Class<?> kind, String message) {
        try {
            act.run();
            expect(what, "no exception", message);
        } catch (RuntimeException error) {
            expect(what, error.getClass() == kind ? error.getMessage() : error.toString(), message);
        }
    }

    private static void codes() {
        List<String> codes = new ArrayList<>();
        for (Status status : Status.values()) {
            codes.add(status.code());
            expect("fromCode", Status.fromCode(status.code()), status);
        }
        expect("codes", codes, List.of("new", "in_transit", "delivered", "returned", "lost"));
        expect("order", List.of(Status.values()),
            List.of(Status.NEW, Status.IN_TRANSIT, Status.DELIVERED, Status.RETURNED, Status.LOST));
        for (String code : List.of("NEW", "In_Transit", "", "stolen")) {
            refused("fromCode", () -> Status.fromCode(code), IllegalArgumentException.class, "unknown status: " + code);
        }
        refused("fromCode", () -> Status.fromCode(null), IllegalArgumentException.class, "unknown status: null");
    }

    private static void moves() {
        Map<Status, Set<Status>> allowed = Map.of(
            Status.NEW, Set.of(Status.IN_TRANSIT),
            Status.IN_TRANSIT, Set.of(Status.DELIVERED, Status.RETURNED, Status.LOST),
            Status.LOST, Set.of(Status.IN_TRANSIT, Status.RETURNED),
            Status.DELIVERED, Set.of(),
            Status.RETURNED, Set.of());
        for (Status from : Status.values()) {
            for (Status to : Status.values()) {
                expect(from + " to " + to, from.canBecome(to), allowed.get(from).contains(to));
            }
        }
        Parcel parcel = new Parcel("P7");
        expect("a new parcel", parcel.status(), Status.NEW);
        parcel.move(Status.IN_TRANSIT);
        parcel.move(Status.LOST);
        refused("move", () -> parcel.move(Status.DELIVERED), IllegalStateException.class,
            "P7 cannot go from lost to delivered");
        expect("after a refusal", parcel.status(), Status.LOST);
        parcel.move(Status.IN_TRANSIT);
        refused("move", () -> parcel.move(Status.NEW), IllegalStateException.class,
            "P7 cannot go from in_transit to new");
    }

    private static void files() {
        List<String> lines = List.of("A;new", "B;in_transit", "C;delivered", "D;returned", "E;lost", "F;lost");
        List<Parcel> parcels = ParcelFile.read(lines);
        expect("read", parcels.get(4).status(), Status.LOST);
        expect("written", ParcelFile.write(parcels), lines);
        refused("a bad line", () -> ParcelFile.read(List.of("A")), IllegalArgumentException.class,
            "not a parcel: A");
        refused("a bad status", () -> ParcelFile.read(List.of("A;LOST")), IllegalArgumentException.class,
            "unknown status: LOST");
        Map<Status, Integer> counts = Summary.counts(parcels);
        expect("counts", new ArrayList<>(counts.entrySet()).toString(),
            List.of(Map.entry(Status.NEW, 1), Map.entry(Status.IN_TRANSIT, 1), Map.entry(Status.DELIVERED, 1),
                Map.entry(Status.RETURNED, 1), Map.entry(Status.LOST, 2)).toString());
        expect("counts of nothing", List.copyOf(Summary.counts(List.of()).values()), List.of(0, 0, 0, 0, 0));
        expect("line", Summary.line(parcels),
            "2 open, 3 with trouble {new=1, in_transit=1, delivered=1, returned=1, lost=2}");
    }

    private static void theOldWayIsGone() {
        try {
            Class<?> old = Class.forName("parcels.Parcels");
            old.getMethod("allowed", String.class, String.class);
            expect("Parcels.allowed", "is still there", "gone");
        } catch (ClassNotFoundException | NoSuchMethodException expected) {
            // As it should be.
        }
    }

    public static void main(String[] arguments) {
        codes();
        moves();
        files();
        theOldWayIsGone();
        if (failed > 0) {
            System.out.println(failed + " failed");
            System.exit(1);
        }
    }
}
