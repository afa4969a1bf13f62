//! Sockets and their options, shared by listeners, server connections and checks.
