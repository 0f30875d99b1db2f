"""Who takes part in the run with a real Synapse: a person with a Matrix client, the simulated Slack, the daemon."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "golden"))
from servers import SERVER_NAME, free_port  # noqa: E402

PATIENCE_S = 60
BOT = f"@slackbot:{SERVER_NAME}"


def fetch(url, data=None, headers=None, token=None, method=None):
    headers = dict(headers or {})
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return answer.read()


def call(url, body=None, token=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    return json.loads(fetch(url, data, {"Content-Type": "application/json"}, token, method))


class Person:
    """Somebody with a Matrix client: syncs, accepts invites, remembers what was said."""

    def __init__(self, server, name):
        self.server = server
        self.lock = threading.Condition()
        self.said = []   # (room, sender, event) of every m.room.message
        self.seen = []   # the same of every event
        self.rooms = []  # joined, in order
        answer = self.api("POST", "register", {"username": name, "password": f"{name}-secret",
                                               "auth": {"type": "m.login.dummy"}})
        self.user_id, self.token = answer["user_id"], answer["access_token"]
        self.count = 0
        threading.Thread(target=self.follow, daemon=True).start()

    def api(self, method, path, body=None, **query):
        text = "?" + urllib.parse.urlencode(query) if query else ""
        return call(f"{self.server.url}/_matrix/client/v3/{path}{text}", body, getattr(self, "token", None), method)

    def follow(self):
        since = None
        while True:
            try:
                query = {"timeout": 10000, **({"since": since} if since else {})}
                news = self.api("GET", "sync", **query)
            except (OSError, ValueError, urllib.error.URLError):
                time.sleep(0.3)  # the homeserver is away
                continue
            since = news["next_batch"]
            rooms = news.get("rooms", {})
            for room in rooms.get("invite", {}):
                try:
                    self.api("POST", f"rooms/{urllib.parse.quote(room)}/join", {})
                except urllib.error.URLError as error:
                    print(f"{self.user_id} cannot join {room}: {error}")
            self.notice(rooms.get("join", {}))

    def notice(self, joined):
        with self.lock:
            for room, news in joined.items():
                if room not in self.rooms:
                    self.rooms.append(room)
                for event in news["timeline"]["events"]:
                    self.seen.append((room, event["sender"], event))
                    if event["type"] == "m.room.message":
                        self.said.append((room, event["sender"], event))
            self.lock.notify_all()

    def wait(self, what, condition, entries=None):
        entries = self.said if entries is None else entries
        end = time.monotonic() + PATIENCE_S
        with self.lock:
            while time.monotonic() < end:
                for entry in entries:
                    if condition(*entry):
                        return entry
                self.lock.wait(0.5)
        raise RuntimeError(f"{self.user_id} waited in vain for {what}")

    def heard(self, text):
        with self.lock:
            return sum(1 for _, _, event in self.said if event["content"].get("body") == text)

    def say(self, room, text):
        return self.send(room, "m.room.message", {"msgtype": "m.text", "body": text})

    def send(self, room, kind, body):
        """Tries again as a client does when its homeserver is away: the event's ID."""
        self.count += 1
        path = f"rooms/{urllib.parse.quote(room)}/send/{kind}/t{self.count}"
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.api("PUT", path, body)["event_id"]
            except (OSError, urllib.error.URLError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.3)

    def redact(self, room, event_id):
        self.count += 1
        path = f"rooms/{urllib.parse.quote(room)}/redact/{urllib.parse.quote(event_id)}/t{self.count}"
        return self.api("PUT", path, {})["event_id"]

    def upload(self, name, data, kind):
        url = f"{self.server.url}/_matrix/media/v3/upload?{urllib.parse.urlencode({'filename': name})}"
        return json.loads(fetch(url, data, {"Content-Type": kind}, self.token))["content_uri"]

    def download(self, mxc):
        return fetch(f"{self.server.url}/_matrix/client/v1/media/download/{mxc[len('mxc://'):]}", token=self.token)


class Slack:
    def __init__(self, program, folder, processes):
        self.log = os.path.join(folder, "slack.log")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([program, "--port", "0"], stdout=log, stderr=log)
        processes.append(self.process)
        self.url = self.read_url()
        self.said = []
        threading.Thread(target=self.follow, daemon=True).start()

    def read_url(self):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with open(self.log, encoding="utf-8") as log:
                found = re.search(r"http://127\.0\.0\.1:\d+", log.read())
            if found:
                return found.group(0)
            time.sleep(0.05)
        raise RuntimeError("sim-slack did not start")

    def do(self, verb, **fields):
        answer = call(f"{self.url}/_control/{verb}", fields)
        if not answer.get("ok"):
            raise RuntimeError(f"sim-slack {verb}: {answer.get('error')}")
        return answer.get("result") or {}

    def follow(self):
        since = 0
        while True:
            try:
                answer = call(f"{self.url}/_control/records?since={since}")
            except (OSError, ValueError):
                return
            for record in answer.get("records", []):
                if record.get("kind") == "message":
                    self.said.append(record)
            since = answer.get("next", since)

    def api(self, method, **fields):
        """A call of the Web API, as the app."""
        token = self.do("tokens")["bot"]
        answer = json.loads(fetch(f"{self.url}/api/{method}", urllib.parse.urlencode(fields).encode(), token=token))
        if not answer["ok"]:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer

    def history(self, channel, thread_ts=None):
        """What stands there now, newest first; of a thread, oldest first."""
        if thread_ts is not None:
            return self.api("conversations.replies", channel=channel, ts=thread_ts, limit=200)["messages"]
        return self.api("conversations.history", channel=channel, limit=200)["messages"]

    def count(self, text):
        return sum(1 for record in self.said if record.get("text") == text)

    def wait(self, text):
        self.wait_until(f"{text!r}", lambda: self.count(text))

    def wait_until(self, what, condition):
        """The first true answer of condition()."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.1)
        raise RuntimeError(f"Slack waited in vain for {what}")


class Bridge:
    def __init__(self, program, slack_url, folder, processes):
        self.program = program
        self.folder = folder
        self.processes = processes
        self.config = os.path.join(folder, "config.yaml")
        self.registration = os.path.join(folder, "registration.yaml")
        self.slack_url = slack_url
        self.port = free_port()
        self.process = None

    def configure(self, homeserver_url):
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(f"""homeserver:
    address: {homeserver_url}
    domain: {SERVER_NAME}
    software: standard
appservice:
    address: http://127.0.0.1:{self.port}
    hostname: 127.0.0.1
    port: {self.port}
database:
    type: sqlite3-fk-wal
    uri: file:{self.folder}/bridge.db
network:
    api_url: {self.slack_url}/api/
bridge:
    permissions:
        "*": relay
        {SERVER_NAME}: user
logging:
    min_level: debug
    writers:
        - {{type: stdout, format: json}}
""")
        made = subprocess.run([self.program, "-g", "-c", self.config, "-r", self.registration],
                              capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise RuntimeError(f"-g ended with {made.returncode}: {made.stdout}{made.stderr}")
        with open(self.registration, encoding="utf-8") as text:
            return text.read()

    def start(self):
        with open(os.path.join(self.folder, "bridge.log"), "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([self.program, "-c", self.config], stdout=log, stderr=log)
        self.processes.append(self.process)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
