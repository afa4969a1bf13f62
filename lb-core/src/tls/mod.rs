//! Stage 1: TLS by rustls. Certificates by SNI for clients, verification of servers.
