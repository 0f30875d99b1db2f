"""The homeservers a list is played against: a real Synapse, and sim-matrix in its synapse profile.
Each is a context manager with a `url`; both know the same two appservices and have no user yet."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

SERVER_NAME = "golden.test"
AS_TOKEN = "golden-as-token"
HS_TOKEN = "golden-hs-token"
QUIET_TOKEN = "quiet-as-token"
DEADLINE_S = 60

# Limits and the cache that would hide what is compared are off. Room version 11: the newest that conduwuit has.
HOMESERVER = """
server_name: {name}
report_stats: false
pid_file: {folder}/synapse.pid
log_config: {folder}/log.yaml
media_store_path: {folder}/media
signing_key_path: {folder}/signing.key
database: {{name: sqlite3, args: {{database: "{folder}/synapse.db"}}}}
listeners:
  - {{port: {port}, bind_addresses: [127.0.0.1], type: http, resources: [{{names: [client]}}]}}
trusted_key_servers: []
suppress_key_server_warning: true
federation_domain_whitelist: []
default_room_version: "11"
room_list_publication_rules: [{{action: allow}}]
enable_registration: true
enable_registration_without_verification: true
macaroon_secret_key: golden
app_service_config_files: [{registrations}]
caches: {{sync_response_cache_duration: 0s}}
{limits}
"""
NO_LIMITS = """
rc_message: {per_second: 100000, burst_count: 100000}
rc_registration: {per_second: 100000, burst_count: 100000}
rc_login:
  address: {per_second: 100000, burst_count: 100000}
  account: {per_second: 100000, burst_count: 100000}
  failed_attempts: {per_second: 100000, burst_count: 100000}
rc_admin_redaction: {per_second: 100000, burst_count: 100000}
rc_joins:
  local: {per_second: 100000, burst_count: 100000}
  remote: {per_second: 100000, burst_count: 100000}
rc_joins_per_room: {per_second: 100000, burst_count: 100000}
rc_invites:
  per_room: {per_second: 100000, burst_count: 100000}
  per_user: {per_second: 100000, burst_count: 100000}
  per_issuer: {per_second: 100000, burst_count: 100000}
rc_room_creation: {per_second: 100000, burst_count: 100000}
rc_reports: {per_second: 100000, burst_count: 100000}
rc_presence: {per_user: {per_second: 100000, burst_count: 100000}}
rc_user_directory: {per_second: 100000, burst_count: 100000}
rc_media_create: {per_second: 100000, burst_count: 100000}
"""
LOG = """
version: 1
formatters: {plain: {format: "%%(asctime)s %%(levelname)s %%(name)s %%(message)s"}}
handlers: {file: {class: logging.FileHandler, filename: "%s/homeserver.log", formatter: plain}}
root: {level: INFO, handlers: [file]}
"""


def registrations(url):
    """The two registration files: one with an address, one without."""
    return (
        f"""id: golden
url: {url}
as_token: {AS_TOKEN}
hs_token: {HS_TOKEN}
sender_localpart: golden_bot
rate_limited: false
receive_ephemeral: true
de.sorunome.msc2409.push_ephemeral: true
namespaces:
  users: [{{exclusive: true, regex: '^@gold_.*:golden\\.test$'}}]
  aliases: [{{exclusive: true, regex: '^#gold_.*:golden\\.test$'}}]
  rooms: []
""",
        f"""id: quiet
url: null
as_token: {QUIET_TOKEN}
hs_token: quiet-hs-token
sender_localpart: quiet_bot
rate_limited: false
namespaces:
  users: [{{exclusive: false, regex: '^@.*:golden\\.test$'}}]
  aliases: []
  rooms: []
""",
    )


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A child process with a folder of its own, which stays if something went wrong."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="golden-")
        self.process = None
        self.url = None

    def __exit__(self, kind, value, trace):
        if self.process is not None:
            self.process.terminate()
            try:
                status = self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                status = self.process.wait()
            if kind is None and status != 0 and self.strict_exit:
                raise RuntimeError(f"{self.name} ended with status {status}; see {self.folder}")
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def wait_until_up(self):
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{self.url}/_matrix/client/versions", timeout=5).read()
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
        raise RuntimeError(f"{self.name} did not start; see {self.folder}")


class Synapse(Server):
    name = "synapse"
    strict_exit = False

    def __init__(self, home, files, limits=NO_LIMITS):
        """home: the Python environment; files: texts of registration files."""
        super().__init__()
        self.python = os.path.join(os.path.abspath(home), "bin", "python")
        self.files = files
        self.limits = limits
        self.port = free_port()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def configure(self):
        paths = [self.write(f"registration{i}.yaml", text) for i, text in enumerate(self.files)]
        self.config = self.write("homeserver.yaml", HOMESERVER.format(
            name=SERVER_NAME, folder=self.folder, port=self.port, registrations=", ".join(paths),
            limits=self.limits))
        self.write("log.yaml", LOG % self.folder)
        subprocess.run([*self.command(), "--generate-keys"], check=True, cwd=self.folder,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def command(self):
        return [self.python, "-m", "synapse.app.homeserver", "-c", self.config]

    def start(self):
        with open(os.path.join(self.folder, "output.log"), "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.folder, stdout=log, stderr=log)
        self.url = f"http://127.0.0.1:{self.port}"
        self.wait_until_up()

    def restart(self):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.start()

    def __enter__(self):
        self.configure()
        self.start()
        return self


class SimMatrix(Server):
    name = "sim-matrix"
    strict_exit = True

    def __init__(self, build, files, profile="synapse"):
        super().__init__()
        self.program = os.path.join(os.path.abspath(build), "sim-matrix-server")
        self.files = files
        self.profile = profile

    def __enter__(self):
        path = os.path.join(self.folder, "output.log")
        with open(path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [self.program, "--port", "0", "--server-name", SERVER_NAME, "--profile", self.profile],
                stdout=log, stderr=log)
        self.url = self.read_url(path)
        for text in self.files:
            self.do("register_appservice", yaml=text)
        return self

    def read_url(self, path):
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end and self.process.poll() is None:
            with open(path, encoding="utf-8") as log:
                found = re.search(r"http://127\.0\.0\.1:\d+", log.read())
            if found:
                return found.group(0)
            time.sleep(0.02)
        raise RuntimeError(f"sim-matrix printed no URL; see {self.folder}")

    def do(self, verb, **fields):
        request = urllib.request.Request(
            f"{self.url}/_control/{verb}", json.dumps(fields).encode(),
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["result"]
