#!/usr/bin/env python3
"""Interleaved proxy benchmark (see README.md). All traffic on 127.0.0.1."""
import argparse, json, os, shlex, signal, socket, statistics as st, subprocess, sys, time
D = os.path.dirname(os.path.abspath(__file__))
R = os.environ.get("BENCH_TMP", f"{os.path.dirname(D)}/target/bench")   # built tools, certificates, rendered configs, logs
LG, ORIGIN = f"{R}/lg", f"{R}/origin"
LB = os.environ.get("LB_BIN", f"{os.path.dirname(D)}/target/release/lbd")
TCK = os.sysconf("SC_CLK_TCK")

# name -> (listener kind, lg args, what 'unit' means, headline metric)
W = {
 "h1ka":     ("P",  "mode=ka conns=64", "req", "rps"),              # 1 keep-alive small
 "h1ka1":    ("P",  "mode=ka conns=1", "req", "rps"),               # 1b one connection (pure per-request path, no batching)
 "h1ka512":  ("P",  "mode=ka conns=512", "req", "rps"),
 "h1chunk":  ("P",  "mode=ka conns=64 path=/c", "req", "rps"),
 "h1close":  ("P",  "mode=close conns=64", "conn", "rps"),          # 2 new connection per request
 "k64":      ("P",  "mode=ka conns=16 path=/k64", "req", "gbps"),   # 3 objects
 "m64":      ("P",  "mode=ka conns=4 path=/m64", "req", "gbps"),
 "tcp":      ("PT", "mode=ka conns=4 path=/m64", "req", "gbps"),    # 3 tcp mode big transfers
 "tcpka":    ("PT", "mode=ka conns=64", "req", "rps"),
 "tcpclose": ("PT", "mode=close conns=64", "conn", "rps"),
 "tlska":    ("PS", "mode=ka conns=64 tls=1", "req", "rps"),        # 4 TLS keep-alive
 "tlsm64":   ("PS", "mode=ka conns=4 tls=1 path=/m64", "req", "gbps"),
 "tlshs":    ("PS", "mode=close conns=32 tls=1", "conn", "rps"),    # 4 full handshake, ECDSA P-256
 "tlshsrsa": ("PR", "mode=close conns=32 tls=1", "conn", "rps"),    # 4 full handshake, RSA-2048
 "tlsres":   ("PS", "mode=close conns=32 tls=1 resume=1", "conn", "rps"), # 4 resumed
 "lat":      ("P",  "mode=rate conns=64 rate={rate}", "req", "p99"),      # 5 latency at fixed rate
 "idle":     ("P",  "mode=idle conns={idle}", "conn", "mem"),       # 6 memory per idle conn
 "tlsidle":  ("PS", "mode=idle tls=1 conns={tlsidle}", "conn", "mem"),
}
def tree(pid):
    out=[pid]
    try:
        for t in os.listdir(f"/proc/{pid}/task"):
            for c in open(f"/proc/{pid}/task/{t}/children").read().split(): out+=tree(int(c))
    except OSError: pass
    return out
def cpu(pid):
    u=s=0
    for p in tree(pid):
        try: f=open(f"/proc/{p}/stat").read().rsplit(")",1)[1].split(); u+=int(f[11]); s+=int(f[12])
        except OSError: pass
    return u/TCK, s/TCK
def mem(pid):
    r=a=0
    for p in tree(pid):
        try:
            for l in open(f"/proc/{p}/smaps_rollup"):
                if l.startswith("Pss:"): r+=int(l.split()[1])
                if l.startswith("Private_Dirty:"): a+=int(l.split()[1])
        except OSError: pass
    return r,a
def wait_port(p,t=8):
    e=time.time()+t
    while time.time()<e:
        try: socket.create_connection(("127.0.0.1",p),0.3).close(); return True
        except OSError: time.sleep(0.05)
    return False
def start(cmd,cpu_,log,env=None):
    if cpu_ is not None: cmd=f"taskset -c {cpu_} {cmd}"
    return subprocess.Popen(shlex.split(cmd),stdout=open(log,"ab"),stderr=subprocess.STDOUT,env={**os.environ,**(env or {})},start_new_session=True)
def stop(p):
    ps=tree(p.pid)
    try: p.terminate()
    except OSError: pass
    try: p.wait(2)
    except Exception:
        for q in ps[::-1]:
            try: os.kill(q,signal.SIGKILL)
            except OSError: pass
        p.wait()
