package parcels;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts parcels. */
public final class Summary {
    private Summary() {
    }

    /** The number of parcels by status. */
    public static Map<String, Integer> counts(List<Parcel> parcels) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (String status : Parcels.STATUSES) {
            counts.put(status, 0);
        }
        for (Parcel parcel : parcels) {
            counts.merge(parcel.status(), 1, Integer::sum);
        }
        return counts;
    }

    /** A line for the screen: those on the way, and those with trouble. */
    public static String line(List<Parcel> parcels) {
        Map<String, Integer> counts = counts(parcels);
        int open = counts.get("new") + counts.get("in_transit");
        int trouble = counts.get("returned") + counts.get("lost");
        return open + " open, " + trouble + " with trouble " + counts;
    }
}
