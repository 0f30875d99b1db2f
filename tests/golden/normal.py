"""Makes an answer comparable: what differs from run to run becomes a word in angle brackets."""

import re

from servers import SERVER_NAME

# Times and durations.
MS_KEYS = {
    "origin_server_ts", "age", "ts", "age_ts", "last_active_ago", "last_seen_ts", "expires_in_ms", "duration_ms",
    "unused_expires_at", "redacted_because_ts", "retry_after_ms", "creation_ts", "hidden_until_ts",
}
# Words that only the homeserver understands.
OPAQUE_KEYS = {
    "access_token", "refresh_token", "device_id", "session", "next_batch", "prev_batch", "start", "end", "filter_id",
    "next_link", "version", "etag", "last_seen_ip", "last_seen_user_agent", "delay_id", "login_token",
}
PATTERNS = (
    (re.compile(r"mxc://[^/\s\"]+/[A-Za-z0-9_-]+"), "<mxc>"),
    (re.compile(r"\$[A-Za-z0-9_+/-]{43}"), "<event>"),
    (re.compile(r"\$[A-Za-z0-9_-]{10,44}:" + re.escape(SERVER_NAME)), "<event>"),
    (re.compile(r"![A-Za-z0-9_-]{16,43}(:" + re.escape(SERVER_NAME) + ")?"), "<room>"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "<url>"),
    (re.compile(r"syt_[A-Za-z0-9_]+"), "<token>"),
)
# Lists whose order says nothing, by their key, or by the key of what holds their `events`.
UNORDERED = {"joined_rooms", "state", "changed", "left", "devices", "aliases", "results"}
UNORDERED_EVENTS = {"state", "account_data", "invite_state", "knock_state", "presence", "ephemeral"}
LONG = 8  # shorter kept words could stand anywhere by accident


def words(playing):
    """What was kept, longest first: [(text, name)]"""
    known = [(str(value), f"<{name}>") for name, value in playing.kept.items()
             if name != "server" and len(str(value)) >= LONG and not str(value).startswith("@")]
    return sorted(known, key=lambda pair: -len(pair[0]))


def text(value, known):
    for word, name in known:
        value = value.replace(word, name)
    for pattern, name in PATTERNS:
        value = pattern.sub(name, value)
    return value


def sort_key(value):
    """Alike for two homeservers whose values are not quite equal."""
    if isinstance(value, dict):
        return [str(value.get(k, "")) for k in ("type", "state_key", "sender", "event_id", "user_id")] + [repr(value)]
    return [repr(value)]


def is_unordered(key, parent):
    return key in UNORDERED or key == "events" and parent in UNORDERED_EVENTS or key is None and parent is None


def normal(value, known, key=None, parent=None):
    if isinstance(value, dict):
        if value.get("type") == "m.push_rules" and "content" in value:
            value = {**value, "content": "<push rules>"}  # compared where they are asked for
        return {text(k, known): normal(value[k], known, k, key) for k in sorted(value)}
    if isinstance(value, list):
        items = [normal(item, known, "", key) for item in value]
        return sorted(items, key=sort_key) if is_unordered(key, parent) else items
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return "<ms>" if key in MS_KEYS else value
    if key in OPAQUE_KEYS and (key != "device_id" or text(value, known) == value):
        return "<opaque>"
    return text(value, known)


def answer(step, got, playing):
    """The JSON value that a golden file holds for one answer."""
    known = words(playing)
    out = {"status": got.status, "type": (got.headers.get("Content-Type") or "none").split(";")[0]}
    for name in step.get("headers", []):
        out.setdefault("headers", {})[name] = text(got.headers.get(name) or "none", known)
    if got.is_json:
        out["body"] = normal(got.json, known)
    elif len(got.data) <= 200:
        out["text"] = text(got.data.decode("utf-8", "replace"), known)
    else:
        out["text"] = "<long>"
    return out
