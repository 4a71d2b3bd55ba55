//! HTTP/1.1 over any byte stream: bytes out, bytes in, and `httparse` between them.

use futures_util::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{Result, TaskError};

/// The longest answer that is accepted: a lying server must not fill the memory.
const LONGEST_ANSWER: usize = 64 << 20;
/// The longest head of an answer that is accepted, in bytes.
const LONGEST_HEAD: usize = 64 << 10;

/// One connection with its buffer.
pub(super) struct Exchange<S> {
    stream: S,
    buffer: Vec<u8>,
    /// How much of the buffer belongs to the answer that was handed out last.
    consumed: usize,
}

/// Where the body of an answer lies.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    head: usize,
    body: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Exchange<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, buffer: Vec::with_capacity(4096), consumed: 0 }
    }

    pub(super) async fn send(&mut self, head: &str) -> Result<()> {
        self.stream.write_all(head.as_bytes()).await?;
        Ok(self.stream.flush().await?)
    }

    /// Reads one whole answer and returns its body.
    pub(super) async fn receive(&mut self) -> Result<&[u8]> {
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        let answer = loop {
            if let Some(answer) = parse(&self.buffer)? {
                break answer;
            }
            self.read_more().await?;
        };
        let end = answer.head + answer.body;
        while self.buffer.len() < end {
            self.read_more().await?;
        }
        self.consumed = end;
        Ok(&self.buffer[answer.head..end])
    }

    async fn read_more(&mut self) -> Result<()> {
        let start = self.buffer.len();
        self.buffer.resize(start + 4096, 0);
        let read = self.stream.read(&mut self.buffer[start..]).await?;
        self.buffer.truncate(start + read);
        if read == 0 {
            return Err(TaskError::new("http: the connection closed before the answer was whole"));
        }
        Ok(())
    }
}

/// Finds the head of an answer; `None` while it is not whole.
fn parse(bytes: &[u8]) -> Result<Option<Answer>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let status =
        response.parse(bytes).map_err(|error| TaskError::new(format!("http: bad answer: {error}")))?;
    let httparse::Status::Complete(head) = status else {
        return match bytes.len() {
            0..LONGEST_HEAD => Ok(None),
            _ => Err(TaskError::new(format!("http: the head of the answer exceeds {LONGEST_HEAD} bytes"))),
        };
    };
    let code = response.code.unwrap_or(0);
    if !(200..300).contains(&code) {
        return Err(TaskError::new(format!("http: the server answered with status {code}")));
    }
    let body = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok()?.trim().parse().ok())
        .ok_or_else(|| TaskError::new("http: the answer has no valid content-length"))?;
    if body > LONGEST_ANSWER {
        return Err(TaskError::new(format!(
            "http: a body of {body} bytes, at most {LONGEST_ANSWER} are accepted"
        )));
    }
    Ok(Some(Answer { head, body }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_once_its_head_is_whole() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        for end in 0..text.len() - 3 {
            assert_eq!(parse(&text[..end]).unwrap(), None);
        }
        assert_eq!(parse(text).unwrap(), Some(Answer { head: text.len() - 3, body: 3 }));
    }

    #[test]
    fn a_lying_server_is_an_error() {
        for text in [
            &b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
            b"nonsense\r\n\r\n",
        ] {
            assert!(parse(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
    }
}
