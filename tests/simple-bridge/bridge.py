#!/usr/bin/python3
"""A deliberately simple bridge between Slack and Matrix: text, edits, deletions and threads both ways,
rooms on demand.

It keeps everything in memory, acknowledges what comes before it has done anything about it, sends what
fails never again and takes every connection to last. It is there to show that the scenarios of this
project can be played against another bridge, and that they tell a simple one from a durable one.
"""

import asyncio
import html
import json
import re
import signal
import sys

import aiohttp
from aiohttp import web

with open(sys.argv[1], encoding="utf-8") as text:
    CONFIG = json.load(text)
SERVER = CONFIG["server_name"]
BOT = f"@slackbot:{SERVER}"
CLIENT = "/_matrix/client/v3"


def say(text):
    print(text, flush=True)


class Refused(Exception):
    """The other side answered, and not as it was asked to."""


class Slack:
    def __init__(self, http):
        self.http = http

    async def call(self, method, token="bot_token", **args):
        headers = {"Authorization": f"Bearer {CONFIG[token]}"}
        data = {key: value for key, value in args.items() if value is not None}
        async with self.http.post(CONFIG["slack"] + method, data=data, headers=headers) as reply:
            answer = await reply.json(content_type=None)
        if reply.status == 429:
            await asyncio.sleep(int(reply.headers["Retry-After"]))
            return await self.call(method, token, **args)
        if not answer.get("ok"):
            raise Refused(f"{method}: {answer.get('error')}")
        return answer

    async def listen(self, handle):
        """Connects again and again, a second after the last connection ended."""
        while True:
            try:
                url = (await self.call("apps.connections.open", "app_token"))["url"]
                async with self.http.ws_connect(url, heartbeat=15) as socket:
                    async for message in socket:
                        frame = json.loads(message.data)
                        if frame["type"] == "disconnect":
                            break
                        if "envelope_id" in frame:
                            await socket.send_json({"envelope_id": frame["envelope_id"]})
                            handle(frame.get("payload", {}))
            except (aiohttp.ClientError, Refused, ValueError, KeyError, TypeError, OSError) as error:
                say(f"no connection to Slack: {type(error).__name__}")
            await asyncio.sleep(1)


class Matrix:
    def __init__(self, http):
        self.http = http
        self.number = 0

    async def call(self, method, path, body=None, user=BOT):
        headers = {"Authorization": f"Bearer {CONFIG['as_token']}"}
        async with self.http.request(method, CONFIG["matrix"] + path, params={"user_id": user},
                                     json=body, headers=headers) as reply:
            answer = await reply.json(content_type=None)
        if reply.status != 200:
            raise Refused(f"{path}: {answer.get('errcode')}")
        return answer

    async def register(self, mxid, name=None):
        body = {"type": "m.login.application_service", "username": mxid[1:].split(":")[0]}
        try:
            await self.call("POST", f"{CLIENT}/register", body)
        except Refused:
            pass  # it is there already
        if name is not None:
            await self.call("PUT", f"{CLIENT}/profile/{mxid}/displayname", {"displayname": name}, mxid)

    async def send(self, room, content, user=BOT, kind="m.room.message"):
        self.number += 1
        path = f"{CLIENT}/rooms/{room}/send/{kind}/{self.number}"
        return (await self.call("PUT", path, content, user))["event_id"]

    async def name_of(self, mxid):
        try:
            return (await self.call("GET", f"{CLIENT}/profile/{mxid}/displayname"))["displayname"]
        except (Refused, KeyError):
            return mxid


def to_matrix(text):
    return html.unescape(text)


