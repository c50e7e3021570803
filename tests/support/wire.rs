//! Faults below the SDK's retries: a connector that does to one call of a request what a network or a service may do.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use latchkey_aws::SdkConfig;

use crate::aws::setting;
use crate::aws_call::AwsCall;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The service says that it failed.
    Error,
    /// The service says that there is too much of it.
    Throttle,
    /// No answer, and nothing was done.
    TimeOut,
    /// The connection breaks, and nothing was done.
    Dropped,
    /// It was done, and the connection breaks before the answer.
    LostByADrop,
    /// It was done, and the answer never comes.
    LostByATimeOut,
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Error,
        Self::Throttle,
        Self::TimeOut,
        Self::Dropped,
        Self::LostByADrop,
        Self::LostByATimeOut,
    ];

    /// As documents call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Throttle => "throttle",
            Self::TimeOut => "time-out",
            Self::Dropped => "dropped connection",
            Self::LostByADrop => "answer lost by a dropped connection",
            Self::LostByATimeOut => "answer lost by a time-out",
        }
    }

    /// The service's own words, where it has any.
    fn answer(self, service: &str) -> Option<HttpResponse> {
        let (status, code) = match (self, service) {
            (Self::Error, "kms") => (500, "KMSInternalException"),
            (Self::Error, _) => (500, "InternalServerError"),
            (Self::Throttle, "kms") => (400, "ThrottlingException"),
            (Self::Throttle, _) => (400, "ProvisionedThroughputExceededException"),
            (Self::TimeOut | Self::Dropped | Self::LostByADrop | Self::LostByATimeOut, _) => {
                return None;
            }
        };
        let body = format!(r#"{{"__type":"{code}","message":"injected"}}"#);
        let status = status.try_into().expect("a status");
        let mut answer = HttpResponse::new(status, SdkBody::from(body));
        let headers = answer.headers_mut();
        headers.insert("content-type", "application/x-amz-json-1.0");
        Some(answer)
    }
}

/// What is to happen, and to which call: the `occurrence`-th that reads `label`.
#[derive(Debug, Clone)]
pub struct Injection {
    /// The call, as [`AwsCall`] is displayed.
    pub label: String,
    /// Which of those that read the same, from 0.
    pub occurrence: usize,
    /// What happens to it.
    pub fault: Fault,
    /// To all attempts of the call, and not to the first one alone.
    pub lasting: bool,
}

/// An injection under way.
#[derive(Debug)]
pub struct Wire {
    injection: Injection,
    armed: AtomicBool,
    /// Calls that read `label`, by the identifier that all attempts of a call share.
    seen: Mutex<Vec<String>>,
    injected: AtomicUsize,
}

impl Wire {
    /// A wire that works until it is armed.
    pub fn new(injection: Injection) -> Arc<Self> {
        Arc::new(Self {
            injection,
            armed: AtomicBool::new(false),
            seen: Mutex::default(),
            injected: AtomicUsize::new(0),
        })
    }

    /// From now on calls are counted, and the one meets its fault.
    pub fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// How many attempts have met it.
    pub fn injected(&self) -> usize {
        self.injected.load(Ordering::SeqCst)
    }

    /// Clients of AWS on this wire, otherwise as the functions set them up.
    pub fn clients(
        self: &Arc<Self>,
        sdk: &SdkConfig,
    ) -> (aws_sdk_dynamodb::Client, aws_sdk_kms::Client) {
        let http = self.http_client();
        // The SDK gives all clients of a process one allowance of retries; here each request has its own, as in Lambda.
        let retries = RetryPartition::custom("wire").token_bucket(TokenBucket::default());
        let retries = retries.build();
        let dynamodb = setting("LATCHKEY_DYNAMODB_ENDPOINT");
        let dynamodb = latchkey_dynamodb::config(sdk, Some(&dynamodb))
            .http_client(http.clone())
            .retry_partition(retries.clone());
        let kms = setting("LATCHKEY_KMS_ENDPOINT");
        let kms = latchkey_kms::config(sdk, Some(&kms))
            .http_client(http)
            .retry_partition(retries);
        (
            aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            aws_sdk_kms::Client::from_conf(kms.build()),
        )
    }

    fn http_client(self: &Arc<Self>) -> SharedHttpClient {
        use aws_smithy_runtime_api::client::http::HttpClient as _;
        // The stack on this machine speaks plain HTTP.
        let real = aws_smithy_http_client::Builder::new().build_http();
        let wire = Arc::clone(self);
        http_client_fn(move |settings, components| {
            SharedHttpConnector::new(Faulty {
                real: real.http_connector(settings, components),
                wire: Arc::clone(&wire),
            })
        })
    }

    /// What happens to this attempt, if anything.
    fn fault(&self, call: &AwsCall, request: &HttpRequest) -> Option<Fault> {
        let wanted = &self.injection;
        if !self.armed.load(Ordering::SeqCst) || call.to_string() != wanted.label {
            return None;
        }
        let id = request.headers().get("amz-sdk-invocation-id");
        let id = id.expect("the identifier of a call");
        let mut seen = self.seen.lock().unwrap();
        let known = seen.iter().position(|seen| seen == id);
        let occurrence = known.unwrap_or(seen.len());
        if known.is_none() {
            seen.push(id.to_owned());
        }
        let meets = occurrence == wanted.occurrence && (wanted.lasting || known.is_none());
        meets.then(|| {
            self.injected.fetch_add(1, Ordering::SeqCst);
            wanted.fault
        })
    }
}

#[derive(Debug)]
struct Faulty {
    real: SharedHttpConnector,
    wire: Arc<Wire>,
}

impl HttpConnector for Faulty {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = AwsCall::of(&request);
        let Some(fault) = self.wire.fault(&call, &request) else {
            return self.real.call(request);
        };
        if let Some(answer) = fault.answer(call.service) {
            return HttpConnectorFuture::ready(Ok(answer));
        }
        let dropped = || ConnectorError::io("the connection was reset".into());
        let real = self.real.clone();
        HttpConnectorFuture::new(async move {
            match fault {
                Fault::LostByADrop | Fault::LostByATimeOut => {
                    // Once there is an answer, it has been done; nobody gets to read it.
                    real.call(request).await?;
                }
                Fault::Error | Fault::Throttle | Fault::TimeOut | Fault::Dropped => {}
            }
            match fault {
                Fault::TimeOut | Fault::LostByATimeOut => std::future::pending().await,
                Fault::Error | Fault::Throttle | Fault::Dropped | Fault::LostByADrop => {
                    Err(dropped())
                }
            }
        })
    }
}
