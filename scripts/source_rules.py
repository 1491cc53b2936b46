#!/usr/bin/env python3
"""The rules of the source that no compiler knows: floors, banned calls, lengths, message keys.

Usage: source_rules.py RULE…   (floors banned lengths messages texts verbs); prints file:line: what is wrong; exit 1.
"""
import glob
import os
import re
import sys

# A folder of core/ includes only lower floors; those on one floor are blind to each other.
FLOORS = {"base": 0, "runtime": 1, "store": 2, "vm": 2, "plugin": 3, "audit": 4, "people": 5, "file": 5, "content": 6, "schedule": 6,
          "outbox": 6, "flow": 7, "report": 8, "notify": 8, "route": 8, "http": 9, "cli": 10}
BANNED = "strcpy strcat stpcpy sprintf vsprintf gets strtok atoi atol atoll atof system popen alloca tmpnam mktemp".split()
HEAP = "malloc calloc realloc free strdup strndup asprintf vasprintf".split()
FUNCTION_LINES, FILE_LINES = 60, 500

problems = []


def wrong(path, line, text):
    problems.append(f"{path}:{line}: {text}")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def c_files():
    return sorted(glob.glob("core/**/*.[ch]", recursive=True))


def folder_of(path):
    return path.split(os.sep)[1]


def without_comments(text, keep_strings=True):
    """Comments (and the inside of strings) become blanks; lines stay where they are."""
    def blank(m):
        s = m.group(0)
        if s.startswith("/") or not keep_strings:
            return re.sub(r"[^\n]", " ", s)
        return s
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def line_of(text, pos):
    return text.count("\n", 0, pos) + 1


def may_include(path, header):
    """Why not, or None."""
    folder, name = folder_of(path), os.path.basename(path)
    if header == "sqlite3.h" and folder != "store":
        return "only core/store may include sqlite3.h"
    if header == "libpq-fe.h" and folder != "store":
        return "only core/store may include libpq-fe.h"
    if header in ("lua.h", "lauxlib.h", "lualib.h") or header == "vm/vm_lua.h":
        if folder != "vm" and not re.search(r"_lua\.[ch]$", name):
            return f"only core/vm and *_lua.c may include {header}"
    if (header == "uv.h" or header == "runtime/loop_uv.h") and folder not in ("runtime", "http"):
        return f"only core/runtime and core/http may include {header}"
    other = header.split("/")[0] if "/" in header else None
    if other in FLOORS and folder in FLOORS and other != folder and FLOORS[other] >= FLOORS[folder]:
        return f"core/{folder} stands on floor {FLOORS[folder]} and may not include {header} (floor {FLOORS[other]})"
    return None


def floors():
    for path in c_files():
        text = without_comments(read(path))
        for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', text, flags=re.M):
            why = may_include(path, m.group(1))
            if why:
                wrong(path, line_of(text, m.start()), why)


def banned():
    for path in c_files():
        text = without_comments(read(path), keep_strings=False)
        names = list(BANNED)
        # embed.c is a tool of the build, not part of the program.
        if folder_of(path) not in ("base", "locale"):
            names += HEAP
        for m in re.finditer(r"(?<![\w.>])(%s)[ \t]*\(" % "|".join(names), text):
            wrong(path, line_of(text, m.start()), f"{m.group(1)} is banned here (base/mem.h, buf.h and arena.h have what is used instead)")


def lengths():
    for path in c_files() + sorted(glob.glob("tests/**/*.[ch]", recursive=True)):
        lines = read(path).split("\n")
        if len(lines) - 1 > FILE_LINES:
            wrong(path, len(lines) - 1, f"{len(lines) - 1} lines; a file has at most {FILE_LINES}: one noun each")
        start = None
        for i, line in enumerate(lines, 1):
            if line == "{":
                start = i
            elif line.startswith("}") and start is not None:
                if i - start - 1 > FUNCTION_LINES:
                    wrong(path, start, f"a function of {i - start - 1} lines; the most is {FUNCTION_LINES}")
                start = None


