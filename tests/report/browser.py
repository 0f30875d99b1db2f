"""A headless Chromium over its debugging pipe (Chrome DevTools Protocol): pages opened,
keys pressed, pictures taken, and everything it complains about kept."""
import base64
import json
import os
import subprocess
import tempfile

FLAGS = [
    "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
    "--hide-scrollbars", "--disable-extensions", "--disable-background-networking",
    "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND", "--allow-file-access-from-files",
]


class Browser:
    def __init__(self, program="chromium"):
        self.folder = tempfile.TemporaryDirectory(prefix="report-check-")
        to_read, self.to_write = os.pipe()
        self.from_read, from_write = os.pipe()
        flags = FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])

        def hand_over():
            # Above 4 first: the pipes themselves may be 3 and 4.
            high = [os.dup(to_read), os.dup(from_write)]
            high = [os.dup(fd) for fd in high]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [program, *flags, f"--user-data-dir={self.folder.name}", "about:blank"],
            pass_fds=(3, 4, to_read, from_write), preexec_fn=hand_over,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.rest = b""
        self.last_id = 0
        self.complaints = []
        self.requests = []
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.call(f"{domain}.enable")

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
        except (OSError, EOFError):
            pass
        self.process.wait(timeout=20)
        os.close(self.to_write)
        os.close(self.from_read)
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read(self):
        while b"\0" not in self.rest:
            chunk = os.read(self.from_read, 1 << 20)
            if not chunk:
                raise EOFError("the browser has ended")
            self.rest += chunk
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def take(self, message):
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"].get("exception", params)))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        self.events.append(method)

    def call(self, method, **params):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": params}
        if getattr(self, "session", None):
            message["sessionId"] = self.session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer.get("result", {})
            self.take(answer)

    def open(self, url, width=1400, height=900, scheme="light"):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && "
                  "document.querySelector('#main').childElementCount > 0")

    def eval(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, condition, milliseconds=15000):
        done = self.eval(f"""new Promise((resolve) => {{
            const until = Date.now() + {milliseconds};
            const look = () => {{
                let ok = false;
                try {{ ok = !!({condition}); }} catch (error) {{ ok = false; }}
                if (ok || Date.now() > until) resolve(ok); else requestAnimationFrame(look);
            }};
            look();
        }})""")
        if not done:
            raise AssertionError(f"never true: {condition}")

    def press(self, key):
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40}
        code = codes.get(key, ord(key.upper()) if len(key) == 1 else 0)
        text = "\r" if key == "Enter" else key if len(key) == 1 else ""
        for kind in ("keyDown", "keyUp"):
            params = {"type": kind, "key": key, "windowsVirtualKeyCode": code}
            if kind == "keyDown" and text:
                params["text"] = text
            self.call("Input.dispatchKeyEvent", **params)

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as out:
            out.write(base64.b64decode(data))
