"""An Ollama with one scripted model, for packaging/smoke/run: it has a file read, and answers with the number
that it finds in what was read. So an answer proves that a tool ran and that its result came back.

    python3 ollama.py PORT
"""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = "scripted:latest"
DETAILS = {"format": "gguf", "family": "llama", "families": ["llama"], "parameter_size": "1B", "quantization_level": "Q4_0"}
CALL = {"function": {"name": "read_file", "arguments": {"path": "src/retry.py"}}}


def reply(messages):
    """The message of the model: a call first, then an answer from its result."""
    results = [message["content"] for message in messages if message["role"] == "tool"]
    if not results:
        return {"role": "assistant", "content": "", "tool_calls": [CALL]}
    found = re.search(r"RETRY_DELAY_MS = (\d+)", results[-1])
    number = found.group(1) if found else "unknown"
    return {"role": "assistant", "content": f"The delay is {number} ms (src/retry.py:1)."}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send(self, value, kind="application/json"):
        body = json.dumps(value).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        model = {"name": MODEL, "model": MODEL, "modified_at": "2026-01-01T00:00:00Z", "size": 1, "digest": "0" * 64}
        listed = {"models": [{**model, "details": DETAILS}]}
        self.send({"/api/version": {"version": "0.12.0"}, "/api/tags": listed}.get(self.path, {"models": []}))

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/api/show":
            info = {"general.architecture": "llama", "llama.context_length": 32768, "llama.embedding_length": 64}
            self.send({"details": DETAILS, "model_info": info, "template": "{{ .Tools }}", "capabilities": ["completion", "tools"]})
        elif request.get("messages"):
            end = {"done": True, "done_reason": "stop", "prompt_eval_count": 2000, "eval_count": 10}
            self.send({"model": MODEL, "message": reply(request["messages"]), **end}, "application/x-ndjson")
        else:
            self.send({"model": MODEL, "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "load"})

    def log_message(self, *arguments):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