def to_slack(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Bridge:
    def __init__(self, http):
        self.slack, self.matrix = Slack(http), Matrix(http)
        self.me = {}
        self.rooms, self.channels = {}, {}  # of a channel; of a room
        self.ghosts, self.inside = {}, set()
        self.events, self.messages = {}, {}  # of a (channel, ts); of an event
        self.last = {}  # of a thread: its newest event
        self.seen = set()
        self.lock = asyncio.Lock()

    def soon(self, task):
        """One after another, in the order they came."""
        async def run():
            async with self.lock:
                try:
                    await task
                except (Refused, aiohttp.ClientError, asyncio.TimeoutError, KeyError, OSError) as error:
                    say(f"lost: {type(error).__name__} {error}")
        asyncio.get_running_loop().create_task(run())

    # ---- who and where

    async def room_of(self, channel):
        if channel not in self.rooms:
            info = (await self.slack.call("conversations.info", channel=channel))["channel"]
            room = (await self.matrix.call("POST", f"{CLIENT}/createRoom", {
                "name": f"#{info.get('name', 'direct message')}", "preset": "private_chat", "invite": [CONFIG["owner"]]}))["room_id"]
            self.rooms[channel], self.channels[room] = room, channel
        return self.rooms[channel]

    async def ghost_of(self, user, room):
        if user not in self.ghosts:
            profile = (await self.slack.call("users.info", user=user))["user"]
            mxid = f"@slack_{self.me['team_id']}-{user}:{SERVER}".lower()
            await self.matrix.register(mxid, profile.get("real_name") or profile["name"])
            self.ghosts[user] = mxid
        ghost = self.ghosts[user]
        if (ghost, room) not in self.inside:
            await self.matrix.call("POST", f"{CLIENT}/rooms/{room}/invite", {"user_id": ghost})
            await self.matrix.call("POST", f"{CLIENT}/rooms/{room}/join", {}, ghost)
            self.inside.add((ghost, room))
        return ghost

    # ---- from Slack

    def take_payload(self, payload):
        if payload.get("event_id") in self.seen:
            return
        self.seen.add(payload.get("event_id"))
        event = payload.get("event", {})
        kind = event.get("subtype") or event.get("type")
        if kind == "member_joined_channel" and event.get("user") == self.me["user_id"]:
            self.soon(self.room_of(event["channel"]))
        elif event.get("user") == self.me["user_id"] or event.get("bot_id") == self.me["bot_id"]:
            return
        elif kind in ("message", "thread_broadcast"):
            self.soon(self.slack_message(event))
        elif kind == "message_changed":
            self.soon(self.slack_edit(event))
        elif kind == "message_deleted":
            self.soon(self.slack_deletion(event))

    async def slack_message(self, event):
        room = await self.room_of(event["channel"])
        ghost = await self.ghost_of(event["user"], room)
        content = {"msgtype": "m.text", "body": to_matrix(event.get("text", "")), "m.mentions": {}}
        thread = (event["channel"], event.get("thread_ts"))
        root = self.events.get(thread)
        if root is not None:
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": root[0], "is_falling_back": True,
                                       "m.in_reply_to": {"event_id": self.last.get(thread, root[0])}}
        sent = self.last[thread] = await self.matrix.send(room, content, ghost)
        self.events[event["channel"], event["ts"]] = (sent, ghost)
        self.messages[sent] = (event["channel"], event["ts"], event.get("thread_ts"), None)

    async def slack_edit(self, event):
        message, before = event["message"], event.get("previous_message", {})
        known = self.events.get((event["channel"], message["ts"]))
        if known is None or message.get("text") == before.get("text") or message.get("bot_id") == self.me["bot_id"]:
            return
        body = to_matrix(message.get("text", ""))
        await self.matrix.send(self.rooms[event["channel"]], {
            "msgtype": "m.text", "body": f"* {body}", "m.mentions": {},
            "m.new_content": {"msgtype": "m.text", "body": body, "m.mentions": {}},
            "m.relates_to": {"rel_type": "m.replace", "event_id": known[0]}}, known[1])

    async def slack_deletion(self, event):
        known = self.events.pop((event["channel"], event["deleted_ts"]), None)
        if known is not None:
            await self.matrix.send(self.rooms[event["channel"]], {"redacts": known[0]}, known[1], "m.room.redaction")

    # ---- from Matrix

    async def take_transaction(self, request):
        if request.headers.get("Authorization") != f"Bearer {CONFIG['hs_token']}" and \
                request.query.get("access_token") != CONFIG["hs_token"]:
            return web.json_response({"errcode": "M_FORBIDDEN", "error": "wrong token"}, status=403)
        try:
            events = (await request.json())["events"]
        except (ValueError, KeyError, TypeError):
            return web.json_response({"errcode": "M_BAD_JSON", "error": "no transaction"}, status=400)
        for event in events:
            own = re.match(rf"@(slackbot|slack_.*):{re.escape(SERVER)}$", event["sender"])
            channel = self.channels.get(event["room_id"])
            if own is None and channel is not None and event["event_id"] not in self.seen:
                self.seen.add(event["event_id"])
                self.soon(self.matrix_event(event, channel))
        return web.json_response({})

    async def matrix_event(self, event, channel):
        content = event.get("content", {})
        relates = content.get("m.relates_to") or {}
        if event["type"] == "m.room.redaction":
            await self.matrix_redaction(content.get("redacts") or event.get("redacts"))
        elif event["type"] != "m.room.message":
            return
        elif relates.get("rel_type") == "m.replace":
            known = self.messages.get(relates.get("event_id"))
            if known is not None and known[3] == event["sender"]:
                await self.slack.call("chat.update", channel=channel, ts=known[1],
                                      text=to_slack(content["m.new_content"]["body"]))
        else:
            about = relates.get("event_id") or (relates.get("m.in_reply_to") or {}).get("event_id")
            root = self.messages.get(about)
            thread = root and (root[2] or root[1])
            posted = await self.slack.call("chat.postMessage", channel=channel, thread_ts=thread,
                                           text=to_slack(content.get("body", "")),
                                           username=await self.matrix.name_of(event["sender"]))
            self.messages[event["event_id"]] = (channel, posted["ts"], thread, event["sender"])
            self.last[channel, thread] = event["event_id"]
            self.events[channel, posted["ts"]] = (event["event_id"], BOT)

    async def matrix_redaction(self, target):
        if target in self.messages:
            channel, ts, _, _ = self.messages.pop(target)
            self.events.pop((channel, ts), None)
            await self.slack.call("chat.delete", channel=channel, ts=ts)

    # ---- all of it

    async def run(self):
        await self.matrix.register(BOT, "Slack bridge")
        self.me = await self.slack.call("auth.test")
        asyncio.get_running_loop().create_task(self.slack.listen(self.take_payload))
        say("the bridge is up")


async def main():
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http:
        bridge = Bridge(http)
        app = web.Application()
        app.router.add_put("/_matrix/app/v1/transactions/{txn}", bridge.take_transaction)
        app.router.add_post("/_matrix/app/v1/ping", lambda request: web.json_response({}))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", CONFIG["port"], shutdown_timeout=1).start()
        await bridge.run()
        await stopped.wait()
        await runner.cleanup()

asyncio.run(main())