def catalogue(lang):
    keys = {}
    for path in sorted(glob.glob(f"core/locale/*{lang}.txt")):
        for i, line in enumerate(read(path).split("\n"), 1):
            m = re.match(r"([a-z0-9_.]+)\s*=\s*(.*)$", line)
            if not m:
                continue
            if m.group(1) in keys:
                wrong(path, i, f"the key {m.group(1)} stands in {keys[m.group(1)][0]} already")
            keys[m.group(1)] = (path, i, set(re.findall(r"\{(\w+)\}", m.group(2))))
    return keys


def call_arguments(text, start):
    """The arguments of the call whose '(' is at start, as texts."""
    depth, out, last, i = 0, [], start + 1, start
    while i < len(text):
        c = text[i]
        if c == '"':
            i = re.compile(r'"(?:\\.|[^"\\])*"').match(text, i).end()
            continue
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
            if depth == 0:
                return out + [text[last:i].strip()]
        elif c == "," and depth == 1:
            out.append(text[last:i].strip())
            last = i + 1
        i += 1
    return out


def used_keys(path):
    """Keys that become sentences for people: the third argument of err_set and err_add_field."""
    text = without_comments(read(path))
    for m in re.finditer(r"\b(err_set|err_add_field)\s*\(", text):
        args = call_arguments(text, m.end() - 1)
        if len(args) > 2:
            for key in re.findall(r'"([a-z0-9_]+(?:\.[a-z0-9_]+)*)"', args[2]):
                yield key, line_of(text, m.start())


def messages():
    en, vi = catalogue("en"), catalogue("vi")
    for here, other, name in ((en, vi, "vi"), (vi, en, "en")):
        for key, (path, line, _) in here.items():
            if key not in other:
                wrong(path, line, f"the key {key} is missing in the catalogue for {name}")
    for key, (path, line, names) in vi.items():
        # Dates are patterns: each language picks the parts that it writes.
        if key in en and not key.startswith("date.") and not names <= en[key][2]:
            wrong(path, line, f"{key} names {', '.join(sorted(names - en[key][2]))}, which the English sentence does not have")
    for path in c_files():
        if folder_of(path) == "locale":
            continue
        for key, line in used_keys(path):
            if key not in en:
                wrong(path, line, f"the message {key} is in no catalogue (core/locale/*.en.txt, *.vi.txt)")


def lua_keys(path):
    return dict((m.group(1), line_of(read(path), m.start()))
                for m in re.finditer(r'^\s*\["([^"]+)"\]\s*=', read(path), flags=re.M))


def texts():
    """Plugins: the same keys in every language, and each t"key" has its text."""
    for manifest in sorted(glob.glob("plugins/*/plugin.lua") + glob.glob("examples/**/plugin.lua", recursive=True)):
        folder = os.path.dirname(manifest)
        langs = {os.path.basename(p): lua_keys(p) for p in glob.glob(folder + "/locale/*.lua")}
        every = set().union(*langs.values()) if langs else set()
        for name, keys in sorted(langs.items()):
            for key in sorted(every - set(keys)):
                wrong(f"{folder}/locale/{name}", 1, f"the text {key} is missing")
        for path in sorted(glob.glob(folder + "/**/*.lua", recursive=True)):
            source = read(path)
            for m in re.finditer(r'(?<![\w.:])t\s*\(?\s*"([a-z0-9_.]+)"', source):
                if not m.group(1).endswith('.') and m.group(1) not in every:
                    wrong(path, line_of(source, m.start()), f"the text {m.group(1)} is in no locale file of this plugin")


ASKS = r"\b(?:people_check|people_check_in|people_policy|people_arg_own_account|content_may|may)\s*\("


