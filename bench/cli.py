#!/usr/bin/env python3
"""What connections to the stats socket cost traffic: without any, with 500 idle ones, and with 100 more that ask for
`show info` in turn, a hundred times a second at most. Prints rates and the proxy's CPU time for each request, sorted.
Run by `bench/run cli`."""
import json, os, socket, subprocess, sys, threading, time

RUN = os.path.join(os.environ["BENCH_TMP"], "run")
SOCKET, PORTS = os.path.join(RUN, "cli.sock"), {"P": "21010", "B": "21000", "T": "1", "REUSE": "safe", "EXTRA": "", "PT": "21011"}
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 4


def start(core, command):
    return subprocess.Popen(["taskset", "-c", core] + command.split(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def cpu(process):
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(proxy):
    before = cpu(proxy)
    command = f"taskset -c 1 {os.environ['BENCH_TMP']}/lg port={PORTS['P']} secs=3 warm=0 mode=ka conns=64"
    lines = subprocess.run(command.split(), capture_output=True, text=True).stdout.splitlines()
    result = json.loads([line for line in lines if line.startswith("{")][-1])
    return (cpu(proxy) - before) / result["done"] * 1e6, result["rps"]


def session():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(SOCKET)
    connection.sendall(b"prompt\n")
    connection.recv(100)
    return connection


def ask(sessions, stop, count):
    while not stop.is_set():
        connection = sessions[count[0] % len(sessions)]
        connection.sendall(b"show info\n")
        answer = b""
        while not answer.endswith(b"> "):
            answer += connection.recv(65536)
        count[0] += 1
        time.sleep(0.01)


here = os.path.dirname(os.path.abspath(__file__))
text = open(os.path.join(here, "conf", "plain.cfg")).read()
for name, value in PORTS.items():
    text = text.replace(f"@{name}@", value)
text = text.replace("global\n", f"global\n    stats socket {SOCKET} level admin\n    stats maxconn 700\n    stats timeout 10m\n", 1)
config = os.path.join(RUN, "cli.cfg")
open(config, "w").write(text)
origin = start("1", f"{os.environ['BENCH_TMP']}/origin {PORTS['B']}")
proxy = start("0", f"{os.environ['LB_BIN']} -f {config}")
try:
    time.sleep(1)
    figures = {"none": [], "500 idle": [], "500 idle, 100 busy": []}
    for _ in range(ROUNDS):
        figures["none"].append(load(proxy))
        idle = [session() for _ in range(500)]
        figures["500 idle"].append(load(proxy))
        busy, stop, count = [session() for _ in range(100)], threading.Event(), [0]
        asking = threading.Thread(target=ask, args=(busy, stop, count))
        asking.start()
        figures["500 idle, 100 busy"].append(load(proxy))
        stop.set()
        asking.join()
        for connection in idle + busy:
            connection.close()
        time.sleep(0.3)
    for name, values in figures.items():
        print(f"{name:20} cpu us {'  '.join(f'{cost:.2f}' for cost, _ in sorted(values))}   req/s {max(rate for _, rate in values):.0f}")
finally:
    proxy.kill()
    origin.kill()
