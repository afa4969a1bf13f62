//! HTTP/1 messages on a byte stream. Anything unexpected is an error of kind `InvalidData`.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Fields, Stream, field};

/// A byte stream with what was read ahead.
pub struct Http1 {
    pub stream: Stream,
    pub buffer: Vec<u8>,
}

/// A message's start line and fields.
#[derive(Clone, Debug)]
pub struct Head {
    pub start: String,
    pub fields: Fields,
}

impl Http1 {
    pub fn new(stream: Stream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    async fn more(&mut self) -> io::Result<usize> {
        self.stream.read_buf(&mut self.buffer).await
    }

    /// The next head; `None` when the peer closed between two messages.
    pub async fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let rest = self.buffer.split_off(end + 4);
                let head = std::mem::replace(&mut self.buffer, rest);
                let text = String::from_utf8(head).map_err(invalid)?;
                let mut lines = text.trim_end_matches("\r\n").split("\r\n");
                let start = lines.next().unwrap_or_default().to_owned();
                let mut fields = Fields::new();
                for line in lines {
                    let (name, value) = line.split_once(": ").ok_or_else(|| invalid("no colon"))?;
                    fields.push((name.to_ascii_lowercase(), value.to_owned()));
                }
                return Ok(Some(Head { start, fields }));
            }
            if self.more().await? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    async fn exactly(&mut self, len: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < len {
            if self.more().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let rest = self.buffer.split_off(len);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let line = self.exactly(end + 2).await?;
                return String::from_utf8(line).map(|line| line.trim_end().to_owned()).map_err(invalid);
            }
            if self.more().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The body that a head announces, and its trailers. `until_close`: a response without a length.
    pub async fn body(&mut self, fields: &Fields, until_close: bool) -> io::Result<(Vec<u8>, Fields)> {
        if field(fields, "transfer-encoding") == Some("chunked") {
            let mut body = Vec::new();
            loop {
                let size = usize::from_str_radix(&self.line().await?, 16).map_err(invalid)?;
                if size == 0 {
                    break;
                }
                body.extend(self.exactly(size).await?);
                if !self.line().await?.is_empty() {
                    return Err(invalid("no end of chunk"));
                }
            }
            let mut trailers = Fields::new();
            loop {
                let line = self.line().await?;
                let Some((name, value)) = line.split_once(": ") else { return Ok((body, trailers)) };
                trailers.push((name.to_ascii_lowercase(), value.to_owned()));
            }
        }
        match field(fields, "content-length") {
            Some(length) => Ok((self.exactly(length.parse().map_err(invalid)?).await?, Fields::new())),
            None if until_close => {
                while self.more().await? != 0 {}
                Ok((std::mem::take(&mut self.buffer), Fields::new()))
            }
            None => Ok((Vec::new(), Fields::new())),
        }
    }

    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Sends a body in chunks.
    pub async fn send_chunked(&mut self, body: &[u8], trailers: &Fields) -> io::Result<()> {
        let mut bytes = Vec::new();
        for chunk in body.chunks(10_000) {
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n");
        for (name, value) in trailers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        self.send(&bytes).await
    }
}

/// A head as text.
pub fn head_text(start: &str, fields: &Fields) -> String {
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{start}\r\n{fields}\r\n")
}

fn invalid(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
