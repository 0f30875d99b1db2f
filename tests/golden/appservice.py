"""An appservice that writes down all it is sent and answers as it is told."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        size = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(size)
        status, body = self.server.owner.receive(self.command, self.path, dict(self.headers), data)
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PUT = do_POST = answer

    def log_message(self, format, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a homeserver that ends while it is answered


class Appservice:
    def __init__(self):
        self.lock = threading.Condition()
        self.received = []  # {method, path, headers, body}
        self.statuses = []  # of the next transactions; then 200
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.owner = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def receive(self, method, path, headers, data):
        with self.lock:
            try:
                body = json.loads(data) if data else None
            except ValueError:
                body = None
            status = 404
            if "/transactions/" in path:
                status = self.statuses.pop(0) if self.statuses else 200
            elif path.startswith("/_matrix/app/v1/ping"):
                status = 200
            self.received.append({"method": method, "path": path, "headers": headers, "body": body, "status": status})
            self.lock.notify_all()
            return status, {} if status == 200 else {"errcode": "M_UNKNOWN", "error": "as told"}

    def wait(self, condition, seconds=30):
        """The first of what was received that fits; waits for it."""
        with self.lock:
            while True:
                for request in self.received:
                    if condition(request):
                        return request
                if not self.lock.wait(seconds):
                    raise RuntimeError("the appservice waited in vain")

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
