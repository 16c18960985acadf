package sessions;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The open sessions, in the order in which they were opened. Used by one thread only. */
public final class SessionTable {
    private final Map<String, Session> open = new LinkedHashMap<>();
    private final List<CloseListener> listeners = new ArrayList<>();
    private final long timeout;
    private int last;

    /** Sessions are due when they were not used for so many seconds. */
    public SessionTable(long timeout) {
        this.timeout = timeout;
    }

    public void addListener(CloseListener listener) {
        listeners.add(listener);
    }

    public Session open(String user, long now) {
        last++;
        Session session = new Session("s" + last, user, now);
        open.put(session.id(), session);
        return session;
    }

    public Session find(String id) {
        return open.get(id);
    }

    public void use(String id, long now) {
        Session session = open.get(id);
        if (session != null) {
            session.use(now);
        }
    }

    public int size() {
        return open.size();
    }

    /** Closes a session; {@code false} if there is none with that id. */
    public boolean close(String id) {
        Session session = open.remove(id);
        if (session == null) {
            return false;
        }
        for (CloseListener listener : listeners) {
            listener.closed(session);
        }
        return true;
    }

    /** Closes the sessions that are due, in the order in which they were opened; returns how many. */
    public int expire(long now) {
        int closed = 0;
        for (Session session : open.values()) {
            if (now - session.lastUse() >= timeout) {
                close(session.id());
                closed++;
            }
        }
        return closed;
    }
}
