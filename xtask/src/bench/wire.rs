//! A pass-through to DynamoDB or KMS that counts the calls by name, as they are on the wire.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// `X-Amz-Target` of the JSON protocols: `DynamoDB_20120810.GetItem`.
const TARGET: &str = "x-amz-target";

#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<BTreeMap<String, u32>>>);

#[derive(Debug)]
pub struct Wire {
    pub url: String,
    /// Dropped with this, which ends the thread.
    _stop: oneshot::Sender<()>,
}

impl Calls {
    /// What was called since the last time.
    pub fn take(&self) -> BTreeMap<String, u32> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count(&self, request: &Request<Incoming>) {
        let target = request.headers().get(TARGET);
        let target = target.and_then(|target| target.to_str().ok());
        let name = target.and_then(|target| target.rsplit('.').next());
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *calls
            .entry(name.unwrap_or("unknown").to_owned())
            .or_default() += 1;
    }
}

/// `name`, or `name n` for more than one, of each request; a part of one if not every request was alike.
pub fn of_each(calls: &BTreeMap<String, u32>, requests: u32) -> String {
    let told = calls.iter().map(|(name, count)| match count {
        count if *count == requests => name.clone(),
        count if count % requests == 0 => format!("{} {name}", count / requests),
        count => format!("{count}/{requests} {name}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

impl Wire {
    pub fn to(url: &str, calls: &Calls) -> Result<Self> {
        let upstream = url.strip_prefix("http://").unwrap_or(url);
        let upstream: SocketAddr = upstream
            .trim_end_matches('/')
            .parse()
            .with_context(|| format!("{url} is not an address on this machine"))?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        let calls = calls.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    // The functions see a refused connection then, and their requests fail.
                    _ = accept(listener, upstream, &calls) => {}
                }
            });
        });
        Ok(Self { url, _stop: stop })
    }
}

async fn accept(
    listener: std::net::TcpListener,
    upstream: SocketAddr,
    calls: &Calls,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let calls = calls.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                calls.count(&request);
                forward(upstream, request)
            });
            let _ = server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Over a connection of its own: here nobody looks at the time.
async fn forward(upstream: SocketAddr, request: Request<Incoming>) -> Result<Response<Incoming>> {
    let stream = TcpStream::connect(upstream).await?;
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_for_each_request() {
        let calls = |pairs: &[(&str, u32)]| -> BTreeMap<String, u32> {
            let pairs = pairs.iter();
            pairs
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect()
        };
        let all = calls(&[("BatchGetItem", 10), ("PutItem", 5), ("Sign", 4)]);
        assert_eq!(of_each(&all, 5), "2 BatchGetItem, PutItem, 4/5 Sign");
        assert_eq!(of_each(&calls(&[]), 5), "");
    }

    #[test]
    fn what_passes_through_is_counted_and_answered() {
        use std::io::{Read as _, Write as _};
        let upstream = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = upstream.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = upstream.accept().unwrap();
            let mut seen = [0; 1_024];
            let read = stream.read(&mut seen).unwrap();
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                .unwrap();
            String::from_utf8_lossy(&seen[..read]).into_owned()
        });
        let calls = Calls::default();
        let wire = Wire::to(&format!("http://{address}"), &calls).unwrap();
        let mut answer = ureq::post(&wire.url)
            .header("x-amz-target", "DynamoDB_20120810.GetItem")
            .send("")
            .unwrap();
        assert_eq!(answer.body_mut().read_to_string().unwrap(), "{}");
        assert!(server.join().unwrap().starts_with("POST / HTTP/1.1"));
        assert_eq!(of_each(&calls.take(), 1), "GetItem");
        assert!(calls.take().is_empty());
    }
}
