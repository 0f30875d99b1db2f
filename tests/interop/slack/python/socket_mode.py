"""slack_sdk's built-in Socket Mode client: hello, events, acknowledgements, every end of a connection."""

import logging
import threading
import time

from lib import APP, BOT, TLS, URL, check, control, finish, records, until
from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.version import __version__

logging.disable(logging.CRITICAL)


def client():
    web = WebClient(token=BOT, base_url=f"{URL}/api/", ssl=TLS)
    it = SocketModeClient(app_token=APP, web_client=web, ping_interval=1)
    it.requests = []

    def listen(me, request):
        it.requests.append(request)
        payload = {"text": "answered"} if request.type == "slash_commands" else None
        if request.payload.get("event", {}).get("text") == "slow" and request.retry_attempt < 2:
            return
        me.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload))

    it.socket_mode_request_listeners.append(listen)
    return it


def texts(it):
    return [request.payload.get("event", {}).get("text") for request in it.requests]


def hellos():
    return sum(1 for one in records("ws") if one["ws"] == "hello")


def events(it):
    control("invite", in_="general", bot=True)
    control("post", as_="alice", in_="general", text="hello ✓ 𝄞")
    control("react", as_="carol", in_="general", of="hello ✓ 𝄞", name="tada")
    control("post", as_="alice", in_="general", text="y" * 30000)
    until(lambda: "y" * 30000 in texts(it))
    check("text arrives whole", "hello ✓ 𝄞" in texts(it) and "y" * 30000 in texts(it))
    check("requests have their type, payload and attempt", all(r.type == "events_api" and r.payload["event_id"] and r.retry_attempt == 0 for r in it.requests))
    until(lambda: len(records("ack")) >= len(it.requests))
    check("all are acknowledged in time", records("ack") and not any(a.get("late") or a.get("unknown") for a in records("ack")))
    control("knob", name="ack_deadline", value="10s")
    control("knob", name="retry_2", value="5s")
    control("post", as_="alice", in_="general", text="slow")
    until(lambda: texts(it).count("slow") == 3)
    slow = [r for r in it.requests if r.payload.get("event", {}).get("text") == "slow"]
    check("retries say which they are and why", [(r.retry_attempt, r.retry_reason or "") for r in slow] == [(0, ""), (1, "timeout"), (2, "timeout")], [(r.retry_attempt, r.retry_reason) for r in slow])
    control("command", as_="alice", in_="general", command="/py", text="x")
    until(lambda: any(e["text"] == "answered" for e in records("ephemeral")))
    check("a slash command is answered in the acknowledgement", any(e["text"] == "answered" for e in records("ephemeral")))
    control("envelope", how="raw", text="UNAUTHENTICATED: cache_error")
    control("wire", how="pieces", bytes=5)
    control("post", as_="alice", in_="general", text="in pieces")
    check("a frame in pieces is read, odd text overlooked", until(lambda: "in pieces" in texts(it)))
    control("wire", how="plain")


def beats(it):
    until(lambda: any(p["from"] == "client" for p in records("ping")) and records("pong"))
    check("both sides ping, the client answers", any(p["from"] == "client" for p in records("ping")) and bool(records("pong")))
    control("knob", name="pong_echo", value=True)
    check("with pure echoes the client knows when it heard from us", until(lambda: it.current_session and it.current_session.last_ping_pong_time, 5))
    control("knob", name="pong_echo", value=False)


def ends(it):
    for name, args in [
        ("warning", {"reason": "warning"}),
        ("refresh_requested", {"reason": "refresh_requested"}),
        ("link_disabled", {"reason": "link_disabled"}),
        ("too_many_websockets", {"reason": "too_many_websockets"}),
        ("a close frame with 1001", {"reason": "none", "code": 1001}),
        ("a FIN", {"reason": "none", "how": "fin"}),
        ("a reset", {"reason": "none", "how": "rst"}),
    ]:
        before = hellos()
        control("disconnect", **args)
        back = until(lambda: hellos() > before, 15)
        time.sleep(0.3)
        control("post", as_="alice", in_="general", text=f"after {name}")
        check(f"after {name} it is connected again and hears events", back and until(lambda: f"after {name}" in texts(it), 15), records("ws")[-4:])


def opens():
    for name, with_ in [("429 with Retry-After", {"status": 429, "retry_after": "1s"})]:
        control("answer", call="apps.connections.open", with_=with_, times=1)
        it = client()
        before = hellos()
        threading.Thread(target=it.connect, daemon=True).start()
        check(f"after {name} it connects", until(lambda: hellos() > before, 15))
        it.close()
    for error in ["invalid_auth", "account_inactive", "internal_error"]:
        control("answer", call="apps.connections.open", with_={"error": error}, times=1)
        try:
            client().connect()
            check(f"{error} is raised", False)
        except Exception as why:
            check(f"{error} is raised", error in str(why), why)
    control("answer", clear=True)


def main():
    print(f"# slack_sdk {__version__}")
    it = client()
    it.connect()
    check("connect() and hello", until(lambda: hellos() == 1) and it.is_connected())
    events(it)
    beats(it)
    ends(it)
    opens()
    it.close()
    finish()


try:
    main()
except Exception as why:
    check(f"ran to its end: {why!r}", False)
    finish()
