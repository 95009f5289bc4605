"""The three servers of a measurement, each a process tree of ours that ends with its `with` block."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def children_of(pid):
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(p) for p in text.split()]


class Server:
    """A process and its children. Subclasses start it in __enter__ and set port and stream_port."""
    name = ""
    process = None
    port = stream_port = 0

    def pids(self):
        found = [self.process.pid]
        for pid in found:
            found.extend(children_of(pid))
        return found

    def cpu_seconds(self):
        ticks = 0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])  # utime, stime
        return ticks / TICK

    def rss_kb(self):
        total = 0
        for pid in self.pids():
            total += int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))
        return total

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Upstream(Server):
    name = "direct"

    def __init__(self, build, events, interval_ms):
        self.command = [str(build / "bin" / "bench_upstream"), "--events", str(events), "--interval-ms", str(interval_ms)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        self.port = self.stream_port = int(self.process.stdout.readline().split()[1])
        return self


NGINX_CONFIG = """
worker_processes {cores};
worker_rlimit_nofile 65536;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  keepalive_requests 10000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 10000000; }}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://provider; }} }}
  server {{ listen 127.0.0.1:{stream_port}; location / {{ proxy_pass http://provider; proxy_buffering off; }} }}
}}
"""


class Nginx(Server):
    """The yardstick: proxy_pass with keep-alive; its stream port does not buffer, or events would come late."""
    name = "nginx"

    def __init__(self, scratch, upstream_port):
        self.folder, self.upstream_port = scratch / f"nginx-{upstream_port}", upstream_port

    def __enter__(self):
        self.folder.mkdir(parents=True)
        self.port, self.stream_port = free_port(), free_port()
        config = self.folder / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(cores=os.cpu_count(), folder=self.folder, upstream=self.upstream_port,
                                              port=self.port, stream_port=self.stream_port))
        binary = "/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else "nginx"
        self.process = subprocess.Popen([binary, "-p", str(self.folder), "-c", str(config)], stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)
        return self


GATEWAY_CONFIG = """
listen: 127.0.0.1:0
admin: {{ listen: 127.0.0.1:0 }}
data: {folder}/data
workers: {cores}
plugins: {{ path: ["{build}/lib/1chat/plugins"] }}
surfaces: [openai_chat, anthropic_messages]
providers:
  upstream: {{ use: openai_chat, base_url: "http://127.0.0.1:{upstream}/v1", api_key: "bench" }}
models:
  bench: {{ targets: [{{ provider: upstream, model: bench }}], price: {{ input: 0.15, output: 0.60 }} }}
prices: {{ markup_percent: 10 }}
ledger: {{ use: sqlite }}
store: {{ use: sqlite }}
pipeline: [authenticate, admit, route, reserve, call, settle, trace]
"""


class Gateway(Server):
    """The real binary with everything on, a funded project and one key."""
    name = "gateway"

    def __init__(self, build, folder, upstream_port):
        self.build, self.folder, self.upstream_port = build, folder, upstream_port
        self.binary = str(build / "bin" / "1chat")

    def __enter__(self):
        self.folder.mkdir(parents=True)
        config = self.folder / "1chat.yaml"
        config.write_text(GATEWAY_CONFIG.format(folder=self.folder, cores=os.cpu_count(), build=self.build,
                                                upstream=self.upstream_port))
        log = open(self.folder / "log", "w", encoding="utf-8")
        self.process = subprocess.Popen([self.binary, "serve", "--config", str(config)], stdout=subprocess.PIPE,
                                        stderr=log, text=True, cwd=self.build)
        self.port, self.admin_port = self._ready(log)
        self.stream_port = self.port
        self._cli("project", "create", "bench")
        self.key = json.loads(self._cli("key", "create", "--project", "bench", "--json"))["key"]
        self._cli("deposit", "--project", "bench", "--usd", "100000", "--id", "bench")
        time.sleep(1.0)
        return self

    def _ready(self, log):
        for line in self.process.stdout:
            ports = re.findall(r"127\.0\.0\.1:(\d+)", line)
            if line.startswith("ready") and len(ports) >= 2:
                return int(ports[0]), int(ports[1])
        log.flush()
        sys.exit("the gateway did not start:\n" + Path(log.name).read_text()[-4000:])

    def _cli(self, *words):
        done = subprocess.run([self.binary, *words, "--admin-url", f"http://127.0.0.1:{self.admin_port}", "--data",
                               str(self.folder / "data")], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"1chat {' '.join(words)}: {done.stderr}{done.stdout}")
        return done.stdout


def wait_for_port(port, process):
    for _ in range(100):
        if process.poll() is not None:
            sys.exit("a server ended before it was ready")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")
