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
        RuntimeException error = tell(session);
        if (error != null) {
            throw error;
        }
        return true;
    }

    /** Tells every listener; returns the first exception. */
    private RuntimeException tell(Session session) {
        RuntimeException first = null;
        for (CloseListener listener : new ArrayList<>(listeners)) {
            try {
                listener.closed(session);
            } catch (RuntimeException error) {
                first = first == null ? error : first;
            }
        }
        return first;
    }

    /**
     * Closes the sessions that are due now, in the order in which they were opened; returns how
     * many. Throws the first exception of a listener when all are closed.
     */
    public int expire(long now) {
        List<Session> due = new ArrayList<>();
        for (Session session : open.values()) {
            if (now - session.lastUse() >= timeout) {
                due.add(session);
            }
        }
        int closed = 0;
        RuntimeException first = null;
        for (Session session : due) {
            // A listener may have closed it.
            if (open.remove(session.id()) == null) {
                continue;
            }
            closed++;
            RuntimeException error = tell(session);
            first = first == null ? error : first;
        }
        if (first != null) {
            throw first;
        }
        return closed;
    }
}
