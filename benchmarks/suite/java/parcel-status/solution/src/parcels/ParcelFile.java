package parcels;

import java.util.ArrayList;
import java.util.List;

/** Reads and writes parcels as lines {@code id;status}. */
public final class ParcelFile {
    private ParcelFile() {
    }

    public static List<Parcel> read(List<String> lines) {
        List<Parcel> parcels = new ArrayList<>();
        for (String line : lines) {
            String[] parts = line.split(";");
            if (parts.length != 2) {
                throw new IllegalArgumentException("not a parcel: " + line);
            }
            parcels.add(new Parcel(parts[0], Status.fromCode(parts[1])));
        }
        return parcels;
    }

    public static List<String> write(List<Parcel> parcels) {
        List<String> lines = new ArrayList<>();
        for (Parcel parcel : parcels) {
            lines.add(parcel.id() + ";" + parcel.status().code());
        }
        return lines;
    }
}
