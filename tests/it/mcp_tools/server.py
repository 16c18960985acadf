"""An MCP server on stdin and stdout whose tools are those of a file, which may change meanwhile.

It writes down that it was started, and which tools were called.
"""

import json
import os
import sys

TOOLS = sys.argv[1]


def send(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def note(file, line):
    with open(file, "a") as notes:
        notes.write(line + "\n")


def result(method, params):
    if method == "initialize":
        info = {"name": "scripted", "version": "1"}
        version = params["protocolVersion"]
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        with open(TOOLS) as tools:
            return {"tools": json.load(tools)}
    if method == "tools/call":
        note("calls", json.dumps([params["name"], params.get("arguments")], sort_keys=True))
        if os.path.exists("answer.json"):
            with open("answer.json") as answer:
                return json.load(answer)
        text = "It found " + json.dumps(params.get("arguments"), sort_keys=True)
        return {"content": [{"type": "text", "text": text}]}
    return None


note("starts", str(os.getpid()))
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message or "method" not in message:
        continue
    found = result(message["method"], message.get("params") or {})
    if found is None:
        send({"id": message["id"], "error": {"code": -32601, "message": "Method not found"}})
    else:
        send({"id": message["id"], "result": found})
