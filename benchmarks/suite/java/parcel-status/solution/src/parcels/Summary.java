package parcels;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/** Counts parcels. */
public final class Summary {
    private Summary() {
    }

    /** The number of parcels by status. */
    public static Map<Status, Integer> counts(List<Parcel> parcels) {
        Map<Status, Integer> counts = new EnumMap<>(Status.class);
        for (Status status : Status.values()) {
            counts.put(status, 0);
        }
        for (Parcel parcel : parcels) {
            counts.merge(parcel.status(), 1, Integer::sum);
        }
        return counts;
    }

    /** A line for the screen: those on the way, and those with trouble. */
    public static String line(List<Parcel> parcels) {
        Map<Status, Integer> counts = counts(parcels);
        int open = counts.get(Status.NEW) + counts.get(Status.IN_TRANSIT);
        int trouble = counts.get(Status.RETURNED) + counts.get(Status.LOST);
        StringJoiner all = new StringJoiner(", ", "{", "}");
        counts.forEach((status, count) -> all.add(status.code() + "=" + count));
        return open + " open, " + trouble + " with trouble " + all;
    }
}
