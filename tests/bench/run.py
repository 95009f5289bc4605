"""Measures the gateway against nginx on this machine: ./1chat bench.

Both stand before the same upstream, take turns within one run, and are given as CPU time of their process trees, so
that a noisy machine hurts both alike. The gateway runs as it would in production: keys, holds, settles and traces on.
Prints a table with the budgets of the architecture and writes bench.json into the build directory.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from servers import Gateway, Nginx, Upstream

ROOT = Path(__file__).resolve().parents[2]

WRK_SCRIPT = """
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer %s"
wrk.body = '{"model":"bench","messages":[{"role":"system","content":"You are a helpful assistant."},' ..
  '{"role":"user","content":"Tell me something about the weather on the moon, please."}],"max_tokens":256}'
function done(summary, latency, requests)
  io.write(string.format('{"requests":%%d,"bad_status":%%d,"socket_errors":%%d,"seconds":%%f,"p50_us":%%d,"p99_us":%%d}\\n',
    summary.requests, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    summary.duration / 1e6, latency:percentile(50), latency:percentile(99)))
end
"""


def run_json(*command):
    """Last line of a program's output as JSON; its failure is ours."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed: {done.stderr or done.stdout}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def cpu_of(server, work):
    """Runs work() and returns its result with the CPU seconds the server used, what it does afterwards included."""
    before = server.cpu_seconds()
    result = work()
    time.sleep(1.0)
    return result, server.cpu_seconds() - before


def throughput_round(server, script, connections, seconds, path="/v1/chat/completions"):
    def load():
        return run_json("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script,
                        f"http://127.0.0.1:{server.port}{path}")
    result, cpu = cpu_of(server, load)
    if result["bad_status"] or result["socket_errors"]:
        sys.exit(f"{server.name} answered {result['bad_status']} requests badly: {result}")
    return {"requests_per_s": result["requests"] / result["seconds"], "cpu_us": cpu / result["requests"] * 1e6,
            "p50_us": result["p50_us"], "p99_us": result["p99_us"]}


def latency_round(client, server, key, requests):
    return run_json(client, "latency", "--port", server.port, "--key", key, "--requests", requests)


def stream_round(client, server, key, streams, dialect="chat"):
    def load():
        return run_json(client, "streams", "--port", server.stream_port, "--key", key, "--streams", streams,
                        "--client", dialect)
    result, cpu = cpu_of(server, load)
    return {"cpu_us_per_event": cpu / result["events"] * 1e6, **result}


def memory_round(program, server, key, streams):
    """Kilobytes of resident memory that one open stream costs."""
    before = server.rss_kb()
    client = subprocess.Popen([str(program), "streams", "--port", str(server.stream_port), "--key", key, "--streams",
                               str(streams), "--spread-ms", "1500", "--hold", "1"], stdout=subprocess.PIPE, text=True)
    if client.stdout.readline().strip() != "open":
        sys.exit(f"{server.name}: not every stream opened")
    open_kb = server.rss_kb()
    client.communicate()
    return {"rss_before_kb": before, "rss_open_kb": open_kb, "kb_per_stream": (open_kb - before) / streams}


def median_of(rounds, field):
    return statistics.median(r[field] for r in rounds)


def medians(rounds):
    return {field: median_of(rounds, field) for field in rounds[0] if isinstance(rounds[0][field], (int, float))}


def measure(options, scratch):
    build = options.build
    client = build / "bin" / "bench_client"
    fast, slow = Upstream(build, events=100, interval_ms=20), Upstream(build, events=24, interval_ms=250)
    with fast, Nginx(scratch, fast.port) as nginx, Gateway(build, scratch / "gateway", fast.port) as gateway:
        results = {"idle_rss_kb": {"gateway": gateway.rss_kb(), "nginx": nginx.rss_kb()}}
        script = scratch / "post.lua"
        script.write_text(WRK_SCRIPT % gateway.key)
        servers = {"nginx": nginx, "gateway": gateway}

        for server in servers.values():  # warm: pools, caches, the first allocation of everything
            throughput_round(server, script, 64, 1)
        translated_script = scratch / "translated.lua"
        translated_script.write_text(WRK_SCRIPT.replace('"role":"system"', '"role":"user"') % gateway.key)
        rounds, translated = {name: [] for name in servers}, []
        for _ in range(options.rounds):
            for name, server in servers.items():
                rounds[name].append(throughput_round(server, script, 64, options.seconds))
            translated.append(throughput_round(gateway, translated_script, 64, options.seconds, "/v1/messages"))
        results["throughput_64"] = {name: medians(r) for name, r in rounds.items()}
        results["translated_64"] = {"gateway": medians(translated)}  # an Anthropic client; nginx does what it did above

        rounds = {"direct": [], "nginx": [], "gateway": []}
        for _ in range(options.rounds):
            for name, server in {"direct": fast, **servers}.items():
                rounds[name].append(latency_round(client, server, gateway.key, options.requests))
        results["latency_1"] = {name: medians(r) for name, r in rounds.items()}

        rounds, translated = {name: [] for name in servers}, []
        for _ in range(options.rounds):
            for name, server in servers.items():
                rounds[name].append(stream_round(client, server, gateway.key, options.streams))
            translated.append(stream_round(client, gateway, gateway.key, options.streams, "anthropic"))
        results["streams"] = {name: medians(r) for name, r in rounds.items()}
        results["translated_streams"] = {"gateway": medians(translated)}

    with slow, Nginx(scratch, slow.port) as nginx, Gateway(build, scratch / "gateway-slow", slow.port) as gateway:
        results["memory"] = {name: memory_round(client, server, gateway.key, options.open_streams)
                             for name, server in {"nginx": nginx, "gateway": gateway}.items()}
    return results


