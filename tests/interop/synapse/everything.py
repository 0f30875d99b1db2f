"""Everything people do with messages, both ways, as a real homeserver and the Web API show it afterwards."""

import hashlib
import struct
import zlib


def png(width, height):
    """A picture that decodes: grey, without a library."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes([row % 256]) * width for row in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Talk:
    """A portal from both of its ends."""

    def __init__(self, slack, person, portal, check):
        self.slack, self.person, self.portal, self.check = slack, person, portal, check
        self.channel = next(channel["id"] for channel in slack.api("conversations.list")["channels"]
                            if channel["name"] == "general")

    def post(self, text, **fields):
        return self.slack.do("post", **{"as": "alice", "in": "general", "text": text, **fields})["ts"]

    def event(self, what, condition):
        """The event's content in the room; condition(sender, event)."""
        return self.person.wait(what, lambda room, sender, event: room == self.portal and condition(sender, event),
                                self.person.seen)[2]

    def event_of(self, body):
        return self.event(repr(body), lambda sender, event: event["content"].get("body") == body)

    def message(self, text, thread_ts=None):
        return self.slack.wait_until(repr(text), lambda: next(
            (message for message in self.slack.history(self.channel, thread_ts) if message.get("text") == text), None))

    def message_is(self, ts, what, condition):
        """Waits for what the message looks like in the history; None: it is not there."""
        self.slack.wait_until(what, lambda: condition(next(
            (message for message in self.slack.history(self.channel) if message["ts"] == ts), None)))

    def say(self, text, **content):
        return self.person.send(self.portal, "m.room.message", {"msgtype": "m.text", "body": text, **content})


def relation(event):
    return event["content"].get("m.relates_to", {})


def formatted(talk):
    talk.post("*bold* and _italic_ and `code` <https://example.org/|a link>")
    html = talk.event_of("**bold** and _italic_ and `code` a link (https://example.org/)")["content"]["formatted_body"]
    talk.check("formatted text from Slack is Matrix HTML", "<strong>bold</strong>" in html and "<code>code</code>" in html
               and '<a href="https://example.org/">a link</a>' in html)
    talk.say("plain", format="org.matrix.custom.html", formatted_body="<b>fat</b> <i>thin</i> <ul><li>one</li></ul>")
    blocks = talk.slack.wait_until("the formatted message", lambda: next(
        (message["blocks"] for message in talk.slack.history(talk.channel) if "*fat*" in message.get("text", "")), None))
    kinds = [part["type"] for part in blocks[0]["elements"]]
    talk.check("Matrix HTML is rich text on Slack", "rich_text_list" in kinds)


def edits(talk):
    ts = talk.post("an edit of Slac")
    original = talk.event_of("an edit of Slac")["event_id"]
    talk.slack.do("edit", **{"as": "alice", "in": "general", "ts": ts, "text": "an edit of Slack"})
    event = talk.event("the edit", lambda sender, event: relation(event).get("rel_type") == "m.replace"
                       and event["content"]["m.new_content"]["body"] == "an edit of Slack")
    talk.check("an edit on Slack replaces the event", relation(event)["event_id"] == original)
    event_id = talk.say("an edit of Matri")
    ts = talk.message("an edit of Matri")["ts"]
    talk.say("* an edit of Matrix", **{"m.new_content": {"msgtype": "m.text", "body": "an edit of Matrix"},
                                       "m.relates_to": {"rel_type": "m.replace", "event_id": event_id}})
    talk.message_is(ts, "the edit", lambda message: message and message["text"] == "an edit of Matrix")
    talk.check("an edit on Matrix changes the message", True)


def threads(talk):
    ts = talk.post("a thread")
    root = talk.event_of("a thread")["event_id"]
    talk.post("a reply on Slack", thread_ts=ts)
    talk.check("a reply on Slack is in the event's thread", relation(talk.event_of("a reply on Slack"))
               .get("rel_type") == "m.thread" and relation(talk.event_of("a reply on Slack"))["event_id"] == root)
    talk.say("a reply on Matrix", **{"m.relates_to": {"rel_type": "m.thread", "event_id": root}})
    talk.check("a reply on Matrix is in the message's thread", talk.message("a reply on Matrix", ts)["thread_ts"] == ts)


