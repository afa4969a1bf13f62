//! Commands about servers, frontends, limits and sessions, with arguments right and wrong, in an order that matters: they
//! change the instance that the next ones meet.

/// One command a line, for the `CONFIG` of the test.
pub(crate) const LINES: &str = r"
add server
add server b
add server b/
add server /s
add server x/n
add server b/s1
add server b/n
add server b/n 127.0.0.1:1 weight 999
add server b/n 127.0.0.1:1 backup
add server b/n2 127.0.0.1
add server b/n4 127.0.0.1:99999
add server b/n4 127.0.0.1:1 cookie
add server b/n4 127.0.0.1:1 disabled
add server b/n4 127.0.0.1:1 source
add server b/n4 127.0.0.1:1 check
add server b/n5 127.0.0.1:1 check inter 5s
add server b/n6 127.0.0.1:1 proto h9
add server w/n 127.0.0.1:1
add server r/n 127.0.0.1:1
add server f/n 127.0.0.1:1
add server b/n 127.0.0.1:1
enable server b/n
del server b/n
disable server b/n
del server
del server b
del server x/y
del server b/zz
del server b/s1
del server b/n
del server b/n2
del server b/n
enable server
enable server b/zz
enable server b/s1
enable server b/s1 x
disable server
disable server b
disable server x/s1
disable server b/s1
enable server b/s1
enable health
enable health b
enable health b/zz
enable health b/s1
enable health b/s2
disable health b/s1
disable health b/s2
enable health b/s2
enable agent b/s1
disable agent b/s1
enable agent
get weight
get weight b
get weight b/
get weight x/y
get weight b/zz
get weight b/s1
get weight b/s1 x
set weight
set weight b
set weight b/s1
set weight b/s1 x
set weight b/s1 10x
set weight b/s1 10
set weight b/s1 50%
set weight b/s1 50%x
set weight b/s1 -1
set weight b/s1 257
set weight b/s1 101%
set weight b/s1 300%
set weight b/s1 99999%
set weight w/s1 50%
set weight w/s1 5
set weight r/s1 5
set weight r/s1 0
set weight r/s1 100%
set weight b/s1 100%
set weight b/zz 5
set maxconn
set maxconn server
set maxconn server b
set maxconn server b/s1
set maxconn server b/s1 x
set maxconn server b/s1 5x
set maxconn server b/s1 5
set maxconn server b/s1 0
set maxconn server b/zz 5
set maxconn frontend
set maxconn frontend f
set maxconn frontend zz 5
set maxconn frontend f x
set maxconn frontend f 5x
set maxconn frontend f -1
set maxconn frontend f 5
set maxconn frontend f 99999999
set maxconn frontend off 5
set maxconn frontend b 5
set maxconn global
set maxconn global x
set maxconn global -1
set maxconn global 50
set maxconn global 99999999
set rate-limit
set rate-limit foo
set rate-limit connections
set rate-limit connections foo
set rate-limit connections global
set rate-limit connections global x
set rate-limit connections global -5
set rate-limit connections global 5
set rate-limit connections global 0
set rate-limit sessions global 0
set rate-limit ssl-sessions global 0
set rate-limit ssl-sessions foo 0
set rate-limit http-compression global 0
set rate-limit http-compression global x
set server
set server b
set server b/
set server x/s1
set server b/zz
set server b/s1
set server b/s1 foo
set server b/s1 weight
set server b/s1 weight x
set server b/s1 weight 5
set server b/s1 weight 100%
set server b/s1 state
set server b/s1 state foo
set server b/s1 state drain
set server b/s1 state maint
set server b/s1 state ready
set server b/s1 health
set server b/s1 health foo
set server b/s1 health up
set server b/s1 health stopping
set server b/s1 health down
set server b/s1 health up
set server b/s2 health up
set server b/s1 agent up
set server b/s1 agent-addr
set server b/s1 agent-addr 127.0.0.2
set server b/s1 agent-send foo
set server b/s1 check-addr
set server b/s1 check-addr 127.0.0.2
set server b/s2 check-addr
set server b/s2 check-addr 127.0.0.2
set server b/s2 check-addr 127.0.0.2 port
set server b/s2 check-addr 127.0.0.2 port x
set server b/s2 check-addr 127.0.0.2 port 5
set server b/s2 check-addr 127.0.0.2 port 5 x
set server b/s2 check-addr 127.0.0.2 foo 5
set server b/s1 check-port 5
set server b/s2 check-port
set server b/s2 check-port x
set server b/s2 check-port 0
set server b/s2 check-port 70000
set server b/s2 check-port 5
set server b/s1 addr
set server b/s1 addr 127.0.0.2
set server b/s1 addr 127.0.0.2
set server b/s1 addr 127.0.0.3 port
set server b/s1 addr 127.0.0.3 port x
set server b/s1 addr 127.0.0.3 port 5
set server b/s1 addr 127.0.0.3 port +5
set server b/s1 addr 127.0.0.3 port -5
set server b/s1 addr 127.0.0.3 foo 5
set server b/s1 addr 127.0.0.3:5
set server b/s2 addr 127.0.0.3 port +5
set server b/s2 addr 127.0.0.3 port +0
set server b/s1 fqdn foo
set server b/s1 fqdn
set server b/s1 ssl
set server b/s1 ssl on
set server b/s1 ssl foo
set server b/s1 ssl off
enable frontend
enable frontend zz
enable frontend f
disable frontend f
disable frontend f
enable frontend f
enable frontend off
disable frontend off
disable frontend
disable frontend b
shutdown
shutdown frontend
shutdown session
shutdown session foo
shutdown session 0x123
shutdown sessions
shutdown sessions server
shutdown sessions server b
shutdown sessions server b/zz
shutdown sessions server b/s1
show sess 0x123
show servers state x
show servers conn x
show servers conn w
show servers conn w x
show stat x 4 -1
clear counters
clear counters foo
clear counters all
del server /s
enable server /s
disable server /s
enable health /s
enable agent /s
disable agent b
disable health
get weight /s
set weight /s 5
set maxconn server /s 5
set server /s weight 5
set weight b/s1 %
set weight b/s1 -5%
set weight b/s1 1.5
set maxconn server b/s1 %
set server b/s1 weight 300
set server b/s1 weight 5%x
set server b/s1 check-addr x
set server b/s2 check-addr 127.0.0.2 port 70000
set server b/s2 check-addr 127.0.0.2 port 0
set server b/s2 check-addr 127.0.0.2 port -1
set server b/s2 check-port -1
set server b/s2 check-port 5x
set server b/s1 check-port
set server b/s1 check-port x
set server b/s1 agent
set server b/s1 agent-port
set server b/s1 agent-port 5
set server b/s1 agent-send
shutdown sessions server /s
add server b/dis 127.0.0.1:1 disabled
del server b/dis
add server b/q1 127.0.0.1:1 weight 257
add server b/q1 127.0.0.1:1 inter
add server b/q1 127.0.0.1:1 rise 0
add server b/q1 127.0.0.1:1 fall
add server b/q1 127.0.0.1:1 port
add server b/q1 127.0.0.1:1 rise x
add server b/q1 127.0.0.1:1 rise -1
add server b/q1 127.0.0.1:1 fall x
add server b/q1 127.0.0.1:1 id x
add server b/q1 127.0.0.1:1 id -1
add server b/q1 127.0.0.1:1 inter 0
add server b/q1 127.0.0.1:1 inter 30d
add server b/q1 127.0.0.1:1 fastinter
add server b/q1 127.0.0.1:1 weight -1
add server b/q1 127.0.0.1:1 pool-max-conn -2
add server b/q1 127.0.0.1:1 pool-max-conn
add server b/q1 127.0.0.1:1 pool-low-conn
add server b/q1 127.0.0.1:1 pool-purge-delay 5x
add server b/q1 127.0.0.1:1 pool-purge-delay 99999999999
add server b/q1 127.0.0.1:1 addr
add server b/q1 127.0.0.1:1 addr x
add server b/q1 127.0.0.1:1 alpn
add server b/q1 127.0.0.1:1 ca-file
add server b/q1 127.0.0.1:1 ca-file /nonexistent
add server b/q1 127.0.0.1:1 ssl verify x
add server b/q1 127.0.0.1:1 verify
add server b/q1 127.0.0.1:1 verifyhost
add server b/q1 127.0.0.1:1 sni
add server b/q1 127.0.0.1:1 proxy-v2-options
add server b/q1 127.0.0.1:1 proxy-v2-options ssl,foo
add server b/q1 127.0.0.1:1 source 127.0.0.1 usesrc
add server b/q1 127.0.0.1:1 source 127.0.0.1 interface
add server b/q1 127.0.0.1:1 source 127.0.0.1:5-1
add server b/q1 127.0.0.1:1 usesrc client
add server b/q1 127.0.0.1:1 redir /x
add server b/q1 127.0.0.1:1 weight 5 weigth
add server b/q1 127.0.0.1:1 maxconn 5 wieght 6
add server b/q1 127.0.0.1:80-90
add server b/q! 127.0.0.1:1
shutdown sessions server
shutdown sessions server b/
shutdown sessions server /s
shutdown sessions server x/y
set maxconn frontend off
set maxconn frontend off x
set maxconn frontend off -1
set maxconn frontend off 5
set maxconn frontend #5 5
get weight /s
get weight /
";
