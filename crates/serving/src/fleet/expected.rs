//! The answer that a client waits for: every byte of it is held against what was sent.

use crate::Protocol;

/// The longest head of an answer that is read, in bytes.
const LONGEST_HEAD: usize = 4096;

/// How far an answer has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// How many bytes of the message have come and were right.
    body: usize,
    /// What has come of a head that is not whole.
    head: Vec<u8>,
    /// Whether the head is over.
    past_head: bool,
}

impl Progress {
    /// Before anything has come.
    pub(super) fn restart(&mut self) {
        self.body = 0;
        self.head.clear();
        self.past_head = false;
    }

    /// Takes what has come; whether the answer is whole now.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn take(
        &mut self,
        protocol: Protocol,
        mut bytes: &[u8],
        expected: &[u8],
    ) -> Result<bool, String> {
        if protocol == Protocol::Http && !self.past_head {
            if self.head.is_empty()
                && let Some(length) = head(bytes, expected.len())?
            {
                bytes = &bytes[length..];
            } else {
                let had = self.head.len();
                self.head.extend_from_slice(bytes);
                match head(&self.head, expected.len())? {
                    Some(length) => bytes = &bytes[length - had..],
                    None if self.head.len() > LONGEST_HEAD => {
                        return Err(format!("sent a head of more than {LONGEST_HEAD} bytes"));
                    }
                    None => return Ok(false),
                }
            }
            self.past_head = true;
        }
        let rest = &expected[self.body..];
        if bytes.len() > rest.len() {
            return Err(format!("was answered with more than the {} bytes that it sent", expected.len()));
        }
        if bytes != &rest[..bytes.len()] {
            let at = self.body + bytes.iter().zip(rest).take_while(|(left, right)| left == right).count();
            return Err(format!(
                "was answered wrongly: byte {at} of {} is not the one that was sent, in upper case",
                expected.len()
            ));
        }
        self.body += bytes.len();
        Ok(self.body == expected.len())
    }
}

/// The length of the head of an answer; none where it is not whole yet.
fn head(bytes: &[u8], body: usize) -> Result<Option<usize>, String> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(|error| format!("was answered by no HTTP: {error}"))?;
    let httparse::Status::Complete(length) = parsed else { return Ok(None) };
    if response.code != Some(200) {
        return Err(format!("was answered with status {}", response.code.unwrap_or_default()));
    }
    let named = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let promised = named.and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok());
    match promised {
        Some(promised) if promised == body => Ok(Some(length)),
        Some(promised) => Err(format!("was promised {promised} bytes instead of {body}")),
        None => Err("was answered without a content-length".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(protocol: Protocol, parts: &[&[u8]]) -> Result<bool, String> {
        let mut progress = Progress::default();
        let mut whole = Ok(false);
        for part in parts {
            whole = progress.take(protocol, part, b"HELLO");
        }
        whole
    }

    #[test]
    fn an_answer_may_come_in_pieces_and_every_byte_of_it_counts() {
        assert_eq!(taken(Protocol::Echo, &[b"HE", b"LLO"]), Ok(true));
        assert_eq!(taken(Protocol::Echo, &[b"HE"]), Ok(false));
        assert!(taken(Protocol::Echo, &[b"HELLo"]).unwrap_err().contains("byte 4 of 5"));
        assert!(taken(Protocol::Echo, &[b"HELLO!"]).unwrap_err().contains("more than the 5 bytes"));
    }

    #[test]
    fn a_head_may_come_in_pieces_and_promises_the_body() {
        let whole: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHELLO";
        assert_eq!(taken(Protocol::Http, &[whole]), Ok(true));
        for cut in 1..whole.len() {
            assert_eq!(taken(Protocol::Http, &[&whole[..cut], &whole[cut..]]), Ok(true), "cut at {cut}");
        }
        let wrong = |head: &str| taken(Protocol::Http, &[head.as_bytes()]).unwrap_err();
        assert!(wrong("HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\n").contains("status 500"));
        assert!(wrong("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n").contains("6 bytes instead of 5"));
        assert!(wrong("HTTP/1.1 200 OK\r\n\r\n").contains("without a content-length"));
        assert!(wrong("hello").contains("no HTTP"));
    }
}
