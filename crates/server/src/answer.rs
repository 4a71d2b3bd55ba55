use std::convert::Infallible;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use concbench_workloads::http::body;
use futures::stream::{self, Iter};
use http_body_util::{Either, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::alarm::Alarms;
use super::{LONGEST_BODY, LONGEST_DELAY, Lie, ServeOptions};

/// A whole body, or one that ends before the length that its head promises.
pub(super) type Body =
    Either<Full<Bytes>, StreamBody<Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>>;

/// What answers the requests of all connections.
pub(super) struct Answerer {
    alarms: Alarms,
    allow_stall: bool,
    lie: Option<Lie>,
    /// No answer leaves before this moment.
    stalled_until: Mutex<Option<Instant>>,
}

impl Answerer {
    /// Must be called inside a tokio runtime with IO.
    pub(super) fn new(options: &ServeOptions) -> io::Result<Self> {
        Ok(Self {
            alarms: Alarms::new()?,
            allow_stall: options.allow_stall,
            lie: options.lie,
            stalled_until: Mutex::default(),
        })
    }

    pub(super) fn alarms(&self) -> &Alarms {
        &self.alarms
    }

    pub(super) async fn answer<B>(&self, request: Request<B>) -> Response<Body> {
        let arrived = Instant::now();
        if request.method() != Method::GET {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered");
        }
        let query = request.uri().query().unwrap_or("");
        let answer = match request.uri().path() {
            "/health" => return plain(StatusCode::OK, "ok"),
            "/stall" if self.allow_stall => self.stall(query, arrived),
            "/" => match Ask::parse(query) {
                Ok(ask) => self.work(&ask, arrived).await,
                Err(reason) => Err(reason),
            },
            _ => return plain(StatusCode::NOT_FOUND, "there is nothing at this path"),
        };
        answer.unwrap_or_else(|reason| plain(StatusCode::BAD_REQUEST, reason))
    }

    async fn work(&self, ask: &Ask, arrived: Instant) -> Result<Response<Body>, String> {
        // Made before the wait, so that making it is a part of the delay and not added to it.
        let response = match self.lie {
            None => Response::new(whole(body(ask.seed, ask.bytes))),
            Some(Lie::Short) => short(ask),
            Some(Lie::Wrong) => {
                let right = body(ask.seed, ask.bytes.max(1));
                Response::new(whole(right.into_iter().map(|byte| !byte).collect::<Vec<_>>()))
            }
            Some(Lie::Status500) => plain(StatusCode::INTERNAL_SERVER_ERROR, "told to fail"),
        };
        Ok(match self.wait(arrived + ask.delay).await {
            Ok(()) => response,
            Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("cannot wait: {error}")),
        })
    }

    /// Waits until `due`, and until the stall is over if there is one then.
    async fn wait(&self, due: Instant) -> io::Result<()> {
        self.alarms.until(due).await?;
        while let Some(end) = self.stalled_until()
            && end > Instant::now()
        {
            self.alarms.until(end).await?;
        }
        Ok(())
    }

    fn stall(&self, query: &str, arrived: Instant) -> Result<Response<Body>, String> {
        let [milliseconds] = numbers(query, [("ms", None)])?;
        let pause = Duration::from_millis(milliseconds);
        if pause > LONGEST_DELAY {
            return Err(format!("ms: {milliseconds}, at most {} are allowed", LONGEST_DELAY.as_millis()));
        }
        *self.stalled_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(arrived + pause);
        Ok(plain(StatusCode::OK, "stalled"))
    }

    fn stalled_until(&self) -> Option<Instant> {
        *self.stalled_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
struct Ask {
    seed: u64,
    delay: Duration,
    bytes: usize,
}

impl Ask {
    fn parse(query: &str) -> Result<Self, String> {
        let [seed, delay_us, bytes] =
            numbers(query, [("seed", None), ("delay_us", Some(0)), ("bytes", Some(0))])?;
        let delay = Duration::from_micros(delay_us);
        if delay > LONGEST_DELAY {
            return Err(format!("delay_us: {delay_us}, at most {} are allowed", LONGEST_DELAY.as_micros()));
        }
        let bytes = usize::try_from(bytes)
            .ok()
            .filter(|&bytes| bytes <= LONGEST_BODY)
            .ok_or_else(|| format!("bytes: {bytes}, at most {LONGEST_BODY} are allowed"))?;
        Ok(Self { seed, delay, bytes })
    }
}

/// The values of a query that holds nothing but these fields, each with its default.
fn numbers<const N: usize>(query: &str, fields: [(&str, Option<u64>); N]) -> Result<[u64; N], String> {
    let mut values = fields.map(|(_, default)| default);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| format!("query: {pair:?} is not name=number"))?;
        let field = fields.iter().position(|(field, _)| *field == name).ok_or_else(|| {
            format!("query: {name:?} is not one of {}", fields.map(|(field, _)| field).join(", "))
        })?;
        let number =
            value.parse().map_err(|error| format!("{name}: {value:?} is no whole number: {error}"))?;
        values[field] = Some(number);
    }
    for ((name, _), value) in fields.iter().zip(&values) {
        if value.is_none() {
            return Err(format!("{name}: missing, a whole number is needed"));
        }
    }
    Ok(values.map(Option::unwrap_or_default))
}

fn whole(bytes: impl Into<Bytes>) -> Body {
    Either::Left(Full::new(bytes.into()))
}

/// Promises the whole body, sends half of it, and hangs up.
fn short(ask: &Ask) -> Response<Body> {
    let promised = ask.bytes.max(1);
    let half = Bytes::from(body(ask.seed, promised / 2));
    let frames = stream::iter(vec![Ok(Frame::data(half))]);
    let mut response = Response::new(Either::Right(StreamBody::new(frames)));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(promised));
    response
}

fn plain(status: StatusCode, line: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(whole(line));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_query_is_read_in_any_order() {
        let ask = Ask { seed: 7, delay: Duration::from_micros(30), bytes: 5 };
        assert_eq!(Ask::parse("bytes=5&seed=7&delay_us=30"), Ok(ask));
        assert_eq!(Ask::parse("seed=0"), Ok(Ask { seed: 0, delay: Duration::ZERO, bytes: 0 }));
    }

    #[test]
    fn a_bad_query_names_the_field_and_what_is_allowed() {
        for (query, expected) in [
            ("", "seed: missing"),
            ("seed", "not name=number"),
            ("seed=x", "seed: \"x\" is no whole number"),
            ("seed=-1", "seed: \"-1\" is no whole number"),
            ("seed=1&delay_us=60000001", "delay_us: 60000001, at most 60000000"),
            ("seed=1&bytes=67108865", "bytes: 67108865, at most 67108864"),
            ("seed=1&page=2", "\"page\" is not one of seed, delay_us, bytes"),
        ] {
            let reason = Ask::parse(query).unwrap_err();
            assert!(reason.contains(expected), "{query:?} gives {reason:?}");
            assert!(!reason.contains('\n'));
        }
        assert!(Ask::parse("seed=1&delay_us=60000000&bytes=67108864").is_ok());
    }

    proptest! {
        #[test]
        fn no_query_is_too_strange(query in ".*") {
            if let Err(reason) = Ask::parse(&query) {
                prop_assert_eq!(reason.lines().count(), 1);
            }
        }
    }
}
