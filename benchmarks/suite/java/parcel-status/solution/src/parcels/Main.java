package parcels;

import java.util.List;

public final class Main {
    public static void main(String[] arguments) {
        List<Parcel> parcels = ParcelFile.read(List.of("A1;new", "A2;in_transit"));
        parcels.get(0).move(Status.IN_TRANSIT);
        System.out.println(Summary.line(parcels));
        ParcelFile.write(parcels).forEach(System.out::println);
    }
}
