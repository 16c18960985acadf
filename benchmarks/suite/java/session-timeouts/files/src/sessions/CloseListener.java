package sessions;

/** Is told when a session is closed. The session is not in the table any more then. */
public interface CloseListener {
    void closed(Session session);
}