def table(results):
    """Rows of (what, gateway, nginx, measured against budget, budget, kept)."""
    def ratio(what, unit, gateway, nginx, budget):
        value = gateway / nginx if nginx > 0 else float("inf")
        return (what, f"{gateway:.1f} {unit}", f"{nginx:.1f} {unit}", f"{value:.2f} x", f"<= {budget} x", value <= budget)

    def absolute(what, unit, gateway, nginx, budget):
        return (what, f"{gateway:.1f} {unit}", f"{nginx:.1f} {unit}", f"{gateway:.1f} {unit}", f"<= {budget} {unit}",
                gateway <= budget)

    through, streams, latency = results["throughput_64"], results["streams"], results["latency_1"]
    added = {name: {p: latency[name][p] - latency["direct"][p] for p in ("p50_us", "p99_us")}
             for name in ("nginx", "gateway")}
    memory, idle = results["memory"], results["idle_rss_kb"]
    rows = [
        ratio("CPU per request, same dialect", "us", through["gateway"]["cpu_us"], through["nginx"]["cpu_us"], 1.6),
        ratio("CPU per request, translated", "us", results["translated_64"]["gateway"]["cpu_us"], through["nginx"]["cpu_us"], 2.5),
        ratio("added latency p50, 1 connection", "us", added["gateway"]["p50_us"], added["nginx"]["p50_us"], 1.5),
        ratio("added latency p99, 1 connection", "us", added["gateway"]["p99_us"], added["nginx"]["p99_us"], 2),
        ratio("CPU per streamed event, straight", "us", streams["gateway"]["cpu_us_per_event"],
              streams["nginx"]["cpu_us_per_event"], 1.3),
        ratio("CPU per streamed event, translated", "us", results["translated_streams"]["gateway"]["cpu_us_per_event"],
              streams["nginx"]["cpu_us_per_event"], 2),
        absolute("memory idle", "MB", idle["gateway"] / 1024, idle["nginx"] / 1024, 15),
        absolute("memory per open stream", "KB", memory["gateway"]["kb_per_stream"],
                 memory["nginx"]["kb_per_stream"], 20),
    ]
    return rows, added


def show(results, rows):
    head = ("", "gateway", "nginx", "measured", "budget", "")
    lines = [head] + [(*row[:5], "kept" if row[5] else "MISSED") for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(6)]
    for line in lines:
        print("  ".join([line[0].ljust(widths[0])] + [cell.rjust(widths[i + 1]) for i, cell in enumerate(line[1:])]))
    through, streams = results["throughput_64"], results["streams"]["gateway"]
    translated = results["translated_streams"]["gateway"]
    print(f"requests/s at 64 connections: gateway {through['gateway']['requests_per_s']:.0f}, "
          f"nginx {through['nginx']['requests_per_s']:.0f}; "
          f"streams: {streams['done']:.0f} whole, {streams['failed']:.0f} cut; "
          f"translated: {translated['done']:.0f} whole, {translated['failed']:.0f} cut")


def main():
    parser = argparse.ArgumentParser(prog="./1chat bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds: a look, not a measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of one throughput round")
    parser.add_argument("--requests", type=int, default=4000, help="of one latency round")
    parser.add_argument("--streams", type=int, default=400, help="at once in the stream rounds")
    parser.add_argument("--open-streams", type=int, default=1000, help="in the memory measurement")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="build directory of what is measured")
    options = parser.parse_args()
    options.build = options.build.resolve()
    if options.quick:
        options.rounds, options.seconds, options.requests, options.streams = 2, 2, 1000, 200
    with tempfile.TemporaryDirectory(prefix="1chat-bench-") as scratch:
        results = measure(options, Path(scratch))
    rows, added = table(results)
    results["added_latency_us"] = added
    results["machine"] = {"cores": os.cpu_count(), "kernel": platform.release(), "time": time.strftime("%FT%TZ", time.gmtime())}
    results["budgets"] = [dict(zip(("what", "gateway", "nginx", "measured", "budget", "kept"), row)) for row in rows]
    (options.build / "bench.json").write_text(json.dumps(results, indent=2) + "\n")
    show(results, rows)
    print(f"written to {options.build}/bench.json")


if __name__ == "__main__":
    main()
