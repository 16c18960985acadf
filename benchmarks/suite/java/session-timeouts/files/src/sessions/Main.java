package sessions;

public final class Main {
    private Main() {
    }

    public static void main(String[] arguments) {
        SessionTable table = new SessionTable(600);
        table.addListener(session -> System.out.println("closed: " + session.user()));
        table.open("ann", 0);
        Session bob = table.open("bob", 0);
        table.open("eve", 0);
        table.use(bob.id(), 500);
        for (long now = 0; now <= 1200; now += 600) {
            System.out.println(table.expire(now) + " of " + table.size());
        }
    }
}
