#!/usr/bin/env python3
"""Makes labelled sets for `benches/retrieval.rs` out of public repositories.

    make.py MIRRORS CORPORA

MIRRORS/<owner>+<name>/repo is a bare clone of each repository below. Its pinned commit is checked out to
CORPORA/<name>, and the sets are written beside this script: `<kind>.json` to tune with, `<kind>-kept.json`, from
other repositories, to report only. The choice is made by hash, so that it is the same each time.

kind      query                                               answer
errors    a message that code raises, its parts filled in     the line that raises it
traces    a stack trace of the language                       the line of the innermost frame
paths     a path, in part with a line, perhaps from a build   the file, or its line
typos     the name of a definition with one mistake           the line that defines it
commits   the whole message of a change                       the files that it changed, tests and documents aside
subjects  its first line                                      the same
"""
import collections
import hashlib
import json
import pathlib
import re
import subprocess
import sys

TUNED = [
    ("click", "pallets/click", "python"),
    ("gin", "gin-gonic/gin", "go"),
    ("gson", "google/gson", "java"),
    ("axum", "tokio-rs/axum", "rust"),
    ("axios", "axios/axios", "javascript"),
]
KEPT = [
    ("requests", "psf/requests", "python"),
    ("celery", "celery/celery", "python"),
    ("ripgrep", "BurntSushi/ripgrep", "rust"),
    ("jekyll", "jekyll/jekyll", "ruby"),
    ("vue-core", "vuejs/core", "typescript"),
]
ENDINGS = {
    "python": [".py"], "go": [".go"], "java": [".java"], "rust": [".rs"], "ruby": [".rb"],
    "javascript": [".js", ".mjs", ".cjs"], "typescript": [".ts", ".tsx"],
}
# What is raised: the keyword, then the first literal behind it.
RAISES = {
    "python": r"raise\s+\w[\w.]*\(\s*_?\(?\s*f?",
    "go": r"(?:errors\.New|fmt\.Errorf|panic|assert1)\(\s*(?:[^\"\n]*?,\s*)?",
    "java": r"throw\s+new\s+\w+\(\s*",
    "rust": r"(?:panic!|bail!|anyhow!|err!|unreachable!|expect|format!)\(\s*",
    "ruby": r"raise\s+(?:[\w:]+,\s*)?",
    "javascript": r"new\s+\w*Error\(\s*", "typescript": r"(?:new\s+\w*Error|warn|onError)\(\s*",
}
DEFINES = {
    "python": r"^\s*(?:async\s+)?(?:def|class)\s+(\w+)", "go": r"^func\s+(?:\([^)]*\)\s*)?(\w+)|^type\s+(\w+)",
    "java": r"^\s*(?:public|protected|private)[\w\s<>\[\],?.]*\s(\w+)\s*\(", "rust": r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:async\s+)?(?:fn|struct|enum|trait)\s+(\w+)",
    "ruby": r"^\s*(?:def|class|module)\s+(?:self\.)?(\w+)", "javascript": r"^(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:function|class)\s+(\w+)|^\s+(\w{6,})\([^)]*\)\s*\{$",
    "typescript": r"^(?:export\s+)?(?:async\s+)?(?:function|class|interface)\s+(\w+)",
}
ASIDE = re.compile(r"(^|/)(tests?|__tests__|spec|specs|testing|docs?|examples?|bench\w*|fixtures?|vendor|node_modules|dist|sandbox)(/|$)|(^|/)test_|[_.-](test|spec)\.|Test\.java$|\.md$|\.rst$|\.txt$|changelog|changes", re.I)
EACH = 24


def order(*parts):
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def pick(name, kind, items, count=EACH):
    """Some of the items, always the same, one of a file first."""
    items = sorted(items, key=lambda item: order(name, kind, json.dumps(item, sort_keys=True)))
    seen = collections.Counter()
    ranked = []
    for item in items:
        path = item[1][0]["path"] if isinstance(item[1][0], dict) else item[1][0]
        ranked.append((seen[path], item))
        seen[path] += 1
    ranked.sort(key=lambda pair: pair[0])
    return [item for _, item in ranked[:count]]