def reactions(talk):
    ts = talk.post("to react to")
    event_id = talk.event_of("to react to")["event_id"]
    talk.slack.do("react", **{"as": "carol", "in": "general", "ts": ts, "name": "+1"})
    event = talk.event("the reaction", lambda sender, event: event["type"] == "m.reaction"
                       and relation(event).get("event_id") == event_id)
    talk.check("a reaction on Slack is one in the room", relation(event)["key"].startswith("\U0001F44D"))
    talk.slack.do("unreact", **{"as": "carol", "in": "general", "ts": ts, "name": "+1"})
    talk.event("its end", lambda sender, seen: seen["type"] == "m.room.redaction"
               and event["event_id"] in (seen.get("redacts"), seen["content"].get("redacts")))
    talk.check("taken back on Slack, it is redacted", True)
    mine = talk.person.send(talk.portal, "m.reaction", {"m.relates_to": {
        "rel_type": "m.annotation", "event_id": event_id, "key": "\U0001F389"}})
    talk.message_is(ts, "the reaction", lambda message: [reaction["name"] for reaction
                                                         in (message or {}).get("reactions", [])] == ["tada"])
    talk.check("a reaction on Matrix is one on Slack", True)
    talk.person.redact(talk.portal, mine)
    talk.message_is(ts, "its end", lambda message: message and not message.get("reactions"))
    talk.check("redacted, it is taken back on Slack", True)


def deletions(talk):
    ts = talk.post("to be deleted")
    event_id = talk.event_of("to be deleted")["event_id"]
    talk.slack.do("delete", **{"as": "alice", "in": "general", "ts": ts})
    talk.event("the redaction", lambda sender, event: event["type"] == "m.room.redaction"
               and event_id in (event.get("redacts"), event["content"].get("redacts")))
    talk.check("a message deleted on Slack is redacted", True)
    event_id = talk.say("to be redacted")
    ts = talk.message("to be redacted")["ts"]
    talk.person.redact(talk.portal, event_id)
    talk.message_is(ts, "the deletion", lambda message: message is None)
    talk.check("an event redacted on Matrix is deleted on Slack", True)


def files(talk):
    sha256 = talk.slack.do("upload", **{"as": "alice", "in": "general", "text": "a picture of Slack",
                                        "picture": "64x48", "name": "slack.png"})["sha256"]
    content = talk.event("the picture", lambda sender, event: event["content"].get("filename") == "slack.png"
                         or event["content"].get("body") == "slack.png")["content"]
    data = talk.person.download(content["url"])
    talk.check("a file from Slack comes whole, with its size and kind",
               hashlib.sha256(data).hexdigest() == sha256 and content["info"]["size"] == len(data)
               and content["info"]["mimetype"] == "image/png" and content["msgtype"] == "m.image"
               and (content["info"].get("w"), content["info"].get("h")) == (64, 48))
    data = png(40, 30)
    uri = talk.person.upload("matrix.png", data, "image/png")
    talk.person.send(talk.portal, "m.room.message", {
        "msgtype": "m.image", "body": "a picture of Matrix", "filename": "matrix.png", "url": uri,
        "info": {"mimetype": "image/png", "size": len(data), "w": 40, "h": 30}})
    file = talk.slack.wait_until("the file", lambda: next(
        (file for message in talk.slack.history(talk.channel) for file in message.get("files", [])
         if file.get("name") == "matrix.png"), None))
    talk.check("a file from Matrix comes whole, with its size and kind",
               file["size"] == len(data) and file["mimetype"] == "image/png")


def everything(slack, person, portal, check):
    talk = Talk(slack, person, portal, check)
    for part in (formatted, edits, threads, reactions, deletions, files):
        part(talk)
