import java.util.ArrayList;
import java.util.List;

import sessions.Session;
import sessions.SessionTable;

public final class Check {
    private static int failed;

    private static void expect(String what, Object found, Object wanted) {
        if (!wanted.equals(found)) {
            failed++;
            System.out.println(what + ": " + found + "\n    wanted: " + wanted);
        }
    }

    private interface Part {
        void run();
    }

    private static void part(String name, Part part) {
        try {
            part.run();
        } catch (RuntimeException error) {
            failed++;
            System.out.println(name + ": " + error);
            error.printStackTrace(System.out);
        }
    }

    private static void plain() {
        SessionTable table = new SessionTable(600);
        List<String> told = new ArrayList<>();
        table.addListener(session -> told.add(session.user()));
        String[] users = {"ann", "bob", "eve", "dan"};
        for (String user : users) {
            table.open(user, 0);
        }
        table.use("s2", 100);
        expect("nobody is due", table.expire(599), 0);
        expect("three are due", table.expire(600), 3);
        expect("told", told, List.of("ann", "eve", "dan"));
        expect("left", table.size(), 1);
        expect("the last one", table.expire(5000), 1);
        expect("told", told, List.of("ann", "eve", "dan", "bob"));
        expect("an empty table", table.expire(9000), 0);
    }

    private static void listenersClose() {
        SessionTable table = new SessionTable(10);
        List<String> told = new ArrayList<>();
        table.addListener(session -> {
            told.add(session.id());
            if (session.user().equals("host")) {
                // Guests that are due themselves, and one that is not.
                for (String id : List.of("s1", "s3", "s4", "s5")) {
                    table.close(id);
                }
            }
        });
        table.open("guest", 0);
        table.open("host", 0);
        table.open("guest", 0);
        table.open("guest", 100);
        table.open("other", 0);
        table.open("other", 0);
        int closed = table.expire(50);
        expect("told of each once", told, List.of("s1", "s2", "s3", "s4", "s5", "s6"));
        expect("size", table.size(), 0);
        expect("closed by expire itself", closed, 3);
    }

    private static void listenersOpen() {
        SessionTable table = new SessionTable(10);
        table.addListener(session -> {
            if (session.user().equals("old")) {
                table.open("again", 0);
            }
        });
        table.open("old", 0);
        table.open("old", 0);
        expect("the old ones", table.expire(50), 2);
        expect("the new ones are left alone", table.size(), 2);
        expect("but not for ever", table.expire(50), 2);
        expect("size", table.size(), 0);
    }

    private static void listenersUse() {
        SessionTable table = new SessionTable(10);
        table.addListener(session -> table.use("s2", 50));
        table.open("a", 0);
        table.open("b", 0);
        expect("due at the beginning", table.expire(50), 2);
    }

    private static void listenersThrow() {
        SessionTable table = new SessionTable(10);
        List<String> told = new ArrayList<>();
        table.addListener(session -> {
            if (!session.user().equals("good")) {
                throw new IllegalStateException(session.user());
            }
        });
        table.addListener(session -> told.add(session.user()));
        table.open("good", 0);
        table.open("first", 0);
        table.open("second", 0);
        table.open("good", 0);
        table.open("young", 100);
        try {
            table.expire(50);
            expect("expire", "no exception", "the first one");
        } catch (IllegalStateException error) {
            expect("the exception", error.getMessage(), "first");
        }
        expect("all are closed", table.size(), 1);
        expect("the other listener is told of all", told, List.of("good", "first", "second", "good"));
    }

    private static void closing() {
        SessionTable table = new SessionTable(10);
        List<Session> told = new ArrayList<>();
        table.addListener(session -> {
            expect("it is not in the table", table.find(session.id()) == null, true);
            told.add(session);
        });
        Session session = table.open("ann", 0);
        expect("close", table.close(session.id()), true);
        expect("close again", table.close(session.id()), false);
        expect("told", told, List.of(session));
    }

    public static void main(String[] arguments) {
        part("plain", Check::plain);
        part("listeners that close", Check::listenersClose);
        part("listeners that open", Check::listenersOpen);
        part("listeners that use", Check::listenersUse);
        part("listeners that throw", Check::listenersThrow);
        part("closing", Check::closing);
        if (failed > 0) {
            System.out.println(failed + " failed");
            System.exit(1);
        }
    }
}
