"""What a homeserver sends to an appservice: transactions, their retries, queries, pings.

Each step waits for its own transaction, so that what shares one does not hang on timing. Presence is left
out: when it is told depends on the clock."""

import re
import time

import normal
import playing

MESSAGE = "v3/rooms/{room}/send/m.room.message/"
WAIT_S = 40
HEADERS = ("Authorization", "Content-Type", "Accept", "User-Agent")

# (what, request, what to wait for: a word in the body or path that says it arrived)
STEPS = (
    ("register", {"do": "POST v3/register", "as": "bot",
                  "body": {"type": "m.login.application_service", "username": "gold_push", "inhibit_login": True}}, None),
    ("a room of others", {"do": "POST v3/createRoom", "as": "ann", "keep": {"room": "room_id"},
                          "body": {"preset": "public_chat", "name": "Push"}}, None),
    ("an invite", {"do": "POST v3/rooms/{room}/invite", "as": "ann", "body": {"user_id": "@gold_push:golden.test"}},
     "invite"),
    ("a join", {"do": "POST v3/rooms/{room}/join", "as": "ghost gold_push", "body": {}}, "\"join\""),
    ("a message", {"do": f"PUT {MESSAGE}1", "as": "ann", "keep": {"said": "event_id"},
                   "body": {"msgtype": "m.text", "body": "word-one"}}, "word-one"),
    ("its own message", {"do": f"PUT {MESSAGE}1", "as": "ghost gold_push",
                         "body": {"msgtype": "m.text", "body": "word-own"}}, "word-own"),
    ("typing", {"do": "PUT v3/rooms/{room}/typing/@ann:golden.test", "as": "ann",
                "body": {"typing": True, "timeout": 30000}}, "m.typing"),
    ("a receipt", {"do": "POST v3/rooms/{room}/receipt/m.read/{said}", "as": "ann", "body": {}}, "m.receipt"),
    ("a new name", {"do": "PUT v3/rooms/{room}/state/m.room.name", "as": "ann", "body": {"name": "word-name"}},
     "word-name"),
    ("a redaction", {"do": "PUT v3/rooms/{room}/redact/{said}/r1", "as": "ann", "body": {}}, "m.room.redaction"),
    ("refused", {"do": f"PUT {MESSAGE}2", "as": "ann", "body": {"msgtype": "m.text", "body": "word-two"}}, "word-two"),
    ("while it waits", {"do": f"PUT {MESSAGE}3", "as": "ann", "body": {"msgtype": "m.text", "body": "word-three"}},
     None),
    ("and again", {"do": f"PUT {MESSAGE}4", "as": "ann", "body": {"msgtype": "m.text", "body": "word-four"}},
     "word-four"),
    ("after that", {"do": f"PUT {MESSAGE}5", "as": "ann", "body": {"msgtype": "m.text", "body": "word-five"}},
     "word-five"),
    ("a ping", {"do": "POST v1/appservice/golden/ping", "as": "bot", "body": {"transaction_id": "word-ping"}},
     "word-ping"),
    ("an alias nobody has", {"do": "GET v3/directory/room/%23gold_alias_x%3Agolden.test", "as": "ann"},
     "gold_alias_x"),
    ("an invite of somebody unknown", {"do": "POST v3/rooms/{room}/invite", "as": "ann",
                                       "body": {"user_id": "@gold_unknown:golden.test"}}, "invite_room_state"),
    ("a bot joins", {"do": "POST v3/join/{room}", "as": "bot", "body": {}}, "@golden_bot:golden.test"),
)
REFUSED = "refused"


def says(request, word):
    return word in request["path"] or word in repr(request["body"]).replace("'", '"')


def without_presence(request):
    """None: it held nothing else."""
    body = request["body"]
    if not isinstance(body, dict) or not any(e["type"] == "m.presence" for e in body.get("ephemeral") or []):
        return request
    left = {key: [item for item in value if item.get("type") != "m.presence"] for key, value in body.items()}
    return {**request, "body": left} if any(left.values()) else None


def take_all(appservice, word):
    """Waits for the request that holds the word and was answered with 200; gives all that came so far."""
    end = time.monotonic() + WAIT_S
    while word is not None and time.monotonic() < end:
        with appservice.lock:
            if any(says(r, word) and r["status"] in (200, 404) for r in appservice.received):
                break
            appservice.lock.wait(0.2)
    with appservice.lock:
        got, appservice.received = appservice.received, []
    return [left for left in map(without_presence, got) if left is not None]


def describe(request, ids, playing_now):
    known = normal.words(playing_now)
    path = normal.text(request["path"], known)
    found = re.search(r"/transactions/([^?]*)", path)
    if found:
        number = ids.setdefault(found.group(1), len(ids) + 1)
        path = f"{path[:found.start(1)]}<transaction {number}>{path[found.end(1):]}"
    headers = {name: re.sub(r"/.*", "/<version>", value) if name == "User-Agent" else value
               for name, value in request["headers"].items() if name in HEADERS}
    return {"request": f"{request['method']} {path}", "headers": dict(sorted(headers.items())),
            "answered": request["status"], "body": normal.normal(request["body"], known)}


def play(server, appservice):
    """{step: [requests]}"""
    playing_now = playing.Play(server.url)
    playing_now.introduce(["ann"])
    ids = {}
    out = {}
    for name, step, word in STEPS:
        if name == REFUSED:
            with appservice.lock:
                appservice.statuses = [500]
        playing_now.step(step)
        if name == REFUSED:
            appservice.wait(lambda r: r["status"] == 500)
            time.sleep(0.5)  # the homeserver reads that answer, too
            continue  # the retry is seen with what waits behind it
        if name == "while it waits":
            continue
        out[name] = [describe(r, ids, playing_now) for r in take_all(appservice, word)]
    return out
