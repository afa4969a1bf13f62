#!/usr/bin/env python3
"""HTTP/2 (cleartext, prior knowledge) side by side with h2load: haproxy and lb on conf/h2.cfg, pinned to core 0,
load generator and origin on core 1, in turn each round. Run it through run.sh:  run.sh h2 [WORKLOADS] [ROUNDS] [REUSE]
Prints proxy CPU us per request and its ratio to haproxy."""
import os, re, shutil, statistics as st, subprocess, sys, time
ARGS = sys.argv[1:]
D = os.path.dirname(os.path.abspath(__file__)); R = os.environ.get("BENCH_TMP", f"{os.path.dirname(D)}/target/bench"); LB = os.environ.get("LB_BIN", f"{os.path.dirname(D)}/target/release/lbd"); B = 22000
sys.argv = [os.path.join(D, "bench.py")]
src = open(os.path.join(D, "bench.py")).read().rsplit("\nmain()", 1)[0]; ns = {"__file__": os.path.join(D, "bench.py")}; exec(compile(src, "bench.py", "exec"), ns)
tree, cpu, wait_port, start, stop = (ns[k] for k in ("tree", "cpu", "wait_port", "start", "stop"))
HDR = sum((["-H", h] for h in ("accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "accept-language: en-US,en;q=0.5", "accept-encoding: gzip, deflate, br", "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "sec-fetch-dest: document", "sec-fetch-mode: navigate", "sec-fetch-site: same-origin", "referer: https://www.example.com/some/page", "cookie: session=0123456789abcdef0123456789abcdef; theme=dark")), [])
W = {"m1": (["-c16", "-m1"], "/", 40000), "m100": (["-c4", "-m100"], "/", 80000), "m100h": (["-c4", "-m100"] + HDR, "/", 70000), "k64": (["-c4", "-m10"], "/k64", 14000)}
def load(port, w, n):
    a, path, _ = W[w]
    o = subprocess.run(["timeout", "60", "taskset", "-c", "1", "h2load", "-t1", f"-n{n}"] + a + [f"http://127.0.0.1:{port}{path}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    m = re.search(r"([\d.]+) req/s", o); c = re.search(r"(\d+) 2xx", o)
    return (float(m[1]), int(c[1])) if m and c else (0.0, 0)
def main(works, rounds, reuse):
    if not shutil.which("h2load"): sys.exit("h2load is missing: apt-get install nghttp2-client")
    org = start(f"{R}/origin {B}", "1", f"{R}/run/origin.log"); P = {}
    try:
        wait_port(B)
        for i, (n, b) in enumerate((("haproxy", "/usr/sbin/haproxy"), ("lb", LB))):
            port = B + 10 + i; f = f"{R}/run/h2-{n}.cfg"
            t = open(f"{D}/conf/h2.cfg").read().replace("@P@", str(port)).replace("@B@", str(B)).replace("@REUSE@", reuse); open(f, "w").write(t)
            P[n] = (start(f"{b} -f {f}", "0", f"{R}/run/h2-{n}.log"), port)
            if not wait_port(port): sys.exit(f"{n} did not start: " + open(f"{R}/run/h2-{n}.log").read()[-300:])
        for w in works:
            res = {n: [] for n in P}; N = W[w][2]
            for n in P: load(P[n][1], w, N // 10)
            for r in range(rounds):
                for n in (list(P) if r % 2 == 0 else list(P)[::-1]):
                    p, port = P[n]; a = cpu(p.pid); rps, ok = load(port, w, N); b = cpu(p.pid)
                    if ok < N: print(f"!! {w} {n}: only {ok} of {N} answered 2xx")
                    res[n].append(((b[0] - a[0]) * 1e6 / max(ok, 1), (b[1] - a[1]) * 1e6 / max(ok, 1), rps))
            print(f"## h2 {w} {' '.join(W[w][0][:2])} {W[w][1]} rounds={rounds} reuse={reuse}")
            for n in P:
                x = res[n]; tot = [u + s for u, s, _ in x]; ref = [u + s for u, s, _ in res["haproxy"]]
                print(f"{n:10s} cpu us {st.median(tot):7.2f}  x {st.median(t / max(q, 1e-9) for t, q in zip(tot, ref)):5.2f}  user {st.median(u for u, _, _ in x):6.2f}  sys {st.median(s for _, s, _ in x):6.2f}  req/s {st.median(q for _, _, q in x):8.0f}", flush=True)
    finally:
        for p, _ in P.values(): stop(p)
        stop(org)
main((ARGS[0] if ARGS else "m1,m100,m100h,k64").split(","), int(ARGS[1]) if len(ARGS) > 1 else 5, ARGS[2] if len(ARGS) > 2 else "always")
