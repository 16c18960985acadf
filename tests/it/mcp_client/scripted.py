"""An MCP server on stdin and stdout that behaves as badly as the first argument says.

`modern` and `legacy` are the two kinds of the protocol; a tool does what its name says.
"""

import json
import os
import socket
import subprocess
import sys
import time

MODE = sys.argv[1]
META = "io.modelcontextprotocol/"
last = 1000


def write(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def send(message):
    write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")


def read():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    with open("heard", "a") as heard:
        heard.write(line)
    return json.loads(line)


def answer(request, result):
    if MODE == "modern":
        result = {"resultType": "complete", **result}
    send({"id": request["id"], "result": result})


def refuse(request, code, message):
    send({"id": request["id"], "error": {"code": code, "message": message}})


def say(request, value, **more):
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    answer(request, {"content": [{"type": "text", "text": text}], **more})


def ask(method, params=None):
    """Asks the client something, and waits for its answer."""
    global last
    last += 1
    request = {"id": last, "method": method}
    if params is not None:
        request["params"] = params
    send(request)
    while True:
        message = read()
        if message.get("id") == last and "method" not in message:
            return message.get("result", message.get("error"))


FORM = {
    "mode": "form",
    "message": "Who\n\nare you?",
    "requestedSchema": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "old": {"type": "boolean"}},
        "required": ["name"],
    },
}


def tool_echo(request, arguments):
    say(request, arguments)


def tool_environment(request, arguments):
    say(request, dict(os.environ))


def tool_hang(request, arguments):
    pass


def tool_late(request, arguments):
    while read().get("method") != "notifications/cancelled":
        pass
    say(request, "too late")


def tool_die(request, arguments):
    sys.stderr.write("a token is missing\n")
    sys.exit(3)


def tool_close(request, arguments):
    """Goes on without its output."""
    os.close(1)
    time.sleep(1000)


def tool_flood(request, arguments):
    while True:
        send({"method": "notifications/tools/list_changed"})


def tool_flood_of_questions(request, arguments):
    number = 0
    while True:
        number += 1
        send({"id": number, "method": "roots/list"})


def tool_flood_of_garbage(request, arguments):
    while True:
        write("garbage\n")


def tool_long_line(request, arguments):
    for _ in range(100):
        write("x" * (1 << 20))
    write("\n")
    say(request, "after a long line")


def tool_endless_line(request, arguments):
    while True:
        write("x" * (1 << 16))


def tool_large_answer(request, arguments):
    say(request, "x" * (5 << 20))


def tool_long_answer(request, arguments):
    say(request, "a" * 50_000 + "z" * 50_000)


def tool_lies(request, arguments):
    for number in [-1, 0, 12345, "x", None]:
        send({"id": number, "result": {"content": [{"type": "text", "text": "a lie"}]}})
        send({"id": number, "error": {"code": 1, "message": "a lie"}})
    send({"id": request["id"] + 1, "result": {"content": []}})
    write("garbage\n\n[]\n{}\nnull\n\xff\n{\"jsonrpc\":\"2.0\"\n")
    say(request, "the truth")
    say(request, "another truth")


def tool_batch(request, arguments):
    write(json.dumps([{"jsonrpc": "2.0", "id": request["id"], "result": {}}]) + "\n")
    say(request, "alone")


def tool_text_as_number(request, arguments):
    send({"id": str(request["id"]), "result": {"content": []}})


def tool_no_result(request, arguments):
    send({"id": request["id"], "result": "hello"})


def tool_nothing_at_all(request, arguments):
    send({"id": request["id"]})


def tool_error(request, arguments):
    refuse(request, -32602, "no such thing: " + "x" * 5000)


def tool_failed(request, arguments):
    say(request, "it did not work", isError=True)


def tool_nested(request, arguments):
    write('{"jsonrpc":"2.0","id":%d,"result":' % request["id"] + "[" * 100_000 + "]" * 100_000 + "}\n")


def tool_ask(request, arguments):
    if MODE == "legacy":
        say(request, ask("elicitation/create", FORM))
        return
    given = request["params"].get("inputResponses")
    if given is None:
        needed = {"who": {"method": "elicitation/create", "params": FORM}}
        result = {"resultType": "input_required", "inputRequests": needed, "requestState": "s1"}
        send({"id": request["id"], "result": result})
    else:
        say(request, [given["who"], request["params"].get("requestState")])


def tool_ask_often(request, arguments):
    said = [ask("elicitation/create", FORM)["action"] for _ in range(7)]
    say(request, said)


def wait_until_asked():
    while not os.path.exists("asked"):
        time.sleep(0.005)


def tool_ask_and_die(request, arguments):
    send({"id": 77, "method": "elicitation/create", "params": FORM})
    wait_until_asked()
    sys.exit(4)


def tool_ask_and_withdraw(request, arguments):
    send({"id": 77, "method": "elicitation/create", "params": FORM})
    wait_until_asked()
    send({"method": "notifications/cancelled", "params": {"requestId": 77}})
    say(request, "withdrawn")


