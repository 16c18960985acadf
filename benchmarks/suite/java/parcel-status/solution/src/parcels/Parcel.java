package parcels;

/** A parcel on its way. */
public final class Parcel {
    private final String id;
    private Status status;

    public Parcel(String id) {
        this(id, Status.NEW);
    }

    Parcel(String id, Status status) {
        this.id = id;
        this.status = status;
    }

    public String id() {
        return id;
    }

    public Status status() {
        return status;
    }

    /** Changes the status, if that is allowed. */
    public void move(Status next) {
        if (!status.canBecome(next)) {
            throw new IllegalStateException(id + " cannot go from " + status.code() + " to " + next.code());
        }
        status = next;
    }
}
