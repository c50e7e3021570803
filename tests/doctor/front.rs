//! The endpoints of a world behind a little HTTP server, which may do one thing wrong.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use latchkey_oauth::time::Clock as _;
use latchkey_tests::world::World;
use tokio::net::TcpListener;

/// What is wrong with a server, and what the doctor should say.
#[derive(Clone, Copy)]
pub struct Fault {
    /// By which check.
    pub check: &'static str,
    /// In words with these in them.
    pub said: &'static str,
    /// A path that is answered without being looked at.
    pub swallows: Option<&'static str>,
    /// What becomes of an answer.
    pub change: fn(&Asked, &mut Response<Bytes>),
}

impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.check, self.said)
    }
}

/// What was asked.
#[derive(Debug)]
pub struct Asked {
    /// How.
    pub method: Method,
    /// Below the tenant.
    pub path: String,
}

/// The server.
pub struct Front {
    /// What it serves.
    pub world: World,
    /// Where.
    pub port: u16,
    fault: Arc<Mutex<Option<Fault>>>,
}

impl Front {
    /// Opens a server without a fault.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let world = World::on_memory_at(&format!("http://127.0.0.1:{port}")).await;
        let fault = Arc::new(Mutex::new(None));
        tokio::spawn(serve(listener, world.clone(), Arc::clone(&fault)));
        Self { world, port, fault }
    }

    /// From now on it has this fault and no other.
    pub fn plant(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Some(fault);
    }
}

async fn serve(listener: TcpListener, world: World, fault: Arc<Mutex<Option<Fault>>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (world, fault) = (world.clone(), Arc::clone(&fault));
        let service = service_fn(move |request| {
            let (world, fault) = (world.clone(), *fault.lock().unwrap());
            async move { Ok::<_, Infallible>(answer(&world, fault, request).await) }
        });
        tokio::spawn(async move {
            // Whoever hangs up has what they wanted.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    world: &World,
    fault: Option<Fault>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let tenant = format!("/{}", world.tenant);
    let path = parts.uri.path();
    let asked = Asked {
        method: parts.method.clone(),
        path: path.strip_prefix(&tenant).unwrap_or(path).to_owned(),
    };
    let body = body.collect().await.unwrap().to_bytes();
    let swallowed = fault.is_some_and(|fault| fault.swallows == Some(asked.path.as_str()));
    let mut response = if swallowed {
        Response::new(Bytes::new())
    } else {
        world.answer(Request::from_parts(parts, body)).await
    };
    let now = UNIX_EPOCH + Duration::from_secs(world.clock.now().as_unix());
    let date = HeaderValue::from_str(&httpdate::fmt_http_date(now)).unwrap();
    response.headers_mut().insert("date", date);
    if let Some(fault) = fault {
        (fault.change)(&asked, &mut response);
    }
    response.map(Full::new)
}