def asked_by_name(text):
    """Calls whose verb is their own name: people_check(c->s, c->fn->name, …) in the function of the call, or in one that it calls."""
    bodies = {m.group(1): m.group(2) for m in re.finditer(r"^(?:static )?int (\w+)\([^{;]*?\)\n\{(.*?)^\}", text, flags=re.M | re.S)}
    asks = {name for name, body in bodies.items() for m in re.finditer(ASKS, body) if "c->fn->name" in call_arguments(body, m.end() - 1)[1:3]}
    while more := {name for name, body in bodies.items() if name not in asks and any(re.search(rf"\b{a}\(", body) for a in asks)}:
        asks |= more
    for m in re.finditer(r'\{"([a-z]+\.[a-z_]+)",\s*(\w+),', text):
        if m.group(2) in asks:
            yield m.group(1), line_of(text, m.start())


def verbs():
    """One policy: each verb that is asked for stands in the table of core/people/people_verb.c and each of the table is asked for; and who may
    what by a role is read in core/people alone."""
    table_path = "core/people/people_verb.c"
    table = dict((m.group(1), line_of(read(table_path), m.start())) for m in re.finditer(r'\{"([a-z]+\.[a-z_]+)", ', read(table_path)))
    said = set()
    for path in c_files():
        if path == table_path:
            continue
        text = without_comments(read(path))
        said.update(re.findall(r'"([a-z]+\.[a-z_]+)"', text))
        for m in re.finditer(ASKS, text):
            for word in call_arguments(text, m.end() - 1)[1:2] + call_arguments(text, m.end() - 1)[2:3]:
                literal = re.fullmatch(r'"([a-z_.]+)"', word)
                verb = literal and literal.group(1)
                if verb and "." not in verb:
                    verb = f"content.{verb}" if m.group(0).startswith("content_may") else None
                if verb and verb not in table:
                    wrong(path, line_of(text, m.start()), f"{verb} is not in the table of verbs ({table_path})")
        for verb, line in asked_by_name(text):
            if verb not in table:
                wrong(path, line, f"{verb} is not in the table of verbs ({table_path})")
        if folder_of(path) != "people" and re.search(r'\bjoin role_verb\b|\bfrom role_verb\b', text):
            wrong(path, 1, "what roles allow is read by the one policy (people_may, core/people)")
    moves = set(re.findall(r'= \{"([a-z_]+)", "content\.before_', read("core/content/content_move.c")))
    moves.update(re.findall(r'(?:may_change|content_may)\(c(?:->s)?, "([a-z_]+)"', read("core/content/content_api.c")))
    for verb, line in table.items():
        if verb not in said and not (verb.startswith("content.") and verb[8:] in moves):
            wrong(table_path, line, f"nobody asks for {verb}")


def crash_points():
    """Each point at which tests may kill the process is listed in core/runtime/crash.c, and each of the list is passed somewhere."""
    table_path = "core/runtime/crash.c"
    text = read(table_path)
    table = dict((m.group(1), line_of(text, m.start())) for m in re.finditer(r'"([a-z]+\.[a-z_]+)"', text[: text.index("NULL};")]))
    used = set()
    for path in c_files():
        text = without_comments(read(path))
        for m in re.finditer(r'\bcrash_point\("([^"]*)"', text):
            used.add(m.group(1))
            if m.group(1) not in table:
                wrong(path, line_of(text, m.start()), f"{m.group(1)} is not listed in {table_path}")
    for name, line in table.items():
        if name not in used:
            wrong(table_path, line, f"nothing passes {name}")


RULES = {"floors": floors, "banned": banned, "lengths": lengths, "messages": messages, "texts": texts, "verbs": verbs, "crash_points": crash_points}

if __name__ == "__main__":
    for rule in sys.argv[1:]:
        if rule not in RULES:
            sys.exit(f"source_rules: there is no rule {rule}; the rules are {' '.join(RULES)}")
        RULES[rule]()
    print("\n".join(problems)) if problems else None
    sys.exit(1 if problems else 0)
