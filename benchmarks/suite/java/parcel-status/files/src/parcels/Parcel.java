package parcels;

/** A parcel on its way. */
public final class Parcel {
    private final String id;
    private String status;

    public Parcel(String id) {
        this(id, "new");
    }

    Parcel(String id, String status) {
        this.id = id;
        this.status = status;
    }

    public String id() {
        return id;
    }

    public String status() {
        return status;
    }

    /** Changes the status, if that is allowed. */
    public void move(String next) {
        if (!Parcels.allowed(status, next)) {
            throw new IllegalStateException(id + " cannot go from " + status + " to " + next);
        }
        status = next;
    }
}