def main():
    ap=argparse.ArgumentParser()
    ap.add_argument("--contenders",default=f"{D}/contenders.json")
    ap.add_argument("--only",default="",help="comma list of contender names")
    ap.add_argument("--add",action="append",default=[],help="name=command with {P} {PT} {PS} {PR} {B} {T} {D} placeholders")
    ap.add_argument("--add-ports",default="P",help="listeners the --add contenders offer, e.g. P,PT,PS,PR")
    ap.add_argument("--ref",default="haproxy")
    ap.add_argument("--work",default="h1ka,h1close,k64,m64,lat,idle")
    ap.add_argument("--rounds",type=int,default=5); ap.add_argument("--secs",type=float,default=1.5)
    ap.add_argument("--warm",type=float,default=0.3)
    ap.add_argument("--pin",choices=["split","none"],default="split",help="split: proxy on core 0, client+origin on core 1")
    ap.add_argument("--threads",type=int,default=0,help="default 1 when pinned, 2 when not")
    ap.add_argument("--rate",type=int,default=8000); ap.add_argument("--idle",type=int,default=9000); ap.add_argument("--tlsidle",type=int,default=3000)
    ap.add_argument("--base",type=int,default=21000); ap.add_argument("--json",default="")
    a=ap.parse_args()
    T=a.threads or (1 if a.pin=="split" else 2)
    pc,cc=("0","1") if a.pin=="split" else (None,None)
    cons=json.load(open(a.contenders)); 
    for x in a.add:
        n,c=x.split("=",1); cons[n]={"cmd":c,"ports":a.add_ports.split(",")}
    names=[n.strip() for n in a.only.split(",") if n.strip()] or list(cons)
    if a.add: names+= [x.split("=",1)[0] for x in a.add if x.split("=",1)[0] not in names]
    if a.ref in names: names.remove(a.ref); names.insert(0,a.ref)
    os.makedirs(f"{R}/run",exist_ok=True)
    works=a.work.split(","); org=start(f"{ORIGIN} {a.base}",cc,f"{R}/run/origin.log"); procs={}; info={}; res={}
    tcp_share=0
    try:
        wait_port(a.base)
        def launch(i,n):
            c=cons[n]; b=a.base+10+i*10
            v=dict(P=b,PT=b+1,PS=b+2,PR=b+3,B=a.base,T=T,D=D,RUN=R, LB=LB,N=n)
            if "conf" in c:
                t=open(f"{D}/conf/{c['conf']}").read()
                for k,x in {**v,**c.get("vars",{})}.items(): t=t.replace("@"+k+"@",str(x))
                v["CONF"]=f"{R}/run/{n}.cfg"; open(v["CONF"],"w").write(t)
            cmd=c["cmd"]
            for k,x in v.items(): cmd=cmd.replace("{"+k+"}",str(x))
            p=start(cmd,pc,f"{R}/run/{n}.log",c.get("env")); procs[n]=p; info[n]=v
            ports=c.get("ports",["P"])
            if not all(wait_port(v[q]) for q in ports): print("!! failed to start",n,cmd,file=sys.stderr)
        for i,n in enumerate(names): launch(i,n)
        for w in works:
            kind,args,unit,head=W[w]; args=args.format(rate=a.rate,idle=a.idle,tlsidle=a.tlsidle)
            if head=="mem":
                for i,n in enumerate(names):
                    if kind not in cons[n].get("ports",["P"]): continue
                    stop(procs[n]); launch(i,n); time.sleep(0.3)     # fresh process for memory
                    m0=mem(procs[n].pid)
                    q=subprocess.Popen(([] if cc is None else ["taskset","-c",cc])+[LG,f"port={info[n][kind]}","secs=25"]+args.split(),stdin=subprocess.PIPE,stdout=subprocess.PIPE,text=True)
                    l=q.stdout.readline().strip(); time.sleep(1.5); m1=mem(procs[n].pid); c0=sum(cpu(procs[n].pid)); time.sleep(2); c1=sum(cpu(procs[n].pid))
                    
                    try: q.stdin.write("x"); q.stdin.close(); l2=q.stdout.readline().strip()
                    except BrokenPipeError: l2="lg gave up"
                    q.wait()
                    time.sleep(1.0); m2=mem(procs[n].pid); N=int(args.split("conns=")[1].split()[0])
                    res[(w,n)]=[dict(kb=(m1[0]-m0[0])/N,base=m0[0],peak=m1[0],after=m2[0],note=l+" "+l2,idlecpu=(c1-c0)/2*100)]
                continue
            for r in range(a.rounds):
                order=names if r%2==0 else names[:1]+names[1:][::-1]
                for n in order:
                    if kind not in cons[n].get("ports",["P"]): continue
                    q=subprocess.Popen(([] if cc is None else ["taskset","-c",cc])+[LG,f"port={info[n][kind]}",f"secs={a.secs}",f"warm={a.warm}"]+args.split(),stdout=subprocess.PIPE,text=True)
                    q.stdout.readline(); c0=cpu(procs[n].pid); l=q.stdout.readline(); c1=cpu(procs[n].pid); q.wait()
                    try: d=json.loads(l)
                    except Exception: print("!!",w,n,l,file=sys.stderr); continue
                    dn=max(d["done"],1); 
                    d["us"]=(c1[0]-c0[0])*1e6/dn; d["ss"]=(c1[1]-c0[1])*1e6/dn; d["cpuus"]=d["us"]+d["ss"]; d["util"]=(c1[0]+c1[1]-c0[0]-c0[1])/d["secs"]
                    if head=="gbps": d["cpuus"]=(d["cpuus"]*dn)/(max(d["gbps"]*d["secs"],1e-9)/8*1e3); d["us"]=d["us"]*dn/(max(d["gbps"]*d["secs"],1e-9)/8*1e3); d["ss"]=d["cpuus"]-d["us"]  # us per MB
                    res.setdefault((w,n),[]).append(d)
    finally:
        for p in procs.values(): stop(p)
        stop(org)
    out={}
    print(f"# pin={a.pin} threads={T} rounds={a.rounds} secs={a.secs} ref={a.ref}  load={os.getloadavg()[0]:.1f}")
    for w in works:
        kind,args,unit,head=W[w]
        if head=="mem":
            print(f"\n## {w}  ({args.format(rate=a.rate,idle=a.idle,tlsidle=a.tlsidle)})  Pss\n{'contender':22s} {'KB/conn':>8s} {'base MB':>8s} {'peak MB':>8s} {'after MB':>9s} {'idle cpu%':>9s}  note")
            for n in names:
                if (w,n) in res: d=res[(w,n)][0]; print(f"{n:22s} {d['kb']:8.2f} {d['base']/1024:8.1f} {d['peak']/1024:8.1f} {d['after']/1024:9.1f} {d['idlecpu']:9.2f}  {d['note']}"); out[f"{w}/{n}"]=d
            continue
        per="MB" if head=="gbps" else unit
        print(f"\n## {w}  ({args.format(rate=a.rate,idle=a.idle,tlsidle=a.tlsidle)})  rate = {'Gbit/s' if head=='gbps' else unit+'/s'}, cpu = proxy CPU us per {per}\n{'contender':22s} {'rate':>9s} {'xref':>6s} {'cpu us':>8s} {'xref':>6s} {'user':>7s} {'sys':>7s} {'util':>5s} {'p50us':>8s} {'p99us':>8s} {'p99x':>6s} {'p999us':>8s} {'lgcpu':>5s} {'err':>4s}")
        REF=res.get((w,a.ref))
        for n in names:
            X=res.get((w,n))
            if not X: continue
            med=lambda k:st.median(x[k] for x in X)
            rk="gbps" if head=="gbps" else "rps"
            def ratio(k):
                if not REF: return float("nan")
                return st.median(x[k]/max(y[k],1e-9) for x,y in zip(X,REF))
            o=dict(rate=med(rk),xrate=ratio(rk),cpu=med("cpuus"),xcpu=ratio("cpuus"),user=med("us"),sys=med("ss"),util=med("util"),p50=med("p50"),p99=med("p99"),xp99=ratio("p99"),p999=med("p999"),lgcpu=med("cpu"),err=sum(x["errs"]+x["non200"] for x in X),resumed=med("resumed"),n=len(X),rates=[x[rk] for x in X])
            out[f"{w}/{n}"]=o
            print(f"{n:22s} {o['rate']:9.2f} {o['xrate']:6.2f} {o['cpu']:8.2f} {o['xcpu']:6.2f} {o['user']:7.2f} {o['sys']:7.2f} {o['util']:5.2f} {o['p50']:8.0f} {o['p99']:8.0f} {o['xp99']:6.2f} {o['p999']:8.0f} {o['lgcpu']:5.2f} {o['err']:4d}"+(f" resumed={o['resumed']:.0f}" if 'resume' in args else ""))
    if a.json: json.dump(out,open(a.json,"w"),indent=1)
main()
