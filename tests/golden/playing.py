"""Plays a list of requests (requests/*.yaml) against a homeserver and writes down every answer.

A file is a mapping:
    people: [anna, bert]     registered before; each is an actor
    steps:
      - name: unique within the file
        do: PUT v3/rooms/{room}/send/m.room.message/one
        as: anna             a person; nobody; bot or quiet (an as_token); ghost NAME (masquerading);
                             token TEXT
        body: {..}           JSON ({repeat: N} in it: a text of N letters); or raw: TEXT; or bytes: N (that many zeros); type: its Content-Type
        keep: {event: event_id}    remembers parts of the answer, by dotted path
        until: PATH          asks again until the answer has this (what a homeserver does in its own time)
        shape: true          compare only names and types of the answer, not its values
        headers: [Name]      headers of the answer that are compared too
        skip: true           done, not compared
`{name}` in do, body and raw stands for what was kept, percent-encoded in do. In `do`, v3/ and v1/ stand for
/_matrix/client/v3/ and so on, media/ for /_matrix/media/.
"""

import http.client
import json
import os
import re
import time
import urllib.parse

import yaml

from servers import AS_TOKEN, QUIET_TOKEN, SERVER_NAME

HERE = os.path.dirname(os.path.abspath(__file__))
UNTIL_S = 15
KEYS = {"name", "do", "as", "body", "raw", "bytes", "type", "keep", "until", "shape", "headers", "skip"}
PREFIXES = {
    "v3/": "/_matrix/client/v3/", "v1/": "/_matrix/client/v1/", "r0/": "/_matrix/client/r0/",
    "unstable/": "/_matrix/client/unstable/", "media/": "/_matrix/media/",
}


class Answer:
    def __init__(self, status, headers, data):
        self.status = status
        self.headers = headers
        self.data = data
        try:
            self.json = json.loads(data)
            self.is_json = True
        except ValueError:
            self.json = None
            self.is_json = False


def at(value, path):
    """The part of a JSON value at a dotted path; None if there is none."""
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)] if part.lstrip("-").isdigit() and -len(value) <= int(part) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


class Client:
    """One connection, reopened when the server closes it."""

    def __init__(self, url):
        self.host = url.split("//")[1]
        self.connection = None

    def send(self, method, path, headers, data):
        for _ in range(2):
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.host, timeout=60)
            try:
                self.connection.request(method, path, body=data, headers=headers)
                answer = self.connection.getresponse()
                body = answer.read()
                if answer.will_close:
                    self.connection.close()
                    self.connection = None
                return Answer(answer.status, answer.headers, body)
            except (http.client.HTTPException, ConnectionError):
                self.connection.close()
                self.connection = None
        return Answer(0, {}, b"")  # the server ends the connection rather than answer


class Play:
    """What is known while a list is played: tokens, and what answers left behind."""

    def __init__(self, url):
        self.client = Client(url)
        self.tokens = {}
        self.kept = {"server": SERVER_NAME}

    def fill(self, text, quote):
        def replace(match):
            if match.group(1) not in self.kept:
                return match.group(0)
            value = str(self.kept[match.group(1)])
            return urllib.parse.quote(value, safe="") if quote else value
        return re.sub(r"\{([a-z_0-9]+)\}", replace, text)

    def fill_json(self, value):
        if isinstance(value, str):
            return self.fill(value, False)
        if isinstance(value, list):
            return [self.fill_json(item) for item in value]
        if isinstance(value, dict) and list(value) == ["repeat"]:
            return "x" * value["repeat"]
        if isinstance(value, dict):
            return {self.fill(key, False): self.fill_json(item) for key, item in value.items()}
        return value

    def identify(self, who, path):
        """(token, path): for whom a request is made."""
        if who == "nobody":
            return None, path
        if who in ("bot", "quiet"):
            return AS_TOKEN if who == "bot" else QUIET_TOKEN, path
        kind, _, name = who.partition(" ")
        if kind in ("ghost", "puppet"):
            user = urllib.parse.quote(name if name.startswith("@") else f"@{name}:{SERVER_NAME}", safe="")
            path += ("&" if "?" in path else "?") + f"user_id={user}"
            return AS_TOKEN if kind == "ghost" else QUIET_TOKEN, path
        if kind == "token":
            return self.fill(name, False), path
        return self.tokens.get(who, f"no-token-of-{who}"), path

    def request(self, step):
        method, _, path = step["do"].partition(" ")
        for short, full in PREFIXES.items():
            if path.startswith(short):
                path = full + path[len(short):]
        token, path = self.identify(step.get("as", "nobody"), self.fill(path, True))
        headers = {}
        data = None
        if "body" in step:
            data = json.dumps(self.fill_json(step["body"])).encode()
            headers["Content-Type"] = "application/json"
        elif "raw" in step:
            data = self.fill(step["raw"], False).encode()
            headers["Content-Type"] = "application/json"
        elif "bytes" in step:
            data = bytes(step["bytes"])
        elif method in ("POST", "PUT"):
            data = b""
        if "type" in step:
            headers["Content-Type"] = step["type"]
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.client.send(method, path, headers, data)

    def step(self, step):
        end = time.monotonic() + UNTIL_S
        answer = self.request(step)
        while "until" in step and at(answer.json, step["until"]) is None and time.monotonic() < end:
            time.sleep(0.2)
            answer = self.request(step)
        for name, path in step.get("keep", {}).items():
            value = at(answer.json, path)
            if value is not None:
                self.kept[name] = value
                if str(value).startswith("mxc://"):
                    self.kept[f"{name}_id"] = value.rsplit("/", 1)[1]
                if name.startswith("token_"):
                    self.tokens[name[6:]] = value
        return answer

    def introduce(self, people):
        for name in people:
            answer = self.step({"do": "POST v3/register", "body": {
                "username": name, "password": f"{name}-secret", "auth": {"type": "m.login.dummy"},
                "device_id": f"{name.upper()}DEV", "initial_device_display_name": f"{name}'s"}})
            if answer.status != 200:
                raise RuntimeError(f"{name} could not register: {answer.status} {answer.data[:200]!r}")
            self.tokens[name] = answer.json["access_token"]
            self.kept[name] = answer.json["user_id"]


def load():
    """[(file's name, contents)], checked."""
    files = []
    for entry in sorted(os.listdir(os.path.join(HERE, "requests"))):
        if not entry.endswith(".yaml"):
            continue
        with open(os.path.join(HERE, "requests", entry), encoding="utf-8") as text:
            contents = yaml.safe_load(text)
        names = set()
        for step in contents["steps"]:
            extra = set(step) - KEYS
            if extra or "name" not in step or "do" not in step or step["name"] in names:
                raise ValueError(f"{entry}: {step.get('name') or step}: unknown, missing or doubled: {sorted(extra)}")
            names.add(step["name"])
        files.append((entry[:-5], contents))
    return files


def play(url, files, normalise):
    """{file: {step: normalised answer}}, in order. normalise(step, answer, play)"""
    everything = {}
    for name, contents in files:
        playing = Play(url)
        playing.introduce(contents.get("people", []))
        answers = {}
        for step in contents["steps"]:
            answer = playing.step(step)
            if not step.get("skip"):
                answers[step["name"]] = normalise(step, answer, playing)
        everything[name] = answers
    return everything
