"""slack_sdk's WebClient: form and JSON bodies, errors, pages, limits, uploads."""

import logging
import urllib.request

from lib import BOT, TLS, URL, check, control, finish, records, until
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler, ServerErrorRetryHandler

logging.disable(logging.CRITICAL)
GENERAL = "C0GENERAL0"


def error_of(fn, **args):
    try:
        fn(**args)
    except SlackApiError as why:
        return why.response["error"]
    return None


def basics(web):
    test = web.auth_test()
    check("auth.test as JSON with an empty body", test["user_id"] == "U0SIMBOT00" and not test.get("warning"), test.data)
    check("headers", "chat:write" in test.headers.get("x-oauth-scopes", test.headers.get("X-OAuth-Scopes", "")), test.headers)
    web.conversations_join(channel=GENERAL)
    posted = web.chat_postMessage(channel=GENERAL, text="from Python ✓ 𝄞", blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "é"}}])
    check("chat.postMessage as JSON", posted["message"]["text"] == "from Python ✓ 𝄞" and posted["message"]["blocks"][0]["text"]["text"] == "é", posted.data)
    check("chat.update", web.chat_update(channel=GENERAL, ts=posted["ts"], text="changed")["text"] == "changed")
    check("reactions", web.reactions_add(channel=GENERAL, timestamp=posted["ts"], name="tada")["ok"] and error_of(web.reactions_add, channel=GENERAL, timestamp=posted["ts"], name="tada") == "already_reacted")
    check("conversations.info", web.conversations_info(channel=GENERAL, include_num_members=True)["channel"]["num_members"] == 4)
    check("booleans as 0 and 1", web.conversations_history(channel=GENERAL, inclusive=True, latest=posted["ts"], limit=1)["messages"][0]["ts"] == posted["ts"])
    check("users.info", web.users_info(user="U0SIMALICE")["user"]["real_name"] == "Alice Archer")
    check("errors are raised", error_of(web.chat_postMessage, channel="C0RANDOM00", text="x") == "not_in_channel" and error_of(web.api_call, api_method="no.such.method") == "unknown_method")
    check("a token as an argument", WebClient(base_url=f"{URL}/api/", ssl=TLS).auth_test(token=BOT)["ok"])
    check("a direct conversation", web.chat_postMessage(channel=web.conversations_open(users=["U0SIMALICE"])["channel"]["id"], text="hi")["ok"])
    check("chat.delete", web.chat_delete(channel=GENERAL, ts=posted["ts"])["ok"])
    opened = error_of(web.views_open, trigger_id="1.2.abc", view={"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": []})
    check("views.open with an unknown trigger", opened == "invalid_trigger_id", opened)
    home = web.views_publish(user_id="U0SIMALICE", view={"type": "home", "blocks": []})
    check("views.publish", home["view"]["type"] == "home" and home["view"]["id"].startswith("V"))


def pages(web):
    control("knob", name="tiers", value=False)
    for i in range(25):
        control("post", as_="alice", in_="general", text=f"page {i}")
    seen = [m["text"] for page in web.conversations_history(channel=GENERAL, limit=4) for m in page["messages"] if m["text"].startswith("page")]
    check("iterating over pages", seen == [f"page {i}" for i in reversed(range(25))], seen)
    check("users.list by pages", sum(len(page["members"]) for page in web.users_list(limit=2)) == 5)
    control("knob", name="tiers", value=True)


def trouble(web):
    control("answer", call="auth.test", with_={"status": 429, "retry_after": "1s"}, times=1)
    web.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=2))
    web.retry_handlers.append(ServerErrorRetryHandler(max_retry_count=2))
    check("429 is retried after Retry-After", web.auth_test()["ok"])
    control("answer", call="auth.test", with_={"status": 503}, times=1)
    check("503 is retried", web.auth_test()["ok"])
    control("answer", call="auth.test", with_={"lost": "before"}, times=1)
    check("a reset is retried", web.auth_test()["ok"])
    control("revoke", token="bot", error="token_revoked")
    check("token_revoked", error_of(web.auth_test) == "token_revoked")
    control("revoke", token="bot", error="none")


def files(web):
    body = bytes(range(256)) * 200
    one = web.files_upload_v2(channel=GENERAL, content=body, filename="p.bin", title="P", initial_comment="from Python")
    file = one["file"]
    check("files_upload_v2", file["id"].startswith("F"), one.data)
    until(lambda: any(m["text"] == "from Python" for m in records("message")))
    info = web.files_info(file=file["id"])["file"]
    request = urllib.request.Request(info["url_private"], headers={"Authorization": f"Bearer {BOT}"})
    with urllib.request.urlopen(request, context=TLS) as reply:
        check("a download", reply.read() == body)
    many = web.files_upload_v2(channel=GENERAL, file_uploads=[{"content": "a", "filename": "a.txt"}, {"content": "b", "filename": "b.txt"}])
    check("several files", len(many["files"]) == 2)


def main():
    web = WebClient(token=BOT, base_url=f"{URL}/api/", ssl=TLS)
    basics(web)
    pages(web)
    trouble(web)
    files(web)
    finish()


try:
    main()
except Exception as why:
    check(f"ran to its end: {why!r}", False)
    finish()