def git(repository, *arguments):
    done = subprocess.run(["git", f"--git-dir={repository}", *arguments], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def checkout(repository, revision, folder):
    if folder.exists():
        return
    folder.mkdir(parents=True)
    archive = subprocess.Popen(["git", f"--git-dir={repository}", "archive", revision], stdout=subprocess.PIPE)
    subprocess.run(["tar", "x", "-C", folder], stdin=archive.stdout, check=True)
    if archive.wait():
        raise SystemExit(f"{folder}: git archive failed")


def sources(folder, language):
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and path.suffix in ENDINGS[language] and not ASIDE.search(name):
            yield name, path.read_text("utf-8", "replace").split("\n")


def at(path, line):
    return [{"path": path, "start_line": line, "end_line": line}]


FILLINGS = ["42", "main", "config", "/tmp/data", "None", "7"]


def filled(text, key):
    """A message as somebody sees it: placeholders have values."""
    count = iter(range(99))
    value = lambda _: FILLINGS[(int(order(key), 16) + next(count)) % len(FILLINGS)]
    text = re.sub(r"\$\{[^}]*\}|#\{[^}]*\}|%\([a-z_]+\)[sdr]|%[-+#]?[svdqrxT]|\{[^{}]*\}", value, text)
    return text.replace("\\n", " ").replace('\\"', '"').replace("\\'", "'").strip()


def errors(name, language, files):
    pattern = re.compile(RAISES[language] + r"([\"'`])((?:\\.|(?!\1).){20,160})\1", re.S)
    for path, lines in files:
        text = "\n".join(lines)
        for found in pattern.finditer(text):
            words = re.findall(r"[A-Za-z]{3,}", found[2])
            if len(words) >= 4:
                line = text.count("\n", 0, found.start(2)) + 1
                yield filled(found[2], (name, path, line)), at(path, line)


def definitions(language, files):
    pattern = re.compile(DEFINES[language])
    for path, lines in files:
        for number, line in enumerate(lines, 1):
            if found := pattern.match(line):
                yield path, number, next(group for group in found.groups() if group)


def frame(language, path, line, function, code):
    return {
        "python": f'  File "/usr/lib/python3.12/site-packages/{path}", line {line}, in {function}\n    {code}',
        "go": f"main.{function}(0xc000010000)\n\t/home/dev/go/src/app/{path}:{line} +0x1d",
        "java": f"\tat {'.'.join(pathlib.PurePosixPath(path).parts[-4:-1])}.{pathlib.PurePosixPath(path).stem}.{function}({pathlib.PurePosixPath(path).name}:{line})",
        "rust": f"   3: app::{function}\n             at /build/app/{path}:{line}:9",
        "ruby": f"/var/lib/gems/app/{path}:{line}:in `{function}'",
        "javascript": f"    at {function} (/srv/app/node_modules/pkg/{path}:{line}:13)",
        "typescript": f"    at {function} (/srv/app/node_modules/pkg/{path}:{line}:13)",
    }[language]


def traces(name, language, files):
    lines_of = dict(files)
    found = [(path, number, function) for path, number, function in definitions(language, files) if number + 2 < len(lines_of[path])]
    found.sort(key=lambda item: order(name, "trace", *item))
    for position in range(0, len(found) - 3, 4):
        chosen = found[position:position + 4]
        frames = [frame(language, path, number + 2, function, lines_of[path][number + 1].strip()) for path, number, function in chosen]
        path, number, _ = chosen[0]
        inner_last = language == "python"
        body = "\n".join(reversed(frames) if inner_last else frames)
        head = {"python": "Traceback (most recent call last):\n", "go": "panic: runtime error: invalid memory address or nil pointer dereference\n\ngoroutine 1 [running]:\n", "java": "Exception in thread \"main\" java.lang.IllegalStateException: closed\n", "rust": "thread 'main' panicked at 'called `Option::unwrap()` on a `None` value'\nstack backtrace:\n"}.get(language, "TypeError: undefined is not a function\n")
        tail = "\nValueError: bad value" if inner_last else ""
        yield head + body + tail, at(path, number + 2)


def paths(name, files):
    for path, lines in files:
        # What follows the last line feed is no line.
        line = min(int(order(name, path), 16) % len(lines) + 1, max(1, len(lines) - (lines[-1] == "")))
        form = int(order(name, path, "form"), 16) % 4
        if form == 0:
            yield path, [path]
        elif form == 1:
            yield f"{path}:{line}", at(path, line)
        elif form == 2:
            yield f"what does {path} do", [path]
        else:
            yield f"/home/dev/src/{name}/{path}:{line}:5", at(path, line)


def mistyped(word):
    where = int(order("typo", word), 16)
    place = 1 + where % (len(word) - 2)
    kind = where // 7 % 3
    if kind == 0:
        return word[:place] + word[place + 1:]
    if kind == 1:
        return word[:place] + word[place + 1] + word[place] + word[place + 2:]
    return word[:place] + word[place] + word[place:]


def typos(language, files):
    counts = collections.Counter(function for _, _, function in definitions(language, files))
    for path, number, function in definitions(language, files):
        if len(function) >= 8 and counts[function] == 1 and mistyped(function) != function and mistyped(function) not in counts:
            yield mistyped(function), at(path, number)


def commits(repository, revision, folder, language):
    log = git(repository, "log", "--no-merges", "-n", "1500", "--name-only", "--format=%x01%H%x00%B%x02", revision)
    for entry in log.split("\x01")[1:]:
        message, _, names = entry.partition("\x00")[2].partition("\x02")
        changed = [name for name in names.split("\n") if name.strip()]
        changed = [name for name in changed if pathlib.PurePosixPath(name).suffix in ENDINGS[language] and not ASIDE.search(name)]
        lines = [line for line in message.strip().split("\n") if not re.match(r"\s*(signed-off|co-authored|reviewed|---|\* \[pre|bump)", line, re.I)]
        text = "\n".join(lines).strip()
        is_told = len(text.split()) >= 30 and len(text) < 3000 and len(text.split("\n")[0].split()) >= 4
        if is_told and 1 <= len(changed) <= 3 and all((folder / name).is_file() for name in changed):
            yield text, changed


def main():
    mirrors, corpora = map(pathlib.Path, sys.argv[1:3])
    here = pathlib.Path(__file__).parent
    for ending, repositories in [("", TUNED), ("-kept", KEPT)]:
        sets = collections.defaultdict(list)
        for name, source, language in repositories:
            repository = mirrors / source.replace("/", "+") / "repo"
            revision = pinned(here, name) or git(repository, "rev-parse", "HEAD").strip()
            folder = corpora / name
            checkout(repository, revision, folder)
            files = list(sources(folder, language))
            messages = pick(name, "commits", list(commits(repository, revision, folder, language)))
            kinds = {
                "errors": pick(name, "errors", list(errors(name, language, files))),
                "traces": pick(name, "traces", list(traces(name, language, files))),
                "paths": pick(name, "paths", list(paths(name, files))),
                "typos": pick(name, "typos", list(typos(language, files))),
                "commits": messages,
                "subjects": [(text.split("\n")[0], changed) for text, changed in messages],
            }
            for kind, items in kinds.items():
                queries = [{"query": query, "relevant": relevant, "category": kind} for query, relevant in items]
                sets[kind].append({"name": name, "source": source, "revision": revision, "root": None, "queries": queries})
        for kind, repos in sets.items():
            text = json.dumps({"repos": repos}, indent=1, ensure_ascii=False)
            (here / f"{kind}{ending}.json").write_text(text + "\n")
            print(f"{kind}{ending}", sum(len(repo["queries"]) for repo in repos), {repo["name"]: len(repo["queries"]) for repo in repos})


def pinned(here, name):
    """The commit of a set that is there already."""
    for path in sorted(here.glob("*.json")):
        for repo in json.loads(path.read_text())["repos"]:
            if repo["name"] == name:
                return repo["revision"]
    return None


if __name__ == "__main__":
    main()
