#!/usr/bin/env python3
"""What health checks cost: HAProxy and lbd in turn with the same servers, each checked with HTTP once a second by an origin on
another core, and no traffic. Prints the CPU time for each check and lbd's as a ratio to HAProxy's, sorted.
Run by `bench/run checks [SERVERS] [ROUNDS]`."""
import os, subprocess, sys, time

RUN = os.path.join(os.environ["BENCH_TMP"], "run")
SERVERS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
SECONDS, ORIGIN, FRONTEND = 10, "21000", "21010"


def start(core, command):
    return subprocess.Popen(["taskset", "-c", core] + command.split(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def cpu(process):
    """User and system time of all threads."""
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
    return [int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:13]]


def measure(command):
    proxy = start("0", command)
    try:
        time.sleep(3)
        before = cpu(proxy)
        time.sleep(SECONDS)
        return [(after - start) / SECONDS / SERVERS * 1e6 for start, after in zip(before, cpu(proxy))]
    finally:
        proxy.kill()
        proxy.wait()


config = os.path.join(RUN, "checks.cfg")
with open(config, "w") as file:
    file.write(f"""global
    maxconn 2000
    nbthread 1
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend f
    bind 127.0.0.1:{FRONTEND}
    default_backend b
backend b
    option httpchk GET /
""")
    file.writelines(f"    server s{number} 127.0.0.1:{ORIGIN} check inter 1s\n" for number in range(SERVERS))
origin = start("1", f"{os.environ['BENCH_TMP']}/origin {ORIGIN}")
try:
    figures = {"haproxy": [], "lb": []}
    for _ in range(ROUNDS):
        figures["haproxy"].append(measure(f"haproxy -db -f {config}"))
        figures["lb"].append(measure(f"{os.environ['LB_BIN']} -f {config}"))
    for name, values in figures.items():
        values.sort(key=sum)
        print(f"{name:10} cpu us for each check  {'  '.join(f'{sum(times):.1f}' for times in values)}"
              f"   (user {values[len(values) // 2][0]:.1f}, system {values[len(values) // 2][1]:.1f})")
    middle = {name: sum(values[len(values) // 2]) for name, values in figures.items()}
    print(f"ratio      {middle['lb'] / middle['haproxy']:.2f}")
finally:
    origin.kill()
