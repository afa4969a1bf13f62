//! TCP mode.

use super::*;

pub(super) const KINDS: &[Entry] = &[
    kind("tcp: the client ends first", "mode tcp", &[Send("hello"), Finish, End, Close], &[&[End, Send("bye"), Close]]),
    kind("tcp: the server ends first", "mode tcp", &[Read(3), End, Close], &[&[Send("bye"), Finish, End]]),
    kind("tcp: nothing is sent", "mode tcp", &[Finish, End], &[&[End, Close]]),
    logs(0, kind("tcp: nothing is sent, not wanted", "mode tcp;option dontlognull", &[Finish, End], &[&[End, Close]])),
    logs(
        0,
        kind("tcp: only the server sends", "mode tcp;option dontlognull", &[Read(3), Close], &[&[Send("bye"), End]]),
    ),
    kind("tcp: the client resets", "mode tcp", &[Send("hello"), Wait, Reset], &[&[Read(5), Tell, End]]),
    kind("tcp: the server resets", "mode tcp", &[Send("hello"), End], &[&[Read(5), Reset]]),
    kind("tcp: the client is silent", "mode tcp;timeout client 400", &[Send("hello"), End], MUTE),
    kind("tcp: the server is silent", "mode tcp;timeout server 400", &[Send("hello"), End], MUTE),
    kind(
        "tcp: both are silent, tunnel",
        "mode tcp;timeout tunnel 400",
        &[Send("hello"), Read(3), End],
        &[&[Send("bye"), End]],
    ),
    kind("tcp: refused", "mode tcp;server s {closed}", &[Send("hello"), End], NONE),
    kind("tcp: refused twice", "mode tcp;retries 1;timeout connect 250;server s {closed}", &[Send("hello"), End], NONE),
    kind(
        "tcp: redispatched",
        "mode tcp;retries 1;option redispatch;server s {closed};server t {server}",
        &[Send("hello"), Finish, End],
        &[&[End, Send("bye"), Close]],
    ),
    kind("tcp: no connection", "mode tcp;timeout connect 400;server s {silent}", &[Send("hello"), End], NONE),
    kind("tcp: no server", "mode tcp;default_backend none\nbackend none", &[Send("hello"), End], NONE),
    kind("tcp: disabled server", "mode tcp;server s {server} disabled", &[Send("hello"), End], NONE),
    kind(
        "tcp: the client closes while connecting",
        "mode tcp;timeout connect 400;server s {silent}",
        &[Send("hello"), Pause, Close],
        NONE,
    ),
    kind(
        "tcp: the client closes while connecting, watched",
        "mode tcp;option abortonclose;timeout connect 400;server s {silent}",
        &[Send("hello"), Pause, Close],
        NONE,
    ),
    kind(
        "tcp: waits too long",
        "mode tcp;timeout queue 400;server s {server} maxconn 1",
        &[Other(&[Send("hello"), Wait]), Send("hello"), End],
        &[&[Read(5), Tell, End]],
    ),
    kind("tcp: logasap", "mode tcp;option logasap", &[Send("hello"), Logged(1), Finish, End], &[&[End, Close]]),
    kind("tcp: client-fin", "mode tcp;timeout client-fin 400", &[Read(3), Wait], &[&[Send("bye"), Finish, End]]),
    kind("tcp: server-fin", "mode tcp;timeout server-fin 400", &[Send("hello"), Finish, End], &[&[End, Wait]]),
];
