//! The network: nothing but a loopback of the command's own.

use std::net::TcpListener;

use super::{
    ChatServer, Kind, Probe, Reply, check, environment, is_full, missing, perhaps, results, run,
    say, sure, untried,
};

const PROBES: &[Probe] = &[
    sure("TCP", "echo x > /dev/tcp/127.0.0.1/$TCP"),
    sure("TCP, by a name", "echo x > /dev/tcp/localhost/$TCP"),
    sure(
        "TCP, by the machine's address",
        "echo x > /dev/tcp/$HERE/$TCP",
    ),
    sure("TCP, to nowhere", "echo x > /dev/tcp/0.0.0.0/$TCP"),
    sure("UDP", "echo x > /dev/udp/127.0.0.1/$UDP"),
    sure(
        "UDP, by the machine's address",
        "echo x > /dev/udp/$HERE/$UDP",
    ),
    sure(
        "UDP, without a connection",
        "py <<'E'\nfrom calls import *\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
         attempt(lambda: s.sendto(b'x', (os.environ['HERE'], int(os.environ['UDP']))))\nE",
    ),
    sure(
        "TCP, with the first packet",
        "py <<'E'\nfrom calls import *\ns = socket.socket()\n\
         attempt(lambda: s.sendto(b'x', 0x20000000, ('127.0.0.1', int(os.environ['TCP']))))\nE",
    ),
    sure(
        "TCP, in perl",
        "perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr => \"127.0.0.1:$ENV{TCP}\")'",
    ),
    sure(
        "TCP, by git",
        "timeout 1 git ls-remote git://127.0.0.1:$TCP/x",
    ),
    sure(
        "a socket by its path",
        "py <<'E'\nfrom calls import *\ns = socket.socket(socket.AF_UNIX)\n\
         attempt(lambda: s.connect(BESIDE + '/stream'))\nE",
    ),
    sure(
        "a socket by a link",
        "ln -s $B b\npy <<'E'\nfrom calls import *\ns = socket.socket(socket.AF_UNIX)\n\
         attempt(lambda: s.connect('b/stream'))\nE",
    ),
    sure(
        "a socket by a hard link",
        "ln $B/stream s\npy <<'E'\nfrom calls import *\ns = socket.socket(socket.AF_UNIX)\n\
         attempt(lambda: s.connect('s'))\nE",
    ),
    sure(
        "a datagram by a path",
        "py <<'E'\nfrom calls import *\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
         attempt(lambda: s.sendto(b'x', BESIDE + '/datagram'))\nE",
    ),
    sure(
        "a socket without a path",
        "py <<'E'\nfrom calls import *\ns = socket.socket(socket.AF_UNIX)\n\
         attempt(lambda: s.connect('\\0' + os.environ['M']))\nE",
    ),
    untried("a name", "timeout 5 getent hosts example.org && through"),
    untried(
        "a name, in python",
        "py <<'E'\nfrom calls import *\n\
         attempt(lambda: through(socket.getaddrinfo('example.org', 80)))\nE",
    ),
    untried(
        "another network",
        "timeout 5 bash -c 'echo x > /dev/tcp/192.0.2.1/53' && through",
    ),
    untried(
        "a packet to another network",
        "echo x > /dev/udp/192.0.2.1/53 && through",
    ),
    perhaps(
        "raw packets",
        "py <<'E'\nfrom calls import *\n\
         attempt(lambda: through(socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)))\n\
         attempt(lambda: through(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)))\nE",
    ),
    perhaps(
        "sockets of the kernel",
        "py <<'E'\nfrom calls import *\n\
         for kind in ((16, 3, 9), (16, 3, 15), (16, 3, 12), (38, 5, 0), (40, 1, 0), (31, 3, 0)):\n\
         \u{20}   attempt(lambda: through(socket.socket(*kind), kind))\nE",
    ),
    perhaps(
        "another network of the system",
        "ls -d /sys/class/net/[!l]* 2>/dev/null && through; \
         grep -v -e lo: -e '|' /proc/net/dev && through",
    ),
];

#[test]
fn nothing_is_reached() {
    check("nothing_is_reached", Kind::Bare, PROBES);
}

#[test]
fn loopback_inside_works() {
    if !is_full("loopback_inside_works") {
        return;
    }
    let script = "py <<'E'\nimport socket, threading\n\
         for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:\n\
         \u{20}   server, client = socket.socket(type=kind), socket.socket(type=kind)\n\
         \u{20}   server.bind(('127.0.0.1', 0))\n\
         \u{20}   kind == socket.SOCK_STREAM and server.listen()\n\
         \u{20}   client.connect(('localhost', server.getsockname()[1]))\n\
         \u{20}   client.send(b'works')\n\
         \u{20}   if kind == socket.SOCK_STREAM: server, _ = server.accept()\n\
         \u{20}   print(server.recv(9))\nE";
    if let Some(name) = missing(script) {
        return say(&format!("loopback is not tried: no {name}"));
    }
    let python = super::program("python3").expect("it is not missing");
    let script = script.replace("py <<", &format!("{python} - <<"));
    let server = ChatServer::start(vec![run(&script), Reply::text("It works.")]);
    let results = results(&environment(&server), &[], &server);
    assert_eq!(results[0].matches("works").count(), 2, "{results:?}");
}

#[test]
fn a_command_that_needs_the_network_is_told_how_to_get_it() {
    if !is_full("a_command_that_needs_the_network_is_told_how_to_get_it") {
        return;
    }
    let server = ChatServer::start(vec![
        run("git ls-remote https://example.org/x.git"),
        run("git clone git://192.0.2.1/x.git"),
        run("echo all is well"),
        Reply::text("There is no network."),
    ]);
    let results = results(&environment(&server), &[], &server);
    for result in &results[..2] {
        assert!(result.contains("--network"), "{result}");
        assert!(!result.contains("exit code 0"), "{result}");
    }
    assert!(!results[2].contains("--network"), "{}", results[2]);
}

#[test]
fn the_network_is_there_if_the_flag_says_so() {
    if !is_full("the_network_is_there_if_the_flag_says_so") {
        return;
    }
    let canary = TcpListener::bind("127.0.0.1:0").expect("a port");
    canary.set_nonblocking(true).expect("it does not block");
    let port = canary.local_addr().expect("an address").port();
    let command = format!("echo x > /dev/tcp/127.0.0.1/{port}; echo x > ../beside");
    for (flags, hits) in [(&["--network"] as &[&str], 1), (&[], 0)] {
        let server = ChatServer::start(vec![run(&command), Reply::text("That is all.")]);
        let environment = environment(&server);
        let results = results(&environment, flags, &server);
        let came = std::iter::from_fn(|| canary.accept().ok()).count();
        assert_eq!(came, hits, "{flags:?}: {results:?}");
        // Nothing else is opened with it.
        assert!(!environment.outside().join("beside").exists());
    }
}
