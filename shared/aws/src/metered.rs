//! Notes each call of a client: how often it was tried and how long it took.

use std::time::Instant;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use latchkey_oauth::meter::{Backend, BackendCall, Meter};

/// An interceptor that notes the calls of one service.
#[derive(Debug)]
pub struct Metered {
    backend: Backend,
    meter: Meter,
}

impl Metered {
    /// Notes calls of `backend` in `meter`.
    pub const fn new(backend: Backend, meter: Meter) -> Self {
        Self { backend, meter }
    }
}

#[derive(Debug)]
struct Begun {
    at: Instant,
    attempts: u32,
}

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Metered {
    fn name(&self) -> &'static str {
        "Metered"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().store_put(Begun {
            at: Instant::now(),
            attempts: 0,
        });
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(begun) = config.get_mut_from_interceptor_state::<Begun>() {
            begun.attempts += 1;
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        _context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(begun) = config.load::<Begun>() {
            self.meter.note(BackendCall {
                backend: self.backend,
                attempts: begun.attempts,
                took: begun.at.elapsed(),
            });
        }
        Ok(())
    }
}
