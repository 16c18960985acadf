package parcels;

/** What all parcels have in common. */
public final class Parcels {
    private Parcels() {
    }
}
