package sessions;

/** Somebody who is logged in. */
public final class Session {
    private final String id;
    private final String user;
    private long lastUse;

    Session(String id, String user, long now) {
        this.id = id;
        this.user = user;
        this.lastUse = now;
    }

    public String id() {
        return id;
    }

    public String user() {
        return user;
    }

    /** When it was used last, in seconds. */
    public long lastUse() {
        return lastUse;
    }

    void use(long now) {
        lastUse = now;
    }
}
