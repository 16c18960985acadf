package parcels;

import java.util.List;

/** What all parcels have in common. */
public final class Parcels {
    static final List<String> STATUSES = List.of("new", "in_transit", "delivered", "returned", "lost");

    private Parcels() {
    }

    /** Whether a parcel may go from one status to another. */
    public static boolean allowed(String from, String to) {
        check(from);
        check(to);
        switch (from) {
            case "new":
                return to.equals("in_transit");
            case "in_transit":
                return to.equals("delivered") || to.equals("returned") || to.equals("lost");
            case "lost":
                // It may turn up again.
                return to.equals("in_transit") || to.equals("returned");
            default:
                return false;
        }
    }

    static void check(String status) {
        if (!STATUSES.contains(status)) {
            throw new IllegalArgumentException("unknown status: " + status);
        }
    }
}
