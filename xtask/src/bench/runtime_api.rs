//! The Lambda runtime API as a function sees it: one event at a time, on loopback, with nothing between an event and its
//! answer but the function. Each moment is taken on the connection's own thread.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use latchkey_oauth::time::{Clock as _, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc as asynchronous, oneshot};

const PREFIX: &str = "/2018-06-01/runtime/";
/// What a function may take for one event, and for its start.
const LIMIT: Duration = Duration::from_secs(30);

/// What the function did, in order.
#[derive(Debug)]
enum Sign {
    /// It is ready for an event.
    Polled(Instant),
    Answered(Delivery),
    Failed(String),
}

#[derive(Debug)]
pub struct Delivery {
    pub body: Bytes,
    /// From the event handed out to its answer received.
    pub wall: Duration,
}

#[derive(Debug)]
pub struct RuntimeApi {
    pub address: SocketAddr,
    events: asynchronous::UnboundedSender<String>,
    signs: Receiver<Sign>,
    /// Dropped with this, which ends the thread.
    _stop: oneshot::Sender<()>,
}

struct Shared {
    events: Mutex<asynchronous::UnboundedReceiver<String>>,
    handed_out: StdMutex<Option<Instant>>,
    signs: Sender<Sign>,
}

impl RuntimeApi {
    pub fn start() -> Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (events, waiting) = asynchronous::unbounded_channel();
        let (sign, signs) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::new(Shared {
            events: Mutex::new(waiting),
            handed_out: StdMutex::new(None),
            signs: sign,
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    failed = accept(listener, &shared) => {
                        let told = failed.map_or_else(|error| error.to_string(), |never| match never {});
                        let _ = shared.signs.send(Sign::Failed(told));
                    }
                }
            });
        });
        Ok(Self {
            address,
            events,
            signs,
            _stop: stop,
        })
    }

    /// When the function asked for its next event.
    pub fn polled(&self) -> Result<Instant> {
        match self.sign()? {
            Sign::Polled(at) => Ok(at),
            Sign::Answered(_) => bail!("the function answered without an event"),
            Sign::Failed(told) => bail!("the function failed: {told}"),
        }
    }

    /// Hands one event out and waits for its answer, and until the function asks for the next.
    pub fn deliver(&self, event: String) -> Result<Delivery> {
        self.events.send(event).context("the runtime API ended")?;
        let delivery = match self.sign()? {
            Sign::Answered(delivery) => delivery,
            Sign::Polled(_) => bail!("the function asked for an event without answering the last"),
            Sign::Failed(told) => bail!("the function failed: {told}"),
        };
        self.polled()?;
        Ok(delivery)
    }

    fn sign(&self) -> Result<Sign> {
        self.signs.recv_timeout(LIMIT).map_err(|error| match error {
            RecvTimeoutError::Timeout => anyhow::anyhow!("no sign of the function"),
            RecvTimeoutError::Disconnected => anyhow::anyhow!("the runtime API ended"),
        })
    }
}

async fn accept(listener: std::net::TcpListener, shared: &Arc<Shared>) -> io::Result<Infallible> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(serve(&shared, request).await) }
            });
            // How a connection ends is the function's business.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn serve(shared: &Shared, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let arrived = Instant::now();
    let (parts, body) = request.into_parts();
    let call = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    if parts.method == Method::GET && call == "invocation/next" {
        let _ = shared.signs.send(Sign::Polled(arrived));
        return next(shared).await;
    }
    let told = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return failed(shared, &format!("{call}: {error}")),
    };
    let received = Instant::now();
    if parts.method != Method::POST || !call.ends_with("/response") {
        return failed(
            shared,
            &format!("{call}: {}", String::from_utf8_lossy(&told)),
        );
    }
    let handed_out = shared
        .handed_out
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let Some(handed_out) = handed_out else {
        return failed(shared, "an answer without an event");
    };
    let _ = shared.signs.send(Sign::Answered(Delivery {
        body: told,
        wall: received - handed_out,
    }));
    accepted()
}

async fn next(shared: &Shared) -> Response<Full<Bytes>> {
    let Some(event) = shared.events.lock().await.recv().await else {
        return accepted();
    };
    let deadline = (SystemClock.now().as_unix() + LIMIT.as_secs()) * 1_000;
    let response = Response::builder()
        .header("content-type", "application/json")
        .header(
            "lambda-runtime-aws-request-id",
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        )
        .header("lambda-runtime-deadline-ms", deadline)
        .header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:bench",
        )
        .header(
            "lambda-runtime-trace-id",
            "Root=1-5e66d96f-7491f09xmpl79d18acf3d050;Parent=53995c3f42cd8ad8;Sampled=0",
        )
        .body(Full::from(event));
    match response {
        Ok(response) => {
            *shared
                .handed_out
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            response
        }
        Err(error) => failed(shared, &error.to_string()),
    }
}

fn accepted() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

fn failed(shared: &Shared, told: &str) -> Response<Full<Bytes>> {
    let _ = shared.signs.send(Sign::Failed(told.to_owned()));
    accepted()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function of one request: it asks, answers what it was told, and asks again.
    fn function(url: String, answer_to: &'static str) {
        let mut event = ureq::get(format!("{url}invocation/next")).call().unwrap();
        assert!(event.headers().contains_key("lambda-runtime-deadline-ms"));
        assert!(
            event
                .headers()
                .contains_key("lambda-runtime-aws-request-id")
        );
        let body = event.body_mut().read_to_string().unwrap();
        ureq::post(format!("{url}{answer_to}")).send(body).unwrap();
        let _ = ureq::get(format!("{url}invocation/next")).call();
    }

    fn against(answer_to: &'static str) -> Result<Delivery> {
        let api = RuntimeApi::start().unwrap();
        let url = format!("http://{}{PREFIX}", api.address);
        thread::spawn(move || function(url, answer_to));
        api.polled()?;
        api.deliver("an event".to_owned())
    }

    #[test]
    fn an_event_is_answered_once() {
        let delivery = against("invocation/1/response").unwrap();
        assert_eq!(&delivery.body[..], b"an event");
        assert!(delivery.wall > Duration::ZERO && delivery.wall < LIMIT);
    }

    #[test]
    fn a_function_that_fails_is_a_failure() {
        for call in ["invocation/1/error", "init/error"] {
            let told = against(call).unwrap_err().to_string();
            assert_eq!(told, format!("the function failed: {call}: an event"));
        }
    }
}
