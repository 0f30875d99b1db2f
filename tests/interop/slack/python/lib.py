"""What the checks share: the simulator's control interface, waiting, TAP-like output."""

import json
import os
import ssl
import sys
import time
import urllib.request

URL = os.environ["SIM_URL"]
BOT = os.environ["SIM_BOT"]
APP = os.environ["SIM_APP"]
TLS = ssl.create_default_context(cafile=os.environ["SIM_CA"]) if os.environ.get("SIM_CA") else None

passed = 0
failed = 0


def check(name, good, seen=None):
    global passed, failed
    if good:
        passed += 1
        print(f"ok {passed + failed} - {name}", flush=True)
    else:
        failed += 1
        print(f"not ok {passed + failed} - {name}", flush=True)
        if seen is not None:
            print(f"#   seen: {str(seen)[:600]}", flush=True)


def control(verb, **args):
    args = {name.rstrip("_"): value for name, value in args.items()}
    request = urllib.request.Request(f"{URL}/_control/{verb}", data=json.dumps(args).encode())
    with urllib.request.urlopen(request, context=TLS) as reply:
        return json.load(reply)["result"]


def records(kind=None):
    with urllib.request.urlopen(f"{URL}/_control/records?since=0", context=TLS) as reply:
        return [one for one in json.load(reply)["records"] if kind in (None, one["kind"])]


def until(fn, seconds=10):
    end = time.monotonic() + seconds
    while True:
        value = fn()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.03)


def finish():
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.stdout.flush()
    os._exit(1 if failed else 0)
