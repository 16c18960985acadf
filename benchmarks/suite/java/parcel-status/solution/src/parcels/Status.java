package parcels;

/** Where a parcel is. */
public enum Status {
    NEW("new"),
    IN_TRANSIT("in_transit"),
    DELIVERED("delivered"),
    RETURNED("returned"),
    LOST("lost");

    private final String code;

    Status(String code) {
        this.code = code;
    }

    /** Its name in files and messages. */
    public String code() {
        return code;
    }

    public static Status fromCode(String code) {
        for (Status status : values()) {
            if (status.code.equals(code)) {
                return status;
            }
        }
        throw new IllegalArgumentException("unknown status: " + code);
    }

    /** Whether a parcel may go from this status to another. */
    public boolean canBecome(Status next) {
        switch (this) {
            case NEW:
                return next == IN_TRANSIT;
            case IN_TRANSIT:
                return next == DELIVERED || next == RETURNED || next == LOST;
            case LOST:
                // It may turn up again.
                return next == IN_TRANSIT || next == RETURNED;
            default:
                return false;
        }
    }

    @Override
    public String toString() {
        return code;
    }
}
