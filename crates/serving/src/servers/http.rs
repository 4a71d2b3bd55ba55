//! HTTP/1.1 by hyper, on the sockets of whichever runtime.

use std::convert::Infallible;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};

use crate::answer::Answer;

/// Answers until the client hangs up: each request by its body in upper case.
pub(super) async fn serve(stream: impl Read + Write + Unpin, answer: &'static Answer) {
    let service =
        service_fn(move |request| async move { Ok::<_, Infallible>(respond(request, answer).await) });
    // What can fail here is a client that hung up or spoke no HTTP, which the client knows best.
    let _ = http1::Builder::new().serve_connection(stream, service).await;
}

async fn respond(request: Request<Incoming>, answer: &Answer) -> Response<Full<Bytes>> {
    match request.into_body().collect().await {
        Ok(body) => {
            let mut bytes = Vec::from(body.to_bytes());
            answer.answer(&mut bytes);
            Response::new(Full::new(bytes.into()))
        }
        Err(error) => {
            let mut response = Response::new(Full::new(error.to_string().into()));
            *response.status_mut() = StatusCode::BAD_REQUEST;
            response
        }
    }
}