def tool_offered(request, arguments):
    methods = ["sampling/createMessage", "roots/list", "ping", "tasks/get", "elicitation/create"]
    params = {"messages": [], "maxTokens": 1}
    said = {method: ask(method, None if method == "ping" else params) for method in methods}
    say(request, said)


def tool_sampling(request, arguments):
    needed = {"a": {"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}}}
    result = {"resultType": "input_required", "inputRequests": needed}
    send({"id": request["id"], "result": result})


def tool_input_for_ever(request, arguments):
    needed = {"who": {"method": "elicitation/create", "params": FORM}}
    send({"id": request["id"], "result": {"resultType": "input_required", "inputRequests": needed}})


def tool_busy(request, arguments):
    if request["params"].get("requestState") == "once more":
        say(request, "ready")
        return
    state = "once more" if request["params"].get("requestState") else "busy"
    send({"id": request["id"], "result": {"resultType": "input_required", "requestState": state}})


def tool_task(request, arguments):
    task = {"taskId": "1", "status": "working", "createdAt": "", "lastUpdatedAt": "", "ttl": 1}
    send({"id": request["id"], "result": {"resultType": "task", "task": task, **task}})


def tool_write(request, arguments):
    try:
        with open(arguments["path"], "w") as file:
            file.write("evil\n")
        say(request, "written")
    except OSError as error:
        say(request, type(error).__name__)


def tool_read(request, arguments):
    try:
        with open(arguments["path"]) as file:
            say(request, file.read())
    except OSError as error:
        say(request, type(error).__name__)


def tool_connect(request, arguments):
    try:
        socket.create_connection(("127.0.0.1", arguments["port"]), 2).send(b"evil")
        say(request, "connected")
    except OSError as error:
        say(request, type(error).__name__)


def tool_process(request, arguments):
    child = subprocess.Popen(
        ["sleep", "1000"],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    say(request, [os.getpid(), child.pid])


def tool_change(request, arguments):
    with open("changed", "w") as file:
        file.write("x")
    send({"method": "notifications/tools/list_changed"})
    say(request, "changed")


def tool_deaf(request, arguments):
    """Reads nothing any more."""
    time.sleep(1000)


TOOLS = {name[5:]: tool for name, tool in sorted(globals().items()) if name.startswith("tool_")}


def listed(request):
    cursor = (request.get("params") or {}).get("cursor")
    if MODE == "pages":
        page = int(cursor or 0)
        tools = [{"name": f"t{page * 100 + n}"} for n in range(100)]
        more = {} if page == 2 else {"nextCursor": str(page + 1)}
        return {"tools": tools, **more}
    if MODE == "endless_pages":
        page = int(cursor or 0)
        return {"tools": [{"name": f"t{page}"}], "nextCursor": str(page + 1)}
    if MODE == "asks_in_lists":
        asked = ask("elicitation/create", FORM)
        return {"tools": [{"name": "t", "description": asked["action"]}]}
    if MODE == "strange_tools":
        return {"tools": [{"name": "good", "inputSchema": {"type": "object"}}, 7, {"name": ""}, {"name": "no-schema"}]}
    tools = [
        {"name": name, "description": f"It does {name}.", "inputSchema": {"type": "object"}}
        for name in TOOLS
    ]
    if os.path.exists("changed"):
        tools = [{"name": "new", "description": "It is new.", "inputSchema": {"type": "object"}}]
    return {"tools": tools, "ttlMs": 0, "cacheScope": "private"}


def serve(request):
    global MODE
    method = request["method"]
    if method == "server/discover":
        if MODE == "silent_probe":
            return
        if MODE == "late_probe":
            # Only after the next request, which is of the older kind.
            later = read()
            refuse(request, -32601, "Method not found")
            serve(later)
            return
        if MODE == "other_version":
            send({"id": request["id"], "error": {"code": -32022, "message": "no", "data": {"supported": ["2030-01-01"]}}})
        elif MODE == "modern":
            answer(request, {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, "ttlMs": 0, "cacheScope": "private"})
        else:
            refuse(request, -32601, "Method not found")
    elif method == "initialize":
        version = request["params"]["protocolVersion"]
        info = {"name": "lab", "version": "1"}
        answer(request, {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info})
    elif method == "tools/list":
        answer(request, listed(request))
    elif method == "tools/call":
        tool = TOOLS.get(request["params"]["name"])
        if tool is None:
            refuse(request, -32602, "no such tool")
        else:
            tool(request, request["params"].get("arguments", {}))
    else:
        refuse(request, -32601, "Method not found")


def main():
    with open("starts", "a") as starts:
        starts.write(f"{os.getpid()}\n")
    sys.stderr.write("the server begins\n")
    if MODE == "silent":
        time.sleep(1000)
    if MODE == "dying":
        sys.exit(5)
    if MODE == "chatty":
        write("Welcome to the lab!\n")
    while True:
        message = read()
        if "method" in message and "id" in message:
            serve(message)


main()
